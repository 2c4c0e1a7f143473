//! Components are compiled in a process of their own, which costs what it may cost and no more.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use koi_mcp::{COMPILE_COMPONENT, compiler};
use koi_runtime::{CompileLimits, Compiler, LoadError, Runtime, RuntimeConfig};
use koi_tests::{Guest, eventually, guest, program};

fn child() -> Compiler {
    compiler(program("koi-mcp"))
}

/// A process that says what the script says.
fn script(text: &str) -> Compiler {
    Compiler::Child {
        program: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), text.to_owned()],
        environment: Vec::new(),
    }
}

fn runtime(compiler: Compiler, limits: CompileLimits, cache: Option<&Path>) -> Runtime {
    let config = RuntimeConfig {
        cache_dir: cache.map(Path::to_owned),
        compiler,
        compile_limits: limits,
        slots: 4,
        ..RuntimeConfig::default()
    };
    Runtime::new(config).unwrap()
}

async fn refusal(runtime: &Runtime, bytes: Arc<[u8]>) -> LoadError {
    let error = runtime.load(bytes).await.err().expect("a refusal");
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    error
}

/// A component whose one function takes very long to compile: it calls itself with its own result
/// over and over, so that there is much to allocate registers for.
fn bomb() -> Arc<[u8]> {
    let mut body = String::new();
    for number in 0..60_000 {
        body.push_str(&format!(
            "(local.set {} (call $f (local.get {}) (local.get {}))) (if (local.get {}) (then (br $out)))",
            number % 97,
            (number * 31) % 97,
            (number * 17) % 97,
            (number * 7) % 97,
        ));
    }
    let locals = "(local i32)".repeat(97);
    let function = |name: &str| {
        format!(
            "(func {name} (param i32 i32) (result i32) {locals} (block $out (loop $again {body} (br $again))) (local.get 0))"
        )
    };
    let text = format!("(component (core module {}))", function("$f"));
    wat::parse_str(text).unwrap().into()
}

fn limit_met(error: &LoadError) -> &'static str {
    match error {
        LoadError::Limit { setting, .. } => setting,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_process_of_its_own_has_compiled_runs_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let first = runtime(child(), CompileLimits::default(), Some(folder.path()));
    let extension = first.load(guest("echo").into()).await.unwrap();
    let described = extension.describe().await.unwrap();
    assert!(described.contains("echo"), "{described}");
    // Nothing is compiled any more: the compiler is one that cannot.
    let again = runtime(
        script("exit 1"),
        CompileLimits::default(),
        Some(folder.path()),
    );
    let extension = again.load(guest("echo").into()).await.unwrap();
    assert_eq!(extension.describe().await.unwrap(), described);
}

#[tokio::test]
async fn a_process_of_its_own_makes_code_that_counts_instructions_where_that_is_wanted() {
    let runtime = Runtime::new(RuntimeConfig {
        compiler: child(),
        slots: 4,
        fuel: true,
        ..RuntimeConfig::default()
    });
    let extension = runtime.unwrap().load(guest("echo").into()).await.unwrap();
    let described = extension.describe().await.unwrap();
    assert!(described.contains("echo"), "{described}");
}

#[tokio::test]
async fn what_is_wrong_with_a_component_is_told_in_the_same_words_as_in_this_process() {
    let whole = Guest::default().bytes();
    let cut: Arc<[u8]> = whole[..whole.len() / 2].into();
    let here = runtime(Compiler::InProcess, CompileLimits::default(), None);
    let there = runtime(child(), CompileLimits::default(), None);
    let error = refusal(&there, cut.clone()).await;
    assert!(matches!(error, LoadError::Malformed(_)), "{error:?}");
    assert_eq!(error, refusal(&here, cut).await);
}

#[tokio::test]
async fn a_compile_bomb_is_stopped_at_its_cpu_time() {
    let limits = CompileLimits {
        cpu: Duration::from_secs(1),
        ..CompileLimits::default()
    };
    let runtime = runtime(child(), limits, None);
    let error = refusal(&runtime, bomb()).await;
    assert_eq!(limit_met(&error), "compile.cpu");
    assert!(error.to_string().contains("1 s CPU time"), "{error}");
}

#[tokio::test]
async fn a_compile_bomb_is_stopped_at_its_memory() {
    let limits = CompileLimits {
        memory: 200 << 20,
        ..CompileLimits::default()
    };
    let runtime = runtime(child(), limits, None);
    let error = refusal(&runtime, bomb()).await;
    assert_eq!(limit_met(&error), "compile.memory");
}

#[tokio::test]
async fn a_compile_bomb_is_stopped_at_its_time() {
    let limits = CompileLimits {
        wall: Duration::from_millis(300),
        ..CompileLimits::default()
    };
    let runtime = runtime(child(), limits, None);
    let start = Instant::now();
    let error = refusal(&runtime, bomb()).await;
    assert_eq!(limit_met(&error), "compile.wall");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn while_one_component_is_compiled_another_is_taken_from_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime(child(), CompileLimits::default(), Some(folder.path()));
    let guest = Guest::default().bytes();
    runtime.load(guest.clone()).await.unwrap();
    let compiling = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.load(bomb()).await.map(drop) }
    });
    eventually("a process that compiles", async || {
        children_of_this_process().first().copied()
    })
    .await;
    runtime.load(guest).await.unwrap();
    assert!(!compiling.is_finished(), "the bomb was no bomb");
    compiling.abort();
}

#[tokio::test]
async fn the_process_ends_when_nobody_waits_for_it_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let compiler = script(&format!("echo $$ > {}; exec sleep 1000", pid.display()));
    let runtime = runtime(compiler, CompileLimits::default(), None);
    let loading =
        tokio::spawn(async move { runtime.load(Guest::default().bytes()).await.map(drop) });
    let process = eventually("a process that compiles", async || {
        let text = std::fs::read_to_string(&pid).ok()?;
        text.trim().parse::<u32>().ok()
    })
    .await;
    loading.abort();
    eventually("its end", async || (!is_running(process)).then_some(())).await;
}

#[test]
fn the_process_ends_with_the_node() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut compiling = Command::new(program("koi-mcp"))
        .arg(COMPILE_COMPONENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let bytes = bomb();
    let mut input = compiling.stdin.take().unwrap();
    for number in [1000, 4 << 30, bytes.len() as u64, 0] {
        input.write_all(&number.to_le_bytes()).unwrap();
    }
    input.write_all(&bytes).unwrap();
    // All that a process keeps of its parent's end is the end of this pipe.
    drop(input);
    assert_eq!(compiling.wait().unwrap().code(), Some(1));
}

#[tokio::test]
async fn two_who_ask_for_the_same_component_have_it_compiled_once() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    let compiler = script(&format!(
        "echo >> {}; exec {} {COMPILE_COMPONENT}",
        started.display(),
        program("koi-mcp").display()
    ));
    let runtime = runtime(compiler, CompileLimits::default(), None);
    let guest = Guest::default().bytes();
    let (one, other) = tokio::join!(runtime.load(guest.clone()), runtime.load(guest));
    one.unwrap();
    other.unwrap();
    assert_eq!(std::fs::read_to_string(started).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn the_process_has_no_environment_and_no_files_of_the_node() {
    // Held open meanwhile, as the node holds its database.
    let folder = tempfile::tempdir().unwrap();
    let held = folder.path().join("held-open-by-the-node");
    let _file = std::fs::File::create(&held).unwrap();
    let compiler =
        script("echo files $(/bin/ls -l /proc/self/fd) variables $(/usr/bin/env) >&2; exit 1");
    let runtime = runtime(compiler, CompileLimits::default(), None);
    let error = refusal(&runtime, Guest::default().bytes())
        .await
        .to_string();
    assert!(
        error.contains("files ") && error.contains(" variables "),
        "{error}"
    );
    assert!(!error.contains("held-open-by-the-node"), "{error}");
    assert!(
        !error.contains("HOME=") && !error.contains("CARGO"),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_that_does_not_compile_is_told_apart() {
    for (text, what) in [
        ("exit 0", "gave no answer"),
        ("echo why >&2; exit 3; ", "memory"),
        ("echo why >&2; exit 7", "why"),
    ] {
        let runtime = runtime(script(text), CompileLimits::default(), None);
        let error = refusal(&runtime, Guest::default().bytes())
            .await
            .to_string();
        assert!(error.contains(what), "{error}");
    }
    let nowhere = Compiler::Child {
        program: PathBuf::from("/nowhere/koi-mcp"),
        arguments: Vec::new(),
        environment: Vec::new(),
    };
    let error = refusal(
        &runtime(nowhere, CompileLimits::default(), None),
        Guest::default().bytes(),
    )
    .await;
    assert!(error.to_string().contains("/nowhere/koi-mcp"), "{error}");
}

/// The ids of the processes that this one started and that still run.
fn children_of_this_process() -> Vec<u32> {
    let me = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|fields| fields[1] == me))
        .collect()
}

fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| fields[0] != "Z")
}

/// What the system says about a process, from its state on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}
