//! Who is let in over HTTP.

use serde_json::Value;

use crate::start;

#[tokio::test]
async fn the_admin_api_serves_its_token_and_no_web_page() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let token = std::fs::read_to_string(node.data_dir.join("admin.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |headers: &[(&str, &str)]| {
        let mut request = http.get(format!("{}/v1/extensions", node.admin_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        if status != 200 {
            let problem: Value = response.json().await.unwrap();
            assert!(problem["detail"].is_string(), "{problem}");
        }
        status
    };
    assert_eq!(status(&[("Authorization", &bearer)]).await, 200);
    assert_eq!(status(&[]).await, 401);
    assert_eq!(status(&[("Authorization", "Bearer 0000")]).await, 401);
    assert_eq!(
        status(&[("Authorization", &bearer), ("Origin", "http://127.0.0.1")]).await,
        403
    );
    assert_eq!(
        status(&[("Authorization", &bearer), ("Host", "evil.example.com")]).await,
        403
    );
    let response = http
        .get(format!("{}/v1/nothing", node.admin_url))
        .send()
        .await
        .unwrap();
    assert_ne!(response.status().as_u16(), 200);
}

#[tokio::test]
async fn the_mcp_endpoint_serves_no_foreign_web_page() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (name, value) in [
        ("Origin", "https://evil.example.com"),
        ("Host", "evil.example.com"),
    ] {
        let request = http
            .post(&node.mcp_url)
            .header(name, value)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        assert_eq!(
            request.send().await.unwrap().status().as_u16(),
            403,
            "{name}"
        );
    }
}
