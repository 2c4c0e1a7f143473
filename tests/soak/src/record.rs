//! Figures over time: a line of CSV for each moment.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use koi_tests::Footprint;

/// One moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Calls made so far.
    pub calls: u64,
    /// Since the beginning.
    pub elapsed: Duration,
    /// What the process takes.
    pub footprint: Footprint,
}

/// All moments so far, in the file too.
#[derive(Debug)]
pub struct Record {
    process: u32,
    start: Instant,
    file: BufWriter<File>,
    moments: Vec<Moment>,
}

impl Record {
    /// Begins a file on a process.
    pub fn begin(path: &Path, process: u32) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let mut file = BufWriter::new(file);
        writeln!(file, "calls,seconds,memory_bytes,threads,files")?;
        Ok(Self {
            process,
            start: Instant::now(),
            file,
            moments: Vec::new(),
        })
    }

    /// Looks at the process.
    pub fn look(&mut self, calls: u64) -> Result<()> {
        let moment = Moment {
            calls,
            elapsed: self.start.elapsed(),
            footprint: Footprint::of(self.process),
        };
        let Footprint {
            memory,
            threads,
            files,
        } = moment.footprint;
        let seconds = moment.elapsed.as_secs_f64();
        writeln!(self.file, "{calls},{seconds:.1},{memory},{threads},{files}")?;
        self.file.flush()?;
        println!("{calls:>10} calls, {seconds:>6.0} s: {}", moment.footprint);
        self.moments.push(moment);
        Ok(())
    }

    /// The moments in their order.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// Median memory of the moments between two parts of the whole, in bytes. A mean would rise with
    /// each hostile guest that happens to have its memory at the moment.
    pub fn memory_between(&self, from: f64, to: f64) -> f64 {
        let last = self.moments.last().map_or(0, |moment| moment.calls) as f64;
        let within = self
            .moments
            .iter()
            .filter(|moment| (last * from..=last * to).contains(&(moment.calls as f64)));
        let mut memory: Vec<u64> = within.map(|moment| moment.footprint.memory).collect();
        memory.sort_unstable();
        memory.get(memory.len() / 2).copied().unwrap_or_default() as f64
    }
}
