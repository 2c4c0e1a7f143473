//! `network`: this node and its neighbours, over the port of that name.

use super::convert::error;
use crate::bindings::koi::extension::network::{Host, Neighbour};
use crate::bindings::koi::extension::types::Error;
use crate::meter::Stop;
use crate::ports;
use crate::state::State;

fn neighbour(of: ports::Neighbour) -> Neighbour {
    let types: Vec<&str> = of
        .rid_types
        .iter()
        .map(|rid_type| rid_type.as_str())
        .collect();
    let mut meta = serde_json::json!({ "rid-types": types });
    if let Some(node_type) = of.node_type {
        meta["node-type"] = node_type.into();
    }
    Neighbour {
        rid: of.rid.as_str().to_owned(),
        provider: of.provider,
        subscriber: of.subscriber,
        meta: meta.to_string(),
    }
}

impl Host for State {
    fn this_node(&mut self) -> wasmtime::Result<String> {
        self.meter.host_call()?;
        match self.ports.network.this_node(&self.context) {
            Ok(rid) => Ok(rid.as_str().to_owned()),
            Err(error) => Err(wasmtime::Error::new(Stop::Port(error))),
        }
    }

    async fn neighbours(&mut self) -> wasmtime::Result<Result<Vec<Neighbour>, Error>> {
        self.meter.host_call()?;
        let found = self.ports.network.neighbours(&self.context).await;
        Ok(found
            .map(|neighbours| neighbours.into_iter().map(neighbour).collect())
            .map_err(error))
    }
}
