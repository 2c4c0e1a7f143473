//! Guests made of text that misbehave while they are installed: `tests/hostile/install`.

use koi_tests::Guest;

use crate::host::{Host, Misfits, has_all};

macro_rules! guests {
    ($($name:literal => $told:expr;)+) => {
        &[$(($name, include_str!(concat!("../../hostile/install/", $name, ".wat")), $told),)+]
    };
}

/// The corpus: a guest's fields, and what whoever installs it is told.
const GUESTS: &[(&str, &str, &[&str])] = guests! {
    "describe-endless" => &["failed in `describe`", "limits.cpu"];
    "describe-crash" => &["failed in `describe`", "crashed", "unreachable"];
    "describe-calls-the-host" => &["failed in `describe`", "capability=network", "nothing is granted while an extension describes itself"];
    "describe-giant" => &["failed in `describe`", "1048576 bytes result", "limits.result"];
    "describe-deep" => &["description"];
    "start-endless" => &["failed in `start`", "limits.cpu"];
    "start-crash" => &["failed in `start`", "crashed", "unreachable"];
    "instantiate-endless" => &["could not be instantiated", "limits.cpu"];
    "instantiate-crash" => &["could not be instantiated", "crashed", "unreachable"];
    "instantiate-calls-the-host" => &["could not be instantiated", "capability=network", "nothing is granted"];
    "tools-endless" => &["failed in `list-tools`", "limits.cpu"];
    "tools-a-million" => &["failed in `list-tools`", "limits.result"];
    "tools-a-million-numbers" => &["lists are refused", "it lists 3999999 tools; 1000 are taken at most"];
};

#[test]
fn a_guest_that_misbehaves_while_it_is_installed_is_not_installed() {
    let host = Host::start();
    let mut misfits = Misfits::default();
    for (name, fields, parts) in GUESTS {
        let guest = Guest {
            fields,
            ..Guest::named(name)
        };
        let told = host.survives(name, || host.refusal(&guest.bytes()));
        println!("    {told}");
        misfits.look(name, &told, parts);
        host.has_only_echo();
    }
    misfits.are_none();
}

#[test]
fn a_description_that_makes_no_sense_is_refused() {
    let host = Host::start();
    let of = |description: &str| {
        host.refusal(
            &Guest {
                description: description.to_owned(),
                ..Guest::default()
            }
            .bytes(),
        )
    };
    has_all("nothing", &of(""), &["description"]);
    has_all("no name", &of(r#"{"version":"1.0.0"}"#), &["name"]);
    has_all(
        "a name with a line break",
        &of(r#"{"name":"a\nb","version":"1.0.0"}"#),
        &["is no name for an extension"],
    );
    has_all(
        "the network's own RID types",
        &of(r#"{"name":"a","version":"1.0.0","rid-types":[{"rid-type":"orn:koi-net.node"}]}"#),
        &["`orn:koi-net.node` belongs to the network itself"],
    );
    has_all(
        "somebody else's RID type",
        &of(r#"{"name":"a","version":"1.0.0","rid-types":[{"rid-type":"orn:echo.note"}]}"#),
        &["orn:echo.note", "echo"],
    );
    has_all(
        "somebody else's tool",
        &host.refusal(
            &Guest {
                tools: r#"[{"name":"echo","description":"Not the real one","inputSchema":{"type":"object"}}]"#.to_owned(),
                ..Guest::named("impostor")
            }
            .bytes(),
        ),
        &["echo"],
    );
    host.has_only_echo();
}
