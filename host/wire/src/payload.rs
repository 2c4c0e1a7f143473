//! Payloads: what envelopes carry.
//!
//! Reading takes members in any order, puts in defaults and drops what is unknown, as the reference
//! does; printing gives the one order that is signed.

use std::fmt;

use koi_rid::json::{Kind, Value, write_string};
use koi_rid::{Bundle, Dialect, Event, Extras, Manifest, ModelError, Rid, RidType};

use crate::error::Malformed;

/// Which payload: the `type` member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayloadKind {
    /// `poll_events`
    PollEvents,
    /// `fetch_rids`
    FetchRids,
    /// `fetch_manifests`
    FetchManifests,
    /// `fetch_bundles`
    FetchBundles,
    /// `rids_payload`
    Rids,
    /// `manifests_payload`
    Manifests,
    /// `bundles_payload`
    Bundles,
    /// `events_payload`
    Events,
}

impl PayloadKind {
    /// The `type` as written.
    pub fn as_str(self) -> &'static str {
        match self {
            PayloadKind::PollEvents => "poll_events",
            PayloadKind::FetchRids => "fetch_rids",
            PayloadKind::FetchManifests => "fetch_manifests",
            PayloadKind::FetchBundles => "fetch_bundles",
            PayloadKind::Rids => "rids_payload",
            PayloadKind::Manifests => "manifests_payload",
            PayloadKind::Bundles => "bundles_payload",
            PayloadKind::Events => "events_payload",
        }
    }
}

impl fmt::Display for PayloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Asks for queued events.
    PollEvents {
        /// At most so many; 0 for all.
        limit: u64,
    },
    /// Asks for RIDs.
    FetchRids {
        /// Of these types; empty for all.
        rid_types: Vec<RidType>,
    },
    /// Asks for manifests: of `rids` if there are any, else of `rid_types`, else all.
    FetchManifests {
        /// Of these types.
        rid_types: Vec<RidType>,
        /// Of these RIDs.
        rids: Vec<Rid>,
    },
    /// Asks for bundles.
    FetchBundles {
        /// Of these RIDs.
        rids: Vec<Rid>,
    },
    /// Answers with RIDs.
    Rids {
        /// What there is.
        rids: Vec<Rid>,
    },
    /// Answers with manifests.
    Manifests {
        /// What there is.
        manifests: Vec<Manifest>,
        /// RIDs that were asked for and are unknown, in the order of the question.
        not_found: Vec<Rid>,
    },
    /// Answers with bundles.
    Bundles {
        /// What there is.
        bundles: Vec<Bundle>,
        /// RIDs that were asked for and are unknown, in the order of the question.
        not_found: Vec<Rid>,
        /// RIDs that may come later. The reference never fills it.
        deferred: Vec<Rid>,
    },
    /// Tells of events: broadcast, or in answer to a poll.
    Events {
        /// In the order in which they happened.
        events: Vec<Event>,
    },
}

impl Payload {
    /// Which one it is.
    pub fn kind(&self) -> PayloadKind {
        match self {
            Payload::PollEvents { .. } => PayloadKind::PollEvents,
            Payload::FetchRids { .. } => PayloadKind::FetchRids,
            Payload::FetchManifests { .. } => PayloadKind::FetchManifests,
            Payload::FetchBundles { .. } => PayloadKind::FetchBundles,
            Payload::Rids { .. } => PayloadKind::Rids,
            Payload::Manifests { .. } => PayloadKind::Manifests,
            Payload::Bundles { .. } => PayloadKind::Bundles,
            Payload::Events { .. } => PayloadKind::Events,
        }
    }

    /// Whether a manifest in it has members beyond the three: its sender then verifies them in what
    /// it is sent, too.
    pub fn has_manifest_extras(&self) -> bool {
        self.manifests().any(|manifest| !manifest.extras.is_empty())
    }

    /// Whether there is any manifest in it.
    pub fn has_manifests(&self) -> bool {
        self.manifests().next().is_some()
    }

    fn manifests(&self) -> Box<dyn Iterator<Item = &Manifest> + '_> {
        match self {
            Payload::Manifests { manifests, .. } => Box::new(manifests.iter()),
            Payload::Bundles { bundles, .. } => {
                Box::new(bundles.iter().map(|bundle| &bundle.manifest))
            }
            Payload::Events { events } => {
                Box::new(events.iter().filter_map(|event| event.manifest.as_ref()))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Drops manifest members that a signature did not cover.
    pub(crate) fn strip_manifest_extras(&mut self) {
        let strip = |manifest: &mut Manifest| manifest.extras = Extras::default();
        match self {
            Payload::Manifests { manifests, .. } => manifests.iter_mut().for_each(strip),
            Payload::Bundles { bundles, .. } => {
                let manifests = bundles.iter_mut().map(|bundle| &mut bundle.manifest);
                manifests.for_each(strip);
            }
            Payload::Events { events } => {
                let manifests = events
                    .iter_mut()
                    .filter_map(|event| event.manifest.as_mut());
                manifests.for_each(strip);
            }
            _ => {}
        }
    }

    /// Reads the payload of that kind. A missing `type` is fine: the endpoint tells it.
    pub(crate) fn from_value(
        value: Value<'_, '_>,
        kind: PayloadKind,
    ) -> Result<Payload, Malformed> {
        let rid = |value| Ok(Rid::parse(&string(value)?)?);
        let rid_type = |value| Ok(RidType::parse(&string(value)?)?);
        Ok(match kind {
            PayloadKind::PollEvents => Payload::PollEvents {
                limit: limit(value)?,
            },
            PayloadKind::FetchRids => Payload::FetchRids {
                rid_types: list(value, "rid_types", rid_type)?.unwrap_or_default(),
            },
            PayloadKind::FetchManifests => Payload::FetchManifests {
                rid_types: list(value, "rid_types", rid_type)?.unwrap_or_default(),
                rids: list(value, "rids", rid)?.unwrap_or_default(),
            },
            PayloadKind::FetchBundles => Payload::FetchBundles {
                rids: required(list(value, "rids", rid)?, "payload.rids")?,
            },
            PayloadKind::Rids => Payload::Rids {
                rids: required(list(value, "rids", rid)?, "payload.rids")?,
            },
            PayloadKind::Manifests => Payload::Manifests {
                manifests: required(
                    list(value, "manifests", Manifest::from_value)?,
                    "payload.manifests",
                )?,
                not_found: list(value, "not_found", rid)?.unwrap_or_default(),
            },
            PayloadKind::Bundles => Payload::Bundles {
                bundles: required(
                    list(value, "bundles", Bundle::from_value)?,
                    "payload.bundles",
                )?,
                not_found: list(value, "not_found", rid)?.unwrap_or_default(),
                deferred: list(value, "deferred", rid)?.unwrap_or_default(),
            },
            PayloadKind::Events => Payload::Events {
                events: required(list(value, "events", Event::from_value)?, "payload.events")?,
            },
        })
    }

    /// Appends the text that is signed.
    pub(crate) fn write(&self, dialect: Dialect, out: &mut String) {
        out.push_str("{\"type\":");
        write_string(self.kind().as_str(), out);
        let rid = |rid: &Rid, out: &mut String| write_string(rid.as_str(), out);
        let rid_type = |rid_type: &RidType, out: &mut String| write_string(rid_type.as_str(), out);
        match self {
            Payload::PollEvents { limit } => out.push_str(&format!(",\"limit\":{limit}")),
            Payload::FetchRids { rid_types } => write_list("rid_types", rid_types, rid_type, out),
            Payload::FetchManifests { rid_types, rids } => {
                write_list("rid_types", rid_types, rid_type, out);
                write_list("rids", rids, rid, out);
            }
            Payload::FetchBundles { rids } | Payload::Rids { rids } => {
                write_list("rids", rids, rid, out);
            }
            Payload::Manifests {
                manifests,
                not_found,
            } => {
                write_list("manifests", manifests, |m, out| m.write(dialect, out), out);
                write_list("not_found", not_found, rid, out);
            }
            Payload::Bundles {
                bundles,
                not_found,
                deferred,
            } => {
                write_list("bundles", bundles, |b, out| b.write(dialect, out), out);
                write_list("not_found", not_found, rid, out);
                write_list("deferred", deferred, rid, out);
            }
            Payload::Events { events } => {
                write_list("events", events, |e, out| e.write(dialect, out), out);
            }
        }
        out.push('}');
    }
}

fn write_list<T>(name: &str, items: &[T], write: impl Fn(&T, &mut String), out: &mut String) {
    out.push(',');
    write_string(name, out);
    out.push_str(":[");
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

fn string<'a>(value: Value<'_, 'a>) -> Result<std::borrow::Cow<'a, str>, ModelError> {
    value.as_str().ok_or(ModelError::Kind {
        what: "every RID and RID type in the payload",
        expected: "a string",
    })
}

/// The list of that name, or `None` if it is absent.
fn list<'d, 'a: 'd, T>(
    payload: Value<'d, 'a>,
    name: &'static str,
    read: impl Fn(Value<'d, 'a>) -> Result<T, ModelError>,
) -> Result<Option<Vec<T>>, ModelError> {
    let Some(value) = payload.get(name) else {
        return Ok(None);
    };
    if value.kind() != Kind::Array {
        return Err(ModelError::Kind {
            what: name,
            expected: "a list",
        });
    }
    value
        .elements()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn required<T>(list: Option<Vec<T>>, what: &'static str) -> Result<Vec<T>, ModelError> {
    list.ok_or(ModelError::Missing(what))
}

/// 0 if absent, or `null` as one other implementation sends.
fn limit(payload: Value<'_, '_>) -> Result<u64, ModelError> {
    let Some(value) = payload.get("limit").filter(|value| !value.is_null()) else {
        return Ok(0);
    };
    let text = match value.text() {
        "-0" => "0",
        text => text,
    };
    text.parse().map_err(|_| ModelError::Kind {
        what: "payload.limit",
        expected: "an integer from 0 to 2^64 - 1",
    })
}
