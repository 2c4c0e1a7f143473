//! Guests made of text, for all that no toolchain would make: those that must be refused, stopped, or
//! watched closely. The runtime's own tests include this file.
//!
//! A guest here is one core module over a memory of its own. The bodies of its functions are core
//! WebAssembly; what a test does not say is harmless. Results lie at address 1024, in the layout that
//! the canonical ABI gives `result<string, error>` and `result<_, error>`.

use std::sync::Arc;

/// A guest to be made. Bodies end with the address of their result on the stack.
#[derive(Debug)]
pub struct Guest {
    /// Of `describe: func() -> result<json, error>`, which answers `description` if it says nothing
    /// else.
    pub describe: &'static str,
    /// What it answers to `describe`: JSON without line breaks, at most 4000 bytes of it.
    pub description: String,
    /// What it answers to `list-tools`, as long.
    pub tools: String,
    /// Of `start: func() -> result<_, error>`.
    pub start: &'static str,
    /// Of `call-tool: func(name, arguments) -> result<json, error>`, with locals `$name`,
    /// `$name-len`, `$args`, `$args-len` and `$i`.
    pub call_tool: &'static str,
    /// What runs on instantiation.
    pub instantiate: &'static str,
    /// Further fields of the core module. A function of these that is named `$instantiate`, or that is
    /// exported as `describe`, `start`, `list-tools` or `call-tool`, takes the place of the one
    /// above; `realloc` finds room for the arguments of `call-tool`, and `post-return` runs after it.
    pub fields: &'static str,
    /// Further imports of the component.
    pub imports: &'static str,
    /// Further definitions and exports of the component, with `$main`, `$memory`, `$realloc` and
    /// `$error` at hand.
    pub exports: &'static str,
    /// The version of the contract that it claims.
    pub version: &'static str,
    /// Whether `extension` is exported.
    pub extension: bool,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            describe: "(call $text (i32.const 2048) (global.get $description-len))",
            description: "{}".to_owned(),
            tools: "[]".to_owned(),
            start: "(call $done)",
            call_tool: "(call $text (local.get $args) (local.get $args-len))",
            instantiate: "",
            fields: "",
            imports: "",
            exports: "",
            version: "0.1.0",
            extension: true,
        }
    }
}

impl Guest {
    /// One whose tool has this body.
    pub fn with_tool(call_tool: &'static str) -> Self {
        Self {
            call_tool,
            ..Self::default()
        }
    }

    /// The component's bytes.
    pub fn bytes(&self) -> Arc<[u8]> {
        wat::parse_str(self.text())
            .expect("a well-formed text")
            .into()
    }

    fn text(&self) -> String {
        let Self {
            describe,
            description,
            tools,
            start,
            call_tool,
            instantiate,
            fields,
            imports,
            exports,
            version,
            extension,
        } = self;
        let has = |field: &str| fields.contains(field);
        let has_export = |function: &str| has(&format!("(export \"{function}\")"));
        let unless = |own: bool, field: String| if own { String::new() } else { field };
        let instantiate = unless(
            has("(func $instantiate"),
            format!("(func $instantiate {instantiate})"),
        );
        let describe = unless(
            has_export("describe"),
            format!("(func (export \"describe\") (result i32) {describe})"),
        );
        let start = unless(
            has_export("start"),
            format!("(func (export \"start\") (result i32) {start})"),
        );
        let list_tools = unless(
            has_export("list-tools"),
            format!(
                "(func (export \"list-tools\") (result i32) (call $text (i32.const 6144) (i32.const {})))",
                tools.len()
            ),
        );
        let call_tool = unless(
            has_export("call-tool"),
            format!(
                "(func (export \"call-tool\")
                   (param $name i32) (param $name-len i32) (param $args i32) (param $args-len i32) (result i32)
                   (local $i i32)
                   {call_tool})"
            ),
        );
        let realloc = if has_export("realloc") {
            "(core func $main \"realloc\")"
        } else {
            "$realloc"
        };
        let post_return = if has_export("post-return") {
            "(post-return (core func $main \"post-return\"))"
        } else {
            ""
        };
        let description_len = description.len();
        // A text of the text format is quoted as Rust's are.
        let (description, tools) = (format!("{description:?}"), format!("{tools:?}"));
        let export_extension = if *extension {
            format!(r#"(export "koi:extension/extension@{version}" (instance $extension))"#)
        } else {
            String::new()
        };
        format!(
            r#"(component
  (import "koi:extension/types@{version}" (instance $types
    (type $kind (variant (case "transient") (case "permanent") (case "invalid-input") (case "denied") (case "other" string)))
    (export "error-kind" (type $error-kind (eq $kind)))
    (type $record (record (field "kind" $error-kind) (field "message" string)))
    (export "error" (type (eq $record)))))
  (alias export $types "error" (type $error))
  (import "koi:extension/knowledge@{version}" (instance $knowledge
    (alias outer 1 $error (type $e))
    (export "error" (type $error (eq $e)))
    (export "forget" (func (param "rid" string) (result (result (error $error)))))))
  (import "koi:extension/network@{version}" (instance $network
    (export "this-node" (func (result string)))))
  (import "koi:extension/caller@{version}" (instance $caller
    (export "log" (func (param "level" string) (param "data" string)))))
  (import "wasi:logging/logging@0.1.0-draft" (instance $logging
    (type $l (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $level (eq $l)))
    (export "log" (func (param "level" $level) (param "context" string) (param "message" string)))))
  (import "wasi:keyvalue/store@0.2.0-draft" (instance $keyvalue
    (type $e (variant (case "no-such-store") (case "access-denied") (case "other" string)))
    (export "error" (type $error (eq $e)))
    (export "bucket" (type $bucket (sub resource)))
    (export "open" (func (param "identifier" string) (result (result (own $bucket) (error $error)))))))
  {imports}
  (core module $libc
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 65536))
    (data (i32.const 0) "{{}}")
    (data (i32.const 16) "orn:test.thing:one")
    (data (i32.const 48) "info")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (block $enough
        (br_if $enough (i32.le_u (global.get $next) (i32.shl (memory.size) (i32.const 16))))
        (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1)))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $forget (canon lower (func $knowledge "forget") (memory $memory) (realloc $realloc)))
  (core func $this-node (canon lower (func $network "this-node") (memory $memory) (realloc $realloc)))
  (core func $caller-log (canon lower (func $caller "log") (memory $memory)))
  (core func $log (canon lower (func $logging "log") (memory $memory)))
  (core func $open (canon lower (func $keyvalue "open") (memory $memory) (realloc $realloc)))
  (core module $main
    (import "libc" "memory" (memory 2))
    (import "host" "forget" (func $forget (param i32 i32 i32)))
    (import "host" "this-node" (func $this-node (param i32)))
    (import "host" "caller-log" (func $caller-log (param i32 i32 i32 i32)))
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32)))
    (import "host" "open" (func $open (param i32 i32 i32)))
    (global $description-len i32 (i32.const {description_len}))
    (data (i32.const 2048) {description})
    (data (i32.const 6144) {tools})
    (func $text (param $at i32) (param $len i32) (result i32)
      (i32.store8 (i32.const 1024) (i32.const 0))
      (i32.store (i32.const 1028) (local.get $at))
      (i32.store (i32.const 1032) (local.get $len))
      (i32.const 1024))
    (func $done (result i32)
      (i32.store8 (i32.const 1024) (i32.const 0))
      (i32.const 1024))
    (func $fail (param $kind i32) (param $at i32) (param $len i32) (result i32)
      (i32.store8 (i32.const 1024) (i32.const 1))
      (i32.store8 (i32.const 1028) (local.get $kind))
      (i32.store (i32.const 1040) (local.get $at))
      (i32.store (i32.const 1044) (local.get $len))
      (i32.const 1024))
    {fields}
    {instantiate}
    (start $instantiate)
    {describe}
    {start}
    (func (export "stop"))
    {list_tools}
    {call_tool})
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "host" (instance
      (export "forget" (func $forget))
      (export "this-node" (func $this-node))
      (export "caller-log" (func $caller-log))
      (export "log" (func $log))
      (export "open" (func $open))))))
  (func $describe (result (result string (error $error)))
    (canon lift (core func $main "describe") (memory $memory) (realloc $realloc)))
  (func $start (result (result (error $error)))
    (canon lift (core func $main "start") (memory $memory) (realloc $realloc)))
  (func $stop (canon lift (core func $main "stop")))
  (func $list-tools (result (result string (error $error)))
    (canon lift (core func $main "list-tools") (memory $memory) (realloc $realloc)))
  (func $call-tool (param "name" string) (param "arguments" string) (result (result string (error $error)))
    (canon lift (core func $main "call-tool") (memory $memory) (realloc {realloc}) {post_return}))
  (instance $extension
    (export "describe" (func $describe))
    (export "start" (func $start))
    (export "stop" (func $stop))
    (export "health" (func $describe)))
  {export_extension}
  (instance $tools
    (export "list-tools" (func $list-tools))
    (export "call-tool" (func $call-tool)))
  (export "koi:extension/tools@{version}" (instance $tools))
  {exports})
"#
        )
    }
}
