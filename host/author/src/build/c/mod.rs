use std::path::Path;
use std::process::Command;

use super::{BuildError, Progress};
use crate::Project;

pub(super) fn build(
    _project: &Project,
    _work: &Path,
    _out: &Path,
    _progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    Err(BuildError::Project("not built yet".to_owned()))
}

pub(super) fn test_command(_project: &Project) -> Result<Command, BuildError> {
    Err(BuildError::Project("not built yet".to_owned()))
}
