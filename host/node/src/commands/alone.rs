//! A runtime for components that are looked at without a node.

use anyhow::{Context, Result};
use koi_registry::Description;
use koi_runtime::{Runtime, RuntimeConfig};

use crate::config::Config;

/// Slots of such a runtime: any component fits in.
const SLOTS: u32 = 64;

pub(super) fn runtime(config: &Config, fuel: bool) -> Result<Runtime> {
    Ok(Runtime::new(RuntimeConfig {
        compiler: config.compile.compiler.clone(),
        compile_limits: config.compile.limits(),
        slots: SLOTS,
        fuel,
        ..RuntimeConfig::default()
    })?)
}

/// What a component says that it is.
pub(super) async fn description(config: &Config, component: Vec<u8>) -> Result<Description> {
    let extension = runtime(config, false)?.load(component.into()).await?;
    let said = extension.describe().await;
    Ok(Description::parse(
        &said.context("the component cannot describe itself")?,
    )?)
}
