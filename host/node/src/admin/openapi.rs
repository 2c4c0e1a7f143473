//! The description of the admin API: an OpenAPI 3.1 document, put together of a file for each tag.

use std::sync::LazyLock;

use axum::Json;
use serde_json::{Map, Value, json};

/// What is said once, and then the routes of each tag.
const PARTS: [&str; 7] = [
    include_str!("openapi/common.json"),
    include_str!("openapi/node.json"),
    include_str!("openapi/extensions.json"),
    include_str!("openapi/revisions.json"),
    include_str!("openapi/knowledge.json"),
    include_str!("openapi/calls.json"),
    include_str!("openapi/network.json"),
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

pub(super) async fn show() -> Json<&'static Value> {
    Json(&DOCUMENT)
}

fn document() -> Value {
    let mut document = Map::new();
    for part in PARTS {
        // A test reads each of them.
        let part: Map<String, Value> = serde_json::from_str(part).unwrap_or_default();
        part.into_iter()
            .for_each(|(name, member)| add(&mut document, name, member));
    }
    let mut document = Value::Object(document);
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    let paths = document["paths"].as_object_mut();
    let items = paths.into_iter().flat_map(Map::values_mut);
    for operation in items
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut)
    {
        if operation.is_object() {
            let problem = json!({"$ref": "#/components/responses/Problem"});
            operation["responses"]["default"] = problem;
        }
    }
    document
}

/// Adds a member; what is an object in both is put together, and lists one after the other.
fn add(to: &mut Map<String, Value>, name: String, member: Value) {
    match (to.get_mut(&name), member) {
        (Some(Value::Object(there)), Value::Object(more)) => {
            more.into_iter()
                .for_each(|(name, member)| add(there, name, member));
        }
        (Some(Value::Array(there)), Value::Array(more)) => there.extend(more),
        (_, member) => {
            to.insert(name, member);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::routing::MethodFilter;

    use super::super::table;
    use super::*;

    fn described() -> BTreeSet<(String, String)> {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods
                .filter(|key| *key != "parameters")
                .map(|method| (path.clone(), method.to_uppercase()))
        });
        operations.collect()
    }

    #[test]
    fn each_part_of_the_description_is_an_object() {
        for part in PARTS {
            serde_json::from_str::<Map<String, Value>>(part).unwrap();
        }
    }

    #[test]
    fn every_route_is_described_and_nothing_besides() {
        let name = |method| {
            let names = [
                (MethodFilter::GET, "GET"),
                (MethodFilter::POST, "POST"),
                (MethodFilter::PUT, "PUT"),
                (MethodFilter::PATCH, "PATCH"),
                (MethodFilter::DELETE, "DELETE"),
            ];
            let named = names.into_iter().find(|(of, _)| *of == method);
            named.unwrap().1.to_owned()
        };
        let routes: BTreeSet<_> = table::all()
            .into_iter()
            .map(|route| (route.path.to_owned(), name(route.method)))
            .collect();
        let described = described();
        let undescribed: Vec<_> = routes.difference(&described).collect();
        let unserved: Vec<_> = described.difference(&routes).collect();
        assert!(
            undescribed.is_empty() && unserved.is_empty(),
            "not described: {undescribed:?}; described and not there: {unserved:?}"
        );
    }

    #[test]
    fn every_parameter_of_a_path_is_described_and_every_operation_says_what_it_does_and_fails_with()
    {
        let document = document();
        for (path, item) in document["paths"].as_object().unwrap() {
            let wanted: Vec<&str> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            let of_path = item["parameters"].as_array().into_iter().flatten();
            let described: Vec<&str> = of_path
                .map(|parameter| {
                    let reference = parameter["$ref"].as_str().unwrap();
                    let pointer = reference.strip_prefix('#').unwrap();
                    document.pointer(pointer).unwrap()["name"].as_str().unwrap()
                })
                .collect();
            assert_eq!(described, wanted, "{path}");
            for (method, operation) in item.as_object().unwrap() {
                if method == "parameters" {
                    continue;
                }
                assert!(operation["summary"].is_string(), "{method} {path}");
                assert!(operation["operationId"].is_string(), "{method} {path}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.contains_key("default"), "{method} {path}");
                assert!(responses.len() > 1, "{method} {path}");
            }
        }
    }
}
