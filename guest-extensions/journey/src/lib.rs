//! Asks in one call all that can be recorded, and tells what it was answered: for tests.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use koi_extension::bindings::http::wasi::http::outgoing_handler::handle;
use koi_extension::bindings::http::wasi::http::types::{
    Fields, FutureIncomingResponse, OutgoingRequest, Scheme,
};
use koi_extension::bindings::http::wasi::io::poll::poll;
use koi_extension::http::Request;
use koi_extension::keyvalue::Bucket;
use koi_extension::prelude::*;
use koi_extension::{caller, config, log, network, secrets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What it reads, and publishes a copy of.
const NOTE: &str = "orn:journey.note";

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JourneyNote")]
struct Note {
    text: String,
}

/// The same, counted.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JourneyNote2")]
struct CountedNote {
    text: String,
    words: usize,
}

const NOTE_SCHEMA: &str = "journey-note";
const COUNTED_SCHEMA: &str = "journey-note2";

#[derive(Deserialize, JsonSchema)]
struct Route {
    /// The note to read and to copy.
    note: String,
    /// A URL to fetch.
    url: String,
}

/// What it saw on its way.
#[derive(Serialize, JsonSchema)]
struct Seen {
    caller: Option<String>,
    node: String,
    neighbours: usize,
    setting: Option<String>,
    times: u64,
    kept: usize,
    note: String,
    words: usize,
    notes: usize,
    copy: String,
    body: String,
    wall: u64,
    slept: u64,
    random: u64,
    socket: String,
}

#[derive(Deserialize, JsonSchema)]
struct Race {
    /// An authority, such as `localhost:80`, with a path for each request.
    host: String,
    paths: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Won {
    /// Places of the requests that were answered first.
    first: Vec<u32>,
}

#[derive(Deserialize, JsonSchema)]
struct Spend {
    url: String,
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    body: String,
}

struct Journey;

impl Extension for Journey {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .rid_type(RidType::new(NOTE).title("Note").contents::<Note>())
            .schema(Schema::of::<CountedNote>())
            .transform(NOTE_SCHEMA, COUNTED_SCHEMA)
            .reads([NOTE])
            .publishes([NOTE])
            .uses([
                Capability::Keyvalue,
                Capability::Config,
                Capability::Network,
            ])
            .requests(["*:http://localhost:*"])
            .asks_secrets(["TOKEN"])
    }
}

impl Schemas for Journey {
    fn transform(_: &str, _: &str, contents: &Json) -> Result<Json> {
        let Note { text } = contents.to()?;
        let words = text.split_whitespace().count();
        Json::of(&CountedNote { text, words })
    }
}

impl Tools for Journey {
    fn toolbox() -> Toolbox {
        Toolbox::new()
            .tool(Tool::new("wander", "Asks all that it can"), wander)
            .tool(
                Tool::new("race", "Sends requests and tells which are answered first"),
                race,
            )
            .tool(
                Tool::new("spend", "Sends the secret TOKEN and tells the answer"),
                |Spend { url }| {
                    let token = secrets::placeholder("TOKEN")?;
                    let body = Request::new("POST", url).body(token).send()?;
                    let body = body.text()?.to_owned();
                    Ok(Answer { body })
                },
            )
    }
}

fn wander(Route { note, url }: Route) -> Result<Seen> {
    let start = Instant::now();
    let who = caller::who()?;
    caller::progress(0.1, Some(1.0), Some("on its way"));
    let bucket = Bucket::open("default")?;
    let times = bucket.increment("times", 1)?;
    bucket.set("last", [0xff, 0xfe])?;
    let rid = Rid::parse(note)?;
    let found = knowledge::find(&rid)?;
    let counted = knowledge::read_as(&rid, COUNTED_SCHEMA)?;
    let counted = counted.ok_or_else(|| Error::invalid_input("it is gone"))?;
    let words = counted.contents_as::<CountedNote>()?.words;
    let copy = Rid::new(NOTE, format!("copy-{times}"))?;
    let copy = knowledge::publish(&copy, &found.contents_as::<Note>()?)?;
    let notes = knowledge::query(NOTE, &knowledge::Query::default())?;
    log::log(log::Level::Info, "journey", "fetching");
    println!("and saying so");
    let body = Request::get(url).send()?.text()?.to_owned();
    sleep(Duration::from_millis(3));
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(Seen {
        caller: who.correlation_id,
        node: network::this_node()?.to_string(),
        neighbours: network::neighbours()?.len(),
        setting: config::get("mood")?,
        times,
        kept: bucket.get("last")?.map_or(0, |bytes| bytes.len()),
        note: found.contents.to_string(),
        words,
        notes: notes.bundles.len(),
        copy: copy.timestamp,
        body,
        wall: nanoseconds(wall.unwrap_or_default()),
        slept: nanoseconds(start.elapsed()),
        random: RandomState::new().hash_one("journey"),
        socket: match TcpStream::connect("127.0.0.1:9") {
            Ok(_) => "open".to_owned(),
            Err(error) => error.to_string(),
        },
    })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn race(Race { host, paths }: Race) -> Result<Won> {
    let sent: Vec<FutureIncomingResponse> = paths
        .iter()
        .map(|path| {
            let request = OutgoingRequest::new(Fields::new());
            let set = request
                .set_scheme(Some(&Scheme::Http))
                .and_then(|()| request.set_authority(Some(&host)))
                .and_then(|()| request.set_path_with_query(Some(path)));
            set.map_err(|()| Error::invalid_input("that is no URL"))?;
            handle(request, None).map_err(|code| Error::permanent(format!("{code:?}")))
        })
        .collect::<Result<_>>()?;
    let answers: Vec<_> = sent.iter().map(FutureIncomingResponse::subscribe).collect();
    let answers: Vec<_> = answers.iter().collect();
    Ok(Won {
        first: poll(&answers),
    })
}

koi_extension::export!(Journey: Schemas, Tools);
