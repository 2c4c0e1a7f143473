//! What calls used up beside what nodes allow by default.

use koi_runtime::Limits;

use crate::report::Code;
use crate::run::Run;

pub(super) fn check(run: &mut Run<'_>) {
    let limits = Limits::default();
    let calls = run.report.measured.calls.clone();
    let micros = |setting: &str| limits.get(setting).unwrap_or(u64::MAX).saturating_mul(1000);
    let bytes = |setting: &str| limits.get(setting).unwrap_or(u64::MAX);
    for (kind, most) in calls {
        let used = [
            ("limits.cpu", most.cpu_us, micros("limits.cpu")),
            ("limits.wall", most.wall_us, micros("limits.wall")),
            ("limits.memory", most.memory, bytes("limits.memory")),
            ("limits.result", most.result, bytes("limits.result")),
        ];
        for (setting, used, limit) in used {
            if used > limit / 2 {
                let percent = u128::from(used) * 100 / u128::from(limit.max(1));
                let message = format!(
                    "a call used {percent} % of `{setting}`: do less in one call, or ask for more in `limits` of `describe`"
                );
                run.find(
                    Code::LimitNear,
                    &format!("calls of kind {kind}"),
                    message,
                    None,
                );
            }
        }
    }
}
