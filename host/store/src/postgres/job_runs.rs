//! The runs of jobs. Times are in microseconds since 1970.

use async_trait::async_trait;
use koi_rid::Timestamp;

use super::Postgres;
use super::query::{self, Binding, Connected, RowColumns, Value};
use crate::job_runs::KEPT_RUNS;
use crate::page::{before, page_limit};
use crate::rows::{Bind, Columns, id as number, job_run_columns};
use crate::{JobOutcome, JobRun, JobRuns, LastRuns, Page, Result};

#[async_trait]
impl JobRuns for Postgres {
    async fn add(&self, run: JobRun) -> Result<u64> {
        self.writer
            .write(async move |client| {
                let sql = concat!(
                    "INSERT INTO job_run (",
                    job_run_columns!(),
                    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id"
                );
                let mut binding = Binding::default();
                binding.job_run(&run)?;
                let id = query::number(client, sql, &binding.values).await?;
                let sql = "DELETE FROM job_run WHERE extension = $1 AND job = $2
                               AND id <= (SELECT id FROM job_run WHERE extension = $1 AND job = $2
                                          ORDER BY id DESC LIMIT 1 OFFSET $3)
                               AND id <> (SELECT id FROM job_run WHERE extension = $1 AND job = $2
                                          ORDER BY due IS NULL, due DESC, id DESC LIMIT 1)
                               AND id <> coalesce((SELECT max(id) FROM job_run WHERE extension = $1
                                                   AND job = $2 AND outcome = 'ok'), 0)";
                let kept = i64::from(KEPT_RUNS);
                let values = [(&run.extension).into(), (&run.job).into(), kept.into()];
                query::execute(client, sql, &values).await?;
                Ok(id)
            })
            .await
    }

    async fn amend(&self, run: JobRun) -> Result<()> {
        self.writer
            .write(async move |client| {
                let sql = concat!(
                    "UPDATE job_run SET (",
                    job_run_columns!(),
                    ") = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) WHERE id = $12"
                );
                let mut binding = Binding::default();
                binding.job_run(&run)?;
                binding.number(Some(number(run.id)))?;
                query::execute(client, sql, &binding.values).await?;
                Ok(())
            })
            .await
    }

    async fn last(&self, extension: &str, job: &str) -> Result<LastRuns> {
        let reader = self.reader().await?;
        let of = [extension.into(), job.into()];
        let newest = "extension = $1 AND job = $2 ORDER BY id DESC LIMIT 1";
        let due = "extension = $1 AND job = $2 AND due IS NOT NULL
                   ORDER BY due DESC, id DESC LIMIT 1";
        let succeeded = "extension = $1 AND job = $2 AND outcome = 'ok' ORDER BY id DESC LIMIT 1";
        Ok(LastRuns {
            newest: one(&*reader, newest, &of).await?,
            due: one(&*reader, due, &of).await?,
            succeeded: one(&*reader, succeeded, &of).await?,
        })
    }

    async fn list(
        &self,
        extension: &str,
        job: &str,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<JobRun>> {
        let limit = page_limit(limit);
        let sql = concat!(
            "SELECT id, ",
            job_run_columns!(),
            " FROM job_run WHERE extension = $1 AND job = $2 AND id < $3
              ORDER BY id DESC LIMIT $4"
        );
        // One more than asked for, to know whether there is a next page.
        let values = [
            extension.into(),
            job.into(),
            before(cursor)?.into(),
            (limit + 1).into(),
        ];
        let rows = query::rows(&*self.reader().await?, sql, &values).await?;
        let mut page: Page<JobRun> = Page::empty();
        for row in &rows {
            if page.items.len() as i64 == limit {
                page.next = page.items.last().map(|run| run.id.to_string());
                break;
            }
            page.items.push(RowColumns::new(row).job_run()?);
        }
        Ok(page)
    }

    async fn interrupt(&self, reason: &str) -> Result<u64> {
        let reason = reason.to_owned();
        self.writer
            .write(async move |client| {
                let sql = "UPDATE job_run SET outcome = $1, ended = $2, reason = $3
                           WHERE outcome = 'running'";
                let values = [
                    JobOutcome::Interrupted.as_str().into(),
                    Timestamp::now().to_micros().into(),
                    (&reason).into(),
                ];
                query::execute(client, sql, &values).await
            })
            .await
    }
}

/// The run that a condition leads to.
async fn one(client: &impl Connected, which: &str, of: &[Value<'_>; 2]) -> Result<Option<JobRun>> {
    let sql = [
        "SELECT id, ",
        job_run_columns!(),
        " FROM job_run WHERE ",
        which,
    ]
    .concat();
    let row = query::row(client, &sql, of).await?;
    row.map(|row| RowColumns::new(&row).job_run()).transpose()
}
