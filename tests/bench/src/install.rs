//! From the request that installs an extension to its first answer.

use std::time::Instant;

use anyhow::Result;
use koi_measure::calling::Calling;
use koi_tests::{Admin, Node, NodeBuilder};
use serde_json::{Value, json};

use crate::report::{Report, Unit};
use crate::rounds::Series;

/// An extension that is installed, and the tool that is called.
struct Installed {
    /// Its code is in the cache.
    warm: &'static str,
    /// It is compiled first.
    cold: &'static str,
    /// What has been built.
    guest: &'static str,
    /// What it calls itself.
    name: &'static str,
    tool: &'static str,
    /// Milliseconds that it may take with its code in the cache.
    at_most: f64,
    /// How many times it is compiled.
    compiled: usize,
}

const ALL: [Installed; 2] = [
    Installed {
        warm: "install.rust",
        cold: "install.rust.cold",
        guest: "echo",
        name: "echo",
        tool: "echo",
        at_most: 25.0,
        compiled: 5,
    },
    Installed {
        warm: "install.python",
        cold: "install.python.cold",
        guest: "test-python",
        name: "python-guest",
        tool: "python_shout",
        at_most: 120.0,
        // Half a minute each.
        compiled: 1,
    },
];

const ROUNDS: usize = 15;

/// Rows: milliseconds from the request on the admin API to the first answer to an MCP client, where the
/// code has to be compiled, and where it is in the cache and nothing of the extension is in memory.
pub async fn measure(report: &mut Report) -> Result<()> {
    for installed in ALL {
        if report.wants(&[installed.warm, installed.cold]) {
            installed.measure(report).await?;
        }
    }
    Ok(())
}

impl Installed {
    async fn measure(self, report: &mut Report) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let node = NodeBuilder::new("bench", &folder.path().join("node"))
            .env("KOI_MCP_LOG__LEVEL", "info")
            .own_code()
            .start();
        let admin = Admin::of(&node)?;
        let component = koi_tests::guest(self.guest);
        let (mut cold, mut warm) = (Series::default(), Series::default());
        for number in 0..report.pace().count(self.compiled) {
            let component = numbered(&component, number);
            cold.add(self.time(&node, &admin, component).await?);
        }
        for _ in 0..report.pace().rounds(ROUNDS) {
            let component = numbered(&component, 0);
            warm.add(self.time(&node, &admin, component).await?);
        }
        report.within(self.warm, Unit::Milliseconds, &warm, self.at_most);
        report.figure(self.cold, Unit::Milliseconds, &cold);
        Ok(())
    }

    /// Installs it, calls it once, and removes it again; milliseconds to the answer.
    async fn time(&self, node: &Node, admin: &Admin, component: Vec<u8>) -> Result<f64> {
        let arguments: Value = json!({"text": "hello"});
        let start = Instant::now();
        admin.install(component).await?;
        // Compiling may take longer than a server keeps an idle connection.
        let mut client = Calling::connect(&node.mcp_url).await?;
        client.call(self.tool, &arguments).await?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        admin.remove(self.name).await?;
        Ok(took)
    }
}

/// The component with a section of its own behind it, which makes it another one.
fn numbered(component: &[u8], number: usize) -> Vec<u8> {
    let mut bytes = component.to_vec();
    // A custom section (0) of seven bytes: a name of two bytes, and the number.
    bytes.extend([0, 7, 2, b'n', b'o']);
    bytes.extend((number as u32).to_le_bytes());
    bytes
}
