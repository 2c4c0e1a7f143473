//! Installed extensions: what they are, what they may do, and what a node offers through them.
//!
//! The registry takes components in, asks them what they are, puts the operator's grants around
//! them and publishes one immutable [`Snapshot`] of everything that they provide. Readers take the
//! newest Snapshot and never wait; a change is all or nothing. A Snapshot's entries point at a
//! [`Callee`], so that they need not be plain components.

mod callee;
mod description;
mod entry;
mod grant;
mod in_flight;
mod naming;
mod ports;
mod registry;
mod secret;
mod snapshot;
#[cfg(test)]
mod testing;
mod text;
mod uri_template;
mod wasm;
mod watched;

pub use callee::{Binding, Callee, Handover, Invocation, Loaded, Loader};
pub use description::{
    Cron, Description, DescriptionError, HandlerDescription, JobDescription, Missed,
    RidTypeDescription, SchemaDescription, When,
};
pub use entry::{
    CompletionOutput, ExtensionEntry, HandlerEntry, JobEntry, JobTold, ListError, Listed, Lists,
    PrefixError, PromptEntry, PromptOutput, Readable, ResourceEntry, RevisionInfo, RidTypeEntry,
    SchemaEntry, TemplateEntry, ToolEntry, ToolOutput, ToolPrefix,
};
pub use grant::{
    Access, Capability, Execution, Folder, Grant, GrantError, Grants, HostPattern, HttpRule,
    Learned, LimitName, Pattern, PatternError, PortRule, Right, Scheme, SecretUse, Variable,
    granting,
};
pub use in_flight::InFlight;
pub use koi_schema::{JsonSchema, SchemaError};
pub use koi_store::Role;
pub use naming::{Naming, NamingError};
pub use ports::{check_bucket, check_keys, check_value};
pub use registry::{
    BesideSummary, CapabilityChange, Changes, Diff, DiffSide, ExtensionState, ExtensionSummary,
    GrantChange, GrantRequest, GrantsError, GrantsView, HandoverError, HeldSummary, Inspection,
    Install, InstallError, InstallReport, Installed, KeyValueSummary, OpenError, PrepareError,
    Profile, Registry, RegistryParts, RemoveError, ReplayRefused, RestoreError, RevisionError,
    RevisionRef, RevisionView, RolledBack, ShadowVitals, StateHandover, SwapReport, VersionVitals,
    VersionsError, Vitals, check_exports,
};
pub use secret::{
    MAX_SECRET_BYTES, MAX_SECRET_NAME_BYTES, MIN_SECRET_BYTES, SecretError, SecretName,
    SecretValue, Vault,
};
pub use snapshot::{Beside, ClaimKind, Collision, Failed, Missing, Snapshot, VersionError};
pub use watched::{
    Answered, BreakerOptions, Difference, HealthOptions, HealthReport, HealthStatus, Judge,
    RollbackOptions, ShadowReport, WatchOptions,
};
