//! A node that knows a million bundles.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use koi_rid::{Bundle, Contents, Filter, Rid, RidType};
use koi_store::{Batch, BundleQuery, Declaration, Op, Stores, sqlite};
use koi_tests::{Footprint, Node, NodeBuilder};

use crate::pace::Pace;
use crate::report::{Report, Unit};
use crate::rounds::Series;

const READ: &str = "million.read";
const PAGE: &str = "million.page";
const MEMORY: &str = "million.memory";
const READY: &str = "million.ready";

const BUNDLES: usize = 1_000_000;
/// So many of them have the same format.
const OF_A_FORMAT: usize = 1_000;
/// Bundles in one commit when they are made.
const AT_ONCE: usize = 2_000;

/// Starts that are measured.
const STARTS: usize = 5;
/// Reads and pages that are measured, and asked of the node before its memory is looked at.
const READS: usize = 20_000;
const PAGES: usize = 1_000;

/// What a row may be at the most: microseconds, milliseconds, units of 1024 bytes (300 MB), milliseconds.
const READ_AT_MOST: f64 = 100.0;
const PAGE_AT_MOST: f64 = 5.0;
const MEMORY_AT_MOST: f64 = 300_000_000.0 / 1024.0;
const READY_AT_MOST: f64 = 2_000.0;

/// What `data-catalog` owns and declares for indexing.
const DATASET: &str = "orn:data.dataset";
const PATHS: [&str; 2] = ["/format", "/name"];

/// Rows: from the start of the program to its being ready, the memory of a node that has answered
/// queries all over its store, and what the store itself takes for a read and for a page of a hundred
/// bundles along an index, asked in this process.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[READ, PAGE, MEMORY, READY]) {
        return Ok(());
    }
    let count = report.pace().count(BUNDLES);
    let quick = tempfile::tempdir()?;
    let folder = match report.pace() {
        // Kept, since making it takes longer than all that is measured on it.
        Pace::Full => koi_tests::repository().join("target/bench/million"),
        Pace::Quick => quick.path().to_owned(),
    };
    let data_dir = made(&folder, count).await?;

    let mut ready = Series::default();
    for _ in 0..report.pace().rounds(STARTS) {
        let start = Instant::now();
        let node = start_node(&data_dir);
        ready.add(start.elapsed().as_secs_f64() * 1e3);
        ensure!(
            node.process.terminate() == Some(0),
            "the node does not stop"
        );
    }
    report.within(READY, Unit::Milliseconds, &ready, READY_AT_MOST);

    let node = start_node(&data_dir);
    ask(&node, report.pace().count(PAGES), count).await?;
    let memory = Footprint::of(node.process.id()).memory as f64 / 1024.0;
    ensure!(
        node.process.terminate() == Some(0),
        "the node does not stop"
    );
    let memory = [memory].into_iter().collect();
    report.within(MEMORY, Unit::Kibibytes, &memory, MEMORY_AT_MOST);

    let stores = sqlite::open(&data_dir.join("koi.sqlite"))?;
    let mut reads = Series::default();
    for number in scattered(report.pace().count(READS), count) {
        let rid = rid(number)?;
        let start = Instant::now();
        let read = stores.bundles.read(&rid).await?;
        reads.add(start.elapsed().as_secs_f64() * 1e6);
        ensure!(read.is_some(), "{rid} is not stored");
    }
    report.within(READ, Unit::Microseconds, &reads, READ_AT_MOST);

    let mut pages = Series::default();
    for number in scattered(report.pace().count(PAGES), count) {
        let query = BundleQuery {
            rid_types: vec![RidType::parse(DATASET)?],
            filter: Some(Filter::parse(&filter(number, count))?),
            limit: 100,
            ..BundleQuery::default()
        };
        let start = Instant::now();
        let page = stores.bundles.list(&query).await?;
        pages.add(start.elapsed().as_secs_f64() * 1e3);
        ensure!(
            page.items.len() == 100 && page.index.is_some(),
            "{} bundles of a format, along {:?}",
            page.items.len(),
            page.index
        );
    }
    report.within(PAGE, Unit::Milliseconds, &pages, PAGE_AT_MOST);
    Ok(())
}

/// Numbers far from each other, all below a count.
fn scattered(how_many: usize, below: usize) -> impl Iterator<Item = usize> {
    (0..how_many).map(move |n| n.wrapping_mul(7_368_787) % below)
}

fn rid(number: usize) -> Result<Rid> {
    Ok(Rid::parse(&format!("{DATASET}:bench/{number:07}"))?)
}

/// A format of which there are many, one bundle far from the next.
fn format_of(number: usize, count: usize) -> usize {
    number % count.div_ceil(OF_A_FORMAT)
}

fn filter(number: usize, count: usize) -> String {
    let format = format_of(number, count);
    format!(r#"{{"path":"/format","eq":"format-{format}"}}"#)
}

/// The data folder of a node that has so many bundles, made if it is not there.
async fn made(folder: &Path, count: usize) -> Result<PathBuf> {
    let (data_dir, mark) = (folder.join("node"), folder.join("made"));
    if std::fs::read_to_string(&mark).is_ok_and(|made| made == count.to_string()) {
        return Ok(data_dir);
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let node = start_node(&data_dir);
    node.install("data-catalog");
    ensure!(
        node.process.terminate() == Some(0),
        "the node does not stop"
    );
    let stores = sqlite::open(&data_dir.join("koi.sqlite"))?;
    fill(&stores, count).await?;
    drop(stores);
    std::fs::write(&mark, count.to_string())?;
    Ok(data_dir)
}

async fn fill(stores: &Stores, count: usize) -> Result<()> {
    let declaration = |path: &str| -> Result<Declaration> {
        Ok(Declaration {
            rid_type: RidType::parse(DATASET)?,
            path: path.parse()?,
        })
    };
    let declared = PATHS.into_iter().map(declaration);
    let declared = declared.collect::<Result<Vec<_>>>()?;
    stores.indexes.declare(&declared).await?;
    while stores.indexes.tend().await? {}
    for first in (0..count).step_by(AT_ONCE) {
        let ops = (first..count.min(first + AT_ONCE)).map(|number| -> Result<Op> {
            let contents = format!(
                r#"{{"name":"dataset {number}","description":"One of many, for a bench","format":"format-{}","location":"s3://bench/{number}"}}"#,
                format_of(number, count)
            );
            Ok(Op::PutBundle {
                bundle: Bundle::generate(rid(number)?, Contents::parse(&contents)?),
                written_by: None,
                source: None,
            })
        });
        let ops = ops.collect::<Result<Vec<_>>>()?;
        stores.commits.commit(Batch { ops }).await?;
    }
    Ok(())
}

fn start_node(data_dir: &Path) -> Node {
    NodeBuilder::new("bench", data_dir)
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start()
}

/// Has the node look all over its store.
async fn ask(node: &Node, pages: usize, count: usize) -> Result<()> {
    let base = node.mcp_url.trim_end_matches("/mcp");
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()?;
    for number in scattered(pages, count) {
        let found = client
            .get(format!("{base}/resources/query/{DATASET}"))
            .query(&[("filter", filter(number, count))])
            .send()
            .await?;
        ensure!(
            found.status() == 200,
            "a query is answered {}",
            found.status()
        );
        found.bytes().await?;
        let read = client
            .get(format!("{base}/resources/read/{}", rid(number)?))
            .send()
            .await?;
        ensure!(read.status() == 200, "a read is answered {}", read.status());
        read.bytes().await?;
    }
    Ok(())
}
