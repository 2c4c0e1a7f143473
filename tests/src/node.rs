//! A real koi-mcp node in a process of its own.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::{Process, extension, program};

/// A running node.
#[derive(Debug)]
pub struct Node {
    /// Its process.
    pub process: Process,
    /// Its RID.
    pub rid: String,
    /// Its public key.
    pub public_key: String,
    /// Base URL of its KOI-net server.
    pub koi_url: String,
    /// URL of its MCP endpoint.
    pub mcp_url: String,
    /// Base URL of its admin API.
    pub admin_url: String,
    /// Its data folder.
    pub data_dir: PathBuf,
}

/// How to start a node.
#[derive(Debug)]
pub struct NodeBuilder {
    command: Command,
    data_dir: PathBuf,
    own_code: bool,
}

impl NodeBuilder {
    /// A node with free ports on a data folder.
    #[must_use]
    pub fn new(name: &str, data_dir: &Path) -> Self {
        let mut command = Command::new(program("koi-mcp"));
        command
            .args([
                "serve",
                "--json",
                "--name",
                name,
                "--koi-listen",
                "127.0.0.1:0",
            ])
            .args(["--mcp-listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .current_dir(data_dir.parent().unwrap_or(data_dir))
            .env(
                "KOI_MCP_LOG__LEVEL",
                "info,koi_net=debug,koi_pipeline=debug",
            );
        Self {
            command,
            data_dir: data_dir.to_owned(),
            own_code: false,
        }
    }

    /// Compiles all that it is given. Otherwise a node on a new data folder takes the code that others
    /// have compiled, as one that was started again does: compiling the same components for each node
    /// is most of what the tests would do.
    #[must_use]
    pub fn own_code(mut self) -> Self {
        self.own_code = true;
        self
    }

    /// Further flags of `koi-mcp serve`; of a flag given twice the last counts.
    #[must_use]
    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(args);
        self
    }

    /// Further environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it through another program, which is given its command line and becomes it.
    ///
    /// # Panics
    /// If no program is named.
    #[must_use]
    pub fn through(mut self, launcher: &[&str]) -> Self {
        let (program, arguments) = launcher.split_first().expect("a program");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(self.command.get_program())
            .args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        self.command = command;
        self
    }

    /// Starts one that has to refuse to; what it said.
    ///
    /// # Panics
    /// If it starts, and ends well.
    #[must_use]
    pub fn refusal(mut self) -> String {
        let output = self.command.output().unwrap();
        assert!(!output.status.success(), "{:?} succeeded", self.command);
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Starts it; its log is appended to `node.log` beside the data folder.
    ///
    /// # Panics
    /// If it does not become ready.
    #[must_use]
    pub fn start(mut self) -> Node {
        if !self.own_code && !self.data_dir.exists() {
            share_code(&self.data_dir);
        }
        let log = self.data_dir.with_extension("log");
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let (process, ready) = Process::start(self.command.stderr(Stdio::from(log)));
        assert_eq!(ready["event"], "ready", "{ready}");
        let text = |member: &str| ready[member].as_str().unwrap_or_default().to_owned();
        Node {
            process,
            rid: text("node_rid"),
            public_key: text("public_key"),
            koi_url: text("koi_url"),
            mcp_url: text("mcp_url"),
            admin_url: text("admin_url"),
            data_dir: self.data_dir,
        }
    }
}

/// The compiled code that all tests share, and the key of its seals.
#[must_use]
pub fn shared_code() -> (PathBuf, [u8; 32]) {
    (program("koi-mcp").with_file_name("test-code"), [7; 32])
}

/// Makes a data folder whose compiled code is that of all tests, beside their programs.
///
/// # Panics
/// If there is one.
pub fn share_code(data_dir: &Path) {
    let (code, key) = shared_code();
    for folder in [&code, data_dir] {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .unwrap();
    }
    symlink(&code, data_dir.join("code")).unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(data_dir.join("code.key"))
        .and_then(|mut file| file.write_all(&key))
        .unwrap();
}

impl Node {
    /// What the node has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data_dir.with_extension("log")).unwrap_or_default()
    }

    /// Runs a command of `koi-mcp` against this node.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Output {
        Command::new(program("koi-mcp"))
            .args(args)
            .arg("--data-dir")
            .arg(&self.data_dir)
            .current_dir(self.data_dir.parent().unwrap_or(&self.data_dir))
            .output()
            .unwrap()
    }

    /// Runs a command that has to succeed and print JSON.
    ///
    /// # Panics
    /// If it does not.
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.command(&[args, &["--json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{args:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    /// Runs a command that has to fail; what it said.
    ///
    /// # Panics
    /// If it succeeds.
    #[must_use]
    pub fn refusal(&self, args: &[&str]) -> String {
        let output = self.command(args);
        assert!(!output.status.success(), "{args:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Installs a built extension with all that it asks for.
    pub fn install(&self, name: &str) -> Value {
        let file = extension(name);
        self.json(&[
            "extension",
            "install",
            &file.to_string_lossy(),
            "--grant-asked",
        ])
    }

    /// The stored bundle, if there is one.
    #[must_use]
    pub fn read(&self, rid: &str) -> Option<Value> {
        let output = self.command(&["read", rid]);
        output
            .status
            .success()
            .then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The dead letters.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Value> {
        serde_json::from_value(self.json(&["dead-letters", "list"])).unwrap()
    }
}
