//! What a user is told when the node runs.

use std::path::Path;

use serde_json::{Value, json};

/// Where things are, how a client connects, and what to try next.
pub fn text(ready: &Value, program: &Path, data_dir: &Path) -> String {
    let member = |name: &str| ready[name].as_str().unwrap_or("-").to_owned();
    let over_http = json!({"mcpServers": {"koi": {"type": "http", "url": member("mcp_url")}}});
    let arguments = [
        "mcp".into(),
        "--data-dir".into(),
        data_dir.to_string_lossy(),
    ];
    let over_stdio = json!({"mcpServers": {"koi": {
        "command": program.to_string_lossy(),
        "args": arguments,
    }}});
    let command = format!("{} --data-dir {}", program.display(), data_dir.display());
    format!(
        "
The node is running. Ctrl-C stops it.

  Node     {rid}
  KOI-net  {koi}
  MCP      {mcp}
  Data     {data}

In an MCP client's configuration, either of

  {over_http}
  {over_stdio}

To try, from another terminal

  {command} call find_datasets
  {command} publish examples/objects/datasets.json
  {command} extension install target/extensions/first-extension.wasm --grant-asked
  {command} extension list
",
        rid = member("node_rid"),
        koi = member("koi_url"),
        mcp = member("mcp_url"),
        data = data_dir.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_for_a_client_are_json_that_names_the_node() {
        let ready =
            json!({"mcp_url": "http://127.0.0.1:9000/mcp", "node_rid": "orn:koi-net.node:a+b"});
        let text = text(&ready, Path::new("/p/koi-mcp"), Path::new("/p/.koi"));
        let servers: Vec<Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line.trim()).ok())
            .collect();
        assert_eq!(
            servers[0]["mcpServers"]["koi"]["url"],
            "http://127.0.0.1:9000/mcp"
        );
        assert_eq!(servers[1]["mcpServers"]["koi"]["args"][2], "/p/.koi");
        assert!(text.contains("orn:koi-net.node:a+b"));
    }
}
