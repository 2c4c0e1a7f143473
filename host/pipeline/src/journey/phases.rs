//! What is done in each phase.

use koi_rid::{Contents, EventType, Rid};
use koi_runtime::Phase;
use koi_runtime::ports::KnownBundle;

use super::{Before, Halt, Journey};
use crate::fault::Fault;
use crate::publication::just_after;
use crate::rules::{self, Order};
use crate::{Flow, MAX_DEPTH};

impl Journey<'_> {
    pub(super) async fn rid_phase(&mut self) -> Result<(), Halt> {
        let knowledge = &mut self.object.knowledge;
        if knowledge.depth > MAX_DEPTH {
            let reason = format!(
                "{} causes stand behind it, more than {MAX_DEPTH}: handlers answer each other",
                knowledge.depth
            );
            return Err(Fault::refused("too-deep", reason).into());
        }
        let verdict = rules::judge_rid(
            &knowledge.rid,
            knowledge.source.as_ref(),
            &self.world.node_rid,
        );
        if let Flow::Stop(reason) = verdict {
            return Err(Halt::Stop(reason));
        }
        if knowledge.event_type == Some(EventType::Forget) {
            knowledge.normalized = Some(EventType::Forget);
        }
        if let Some(owner) = self.snapshot.rid_types.get(&self.rid_type) {
            owner
                .parse_reference(&self.object.knowledge.rid, self.invocation.clone())
                .await
                .map_err(|error| Fault::call(&owner.extension, &error))?;
        }
        self.host_handlers().await?;
        self.guest_handlers().await
    }

    /// For a FORGET: later handlers get to see what is about to go.
    pub(super) async fn recall(&mut self) -> Result<(), Halt> {
        self.read_previous().await?;
        let knowledge = &mut self.object.knowledge;
        let Some(previous) = &knowledge.previous else {
            return Err(Halt::Stop(
                "nothing is stored that could be forgotten".to_owned(),
            ));
        };
        // The host's own names what has been kept for long enough.
        let is_own = knowledge.event_type == Some(EventType::Forget) && knowledge.source.is_none();
        if let Some(named) = knowledge.manifest.as_ref().filter(|_| is_own) {
            if *named != previous.bundle.manifest {
                return Err(Halt::Stop(
                    "what is stored is newer than what was to be forgotten".to_owned(),
                ));
            }
            self.object.is_forgotten_here_alone = self.told_by.is_some();
        }
        knowledge.manifest = Some(previous.bundle.manifest.clone());
        knowledge.contents = Some(previous.bundle.contents.clone());
        Ok(())
    }

    pub(super) async fn manifest_phase(&mut self) -> Result<(), Halt> {
        self.object.knowledge.phase = Phase::Manifest;
        if self.object.knowledge.manifest.is_none() {
            let source = self.source_to_ask()?;
            let rid = self.object.knowledge.rid.clone();
            self.rest();
            let manifest = {
                let _turn = self.world.fetching.turn(&source).await;
                self.world.fetch.manifest(&source, &rid).await
            };
            self.work().await;
            let manifest = manifest.map_err(Fault::from)?;
            self.object.knowledge.manifest = Some(manifest.ok_or_else(|| gone(&source))?);
        }
        self.read_previous().await?;
        self.judge_manifest()?;
        self.host_handlers().await?;
        self.guest_handlers().await?;
        match self.object.knowledge.normalized {
            Some(EventType::New | EventType::Update) => Ok(()),
            Some(EventType::Forget) if self.object.knowledge.previous.is_some() => Ok(()),
            _ => Err(Halt::Stop("nothing is left to be done with it".to_owned())),
        }
    }

    /// Gets the contents if they did not come along, and checks that all belongs together.
    pub(super) async fn complete(&mut self) -> Result<(), Halt> {
        let knowledge = &self.object.knowledge;
        if knowledge.contents.as_ref().is_none_or(Contents::is_empty) {
            let source = self.source_to_ask()?;
            let rid = knowledge.rid.clone();
            self.rest();
            let bundle = {
                let _turn = self.world.fetching.turn(&source).await;
                self.world.fetch.bundle(&source, &rid).await
            };
            self.work().await;
            let bundle = bundle.map_err(Fault::from)?.ok_or_else(|| gone(&source))?;
            let newer = self.object.knowledge.manifest.as_ref() != Some(&bundle.manifest);
            self.object.knowledge.manifest = Some(bundle.manifest);
            self.object.knowledge.contents = Some(bundle.contents);
            if newer && self.object.knowledge.normalized != Some(EventType::Forget) {
                self.judge_manifest()?;
            }
        }
        let (Some(manifest), Some(contents)) = (
            &self.object.knowledge.manifest,
            &self.object.knowledge.contents,
        ) else {
            return Err(Fault::refused("incomplete", "it has no manifest or no contents").into());
        };
        if contents.is_empty() {
            return Err(Fault::refused("invalid-input", "its contents are empty").into());
        }
        let hash = contents.hash();
        if manifest.sha256_hash != hash {
            let reason = format!(
                "its manifest claims the hash {}, its contents have {hash}",
                manifest.sha256_hash
            );
            return Err(Fault::refused("hash-mismatch", reason).into());
        }
        Ok(())
    }

    pub(super) async fn bundle_phase(&mut self) -> Result<(), Halt> {
        self.object.knowledge.phase = Phase::Bundle;
        self.host_handlers().await?;
        self.check_schema().await?;
        let before = self.object.knowledge.contents.clone();
        self.guest_handlers().await?;
        if self.object.knowledge.contents != before {
            self.check_schema().await?;
        }
        Ok(())
    }

    pub(super) async fn network_phase(&mut self) -> Result<(), Halt> {
        self.object.knowledge.phase = Phase::Network;
        self.host_handlers().await?;
        self.guest_handlers().await?;
        if self.object.targets_by_guest {
            self.keep_known_targets().await?;
        }
        if self.object.is_forgotten_here_alone {
            self.object.knowledge.network_targets.clear();
        }
        Ok(())
    }

    /// Nobody delivers to nodes that are not known: what is enqueued for them would stay for ever.
    async fn keep_known_targets(&mut self) -> Result<(), Halt> {
        let targets = &mut self.object.knowledge.network_targets;
        let known = self.world.stores.bundles.read_many(targets).await?;
        *targets = known
            .into_iter()
            .map(|known| known.bundle.manifest.rid)
            .collect();
        Ok(())
    }

    fn judge_manifest(&mut self) -> Result<(), Halt> {
        let knowledge = &mut self.object.knowledge;
        let Some(manifest) = &mut knowledge.manifest else {
            return Err(Fault::refused("incomplete", "it has no manifest").into());
        };
        if manifest.rid != knowledge.rid {
            let reason = format!(
                "it is about {}, its manifest about {}",
                knowledge.rid, manifest.rid
            );
            return Err(Fault::refused("rid-mismatch", reason).into());
        }
        if knowledge.source.is_some() && rules::is_of_the_future(manifest) {
            let reason = format!(
                "it is of {}, more than a day from now: the clock of {} is wrong",
                manifest.timestamp.as_str(),
                knowledge.source.as_ref().map_or("its node", Rid::as_str)
            );
            return Err(Fault::refused("of-the-future", reason).into());
        }
        if self.world.expiry.lifetimes.are_over_for(manifest) {
            return Err(Halt::Stop(format!(
                "it is of {}, and what is of its type is not kept for so long",
                manifest.timestamp.as_str()
            )));
        }
        let stored = knowledge
            .previous
            .as_ref()
            .map(|previous| &previous.bundle.manifest);
        let mut order = Order::ByTime;
        if let Some(stored) = stored {
            match &knowledge.source {
                // An acknowledged publication comes after what is stored, whatever that one's clock said.
                None if manifest.timestamp <= stored.timestamp => {
                    manifest.timestamp = just_after(stored);
                }
                Some(source)
                    if *source == knowledge.rid && self.told_by.as_ref() != Some(source) =>
                {
                    order = Order::OwnWord;
                }
                _ => {}
            }
        }
        let verdict = rules::judge_manifest(manifest, stored, order);
        knowledge.normalized = Some(verdict.map_err(Halt::Stop)?);
        Ok(())
    }

    async fn read_previous(&mut self) -> Result<(), Halt> {
        let stored = match std::mem::take(&mut self.before) {
            Before::Read(stored) => stored,
            Before::Unread => {
                let bundles = &self.world.stores.bundles;
                bundles.read(&self.object.knowledge.rid).await?
            }
        };
        self.object.knowledge.previous = stored.map(|stored| {
            self.told_by = stored.source;
            KnownBundle {
                bundle: stored.bundle,
                written_by: stored.written_by,
            }
        });
        Ok(())
    }

    fn source_to_ask(&self) -> Result<Rid, Halt> {
        let knowledge = &self.object.knowledge;
        knowledge.source.clone().ok_or_else(|| {
            let reason = match knowledge.contents {
                Some(_) => {
                    "its contents are empty, which counts as none, and there is no node to ask"
                }
                None => "it came without contents, and there is no node to ask",
            };
            Fault::refused("incomplete", reason).into()
        })
    }
}

fn gone(source: &Rid) -> Halt {
    Halt::Stop(format!("{source} does not have it any more"))
}
