//! One run of the suite, and what it says of a server.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use koi_tests::{Node, tool};
use serde::Deserialize;

const PROGRAM: &str = "mcp-javascript/node_modules/@modelcontextprotocol/conformance/dist/index.js";
/// What the suite puts behind a scenario's name: `-2026-11-27T23-39-47-047Z`.
const TIMESTAMP: usize = 25;
/// The suite skips them whatever the server does.
const NEVER_RUN: [&str; 1] = ["tasks-status-notifications"];

/// All that a revision of the protocol requires, and what the suite runs beside it without a score.
pub struct Requirements {
    revision: &'static str,
    /// How many scenarios that is.
    scenarios: usize,
}

/// The era of `initialize` and sessions.
pub const LEGACY: Requirements = Requirements {
    revision: "2025-11-25",
    scenarios: 33,
};

/// The era without.
pub const MODERN: Requirements = Requirements {
    revision: "2026-07-28",
    scenarios: 50,
};

/// What the suite found.
pub struct Run {
    scenarios: BTreeMap<String, Vec<Check>>,
    /// Whether it calls the server conformant.
    pub is_success: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    id: String,
    status: String,
    #[serde(default)]
    error_message: String,
}

impl Run {
    /// Runs the suite against a node, with nothing expected to fail.
    ///
    /// # Panics
    /// If the suite does not run, or not all of it.
    pub fn of(requirements: &Requirements, node: &Node, folder: &Path) -> Self {
        let results = folder.join("results");
        let baseline = folder.join("expected-failures.yaml");
        fs::write(&baseline, "server: []\n").unwrap();
        let output = Command::new(tool("node/bin/node"))
            .arg(tool(PROGRAM))
            .args(["server", "--url", &node.mcp_url])
            .args(["--requirements", requirements.revision, "--output-dir"])
            .arg(&results)
            .arg("--expected-failures")
            .arg(&baseline)
            .output()
            .unwrap();
        let run = Self {
            scenarios: read(&results),
            is_success: output.status.success(),
        };
        assert_eq!(
            run.scenarios.len(),
            requirements.scenarios,
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        run
    }

    /// The scenarios in which nothing failed, not even a piece of advice, and something was checked.
    pub fn passed(&self) -> impl Iterator<Item = &str> {
        self.scenarios
            .iter()
            .filter(|(name, checks)| checks.iter().all(|check| check.is_fine(name)))
            .map(|(name, _)| name.as_str())
    }

    /// What failed, `SCENARIO: CHECK`.
    pub fn troubles(&self) -> Vec<String> {
        let failed = |name: &str, checks: &[Check]| -> Vec<String> {
            let failed = checks.iter().filter(|check| !check.is_fine(name));
            failed
                .map(|check| format!("{name}: {}", check.id))
                .collect()
        };
        self.scenarios
            .iter()
            .flat_map(|(name, checks)| failed(name, checks))
            .collect()
    }
}

impl Check {
    /// Warnings count: what the protocol advises, this server does. What was skipped was not shown.
    fn is_fine(&self, scenario: &str) -> bool {
        match self.status.as_str() {
            "SUCCESS" | "INFO" => true,
            "SKIPPED" => NEVER_RUN.contains(&scenario),
            _ => false,
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, checks) in &self.scenarios {
            for check in checks.iter().filter(|check| !check.is_fine(name)) {
                let Check {
                    id,
                    status,
                    error_message,
                } = check;
                writeln!(f, "{name}: {id}: {status}: {error_message}")?;
            }
        }
        Ok(())
    }
}

fn read(results: &Path) -> BTreeMap<String, Vec<Check>> {
    fs::read_dir(results)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let checks = fs::read(entry.path().join("checks.json")).unwrap();
            let folder = entry.file_name().into_string().unwrap();
            let name = folder[..folder.len() - TIMESTAMP].strip_prefix("server-");
            let name = name.unwrap_or_else(|| panic!("{folder} is no scenario of a server"));
            (name.to_owned(), serde_json::from_slice(&checks).unwrap())
        })
        .collect()
}
