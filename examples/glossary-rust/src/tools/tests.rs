//! The tools on a node in memory.

use koi_extension::http::Response;
use koi_extension::testing::{Node, Progress};
use serde_json::{Value, json};

use super::*;
use crate::contents::{V1, V2};

/// A node whose schemas are those of the glossary.
fn node() -> Node {
    let node = Node::fresh();
    node.transform(|schema, contents| {
        let earlier = contents.to::<Value>()?.get("meaning").is_some();
        match earlier && schema == V2 {
            true => Glossary::transform(V1, V2, contents),
            false => Ok(contents.clone()),
        }
    });
    node
}

fn call(name: &str, arguments: Value) -> Result<Value> {
    let answer = Glossary::call_tool(name, &Json::of(&arguments)?)?;
    Ok(answer.structured_as().unwrap())
}

fn stored(node: &Node, reference: &str) -> Option<Value> {
    let rid = Rid::new("orn:glossary.term", reference).unwrap();
    node.stored(&rid).map(|contents| contents.to().unwrap())
}

#[test]
fn all_tools_are_listed_with_schemas_of_objects() {
    let tools = json!(Glossary::list_tools().unwrap());
    let names: Vec<_> = tools
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["name"])
        .collect();
    let expected = [
        "name_of_term",
        "define_term",
        "look_up_term",
        "import_terms",
        "import_from",
        "retire_term",
        "popular_terms",
    ];
    assert_eq!(names, expected);
    for tool in tools.as_array().unwrap() {
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{tool}");
        }
    }
    let limit = &tools[6]["inputSchema"]["properties"]["limit"];
    let expected = json!({ "description": "At most so many", "type": "integer", "minimum": 1, "maximum": 100 });
    assert_eq!(*limit, expected);
}

#[test]
fn a_term_is_kept_under_its_name() {
    assert_eq!(
        call("name_of_term", json!({ "term": "My Event" })),
        Ok(json!({ "name": "my-event" }))
    );
    assert!(call("name_of_term", json!({ "term": "." })).is_err());
}

#[test]
fn what_was_defined_can_be_looked_up_and_is_counted() {
    let node = node();
    let mut event = json!({ "vocabulary": "KOI", "term": "Event", "meanings": ["A", "B"] });
    let defined = |new| Ok(json!({ "rid": "orn:glossary.term:koi/event", "new": new }));
    assert_eq!(call("define_term", event.clone()), defined(true));
    let contents = json!({ "term": "Event", "meanings": ["A", "B"], "tags": [] });
    assert_eq!(stored(&node, "koi/event"), Some(contents));
    event["tags"] = json!(["core"]);
    assert_eq!(call("define_term", event), defined(false));
    let contents = json!({ "term": "Event", "meanings": ["A", "B"], "tags": ["core"] });
    let question = json!({ "vocabulary": "koi", "term": "EVENT" });
    for _ in 0..2 {
        assert_eq!(call("look_up_term", question.clone()), Ok(contents.clone()));
    }
    let popular = json!({ "terms": [{ "name": "event", "count": 2 }] });
    assert_eq!(
        call("popular_terms", json!({ "vocabulary": "koi" })),
        Ok(popular)
    );
}

#[test]
fn earlier_versions_are_looked_up_too_and_what_is_not_there_is_named() {
    let node = node();
    let rid = Rid::parse("orn:glossary.term:koi/rid").unwrap();
    node.store(&rid, &json!({ "term": "RID", "meaning": "M", "more": 1 }));
    let found = json!({ "term": "RID", "meanings": ["M"], "tags": [] });
    assert_eq!(
        call(
            "look_up_term",
            json!({ "vocabulary": "koi", "term": "rid" })
        ),
        Ok(found)
    );
    for tool in ["look_up_term", "retire_term"] {
        let error = call(tool, json!({ "vocabulary": "koi", "term": "My Event" }));
        let expected = Error::invalid_input("there is no `my-event` in `koi`");
        assert_eq!(error, Err(expected), "{tool}");
    }
}

#[test]
fn the_most_popular_come_first_and_then_by_name() {
    let node = node();
    let look_up = |term: &str| {
        let rid = Rid::new("orn:glossary.term", format!("koi/{term}")).unwrap();
        node.store(&rid, &json!({ "term": term, "meaning": "M" }));
        call("look_up_term", json!({ "vocabulary": "koi", "term": term })).unwrap();
    };
    ["c", "b", "a", "c"].into_iter().for_each(look_up);
    let popular = |limit: Option<u8>| {
        let mut arguments = json!({ "vocabulary": "koi" });
        if let Some(limit) = limit {
            arguments["limit"] = json!(limit);
        }
        call("popular_terms", arguments).unwrap()["terms"].clone()
    };
    let expected = json!([
        { "name": "c", "count": 2 }, { "name": "a", "count": 1 }, { "name": "b", "count": 1 }
    ]);
    assert_eq!(popular(None), expected);
    assert_eq!(popular(Some(1)), json!([expected[0]]));
}

#[test]
fn importing_tells_how_far_it_is_and_keeps_what_it_has_done() {
    let node = node();
    let terms = json!([{ "term": "A", "meaning": "a" }, { "term": "B", "meaning": "b" }]);
    let arguments = json!({ "vocabulary": "koi", "terms": terms });
    assert_eq!(
        call("import_terms", arguments),
        Ok(json!({ "imported": 2 }))
    );
    let step = |progress, message: &str| Progress {
        progress,
        total: Some(2.0),
        message: Some(message.into()),
    };
    assert_eq!(node.progress(), [step(1.0, "A"), step(2.0, "B")]);
    assert_eq!(
        stored(&node, "koi/b"),
        Some(json!({ "term": "B", "meaning": "b" }))
    );
    let terms = json!([{ "term": "C", "meaning": "c" }, { "term": "!", "meaning": "d" }]);
    call(
        "import_terms",
        json!({ "vocabulary": "koi", "terms": terms }),
    )
    .unwrap_err();
    assert!(stored(&node, "koi/c").is_some());
}

#[test]
fn a_server_lists_terms_or_it_is_told_what_is_wrong_with_it() {
    let node = node();
    node.serve(|request| {
        let (status, body) = match request.url.strip_prefix("http://a/").unwrap() {
            "terms" => (200, r#"[{"term":"A","meaning":"a","more":1}]"#),
            "object" => (200, r#"{"term":"A","meaning":"a"}"#),
            "busy" => (429, ""),
            "broken" => (503, ""),
            _ => (404, "[]"),
        };
        Ok(Response {
            status,
            body: body.into(),
            ..Response::default()
        })
    });
    let import = |path: &str| {
        call(
            "import_from",
            json!({ "vocabulary": "koi", "url": format!("http://a/{path}") }),
        )
    };
    assert_eq!(import("terms"), Ok(json!({ "imported": 1 })));
    assert_eq!(
        stored(&node, "koi/a"),
        Some(json!({ "term": "A", "meaning": "a" }))
    );
    for (path, error) in [
        (
            "object",
            Error::permanent("http://a/object has no list of terms"),
        ),
        (
            "busy",
            Error::transient("http://a/busy answered with status 429"),
        ),
        (
            "broken",
            Error::transient("http://a/broken answered with status 503"),
        ),
        (
            "gone",
            Error::permanent("http://a/gone answered with status 404"),
        ),
    ] {
        assert_eq!(import(path), Err(error));
    }
}

#[test]
fn a_term_is_only_forgotten_by_somebody_who_is_sure() {
    let node = node();
    let rid = Rid::parse("orn:glossary.term:koi/rid").unwrap();
    node.store(&rid, &json!({ "term": "RID", "meaning": "M" }));
    let retire = |answer: Value| {
        node.answer(move |key, question| {
            let schema = json!({
                "type": "object",
                "properties": { "sure": { "type": "boolean", "title": "Yes, forget it" } },
                "required": ["sure"]
            });
            let params = json!({ "message": "Forget `rid` of `koi`?", "requestedSchema": schema });
            let expected = json!({ "method": "elicitation/create", "params": params });
            assert_eq!((key, question), ("retire", &expected));
            Ok(answer.clone())
        });
        call("retire_term", json!({ "vocabulary": "koi", "term": "RID" }))
    };
    for answer in [
        json!({ "action": "decline" }),
        json!({ "action": "cancel" }),
        json!({ "action": "accept", "content": { "sure": false } }),
    ] {
        assert_eq!(retire(answer), Ok(json!({ "retired": false })));
        assert!(node.stored(&rid).is_some());
    }
    let sure = json!({ "action": "accept", "content": { "sure": true } });
    assert_eq!(retire(sure), Ok(json!({ "retired": true })));
    assert_eq!(node.stored(&rid), None);
}
