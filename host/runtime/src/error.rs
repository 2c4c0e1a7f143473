//! How loading and calling an extension fails. Each error is one sentence for a person.

use std::time::Duration;

/// Why the runtime itself could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The engine refused its configuration or could not reserve what it needs.
    #[error("the WebAssembly engine could not be set up: {0}")]
    Engine(String),
    /// The folder for compiled code cannot be used.
    #[error(
        "compiled code cannot be kept in {path}: {error}; it has to be a folder that this user may write"
    )]
    Cache {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The thread that interrupts guests could not be started.
    #[error("the thread that interrupts guests could not be started: {0}")]
    Ticker(std::io::Error),
    /// The threads for long calls could not be started.
    #[error("the threads for long calls could not be started: {0}")]
    Threads(std::io::Error),
}

/// Why bytes could not be loaded as an extension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not WebAssembly at all.
    #[error("this is not WebAssembly: the file does not begin with the bytes that mark it")]
    NotWasm,
    /// A core module.
    #[error(
        "this is a core WebAssembly module, not a component: build it for `wasm32-wasip2`, or wrap \
         it with `wasm-tools component new`"
    )]
    CoreModule,
    /// More bytes than a component may have.
    #[error("the component has {size} bytes; at most {limit} are loaded")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The bound in bytes.
        limit: u64,
    },
    /// It begins like a component and does not go on like one, or needs what this host has off.
    #[error("the component is malformed, cut off or uses what this host does not support: {0}")]
    Malformed(String),
    /// Compiling it met a limit and was ended.
    #[error(
        "compiling the component was stopped: it met its limit of {value} {limit} (setting `{setting}`)"
    )]
    Limit {
        /// What was bounded, such as `CPU time`.
        limit: &'static str,
        /// The bound with its unit, such as `120 s`.
        value: String,
        /// The setting that changes it, such as `compile.cpu`.
        setting: &'static str,
    },
    /// The engine does not take what was compiled.
    #[error("the compiled component cannot be taken into use: {0}")]
    Unfit(String),
    /// The compiler itself failed.
    #[error("the component could not be compiled: {0}")]
    Compile(String),
    /// It wants something that this host does not offer.
    #[error("an import of the component cannot be met: {0}")]
    UnmetImport(String),
    /// It was built against another version of the contract.
    #[error(
        "the component was built for `{found}`, and this host serves {supported}: build it again \
         against the host's WIT, or use another version of the host"
    )]
    WrongVersion {
        /// The interface and version that the component has.
        found: String,
        /// The packages and versions that this host serves, each in backquotes.
        supported: String,
    },
    /// It exports interfaces of several versions of the contract.
    #[error(
        "the component exports `{found}` beside `{beside}`: build all of it against one version of the \
         contract"
    )]
    MixedVersions {
        /// An interface of another version.
        found: String,
        /// The interface whose version is the component's.
        beside: String,
    },
    /// It does not export `koi:extension/extension`, nor functions of its own alone.
    #[error("the component is no koi-mcp extension: it does not export `{0}`")]
    NoExtension(String),
    /// An interface is exported with other functions or types than the contract has.
    #[error("the export `{interface}` does not fit the contract: {reason}")]
    WrongType {
        /// The interface.
        interface: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It exports functions of its own and nothing of the contract, and one of them is none that could be
    /// called as a tool.
    #[error("the function {function} of the component cannot be a tool: {reason}")]
    NotATool {
        /// The function and its interface.
        function: String,
        /// Why.
        reason: String,
    },
    /// It needs more of something than one instance may have.
    #[error("the component needs more than one instance may have: {0}")]
    TooDemanding(String),
    /// It could not be instantiated.
    #[error("the component could not be instantiated: {0}")]
    Instantiate(String),
}

/// What kind of failure a guest reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestErrorKind {
    /// Another try may succeed.
    Transient,
    /// Another try with the same input fails again.
    Permanent,
    /// The input is not what the called function asks for.
    InvalidInput,
    /// The operator has not granted what this needs.
    Denied,
    /// A kind from a later revision of the contract; like permanent.
    Other(String),
}

impl GuestErrorKind {
    /// `transient`, `permanent`, `invalid-input`, `denied`, or the text of another kind.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::InvalidInput => "invalid-input",
            Self::Denied => "denied",
            Self::Other(kind) => kind,
        }
    }
}

/// A failure that the guest itself reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GuestError {
    /// What kind of failure it is.
    pub kind: GuestErrorKind,
    /// The guest's own words.
    pub message: String,
}

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The guest answered with a failure.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// The call met a limit and was ended.
    #[error("the call was stopped: it met its limit of {value} {limit} (setting `{setting}`)")]
    Limit {
        /// What was bounded, such as `CPU time`.
        limit: &'static str,
        /// The bound with its unit, such as `2000 ms`.
        value: String,
        /// The setting that changes it, such as `limits.cpu`.
        setting: &'static str,
    },
    /// The call has a limit that this runtime cannot keep, and was not made.
    #[error(
        "the call was not made: it has a limit of instructions (setting `limits.fuel`), and this node \
         does not count them; set `runtime.fuel = true`"
    )]
    Uncounted,
    /// The guest trapped.
    #[error("the extension crashed: {0}")]
    Trap(String),
    /// The extension does not export the interface.
    #[error("the extension does not export `{0}`")]
    NotExported(&'static str),
    /// There was no room for another instance within the call's time.
    #[error("{0}")]
    Overloaded(String),
    /// The extension failed too often, and was not called.
    #[error("{reason}; it can be called again in {} s", whole_seconds(*retry_after))]
    Unavailable {
        /// What was seen of it.
        reason: String,
        /// When another try may be made.
        retry_after: Duration,
    },
    /// It was not made: another revision took over the state that it was for, and answers now.
    #[error("another revision of the extension has taken its place: call it again")]
    Superseded,
    /// A host capability failed.
    #[error("the host failed while it served the extension: {0}")]
    Host(String),
}

/// Seconds to wait, as people and HTTP count them: at least one, and none too few.
pub fn whole_seconds(time: Duration) -> u64 {
    let begun = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(begun).max(1)
}

impl CallError {
    /// Whether another try with the same input may succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Guest(error) => error.kind == GuestErrorKind::Transient,
            Self::Overloaded(_) | Self::Unavailable { .. } | Self::Superseded => true,
            Self::Limit { .. }
            | Self::Uncounted
            | Self::Trap(_)
            | Self::NotExported(_)
            | Self::Host(_) => false,
        }
    }
}

/// An error of the engine with its causes, on one line of bounded length.
pub(crate) fn sentence(error: &wasmtime::Error) -> String {
    const MAX_BYTES: usize = 1000;
    const BACKTRACE: &str = "error while executing at wasm backtrace:";
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // Backtraces come as a cause of their own.
        if cause.starts_with(BACKTRACE) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(cause.lines().next().unwrap_or_default());
    }
    text.truncate(text.floor_char_boundary(MAX_BYTES));
    text
}
