//! A node in memory: all that an extension can reach while it is checked.
//!
//! What the extension asks for is granted. Each use is noted with what asks for it, and what nothing asks
//! for is denied in the words of a real node and noted too. Nothing leaves the process: HTTP requests are
//! answered here, and a person who is asked answers at once.

mod key_value;
mod knowledge;
mod person;
mod reach;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use koi_registry::{Access, Callee, Capability, Description, Grant, Grants, JsonSchema, Right};
use koi_rid::{Rid, RidType, Timestamp};
use koi_runtime::ports::{CallContext, Caller, KnownBundle, PortError, Ports, Used};
use serde_json::{Map, Value};

pub(crate) use reach::network_node;

use crate::generate::Source;
use crate::random::Random;

/// Uses that nothing asks for, and publications that do not fit, of which so many are kept.
const MAX_NOTED: usize = 64;

/// The node.
pub(crate) struct Node {
    access: Access,
    description: Arc<Description>,
    /// The schemas that the extension owns.
    schemas: BTreeMap<String, JsonSchema>,
    settings: Vec<(String, String)>,
    kept: Mutex<Kept>,
    noted: Mutex<Noted>,
    random: Mutex<Random>,
    /// What answers for the extension, for reading a bundle in another schema.
    callee: OnceLock<Arc<dyn Callee>>,
}

/// What the node keeps.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) knowledge: BTreeMap<Rid, KnownBundle>,
    key_value: BTreeMap<(String, String), Vec<u8>>,
    saved_state: Option<Vec<u8>>,
}

/// What the node saw.
#[derive(Default)]
pub(crate) struct Noted {
    /// What was asked for and used.
    pub(crate) used: BTreeSet<Grant>,
    /// What was used and not asked for, with the call that did so first.
    pub(crate) not_asked: BTreeMap<String, String>,
    /// What was published and does not fit: the RID type and the call, with what does not fit.
    pub(crate) misfits: BTreeMap<(String, String), String>,
    /// What the call used up that ended last.
    last: Used,
}

impl Node {
    /// The node of an extension, with settings made from its configuration schema.
    pub(crate) fn new(description: Arc<Description>, seed: u64) -> Arc<Self> {
        let asks = description.asks.clone();
        let schemas = description.schemas.iter().filter_map(|schema| {
            let compiled = JsonSchema::compile(&schema.schema).ok()?;
            Some((schema.name.clone(), compiled))
        });
        Arc::new(Self {
            access: Access::new(description.name.as_str().into(), asks.clone(), asks),
            schemas: schemas.collect(),
            settings: settings(&description, seed),
            kept: Mutex::default(),
            noted: Mutex::default(),
            random: Mutex::new(Random::new(seed, "node")),
            callee: OnceLock::new(),
            description,
        })
    }

    /// What answers for the extension.
    pub(crate) fn serve(&self, callee: Arc<dyn Callee>) {
        self.callee.get_or_init(|| callee);
    }

    /// The ports of the extension's calls.
    pub(crate) fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            knowledge: self.clone(),
            schemas: self.clone(),
            key_value: self.clone(),
            config: self.clone(),
            network: self.clone(),
            http: self.clone(),
            environment: self.clone(),
            secrets: self.clone(),
            saved_state: self.clone(),
            clock: Arc::new(reach::StandingClock),
            random: self.clone(),
            gauge: Some(self.clone()),
            ..Ports::denied()
        }
    }

    /// Whoever causes calls of tools, prompts and resources.
    pub(crate) fn caller(self: &Arc<Self>) -> Arc<dyn Caller> {
        self.clone()
    }

    /// What it keeps now.
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it saw up to now.
    pub(crate) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the call that ended last used up.
    pub(crate) fn take_used(&self) -> Used {
        std::mem::take(&mut self.noted().last)
    }

    fn random(&self) -> MutexGuard<'_, Random> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a use of a grant: of what asks for it, or that nothing does.
    fn note(&self, call: &CallContext, grant: &str, is_it: impl Fn(&Grant) -> bool) {
        let mut asking = self
            .access
            .asks()
            .iter()
            .filter(|ask| is_it(ask))
            .peekable();
        let mut noted = self.noted();
        if asking.peek().is_none() && noted.not_asked.len() < MAX_NOTED {
            let subject = call.correlation.to_string();
            noted.not_asked.entry(grant.to_owned()).or_insert(subject);
        }
        noted.used.extend(asking.cloned());
    }

    fn require(&self, call: &CallContext, right: Right, rid: &Rid) -> Result<(), PortError> {
        let grant = format!("{}={}", right.as_str(), rid.type_str());
        self.note(call, &grant, |ask| ask.covers(right, rid));
        self.access.require(right, rid)
    }

    fn require_some(&self, call: &CallContext, rid_type: &RidType) -> Result<(), PortError> {
        let grant = format!("{}={rid_type}", Right::Read.as_str());
        self.note(call, &grant, |ask| ask.touches(Right::Read, rid_type));
        self.access.require_some(Right::Read, rid_type)
    }

    fn require_capability(
        &self,
        call: &CallContext,
        capability: Capability,
    ) -> Result<(), PortError> {
        let grant = Grant::Capability(capability);
        self.note(call, &grant.to_string(), |ask| *ask == grant);
        self.access.require_capability(capability)
    }
}

/// Settings as a guest gets them: an example of the configuration schema, else defaults and examples of
/// its members, else what is generated.
fn settings(description: &Description, seed: u64) -> Vec<(String, String)> {
    let Some(schema) = &description.config_schema else {
        return Vec::new();
    };
    let members = schema.get("properties").and_then(Value::as_object);
    let given = members.into_iter().flatten().filter_map(|(name, member)| {
        let value = member
            .get("default")
            .or_else(|| member.get("examples")?.get(0))?;
        Some((name.clone(), value.clone()))
    });
    let given = Value::Object(given.collect::<Map<_, _>>());
    let Some(mut source) = Source::new(schema, Random::new(seed, "config")) else {
        return Vec::new();
    };
    let settings = match crate::generate::examples(schema).next() {
        None if source.check(&given).is_ok() => Some(given),
        _ => source.valid(1).pop(),
    };
    let Some(Value::Object(settings)) = settings else {
        return Vec::new();
    };
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    settings
        .into_iter()
        .map(|(key, value)| (key, text(value)))
        .collect()
}

/// When it is, throughout a check: 2026-01-02T03:04:05Z.
const NOW: Duration = Duration::from_secs(1_767_323_045);

/// What an extension asks for, and to ask people: what is around a callee refuses that before the node could
/// see it, and it is the node that says whether it was asked for.
pub(crate) fn with_ask(asks: &Grants) -> Grants {
    let ask = Grant::Capability(Capability::Ask);
    // One of the most that an extension may have is left without it.
    Grants::new(asks.iter().cloned().chain([ask])).unwrap_or_else(|_| asks.clone())
}

/// [`NOW`] as bundles have it.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(i64::try_from(NOW.as_micros()).unwrap_or_default())
}
