//! Another try for a dead letter, by the way on which it was given up.

use koi_rid::{Event, EventType, Rid};
use koi_runtime::Phase;
use koi_store::{Batch, DeadLetter, Op, Outgoing, StoreError};

use crate::PipelineError;
use crate::settle::World;

impl World {
    /// The letter goes only together with what comes of it.
    pub(crate) async fn redrive(&self, id: u64) -> Result<(), PipelineError> {
        let letter = self.stores.dead_letters.read(id).await?;
        let letter = letter.ok_or(PipelineError::NoSuchLetter(id))?;
        if let Some(peer) = letter.peer {
            return self.tell_again(id, peer, letter.arrival.rid).await;
        }
        if letter.phase == Phase::Final.as_str() {
            self.refuse_without_handlers(id, &letter.arrival.rid)?;
            let finished = self.finish_again(&letter.arrival).await;
            finished.map_err(|reason| PipelineError::StillDead { id, reason })?;
            return self.exhume(id, None).await.map(drop);
        }
        self.refuse_outdated(&letter).await?;
        let mut arrival = letter.arrival;
        // An operator's decision begins a new chain of causes.
        arrival.depth = 0;
        let accepted = self.exhume(id, Some(Op::Accept(arrival.clone()))).await?;
        self.intake.hand_over(accepted, vec![arrival]);
        Ok(())
    }

    /// The Final phase has nothing that an object could wait in: without its handlers it would be over.
    fn refuse_without_handlers(&self, id: u64, rid: &Rid) -> Result<(), PipelineError> {
        match self.registry.snapshot().missing_for(rid) {
            None => Ok(()),
            Some(missing) => Err(PipelineError::StillDead {
                id,
                reason: format!("{} does not run: {}", missing.extension, missing.reason),
            }),
        }
    }

    /// What is published here comes after what is stored. A letter does not: it would bring back what
    /// has been replaced since.
    async fn refuse_outdated(&self, letter: &DeadLetter) -> Result<(), PipelineError> {
        let (None, Some(manifest)) = (&letter.arrival.source, &letter.arrival.manifest) else {
            return Ok(());
        };
        let stored = self.stores.bundles.read(&letter.arrival.rid).await?;
        if stored.is_some_and(|stored| stored.bundle.manifest.timestamp > manifest.timestamp) {
            return Err(PipelineError::StillDead {
                id: letter.id,
                reason: format!(
                    "what is stored under {} is newer; publish it again if it is still wanted",
                    manifest.rid
                ),
            });
        }
        Ok(())
    }

    /// Tells a peer what this node has now of what it did not take.
    async fn tell_again(&self, id: u64, peer: Rid, rid: Rid) -> Result<(), PipelineError> {
        let event = match self.stores.bundles.read(&rid).await? {
            Some(stored) => Event::of_bundle(EventType::Update, stored.bundle),
            None => Event::of_rid(EventType::Forget, rid),
        };
        let enqueue = Op::Enqueue(Outgoing {
            peer: peer.clone(),
            event,
        });
        self.exhume(id, Some(enqueue)).await?;
        self.deliveries.ring(&peer);
        Ok(())
    }

    async fn exhume(&self, id: u64, besides: Option<Op>) -> Result<Vec<u64>, PipelineError> {
        let ops = std::iter::once(Op::Exhume(id)).chain(besides).collect();
        match self.stores.commits.commit(Batch { ops }).await {
            Ok(committed) => Ok(committed.accepted),
            Err(StoreError::NotFound { .. }) => Err(PipelineError::NoSuchLetter(id)),
            Err(error) => Err(error.into()),
        }
    }
}
