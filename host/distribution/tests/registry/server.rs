//! docker-registry for tests: on a free port of the loopback, its data in a temporary folder, gone with
//! the process that started it.
//!
//! A shell stands between: it ends its registry when its standard input is closed, which a killed test
//! process does as well as one that ends.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const SUPERVISOR: &str = r#"
    exec 2>&1
    trap '' INT TERM HUP
    "$1" serve "$2" </dev/null &
    pid=$!
    while read -r line; do :; done
    kill "$pid"
    wait "$pid"
"#;

/// What it says before its address.
const READY: &str = "listening on ";

/// How long it may take to come.
const LONGEST: Duration = Duration::from_secs(60);

/// Whom a registry with a password knows; the password is [`PASSWORD`].
pub const USER: &str = "alice";
pub const PASSWORD: &str = "hunter2-hunter2";
const HTPASSWD: &str = "alice:$2y$05$abcdefghijklmnopqrstuuM6LdIRFtSO2kPdsnQR8QqPt6tFqthsy\n";

/// A running registry.
pub struct Server {
    /// Its host and port.
    pub address: String,
    folder: tempfile::TempDir,
    supervisor: Child,
}

impl Server {
    /// One that lets everybody do everything.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// One that asks for a name and a password.
    pub fn start_with_password() -> Self {
        Self::start_with("auth: {htpasswd: {realm: test, path: FOLDER/htpasswd}}\n")
    }

    fn start_with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        let configuration = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {at}/data}}}}\n\
             http: {{addr: '127.0.0.1:0', secret: test}}\n{}",
            more.replace("FOLDER", &at)
        );
        let file = folder.path().join("registry.yml");
        std::fs::write(&file, configuration).unwrap();
        std::fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        // Of its own group, so that an interrupt from a terminal comes by the closed input alone.
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "sh"])
            .arg(program("docker-registry"))
            .arg(&file)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(supervisor.stdout.take().unwrap());
        let (sender, said) = mpsc::channel();
        // To its end, so that it never waits for a reader.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut before = Vec::new();
        let address = loop {
            let Ok(line) = said.recv_timeout(LONGEST) else {
                panic!("docker-registry does not listen:\n{}", before.join("\n"));
            };
            if let Some((_, rest)) = line.split_once(READY) {
                let is_in_it = |letter: char| letter.is_ascii_digit() || ".:".contains(letter);
                break rest
                    .chars()
                    .take_while(|letter| is_in_it(*letter))
                    .collect();
            }
            before.push(line);
        };
        Self {
            address,
            folder,
            supervisor,
        }
    }

    /// The file in which it keeps the bytes of a digest (64 hexadecimal digits).
    pub fn blob(&self, hex: &str) -> PathBuf {
        let blobs = "data/docker/registry/v2/blobs/sha256";
        let start = &hex[..2];
        self.folder
            .path()
            .join(blobs)
            .join(start)
            .join(hex)
            .join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closes its input first.
        let _ = self.supervisor.wait();
    }
}

/// A program of the tests' tools, or on the path.
pub fn program(name: &str) -> PathBuf {
    let tools = std::env::var_os("KOI_TEST_TOOLS");
    let tools = tools.map(|tools| Path::new(&tools).join("registry/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    tools
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not there: run cargo xtask test, which fetches it"))
}
