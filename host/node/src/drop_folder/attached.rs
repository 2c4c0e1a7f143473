//! What lies beside a component in the folder and says who made it.

use std::io::{ErrorKind, Read};

use anyhow::{Context, Result, bail};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use koi_distribution::{Attached, MAX_ATTACHED};
use rustix::fs::OFlags;

/// The file that another one belongs to; itself, if it belongs to none.
pub(super) fn component_of(name: &str) -> &str {
    let mut suffixes = Attached::SUFFIXES.into_iter();
    suffixes
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}

/// Reads what lies beside a file.
///
/// # Errors
/// If it is there and cannot be read, or is larger than it may be.
pub(super) fn read(folder: &Dir, name: &str) -> Result<Attached> {
    Attached::gather(|suffix| {
        let name = format!("{name}{suffix}");
        let cannot = || format!("cannot read {name} beside it");
        let mut options = OpenOptions::new();
        // Opening a named pipe would else wait for somebody to write into it.
        options
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let file = match folder.open_with(&name, &options) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(cannot),
        };
        if !file.metadata().with_context(cannot)?.is_file() {
            bail!("{name} beside it is not a regular file");
        }
        let mut text = String::new();
        file.take(MAX_ATTACHED as u64 + 1)
            .read_to_string(&mut text)
            .with_context(cannot)?;
        if text.len() > MAX_ATTACHED {
            bail!("{name} beside it is larger than {MAX_ATTACHED} bytes");
        }
        Ok(Some(text))
    })
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    #[test]
    fn what_lies_beside_a_component_belongs_to_it() {
        for name in ["a.wasm", "a.wasm.sig", "a.wasm.sigstore.json", "a.wasm.pub"] {
            assert_eq!(component_of(name), "a.wasm");
        }
        assert_eq!(component_of("a.txt"), "a.txt");
    }

    #[test]
    fn it_is_read_bounded_and_from_within_the_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let at = |name: &str| folder.path().join(name);
        assert_eq!(read(&dir, "a.wasm").unwrap(), Attached::default());
        std::fs::write(at("a.wasm.sig"), "signature").unwrap();
        let found = read(&dir, "a.wasm").unwrap();
        assert_eq!(found.signature.as_deref(), Some("signature"));
        std::fs::write(at("b.wasm.pub"), "x".repeat(MAX_ATTACHED + 1)).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", at("c.wasm.sig")).unwrap();
        std::fs::create_dir(at("d.wasm.sigstore.json")).unwrap();
        for (name, expected) in [
            ("b.wasm", "larger than"),
            ("c.wasm", "cannot read c.wasm.sig"),
            ("d.wasm", "not a regular file"),
        ] {
            let told = read(&dir, name).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }
}
