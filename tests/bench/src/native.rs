//! The peer of the MCP rows: the same tool in a native server with the same SDK, in the settings of
//! koi-mcp: JSON answers, sessions for the legacy era, Host and Origin checked, TCP_NODELAY, one
//! worker thread per core.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::serve::ListenerExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, ServerHandler};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalogue;
use crate::client::TOOL;

/// What the server has.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// It lists so many tools that nobody calls, in place of the one that is called.
    #[arg(long, value_name = "COUNT")]
    tools: Option<usize>,
    /// On pages of so many; all on one if left out.
    #[arg(long, value_name = "COUNT", default_value_t = usize::MAX)]
    page: usize,
}

#[derive(Serialize, Deserialize)]
struct Echo {
    text: String,
}

#[derive(Clone)]
struct Native {
    tools: Arc<[Tool]>,
    page: usize,
}

impl Native {
    fn new(settings: &Settings) -> Result<Self> {
        let tools = match settings.tools {
            None => vec![echo()?],
            Some(count) => catalogue::tools(count)
                .into_iter()
                .map(serde_json::from_value)
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            tools: tools.into(),
            page: settings.page.max(1),
        })
    }
}

fn echo() -> Result<Tool> {
    let schema = json!({
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    });
    let schema: Arc<JsonObject> = Arc::new(serde_json::from_value(schema)?);
    let mut tool = Tool::new(TOOL, "Says the text again", schema.clone());
    tool.output_schema = Some(schema);
    Ok(tool)
}

impl ServerHandler for Native {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("native", "1"))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        // The cursor is the place of the page's first tool.
        let cursor = request.and_then(|request| request.cursor);
        let from = match cursor.as_deref().map(str::parse::<usize>) {
            None => 0,
            Some(Ok(place)) if place < self.tools.len() => place,
            Some(_) => return Err(ErrorData::invalid_params("there is no such page", None)),
        };
        let end = from.saturating_add(self.page).min(self.tools.len());
        let mut result = ListToolsResult::with_all_items(self.tools[from..end].to_vec());
        result.next_cursor = (end < self.tools.len()).then(|| end.to_string());
        Ok(result)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let invalid = |problem: String| ErrorData::invalid_params(problem, None);
        if request.name != TOOL {
            return Err(invalid(format!("there is no tool {}", request.name)));
        }
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let echo: Echo = serde_json::from_value(arguments).map_err(|e| invalid(e.to_string()))?;
        let echo = serde_json::to_value(echo).map_err(|e| invalid(e.to_string()))?;
        Ok(CallToolResult::structured(echo).into())
    }
}

/// Serves on a free port, which the line of JSON on standard output names.
pub fn run(settings: Settings) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/mcp", listener.local_addr()?);
        println!("{}", json!({"event": "ready", "url": url}));
        let native = Native::new(&settings)?;
        let origins = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
        let config = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_allowed_hosts(["localhost", "127.0.0.1", "::1"])
            .with_allowed_origins(origins);
        let sessions = Arc::new(LocalSessionManager::default());
        let service = StreamableHttpService::new(move || Ok(native.clone()), sessions, config);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, Router::new().route_service("/mcp", service))
            .await
            .context("the native server has ended")
    })
}
