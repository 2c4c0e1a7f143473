//! Waiting for what another process does, where it has no event to await.

use std::time::{Duration, Instant};

/// How long a test waits for anything: long enough for a loaded machine with two cores.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is looked for: nothing tells of it that a test could wait for.
pub(crate) const GLANCE: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer.
///
/// # Panics
/// After [`PATIENCE`], saying what was waited for.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain for: {what}"
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
