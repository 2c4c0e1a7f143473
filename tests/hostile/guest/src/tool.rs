//! The tool: each way to misbehave has a name.

use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

use koi_extension::bindings::imports::koi::extension::types::{
    Error as WitError, ErrorKind as WitKind,
};
use koi_extension::bindings::imports::koi::extension::{caller, knowledge, network};
use koi_extension::keyvalue::Bucket;
use koi_extension::log::{Level, log};
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::knowledge::{AGAIN_RID as AGAIN, spin, trap};
use crate::{FOREIGN, Hostile};

#[derive(Deserialize, JsonSchema)]
struct Hostility {
    /// What to do.
    way: String,
    /// With what, where the way needs something.
    #[serde(default)]
    with: String,
}

impl Tools for Hostile {
    fn toolbox() -> Toolbox {
        let tool = Tool::new("hostile", "Does what it must not do");
        Toolbox::new().tool(tool, |hostility: Hostility| {
            run(&hostility.way, &hostility.with)
        })
    }
}

fn run(way: &str, with: &str) -> Result<Value> {
    match way {
        "spin" => spin(),
        "trap" => trap(),
        "panic" => std::process::exit(7),
        "sleep" => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        "wait-busily" => loop {
            std::hint::black_box(Instant::now());
        },
        "print" => loop {
            println!("{}", "chatter ".repeat(1000));
        },
        "print-without-end" => {
            print!("{}", "x".repeat(48 << 20));
            Ok(json!({}))
        }
        "forge-log" => {
            println!("innocent\r2026-01-01T00:00:00Z ERROR koi_mcp: forged\x1b[2J\x1b]0;title\x07");
            log(Level::Info, "innocent\nERROR", "innocent\nERROR forged");
            Ok(json!({}))
        }
        "progress" => loop {
            caller::progress(f64::NAN, Some(f64::INFINITY), Some("still there"));
        },
        "tell-no-json" => {
            caller::log("loud", "no JSON {");
            Ok(json!({}))
        }
        "fail-at-length" => Err(Error::permanent("sorry ".repeat(500_000))),
        "answer-at-length" => Ok(json!({ "text": "x".repeat(32 << 20) })),
        "read-file" => told(std::fs::read_to_string(with)),
        "list-folder" => told(std::fs::read_dir(with).map(|folder| folder.count())),
        "write-file" => told(std::fs::write(with, "written")),
        "connect" => told(TcpStream::connect(with).map(|_| ())),
        "send-datagram" => told(UdpSocket::bind("0.0.0.0:0").map(|_| ())),
        "look-up" => told(with.to_socket_addrs().map(|found| found.count())),
        "environment" => Ok(json!(std::env::vars().collect::<Vec<_>>())),
        "arguments" => Ok(json!(std::env::args().collect::<Vec<_>>())),
        "input" => {
            let mut input = Vec::new();
            told(std::io::stdin().read_to_end(&mut input))
        }
        "say" => Ok(json!({ "text": with })),
        "fail-with" => Err(Error::permanent(with)),
        "print-this" => {
            println!("{with}");
            log(Level::Error, with, with);
            Ok(json!({}))
        }
        "publish-this" => {
            let said = json!({ "text": with }).to_string();
            heard(knowledge::publish(AGAIN, &said).map(|made| made.rid))
        }
        "publish" => heard(knowledge::publish(with, "{}").map(|made| made.rid)),
        "publish-no-json" => heard(knowledge::publish(FOREIGN, with).map(|made| made.rid)),
        "read" => heard(knowledge::read(with).map(|found| found.is_some())),
        "dereference" => heard(knowledge::dereference(with).map(|found| found.is_some())),
        "query" => heard(knowledge::query(with, "{}").map(|page| page.bundles.len())),
        "forget" => heard(knowledge::forget(with)),
        "neighbours" => heard(network::neighbours().map(|nodes| nodes.len())),
        "node-name" => Ok(json!(network::this_node())),
        "open-bucket" => Bucket::open(with).map(|_| json!({})),
        "store-without-end" => {
            let bucket = Bucket::open("default")?;
            for number in 0_u64.. {
                bucket.set(&format!("key-{number}"), vec![85; 512 << 10])?;
            }
            Ok(json!({}))
        }
        "store-many" => {
            let bucket = Bucket::open("default")?;
            let entries: Vec<_> = (0..300_000)
                .map(|n| (format!("key-{n}"), vec![85; 1]))
                .collect();
            bucket.set_many(&entries)?;
            Ok(json!({}))
        }
        "store-long-key" => {
            Bucket::open("default")?.set(&"k".repeat(1 << 20), "v")?;
            Ok(json!({}))
        }
        "open-many-buckets" => {
            let mut open = Vec::new();
            loop {
                open.push(Bucket::open("default")?);
            }
        }
        _ => Err(Error::invalid_input(format!("there is no way `{way}`"))),
    }
}

/// What the standard library got.
fn told<T: Into<Told>>(result: std::io::Result<T>) -> Result<Value> {
    match result {
        Ok(got) => Ok(json!({ "got": got.into().0 })),
        Err(error) => Err(Error::denied(format!("{:?}: {error}", error.kind()))),
    }
}

/// Something that was got, as JSON.
struct Told(Value);

impl From<()> for Told {
    fn from((): ()) -> Self {
        Self(Value::Null)
    }
}

impl From<String> for Told {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<usize> for Told {
    fn from(count: usize) -> Self {
        Self(count.into())
    }
}

/// What the host said.
fn heard<T: serde::Serialize>(result: Result<T, WitError>) -> Result<Value> {
    match result {
        Ok(got) => Ok(json!({ "got": got })),
        Err(WitError { kind, message }) => Err(match kind {
            WitKind::Denied => Error::denied(message),
            WitKind::InvalidInput => Error::invalid_input(message),
            _ => Error::permanent(message),
        }),
    }
}
