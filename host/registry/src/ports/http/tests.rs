use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use koi_runtime::ports::{Http, HttpError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::resolver::Resolver;
use super::{Egress, GrantedHttp};
use crate::grant::{Access, Grants};
use crate::testing::context;

/// Gives its answers one after another, the last one for ever.
struct Scripted {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let address = |text: &&str| text.parse().unwrap();
        let answers = answers.iter().map(|one| one.iter().map(address).collect());
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Resolver for Scripted {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let next = answers.pop_front().unwrap_or_default();
        if answers.is_empty() {
            answers.push_back(next.clone());
        }
        Ok(next)
    }
}

/// Answers every request on this machine with the same text, and tells what it was sent.
struct Server {
    port: u16,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, requests) = mpsc::unbounded_channel();
        let answer = Arc::new(answer.into());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (tell, answer) = (tell.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut seen = vec![0; 64 << 10];
                    while let Ok(count @ 1..) = stream.read(&mut seen).await {
                        let _ = tell.send(String::from_utf8_lossy(&seen[..count]).into_owned());
                        if stream.write_all(&answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, requests }
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nx-from: there\r\ncontent-length: 2\r\n\r\nhi";

fn grants(texts: &[&str]) -> Grants {
    Grants::new(texts.iter().map(|text| text.parse().unwrap())).unwrap()
}

fn http(asked: &[&str], granted: &[&str], resolver: Arc<Scripted>) -> GrantedHttp {
    let access = Access::new("a".into(), grants(asked), grants(granted));
    GrantedHttp::new(Arc::new(Egress::resolving(resolver)), Arc::new(access))
}

async fn ask(
    http: &GrantedHttp,
    method: &str,
    url: &str,
) -> Result<http::Response<Bytes>, HttpError> {
    let request = http::Request::builder().method(method).uri(url);
    let request = request.body(Bytes::new()).unwrap();
    http.exchange(&context("a"), request, None).await
}

fn denial(outcome: Result<http::Response<Bytes>, HttpError>) -> (String, String) {
    match outcome {
        Err(HttpError::Denied(denial)) => (denial.grant, denial.remedy),
        other => panic!("not denied: {other:?}"),
    }
}

const EVERYTHING: [&str; 2] = ["http=*:http://*:*", "http=*:https://*:*"];

#[tokio::test]
async fn a_granted_request_arrives_as_it_is_and_its_answer_comes_back() {
    let mut server = Server::start(OK).await;
    let url = format!("http://localhost:{}/a?b=c", server.port);
    let grant = format!("http=POST:http://localhost:{}", server.port);
    let http = http(&[&grant], &[&grant], Scripted::new(&[&["127.0.0.1"]]));
    let request = http::Request::post(&url)
        .header("authorization", "Bearer x")
        .header("user-agent", "me")
        .body(Bytes::from_static(b"body"))
        .unwrap();
    let answer = http.exchange(&context("a"), request, None).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-from"], "there");
    assert_eq!(&answer.body()[..], b"hi");
    let seen = server.requests.recv().await.unwrap();
    assert!(seen.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("authorization: Bearer x\r\n"), "{seen}");
    assert!(seen.contains("user-agent: me\r\n"), "{seen}");
    assert!(
        seen.contains(&format!("host: localhost:{}\r\n", server.port)),
        "{seen}"
    );
    assert!(seen.ends_with("\r\n\r\nbody"), "{seen}");
}

#[tokio::test]
async fn what_was_not_asked_for_and_granted_is_never_sent() {
    let rule = "http=GET:https://*.example.com";
    let resolver = Scripted::new(&[&["203.0.114.1"]]);
    let http = http(
        &[rule, "http=GET:http://other.org"],
        &[rule],
        resolver.clone(),
    );
    let cases = [
        (
            "POST",
            "https://api.example.com/",
            "http=POST:https://api.example.com",
        ),
        (
            "GET",
            "http://api.example.com/",
            "http=GET:http://api.example.com",
        ),
        (
            "GET",
            "https://api.example.com:8443/",
            "http=GET:https://api.example.com:8443",
        ),
        (
            "GET",
            "https://example.com/",
            "http=GET:https://example.com",
        ),
        (
            "GET",
            "https://example.com.evil.org/",
            "http=GET:https://example.com.evil.org",
        ),
        (
            "GET",
            "https://evilexample.com/",
            "http=GET:https://evilexample.com",
        ),
    ];
    for (method, url, grant) in cases {
        let (missing, remedy) = denial(ask(&http, method, url).await);
        assert_eq!(missing, grant, "{url}");
        assert!(remedy.contains("does not ask for it"), "{remedy}");
    }
    let (missing, remedy) = denial(ask(&http, "GET", "http://other.org/").await);
    assert_eq!(missing, "http=GET:http://other.org");
    assert!(
        remedy.ends_with("koi-mcp extension grant a http=GET:http://other.org"),
        "{remedy}"
    );
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_name_at_an_address_that_is_not_public_is_refused_unless_a_grant_names_the_address() {
    let server = Server::start(OK).await;
    let url = format!("http://inside.test:{}/", server.port);
    let resolver = || Scripted::new(&[&["127.0.0.1"]]);
    let named = format!("http=GET:http://inside.test:{}", server.port);
    let refused = http(&EVERYTHING, &[&named], resolver());
    let (missing, remedy) = denial(ask(&refused, "GET", &url).await);
    assert_eq!(
        missing,
        format!("http=GET:http://127.0.0.1:{}", server.port)
    );
    assert!(remedy.contains("`inside.test` is at 127.0.0.1"), "{remedy}");
    let range = format!("http=GET:http://127.0.0.0/8:{}", server.port);
    let allowed = http(&EVERYTHING, &[&named, &range], resolver());
    assert_eq!(ask(&allowed, "GET", &url).await.unwrap().status(), 200);
    // The address alone does not let every name through that points there.
    let only_range = http(&EVERYTHING, &[&range], resolver());
    assert_eq!(denial(ask(&only_range, "GET", &url).await).0, named);
}

#[tokio::test]
async fn no_spelling_of_this_machine_is_reached_through_a_grant_for_everybody() {
    let server = Server::start(OK).await;
    let http = http(&EVERYTHING, &EVERYTHING, Scripted::new(&[&["127.0.0.1"]]));
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "some.name",
        "127%2e0.0.1",
    ];
    for host in hosts {
        let url = format!("http://{host}:{}/", server.port);
        let request = http::Request::get(&url).body(Bytes::new());
        // What is no URI at all does not get so far.
        let Ok(request) = request else { continue };
        let outcome = http.exchange(&context("a"), request, None).await;
        let refused = matches!(outcome, Err(HttpError::Denied(_) | HttpError::Protocol(_)));
        assert!(refused, "{host}: {outcome:?}");
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let mut server = Server::start(OK).await;
    // A name that points somewhere else each time it is asked for.
    let resolver = Scripted::new(&[&["127.0.0.1"], &["127.0.0.2"], &["10.0.0.1"]]);
    let named = format!("http=GET:http://rebinding.test:{}", server.port);
    let address = format!("http=GET:http://127.0.0.1:{}", server.port);
    let http = http(&EVERYTHING, &[&named, &address], resolver.clone());
    let url = format!("http://rebinding.test:{}/", server.port);
    assert_eq!(ask(&http, "GET", &url).await.unwrap().status(), 200);
    assert!(server.requests.recv().await.is_some());
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 1);
    // The connection that is still open serves no request whose name is elsewhere now.
    for elsewhere in ["127.0.0.2", "10.0.0.1"] {
        let (missing, _) = denial(ask(&http, "GET", &url).await);
        assert!(missing.contains(elsewhere), "{missing}");
    }
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn of_several_addresses_only_those_that_are_allowed_are_tried() {
    let server = Server::start(OK).await;
    let resolver = Scripted::new(&[&["10.255.255.1", "127.0.0.1", "::1"]]);
    let named = format!("http=GET:http://many.test:{}", server.port);
    let address = format!("http=GET:http://127.0.0.1:{}", server.port);
    let http = http(&EVERYTHING, &[&named, &address], resolver);
    let url = format!("http://many.test:{}/", server.port);
    assert_eq!(ask(&http, "GET", &url).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_redirect_is_not_followed_but_told_and_checked_when_the_guest_follows_it() {
    let to = "http://169.254.169.254/latest";
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let server = Server::start(redirect).await;
    let grant = format!("http=GET:http://localhost:{}", server.port);
    let http = http(
        &EVERYTHING,
        &[&grant, "http=GET:http://*"],
        Scripted::new(&[&["127.0.0.1"]]),
    );
    let url = format!("http://localhost:{}/", server.port);
    let answer = ask(&http, "GET", &url).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], to);
    assert_eq!(
        denial(ask(&http, "GET", to).await).0,
        "http=GET:http://169.254.169.254"
    );
}

#[tokio::test]
async fn a_guest_says_nothing_about_the_connection() {
    let mut server = Server::start(OK).await;
    let grant = format!("http=*:http://localhost:{}", server.port);
    let http = http(&[&grant], &[&grant], Scripted::new(&[&["127.0.0.1"]]));
    let request = http::Request::post(format!("http://localhost:{}/", server.port))
        .header("host", "victim.example")
        .header("content-length", "987654321")
        .header("transfer-encoding", "chunked")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("proxy-authorization", "Basic x")
        .body(Bytes::from_static(b"four"))
        .unwrap();
    http.exchange(&context("a"), request, None).await.unwrap();
    let seen = server.requests.recv().await.unwrap();
    assert!(
        seen.contains(&format!("host: localhost:{}\r\n", server.port)),
        "{seen}"
    );
    assert!(seen.contains("content-length: 4\r\n"), "{seen}");
    for name in ["victim", "chunked", "upgrade", "proxy-", "987654321"] {
        assert!(!seen.contains(name), "{name}: {seen}");
    }
}

#[tokio::test]
async fn a_url_with_a_user_name_and_a_tunnel_are_refused() {
    let http = http(&EVERYTHING, &EVERYTHING, Scripted::new(&[&["127.0.0.1"]]));
    for (method, url) in [
        ("GET", "http://public.example@localhost/"),
        ("GET", "http://a:b@public.example/"),
        ("CONNECT", "http://public.example/"),
    ] {
        let outcome = ask(&http, method, url).await;
        assert!(
            matches!(outcome, Err(HttpError::Protocol(_))),
            "{url}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_response_is_bounded_whether_it_says_so_or_not() {
    let announced = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
        (16 << 20) + 1
    );
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(17)
    );
    for answer in [announced, chunked] {
        let server = Server::start(answer).await;
        let grant = format!("http=GET:http://localhost:{}", server.port);
        let http = http(&[&grant], &[&grant], Scripted::new(&[&["127.0.0.1"]]));
        let outcome = ask(&http, "GET", &format!("http://localhost:{}/", server.port)).await;
        assert!(
            matches!(outcome, Err(HttpError::TooLarge(_))),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_waited_for_until_the_time_is_over() {
    let server = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
    let grant = format!("http=GET:http://localhost:{}", server.port);
    let http = http(&[&grant], &[&grant], Scripted::new(&[&["127.0.0.1"]]));
    let request = http::Request::get(format!("http://localhost:{}/", server.port));
    let request = request.body(Bytes::new()).unwrap();
    let time_out = Some(Duration::from_millis(200));
    let outcome = http.exchange(&context("a"), request, time_out).await;
    let Err(HttpError::TimedOut(told)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        told.contains("`localhost`") && told.contains("200 ms"),
        "{told}"
    );
}

#[tokio::test]
async fn a_revoked_grant_stops_the_next_request() {
    let server = Server::start(OK).await;
    let grant = format!("http=GET:http://localhost:{}", server.port);
    let access = Arc::new(Access::new(
        "a".into(),
        grants(&[&grant]),
        grants(&[&grant]),
    ));
    let egress = Egress::resolving(Scripted::new(&[&["127.0.0.1"]]));
    let http = GrantedHttp::new(Arc::new(egress), access.clone());
    let url = format!("http://localhost:{}/", server.port);
    assert!(ask(&http, "GET", &url).await.is_ok());
    access.grant(Grants::default());
    assert_eq!(denial(ask(&http, "GET", &url).await).0, grant);
}
