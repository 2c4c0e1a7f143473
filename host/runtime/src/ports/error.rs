//! How a port fails.

/// A port's failure, as the guest is told of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Another try may succeed.
    #[error("{0}")]
    Transient(String),
    /// Another try with the same input fails again.
    #[error("{0}")]
    Permanent(String),
    /// The input is not what the port asks for.
    #[error("{0}")]
    InvalidInput(String),
    /// The operator has not granted it.
    #[error("{0}")]
    Denied(Denial),
}

/// Which grant is missing and how to give it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not granted: {grant}; {remedy}")]
pub struct Denial {
    /// The missing grant as the command line writes it, such as `read=orn:data.dataset`.
    pub grant: String,
    /// What would give it, as an instruction: usually a command.
    pub remedy: String,
}
