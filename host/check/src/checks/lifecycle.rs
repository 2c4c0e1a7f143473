//! `start`, `health` and `stop`.

use serde_json::Value;

use crate::report::Code;
use crate::run::{Asked, Ended, Run};

fn asked(subject: &str) -> Asked<'_> {
    Asked {
        kind: "lifecycle",
        trapped: Code::LifecycleTrapped,
        subject,
        input: None,
    }
}

pub(super) async fn start(run: &mut Run<'_>) {
    let callee = run.entry.callee.clone();
    if let Ended::Error(error) = run.call(asked("start"), callee.start(), |()| 0).await {
        let message = format!(
            "it answers with an error, which keeps an extension from being activated: {error}; the check has no \
             real servers, settings and secrets, so see whether that is why"
        );
        run.find(Code::StartFailed, "start", message, None);
    }
    let health = run
        .call(asked("health"), callee.health(), String::len)
        .await;
    let Some(health) = health.answer() else {
        return;
    };
    let value: Value = serde_json::from_str(&health).unwrap_or_default();
    if !matches!(
        value["status"].as_str(),
        Some("ok" | "degraded" | "failing")
    ) {
        let message =
            "its answer is no JSON object whose `status` is `ok`, `degraded` or `failing`";
        run.find(Code::ResultMisfit, "health", message, Some(&health));
    }
}

pub(super) async fn stop(run: &mut Run<'_>) {
    let callee = run.entry.callee.clone();
    run.call(asked("stop"), callee.stop(), |()| 0).await;
}
