//! Where a call goes on whose revision another one took the place of while it waited.
//!
//! A singleton's calls wait in its queue while its state is handed over, and then end with
//! [`CallError::Superseded`]: nothing of them was done. What they asked for is the successor's to answer,
//! which may have been superseded too by then.

use std::sync::Arc;

use koi_runtime::CallError;

use super::ExtensionEntry;
use crate::callee::Callee;

/// The revision that has taken the place of the callee's.
///
/// # Errors
/// [`CallError::Superseded`] if none has.
pub(super) fn successor(callee: &dyn Callee) -> Result<Arc<ExtensionEntry>, CallError> {
    let handover = callee.handover();
    let successor = handover.and_then(|handover| handover.successor());
    successor.ok_or(CallError::Superseded)
}

/// Calls a function whose answers have the same form in all revisions: of the entry's own callee, or of
/// the one that took its place.
macro_rules! call_newest {
    ($callee:expr, $function:ident($($argument:expr),+; $invocation:expr)) => {{
        let (mut callee, invocation) = ($callee.clone(), $invocation);
        loop {
            let answer = callee.$function($($argument,)+ invocation.clone()).await;
            match answer {
                Err(koi_runtime::CallError::Superseded) => {
                    let next = $crate::entry::successor::successor(&*callee)?;
                    callee = next.callee.clone();
                }
                answer => break answer,
            }
        }
    }};
}
pub(super) use call_newest;
