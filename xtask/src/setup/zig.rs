//! The C library for WebAssembly, which zig compiles when it first links with it and keeps in its cache: half a minute
//! on one core, best spent while the host is built.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::layout::Layout;
use crate::process;
use crate::progress;

const TITLE: &str = "C library for WebAssembly";

/// Has zig compile it, if it has not.
pub fn compile_libc(layout: &Layout) -> Result<()> {
    let cache = layout.tools().join("cache/zig");
    let (program, component) = (cache.join("empty.c"), cache.join("empty.wasm"));
    if component.exists() {
        progress::already(TITLE);
        return Ok(());
    }
    progress::step(TITLE, || {
        fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
        fs::write(&program, "").with_context(|| format!("writing {}", program.display()))?;
        let mut zig = Command::new(layout.tools().join("zig/bin/zig"));
        // As `koi-mcp build` links: zig keeps another library for what is stripped.
        zig.args(["cc", "-target", "wasm32-wasi", "-mexec-model=reactor"])
            .arg("-Wl,--strip-all")
            .arg(&program)
            .arg("-o")
            .arg(&component)
            // Of a library below the folder in which it runs zig keeps another copy than of one elsewhere.
            .current_dir(&cache)
            .env("ZIG_GLOBAL_CACHE_DIR", &cache)
            .env("ZIG_LOCAL_CACHE_DIR", &cache);
        process::captured(layout, "zig-libc", &mut zig)
    })
}
