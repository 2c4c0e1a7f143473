//! `caller`: who caused the call, what is said to them meanwhile and what they are asked, over the port
//! of that name.

use super::convert::error;
use crate::bindings::koi::extension::caller::Host;
use crate::bindings::koi::extension::types::Error;
use crate::state::State;

impl Host for State {
    fn who(&mut self) -> wasmtime::Result<String> {
        self.meter.host_call()?;
        Ok(self.caller.who(&self.context))
    }

    fn progress(
        &mut self,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    ) -> wasmtime::Result<()> {
        self.meter.host_call()?;
        self.caller
            .progress(&self.context, progress, total, message);
        Ok(())
    }

    fn log(&mut self, level: String, data: String) -> wasmtime::Result<()> {
        self.meter.host_call()?;
        self.caller.log(&self.context, &level, &data);
        Ok(())
    }

    async fn ask(&mut self, questions: String) -> wasmtime::Result<Result<String, Error>> {
        self.meter.host_call()?;
        let _waiting = self.meter.wait_for_person();
        let answers = self.caller.ask(&self.context, &questions).await;
        Ok(answers.map_err(error))
    }
}
