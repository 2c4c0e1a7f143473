//! Why another node gave no answer that can be used.

use std::time::Duration;
use std::{fmt, io};

use koi_pipeline::FetchError;
use koi_rid::Rid;
use koi_wire::{ErrorCode, ErrorResponse, Payload};

/// Longest part of a peer's error text that is repeated.
const MAX_REPEATED_CHARS: usize = 200;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AskError {
    /// There is nobody to be asked: the node is unknown here, or has no server.
    NoServer(Rid),
    /// No connection, or it broke, or took too long.
    Unreachable(String),
    /// The node refuses the envelope.
    Refused {
        code: ErrorCode,
        message: String,
        /// Who the answering node says it is, where it does. Not signed.
        node: Option<Rid>,
    },
    /// The node answered with another HTTP status.
    Status {
        status: u16,
        body: String,
        /// How long it asks to be left alone, where it does.
        wait: Option<Duration>,
    },
    /// The answer is none that can be believed.
    BadAnswer(String),
    /// This node could not make the envelope.
    Own(String),
}

impl AskError {
    /// A question that broke on its way.
    pub(crate) fn unreachable(error: &reqwest::Error) -> Self {
        // The outermost text only repeats the URL; the cause says what happened.
        let mut cause: &(dyn std::error::Error + 'static) = error;
        loop {
            if let Some(rustls::Error::InvalidCertificate(why)) = of_tls(cause) {
                return Self::Unreachable(format!(
                    "its certificate is not accepted ({why}); if it is of a private authority, name \
                     that under koi.tls.roots"
                ));
            }
            match cause.source() {
                Some(source) => cause = source,
                None => break,
            }
        }
        Self::Unreachable(if error.is_timeout() {
            "it takes too long to answer".to_owned()
        } else {
            cause.to_string()
        })
    }

    /// An answer with another status than 200.
    pub(crate) fn refusal(status: u16, body: &[u8], wait: Option<Duration>) -> Self {
        if let Some(response) = ErrorResponse::parse(body)
            && let Some(code) = response.code()
        {
            let node = serde_json::from_slice::<serde_json::Value>(body)
                .ok()
                .and_then(|body| Rid::parse(body.get("node")?.as_str()?).ok())
                .filter(koi_wire::is_node);
            let message = shortened(&response.message.unwrap_or_default());
            return Self::Refused {
                code,
                message,
                node,
            };
        }
        let body = shortened(&String::from_utf8_lossy(body));
        Self::Status { status, body, wait }
    }

    /// An answer of another type than was asked for.
    pub(crate) fn unexpected(payload: &Payload) -> Self {
        Self::BadAnswer(format!("it is of type {}", payload.kind()))
    }

    /// The same for the pipeline.
    pub(crate) fn of_fetching(&self, node: &Rid) -> FetchError {
        let text = format!("{node} was asked: {self}");
        if self.is_transient() {
            FetchError::Transient(text)
        } else {
            FetchError::Permanent(text)
        }
    }

    /// Whether the same question may be answered at another time.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { code, .. } => *code == ErrorCode::UnknownNode,
            Self::Status { status, .. } => *status >= 500 || *status == 429 || *status == 408,
            Self::NoServer(_) | Self::BadAnswer(_) | Self::Own(_) => false,
        }
    }

    /// How long the node asks to be left alone, where it does.
    pub(crate) fn asks_to_wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    pub(crate) fn is_unknown_node(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: ErrorCode::UnknownNode,
                ..
            }
        )
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServer(node) => write!(f, "{node} has no server that is known here"),
            Self::Unreachable(reason) => write!(f, "it cannot be reached: {reason}"),
            Self::Refused { code, message, .. } => write!(f, "it refuses: {code}, {message}"),
            Self::Status { status, body, .. } => {
                write!(f, "it answers with status {status}: {body}")
            }
            Self::BadAnswer(reason) => write!(f, "its answer is not believed: {reason}"),
            Self::Own(reason) => f.write_str(reason),
        }
    }
}

/// What TLS says of a connection, if it is that. The chain of causes leads past it.
fn of_tls<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut wrapped = cause.downcast_ref::<io::Error>()?.get_ref()?;
    while let Some(inner) = wrapped.downcast_ref::<io::Error>() {
        wrapped = inner.get_ref()?;
    }
    wrapped.downcast_ref()
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_REPEATED_CHARS).collect()
}
