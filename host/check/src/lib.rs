//! The conformance kit: whether an extension keeps what the contract asks of it, in any language and
//! without a node.
//!
//! [`check`] loads a component, has it describe itself with nothing granted, reads description and lists as
//! an install does, and then calls everything that it offers on a [node in memory](node), with examples of
//! its own and with contents and arguments made from its schemas. What it finds is a [`Report`]; a check
//! itself never fails, and is bounded in calls and in time.
//!
//! What is generated follows from the seed, so that all of a report but its measurements, and the findings
//! `limit-near` that follow from them, is the same for the same component and seed.

mod checks;
mod examples;
mod generate;
mod mutate;
mod node;
mod random;
mod report;
mod run;

use std::sync::Arc;
use std::time::{Duration, Instant};

use koi_registry::{
    Access, Binding, Description, ExtensionEntry, Loaded, Loader, RevisionInfo, ToolPrefix,
};
use koi_rid::Timestamp;
use koi_runtime::Boxed;

pub use report::{Code, Finding, Measured, Most, Report, Seen, Severity, Surface};

use node::Node;
use report::Findings;
use run::Run;

/// How a check is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is generated follows from it.
    pub seed: u64,
    /// So many valid, and as many mutilated, contents and arguments for each handler, tool and so on.
    pub cases: usize,
    /// Once so much time has gone by, what is left is skipped, and the report says so.
    pub time: Duration,
    /// Whether warnings keep an extension from passing.
    pub strict: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            cases: 12,
            time: Duration::from_secs(120),
            strict: false,
        }
    }
}

/// Checks a component. The loader has to make callees that count what calls use up, as the runtime does;
/// of others memory and CPU time are 0.
pub fn check<'a>(
    loader: &'a dyn Loader,
    component: Arc<[u8]>,
    options: &'a Options,
) -> Boxed<'a, Report> {
    Box::pin(check_now(loader, component, options))
}

async fn check_now(loader: &dyn Loader, component: Arc<[u8]>, options: &Options) -> Report {
    let mut report = Report {
        extension: String::new(),
        version: String::new(),
        digest: String::new(),
        seed: options.seed,
        passes: false,
        findings: Vec::new(),
        surface: Surface::default(),
        measured: Measured::default(),
    };
    let mut findings = Findings::default();
    report.measured.component_bytes = component.len() as u64;
    let start = Instant::now();
    let loaded = loader.load(component).await;
    report.measured.load_ms = millis(start.elapsed());
    match loaded {
        Err(error) => findings.add(Code::ComponentRefused, "component", error.to_string(), None),
        Ok(loaded) => {
            report.digest = loaded.digest().to_string();
            report.measured.compiled_bytes = loaded.compiled_bytes();
            let start = Instant::now();
            of_loaded(&*loaded, options, &mut report, &mut findings).await;
            report.measured.check_ms = millis(start.elapsed());
        }
    }
    report.findings = findings.into_list();
    let failures = report.count(Severity::Failure);
    let warnings = report.count(Severity::Warning);
    report.passes = failures == 0 && (warnings == 0 || !options.strict);
    report
}

async fn of_loaded(
    loaded: &dyn Loaded,
    options: &Options,
    report: &mut Report,
    findings: &mut Findings,
) {
    let Some((text, description)) = checks::describe::check(loaded, report, findings).await else {
        return;
    };
    report.extension.clone_from(&description.name);
    report.version = description.version.to_string();
    let node = Node::new(description.clone(), options.seed);
    let entry = match entry(loaded, description, &node) {
        Ok(entry) => entry,
        Err(error) => {
            findings.add(
                Code::SchemaInvalid,
                "schemas",
                format!("{error}: correct it in `describe`"),
                None,
            );
            return;
        }
    };
    node.serve(entry.callee.clone());
    let mut run = Run::new(node, entry, &text, options, report, findings);
    checks::all(&mut run).await;
}

/// The extension as a node would have it that granted all that it asks for.
fn entry(
    loaded: &dyn Loaded,
    description: Arc<Description>,
    node: &Arc<Node>,
) -> Result<ExtensionEntry, koi_registry::SchemaError> {
    let name: Arc<str> = description.name.as_str().into();
    let asks = node::with_ask(&description.asks);
    let access = Arc::new(Access::new(name.clone(), asks.clone(), asks));
    let callee = loaded.bind(Binding {
        extension: name.clone(),
        revision: 1,
        ports: node.ports(),
        access: access.clone(),
        save_every: std::num::NonZero::<u32>::MIN,
        in_flight: Arc::default(),
    });
    let revision = RevisionInfo {
        extension: name,
        revision: 1,
        digest: loaded.digest(),
        version: description.version.clone(),
        tool_prefix: ToolPrefix::default(),
        source: "check".to_owned(),
        installed_at: Timestamp::now(),
    };
    ExtensionEntry::new(revision, description, access, callee)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
