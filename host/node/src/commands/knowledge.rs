//! `koi-mcp publish`, `forget`, `read` and `call`.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::{Client, Publication, segment};

/// Most objects in one request.
const BATCH: usize = 500;

pub(super) async fn publish(data_dir: &Path, file: &Path, json: bool) -> Result<()> {
    let (name, text) = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        ("standard input".to_owned(), text)
    } else {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        (name, text)
    };
    let publications = parse(&text).with_context(|| {
        format!(
            "{name}: expected {{\"rid\": …, \"contents\": {{…}}}}, an array of such, or one a line"
        )
    })?;
    if publications.is_empty() {
        bail!("{name}: there is no object in it");
    }
    let client = Client::of(data_dir)?;
    for batch in publications.chunks(BATCH) {
        let answer: Value = client
            .send(client.request(Method::POST, "bundles").json(&batch))
            .await?;
        if json {
            print::json(&answer)?;
            continue;
        }
        for rid in answer["accepted"].as_array().into_iter().flatten() {
            print::line(format_args!(
                "accepted {}",
                rid.as_str().unwrap_or_default()
            ))?;
        }
    }
    Ok(())
}

/// One object, an array of objects, or objects one after the other.
fn parse(text: &str) -> serde_json::Result<Vec<Publication>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text);
    }
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect()
}

pub(super) async fn forget(data_dir: &Path, rid: &str, json: bool) -> Result<()> {
    let client = Client::of(data_dir)?;
    let request = client
        .request(Method::DELETE, "bundles")
        .query(&[("rid", rid)]);
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer)
    } else {
        print::line(format_args!("{rid} will be forgotten"))
    }
}

pub(super) async fn read(data_dir: &Path, rid: &str, schema: Option<&str>) -> Result<()> {
    let client = Client::of(data_dir)?;
    let request = client
        .request(Method::GET, "bundles")
        .query(&[("rid", Some(rid)), ("schema", schema)]);
    // Printed as it was sent, so that contents keep the order of their members.
    let bundle: Box<serde_json::value::RawValue> = client.send(request).await?;
    print::text(bundle.get())
}

/// The arguments of a tool, as the command line has them.
pub(super) fn arguments(args: &str) -> Result<Value> {
    let args: Value = serde_json::from_str(args)
        .with_context(|| format!("--args: expected a JSON object, found {args}"))?;
    if !args.is_object() {
        bail!("--args: expected a JSON object, found {args}");
    }
    Ok(args)
}

pub(super) async fn call(
    data_dir: &Path,
    tool: &str,
    args: &str,
    limits: &[String],
    version: Option<&str>,
    json: bool,
) -> Result<()> {
    let args = arguments(args)?;
    let client = Client::of(data_dir)?;
    let request = client
        .request(Method::POST, &format!("tools/{}", segment(tool)))
        .query(&[("limits", limits.join(","))])
        .query(&[("version", version)])
        .json(&args);
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer)?;
    } else if !answer["structuredContent"].is_null() {
        print::json(&answer["structuredContent"])?;
    } else {
        for block in answer["content"].as_array().into_iter().flatten() {
            match block["text"].as_str() {
                Some(text) => print::text(text)?,
                None => print::json(block)?,
            }
        }
    }
    if answer["isError"] == true {
        bail!("{tool} failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_an_array_and_lines_are_all_publications() {
        let object = r#"{"rid":"orn:a:1","contents":{"b":1,"a":2}}"#;
        assert_eq!(parse(object).unwrap().len(), 1);
        assert_eq!(parse(&format!("[{object},{object}]")).unwrap().len(), 2);
        assert_eq!(parse(&format!("{object}\n{object}\n")).unwrap().len(), 2);
        assert!(parse(r#"{"rid":"orn:a:1"}"#).is_err());
    }

    #[test]
    fn contents_keep_the_order_of_their_members() {
        let parsed = parse(r#"{"rid":"orn:a:1","contents":{"b":1,"a":2}}"#).unwrap();
        assert_eq!(parsed[0].contents.get(), r#"{"b":1,"a":2}"#);
    }
}
