//! How much another node may take of this one: a rate for each thing that costs something, and places
//! for what takes a while.
//!
//! What is counted for a node is what it has signed, so nobody uses up another's. Nodes that are not
//! known here, and whoever claims to be one, share one account.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use koi_rid::Rid;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::Semaphore;

/// For how long a node may save up what it does not use. So much it may use at once.
const SAVED: f64 = 10.0;

/// Longest time that a node is told to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How many nodes have accounts, and how long one is kept that is not used. By then it is full again.
const ACCOUNTS: u64 = 10_000;
const KEPT_FOR: Duration = Duration::from_secs(120);

/// What one other node may take. Rates are averages over ten seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerLimits {
    /// Requests a second.
    pub requests: u32,
    /// Requests a second of all nodes together that are not known here.
    pub strangers: u32,
    /// Events a second.
    pub events: u32,
    /// Bytes of requests a second.
    pub bytes: u64,
    /// Most bytes of one request.
    pub body: usize,
    /// Most answers that are made for it at once; more wait.
    pub answers: usize,
    /// Most of its events that wait to be processed; more wait to be taken.
    pub waiting: usize,
}

impl PeerLimits {
    /// Greatest length of a request's body: that of an envelope.
    pub const MAX_BODY: usize = koi_wire::MAX_ENVELOPE_BYTES;
}

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            requests: 5_000,
            strangers: 250,
            events: 10_000,
            bytes: 64 * 1024 * 1024,
            body: 16 * 1024 * 1024,
            answers: 8,
            waiting: 10_000,
        }
    }
}

/// What a request costs besides being one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) bytes: usize,
    pub(crate) events: usize,
}

/// A node takes more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many {what}: this node takes {rate} a second; try again later")]
pub(crate) struct TooMuch {
    what: &'static str,
    rate: u64,
    /// When it may go on.
    pub(crate) after: Duration,
}

/// The accounts of all nodes.
pub(crate) struct Accounts {
    limits: PeerLimits,
    of: Cache<Rid, Arc<Account>>,
    strangers: Account,
}

/// Of requests, bytes and events.
type Costs = [f64; 3];

/// What one node has left.
struct Account {
    left: Mutex<[Bucket; 3]>,
    answers: Arc<Semaphore>,
}

struct Bucket {
    what: &'static str,
    rate: u64,
    left: f64,
    at: Instant,
}

impl Bucket {
    fn new(what: &'static str, rate: u64) -> Self {
        let mut bucket = Self {
            what,
            rate: rate.max(1),
            left: 0.0,
            at: Instant::now(),
        };
        bucket.left = bucket.most();
        bucket
    }

    fn most(&self) -> f64 {
        self.rate as f64 * SAVED
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.rate as f64;
        self.left = (self.left + gained).min(self.most());
        self.at = now;
    }

    /// Whether so much is there. More than can ever be is given from a full bucket, which owes it then:
    /// a large envelope is taken, and what comes after it waits.
    fn has(&self, cost: f64) -> Result<(), TooMuch> {
        if cost <= 0.0 {
            return Ok(());
        }
        let missing = cost.min(self.most()) - self.left;
        if missing <= 0.0 {
            return Ok(());
        }
        let seconds = (missing / self.rate as f64).min(LONGEST_WAIT.as_secs_f64());
        Err(TooMuch {
            what: self.what,
            rate: self.rate,
            after: Duration::from_secs_f64(seconds),
        })
    }
}

impl Account {
    fn new(limits: &PeerLimits, requests: u32) -> Self {
        let buckets = [
            Bucket::new("requests", requests.into()),
            Bucket::new("bytes", limits.bytes),
            Bucket::new("events", limits.events.into()),
        ];
        Self {
            left: Mutex::new(buckets),
            answers: Arc::new(Semaphore::new(limits.answers)),
        }
    }

    /// Takes what something costs, one thing after the other, until there is not enough of one: what was
    /// read and verified has to be paid for, whether or not there is room for its events.
    fn take(&self, costs: Costs, now: Instant) -> Result<(), TooMuch> {
        // Numbers are whole whenever a panic comes.
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, cost) in left.iter_mut().zip(costs) {
            bucket.fill(now);
            bucket.has(cost)?;
            bucket.left -= cost;
        }
        Ok(())
    }

    /// Whether there is so much.
    fn has(&self, costs: Costs, now: Instant) -> Result<(), TooMuch> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.iter_mut().zip(costs).try_for_each(|(bucket, cost)| {
            bucket.fill(now);
            bucket.has(cost)
        })
    }
}

impl Accounts {
    pub(crate) fn new(limits: PeerLimits) -> Self {
        Self {
            strangers: Account::new(&limits, limits.strangers),
            of: Cache::builder()
                .max_capacity(ACCOUNTS)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(KEPT_FOR)
                .build(),
            limits,
        }
    }

    /// Whether a request in a node's name is worth verifying: not if that node has none left. It costs
    /// nothing yet, since anybody can claim a name.
    pub(crate) fn admit(&self, node: &Rid) -> Result<(), TooMuch> {
        match self.of.get(node) {
            Some(account) => account.has([1.0, 1.0, 0.0], Instant::now()),
            None => Ok(()),
        }
    }

    /// Counts a request of a node that is not known here, before it is verified.
    pub(crate) fn count_stranger(&self, bytes: usize) -> Result<(), TooMuch> {
        let costs = [1.0, bytes as f64, 0.0];
        self.strangers.take(costs, Instant::now())
    }

    /// Counts what a node has signed.
    pub(crate) fn count(&self, node: &Rid, cost: Cost) -> Result<(), TooMuch> {
        let costs = [1.0, cost.bytes as f64, cost.events as f64];
        self.account(node).take(costs, Instant::now())
    }

    /// A node's turns to have an answer made.
    pub(crate) fn answers(&self, node: &Rid) -> Arc<Semaphore> {
        self.account(node).answers.clone()
    }

    fn account(&self, node: &Rid) -> Arc<Account> {
        let new = || Arc::new(Account::new(&self.limits, self.limits.requests));
        match self.of.get(node) {
            Some(account) => account,
            None => self.of.get_with(node.clone(), new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(events: u32) -> Account {
        let limits = PeerLimits {
            events,
            ..PeerLimits::default()
        };
        Account::new(&limits, limits.requests)
    }

    fn events(number: u32) -> Costs {
        [1.0, 0.0, number.into()]
    }

    #[test]
    fn what_is_used_up_comes_back_with_time() {
        let (account, start) = (account(10), Instant::now());
        account.take(events(100), start).unwrap();
        let refused = account.take(events(20), start).unwrap_err();
        assert_eq!((refused.what, refused.rate), ("events", 10));
        assert_eq!(refused.after, Duration::from_secs(2));
        account.take(events(20), start + refused.after).unwrap();
    }

    #[test]
    fn events_that_are_refused_are_not_paid_for_and_their_request_is() {
        let limits = PeerLimits {
            events: 10,
            ..PeerLimits::default()
        };
        let (account, start) = (Account::new(&limits, 1), Instant::now());
        account.take(events(60), start).unwrap();
        for _ in 0..8 {
            account.take(events(60), start).unwrap_err();
        }
        account.take(events(40), start).unwrap();
        let refused = account.take(events(0), start).unwrap_err();
        assert_eq!(refused.what, "requests");
    }

    #[test]
    fn an_envelope_larger_than_all_that_can_be_saved_is_taken_and_paid_for_afterwards() {
        let (account, start) = (account(1), Instant::now());
        account.take(events(50), start).unwrap();
        let owing = account.take(events(1), start).unwrap_err();
        assert_eq!(owing.after, Duration::from_secs(41));
        // Who owes events may ask all the same.
        account.take(events(0), start).unwrap();
    }

    #[test]
    fn nobody_uses_up_what_is_anothers() {
        let accounts = Accounts::new(PeerLimits {
            requests: 20,
            strangers: 20,
            ..PeerLimits::default()
        });
        let [a, b] =
            ["a", "b"].map(|name| Rid::parse(&format!("orn:koi-net.node:{name}+1")).unwrap());
        let cost = Cost {
            bytes: 10,
            events: 0,
        };
        while accounts.count(&a, cost).is_ok() {}
        assert!(accounts.admit(&a).is_err());
        accounts.admit(&b).unwrap();
        accounts.count(&b, cost).unwrap();
        while accounts.count_stranger(10).is_ok() {}
        accounts.count(&b, cost).unwrap();
    }
}
