//! What is asked of whom, and what is an answer.

use rmcp::model::ClientCapabilities;
use serde_json::{Value, json};

use super::{Answers, Misfit, Questions, methods};

fn offers(of: Value) -> ClientCapabilities {
    serde_json::from_value(of).unwrap()
}

fn questions(of: Value) -> Questions {
    Questions::parse(&of.to_string()).unwrap()
}

fn form(schema: Value) -> Value {
    let params = json!({ "message": "?", "requestedSchema": schema });
    json!({ "method": "elicitation/create", "params": params })
}

#[test]
fn a_client_that_names_no_mode_of_elicitation_means_forms() {
    let form = questions(json!({ "a": form(json!({ "type": "object", "properties": {} })) }));
    let url = questions(json!({ "a": { "method": "elicitation/create", "params": {
        "mode": "url", "message": "?", "url": "https://example.com/",
    }}}));
    let (any, urls) = (
        offers(json!({ "elicitation": {} })),
        offers(json!({ "elicitation": { "url": {} } })),
    );
    assert_eq!(form.beyond(&any), None);
    assert_eq!(url.beyond(&urls), None);
    let missing = |of: &Questions, has| serde_json::to_value(of.beyond(has)).unwrap();
    assert_eq!(
        missing(&form, &urls),
        json!({ "elicitation": { "form": {} } })
    );
    assert_eq!(missing(&url, &any), json!({ "elicitation": { "url": {} } }));
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let message = json!({ "role": "user", "content": { "type": "text", "text": "?" } });
    let tool = json!({ "name": "a", "inputSchema": { "type": "object" } });
    let params = json!({ "messages": [message], "maxTokens": 1, "tools": [tool] });
    let of = questions(json!({
        "a": { "method": "roots/list" },
        "b": { "method": "sampling/createMessage", "params": params },
    }));
    let missing = of.beyond(&ClientCapabilities::default());
    assert_eq!(
        serde_json::to_value(missing).unwrap(),
        json!({ "roots": {}, "sampling": { "tools": {} } })
    );
    let plain = offers(json!({ "roots": {}, "sampling": {} }));
    assert_eq!(
        serde_json::to_value(of.beyond(&plain)).unwrap(),
        json!({ "sampling": { "tools": {} } })
    );
}

#[test]
fn a_client_is_asked_with_the_methods_that_it_offers() {
    assert!(methods(&ClientCapabilities::default()).is_empty());
    let all = offers(json!({ "roots": {}, "sampling": {}, "elicitation": {} }));
    assert_eq!(methods(&all).len(), 3);
}

#[test]
fn what_the_schemas_of_forms_may_say_reaches_the_client() {
    let schema = json!({ "type": "object", "required": ["name"], "properties": {
        "name": { "type": "string", "default": "John Doe", "minLength": 1, "maxLength": 50 },
        "mail": { "type": "string", "format": "email", "title": "Mail" },
        "age": { "type": "integer", "default": 30, "minimum": 0, "maximum": 150 },
        "score": { "type": "number", "default": 95.5 },
        "sure": { "type": "boolean", "default": true },
        "plain": { "type": "string", "enum": ["a", "b"], "default": "a" },
        "named": { "type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"] },
        "titled": { "type": "string", "oneOf": [
            { "const": "a", "title": "A" }, { "const": "b", "title": "B" },
        ]},
        "several": { "type": "array", "minItems": 1, "maxItems": 2,
            "items": { "type": "string", "enum": ["a", "b"] } },
        "titles": { "type": "array", "items": { "anyOf": [
            { "const": "a", "title": "A" }, { "const": "b", "title": "B" },
        ]}},
    }});
    let of = questions(json!({ "a": form(schema.clone()) }));
    let shown = serde_json::to_value(of.open(&Answers::new())).unwrap();
    assert_eq!(shown["a"]["params"]["requestedSchema"], schema);
}

#[test]
fn a_form_that_is_accepted_fits_and_one_that_is_not_may_be_anything() {
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } },
        "required": ["n"] });
    let of = questions(json!({ "a": form(schema) }));
    let take = |answer: Value| {
        let mut answers = Answers::new();
        let fits = of.take([("a".to_owned(), answer)].into(), &mut answers);
        assert_eq!(fits.is_ok(), of.all_in(&answers));
        fits
    };
    assert!(take(json!({ "action": "accept", "content": { "n": 1 } })).is_ok());
    assert!(take(json!({ "action": "decline" })).is_ok());
    for unfit in [json!({ "n": "1" }), json!({}), json!([1]), Value::Null] {
        let answer = json!({ "action": "accept", "content": unfit });
        assert!(matches!(take(answer), Err(Misfit::Form(..))), "{unfit}");
    }
    for malformed in [json!(1), json!(["accept"]), json!({}), Value::Null] {
        assert!(matches!(take(malformed), Err(Misfit::Malformed(..))));
    }
}

#[test]
fn a_schema_that_no_form_can_have_is_refused() {
    for schema in [
        json!({ "type": "array" }),
        json!({ "type": "object", "properties": { "a": { "type": "object" } } }),
        json!({ "type": "object", "properties": { "a": { "type": "string", "minLength": -1 } } }),
    ] {
        let text = json!({ "a": form(schema) }).to_string();
        let problem = Questions::parse(&text).err().unwrap();
        assert!(problem.contains("`a`"), "{problem}");
    }
}
