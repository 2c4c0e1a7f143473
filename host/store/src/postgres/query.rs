//! Statements: prepared once for each connection, with parameters bound and rows read.

use std::borrow::Cow;
use std::error::Error;
use std::future::poll_fn;
use std::task::Poll;

use bytes::BytesMut;
use deadpool_postgres::{ClientWrapper, Transaction};
use futures::future::maybe_done;
use koi_rid::Rid;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error as PgError, Row, Statement};

use crate::rows::{Bind, Columns};
use crate::{Result, StoreError};

/// A parameter.
#[derive(Debug)]
pub(super) enum Value<'v> {
    Null,
    Text(Cow<'v, str>),
    Bytes(&'v [u8]),
    Number(i64),
    Many(Vec<&'v [u8]>),
    Owned(Vec<Vec<u8>>),
    Numbers(Vec<i64>),
}

impl Value<'_> {
    pub(super) fn texts<'v>(texts: impl IntoIterator<Item = &'v str>) -> Value<'v> {
        Value::Many(texts.into_iter().map(str::as_bytes).collect())
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        text.as_str().into()
    }
}

impl<'v> From<&'v Rid> for Value<'v> {
    fn from(rid: &'v Rid) -> Self {
        rid.as_str().into()
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) if *ty == Type::BYTEA => text.as_bytes().to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            Self::Number(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Many(many) if *ty == Type::BYTEA_ARRAY => many.to_sql(ty, out),
            Self::Owned(many) if *ty == Type::BYTEA_ARRAY => many.to_sql(ty, out),
            Self::Numbers(numbers) if *ty == Type::INT8_ARRAY => numbers.to_sql(ty, out),
            other => Err(format!("{other:?} is no {ty}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::BYTEA, Type::INT8, Type::BYTEA_ARRAY, Type::INT8_ARRAY].contains(ty)
    }

    to_sql_checked!();
}

/// Gathers a statement's parameters one after the other.
#[derive(Default)]
pub(super) struct Binding<'v> {
    pub(super) values: Vec<Value<'v>>,
}

impl<'v> Bind<'v> for Binding<'v> {
    fn text(&mut self, text: Option<Cow<'v, str>>) -> Result<()> {
        self.values.push(text.map_or(Value::Null, Value::Text));
        Ok(())
    }

    fn number(&mut self, number: Option<i64>) -> Result<()> {
        self.values.push(number.into());
        Ok(())
    }
}

/// Reads a row's columns one after the other.
pub(super) struct RowColumns<'r> {
    row: &'r Row,
    read: usize,
}

impl<'r> RowColumns<'r> {
    pub(super) fn new(row: &'r Row) -> Self {
        Self { row, read: 0 }
    }

    pub(super) fn bytes(&mut self) -> Result<Option<&'r [u8]>> {
        let bytes = self.row.try_get(self.read)?;
        self.read += 1;
        Ok(bytes)
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>> {
        let texts: Option<Vec<Vec<u8>>> = self.row.try_get(self.read)?;
        self.read += 1;
        texts
            .unwrap_or_default()
            .into_iter()
            .map(|text| {
                String::from_utf8(text).map_err(|error| StoreError::damaged("a text", error))
            })
            .collect()
    }
}

impl Columns for RowColumns<'_> {
    fn text(&mut self) -> Result<Option<&str>> {
        self.bytes()?
            .map(|bytes| {
                str::from_utf8(bytes).map_err(|error| StoreError::damaged("a text", error))
            })
            .transpose()
    }

    fn integer(&mut self) -> Result<Option<i64>> {
        let number = self.row.try_get(self.read)?;
        self.read += 1;
        Ok(number)
    }
}

/// Parameters as the client takes them.
pub(super) fn parameters<'v>(values: &'v [Value<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

/// A connection, in a transaction that is held as such or not.
pub(super) trait Connected: Sync {
    /// The connection itself.
    fn client(&self) -> &Client;

    /// A statement, from those that the connection keeps or made now.
    fn prepared(&self, sql: &str) -> impl Future<Output = Result<Statement, PgError>> + Send;
}

impl Connected for ClientWrapper {
    fn client(&self) -> &Client {
        self
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, PgError> {
        self.prepare_cached(sql).await
    }
}

impl Connected for Transaction<'_> {
    fn client(&self) -> &Client {
        tokio_postgres::Transaction::client(self)
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, PgError> {
        self.prepare_cached(sql).await
    }
}

/// A statement to send.
pub(super) struct Request<'v> {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value<'v>>,
}

/// Most requests whose answers are waited for at a time.
const UNDERWAY: usize = 256;

/// What each of several statements gives. They are sent one behind the other without waiting for
/// answers in between, and take effect in that order; of those after one that fails none does.
pub(super) async fn pipelined(
    client: &ClientWrapper,
    requests: &[Request<'_>],
) -> Result<Vec<Vec<Row>>> {
    let mut answers = Vec::with_capacity(requests.len());
    for part in requests.chunks(UNDERWAY) {
        let mut underway = Vec::with_capacity(part.len());
        // All before the first is sent: one that is not prepared yet would be overtaken.
        for request in part {
            let statement = client.prepare_cached(request.sql).await?;
            underway.push(Box::pin(maybe_done(async move {
                client.query(&statement, &parameters(&request.values)).await
            })));
        }
        // A statement is sent when it is first polled.
        poll_fn(|context| {
            for answer in &mut underway {
                let _ = answer.as_mut().poll(context);
            }
            Poll::Ready(())
        })
        .await;
        for mut answer in underway {
            answer.as_mut().await;
            let rows = answer.as_mut().take_output().ok_or(StoreError::Closed)?;
            answers.push(rows?);
        }
    }
    Ok(answers)
}

/// All rows that a statement gives.
pub(super) async fn rows(
    client: &impl Connected,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>> {
    let statement = client.prepared(sql).await?;
    Ok(client
        .client()
        .query(&statement, &parameters(values))
        .await?)
}

/// The row that a statement gives, if it gives one.
pub(super) async fn row(
    client: &impl Connected,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Option<Row>> {
    Ok(rows(client, sql, values).await?.pop())
}

/// The number that a statement gives.
pub(super) async fn number(
    client: &impl Connected,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64> {
    match row(client, sql, values).await? {
        Some(row) => RowColumns::new(&row).number(),
        None => Err(StoreError::damaged("a number", "there is no row with it")),
    }
}

/// How many rows a statement changed.
pub(super) async fn execute(
    client: &impl Connected,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64> {
    let statement = client.prepared(sql).await?;
    Ok(client
        .client()
        .execute(&statement, &parameters(values))
        .await?)
}
