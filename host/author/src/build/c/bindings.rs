//! What wit-bindgen makes of a world for C, and the component that is made of the linked module.

use std::fs;
use std::path::{Path, PathBuf};

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_bindgen_core::Files;
use wit_component::ComponentEncoder;
use wit_parser::Resolve;

use super::super::BuildError;

/// What was generated.
pub(super) struct Bindings {
    /// The C file.
    pub(super) source: PathBuf,
    /// An object that says of which world the module is.
    pub(super) component_type: PathBuf,
}

/// Generates the bindings of the world in the folder `wit` into another folder, made for it.
pub(super) fn generate(wit: &Path, into: &Path) -> Result<Bindings, BuildError> {
    let mut files = Files::default();
    generated(wit, &mut files).map_err(|error| {
        BuildError::Project(format!(
            "the contract in wit/ has no bindings for C: {error:#}"
        ))
    })?;
    fs::create_dir_all(into).map_err(BuildError::io("make", into))?;
    for (name, contents) in files.iter() {
        let file = into.join(name);
        // What is as it was keeps its time: compilers look at it.
        if fs::read(&file).is_ok_and(|found| found == contents) {
            continue;
        }
        fs::write(&file, contents).map_err(BuildError::io("write", &file))?;
    }
    Ok(Bindings {
        source: into.join("guest.c"),
        component_type: into.join("guest_component_type.o"),
    })
}

fn generated(wit: &Path, files: &mut Files) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    let options = wit_bindgen_c::Opts {
        // Results are values of their own, whatever they hold.
        no_sig_flattening: true,
        ..Default::default()
    };
    options.build().generate(&mut resolve, world, files)
}

/// Makes a component of a module. What the module does not import, the component does not either: the adapter of
/// WASI is only there where the C library calls it.
pub(super) fn encode(module: &Path, out: &Path) -> Result<(), BuildError> {
    let core = fs::read(module).map_err(BuildError::io("read", module))?;
    let component = encoded(&core).map_err(|error| {
        BuildError::Project(format!("the module makes no component: {error:#}"))
    })?;
    fs::write(out, component).map_err(BuildError::io("write", out))
}

fn encoded(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    let adapter = WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    ComponentEncoder::default()
        .module(core)?
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter)?
        .validate(true)
        .encode()
}
