//! Refusals, and the bodies that tell a peer of them.

use std::fmt;

use koi_rid::json::{Document, JsonError, write_string};
use koi_rid::{ModelError, Rid, RidError};

use crate::PayloadKind;

/// Longest error body that is read, in bytes.
const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// What an `error_response` says went wrong with an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The sender's profile is not known; it may introduce itself.
    UnknownNode,
    /// The key known of the sender does not make its RID.
    InvalidKey,
    /// The signature is not that of the sender's key over the message.
    InvalidSignature,
    /// The message is for another node.
    InvalidTarget,
}

impl ErrorCode {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::UnknownNode => "unknown_node",
            ErrorCode::InvalidKey => "invalid_key",
            ErrorCode::InvalidSignature => "invalid_signature",
            ErrorCode::InvalidTarget => "invalid_target",
        }
    }

    fn parse(text: &str) -> Option<ErrorCode> {
        [
            ErrorCode::UnknownNode,
            ErrorCode::InvalidKey,
            ErrorCode::InvalidSignature,
            ErrorCode::InvalidTarget,
        ]
        .into_iter()
        .find(|code| code.as_str() == text)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A body that is no envelope of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A part of it is not what it should be.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// `source_node` or `target_node` is no node's RID.
    #[error("{member} is {rid:?}, which is no node")]
    NotANode {
        /// Which member.
        member: &'static str,
        /// The RID that stands there, shortened.
        rid: String,
    },
    /// The payload is of another kind than the endpoint takes.
    #[error("the payload's type is {found:?}, this endpoint has {expected}")]
    WrongPayload {
        /// What was expected.
        expected: PayloadKind,
        /// The `type`, shortened.
        found: String,
    },
}

impl From<JsonError> for Malformed {
    fn from(error: JsonError) -> Self {
        Malformed::Model(error.into())
    }
}

impl From<RidError> for Malformed {
    fn from(error: RidError) -> Self {
        Malformed::Model(error.into())
    }
}

/// Why an envelope was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It is no envelope: HTTP 422.
    #[error("malformed envelope: {0}")]
    Malformed(#[from] Malformed),
    /// It is one that must not be trusted, or that is not for us: HTTP 400.
    #[error("{code}: {message}")]
    Refused {
        /// The code for the peer.
        code: ErrorCode,
        /// The same for people.
        message: String,
    },
    /// A response that is signed well, but not by the node that was asked.
    #[error("{asked} was asked, but {answered} has answered")]
    WrongResponder {
        /// The node that was asked.
        asked: Rid,
        /// The node that signed the answer.
        answered: Rid,
    },
}

impl From<ModelError> for WireError {
    fn from(error: ModelError) -> Self {
        WireError::Malformed(error.into())
    }
}

impl WireError {
    pub(crate) fn refused(code: ErrorCode, message: impl Into<String>) -> WireError {
        WireError::Refused {
            code,
            message: message.into(),
        }
    }

    /// A sender whose profile nobody has told.
    pub fn unknown_node(source: &Rid) -> WireError {
        WireError::refused(
            ErrorCode::UnknownNode,
            format!("{source} is not known here: broadcast your profile as a NEW event first"),
        )
    }

    /// HTTP status for the peer that sent it.
    pub fn status(&self) -> u16 {
        match self {
            WireError::Malformed(_) => 422,
            WireError::Refused { .. } | WireError::WrongResponder { .. } => 400,
        }
    }

    /// JSON body for the peer that sent it: an `error_response`, or as FastAPI tells of input that
    /// does not fit.
    pub fn body(&self) -> String {
        if let WireError::Refused { code, message } = self {
            return ErrorResponse {
                error: code.as_str().to_owned(),
                message: Some(message.clone()),
            }
            .to_json();
        }
        let mut body = String::from(r#"{"detail":[{"type":"malformed","loc":["body"],"msg":"#);
        write_string(&self.to_string(), &mut body);
        body.push_str("}]}");
        body
    }
}

/// The body of an HTTP 400. It is not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    /// The code as written, which may be none of [`ErrorCode`].
    pub error: String,
    /// For people. The reference sends none and ignores it.
    pub message: Option<String>,
}

impl ErrorResponse {
    /// Reads a body; `None` if it is no `error_response`.
    pub fn parse(body: &[u8]) -> Option<ErrorResponse> {
        if body.len() > MAX_ERROR_BODY_BYTES {
            return None;
        }
        let document = Document::parse(str::from_utf8(body).ok()?).ok()?;
        let member = |name| Some(document.root().get(name)?.as_str()?.into_owned());
        (member("type")? == "error_response").then_some(())?;
        Some(ErrorResponse {
            error: member("error")?,
            message: member("message"),
        })
    }

    /// The code, if it is one that is known.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::parse(&self.error)
    }

    /// The body.
    pub fn to_json(&self) -> String {
        let mut body = String::from(r#"{"type":"error_response","error":"#);
        write_string(&self.error, &mut body);
        if let Some(message) = &self.message {
            body.push_str(",\"message\":");
            write_string(message, &mut body);
        }
        body.push('}');
        body
    }
}
