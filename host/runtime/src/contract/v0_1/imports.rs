//! What a guest may ask of the host, in this version's words. What is done is in `capabilities`.

use koi_rid::Manifest;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::koi::extension as koi;
use super::bindings::koi::extension::knowledge::{
    Bundle, BundlePage, Entry, EntryPage, Publication,
};
use super::bindings::koi::extension::network::Neighbour;
use super::bindings::koi::extension::types::Error;
use super::values::{bundle, error};
use crate::capabilities::{caller, knowledge, network, secrets};
use crate::ports;
use crate::state::State;

type Told<T> = wasmtime::Result<Result<T, Error>>;

/// Links the interfaces of this version.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Own = HasSelf<State>;
    koi::types::add_to_linker::<State, Own>(linker, |state| state)?;
    koi::knowledge::add_to_linker::<State, Own>(linker, |state| state)?;
    koi::network::add_to_linker::<State, Own>(linker, |state| state)?;
    koi::caller::add_to_linker::<State, Own>(linker, |state| state)?;
    koi::secrets::add_to_linker::<State, Own>(linker, |state| state)
}

impl koi::types::Host for State {}

impl koi::knowledge::Host for State {
    async fn read(&mut self, of: String) -> Told<Option<Bundle>> {
        let found = knowledge::read(self, &of).await?;
        Ok(found.map(|known| known.map(bundle)).map_err(error))
    }

    async fn read_as(&mut self, of: String, schema: String) -> Told<Option<Bundle>> {
        let found = knowledge::read_as(self, &of, &schema).await?;
        Ok(found.map(|known| known.map(bundle)).map_err(error))
    }

    async fn query(&mut self, of_type: String, options: String) -> Told<BundlePage> {
        let found = knowledge::query(self, &of_type, &options).await?;
        Ok(found
            .map(|page| BundlePage {
                bundles: page.bundles.into_iter().map(bundle).collect(),
                next: page.next,
                bounded: page.bounded,
            })
            .map_err(error))
    }

    async fn entries(&mut self, of_type: String, options: String) -> Told<EntryPage> {
        let found = knowledge::entries(self, &of_type, &options).await?;
        Ok(found
            .map(|page| EntryPage {
                entries: page.manifests.into_iter().map(entry).collect(),
                next: page.next,
            })
            .map_err(error))
    }

    async fn publish(&mut self, of: String, contents: String) -> Told<Publication> {
        let published = knowledge::publish(self, &of, &contents).await?;
        Ok(published
            .map(|manifest| Publication {
                rid: manifest.rid.as_str().to_owned(),
                timestamp: manifest.timestamp.as_str().to_owned(),
                sha256_hash: manifest.sha256_hash,
            })
            .map_err(error))
    }

    async fn forget(&mut self, of: String) -> Told<()> {
        Ok(knowledge::forget(self, &of).await?.map_err(error))
    }

    async fn dereference(&mut self, of: String) -> Told<Option<Bundle>> {
        let found = knowledge::dereference(self, &of).await?;
        Ok(found.map(|known| known.map(bundle)).map_err(error))
    }
}

fn entry(manifest: Manifest) -> Entry {
    Entry {
        rid: manifest.rid.as_str().to_owned(),
        timestamp: manifest.timestamp.as_str().to_owned(),
        sha256_hash: manifest.sha256_hash,
    }
}

impl koi::network::Host for State {
    fn this_node(&mut self) -> wasmtime::Result<String> {
        Ok(network::this_node(self)?.as_str().to_owned())
    }

    async fn neighbours(&mut self) -> Told<Vec<Neighbour>> {
        let found = network::neighbours(self).await?;
        Ok(found
            .map(|neighbours| neighbours.into_iter().map(neighbour).collect())
            .map_err(error))
    }
}

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

impl koi::caller::Host for State {
    fn who(&mut self) -> wasmtime::Result<String> {
        caller::who(self)
    }

    fn progress(
        &mut self,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    ) -> wasmtime::Result<()> {
        caller::progress(self, progress, total, message)
    }

    fn log(&mut self, level: String, data: String) -> wasmtime::Result<()> {
        caller::log(self, &level, &data)
    }

    async fn ask(&mut self, questions: String) -> Told<String> {
        Ok(caller::ask(self, &questions).await?.map_err(error))
    }
}

impl koi::secrets::Host for State {
    fn placeholder(&mut self, name: String) -> Told<String> {
        Ok(secrets::placeholder(self, &name)?.map_err(error))
    }
}
