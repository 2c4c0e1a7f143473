use koi_rid::EventType;
use koi_runtime::Phase;
use serde_json::{Value, json};

use super::{Description, MAX_DESCRIPTION_BYTES};

fn whole() -> Value {
    json!({
        "name": "data-catalog", "version": "1.2.3-beta+4", "description": "Datasets.",
        "rid-types": [
            {"rid-type": "orn:data.dataset", "schema": "dataset", "title": "Dataset",
             "description": "One", "mime-type": "application/json", "parses": true},
            {"rid-type": "orn:data.schema", "indexes": ["/name", "/owner/name", "/name"]},
        ],
        "schemas": [{"name": "dataset", "schema": {"type": "object"}, "validates": true}],
        "transforms": [{"from": "dataset", "to": "dataset-2"}],
        "handlers": [
            {"phase": "bundle", "rid-types": ["orn:data.dataset"], "event-types": ["NEW"], "priority": -3},
            {"phase": "final", "rid-types": ["orn:data.schema"]},
        ],
        "lists-depend-on": ["orn:data.dataset"],
        "jobs": [{"name": "nightly", "cron": "30 2 * * *", "jitter": 60}],
        "asks": {"read": ["orn:data.dataset"], "publish": ["orn:data.dataset:own/*"],
                 "forget": [], "handle": ["orn:data.dataset:x*"], "capabilities": ["config"]},
        "config-schema": {"type": "object"},
        "mode": "fresh", "limits": {}, "from-the-future": [1],
    })
}

fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut description = whole();
    change(&mut description);
    Description::parse(&description.to_string())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_whole_description_is_read() {
    let read = Description::parse(&whole().to_string()).unwrap();
    assert_eq!(read.name, "data-catalog");
    assert_eq!(read.version.to_string(), "1.2.3-beta+4");
    assert_eq!(read.rid_types.len(), 2);
    assert!(read.rid_types[0].parses && !read.rid_types[1].parses);
    let paths = |at: usize| read.rid_types[at].indexes.iter().map(ToString::to_string);
    assert!(paths(0).eq([] as [&str; 0]));
    assert!(paths(1).eq(["/name", "/owner/name"]));
    assert_eq!(read.handlers[0].phase, Phase::Bundle);
    assert_eq!(read.handlers[0].event_types, [EventType::New]);
    assert_eq!(
        (read.handlers[0].priority, read.handlers[1].priority),
        (-3, 0)
    );
    assert_eq!(read.jobs[0].name, "nightly");
    assert_eq!(
        read.transforms,
        [("dataset".to_owned(), "dataset-2".to_owned())]
    );
}

#[test]
fn a_handler_asks_to_handle_its_types_unless_that_is_narrowed() {
    let read = Description::parse(&whole().to_string()).unwrap();
    let asks: Vec<String> = read.asks.iter().map(ToString::to_string).collect();
    assert_eq!(
        asks,
        [
            "read=orn:data.dataset",
            "publish=orn:data.dataset:own/*",
            "handle=orn:data.dataset:x*",
            "handle=orn:data.schema",
            "capability=config",
            "capability=schedule",
        ]
    );
}

#[test]
fn an_owner_that_looks_at_references_or_contents_asks_to_handle_them() {
    let script = json!({
        "name": "a", "version": "1.0.0",
        "rid-types": [
            {"rid-type": "orn:t.parsed", "parses": true}, {"rid-type": "orn:t.plain", "schema": "p"},
            {"rid-type": "orn:t.validated", "schema": "v"},
        ],
        "schemas": [{"name": "p", "schema": true}, {"name": "v", "schema": true, "validates": true}],
    });
    let read = Description::parse(&script.to_string()).unwrap();
    let asks: Vec<String> = read.asks.iter().map(ToString::to_string).collect();
    assert_eq!(asks, ["handle=orn:t.parsed", "handle=orn:t.validated"]);
    let transforming = Description::parse(
        &json!({
            "name": "a", "version": "1.0.0",
            "rid-types": [{"rid-type": "orn:t.free"}, {"rid-type": "orn:t.told", "schema": "p"}],
            "schemas": [{"name": "p", "schema": true}],
            "transforms": [{"from": "p", "to": "q"}],
        })
        .to_string(),
    );
    let asks = transforming.unwrap().asks;
    assert_eq!(
        asks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["handle=orn:t.told"]
    );
}

#[test]
fn name_and_version_are_enough() {
    let read = Description::parse(r#"{"name":"a","version":"0.1.0"}"#).unwrap();
    assert_eq!(read.asks.iter().count(), 0);
    assert!(read.rid_types.is_empty() && read.handlers.is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_by_member() {
    let cases: [(&str, Value, &str); 17] = [
        ("/name", json!("Data"), "`name`"),
        ("/name", json!("a".repeat(64)), "`name`"),
        ("/name", json!(""), "`name`"),
        ("/version", json!("1.0"), "`version`"),
        ("/mode", json!("sometimes"), "`mode`"),
        ("/rid-types/0/rid-type", json!("orn"), "namespace"),
        (
            "/rid-types/0/rid-type",
            json!("orn:koi-net.edge"),
            "belongs to the network",
        ),
        ("/rid-types/1/rid-type", json!("orn:data.dataset"), "twice"),
        ("/rid-types/0/schema", json!("other"), "not among `schemas`"),
        ("/schemas/0/name", json!("a b"), "`schemas`"),
        ("/transforms/0/to", json!(""), "`transforms`"),
        ("/handlers/0/phase", json!("later"), "`handlers`"),
        ("/handlers/0/rid-types", json!([]), "names no RID type"),
        ("/handlers/0/event-types", json!(["OLD"]), "`OLD`"),
        ("/jobs/0/cron", json!("often"), "`jobs`: `nightly`"),
        ("/asks/capabilities", json!(["root"]), "`root`"),
        ("/asks/read", json!(["orn:*"]), "name the type in full"),
    ];
    for (at, value, part) in cases {
        let told = refusal(|d| *d.pointer_mut(at).unwrap() = value.clone());
        assert!(told.contains(part), "{at} {value}: {told}");
    }
    assert!(Description::parse("{").is_err());
    assert!(Description::parse("[]").is_err());
}

#[test]
fn every_list_is_bounded() {
    let many = |one: &dyn Fn(usize) -> Value, count: usize| (0..count).map(one).collect::<Vec<_>>();
    let rid_type = |n: usize| json!({"rid-type": format!("orn:x.t{n}")});
    assert!(refusal(|d| d["rid-types"] = json!(many(&rid_type, 257))).contains("257 entries"));
    let schema = |n: usize| json!({"name": format!("s{n}"), "schema": true});
    assert!(refusal(|d| d["schemas"] = json!(many(&schema, 257))).contains("257 entries"));
    let handler = |_| json!({"phase": "rid", "rid-types": ["orn:x.t"]});
    assert!(refusal(|d| d["handlers"] = json!(many(&handler, 300))).contains("300 entries"));
    let job = |n: usize| json!({"name": format!("j{n}"), "every": 1});
    assert!(refusal(|d| d["jobs"] = json!(many(&job, 33))).contains("33 entries"));
    let ask = |n: usize| json!(format!("orn:x.t{n}"));
    assert!(refusal(|d| d["asks"]["read"] = json!(many(&ask, 2000))).contains("2000 entries"));
    let long = "x".repeat(MAX_DESCRIPTION_BYTES);
    assert!(refusal(|d| d["from-the-future"] = json!(long)).contains("longer"));
    assert!(refusal(|d| d["description"] = json!("x".repeat(5000))).contains("longer"));
}

#[test]
fn deep_nesting_is_refused_and_no_crash() {
    let deep = format!("{{\"name\":{}", "[".repeat(100_000));
    assert!(Description::parse(&deep).is_err());
}

#[test]
fn the_paths_to_index_are_json_pointers_and_few() {
    let told = refusal(|d| d["rid-types"][1]["indexes"] = json!(["name"]));
    assert!(
        told.contains("orn:data.schema") && told.contains("JSON pointer"),
        "{told}"
    );
    let many: Vec<_> = (0..9).map(|n| format!("/{n}")).collect();
    let told = refusal(|d| d["rid-types"][1]["indexes"] = json!(many));
    assert!(told.contains("9 entries"), "{told}");
}
