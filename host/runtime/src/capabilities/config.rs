//! `wasi:config`: the extension's settings, over the port of that name.

use crate::bindings::wasi::config::store::{Error, Host};
use crate::ports::PortError;
use crate::state::State;

/// The interface knows no denial: what is denied comes from upstream too, with its remedy as text.
fn error(error: PortError) -> Error {
    Error::Upstream(error.to_string())
}

impl Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        self.meter.host_call()?;
        let found = self.ports.config.get(&self.context, &key).await;
        Ok(found.map_err(error))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        self.meter.host_call()?;
        let found = self.ports.config.all(&self.context).await;
        Ok(found.map_err(error))
    }
}
