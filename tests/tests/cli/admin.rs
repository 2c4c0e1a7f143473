//! The admin API as a program meets it: what is described is there, and whatever is refused is a problem
//! document.

use std::process::Command;

use koi_tests::{Node, tool};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::start;

struct Api {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    fn of(node: &Node) -> Self {
        let token = std::fs::read_to_string(node.data_dir.join("admin.token")).unwrap();
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: node.admin_url.clone(),
            token: token.trim().to_owned(),
        }
    }

    fn request(&self, method: &Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.http
            .request(method.clone(), url)
            .bearer_auth(&self.token)
    }

    async fn document(&self) -> Value {
        let answer = self.request(&Method::GET, "/v1/openapi.json").send().await;
        answer.unwrap().json().await.unwrap()
    }

    /// What is refused, which is a problem document.
    async fn refusal(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        if status == StatusCode::METHOD_NOT_ALLOWED {
            assert!(answer.headers().contains_key("allow"));
        }
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status.as_u16());
        for member in ["title", "detail"] {
            assert!(
                problem[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{problem}"
            );
        }
        (status, problem)
    }
}

#[tokio::test]
async fn the_description_is_one_of_openapi_3_1() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let document = Api::of(&node).document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let validated = Command::new(tool("openapi/bin/openapi-spec-validator"))
        .args(["--schema", "3.1"])
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&validated.stdout).into_owned();
    assert!(validated.status.success(), "{told}");
}

#[tokio::test]
async fn what_is_described_is_served_and_other_methods_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let api = Api::of(&node);
    let document = api.document().await;
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    for (path, item) in document["paths"].as_object().unwrap() {
        let at: Vec<&str> = path
            .split('/')
            .map(|part| match part.strip_prefix('{') {
                // A number where it has to be one.
                Some("id}") => "0",
                Some(_) => "nobody",
                None => part,
            })
            .collect();
        let at = at.join("/");
        for method in &methods {
            let described = item.get(method.as_str().to_lowercase()).is_some();
            // What makes no sense changes nothing: no such thing, no body, no query.
            let answer = api.request(method, &at).send().await.unwrap();
            let is_allowed = answer.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(
                is_allowed,
                described,
                "{method} {path}: {}",
                answer.status()
            );
            let form = answer.headers().get("content-type").cloned();
            if answer.status() == StatusCode::NOT_FOUND {
                // Not that there is no such path.
                let problem: Value = answer.json().await.unwrap();
                let detail = problem["detail"].as_str().unwrap();
                assert!(
                    !detail.contains("openapi.json"),
                    "{method} {path}: {detail}"
                );
            } else if !answer.status().is_success() {
                let form = form.unwrap();
                assert_eq!(form, "application/problem+json", "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn answers_are_as_they_are_described() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    std::fs::write(node.data_dir.join("extensions/letter.wasm"), "a letter").unwrap();
    koi_tests::eventually("the letter refused", async || {
        let dropped = node.json(&["extension", "dropped"]);
        (dropped["refused"] != json!([])).then_some(())
    })
    .await;
    let api = Api::of(&node);
    let document = api.document().await;
    for path in [
        "/v1/node",
        "/v1/instances",
        "/v1/audit",
        "/v1/secrets",
        "/v1/extensions",
        "/v1/extensions/{name}/grants",
        "/v1/extensions/{name}/learned",
        "/v1/extensions/{name}/wrote",
        "/v1/drop-folder",
        "/v1/dead-letters",
        "/v1/jobs",
        "/v1/network/nodes",
        "/v1/network/edges",
    ] {
        let at = path.replace("{name}", "echo");
        let answer = api.request(&Method::GET, &at).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let answer: Value = answer.json().await.unwrap();
        let operation = &document["paths"][path]["get"];
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path}");
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        let misfits: Vec<String> = jsonschema::validator_for(&schema)
            .unwrap()
            .iter_errors(&answer)
            .map(|misfit| format!("{}: {misfit}", misfit.instance_path()))
            .collect();
        assert!(misfits.is_empty(), "{path}: {misfits:?} in {answer}");
    }
}

#[tokio::test]
async fn whatever_is_refused_is_a_problem_document_that_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let api = Api::of(&node);
    let (get, post, patch) = (Method::GET, Method::POST, Method::PATCH);
    let json = ("content-type", "application/json");
    let grants = "/v1/extensions/echo/grants";
    for (request, status, part) in [
        (api.request(&get, "/v1/nothing"), 404, "openapi.json"),
        (api.request(&get, "/"), 404, "openapi.json"),
        (api.request(&patch, "/v1/node"), 405, "openapi.json"),
        (api.request(&get, "/v1/bundles"), 400, "rid"),
        (api.request(&get, "/v1/bundles?rid=nonsense"), 400, "RID"),
        (api.request(&post, "/v1/dead-letters/first"), 400, "first"),
        (
            api.request(&patch, grants).body("{}"),
            415,
            "application/json",
        ),
        (
            api.request(&patch, grants).header(json.0, json.1).body("{"),
            400,
            "JSON",
        ),
        (
            api.request(&patch, grants).json(&json!({"give": 1})),
            422,
            "give",
        ),
        (api.request(&post, "/v1/extensions"), 400, "component"),
        (
            api.request(&post, "/v1/extensions?options=7").body("a"),
            400,
            "options",
        ),
        (
            api.request(&post, "/v1/extensions").body("a letter"),
            422,
            "WebAssembly",
        ),
        (api.request(&post, "/v1/mcp"), 426, "Upgrade"),
    ] {
        let (found, problem) = api.refusal(request).await;
        assert_eq!(found.as_u16(), status, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{problem}");
    }
    let stranger = api.http.get(format!("{}/v1/openapi.json", api.url));
    assert_eq!(api.refusal(stranger).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn figures_of_extensions_and_of_their_last_swaps_are_there_for_prometheus() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    node.json(&["call", "echo", "--args", r#"{"text": "hello"}"#]);
    let answer = Api::of(&node).request(&Method::GET, "/v1/metrics").send();
    let text = answer.await.unwrap().text().await.unwrap();
    let labels = r#"{extension="echo",version="0.1.0",revision="1",role="serving"}"#;
    for line in [
        "# TYPE koi_extension_calls_total counter".to_owned(),
        format!("koi_extension_calls_total{labels} 1"),
        format!("koi_extension_failures_total{labels} 0"),
        format!("koi_extension_breaker{labels} 0"),
        r#"koi_swap_drained_calls{extension="echo"} 0"#.to_owned(),
    ] {
        assert!(text.lines().any(|of| of == line), "{line} in\n{text}");
    }
}
