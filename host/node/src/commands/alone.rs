//! A runtime for components that are looked at without a node.

use anyhow::{Context, Result};
use koi_registry::Description;
use koi_runtime::{Runtime, RuntimeConfig};

use crate::config::Config;
use crate::data_dir::DataDir;

/// Slots of such a runtime: any component fits in.
const SLOTS: u32 = 64;

/// With the compiled code of a data folder if there is one: what a node has compiled need not be compiled again.
pub(super) fn runtime(config: &Config, fuel: bool) -> Result<Runtime> {
    let (cache_dir, cache_key) = DataDir::code(&config.node.data_dir).unzip();
    Ok(Runtime::new(RuntimeConfig {
        cache_dir,
        cache_key: cache_key.unwrap_or_default(),
        compiler: config.compile.compiler.clone(),
        compile_limits: config.compile.limits(),
        slots: SLOTS,
        fuel,
    })?)
}

/// What a component says that it is.
pub(super) async fn description(config: &Config, component: Vec<u8>) -> Result<Description> {
    let runtime = runtime(config, false)?;
    let extension = runtime.load(component.into()).await?;
    let said = extension.describe().await;
    Ok(Description::parse(
        &said.context("the component cannot describe itself")?,
    )?)
}
