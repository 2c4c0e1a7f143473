//! A KOI node that is sent what was signed beforehand, and asked what it has stored of it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use koi_rid::{Bundle, Contents, Rid};
use koi_tests::Sender;
use koi_wire::{Endpoint, Envelope, Payload, PublicKey};

use crate::http::{Connection, post, split};

/// How long a receiver may take for a round.
const PATIENCE: Duration = Duration::from_secs(60);

/// The node, on a connection of its own.
pub struct Receiver {
    rid: Rid,
    key: PublicKey,
    prefix: String,
    connection: Connection,
}

/// Signed requests for one receiver, and what they carry.
pub struct Batch {
    requests: Vec<Vec<u8>>,
    rids: Vec<Rid>,
}

impl Receiver {
    /// Connects to a node, by its RID, public key and base URL, and introduces the sender to it.
    pub async fn connect(
        sender: &Sender,
        rid: &str,
        public_key: &str,
        base_url: &str,
    ) -> Result<Self> {
        let (address, prefix) = split(base_url)?;
        let mut receiver = Self {
            rid: Rid::parse(rid)?,
            key: PublicKey::parse(public_key)?,
            prefix: prefix.to_owned(),
            connection: Connection::open(address).await?,
        };
        let introduction = sender.introduction(&receiver.rid);
        let request = receiver.request(Endpoint::BroadcastEvents, &introduction);
        receiver.tell(&request).await?;
        receiver.processed(sender).await?;
        Ok(receiver)
    }

    /// Waits until it knows the sender: an introduction is answered before it is processed.
    async fn processed(&mut self, sender: &Sender) -> Result<()> {
        let question = Payload::FetchManifests {
            rid_types: Vec::new(),
            rids: vec![sender.rid().clone()],
        };
        let request = self.request(Endpoint::FetchManifests, &sender.seal(&self.rid, &question));
        let start = Instant::now();
        loop {
            let answer = self.connection.exchange(&request).await?;
            if answer.status == 200 {
                return Ok(());
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "the sender stays unknown: {} {}",
                answer.status,
                answer.body
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Signs envelopes of so many bundles.
    pub fn sign(
        &self,
        sender: &Sender,
        knowledge: Vec<(Rid, Contents)>,
        an_envelope: usize,
    ) -> Batch {
        let rids = knowledge.iter().map(|(rid, _)| rid.clone()).collect();
        let requests = knowledge.chunks(an_envelope).map(|knowledge| {
            let bundles = knowledge
                .iter()
                .map(|(rid, contents)| Bundle::generate(rid.clone(), contents.clone()));
            self.request(
                Endpoint::BroadcastEvents,
                &sender.broadcast(&self.rid, bundles),
            )
        });
        Batch {
            requests: requests.collect(),
            rids,
        }
    }

    /// Signs a question for one bundle.
    pub fn sign_fetch(&self, sender: &Sender, rid: &Rid) -> Vec<u8> {
        let question = Payload::FetchBundles {
            rids: vec![rid.clone()],
        };
        self.request(Endpoint::FetchBundles, &sender.seal(&self.rid, &question))
    }

    /// Asks it, and sees that it is answered.
    pub async fn fetch(&mut self, request: &[u8]) -> Result<()> {
        let answer = self.connection.exchange(request).await?;
        ensure!(
            answer.status == 200 && answer.body.contains("\"contents\""),
            "no bundle: {} {}",
            answer.status,
            answer.body
        );
        Ok(())
    }

    /// Sends envelopes one after the other; how long it takes until all that they carry is stored.
    /// Asking takes the node's time too, so it begins when most of the time is over that is
    /// expected, and comes at intervals of a fiftieth of it.
    pub async fn store(
        &mut self,
        sender: &Sender,
        batch: &Batch,
        expected: Option<Duration>,
    ) -> Result<Duration> {
        let start = Instant::now();
        for request in &batch.requests {
            self.tell(request).await?;
        }
        let (first, interval) = match expected {
            Some(expected) => (expected.mul_f64(0.85), expected / 50),
            None => (Duration::ZERO, Duration::from_millis(50)),
        };
        tokio::time::sleep(first.saturating_sub(start.elapsed())).await;
        let mut missing = batch.rids.clone();
        loop {
            let last = missing.last().cloned();
            let lacks_last = !self.lacks(sender, last.as_slice()).await?.is_empty();
            let took = start.elapsed();
            if !lacks_last {
                missing = self.lacks(sender, &missing).await?;
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
        let request = self.request(Endpoint::FetchManifests, &sender.seal(&self.rid, &question));
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
            .open_response(&self.key, sender.rid(), &self.rid)?
            .payload
        {
            Payload::Manifests { not_found, .. } => Ok(not_found),
            other => bail!("{} in answer to manifests/fetch", other.kind()),
        }
    }

    fn request(&self, endpoint: Endpoint, envelope: &str) -> Vec<u8> {
        post(&format!("{}{}", self.prefix, endpoint.path()), "", envelope)
    }
}
