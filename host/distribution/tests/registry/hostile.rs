//! A registry that is up to no good. No real one is, so this one is played: each request is answered by
//! its path.

use std::sync::{Arc, Mutex};

use koi_distribution::{Credentials, Digest, OciClient, OciError, OciOptions, Reference};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{COMPONENT, client};

type Answer = Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// A server that answers each path as `answer` says, and keeps the requests.
struct Played {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Played {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer): (_, Arc<Answer>) = (requests.clone(), Arc::new(Box::new(answer)));
        // Ends with the test's runtime.
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), kept.clone()));
            }
        });
        Self { address, requests }
    }

    fn reference(&self) -> Reference {
        format!("oci://{}/notes:1", self.address).parse().unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request, one answer, and the connection is closed.
async fn serve(stream: TcpStream, answer: Arc<Answer>, kept: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    kept.lock().unwrap().push(request);
    let _ = stream.write_all(&answer(&path)).await;
    let _ = stream.shutdown().await;
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn manifest() -> Vec<u8> {
    let layer = json!({
        "mediaType": "application/wasm",
        "digest": Digest::of(COMPONENT).to_string(),
        "size": COMPONENT.len(),
    });
    let config = json!({"mediaType": "a/b", "digest": "sha256:00", "size": 2});
    json!({"schemaVersion": 2, "config": config, "layers": [layer]})
        .to_string()
        .into_bytes()
}

/// As a registry answers that has the component and nothing else; blobs as `blob` says.
fn registry(blob: impl Fn() -> Vec<u8>) -> impl Fn(&str) -> Vec<u8> {
    move |path| match path {
        "/v2/notes/manifests/1" => answer("200 OK", "", &manifest()),
        path if path.starts_with("/v2/notes/blobs/") => blob(),
        _ => answer("404 Not Found", "", b""),
    }
}

async fn refusal(played: &Played) -> OciError {
    client().pull(&played.reference()).await.unwrap_err()
}

fn with_password(played: &Played) -> OciClient {
    let known = Credentials {
        username: "alice".to_owned(),
        password: zeroize::Zeroizing::new("hunter2-hunter2".to_owned()),
    };
    let mut options = OciOptions::default();
    options.credentials.insert(played.address.clone(), known);
    OciClient::new(options).unwrap()
}

#[tokio::test]
async fn a_blob_without_end_is_cut_off_at_what_the_manifest_says() {
    let endless = || {
        let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        [head, vec![0; 8 << 20]].concat()
    };
    let played = Played::start(registry(endless)).await;
    let error = refusal(&played).await;
    let cut = matches!(error, OciError::TooLarge { limit, .. } if limit == COMPONENT.len());
    assert!(cut, "{error}");
}

#[tokio::test]
async fn a_manifest_larger_than_registries_take_is_refused() {
    let played = Played::start(|_| answer("200 OK", "", &vec![b' '; (4 << 20) + 1])).await;
    let error = refusal(&played).await;
    assert!(
        matches!(
            error,
            OciError::TooLarge {
                what: "the manifest",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_manifest_of_another_digest_than_it_says_is_refused() {
    let played = Played::start(|_| {
        let told = format!("docker-content-digest: {}\r\n", Digest::of(b"other"));
        answer("200 OK", &told, &manifest())
    });
    let error = refusal(&played.await).await;
    assert!(
        matches!(
            error,
            OciError::Digest {
                what: "the manifest",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_blob_that_is_kept_elsewhere_is_fetched_there_and_nothing_is_shown_there() {
    let elsewhere = Played::start(|_| answer("200 OK", "", COMPONENT)).await;
    let to = format!("location: http://{}/kept\r\n", elsewhere.address);
    let blob = move || answer("307 Temporary Redirect", &to, b"");
    let asks = registry(blob);
    let played = Played::start(move |path| asks(path)).await;
    let pulled = with_password(&played)
        .pull(&played.reference())
        .await
        .unwrap();
    assert_eq!(pulled.component, COMPONENT);
    let asked = elsewhere.requests();
    assert_eq!(asked.len(), 1);
    assert!(
        !asked[0].to_lowercase().contains("authorization"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_redirect_to_where_nothing_is_encrypted_is_not_followed() {
    let to = "location: http://storage.example.org/kept\r\n";
    let blob = move || answer("307 Temporary Redirect", to, b"");
    let played = Played::start(registry(blob)).await;
    let error = refusal(&played).await;
    assert!(
        matches!(&error, OciError::Redirect { to, .. } if to.contains("storage.example.org")),
        "{error}"
    );
}

#[tokio::test]
async fn redirects_in_a_circle_come_to_an_end() {
    let blob = || {
        answer(
            "307 Temporary Redirect",
            "location: /v2/notes/blobs/again\r\n",
            b"",
        )
    };
    let played = Played::start(registry(blob)).await;
    let error = refusal(&played).await;
    assert!(
        matches!(error, OciError::Status { status: 307, .. }),
        "{error}"
    );
    assert!(played.requests().len() < 10);
}

/// A registry that wants a token, and a server that gives this one.
async fn wanting_a_token(token: &'static str) -> Played {
    let tokens = Played::start(move |_| {
        let body = json!({"access_token": token}).to_string();
        answer("200 OK", "", body.as_bytes())
    });
    let realm = format!("http://{}/token", tokens.await.address);
    let challenge =
        format!("www-authenticate: Bearer realm=\"{realm}\",service=\"notes\",scope=\"x\"\r\n");
    Played::start(move |_| answer("401 Unauthorized", &challenge, b"")).await
}

#[tokio::test]
async fn a_registry_that_wants_a_token_is_shown_the_one_that_its_server_gave() {
    let played = wanting_a_token("abc").await;
    let error = with_password(&played).pull(&played.reference()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, OciError::Denied { .. }), "{error}");
    let requests = played.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(!requests[0].contains("authorization"), "{requests:?}");
    assert!(
        requests[1].contains("authorization: Bearer abc\r\n"),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_token_that_is_no_header_is_an_error_and_nothing_worse() {
    let played = wanting_a_token("a\r\nx: y").await;
    let error = refusal(&played).await;
    assert!(matches!(error, OciError::Protocol { .. }), "{error}");
}

#[tokio::test]
async fn a_password_goes_to_no_server_that_nothing_is_encrypted_to() {
    let challenge = "www-authenticate: Bearer realm=\"http://tokens.example.org/token\"\r\n";
    let played = Played::start(move |_| answer("401 Unauthorized", challenge, b"")).await;
    let error = with_password(&played).pull(&played.reference()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, OciError::Redirect { .. }), "{error}");
}

#[tokio::test]
async fn words_of_a_registry_are_repeated_on_one_line_and_not_at_length() {
    let played = Played::start(|_| {
        let message = format!("line\n\u{1b}[31m{}", "x".repeat(10_000));
        let body = json!({"errors": [{"code": "UNKNOWN", "message": message}]});
        answer("500 Internal Server Error", "", body.to_string().as_bytes())
    });
    let words = refusal(&played.await).await.to_string();
    assert!(words.contains("500") && words.contains("line"), "{words}");
    assert!(
        words.len() < 600 && !words.contains(['\n', '\u{1b}']),
        "{words}"
    );
}
