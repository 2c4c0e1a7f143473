//! A KOI node that sends what was signed beforehand, and asks what has been stored of it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use koi_rid::{Bundle, Contents, Event, EventType, Rid};
use koi_wire::{
    Dialect, Endpoint, Envelope, NodeKey, NodeProfile, NodeType, Payload, Provides, PublicKey,
    node_rid, seal,
};

use crate::http::{Connection, post, split};

/// How long a receiver may take for a round.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sender without a server of its own.
pub struct Sender {
    key: NodeKey,
    rid: Rid,
}

/// A node that is sent to.
pub struct Receiver {
    rid: Rid,
    key: PublicKey,
    prefix: String,
    connection: Connection,
}

/// Signed requests and what they carry.
pub struct Batch {
    requests: Vec<Vec<u8>>,
    rids: Vec<Rid>,
}

impl Receiver {
    /// Connects to a node, by its RID, public key and base URL.
    pub async fn connect(rid: &str, public_key: &str, base_url: &str) -> Result<Self> {
        let (address, prefix) = split(base_url)?;
        Ok(Self {
            rid: Rid::parse(rid)?,
            key: PublicKey::parse(public_key)?,
            prefix: prefix.to_owned(),
            connection: Connection::open(address).await?,
        })
    }

    async fn tell(&mut self, request: &[u8]) -> Result<()> {
        let answer = self.connection.exchange(request).await?;
        ensure!(
            answer.status == 200,
            "a broadcast was refused: {} {}",
            answer.status,
            answer.body
        );
        Ok(())
    }

    /// Which of these RIDs it does not have.
    async fn lacks(&mut self, sender: &Sender, rids: &[Rid]) -> Result<Vec<Rid>> {
        let question = Payload::FetchManifests {
            rid_types: Vec::new(),
            rids: rids.to_vec(),
        };
        let request = sender.request(self, Endpoint::FetchManifests, &question)?;
        let answer = self.connection.exchange(&request).await?;
        ensure!(
            answer.status == 200,
            "no manifests: {} {}",
            answer.status,
            answer.body
        );
        let kind = Endpoint::FetchManifests
            .response()
            .context("manifests/fetch has no answer")?;
        let envelope = Envelope::parse(answer.body.as_bytes(), kind)?;
        match envelope
            .open_response(&self.key, &sender.rid, &self.rid)?
            .payload
        {
            Payload::Manifests { not_found, .. } => Ok(not_found),
            other => bail!("{} in answer to manifests/fetch", other.kind()),
        }
    }
}

impl Sender {
    /// A node with a new key.
    pub fn new(name: &str) -> Result<Self> {
        let key = NodeKey::generate()?;
        let rid = node_rid(name, key.public_key())?;
        Ok(Self { key, rid })
    }

    fn request(&self, to: &Receiver, endpoint: Endpoint, payload: &Payload) -> Result<Vec<u8>> {
        let envelope = seal(payload, &self.rid, &to.rid, &self.key, Dialect::default())?;
        Ok(post(
            &format!("{}{}", to.prefix, endpoint.path()),
            "",
            &envelope,
        ))
    }

    fn broadcast(&self, to: &Receiver, bundles: impl Iterator<Item = Bundle>) -> Result<Vec<u8>> {
        let events = bundles.map(|bundle| Event::of_bundle(EventType::New, bundle));
        self.request(
            to,
            Endpoint::BroadcastEvents,
            &Payload::Events {
                events: events.collect(),
            },
        )
    }

    /// Tells a receiver who this is.
    pub async fn introduce(&self, to: &mut Receiver) -> Result<()> {
        let profile = NodeProfile {
            base_url: None,
            node_type: NodeType::Partial,
            provides: Provides::default(),
            public_key: Some(self.key.public_key().as_str().to_owned()),
        };
        let bundle = Bundle::generate(self.rid.clone(), profile.to_contents()?);
        let request = self.broadcast(to, std::iter::once(bundle))?;
        to.tell(&request).await
    }

    /// Signs envelopes of so many bundles for a receiver.
    pub fn sign(
        &self,
        to: &Receiver,
        knowledge: impl IntoIterator<Item = (Rid, Contents)>,
        an_envelope: usize,
    ) -> Result<Batch> {
        let bundles: Vec<Bundle> = knowledge
            .into_iter()
            .map(|(rid, contents)| Bundle::generate(rid, contents))
            .collect();
        let rids = bundles
            .iter()
            .map(|bundle| bundle.manifest.rid.clone())
            .collect();
        let requests = bundles
            .chunks(an_envelope)
            .map(|bundles| self.broadcast(to, bundles.iter().cloned()))
            .collect::<Result<_>>()?;
        Ok(Batch { requests, rids })
    }

    /// Sends envelopes one after the other; how long it takes until the receiver has stored all that
    /// they carry. Asking takes the receiver's time too, so it begins when most of the time is over
    /// that is expected, and comes at intervals of a fiftieth of it.
    pub async fn deliver(
        &self,
        to: &mut Receiver,
        batch: &Batch,
        expected: Option<Duration>,
    ) -> Result<Duration> {
        let start = Instant::now();
        for request in &batch.requests {
            to.tell(request).await?;
        }
        let (first, interval) = match expected {
            Some(expected) => (expected.mul_f64(0.85), expected / 50),
            None => (Duration::ZERO, Duration::from_millis(50)),
        };
        tokio::time::sleep(first.saturating_sub(start.elapsed())).await;
        let mut missing = batch.rids.clone();
        while let Some(last) = missing.last().cloned() {
            let lacks_last = !to.lacks(self, &[last]).await?.is_empty();
            let took = start.elapsed();
            if !lacks_last {
                missing = to.lacks(self, &missing).await?;
                if missing.is_empty() {
                    return Ok(took);
                }
            }
            ensure!(
                took < PATIENCE,
                "{} of {} are not stored",
                missing.len(),
                batch.rids.len()
            );
            tokio::time::sleep(interval).await;
        }
        Ok(start.elapsed())
    }
}
