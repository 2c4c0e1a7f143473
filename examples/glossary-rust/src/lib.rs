//! The glossary in Rust, as `examples/glossary/SPEC.md` has it: terms and what they mean, shared over the network.
//!
//! It refuses what is no term with a sentence that says why. A tool that fails in the middle leaves what it has
//! published until then.

mod contents;
mod counts;
mod handlers;
mod jobs;
mod name;
mod prompts;
mod reference;
mod resources;
mod tools;

use koi_extension::prelude::*;

use contents::{Term, TermV1, TermV2};
use reference::TermReference;

/// The RID type of terms.
const TERM: &str = TermReference::RID_TYPE;

struct Glossary;

impl Extension for Glossary {
    fn describe() -> Description {
        let term = RidType::of::<TermReference>()
            .title("Term")
            .description("A term of a vocabulary and its meanings.")
            .schema(Schema::of::<Term>().validated());
        let stored = [EventType::New, EventType::Update];
        let tidy = Job::every(jobs::TIDY, 3600)
            .title("Tidy up")
            .description("Forgets counts of terms that are gone.");
        Description::new("glossary", env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .rid_type(term)
            .schema(Schema::of::<TermV1>())
            .schema(Schema::of::<TermV2>().validated())
            .transform(contents::V1, contents::V2)
            .handler(Handler::new(Phase::Rid, [TERM]))
            .handler(Handler::new(Phase::Bundle, [TERM]).events(stored))
            .handler(Handler::new(Phase::Network, [TERM]))
            .job(tidy)
            .reads([TERM])
            .publishes([TERM])
            .forgets([TERM])
            .uses([Capability::Keyvalue, Capability::Ask])
            .requests(["GET:http://*:*", "GET:https://*:*"])
    }
}

koi_extension::export!(Glossary: RidTypes, Schemas, Handlers, Tools, Resources, Prompts, Schedule);
