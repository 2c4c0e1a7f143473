//! Tells whether the inputs of a step changed since it was last done.
//!
//! A stamp file beside the result holds a hash of every input's path and bytes. It is written after
//! the result, so an interrupted step is done again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A stamp that is compared and written.
#[derive(Debug)]
pub struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    /// The stamp in `file` for what `inputs` hold now; folders count with everything in them.
    pub fn of(file: PathBuf, inputs: &[PathBuf]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            add(input, &mut hasher).with_context(|| format!("reading {}", input.display()))?;
        }
        Ok(Self {
            file,
            hash: format!("{:016x}", hasher.finish()),
        })
    }

    /// Whether the step was done with these inputs.
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|written| written == self.hash)
    }

    /// Remembers that the step is done.
    pub fn write(&self) -> Result<()> {
        fs::write(&self.file, &self.hash)
            .with_context(|| format!("writing {}", self.file.display()))
    }
}

fn add(path: &Path, hasher: &mut impl Hasher) -> std::io::Result<()> {
    path.hash(hasher);
    if !path.is_dir() {
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    entries.retain(|entry| !entry.ends_with("__pycache__"));
    entries.sort();
    entries.iter().try_for_each(|entry| add(entry, hasher))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_current_until_a_file_below_its_inputs_changes() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = [folder.path().join("inputs")];
        fs::create_dir_all(inputs[0].join("deep")).unwrap();
        fs::write(inputs[0].join("deep/file"), "one").unwrap();
        let stamp = || Stamp::of(folder.path().join("stamp"), &inputs).unwrap();

        assert!(!stamp().is_current());
        stamp().write().unwrap();
        assert!(stamp().is_current());
        fs::write(inputs[0].join("deep/file"), "two").unwrap();
        assert!(!stamp().is_current());
    }
}
