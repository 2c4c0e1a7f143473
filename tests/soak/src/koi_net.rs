//! Events through a node that is killed again and again, as its peers are.
//!
//! A sender broadcasts signed events to a hub until each envelope is answered for. Two Rust nodes and a
//! Python node subscribe to the hub. Those of ours are killed (`kill -9`) at random and started again on
//! their folders, and the Python node is ended and started again. In the end the Rust nodes have what the
//! sender has told, and the Python node has it after its start-up catch-up; what it lost of its own memory
//! are FORGETs at most, which nobody can ask for again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use koi_rid::{Bundle, Contents, Event, EventType, Rid};
use koi_tests::{Sender, eventually};
use koi_wire::Payload;
use serde_json::json;
use tokio::sync::watch;

use crate::members::{Members, RID_TYPE};
use crate::random::Random;
use crate::server::{Server, Stop};

const AN_ENVELOPE: usize = 50;
/// There are so many times fewer RIDs than events, and no more than so many: the time that the Python node takes for
/// an object grows with the number of those it has (17,000: 8 a second).
const EVENTS_A_RID: usize = 5;
const MOST_RIDS: usize = 5000;
/// Of so many events about what is there one forgets it.
const ONE_FORGETS_IN: usize = 8;

/// How long an envelope is sent again and again.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long all may stay as they are while something is missing, once nobody is killed any more.
const STANDSTILL: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(250);
/// How long a node waits before it sends again what was not answered.
const AGAIN: Duration = Duration::from_millis(20);

/// What is known under each RID: the hash of its contents.
pub type Known = BTreeMap<Rid, String>;

/// The soak.
#[derive(Debug)]
pub struct Soak {
    /// How many events there are.
    pub events: usize,
    /// How many times somebody is killed.
    pub kills: usize,
    /// Whether the hub keeps what it knows in PostgreSQL, which is restarted too.
    pub postgresql: bool,
    /// Of what is done at random.
    pub seed: u64,
}

/// What the sender has told.
#[derive(Default)]
struct Told {
    known: Known,
    forgotten: BTreeSet<Rid>,
}

impl Soak {
    /// Sends and kills; whether all have the same in the end.
    pub async fn run(self) -> Result<bool> {
        println!("seed {}", self.seed);
        let data = tempfile::tempdir()?;
        let server = self.postgresql.then(Server::start);
        let mut members = Members::start(data.path(), server.as_ref().map(Server::settings)).await;
        let sender = Sender::new("sender");
        let hub = Rid::parse(&members.hub_rid())?;
        let url = members.hub_url();
        send(&url, sender.introduction(&hub)).await?;
        eventually("the sender in the hub", async || {
            members.knows(&sender).await
        })
        .await;

        let started = Instant::now();
        let (progress, sent) = watch::channel(0);
        let sending = self.send(&sender, &hub, &url, progress);
        let killing = self.kill(&mut members, sent, server.as_ref());
        let (told, killed) = tokio::join!(sending, killing);
        let told = told?;
        println!(
            "{} events in {:.1?}; killed: {}",
            self.events,
            started.elapsed(),
            killed.join(", ")
        );
        members.restart_python();
        self.compare(&members, &told).await
    }

    /// Sends all events; each envelope until it is answered for.
    async fn send(
        &self,
        sender: &Sender,
        hub: &Rid,
        url: &str,
        progress: watch::Sender<usize>,
    ) -> Result<Told> {
        let mut random = Random::new(self.seed, 0);
        let mut told = Told::default();
        let rids = (self.events / EVENTS_A_RID).clamp(1, MOST_RIDS);
        for number in (0..self.events).step_by(AN_ENVELOPE) {
            let count = AN_ENVELOPE.min(self.events - number);
            let events = (number..number + count)
                .map(|number| event(&mut random, rids, number, &mut told))
                .collect::<Result<_>>()?;
            send(url, sender.seal(hub, &Payload::Events { events })).await?;
            progress.send_replace(number + count);
        }
        Ok(told)
    }

    /// Kills somebody after each part of the events, and PostgreSQL in the middle; who it was.
    async fn kill(
        &self,
        members: &mut Members,
        mut sent: watch::Receiver<usize>,
        server: Option<&Server>,
    ) -> Vec<String> {
        let mut random = Random::new(self.seed, 1);
        let mut killed = BTreeMap::<_, usize>::new();
        for kill in 1..=self.kills {
            let at = self.events * kill / (self.kills + 1);
            if sent.wait_for(|sent| *sent >= at).await.is_err() {
                break;
            }
            if let Some(server) = server.filter(|_| kill == self.kills / 2) {
                tokio::task::block_in_place(|| {
                    server.stop(Stop::Crash);
                    server.start_again();
                });
                *killed.entry("postgresql").or_default() += 1;
            }
            *killed.entry(members.kill_one(&mut random)).or_default() += 1;
        }
        let killed = killed.into_iter();
        killed
            .map(|(who, times)| format!("{who} {times}"))
            .collect()
    }

    /// Waits until all have what was told.
    async fn compare(&self, members: &Members, told: &Told) -> Result<bool> {
        let started = Instant::now();
        let mut moved = started;
        let mut told_of = Vec::new();
        let differences = loop {
            let mut differences = Vec::new();
            for (name, known) in members.known().await? {
                differences.extend(difference(name, &known, &told.known));
            }
            let python = members.known_in_python().await?;
            let lacks = told.known.keys().filter(|rid| !python.contains(*rid));
            let lacks = lacks.count();
            if lacks > 0 {
                differences.push(format!("python lacks {lacks}"));
            }
            if differences.is_empty() || moved.elapsed() > STANDSTILL {
                let kept = python
                    .difference(&told.known.keys().cloned().collect())
                    .count();
                let alike = if differences.is_empty() {
                    "all alike"
                } else {
                    "not alike"
                };
                println!(
                    "{} objects and {} forgotten; {alike} {:.1?} after the end; python has missed {kept} FORGETs",
                    told.known.len(),
                    told.forgotten.len(),
                    started.elapsed(),
                );
                ensure!(
                    python
                        .iter()
                        .all(|rid| told.known.contains_key(rid) || told.forgotten.contains(rid)),
                    "python has what nobody has told"
                );
                break differences;
            }
            if differences != told_of {
                eprintln!("waiting: {}", differences.join("; "));
                told_of = differences;
                moved = Instant::now();
            }
            tokio::time::sleep(GLANCE).await;
        };
        for difference in &differences {
            println!("{difference}");
        }
        let stale = members.stale_in_python(&told.known).await?;
        println!("{stale} objects of the Python node are not the newest");
        let letters = members.dead_letters();
        println!("{letters} dead letters");
        Ok(differences.is_empty() && stale == 0 && letters == 0)
    }
}

/// What differs from what was told, in a line.
fn difference(name: &str, known: &Known, told: &Known) -> Option<String> {
    let missing = told.keys().filter(|rid| !known.contains_key(*rid)).count();
    let besides = known.keys().filter(|rid| !told.contains_key(*rid)).count();
    let others = told
        .iter()
        .filter(|(rid, hash)| known.get(*rid).is_some_and(|known| known != *hash))
        .count();
    (missing + besides + others > 0)
        .then(|| format!("{name}: {missing} missing, {besides} besides, {others} not the newest"))
}

/// The next event, and what is known after it.
fn event(random: &mut Random, rids: usize, number: usize, told: &mut Told) -> Result<Event> {
    let agent = random.below(rids);
    let rid = Rid::parse(&format!("{RID_TYPE}:agent-{agent}/1.0"))?;
    let is_there = told.known.contains_key(&rid);
    if is_there && random.below(ONE_FORGETS_IN) == 0 {
        told.known.remove(&rid);
        told.forgotten.insert(rid.clone());
        return Ok(Event::of_rid(EventType::Forget, rid));
    }
    let contents = Contents::from_serialize(&json!({"rid": rid, "traits": [
        {"name": "mood", "description": "How it is", "type": "str", "value": format!("mood {number}")}]}))?;
    let bundle = Bundle::generate(rid.clone(), contents);
    told.known.insert(rid, bundle.manifest.sha256_hash.clone());
    let event_type = match is_there {
        true => EventType::Update,
        false => EventType::New,
    };
    Ok(Event::of_bundle(event_type, bundle))
}

/// Sends a sealed broadcast until it is answered for.
async fn send(url: &str, envelope: String) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let started = Instant::now();
    loop {
        let request = http
            .post(format!("{url}/events/broadcast"))
            .header("Content-Type", "application/json")
            .body(envelope.clone());
        let told = match request.send().await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => {
                let status = response.status();
                format!("{status}: {}", response.text().await.unwrap_or_default())
            }
            Err(error) => error.to_string(),
        };
        ensure!(
            started.elapsed() < PATIENCE,
            "the hub does not take a broadcast: {told}"
        );
        tokio::time::sleep(AGAIN).await;
    }
}
