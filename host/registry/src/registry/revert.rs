//! Going back to an earlier revision.

use futures::future::BoxFuture;
use koi_store::{Revision, Role};

use super::install::InstallReport;
use super::revisions::{RevisionError, find, short, tell_deprecated};
use super::swap::{Commit, Swapped};
use super::{Inner, Registry};

impl Registry {
    /// Has another revision of an extension serve, with the grants and settings that it had: that of the
    /// number `to`, or the newest before the one that serves that has served and is not deprecated. It
    /// is made ready as at an install. The audit log says that `who` did it.
    ///
    /// # Errors
    /// If there is no such revision, or it does not come up. Then all is as it was.
    pub fn revert<'a>(
        &'a self,
        name: &'a str,
        to: Option<u64>,
        who: &'a str,
    ) -> BoxFuture<'a, Result<InstallReport, RevisionError>> {
        Box::pin(async move {
            let (registry, name, who) = (self.clone(), name.to_owned(), who.to_owned());
            super::to_the_end(async move {
                let changing = registry.inner.changing.lock().await;
                let (target, swapped) = registry.inner.revert(&name, to, &who).await?;
                drop(changing);
                tell_deprecated(&target);
                Ok(InstallReport {
                    deprecated: target.deprecated,
                    ..registry.after(swapped).await
                })
            })
            .await
        })
    }
}

impl Inner {
    async fn revert(
        &self,
        name: &str,
        to: Option<u64>,
        who: &str,
    ) -> Result<(Revision, Swapped), RevisionError> {
        let serving = self.activation(name, Role::Serving).await?;
        let serving = serving.ok_or_else(|| RevisionError::Unknown(short(name)))?;
        let revisions = self.store.revisions(name).await?;
        let target = match to {
            Some(number) => find(name, &revisions, number)?.clone(),
            None => {
                let mut before = revisions.iter().rev().filter(|one| {
                    one.revision < serving.revision
                        && one.served_at.is_some()
                        && one.deprecated.is_none()
                });
                let before = before.next().cloned();
                before.ok_or_else(|| RevisionError::NothingBefore {
                    name: short(name),
                    revision: serving.revision,
                })?
            }
        };
        let runs = self.snapshot.load().extensions.contains_key(name);
        if target.revision == serving.revision && runs {
            return Err(RevisionError::Serves {
                name: short(name),
                revision: target.revision,
            });
        }
        let active = self.roles(name).await?;
        let role = active.get(&target.revision);
        if let Some(role) = role.filter(|role| **role != Role::Serving) {
            return Err(RevisionError::Active {
                name: short(name),
                revision: target.revision,
                role: role.as_str(),
                instead: match role {
                    Role::Held => "approve it, or reject it first",
                    _ => "promote it, or retire it first",
                },
            });
        }
        let stored = self.stored(&target).await?;
        let (candidate, info, settings) = (&stored.candidate, stored.info, &stored.settings);
        let commit = Commit::Activate;
        let swapped = self.swap(candidate, info, stored.grants, settings, commit, who);
        let swapped = swapped.await?;
        Ok((target, swapped))
    }
}
