//! `wasi:keyvalue`: the extension's own keys and values, over the port of that name.
//!
//! A guest's handle of a bucket is nothing but its name: each use asks the port again, so that what
//! is revoked meanwhile is refused.

use wasmtime::component::Resource;

use crate::bindings::wasi::keyvalue::{atomics, batch, store};
use crate::ports::PortError;
use crate::state::State;

/// An open bucket.
pub struct Bucket {
    name: String,
}

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;
type Pairs = Vec<Option<(String, Vec<u8>)>>;

impl State {
    fn refused(&mut self, error: PortError) -> store::Error {
        match error {
            // The interface has no room for the missing grant.
            PortError::Denied(denial) => {
                self.deny(denial);
                store::Error::AccessDenied
            }
            // Nor has it one for whether another try may succeed: the text says so.
            PortError::Transient(reason) => store::Error::Other(format!("transient: {reason}")),
            PortError::Permanent(reason) | PortError::InvalidInput(reason) => {
                store::Error::Other(reason)
            }
        }
    }
}

impl store::Host for State {
    async fn open(&mut self, name: String) -> Answer<Resource<Bucket>> {
        self.meter.host_call()?;
        match self.ports.key_value.open(&self.context, &name).await {
            Ok(()) => Ok(Ok(self.table.push(Bucket { name })?)),
            Err(PortError::InvalidInput(_)) => Ok(Err(store::Error::NoSuchStore)),
            Err(reason) => Ok(Err(self.refused(reason))),
        }
    }
}

impl store::HostBucket for State {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let found = self.ports.key_value.get(&self.context, name, &key).await;
        Ok(found.map_err(|error| self.refused(error)))
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let done = self
            .ports
            .key_value
            .set(&self.context, name, &key, value)
            .await;
        Ok(done.map_err(|error| self.refused(error)))
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<()> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let done = self.ports.key_value.delete(&self.context, name, &key).await;
        Ok(done.map_err(|error| self.refused(error)))
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<bool> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let found = self.ports.key_value.exists(&self.context, name, &key).await;
        Ok(found.map_err(|error| self.refused(error)))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> Answer<store::KeyResponse> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let found = self
            .ports
            .key_value
            .list_keys(&self.context, name, cursor)
            .await;
        Ok(found
            .map(|page| store::KeyResponse {
                keys: page.keys,
                cursor: page.next,
            })
            .map_err(|error| self.refused(error)))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for State {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: u64,
    ) -> Answer<u64> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let sum = self
            .ports
            .key_value
            .increment(&self.context, name, &key, delta)
            .await;
        Ok(sum.map_err(|error| self.refused(error)))
    }
}

impl batch::Host for State {
    async fn get_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<Pairs> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let found = self
            .ports
            .key_value
            .get_many(&self.context, name, keys)
            .await;
        Ok(found.map_err(|error| self.refused(error)))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let done = self
            .ports
            .key_value
            .set_many(&self.context, name, entries)
            .await;
        Ok(done.map_err(|error| self.refused(error)))
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        self.meter.host_call()?;
        let name = &self.table.get(&bucket)?.name;
        let done = self
            .ports
            .key_value
            .delete_many(&self.context, name, keys)
            .await;
        Ok(done.map_err(|error| self.refused(error)))
    }
}
