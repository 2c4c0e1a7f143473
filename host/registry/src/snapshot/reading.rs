//! Bundles as a reader wants them: in another schema than that in which they are stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use koi_rid::{Contents, Rid};
use koi_runtime::{CallError, GuestErrorKind};

use super::Snapshot;
use crate::callee::Invocation;
use crate::entry::{SchemaEntry, TransformEntry, failure};

/// Most transforms, one after the other, that one read goes through.
const MAX_STEPS: usize = 8;

/// What leads towards a schema.
#[derive(Default)]
struct Ways<'a> {
    /// The first step from each schema that leads there, by the schema it begins with.
    steps: BTreeMap<&'a str, &'a Arc<TransformEntry>>,
    /// The schemas that lead there, the nearest ones first.
    from: Vec<&'a str>,
}

impl Snapshot {
    /// Contents under a RID as the schema of that name wants them. What they fit is looked for in this
    /// order: the schema of the RID's type if it leads there, the wanted one, and those from which the
    /// fewest transforms do. `reader` is the extension that waits for this, if one does.
    ///
    /// # Errors
    /// Of kind invalid input if there is no such schema, or no way from what they fit to it; of kind
    /// permanent if what came of a transform does not fit its schema; else as
    /// [`TransformEntry::apply`].
    pub async fn transform(
        &self,
        rid: &Rid,
        contents: Contents,
        wanted: &str,
        reader: Option<&str>,
        invocation: Invocation,
    ) -> Result<Contents, CallError> {
        let Some(schema) = self.schemas.get(wanted) else {
            let wanted: String = wanted.chars().take(128).collect();
            let reason = format!("no extension has a schema `{wanted}`");
            return Err(failure(GuestErrorKind::InvalidInput, reason));
        };
        let ways = self.ways_to(schema);
        let own = self
            .rid_types
            .get(&rid.rid_type())
            .and_then(|owner| owner.schema.as_ref())
            .map(|schema| schema.name.as_str())
            .filter(|own| *own == wanted || ways.steps.contains_key(own));
        let candidates = own.into_iter().chain([wanted]).chain(ways.from);
        let fitting = candidates
            .filter_map(|name| self.schemas.get(name))
            .find(|schema| schema.check(&contents).is_ok());
        let Some(fitting) = fitting else {
            let reason = format!(
                "what is stored under {rid} does not fit the schema `{wanted}`, and no transform leads there \
                 from one that it fits"
            );
            return Err(failure(GuestErrorKind::InvalidInput, reason));
        };
        let (mut contents, mut at) = (contents, fitting.name.as_str());
        while at != wanted {
            let Some(step) = ways.steps.get(at) else {
                break;
            };
            contents = step
                .apply(rid, &contents, reader, invocation.clone())
                .await?;
            at = &step.to;
            if let Some(schema) = self.schemas.get(at) {
                let misfit = |error: CallError| {
                    let reason = format!(
                        "{} turned `{}` into what is no `{at}`: {error}",
                        step.extension, step.from
                    );
                    failure(GuestErrorKind::Permanent, reason)
                };
                schema.check(&contents).map_err(misfit)?;
            }
        }
        Ok(contents)
    }

    /// Breadth first, so that each schema is reached by the fewest steps; of several extensions with the
    /// same transform the first by name is taken.
    fn ways_to<'a>(&'a self, wanted: &'a SchemaEntry) -> Ways<'a> {
        let mut ways = Ways::default();
        let mut reached = BTreeSet::from([wanted.name.as_str()]);
        let mut edge = vec![wanted.name.as_str()];
        for _ in 0..MAX_STEPS {
            let mut next = BTreeSet::new();
            for to in edge {
                for step in self.transforms.get(to).into_iter().flatten() {
                    if reached.insert(&step.from) {
                        ways.steps.insert(&step.from, step);
                        next.insert(step.from.as_str());
                    }
                }
            }
            ways.from.extend(&next);
            edge = next.into_iter().collect();
        }
        ways
    }
}
