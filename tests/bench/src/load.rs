//! Clients that call one tool of an MCP server, each on its own connection, as fast as they are
//! answered.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use crate::client::{Client, Era};
use crate::rounds::Series;

/// How much longer than planned a round may take before it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Clients of one server.
#[derive(Debug)]
pub struct Clients(Vec<Client>);

impl Clients {
    /// Connects so many clients; those of the legacy era begin a session each.
    pub async fn connect(url: &str, era: Era, count: usize) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(Client::connect(url, era).await?);
        }
        Ok(Self(clients))
    }

    /// Calls the tool for so long, one client after the other; milliseconds until each answer.
    pub async fn times(&mut self, duration: Duration) -> Result<Series> {
        let start = Instant::now();
        let mut times = Series::default();
        while start.elapsed() < duration {
            for client in &mut self.0 {
                let call = Instant::now();
                client.call().await?;
                times.add(call.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(times)
    }

    /// Calls the tool for so long; calls answered per second.
    pub async fn calls_per_second(&mut self, duration: Duration) -> Result<f64> {
        let start = Instant::now();
        let mut running = JoinSet::new();
        for mut client in self.0.drain(..) {
            running.spawn(async move {
                let mut calls = 0_u64;
                while start.elapsed() < duration {
                    client.call().await?;
                    calls += 1;
                }
                anyhow::Ok((client, calls))
            });
        }
        let mut calls = 0;
        let all = async {
            while let Some(ended) = running.join_next().await {
                let (client, answered) = ended??;
                self.0.push(client);
                calls += answered;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(duration + PATIENCE, all)
            .await
            .context("calls are not answered")??;
        Ok(calls as f64 / start.elapsed().as_secs_f64())
    }
}
