//! The guests of the sandbox soak.

use std::time::Duration;

use anyhow::{Context, Result};
use koi_runtime::{Limits, Mode, Runtime};
use koi_tests::{Callable, Guest};

/// What a hostile guest may use up: little, so that ten thousand of them end in minutes.
fn narrow() -> Limits {
    Limits {
        cpu: Duration::from_millis(20),
        wall: Duration::from_secs(5),
        memory: 64 << 20,
        host_calls: 1000,
        ..Limits::default()
    }
}

/// One made with the SDK, in every mode, and one made of text, which never frees its memory and so is
/// no singleton.
pub async fn well_behaved(runtime: &Runtime) -> Result<Vec<Callable>> {
    let rust = runtime.load(koi_tests::guest("echo").into()).await?;
    let text = runtime.load(Guest::default().bytes()).await?;
    let rust = Mode::ALL.map(|mode| Callable::new(&rust, mode, Limits::default()));
    let text =
        [Mode::Fresh, Mode::Pooled].map(|mode| Callable::new(&text, mode, Limits::default()));
    Ok(rust.into_iter().chain(text).collect())
}

/// The corpus `tests/hostile/call`, each in every mode.
pub async fn hostile(runtime: &Runtime) -> Result<Vec<Callable>> {
    let folder = koi_tests::repository().join("tests/hostile/call");
    let files = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut paths = files
        .map(|file| Ok(file?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut guests = Vec::new();
    for path in paths {
        let fields = std::fs::read_to_string(&path)?;
        // Guests live as long as the soak.
        let fields: &'static str = fields.leak();
        let guest = Guest {
            fields,
            ..Guest::default()
        };
        let extension = runtime
            .load(guest.bytes())
            .await
            .with_context(|| path.display().to_string())?;
        guests.extend(Mode::ALL.map(|mode| Callable::new(&extension, mode, narrow())));
    }
    Ok(guests)
}
