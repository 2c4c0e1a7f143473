//! What a check found, in a form for people and for programs.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The extension breaks the contract, or a node would refuse it.
    Failure,
    /// It works, and something about it is likely not meant so.
    Warning,
    /// What the check could not look at, and why.
    Note,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $severity:ident;)+) => {
        /// What a finding is about. Codes are stable: programs may compare them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes, in the order in which findings are shown.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as it is written, such as `tool-trapped`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }

            /// What it says of an extension.
            pub fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

codes! {
    /// The component cannot be loaded.
    ComponentRefused = "component-refused", Failure;
    /// `describe` gives no answer while nothing is granted.
    DescribeFailed = "describe-failed", Failure;
    /// `describe` gives another answer when it is called again.
    DescribeUnstable = "describe-unstable", Failure;
    /// The description does not fit `docs/describe.schema.json`, or a node refuses it.
    DescriptionRefused = "description-refused", Failure;
    /// The description declares what the component does not export.
    NotExported = "not-exported", Failure;
    /// A JSON Schema of the description is none, or goes beyond a bound.
    SchemaInvalid = "schema-invalid", Failure;
    /// An example does not fit the schema that it is an example of.
    ExampleMisfit = "example-misfit", Failure;
    /// `list-tools`, `list-resources` or `list-prompts` gives no answer.
    ListFailed = "list-failed", Failure;
    /// A list is not of the form of the contract, so that a node refuses it.
    ListRefused = "list-refused", Failure;
    /// `start`, `stop` or `health` trapped.
    LifecycleTrapped = "lifecycle-trapped", Failure;
    /// `start` answers with an error, which keeps an extension from being activated.
    StartFailed = "start-failed", Warning;
    /// A call met a limit of the node and was ended.
    LimitExceeded = "limit-exceeded", Failure;
    /// `parse-reference` or `print-reference` trapped.
    ReferenceTrapped = "reference-trapped", Failure;
    /// A reference that was parsed and printed is not the canonical one, or is not parsed again.
    ReferenceNotCanonical = "reference-not-canonical", Failure;
    /// `validate` trapped.
    ValidateTrapped = "validate-trapped", Failure;
    /// `validate` refuses contents that are an example of the schema.
    ExampleRefused = "example-refused", Failure;
    /// `transform` trapped.
    TransformTrapped = "transform-trapped", Failure;
    /// What `transform` gives does not fit the schema that it was to give.
    TransformMisfit = "transform-misfit", Failure;
    /// `transform` refuses contents that fit the schema that it takes.
    TransformFailed = "transform-failed", Warning;
    /// A handler trapped: every object has to lead to an outcome or an error value.
    HandlerTrapped = "handler-trapped", Failure;
    /// The same object led to another outcome or to other knowledge when it came again.
    HandlerNotIdempotent = "handler-not-idempotent", Failure;
    /// An outcome changes what may not be changed in its phase, or into what is no such thing.
    OutcomeMisfit = "outcome-misfit", Failure;
    /// A tool trapped.
    ToolTrapped = "tool-trapped", Failure;
    /// A resource trapped.
    ResourceTrapped = "resource-trapped", Failure;
    /// A prompt trapped.
    PromptTrapped = "prompt-trapped", Failure;
    /// A completion trapped.
    CompletionTrapped = "completion-trapped", Failure;
    /// A job trapped.
    JobTrapped = "job-trapped", Failure;
    /// An answer is not of the form of the contract, or does not fit the output schema.
    ResultMisfit = "result-misfit", Failure;
    /// A tool answers its own example with another result than the example has.
    ExampleResult = "example-result", Failure;
    /// A tool answers its own example with an error.
    ExampleFailed = "example-failed", Warning;
    /// A listed resource cannot be read.
    ResourceFailed = "resource-failed", Warning;
    /// What was published does not fit the schema of its RID type, so that it becomes a dead letter.
    PublishedMisfit = "published-misfit", Warning;
    /// Something was used that `describe` does not ask for: it is denied on every node.
    UsedNotAsked = "used-not-asked", Failure;
    /// `describe` asks for something that no call used.
    AskedNotUsed = "asked-not-used", Warning;
    /// A call used more than half of a limit that nodes have by default.
    LimitNear = "limit-near", Warning;
    /// Something was not looked at.
    NotChecked = "not-checked", Note;
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How much it matters; follows from the code.
    pub severity: Severity,
    /// What it is.
    pub code: Code,
    /// What it was found at, such as `tool look_up`.
    pub subject: String,
    /// One sentence: what happened and what to do.
    pub message: String,
    /// What the call that showed it was given, as JSON text, shortened; none if it was given nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// What calls of one kind used up: of each number the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Most {
    /// How many there were.
    pub calls: u64,
    /// Microseconds of CPU time.
    pub cpu_us: u64,
    /// Microseconds until the answer.
    pub wall_us: u64,
    /// Bytes of memory of the instance.
    pub memory: u64,
    /// Bytes of the answer.
    pub result: u64,
}

/// What was measured: another time it is something else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Measured {
    /// Bytes of the component.
    pub component_bytes: u64,
    /// Bytes of its compiled code, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled_bytes: Option<u64>,
    /// Milliseconds that loading took: compiling, for the most part.
    pub load_ms: u64,
    /// Milliseconds of the whole check after that.
    pub check_ms: u64,
    /// By kind of call: `describe`, `list`, `tool`, `handler` and so on.
    pub calls: BTreeMap<&'static str, Most>,
}

/// What an MCP client would see of one list: names, or URIs, with their descriptions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Surface {
    /// Tools.
    pub tools: Vec<Seen>,
    /// Resources.
    pub resources: Vec<Seen>,
    /// Resource templates.
    pub templates: Vec<Seen>,
    /// Prompts.
    pub prompts: Vec<Seen>,
}

/// One thing that a client sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Its name, URI or URI template.
    pub name: String,
    /// What it says of itself.
    pub description: String,
}

/// What a check came to. All but `measured`, and what follows from it, is the same for the same component
/// and seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The extension's name; empty if it could not be asked.
    pub extension: String,
    /// Its version.
    pub version: String,
    /// Lower-case hex SHA-256 of the component.
    pub digest: String,
    /// The seed of what was generated.
    pub seed: u64,
    /// Whether it passes: without failures, and if warnings count, without those.
    pub passes: bool,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
    /// What an MCP client would see on a node that has nothing else.
    pub surface: Surface,
    /// What was measured.
    pub measured: Measured,
}

impl Report {
    /// How many findings are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let of = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(of).count()
    }
}

/// Longest input that is shown, in bytes.
const MAX_INPUT: usize = 400;
/// Longest message, in bytes: guests' own words are in it.
const MAX_MESSAGE: usize = 800;

/// Findings while they are gathered: of one code and subject the first one.
#[derive(Debug, Default)]
pub(crate) struct Findings(BTreeMap<(Severity, Code, String), Finding>);

impl Findings {
    pub(crate) fn add(
        &mut self,
        code: Code,
        subject: &str,
        message: impl Into<String>,
        input: Option<&str>,
    ) {
        let severity = code.severity();
        let finding = || Finding {
            severity,
            code,
            subject: subject.to_owned(),
            message: shortened(message.into(), MAX_MESSAGE),
            input: input.map(|input| shortened(input.to_owned(), MAX_INPUT)),
        };
        let key = (severity, code, subject.to_owned());
        self.0.entry(key).or_insert_with(finding);
    }

    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.0.into_values().collect()
    }
}

fn shortened(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}
