//! The host's functions over a node in memory, with the signatures of the generated imports.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Progress;
use crate::http::{Request, Response};
use crate::{Json, Result};

thread_local! {
    static NODE: RefCell<Memory> = RefCell::default();
}

/// Answers HTTP requests.
pub(crate) type Server = Rc<dyn Fn(&Request) -> Result<Response>>;

/// Answers the question under a key.
pub(crate) type Person = Rc<dyn Fn(&str, &serde_json::Value) -> Result<serde_json::Value>>;

/// Makes contents of another schema.
pub(crate) type Transform = Rc<dyn Fn(&str, &Json) -> Result<Json>>;

/// All that a node in memory knows.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) bundles: BTreeMap<String, String>,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) neighbours: BTreeMap<String, Vec<String>>,
    pub(crate) log: Vec<String>,
    pub(crate) server: Option<Server>,
    pub(crate) person: Option<Person>,
    pub(crate) transform: Option<Transform>,
    pub(crate) caller: Option<String>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) caller_log: Vec<(String, serde_json::Value)>,
    buckets: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
}

pub(crate) fn with<T>(f: impl FnOnce(&mut Memory) -> T) -> T {
    NODE.with_borrow_mut(f)
}

pub(crate) mod knowledge {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::with;
    use crate::bindings::imports::koi::extension::knowledge::{
        BundlePage, Entry, EntryPage, Publication,
    };
    use crate::bindings::imports::koi::extension::types::{Bundle, Error};
    use crate::{Json, Rid};

    const TIMESTAMP: &str = "2026-01-01T00:00:00.000000Z";

    /// Not the hash of the protocol, but another one for other contents.
    fn hash(contents: &str) -> String {
        let mut hasher = DefaultHasher::new();
        contents.hash(&mut hasher);
        format!("{:064x}", hasher.finish())
    }

    fn bundle((rid, contents): (&String, &String)) -> Bundle {
        Bundle {
            rid: rid.clone(),
            timestamp: TIMESTAMP.into(),
            sha256_hash: hash(contents),
            contents: contents.clone(),
            meta: "{}".into(),
        }
    }

    pub(crate) fn read(rid: &str) -> Result<Option<Bundle>, Error> {
        Ok(with(|node| node.bundles.get_key_value(rid).map(bundle)))
    }

    /// There are no schemas here: contents come as the test makes them, else as they are stored.
    pub(crate) fn read_as(rid: &str, schema: &str) -> Result<Option<Bundle>, Error> {
        let bundle = read(rid)?;
        match (bundle, with(|node| node.transform.clone())) {
            (Some(mut bundle), Some(transform)) => {
                let contents = transform(schema, &Json::trusted(bundle.contents))?;
                bundle.contents = contents.into_string();
                Ok(Some(bundle))
            }
            (bundle, _) => Ok(bundle),
        }
    }

    pub(crate) fn dereference(rid: &str) -> Result<Option<Bundle>, Error> {
        read(rid)
    }

    /// A page holds what its limit says, and its cursor is the last RID on it. There are neither
    /// filters nor other orders here.
    pub(crate) fn query(rid_type: &str, options: &str) -> Result<BundlePage, Error> {
        let options: serde_json::Value = Json::trusted(options.into()).to()?;
        for absent in ["filter", "order"] {
            if options.get(absent).is_some() {
                return Err(crate::Error::permanent(format!(
                    "the node in memory knows no `{absent}`: test such queries on a node"
                ))
                .into());
            }
        }
        let limit = options["limit"].as_u64().unwrap_or(100) as usize;
        let after = options["cursor"].as_str().unwrap_or_default();
        let mut bundles: Vec<_> = with(|node| {
            node.bundles
                .iter()
                .filter(|(rid, _)| rid.as_str() > after)
                .filter(|(rid, _)| Rid::parse(*rid).is_ok_and(|rid| rid.rid_type() == rid_type))
                .take(limit + 1)
                .map(bundle)
                .collect()
        });
        let more = bundles.len() > limit;
        bundles.truncate(limit);
        let next = bundles.last().filter(|_| more).map(|last| last.rid.clone());
        Ok(BundlePage {
            bundles,
            next,
            bounded: None,
        })
    }

    pub(crate) fn entries(rid_type: &str, options: &str) -> Result<EntryPage, Error> {
        let page = query(rid_type, options)?;
        let entry = |bundle: Bundle| Entry {
            rid: bundle.rid,
            timestamp: bundle.timestamp,
            sha256_hash: bundle.sha256_hash,
        };
        Ok(EntryPage {
            entries: page.bundles.into_iter().map(entry).collect(),
            next: page.next,
        })
    }

    pub(crate) fn publish(rid: &str, contents: &str) -> Result<Publication, Error> {
        let object: serde_json::Map<String, serde_json::Value> =
            Json::trusted(contents.into()).to()?;
        drop(object);
        with(|node| node.bundles.insert(rid.into(), contents.into()));
        Ok(Publication {
            rid: rid.into(),
            timestamp: TIMESTAMP.into(),
            sha256_hash: hash(contents),
        })
    }

    pub(crate) fn forget(rid: &str) -> Result<(), Error> {
        with(|node| node.bundles.remove(rid));
        Ok(())
    }
}

pub(crate) fn exchange(request: &Request) -> Result<Response> {
    match with(|node| node.server.clone()) {
        Some(server) => server(request),
        None => Err(request.denied()),
    }
}

pub(crate) mod network {
    use serde_json::json;

    use super::with;
    use crate::bindings::imports::koi::extension::network::Neighbour;
    use crate::bindings::imports::koi::extension::types::Error;

    pub(crate) fn this_node() -> String {
        "orn:koi-net.node:test+0".into()
    }

    pub(crate) fn neighbours() -> Result<Vec<Neighbour>, Error> {
        let neighbour = |(rid, rid_types): (&String, &Vec<String>)| Neighbour {
            rid: rid.clone(),
            provider: true,
            subscriber: !rid_types.is_empty(),
            meta: json!({ "rid-types": rid_types }).to_string(),
        };
        Ok(with(|node| node.neighbours.iter().map(neighbour).collect()))
    }
}

pub(crate) mod caller {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::with;
    use crate::Json;
    use crate::bindings::imports::koi::extension::types::Error;
    use crate::testing::Progress;

    pub(crate) fn who() -> String {
        let set = with(|node| node.caller.clone());
        set.unwrap_or_else(|| r#"{"kind":"tool","correlation-id":"test"}"#.into())
    }

    pub(crate) fn progress(progress: f64, total: Option<f64>, message: Option<&str>) {
        let message = message.map(str::to_owned);
        let progress = Progress {
            progress,
            total,
            message,
        };
        with(|node| node.progress.push(progress));
    }

    pub(crate) fn log(level: &str, data: &str) {
        if let Ok(data) = serde_json::from_str(data) {
            with(|node| node.caller_log.push((level.to_owned(), data)));
        }
    }

    pub(crate) fn ask(questions: &str) -> Result<String, Error> {
        let Some(person) = with(|node| node.person.clone()) else {
            let error = crate::Error::permanent("there is nobody in this test who answers");
            return Err(error.into());
        };
        let questions: BTreeMap<String, Value> = Json::trusted(questions.into()).to()?;
        let answers = questions
            .iter()
            .map(|(key, question)| Ok((key, person(key, question)?)))
            .collect::<crate::Result<BTreeMap<_, _>>>()?;
        Ok(Json::of(&answers)?.into_string())
    }
}

pub(crate) mod secrets {
    use crate::bindings::imports::koi::extension::types::Error;

    pub(crate) fn placeholder(name: &str) -> Result<String, Error> {
        Ok(format!("koi-secret-{name}"))
    }
}

pub(crate) mod config {
    use super::with;
    pub(crate) use crate::bindings::imports::wasi::config::store::Error;

    pub(crate) fn get(key: &str) -> Result<Option<String>, Error> {
        Ok(with(|node| node.config.get(key).cloned()))
    }

    pub(crate) fn get_all() -> Result<Vec<(String, String)>, Error> {
        Ok(with(|node| {
            node.config
                .iter()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        }))
    }
}

pub(crate) mod logging {
    use super::with;
    pub use crate::bindings::imports::wasi::logging::logging::Level;

    pub(crate) fn log(_: Level, _: &str, message: &str) {
        with(|node| node.log.push(message.into()));
    }
}

pub(crate) mod keyvalue {
    use std::collections::BTreeMap;

    use super::with;
    pub(crate) use crate::bindings::imports::wasi::keyvalue::store::{Error, KeyResponse};

    pub(crate) struct Bucket(String);

    pub(crate) fn open(identifier: &str) -> Result<Bucket, Error> {
        Ok(Bucket(identifier.into()))
    }

    impl Bucket {
        pub(super) fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> T {
            with(|node| f(node.buckets.entry(self.0.clone()).or_default()))
        }

        pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
            Ok(self.with(|values| values.get(key).cloned()))
        }

        pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
            self.with(|values| values.insert(key.into(), value.into()));
            Ok(())
        }

        pub(crate) fn delete(&self, key: &str) -> Result<(), Error> {
            self.with(|values| values.remove(key));
            Ok(())
        }

        pub(crate) fn exists(&self, key: &str) -> Result<bool, Error> {
            Ok(self.with(|values| values.contains_key(key)))
        }

        pub(crate) fn list_keys(&self, _: Option<u64>) -> Result<KeyResponse, Error> {
            let keys = self.with(|values| values.keys().cloned().collect());
            Ok(KeyResponse { keys, cursor: None })
        }
    }
}

pub(crate) mod atomics {
    use super::keyvalue::{Bucket, Error};

    pub(crate) fn increment(bucket: &Bucket, key: &str, delta: u64) -> Result<u64, Error> {
        bucket.with(|values| {
            let number = match values.get(key) {
                None => Some(0),
                Some(bytes) => std::str::from_utf8(bytes)
                    .ok()
                    .and_then(|text| text.parse().ok()),
            };
            let sum = number
                .and_then(|number: u64| number.checked_add(delta))
                .ok_or_else(|| Error::Other(format!("`{key}` is not a number to add to")))?;
            values.insert(key.into(), sum.to_string().into_bytes());
            Ok(sum)
        })
    }
}

pub(crate) mod batch {
    use super::keyvalue::{Bucket, Error};

    type Entry = (String, Vec<u8>);

    pub(crate) fn get_many(bucket: &Bucket, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        Ok(bucket.with(|values| {
            keys.iter()
                .map(|key| values.get(key).map(|value| (key.clone(), value.clone())))
                .collect()
        }))
    }

    pub(crate) fn set_many(bucket: &Bucket, entries: &[Entry]) -> Result<(), Error> {
        bucket.with(|values| values.extend(entries.iter().cloned()));
        Ok(())
    }

    pub(crate) fn delete_many(bucket: &Bucket, keys: &[String]) -> Result<(), Error> {
        bucket.with(|values| values.retain(|key, _| !keys.contains(key)));
        Ok(())
    }
}
