//! The runs of jobs. Times are in microseconds since 1970.

use async_trait::async_trait;
use koi_rid::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Sqlite;
use super::rows::{Binding, RowColumns};
use crate::job_runs::KEPT_RUNS;
use crate::page::{before, page_limit};
use crate::rows::{Bind, Columns, id as number, job_run_columns};
use crate::{JobOutcome, JobRun, JobRuns, LastRuns, Page, Result};

#[async_trait]
impl JobRuns for Sqlite {
    async fn add(&self, run: JobRun) -> Result<u64> {
        self.writer
            .write(move |connection| {
                let mut insert = connection.prepare_cached(concat!(
                    "INSERT INTO job_run (",
                    job_run_columns!(),
                    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                ))?;
                let mut binding = Binding::new(&mut insert);
                binding.job_run(&run)?;
                binding.execute()?;
                let id = connection.last_insert_rowid();
                connection
                    .prepare_cached(
                        "DELETE FROM job_run WHERE extension = ?1 AND job = ?2
                             AND id <= (SELECT id FROM job_run WHERE extension = ?1 AND job = ?2
                                        ORDER BY id DESC LIMIT 1 OFFSET ?3)
                             AND id <> (SELECT id FROM job_run WHERE extension = ?1 AND job = ?2
                                        ORDER BY due IS NULL, due DESC, id DESC LIMIT 1)
                             AND id <> coalesce((SELECT max(id) FROM job_run WHERE extension = ?1
                                                 AND job = ?2 AND outcome = 'ok'), 0)",
                    )?
                    .execute(params![run.extension, run.job, KEPT_RUNS])?;
                Ok(id as u64)
            })
            .await
    }

    async fn amend(&self, run: JobRun) -> Result<()> {
        self.writer
            .write(move |connection| {
                let mut update = connection.prepare_cached(concat!(
                    "UPDATE job_run SET (",
                    job_run_columns!(),
                    ") = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?"
                ))?;
                let mut binding = Binding::new(&mut update);
                binding.job_run(&run)?;
                binding.number(Some(number(run.id)))?;
                binding.execute()?;
                Ok(())
            })
            .await
    }

    async fn last(&self, extension: &str, job: &str) -> Result<LastRuns> {
        let of = [extension.to_owned(), job.to_owned()];
        self.readers
            .read(move |connection| {
                let newest = "extension = ? AND job = ? ORDER BY id DESC LIMIT 1";
                let due = "extension = ? AND job = ? AND due IS NOT NULL
                           ORDER BY due DESC, id DESC LIMIT 1";
                let succeeded = "extension = ? AND job = ? AND outcome = 'ok'
                                 ORDER BY id DESC LIMIT 1";
                Ok(LastRuns {
                    newest: one(connection, newest, &of)?,
                    due: one(connection, due, &of)?,
                    succeeded: one(connection, succeeded, &of)?,
                })
            })
            .await
    }

    async fn list(
        &self,
        extension: &str,
        job: &str,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<JobRun>> {
        let before = before(cursor)?;
        let of = (extension.to_owned(), job.to_owned());
        let limit = page_limit(limit);
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(concat!(
                    "SELECT id, ",
                    job_run_columns!(),
                    " FROM job_run WHERE extension = ? AND job = ? AND id < ?
                      ORDER BY id DESC LIMIT ?"
                ))?;
                // One more than asked for, to know whether there is a next page.
                let mut rows = statement.query(params![of.0, of.1, before, limit + 1])?;
                let mut page: Page<JobRun> = Page::empty();
                while let Some(row) = rows.next()? {
                    if page.items.len() as i64 == limit {
                        page.next = page.items.last().map(|run| run.id.to_string());
                        break;
                    }
                    page.items.push(RowColumns::new(row).job_run()?);
                }
                Ok(page)
            })
            .await
    }

    async fn interrupt(&self, reason: &str) -> Result<u64> {
        let reason = reason.to_owned();
        self.writer
            .write(move |connection| {
                let changed = connection
                    .prepare_cached(
                        "UPDATE job_run SET outcome = ?, ended = ?, reason = ?
                         WHERE outcome = 'running'",
                    )?
                    .execute(params![
                        JobOutcome::Interrupted.as_str(),
                        Timestamp::now().to_micros(),
                        reason
                    ])?;
                Ok(changed as u64)
            })
            .await
    }
}

/// The run that a condition leads to.
fn one(connection: &Connection, which: &str, of: &[String; 2]) -> Result<Option<JobRun>> {
    let sql = [
        "SELECT id, ",
        job_run_columns!(),
        " FROM job_run WHERE ",
        which,
    ]
    .concat();
    let run = connection
        .prepare_cached(&sql)?
        .query_row(params![of[0], of[1]], |row| {
            Ok(RowColumns::new(row).job_run())
        })
        .optional()?;
    run.transpose()
}
