//! Reaches out of its sandbox in every way that there is a grant for: for tests.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use koi_extension::http::Request;
use koi_extension::prelude::*;
use koi_extension::secrets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Fetch {
    method: String,
    url: String,
    #[serde(default)]
    body: String,
}

#[derive(Serialize, JsonSchema)]
struct Fetched {
    status: u16,
    location: Option<String>,
    body: String,
}

#[derive(Deserialize, JsonSchema)]
struct Secret {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Path {
    path: String,
}

#[derive(Deserialize, JsonSchema)]
struct Write {
    path: String,
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Link {
    original: String,
    link: String,
}

#[derive(Serialize, JsonSchema)]
struct Text {
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct Environment {
    variables: BTreeMap<String, String>,
}

struct Reach;

impl Extension for Reach {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .requests(["*:http://*:*", "*:http://localhost:*"])
            .reads_files("/read")
            .writes_files("/write")
            .environment(["PATH", "HOME"])
            .asks_secrets(["TOKEN"])
    }
}

impl Tools for Reach {
    fn toolbox() -> Toolbox {
        Toolbox::new()
            .tool(Tool::new("fetch", "Sends an HTTP request"), fetch)
            .tool(
                Tool::new("placeholder", "What stands for a secret"),
                |Secret { name }| {
                    let text = secrets::placeholder(&name)?;
                    Ok(Text { text })
                },
            )
            .tool(Tool::new("read_file", "Reads a file"), |Path { path }| {
                let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
                Ok(Text { text })
            })
            .tool(
                Tool::new("write_file", "Writes a file"),
                |Write { path, text }| {
                    fs::write(&path, text).map_err(|error| failed(&path, &error))?;
                    Ok(Text { text: path })
                },
            )
            .tool(
                Tool::new("link", "Makes a hard link"),
                |Link { original, link }| {
                    fs::hard_link(original, &link).map_err(|error| failed(&link, &error))?;
                    Ok(Text { text: link })
                },
            )
            .tool(
                Tool::new("environment", "All environment variables"),
                |_: koi_extension::NoArguments| {
                    Ok(Environment {
                        variables: std::env::vars().collect(),
                    })
                },
            )
    }
}

fn fetch(Fetch { method, url, body }: Fetch) -> Result<Fetched> {
    let answer = Request::new(method, url).body(body).send()?;
    Ok(Fetched {
        status: answer.status,
        location: answer.header("location").map(str::to_owned),
        body: answer.text()?.to_owned(),
    })
}

fn failed(path: &str, error: &io::Error) -> Error {
    Error::permanent(format!("{path}: {error}"))
}

koi_extension::export!(Reach: Tools);
