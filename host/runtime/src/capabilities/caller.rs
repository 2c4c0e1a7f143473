//! `caller`: who caused the call, and what is said to them meanwhile, over the port of that name.

use crate::bindings::koi::extension::caller::Host;
use crate::state::State;

impl Host for State {
    fn who(&mut self) -> wasmtime::Result<String> {
        self.meter.host_call()?;
        Ok(self.ports.caller.who(&self.context))
    }

    fn progress(
        &mut self,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    ) -> wasmtime::Result<()> {
        self.meter.host_call()?;
        self.ports
            .caller
            .progress(&self.context, progress, total, message);
        Ok(())
    }

    fn log(&mut self, level: String, data: String) -> wasmtime::Result<()> {
        self.meter.host_call()?;
        self.ports.caller.log(&self.context, &level, &data);
        Ok(())
    }
}
