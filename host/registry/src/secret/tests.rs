use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use koi_runtime::CallError;
use koi_runtime::ports::{CallContext, Http, HttpError, PortError};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::callee::{Callee, Invocation};
use crate::grant::{Access, Grants};
use crate::testing::{FakeCallee, context};

/// With a quote, a backslash and what base64 writes as `+` and `/`.
const VALUE: &str = r#"s3cr"t\>>??~~/key"#;

fn scrubber(values: &[&str]) -> Scrubber {
    let secrets: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let value = SecretValue::new((*value).to_owned()).unwrap();
            (format!("S{index}").parse().unwrap(), Arc::new(value))
        })
        .collect();
    Scrubber::new(&secrets).unwrap().unwrap()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// All the ways in which a secret is recognised.
fn forms(value: &str) -> Vec<String> {
    let json = |text: &str| {
        let text = serde_json::Value::from(text).to_string();
        text[1..text.len() - 1].to_owned()
    };
    let mut forms = vec![
        value.to_owned(),
        hex::encode(value),
        hex::encode_upper(value),
        hex::encode(value).replace('a', "A"),
        percent(value),
        json(value),
        json(&json(value)),
        json(&percent(value)),
        percent(&hex::encode(value)),
        STANDARD.encode(value).replace('/', "\\/"),
    ];
    for before in ["", "x", "xy"] {
        for after in ["", "z", "zz"] {
            let text = format!("{before}{value}{after}");
            forms.extend([
                STANDARD.encode(&text),
                URL_SAFE.encode(&text),
                URL_SAFE_NO_PAD.encode(&text),
                percent(&STANDARD.encode(&text)),
            ]);
        }
    }
    forms
}

#[test]
fn a_secret_is_found_in_every_form() {
    let scrubber = scrubber(&[VALUE]);
    for form in forms(VALUE) {
        for text in [form.clone(), format!("before {form} after")] {
            let scrubbed = scrubber.scrub(text.clone());
            assert!(scrubbed.contains("[secret:S0]"), "{text}: {scrubbed}");
        }
    }
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    let scrubber = scrubber(&[VALUE]);
    for text in ["", "s3cr", "%41%zz \\u00 \\", "[secret:S0]", "größe 100 %"] {
        assert_eq!(scrubber.scrub(text.to_owned()), text);
    }
    assert!(matches!(
        scrubber.scrub_bytes(&[0xff, 0xfe]),
        std::borrow::Cow::Borrowed(_)
    ));
}

#[test]
fn secrets_that_overlap_leave_nothing_of_either() {
    let scrubber = scrubber(&["abcdefgh", "defghijk", "abcdefghijkl"]);
    let scrubbed = scrubber.scrub("<abcdefghijk>".to_owned());
    assert_eq!(scrubbed, "<[secret:S0]>");
    let scrubbed = scrubber.scrub("<abcdefghijkl!>".to_owned());
    assert!(
        scrubbed.ends_with("]!>") && !scrubbed.contains("kl"),
        "{scrubbed}"
    );
}

#[test]
fn json_stays_json() {
    let scrubber = scrubber(&[VALUE]);
    let text = json!({"content": [{"text": format!("key: {VALUE}!")}]}).to_string();
    let scrubbed: serde_json::Value = serde_json::from_str(&scrubber.scrub(text)).unwrap();
    assert_eq!(scrubbed["content"][0]["text"], "key: [secret:S0]!");
}

proptest! {
    #[test]
    fn no_form_of_any_secret_survives(value in "[ -~äß€😀]{8,40}", before in "[ -~]{0,9}") {
        let scrubber = scrubber(&[&value]);
        for form in [
            value.clone(),
            serde_json::Value::from(value.as_str()).to_string(),
            percent(&value),
            hex::encode(&value),
            STANDARD.encode(format!("{before}{value}")),
        ] {
            prop_assert!(scrubber.scrub(form).contains("[secret:S0]"));
        }
    }

    #[test]
    fn any_bytes_can_be_scrubbed(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        scrubber(&["%41%41%41"]).scrub_bytes(&bytes);
    }
}

#[test]
fn a_value_that_is_no_secret_is_refused_without_being_told() {
    for value in ["s3cret!", "with\nline break", &"x".repeat(5000)] {
        let error = SecretValue::new(value.to_owned()).unwrap_err().to_string();
        assert!(!error.contains(value), "{error}");
    }
    let value = SecretValue::new(VALUE.to_owned()).unwrap();
    assert_eq!(format!("{value:?}"), "SecretValue");
}

/// The other end of the wire: keeps what came and answers with a header and a body of the test's.
#[derive(Default)]
struct Wire {
    sent: Mutex<Vec<Request<Bytes>>>,
    answer: Mutex<Option<Response<Bytes>>>,
}

#[async_trait]
impl Http for Wire {
    async fn exchange(
        &self,
        _: &CallContext,
        request: Request<Bytes>,
        _: Option<Duration>,
    ) -> Result<Response<Bytes>, HttpError> {
        self.sent.lock().unwrap().push(request);
        Ok(self.answer.lock().unwrap().take().unwrap_or_default())
    }
}

struct Fixture {
    guard: Arc<Guard>,
    access: Arc<Access>,
    vault: Arc<Vault>,
    wire: Arc<Wire>,
    http: SecretHttp,
}

fn grants(texts: &[&str]) -> Grants {
    Grants::new(texts.iter().map(|text| text.parse().unwrap())).unwrap()
}

fn asks() -> Grants {
    let ask = |name| crate::grant::Grant::Secret(crate::grant::SecretUse::asked(name).unwrap());
    Grants::new([ask("KEY"), ask("OTHER")]).unwrap()
}

fn fixture(granted: &[&str]) -> Fixture {
    let vault = Arc::new(Vault::default());
    let value = |text: &str| SecretValue::new(text.to_owned()).unwrap();
    vault.set(
        [
            ("KEY".parse().unwrap(), value(VALUE)),
            ("OTHER".parse().unwrap(), value("another-secret")),
        ]
        .into(),
    );
    let access = Arc::new(Access::new("a".into(), asks(), grants(granted)));
    let guard = Guard::new(&access, &vault).unwrap();
    let wire = Arc::new(Wire::default());
    let http = SecretHttp::new(wire.clone(), guard.clone());
    Fixture {
        guard,
        access,
        vault,
        wire,
        http,
    }
}

impl Fixture {
    fn key(&self) -> String {
        self.guard.placeholder(&"KEY".parse().unwrap()).unwrap()
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: &str,
    ) -> Result<Response<Bytes>, HttpError> {
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        self.http.exchange(&context("a"), request, None).await
    }

    fn sent(&self) -> Request<Bytes> {
        self.wire.sent.lock().unwrap().pop().unwrap()
    }
}

#[tokio::test]
async fn values_go_in_at_egress_as_their_place_asks_for() {
    let f = fixture(&["secret=KEY@api.example.com"]);
    let key = f.key();
    let basic = format!("basic {}", STANDARD.encode(format!("user:{key}")));
    let request = Request::post(format!("https://api.example.com/a?key={key}&b=1"))
        .header("x-key", format!("Bearer {key}"))
        .header("authorization", basic)
        .header("accept-encoding", "gzip")
        .header("content-type", "application/json; charset=utf-8")
        .header("content-length", 1);
    f.send(request, &json!({"key": key, "n": 1}).to_string())
        .await
        .unwrap();
    let sent = f.sent();
    assert_eq!(
        sent.uri().to_string(),
        "https://api.example.com/a?key=s3cr%22t%5C%3E%3E%3F%3F~~%2Fkey&b=1"
    );
    assert_eq!(sent.headers()["x-key"], format!("Bearer {VALUE}"));
    assert_eq!(
        sent.headers()["authorization"],
        format!("Basic {}", STANDARD.encode(format!("user:{VALUE}")))
    );
    assert_eq!(sent.headers()["accept-encoding"], "identity");
    assert_eq!(
        sent.headers()["content-length"],
        sent.body().len().to_string()
    );
    let body: serde_json::Value = serde_json::from_slice(sent.body()).unwrap();
    assert_eq!(body, json!({"key": VALUE, "n": 1}));
    // As it was, where there is nothing to put in.
    f.send(
        Request::get("https://api.example.com/").header("accept-encoding", "gzip"),
        "x",
    )
    .await
    .unwrap();
    assert_eq!(f.sent().headers()["accept-encoding"], "gzip");
}

#[tokio::test]
async fn neither_placeholder_nor_value_leaves_towards_another_host() {
    let f = fixture(&["secret=KEY@api.example.com", "secret=OTHER@127.0.0.1"]);
    let key = f.key();
    let denied = |told: Result<Response<Bytes>, HttpError>, grant: &str| match told {
        Err(HttpError::Denied(denial)) => assert_eq!(denial.grant, grant),
        other => panic!("{other:?}"),
    };
    let evil = || Request::post("https://evil.example/");
    denied(f.send(evil(), &key).await, "secret=KEY@evil.example");
    denied(
        f.send(evil().header("x", &key), "").await,
        "secret=KEY@evil.example",
    );
    denied(
        f.send(evil(), &hex::encode(VALUE)).await,
        "secret=KEY@evil.example",
    );
    // Over plain HTTP only to what was named by address.
    denied(
        f.send(Request::post("http://api.example.com/"), &key).await,
        "secret=KEY@api.example.com",
    );
    let other = f.guard.placeholder(&"OTHER".parse().unwrap()).unwrap();
    f.send(Request::post("http://127.0.0.1:8080/"), &other)
        .await
        .unwrap();
    assert_eq!(f.sent().body(), "another-secret");
    assert!(f.wire.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_comes_back_is_scrubbed() {
    let f = fixture(&["secret=KEY@api.example.com"]);
    let answer = Response::builder()
        .header("location", format!("/?key={}", percent(VALUE)))
        .header("content-length", 99)
        .body(Bytes::from(format!("you sent {VALUE}")));
    *f.wire.answer.lock().unwrap() = Some(answer.unwrap());
    let key = f.key();
    let request = || Request::get(format!("https://api.example.com/?k={key}"));
    let response = f.send(request(), "").await.unwrap();
    assert_eq!(response.body(), "you sent [secret:KEY]");
    assert_eq!(response.headers()["location"], "/?key=[secret:KEY]");
    assert_eq!(response.headers()["content-length"], "21");

    let packed = Response::builder().header("content-encoding", "gzip");
    *f.wire.answer.lock().unwrap() = Some(packed.body(Bytes::new()).unwrap());
    let told = f.send(request(), "").await.unwrap_err().to_string();
    assert!(told.contains("compressed"), "{told}");
}

#[test]
fn a_placeholder_says_nothing_and_is_the_same_each_time() {
    let f = fixture(&["secret=KEY@a.example"]);
    let name: SecretName = "KEY".parse().unwrap();
    assert_eq!(f.key(), f.key());
    assert_ne!(f.key(), f.vault.placeholder("b", &name));
    assert_ne!(f.key(), Vault::default().placeholder("a", &name));
    let denied = |name: &str| match f.guard.placeholder(&name.parse().unwrap()) {
        Err(PortError::Denied(denial)) => denial.to_string(),
        other => panic!("{other:?}"),
    };
    let told = denied("OTHER");
    assert!(
        told.contains("koi-mcp extension grant a secret=OTHER@HOST"),
        "{told}"
    );
    assert!(denied("THIRD").contains("does not ask for it"));
    f.vault.set([].into());
    let told = f.guard.placeholder(&name).unwrap_err().to_string();
    assert!(told.contains("koi-mcp secret set KEY"), "{told}");
}

#[test]
fn a_change_of_secrets_or_grants_holds_at_once() {
    let f = fixture(&[]);
    let said = || f.guard.scrub(format!("{VALUE} new-value"));
    assert_eq!(said(), format!("{VALUE} new-value"));
    f.access.grant(grants(&["secret=KEY@a.example"]));
    assert_eq!(said(), "[secret:KEY] new-value");
    let changed = SecretValue::new("new-value".to_owned()).unwrap();
    f.vault.set([("KEY".parse().unwrap(), changed)].into());
    // The extension may still have the value from before.
    assert_eq!(said(), "[secret:KEY] [secret:KEY]");
    f.access.grant(Grants::default());
    assert_eq!(said(), "[secret:KEY] [secret:KEY]");
}

#[tokio::test]
async fn answers_and_errors_of_an_extension_hold_no_secret() {
    let f = fixture(&["secret=KEY@a.example"]);
    let script = json!({"x-answers": {"plain": json!({"text": VALUE}).to_string(),
        "hex": hex::encode(VALUE), "base64": STANDARD.encode(VALUE)}});
    let callee = GuardedCallee::new(FakeCallee::alone("a", &script), f.guard.clone());
    for tool in ["plain", "hex", "base64"] {
        let answer = callee.call_tool(tool, "{}", Invocation::new("c")).await;
        assert!(answer.unwrap().contains("[secret:KEY]"), "{tool}");
    }
    let told = callee.validate(VALUE, "{}", Invocation::new("c")).await;
    let Err(CallError::Guest(told)) = told else {
        panic!("{told:?}");
    };
    assert_eq!(told.message, "never valid: [secret:KEY]");
}
