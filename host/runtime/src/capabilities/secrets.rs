//! `secrets`: placeholders of the extension's secrets, over the port of that name.

use super::convert::error;
use crate::bindings::koi::extension::secrets::Host;
use crate::bindings::koi::extension::types::Error;
use crate::state::State;

impl Host for State {
    fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        self.meter.host_call()?;
        let found = self.ports.secrets.placeholder(&self.context, &name);
        Ok(found.map_err(error))
    }
}
