//! `koi-mcp export`, `import` and `backup`: with the running node, or on its data folder when none runs.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::{Stream, StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::{Value, json};

use super::print::{self, OutputClosed};
use crate::admin::{BackupRequest, Client};
use crate::backup::{self, Backup};
use crate::config::Config;
use crate::data_dir::DataDir;

/// How much of the end is kept: more than the last line has.
const TAIL: usize = 16 * 1024;

/// What stays in the data folder, and has to be carried over by hand.
const NOT_IN_IT: &str = "An export holds neither the node's identity nor secrets. To move the whole node, copy from \
     its data folder, while it stands still: priv_key.pem, priv_key.password, secrets.json, secrets.key and \
     extensions/.";

pub(super) async fn export(config: &Config, file: &Path, json: bool) -> Result<()> {
    let rows = if is_standard(file) {
        write(config, std::io::stdout().lock()).await?
    } else {
        let partial = beside(file)?;
        let written = to_file(config, &partial, file).await;
        if written.is_err() {
            // The error says more.
            let _ = std::fs::remove_file(&partial);
        }
        written?
    };
    if is_standard(file) {
        eprintln!("exported {}. {NOT_IN_IT}", counts(&rows));
    } else if json {
        print::json(&json!({"file": file, "rows": rows}))?;
    } else {
        print::line(format_args!(
            "exported {} to {}",
            counts(&rows),
            file.display()
        ))?;
        print::line(NOT_IN_IT)?;
    }
    Ok(())
}

/// To a file for its owner only, that has its name when it is whole.
async fn to_file(config: &Config, partial: &Path, file: &Path) -> Result<Value> {
    let cannot = || format!("cannot write {}", partial.display());
    let open = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(partial);
    let open = match open {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} is there: an export is being made, or one was cut off; remove it in that case",
            partial.display()
        ),
        open => open.with_context(cannot)?,
    };
    let rows = write(config, &open).await?;
    open.sync_all().with_context(cannot)?;
    std::fs::rename(partial, file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(rows)
}

/// Writes an export, and gives the rows that its last line counts.
async fn write(config: &Config, mut to: impl Write) -> Result<Value> {
    match Client::find(&config.node.data_dir)? {
        Some(client) => {
            let answer = client.open(client.request(Method::GET, "export")).await?;
            let pieces = futures::stream::try_unfold(answer, async |mut answer| {
                let piece = answer.chunk().await;
                let piece = piece.context("the node broke the export off; its log says why")?;
                Ok::<_, anyhow::Error>(piece.map(|piece| (piece, answer)))
            });
            copy(pieces, &mut to).await
        }
        None => {
            let folder = still(config)?;
            let stores = config.store.open(folder.path()).await?;
            let pieces = stores.archive.export().await?;
            copy(pieces.map_err(anyhow::Error::from), &mut to).await
        }
    }
}

async fn copy<P: AsRef<[u8]>>(
    pieces: impl Stream<Item = Result<P>>,
    to: &mut impl Write,
) -> Result<Value> {
    let mut pieces = std::pin::pin!(pieces);
    let mut progress = Progress::new("exported");
    let mut tail = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        let piece = piece.as_ref();
        put(to, piece)?;
        progress.add(piece.len());
        tail.extend_from_slice(piece);
        tail.drain(..tail.len().saturating_sub(TAIL));
    }
    match to.flush() {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(OutputClosed.into()),
        flushed => flushed.context("cannot write the export")?,
    }
    let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    let last: Option<Value> = last.and_then(|last| serde_json::from_slice(last).ok());
    match last.map(|mut last| last["end"]["rows"].take()) {
        Some(rows) if rows.is_object() => Ok(rows),
        _ => bail!("the export was broken off: the node is stopping, or its log says why"),
    }
}

fn put(to: &mut impl Write, piece: &[u8]) -> Result<()> {
    match to.write_all(piece) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(OutputClosed.into()),
        written => written.context("cannot write the export"),
    }
}

pub(super) async fn import(config: &Config, file: &Path, json: bool) -> Result<()> {
    let input: Box<dyn Read + Send> = if is_standard(file) {
        Box::new(std::io::stdin())
    } else {
        let open = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        Box::new(open)
    };
    let folder = DataDir::open(&config.node.data_dir)?;
    let input = BufReader::with_capacity(
        1 << 20,
        Counted {
            input,
            progress: Progress::new("imported"),
        },
    );
    let rows = config.store.import(folder.path(), input).await;
    let rows = rows.with_context(|| format!("nothing was imported from {}", file.display()))?;
    let rows: Value = rows
        .into_iter()
        .map(|(kind, rows)| (kind.to_owned(), rows.into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    if json {
        return print::json(&json!({"rows": rows}));
    }
    print::line(format_args!("imported {}", counts(&rows)))?;
    print::line(NOT_IN_IT)
}

pub(super) async fn backup(config: &Config, folder: &Path, json: bool) -> Result<()> {
    let target = std::path::absolute(folder).context("the folder has no absolute path")?;
    if config.store.url.is_some() {
        bail!(backup::IS_ON_A_SERVER);
    }
    let made: Backup = match Client::find(&config.node.data_dir)? {
        Some(client) => {
            let request = BackupRequest { folder: target };
            let request = client.request(Method::POST, "backups").json(&request);
            client.send(request).await?
        }
        None => {
            let data_dir = still(config)?;
            let path = data_dir.path().to_owned();
            // The folder is held meanwhile.
            let made = tokio::task::spawn_blocking(move || backup::make(&path, &target));
            made.await.context("the backup was broken off")??
        }
    };
    if json {
        return print::json(&serde_json::to_value(&made)?);
    }
    let shown = made.folder.display();
    print::line(format_args!(
        "backed up to {shown}: {} files, {}; `koi-mcp serve --data-dir {shown}` starts from it",
        made.files,
        size(made.bytes)
    ))?;
    for skipped in &made.skipped {
        print::line(format_args!(
            "not copied, neither a file nor a folder: {}",
            skipped.display()
        ))?;
    }
    Ok(())
}

/// The data folder of a node that stands still, which is kept from starting meanwhile.
fn still(config: &Config) -> Result<DataDir> {
    let path = &config.node.data_dir;
    if !path.is_dir() {
        bail!(
            "there is no data folder {}; name it with --data-dir",
            path.display()
        );
    }
    DataDir::open(path)
}

fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Where a file is while it is not whole.
fn beside(file: &Path) -> Result<PathBuf> {
    let name = file.file_name();
    let name = name.with_context(|| format!("{} is no name for a file", file.display()))?;
    let mut name = name.to_owned();
    name.push(".partial");
    Ok(file.with_file_name(name))
}

/// `3 of bundle, 1 of component`.
fn counts(rows: &Value) -> String {
    let rows = rows.as_object().into_iter().flatten();
    let counts: Vec<_> = rows
        .map(|(kind, rows)| format!("{rows} of {kind}"))
        .collect();
    match counts.is_empty() {
        true => "an empty store".to_owned(),
        false => counts.join(", "),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes >> 20),
    }
}

/// Tells somebody at a terminal how far it has come, each second.
struct Progress {
    done: &'static str,
    bytes: u64,
    told: Instant,
    is_shown: bool,
}

impl Progress {
    fn new(done: &'static str) -> Self {
        Self {
            done,
            bytes: 0,
            told: Instant::now(),
            is_shown: false,
        }
    }

    fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        if self.told.elapsed() >= Duration::from_secs(1) && std::io::stderr().is_terminal() {
            self.told = Instant::now();
            self.is_shown = true;
            eprint!("\r{} {}", self.done, size(self.bytes));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            eprintln!();
        }
    }
}

/// Counts what is read.
struct Counted {
    input: Box<dyn Read + Send>,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(to)?;
        self.progress.add(read);
        Ok(read)
    }
}
