//! From a component's bytes to compiled code: here, or in a process of its own.
//!
//! Everything that parses a stranger's bytes happens in here. A process of its own is bounded in CPU
//! time, memory and wall time, runs at low priority on one thread, and ends when whoever waits for it
//! goes away. What it costs to compile is therefore never the node's to pay; a component that costs
//! more is refused with the limit and its setting ([`LoadError::Limit`]).

mod child;
mod limits;
mod parent;
mod protocol;
mod refusal;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::process::Command;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Engine;

pub use child::compile_for_parent;
pub use limits::{COMPILE_LIMITS, CompileLimits};

use crate::error::LoadError;

/// Where components are compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Compiler {
    /// In this process, without limits: for components that are trusted, as in a program that embeds
    /// its own.
    #[default]
    InProcess,
    /// In a process of a program whose `main` calls [`compile_for_parent`], of the same build as this
    /// one.
    Child {
        /// The program.
        program: PathBuf,
        /// What makes it call [`compile_for_parent`].
        arguments: Vec<String>,
        /// The environment variables that it has; there are no others.
        environment: Vec<(String, String)>,
    },
}

impl Compiler {
    /// Compiles a component for engines like this one, which count instructions or don't. The permit is
    /// given back when nothing works on it any more.
    pub(crate) async fn compile(
        &self,
        engine: &Engine,
        bytes: Arc<[u8]>,
        limits: &CompileLimits,
        fuel: bool,
        permit: OwnedSemaphorePermit,
    ) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::InProcess => {
                let engine = engine.clone();
                let compiled = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    let code = engine.precompile_component(&bytes);
                    code.map_err(|error| refusal::reason(&bytes, &error))
                });
                compiled
                    .await
                    .map_err(|panic| LoadError::Compile(panic.to_string()))?
                    .map_err(LoadError::Malformed)
            }
            Self::Child {
                program,
                arguments,
                environment,
            } => {
                let _permit = permit;
                let mut command = Command::new(program);
                command.args(arguments).env_clear();
                command.envs(environment.iter().map(|(name, value)| (name, value)));
                parent::compile(command, &bytes, limits, fuel).await
            }
        }
    }
}
