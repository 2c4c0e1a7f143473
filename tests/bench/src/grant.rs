//! What it costs to check a grant: the same host call through granted ports, and through the ports
//! that they decorate.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use koi_registry::{GrantRequest, Install, Invocation, Naming, Registry, RegistryParts, Vault};
use koi_runtime::ports::Ports;
use koi_runtime::{Limits, Mode, Runtime, RuntimeConfig};
use koi_tests::Guest;

use crate::report::{Report, Target, Unit};
use crate::rounds::interleaved;
use koi_tests::Callable;

const CHECK: &str = "grant.check";

const ROUNDS: usize = 40;
const CALLS: usize = 5;
/// Host calls within one call.
const HOST_CALLS: u32 = 10_000;

/// Has a RID forgotten, so many times. Nobody remembers it: both sides are told that.
const FORGET: &str = "(loop $l
    (call $forget (i32.const 16) (i32.const 18) (i32.const 90000))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $l (i32.lt_u (local.get $i) (i32.const 10000))))
  (call $text (i32.const 0) (i32.const 2))";

/// Row: microseconds of a host call that needs a right to a RID.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[CHECK]) {
        return Ok(());
    }
    let runtime = Runtime::new(RuntimeConfig::default())?;
    let guest = Guest {
        call_tool: FORGET,
        description: r#"{"name":"grant","version":"1.0.0","asks":{"forget":["orn:test.thing"]}}"#
            .to_owned(),
        ..Guest::named("grant")
    };
    let plain = runtime.load(guest.bytes()).await?;
    let plain = Callable::new(&plain, Mode::Fresh, Limits::default());
    let folder = tempfile::tempdir()?;
    let registry = registry(runtime, folder.path()).await?;
    let install = Install {
        component: guest.bytes().to_vec(),
        grants: GrantRequest::AsAsked,
        settings: serde_json::Map::new(),
        tool_prefix: None,
        naming: Naming::Own,
        source: "bench".to_owned(),
        learn: false,
        who: "operator".to_owned(),
    };
    let installed = registry.install(install).await?;
    ensure!(installed.missing.is_empty(), "{:?}", installed.missing);
    let snapshot = registry.snapshot();
    let granted = snapshot.tools.get("grant").context("no tool")?;

    let calls = report.pace().count(CALLS);
    let rounds = report.pace().rounds(ROUNDS);
    let [plain, granted] = interleaved(rounds, async |side| {
        let start = Instant::now();
        for _ in 0..calls {
            if side == 0 {
                plain.call("grant", "{}").await?;
            } else {
                granted.call("{}", Invocation::from_operator()).await?;
            }
        }
        let host_calls = f64::from(HOST_CALLS) * calls as f64;
        Ok(start.elapsed().as_secs_f64() * 1e6 / host_calls)
    })
    .await?;
    let target = Target::AtMost {
        times: 1.0,
        or_more: 0.3,
    };
    report.compared(CHECK, Unit::Microseconds, &granted, &plain, target);
    Ok(())
}

/// A registry over ports that deny everything: what is granted is asked of them and denied there.
async fn registry(runtime: Runtime, folder: &std::path::Path) -> Result<Registry> {
    let stores = koi_store::sqlite::open(&folder.join("bench.sqlite"))?;
    let denied = Ports::denied();
    let parts = RegistryParts {
        loader: Arc::new(runtime),
        extensions: stores.extensions,
        key_value: stores.key_value,
        saved_states: stores.saved_states,
        knowledge: denied.knowledge,
        network: denied.network,
        vault: Arc::new(Vault::new([0; 32])),
        settings: BTreeMap::new(),
        signatures: Default::default(),
        limits: Limits::default(),
        save_every: NonZero::<u32>::MIN,
        watch: koi_registry::WatchOptions::default(),
        keep: 10,
    };
    Ok(Registry::open(parts).await?)
}
