use std::sync::Arc;
use std::time::{Duration, Instant};

use koi_rid::{Rid, RidType};
use koi_runtime::ports::PortError;
use proptest::prelude::*;

use super::pattern::MAX_PATTERN_BYTES;
use super::{Access, Capability, Folder, Grant, Grants, Right, SecretUse, Variable};

fn grant(text: &str) -> Grant {
    text.parse().unwrap()
}

fn grants(texts: &[&str]) -> Grants {
    Grants::new(texts.iter().map(|text| grant(text))).unwrap()
}

fn rid(text: &str) -> Rid {
    Rid::parse(text).unwrap()
}

fn reads(text: &str, of: &str) -> bool {
    grant(text).covers(Right::Read, &rid(of))
}

#[test]
fn a_type_covers_all_of_its_rids() {
    assert!(reads(
        "read=orn:data.dataset",
        "orn:data.dataset:sales/2026"
    ));
    assert!(!reads("read=orn:data.dataset", "orn:data.datasets:sales"));
    assert!(!reads("read=orn:data.dataset", "orn:data.schema:x"));
    assert!(!reads("publish=orn:data.dataset", "orn:data.dataset:x"));
    assert!(reads("read=https", "https://example.com/a"));
}

#[test]
fn a_glob_covers_references_that_fit_it() {
    let fits = |glob: &str, reference: &str| {
        reads(
            &format!("read=orn:t.t:{glob}"),
            &format!("orn:t.t:{reference}"),
        )
    };
    assert!(fits("sales/*", "sales/2026"));
    assert!(fits("sales/*", "sales/"));
    assert!(fits("*", "anything/at:all"));
    assert!(fits("a*b*c", "abc"));
    assert!(fits("a*b*c", "axxbxbyc"));
    assert!(fits("bob", "bob"));
    assert!(!fits("sales/*", "sale/2026"));
    assert!(!fits("a*b*c", "acb"));
    assert!(!fits("bob", "bobby"));
    assert!(!fits("aba*ba", "aba"));
    assert!(fits("aba*ba", "ababa"));
    assert!(fits("**a**", "ba"));
    assert!(fits("*é*", "née"));
    assert!(!fits("a?c", "abc"));
    assert!(!fits("A*", "abc"));
}

#[test]
fn hostile_globs_are_quick_all_together() {
    let globs: Vec<String> = (0..200)
        .map(|n| format!("read=orn:t.t:*{}b{n}", "a".repeat(140)))
        .collect();
    let hostile = Grants::new(globs.iter().map(|glob| grant(glob))).unwrap();
    let rid = rid(&format!("orn:t.t:{}", "a".repeat(4000)));
    let start = Instant::now();
    for _ in 0..20 {
        assert!(!hostile.cover(Right::Read, &rid));
    }
    let took = start.elapsed();
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[test]
fn a_set_of_grants_is_bounded_in_number_and_length() {
    let many = (0..257).map(|n| grant(&format!("read=orn:t.t{n}")));
    let told = Grants::new(many).unwrap_err().to_string();
    assert!(told.contains("257 grants"), "{told}");
    let long = (0..40).map(|n| grant(&format!("read=orn:t.t:{n}{}", "x".repeat(900))));
    let told = Grants::new(long).unwrap_err().to_string();
    assert!(told.contains("at most 32768"), "{told}");
}

#[test]
fn what_is_no_grant_is_refused_with_what_would_be_one() {
    let cases = [
        ("", "write `read=`"),
        ("read", "write `read=`"),
        ("write=orn:a.b", "write `read=`"),
        ("read=", "lacks a scheme"),
        ("read=orn", "lacks a namespace"),
        ("read=orn:", "lacks a namespace"),
        ("read=orn:a.b:", "leave the `:` out"),
        ("read=orn:*", "name the type in full"),
        ("read=*", "name the type in full"),
        (
            "capability=everything",
            "`keyvalue`, `config` and `network`",
        ),
        ("read=orn:t.t:*********", "more than 8"),
    ];
    for (text, part) in cases {
        let told = text.parse::<Grant>().unwrap_err().to_string();
        assert!(told.contains(part), "{text}: {told}");
    }
    let long = format!("read=orn:t.t:{}", "x".repeat(MAX_PATTERN_BYTES));
    assert!(
        long.parse::<Grant>()
            .unwrap_err()
            .to_string()
            .contains("longer")
    );
}

#[test]
fn a_set_is_json_texts_in_a_fixed_order() {
    let set = grants(&[
        "capability=config",
        "publish=orn:a.b",
        "read=orn:a.b:x*",
        "read=orn:a.b",
    ]);
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(
        text,
        r#"["read=orn:a.b","read=orn:a.b:x*","publish=orn:a.b","capability=config"]"#
    );
    assert_eq!(serde_json::from_str::<Grants>(&text).unwrap(), set);
    assert!(serde_json::from_str::<Grants>(r#"["read"]"#).is_err());
}

#[test]
fn a_grant_includes_what_is_narrower() {
    let includes = |one: &str, other: &str| grant(one).includes(&grant(other));
    assert!(includes("read=orn:a.b", "read=orn:a.b:x*"));
    assert!(includes("read=orn:a.b:x*", "read=orn:a.b:xy*"));
    assert!(includes("read=orn:a.b:*", "read=orn:a.b:*y"));
    assert!(!includes("read=orn:a.b:x*", "read=orn:a.b"));
    assert!(!includes("read=orn:a.b:*y", "read=orn:a.b:*"));
    assert!(!includes("read=orn:a.b", "publish=orn:a.b"));
    assert!(includes("capability=config", "capability=config"));
}

/// Else each update of an extension that asks so and was never granted it would count as one that asks for more.
#[test]
fn an_ask_that_leaves_something_to_the_operator_includes_itself_and_no_grant() {
    let secret = |name: &str| Grant::Secret(SecretUse::asked(name).unwrap());
    let folder = |guest: &str| Grant::Files(Folder::asked(guest, true).unwrap());
    let variable = |name: &str| Grant::Environment(Variable::asked(name).unwrap());
    for (ask, other, given) in [
        (secret("A"), secret("B"), "secret=A@a.b"),
        (folder("/data"), folder("/more"), "files=write:/data=/srv"),
        (folder("*"), folder("/more"), "files=write:/data=/srv"),
        (variable("*"), variable("LANG"), "environment=HOME"),
    ] {
        assert!(ask.includes(&ask), "{ask}");
        assert!(grant(given).includes(&ask), "{ask}");
        assert!(!ask.includes(&other), "{ask}");
        assert!(!ask.includes(&grant(given)), "{ask}");
    }
}

fn access(asks: &[&str], granted: &[&str]) -> Access {
    Access::new("data-catalog".into(), grants(asks), grants(granted))
}

#[test]
fn only_what_was_asked_for_and_granted_is_in_force() {
    let (a, b) = (rid("orn:a.b:x1"), rid("orn:a.b:y1"));
    let check = |asks: &[&str], granted: &[&str]| {
        let access = access(asks, granted);
        (
            access.allows(Right::Read, &a),
            access.allows(Right::Read, &b),
        )
    };
    assert_eq!(check(&["read=orn:a.b"], &[]), (false, false));
    assert_eq!(check(&[], &["read=orn:a.b"]), (false, false));
    assert_eq!(check(&["read=orn:a.b"], &["read=orn:a.b"]), (true, true));
    assert_eq!(
        check(&["read=orn:a.b:x*"], &["read=orn:a.b"]),
        (true, false)
    );
    assert_eq!(
        check(&["read=orn:a.b"], &["read=orn:a.b:y*"]),
        (false, true)
    );
    assert_eq!(
        check(&["read=orn:a.b:x*"], &["read=orn:a.b:*1"]),
        (true, false)
    );
}

#[test]
fn a_denial_names_the_grant_and_the_command() {
    let access = access(&["read=orn:a.b", "capability=config"], &[]);
    let told = access.require(Right::Read, &rid("orn:a.b:x")).unwrap_err();
    let PortError::Denied(denial) = told else {
        panic!("{told}")
    };
    assert_eq!(denial.grant, "read=orn:a.b");
    assert!(
        denial
            .remedy
            .ends_with("koi-mcp extension grant data-catalog read=orn:a.b")
    );
    let told = access
        .require_capability(Capability::Config)
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("extension grant data-catalog capability=config"),
        "{told}"
    );
    let told = access
        .require(Right::Publish, &rid("orn:a.b:x"))
        .unwrap_err()
        .to_string();
    assert!(told.contains("does not ask for it"), "{told}");
}

#[test]
fn what_is_granted_without_being_asked_for_is_told_apart() {
    let asks = ["read=orn:t.t:a*", "http=GET:https://*.a.example"];
    let of_use = [
        "read=orn:t.t:*b",
        "http=*:https://x.a.example",
        "files=write:/in=/srv",
        "limit=cpu:5000",
    ];
    let idle = [
        "publish=orn:t.t",
        "read=orn:t.u",
        "capability=config",
        "mode=pooled",
    ];
    let granted = [&of_use[..], &idle[..]].concat();
    let folder = Grant::Files(Folder::asked("/in", false).unwrap());
    let asks = asks.iter().map(|ask| grant(ask)).chain([folder]);
    let asks = Grants::new(asks).unwrap();
    let access = Access::new("data-catalog".into(), asks, grants(&granted));
    let mut told: Vec<String> = access.idle().iter().map(ToString::to_string).collect();
    told.sort_unstable();
    let mut expected = idle.to_vec();
    expected.sort_unstable();
    assert_eq!(told, expected);
    assert!(
        access
            .in_force()
            .contains(&"limit=cpu:5000".parse().unwrap())
    );
}

#[test]
fn whichever_folder_and_variable_is_granted_is_in_force_where_that_was_asked_for() {
    let folder = |write| Grant::Files(Folder::asked("*", write).unwrap());
    let variable = Grant::Environment(Variable::asked("*").unwrap());
    let asks = [folder(false), folder(true), variable];
    assert!(asks.iter().all(|ask| !ask.is_complete()));
    let granted = [
        "files=read:/in=/srv/in",
        "files=write:/out=/srv/out",
        "environment=LANG",
    ];
    let asks = Grants::new(asks).unwrap();
    let access = Access::new("plain".into(), asks, grants(&granted));
    let in_force: Vec<String> = access.in_force().iter().map(ToString::to_string).collect();
    for grant in granted {
        assert!(
            in_force.contains(&grant.to_owned()),
            "{grant}: {in_force:?}"
        );
    }
    assert!(access.idle().is_empty());
    assert!(access.missing().is_empty());
    // An operator grants one after the other.
    assert!("files=read:*=/srv".parse::<Grant>().is_err());
    assert!("environment=*".parse::<Grant>().is_err());
}

#[test]
fn a_change_of_grants_is_in_force_at_once() {
    let access = Arc::new(access(&["handle=orn:a.b"], &[]));
    let rid_type = RidType::parse("orn:a.b").unwrap();
    assert!(!access.touches(Right::Handle, &rid_type));
    assert_eq!(access.missing(), [grant("handle=orn:a.b")]);
    access.grant(grants(&["handle=orn:a.b:x*"]));
    assert!(access.touches(Right::Handle, &rid_type));
    assert!(access.allows(Right::Handle, &rid("orn:a.b:x")));
    access.grant(Grants::default());
    assert!(!access.allows(Right::Handle, &rid("orn:a.b:x")));
}

fn any_grant() -> impl Strategy<Value = String> {
    let knowledge = (
        prop_oneof!["read", "publish", "forget", "handle"],
        prop_oneof!["orn:[a-z.]{1,12}", "https", "urn:[a-z]{1,4}"],
        prop::option::of(r"[a-zA-Z0-9/:._~%é-]{0,10}(\*[a-z:=]{0,5}){0,8}[a-z]"),
    )
        .prop_map(|(right, rid_type, reference)| match reference {
            Some(reference) => format!("{right}={rid_type}:{reference}"),
            None => format!("{right}={rid_type}"),
        });
    prop_oneof![4 => knowledge, 1 => "capability=(keyvalue|config|network)"]
}

proptest! {
    #[test]
    fn printing_gives_what_was_parsed(text in any_grant()) {
        let parsed: Grant = text.parse().unwrap();
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert_eq!(parsed.to_string().parse::<Grant>().unwrap(), parsed);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), rest in any::<String>()) {
        let _ = text.parse::<Grant>();
        let _ = format!("read={rest}").parse::<Grant>();
        let _ = format!("read=orn:{rest}").parse::<Grant>();
    }

    #[test]
    fn including_is_covering_all(
        one in "[ab*]{1,4}", other in "[ab*]{1,4}", reference in "[ab]{1,5}",
    ) {
        let one = grant(&format!("read=orn:t.t:{one}"));
        let other = grant(&format!("read=orn:t.t:{other}"));
        let rid = rid(&format!("orn:t.t:{reference}"));
        if one.includes(&other) && other.covers(Right::Read, &rid) {
            prop_assert!(one.covers(Right::Read, &rid));
        }
    }
}
