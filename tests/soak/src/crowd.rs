//! Many clients at once: half of them of the legacy era, and a tenth of them of those that cut their
//! connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::{Client, Era};
use crate::http::{Connection, split};
use crate::outcomes::Outcomes;
use crate::random::Random;

/// Of so many clients one cuts.
const ONE_CUTS_IN: usize = 10;
/// Such a client cuts one in so many of its calls.
const CUTS_ONE_IN: usize = 4;
/// A call is cut after less than this, unless it is answered before.
const CUT_WITHIN_MS: usize = 400;
/// How long an answer may take, and a connection and its session to begin.
const PATIENCE: Duration = Duration::from_secs(45);
/// The calls of each client have numbers of their own.
const NUMBERS_EACH: u64 = 10_000;

/// The clients and what they know.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// The node's endpoint.
    pub url: String,
    /// How many clients there are.
    pub clients: usize,
    /// How long they call.
    pub duration: Duration,
    /// Of what they do at random.
    pub seed: u64,
}

struct Member {
    client: Client,
    url: String,
    until: Instant,
    random: Random,
    outcomes: Arc<Outcomes>,
}

impl Crowd {
    /// All clients come, call as long as they are to, and have gone.
    pub async fn call(&self, outcomes: &Arc<Outcomes>) -> Result<()> {
        let mut connecting = JoinSet::new();
        for number in 0..self.clients {
            let (url, of) = (self.url.clone(), outcomes.clone());
            let random = Random::new(self.seed, number);
            connecting.spawn(async move {
                let era = if number % 2 == 0 {
                    Era::Legacy
                } else {
                    Era::Modern
                };
                let client = in_time(Client::connect(&url, era)).await;
                let mut client = client.with_context(|| format!("client {number}"))?;
                client.number += (number as u64 + 1) * NUMBERS_EACH;
                anyhow::Ok((number, client, url, random, of))
            });
        }
        let mut members = Vec::new();
        while let Some(connected) = connecting.join_next().await {
            members.push(connected??);
        }
        let until = Instant::now() + self.duration;
        let mut calling = JoinSet::new();
        for (number, client, url, random, outcomes) in members {
            let member = Member {
                client,
                url,
                until,
                random,
                outcomes,
            };
            // Both eras have their part of those that cut.
            if number / 2 % ONE_CUTS_IN == 0 {
                calling.spawn(member.cut_now_and_then());
            } else {
                calling.spawn(member.stay());
            }
        }
        while let Some(ended) = calling.join_next().await {
            ended?;
        }
        Ok(())
    }
}

impl Member {
    /// Calls, and takes its leave.
    async fn stay(mut self) {
        let calling = async {
            while Instant::now() < self.until {
                self.call().await?;
            }
            in_time(leave(&mut self.client)).await
        };
        if let Err(error) = calling.await {
            self.outcomes.failed(format!("{error:#}"));
        }
    }

    /// Calls, is cut off at any moment, comes again, in the same session or in another one, and goes
    /// without a word.
    async fn cut_now_and_then(mut self) {
        let calling = async {
            while Instant::now() < self.until {
                match self.random.below(CUTS_ONE_IN) {
                    0 => self.cut().await?,
                    _ => self.call().await?,
                }
            }
            anyhow::Ok(())
        };
        if let Err(error) = calling.await {
            self.outcomes
                .failed(format!("a client that cuts: {error:#}"));
        }
    }

    async fn call(&mut self) -> Result<()> {
        in_time(self.client.call()).await?;
        self.outcomes.answered();
        Ok(())
    }

    async fn cut(&mut self) -> Result<()> {
        if self.random.below(2) == 0 {
            self.cut_request().await?;
        } else {
            let after = Duration::from_millis(self.random.below(CUT_WITHIN_MS) as u64);
            if let Ok(answered) = tokio::time::timeout(after, self.client.call()).await {
                self.outcomes.answered();
                return answered;
            }
        }
        self.outcomes.cut();
        if self.random.below(2) == 0 {
            let (address, _) = split(&self.url)?;
            self.client.connection = in_time(Connection::open(address)).await?;
        } else {
            let number = self.client.number;
            self.client = in_time(Client::connect(&self.url, self.client.era)).await?;
            self.client.number = number;
        }
        Ok(())
    }

    /// Sends a part of a request, or all of it, and is gone.
    async fn cut_request(&mut self) -> Result<()> {
        let (address, _) = split(&self.url)?;
        let request = self.client.request();
        let part = self.random.below(request.len() + 1);
        let mut stream = in_time(async { Ok(TcpStream::connect(address).await?) }).await?;
        stream.write_all(&request[..part]).await?;
        Ok(())
    }
}

/// Ends the session, if there is one.
async fn leave(client: &mut Client) -> Result<()> {
    if client.era == Era::Modern {
        return Ok(());
    }
    let request = format!(
        "DELETE {} HTTP/1.1\r\nhost: localhost\r\n{}\r\n",
        client.path, client.headers
    );
    let answer = client.connection.exchange(request.as_bytes()).await?;
    ensure!(
        answer.status == 204,
        "a session does not end: {} {}",
        answer.status,
        answer.body
    );
    Ok(())
}

async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.with_context(|| format!("nothing came within {PATIENCE:?}"))?
}
