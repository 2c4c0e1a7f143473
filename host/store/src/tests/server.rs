//! PostgreSQL servers for tests: in a temporary folder, at a socket in it, gone with the process.
//!
//! A shell stands between: it ends its server and removes the folder when its standard input is
//! closed, which a killed test process does as well as one that ends.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, mpsc};
use std::time::Duration;

use crate::postgres::Settings;

/// `stop` and `start` are lines of its input; `crash` is a stop that finishes nothing.
const SUPERVISOR: &str = r#"
    exec 2>&1
    trap '' INT TERM HUP
    bin=$1 folder=$2 pid=
    shift 2
    start() {
        "$bin/postgres" -D "$folder/data" -k "$folder" "$@" \
            -c max_connections=400 -c shared_buffers=32MB </dev/null &
        pid=$!
    }
    end() { kill -"$1" "$pid" && wait "$pid"; }
    "$bin/initdb" -D "$folder/data" -U koi -A trust -E UTF8 --no-locale --no-sync || exit 1
    start "$@"
    while read -r line; do
        case $line in
            start) start "$@" ;;
            stop) end INT ;;
            crash) end QUIT ;;
        esac
    done
    end QUIT
    rm -rf "$folder"
"#;

const READY: &str = "database system is ready to accept connections";
const DOWN: &str = "database system is shut down";

/// How long a server may take to come or go.
const LONGEST: Duration = Duration::from_secs(60);

/// A server of one's own, to be stopped and started.
pub(crate) struct Server {
    folder: PathBuf,
    supervisor: Mutex<Child>,
    said: Mutex<mpsc::Receiver<String>>,
    schemas: AtomicU32,
}

/// The one that all tests share that leave it alone.
static SHARED: LazyLock<Server> = LazyLock::new(Server::start);

/// A place on the shared server where nothing is yet.
pub(crate) fn settings() -> Settings {
    SHARED.settings()
}

impl Server {
    /// Starts a new one, and waits until it takes connections.
    pub(crate) fn start() -> Self {
        Self::start_with(&[], &["-c", "listen_addresses="])
    }

    /// Starts one that takes TLS connections at a port of this machine, as `localhost`, with a
    /// certificate and its key, PEM.
    pub(crate) fn start_secured(port: u16, certificate: &str, key: &str) -> Self {
        let port = port.to_string();
        let files = [("server.crt", certificate), ("server.key", key)];
        let arguments = [
            "-c",
            "listen_addresses=localhost",
            "-c",
            "ssl=on",
            "-c",
            "ssl_cert_file=../server.crt",
            "-c",
            "ssl_key_file=../server.key",
            "-p",
            &port,
        ];
        Self::start_with(&files, &arguments)
    }

    fn start_with(files: &[(&str, &str)], arguments: &[&str]) -> Self {
        // Not where `TMPDIR` says: the path of a socket is short, and another user has to get there.
        let folder = tempfile::tempdir_in("/tmp").unwrap().keep();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        for (name, text) in files {
            let file = folder.join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        }
        let programs = programs();
        let other_user = other_user();
        let is_open = is_open_to_all(&programs);
        let mut supervisor = match other_user {
            Some(user) if !is_open => let_in_as(user),
            _ => Command::new("sh"),
        };
        supervisor.args(["-c", SUPERVISOR, "sh"]);
        supervisor
            .arg(&programs)
            .arg(&folder)
            .args(arguments)
            .current_dir(&folder);
        if let Some((user, group)) = other_user {
            let inside = files.iter().map(|(name, _)| folder.join(name));
            for path in inside.chain([folder.clone()]) {
                chown(path, Some(user), Some(group)).unwrap();
            }
            if is_open {
                supervisor.uid(user).gid(group);
            }
        }
        // Of its own group, so that an interrupt from a terminal comes by the closed input alone.
        let mut supervisor = supervisor
            .process_group(0)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = lines(supervisor.stdout.take().unwrap());
        let server = Self {
            folder,
            supervisor: Mutex::new(supervisor),
            said: Mutex::new(said),
            schemas: AtomicU32::new(0),
        };
        server.wait_for(READY);
        server
    }

    /// A schema that nobody else has.
    pub(crate) fn settings(&self) -> Settings {
        let number = self.schemas.fetch_add(1, Ordering::Relaxed);
        Settings {
            url: format!("host={} user=koi dbname=postgres", self.folder.display()),
            roots: None,
            schema: Some(format!("Store \"{number}\"")),
            readers: 4,
        }
    }

    /// Shuts it down as an operator does, or lets it die.
    pub(crate) fn stop(&self, how: Stop) {
        match how {
            Stop::Shutdown => self.say("stop"),
            Stop::Crash => self.say("crash"),
        }
        self.wait_for(DOWN);
    }

    /// Starts it again, and waits until it takes connections.
    pub(crate) fn start_again(&self) {
        self.say("start");
        self.wait_for(READY);
    }

    fn say(&self, word: &str) {
        let mut supervisor = self.supervisor.lock().unwrap();
        writeln!(supervisor.stdin.as_mut().unwrap(), "{word}").unwrap();
    }

    fn wait_for(&self, what: &str) {
        let said = self.said.lock().unwrap();
        let mut before = Vec::new();
        while let Ok(line) = said.recv_timeout(LONGEST) {
            let is_it = line.contains(what);
            before.push(line);
            if is_it {
                return;
            }
        }
        panic!(
            "PostgreSQL did not get to say {what:?}:\n{}",
            before.join("\n")
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closes its input first.
        let _ = self.supervisor.lock().unwrap().wait();
    }
}

/// How a server ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    Shutdown,
    Crash,
}

/// What a server says, read to its end so that it never waits for a reader.
fn lines(output: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more when the server is thrown away.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// The folder of `initdb` and `postgres`: among the tools of the tests, on the path, or where Debian
/// keeps it.
fn programs() -> PathBuf {
    let tools =
        std::env::var_os("KOI_TEST_TOOLS").map(|tools| Path::new(&tools).join("postgresql/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut installed: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    installed.sort();
    tools
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(installed.into_iter().rev())
        .find(|folder| {
            ["initdb", "postgres"]
                .iter()
                .all(|name| folder.join(name).is_file())
        })
        .expect("PostgreSQL is not there: run cargo xtask test, which fetches it, or install it")
}

/// Whether every user may go into a folder.
fn is_open_to_all(folder: &Path) -> bool {
    let folder = folder.canonicalize().unwrap();
    folder
        .ancestors()
        .all(|folder| std::fs::metadata(folder).unwrap().mode() & 0o1 != 0)
}

/// A shell of another user that may go where we may: into a folder of root's, where the tools of the
/// tests may be.
fn let_in_as((user, group): (u32, u32)) -> Command {
    let mut shell = Command::new("setpriv");
    shell
        .args(["--reuid", &user.to_string(), "--regid", &group.to_string()])
        .args(["--clear-groups", "--inh-caps", "+dac_override"])
        .args(["--ambient-caps", "+dac_override", "sh"]);
    shell
}

/// The user and group that the server runs as if we are root, whom PostgreSQL does not run for.
fn other_user() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>());
        let fields = fields.find(|fields| fields[0] == name)?;
        Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    Some(found.expect("there is neither a user postgres nor a user nobody to run PostgreSQL as"))
}
