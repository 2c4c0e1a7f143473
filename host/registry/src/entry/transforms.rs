//! Transforms from one schema to another.

use std::fmt;
use std::sync::Arc;

use koi_rid::{Contents, Rid};
use koi_runtime::{CallError, GuestErrorKind, Mode};

use super::knowledge::failure;
use super::successor::call_newest;
use crate::callee::{Callee, Invocation};
use crate::grant::{Access, Right};

/// From one schema to another, by an extension.
pub struct TransformEntry {
    /// The schema that contents fit.
    pub from: String,
    /// The schema that they fit afterwards.
    pub to: String,
    /// Whose transform it is.
    pub extension: Arc<str>,
    access: Arc<Access>,
    callee: Arc<dyn Callee>,
}

impl TransformEntry {
    pub(super) fn new(
        (from, to): &(String, String),
        access: Arc<Access>,
        callee: Arc<dyn Callee>,
    ) -> Self {
        Self {
            from: from.clone(),
            to: to.clone(),
            extension: access.extension().into(),
            access,
            callee,
        }
    }

    /// Turns contents under a RID into those of the other schema; whether they fit it is for the caller to
    /// check.
    ///
    /// # Errors
    /// Of kind denied if the extension was not granted to handle the RID; of kind permanent if `reader`,
    /// an extension that waits for this, is the same one and has a single instance, or if what comes of
    /// it is no JSON object; else as a call fails.
    pub async fn apply(
        &self,
        rid: &Rid,
        contents: &Contents,
        reader: Option<&str>,
        invocation: Invocation,
    ) -> Result<Contents, CallError> {
        if let Err(denial) = self.access.require(Right::Handle, rid) {
            let reason = format!(
                "{} turns `{}` into `{}`, and is not allowed to see {rid}: {denial}",
                self.extension, self.from, self.to
            );
            return Err(failure(GuestErrorKind::Denied, reason));
        }
        if reader == Some(&*self.extension) && self.access.execution().mode == Mode::Singleton {
            let reason = format!(
                "{} has one instance, which waits for this answer: it has to turn `{}` into `{}` by itself",
                self.extension, self.from, self.to
            );
            return Err(failure(GuestErrorKind::Permanent, reason));
        }
        let (from, to, contents) = (&self.from, &self.to, contents.as_str());
        let transformed = call_newest!(self.callee, transform(from, to, contents; invocation))?;
        Contents::parse(&transformed).map_err(|error| {
            let reason = format!(
                "{} turned `{}` into what is no `{}`: {error}",
                self.extension, self.from, self.to
            );
            failure(GuestErrorKind::Permanent, reason)
        })
    }
}

impl fmt::Debug for TransformEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TransformEntry({} to {} by {})",
            self.from, self.to, self.extension
        )
    }
}
