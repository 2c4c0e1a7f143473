//! Components whose shape alone would do harm: they are too long, too deep or too costly to compile.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use koi_tests::{Guest, extension};

use crate::host::{Host, Misfits, has_all};

/// Setting: so much of a processor, in milliseconds, compiling one may take.
const COMPILING: &str = "15000";

/// Looking at a component may not take more of a processor, compiling included. How long that is depends on the
/// machine: what compiles is at the lowest priority, and other tests are not.
const PATIENCE: Duration = Duration::from_secs(20);

/// A component made by a program, and what whoever installs it is told.
struct Shape {
    name: &'static str,
    bytes: Arc<[u8]>,
    told: &'static [&'static str],
}

/// A component of these fields.
fn component(fields: &str) -> String {
    format!("(component {fields})")
}

/// So many lines, each made from its number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", line(number));
        text
    })
}

const MALFORMED: &str =
    "the component is malformed, cut off or uses what this host does not support";

const NO_EXTENSION: &str = "it does not export `koi:extension/extension@0.1.0`";

fn shapes() -> Vec<Shape> {
    let shape = |name, text: String, told| {
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let bytes = bytes.into();
        Shape { name, bytes, told }
    };
    vec![
        shape(
            "a thousand exports",
            component(&format!(
                "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m))
                 (func $f (canon lift (core func $i \"f\")))
                 {}",
                lines(1000, |n| format!("(export \"export-{n}\" (func $f))"))
            )),
            &["it has 1000 exports, at most 256 are allowed"],
        ),
        shape(
            "ten thousand exports",
            component(&format!(
                "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m))
                 (func $f (canon lift (core func $i \"f\")))
                 {}",
                lines(10_000, |n| format!("(export \"export-{n}\" (func $f))"))
            )),
            &["it has 10000 exports, at most 256 are allowed"],
        ),
        shape(
            "a thousand imports",
            component(&lines(1000, |n| {
                format!(
                    "(import \"other:host/magic-{n}@1.0.0\" (instance (export \"wave\" (func))))"
                )
            })),
            &["it has 1000 imports, at most 256 are allowed"],
        ),
        shape(
            "lists in lists, ten thousand deep",
            component(&format!(
                "(type $t0 u8) {}",
                lines(10_000, |n| format!("(type $t{} (list $t{n}))", n + 1))
            )),
            &[MALFORMED, "type nesting is too deep"],
        ),
        shape(
            "a tuple that doubles forty times",
            component(&format!(
                "(type $t0 u8) {}",
                lines(40, |n| format!("(type $t{} (tuple $t{n} $t{n}))", n + 1))
            )),
            &[MALFORMED],
        ),
        shape(
            "a record of ten thousand fields",
            component(&format!(
                "(type $r (record {}))",
                lines(10_000, |n| format!("(field \"f-{n}\" u8)"))
            )),
            &[NO_EXTENSION],
        ),
        shape(
            "components in components, fifty deep",
            component(&format!("{}{}", "(component ".repeat(50), ")".repeat(50))),
            &[NO_EXTENSION],
        ),
        shape(
            "a thousand memories",
            component(&lines(1000, |n| {
                format!("(core module $m{n} (memory 1)) (core instance $i{n} (instantiate $m{n}))")
            })),
            &["1000 core module instances", "maximum of 64"],
        ),
        Shape {
            name: "all memory from the start",
            bytes: Guest {
                exports: "(core module $all (memory 65536)) (core instance (instantiate $all))",
                ..Guest::named("greedy")
            }
            .bytes(),
            told: &[
                "it met its limit of 268435456 bytes memory",
                "setting `limits.memory`",
            ],
        },
        shape(
            "a memory of 64 bits",
            component("(core module $m (memory i64 1)) (core instance $i (instantiate $m))"),
            &[MALFORMED, "memory64"],
        ),
        shape(
            "a shared memory",
            component("(core module $m (memory 1 10 shared)) (core instance $i (instantiate $m))"),
            &[MALFORMED, "threads"],
        ),
        shape(
            "atomic instructions",
            component("(core module $m (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))"),
            &[MALFORMED, "threads"],
        ),
        shape(
            "objects for a garbage collector",
            component(
                "(core module $m (type $s (struct (field i32))) (func (drop (struct.new_default $s))))",
            ),
            &[MALFORMED, "gc"],
        ),
        shape(
            "exceptions",
            component("(core module $m (tag $t) (func (throw $t)))"),
            &[MALFORMED, "exceptions"],
        ),
        shape(
            "pages of one byte",
            component("(core module $m (memory 1 (pagesize 1)))"),
            &[MALFORMED, "custom page sizes"],
        ),
        shape(
            "another stack",
            component("(core module $m (type $f (func)) (type $c (cont $f)))"),
            &[MALFORMED, "stack"],
        ),
        shape(
            "numbers of 128 bits",
            component(
                "(core module $m (func (result i64 i64)
                    (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1))))",
            ),
            &[MALFORMED, "wide arithmetic"],
        ),
        shape(
            "functions that are asynchronous",
            component(
                "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m))
                 (func (export \"f\") async (canon lift (core func $i \"f\") async))",
            ),
            &[MALFORMED, "async"],
        ),
        shape(
            "a table of four thousand million elements",
            component(
                "(core module $m (table 0xffffffff funcref)) (core instance $i (instantiate $m))",
            ),
            &["minimum element size of 4294967295", "limit of 100000"],
        ),
        shape(
            "twenty thousand functions",
            component(&format!(
                "(core module $m {}) (core instance $i (instantiate $m))",
                lines(20_000, |_| "(func)".to_owned())
            )),
            &[NO_EXTENSION],
        ),
        shape(
            "a function of four hundred thousand additions",
            component(&format!(
                "(core module $m (func (param i32) (result i32) local.get 0 {})) (core instance $i (instantiate $m))",
                "local.get 0 i32.add ".repeat(400_000)
            )),
            &[NO_EXTENSION],
        ),
        shape(
            "blocks in blocks, fifty thousand deep",
            component(&format!(
                "(core module $m (func {}{})) (core instance $i (instantiate $m))",
                "block ".repeat(50_000),
                "end ".repeat(50_000)
            )),
            &[NO_EXTENSION],
        ),
        shape(
            "a compile bomb: four thousand locals that all meet in every loop",
            component(&bomb()),
            &["compiling the component was stopped: it met its limit of "],
        ),
    ]
}

/// A function whose values all have to be kept apart over thousands of branches: what it costs to
/// find registers for them grows with the square of its length.
fn bomb() -> String {
    let locals = "i64 ".repeat(4_000);
    let body = lines(4_000, |n| {
        format!(
            "loop local.get {n} local.get {} i64.add local.set {n} local.get {n} i64.eqz br_if 0 end",
            (n * 7 + 1) % 4_000
        )
    });
    format!("(core module $m (func (local {locals}) {body})) (core instance $i (instantiate $m))")
}

#[test]
fn a_component_of_a_harmful_shape_is_refused_soon_and_with_one_sentence() {
    let host = Host::start_with(|node| node.env("KOI_MCP_COMPILE__CPU", COMPILING));
    let mut misfits = Misfits::default();
    for Shape { name, bytes, told } in shapes() {
        let (start, before) = (Instant::now(), host.cpu_time());
        let refusal = host.survives(name, || host.refusal(&bytes));
        let spent = host.cpu_time() - before;
        println!(
            "    after {:?}, {spent:?} of a processor, {} bytes: {refusal}",
            start.elapsed(),
            bytes.len()
        );
        assert!(spent < PATIENCE, "{name}: {spent:?}");
        misfits.look(name, &refusal, told);
        host.has_only_echo();
    }
    misfits.are_none();
}

#[test]
fn what_is_no_component_or_no_extension_is_refused_with_one_sentence() {
    let host = Host::start();
    let echo = std::fs::read(extension("echo")).unwrap();
    let text = host.refusal(b"This is a letter to a friend.");
    has_all("a letter", &text, &["not WebAssembly"]);
    let module = host.refusal(b"\0asm\x01\0\0\0");
    has_all("a module", &module, &["core WebAssembly module"]);
    for length in [0, 6, 8, 1000, echo.len() / 2, echo.len() - 1] {
        let truncated = host.refusal(&echo[..length]);
        assert!(
            [
                "there is no component",
                "cut off",
                "not WebAssembly",
                "no koi-mcp extension"
            ]
            .iter()
            .any(|each| truncated.contains(each)),
            "cut at {length}: {truncated}"
        );
    }
    let wishful = Guest {
        imports: r#"(import "other:host/magic@1.0.0" (instance (export "wave" (func))))"#,
        ..Guest::named("wishful")
    };
    let wishful = host.refusal(&wishful.bytes());
    has_all("wishful", &wishful, &["other:host/magic@1.0.0"]);
    let foreign = Guest {
        extension: false,
        ..Guest::named("foreign")
    };
    let foreign = host.refusal(&foreign.bytes());
    has_all("foreign", &foreign, &["koi:extension/extension"]);
    let newer = Guest {
        version: "0.9.0",
        ..Guest::named("newer")
    };
    has_all("newer", &host.refusal(&newer.bytes()), &["0.9.0"]);
    host.has_only_echo();
}
