//! Python programs from a process that has imported what they import, `tests/peers/warm.py`: of the seconds of a
//! processor that such a program takes to get ready, nearly all are for that.
//!
//! Each program runs in a process of its own all the same, which can be killed like any other. It fails as all of this
//! crate, by a panic: where a program is not started in time, also because its imports fail, which stands on standard
//! error.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use crate::wait::GLANCE;
use crate::{PATIENCE, repository};

/// An interpreter and a program.
type Kind = (PathBuf, PathBuf);

/// The processes that start them. They end with this one, whose end closes their standard input.
static WARM: Mutex<BTreeMap<Kind, (Child, ChildStdin)>> = Mutex::new(BTreeMap::new());

/// A program that was started.
#[derive(Debug)]
pub struct Started {
    /// The process's id.
    pub id: u32,
    /// Its standard input and output.
    pub stream: UnixStream,
    keeper: BufReader<UnixStream>,
    ended: Option<Option<i32>>,
}

impl Started {
    /// Starts what a command says: an interpreter, a program, and its arguments and environment.
    ///
    /// # Panics
    /// If it cannot be started in time.
    pub fn of(command: &Command, silent: bool) -> Self {
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let mut arguments = command.get_args().map(text);
        let program = arguments.next().expect("a program");
        let environment: BTreeMap<String, String> = command
            .get_envs()
            .filter_map(|(name, value)| Some((text(name), text(value?))))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let order = json!({
            "socket": socket,
            "arguments": Vec::from_iter(arguments),
            "environment": environment,
            "silent": silent,
        });
        let kind = (command.get_program().into(), program.into());
        send(kind, &order);
        let mut keeper = BufReader::new(accepted(&listener, command));
        let mut line = String::new();
        keeper.read_line(&mut line).unwrap();
        Self {
            id: number(&line, "pid").unwrap_or_else(|| panic!("{command:?}: {line}")),
            stream: accepted(&listener, command),
            keeper,
            ended: None,
        }
    }

    /// Its exit code if it has ended, none in place of the code if a signal ended it.
    pub fn try_wait(&mut self) -> Option<Option<i32>> {
        self.keeper.get_ref().set_nonblocking(true).unwrap();
        self.hear()
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) {
        self.keeper.get_ref().set_nonblocking(false).unwrap();
        self.hear();
    }

    fn hear(&mut self) -> Option<Option<i32>> {
        if self.ended.is_none() {
            let mut line = String::new();
            // It is sent whole.
            if self.keeper.read_line(&mut line).is_ok() {
                self.ended = Some(number(&line, "code").filter(|code| *code >= 0));
            }
        }
        self.ended
    }
}

fn send(kind: Kind, order: &Value) {
    let mut warm = WARM.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, orders) = warm.entry(kind).or_insert_with_key(|(python, program)| {
        let mut child = Command::new(python)
            .arg(repository().join("tests/peers/warm.py"))
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        (child, orders)
    });
    writeln!(orders, "{order}").unwrap();
}

fn accepted(listener: &UnixListener, command: &Command) -> UnixStream {
    listener.set_nonblocking(true).unwrap();
    let start = Instant::now();
    loop {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            return stream;
        }
        assert!(start.elapsed() < PATIENCE, "{command:?} was not started");
        std::thread::sleep(GLANCE);
    }
}

fn number<T: TryFrom<i64>>(line: &str, member: &str) -> Option<T> {
    let message: Value = serde_json::from_str(line).ok()?;
    T::try_from(message[member].as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Process, tool};

    const PROGRAM: &str = r#"
import json, os, sys

if __name__ == "__main__":
    print(json.dumps([sys.argv[1], os.environ["OF_ONE_START"], os.getpid()]), flush=True)
    sys.exit(len(sys.stdin.readline()))
"#;

    #[test]
    fn each_start_has_its_own_arguments_environment_input_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program.py");
        std::fs::write(&program, PROGRAM).unwrap();
        let start = |name: &str| {
            let mut command = Command::new(tool("mcp-client/bin/python"));
            command
                .arg(&program)
                .arg(name)
                .env("OF_ONE_START", name.repeat(2));
            let (process, said) = Process::start_python(&command, false);
            assert_eq!(said, json!([name, name.repeat(2), process.id()]));
            process
        };
        let (mut told, untold, killed) = (start("a"), start("b"), start("c"));
        told.tell(&json!([1]));
        assert_eq!(told.finish(), Some("[1]\n".len() as i32));
        assert_eq!(untold.finish(), Some(0));
        let id = killed.id();
        killed.kill();
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }
}
