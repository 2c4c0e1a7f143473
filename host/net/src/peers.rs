//! What is known of peers beyond their stored profiles: those that have just introduced themselves,
//! and how each one spells what it signs.

use std::sync::Arc;
use std::time::Duration;

use koi_rid::Rid;
use koi_wire::{Dialect, FloatStyle, ManifestExtras, Message, SignedForm};
use moka::sync::Cache;

use crate::graph::{Graph, KnownNode};

/// How long an introduction stands in for the profile that is on its way through the pipeline.
const INTRODUCTION: Duration = Duration::from_secs(60);

/// How many peers are remembered here. All of it can be learned again.
const REMEMBERED: u64 = 10_000;

/// How a peer is written to of which nothing is known.
const STRANGER: Dialect = Dialect {
    floats: FloatStyle::Plus,
    extras: ManifestExtras::Strip,
};

/// What is remembered, in memory only.
pub(crate) struct Peers {
    introduced: Cache<Rid, Arc<KnownNode>>,
    dialects: Cache<Rid, Dialect>,
}

impl Default for Peers {
    fn default() -> Self {
        Self {
            introduced: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(INTRODUCTION)
                .build(),
            dialects: Cache::new(REMEMBERED),
        }
    }
}

impl Peers {
    /// A node has introduced itself in an envelope that its key has signed.
    pub(crate) fn introduce(&self, rid: &Rid, node: KnownNode) {
        self.introduced.insert(rid.clone(), Arc::new(node));
    }

    /// A node's profile: the stored one, else that of its introduction.
    pub(crate) fn find(&self, graph: &Graph, rid: &Rid) -> Option<Arc<KnownNode>> {
        graph.node(rid).or_else(|| self.introduced.get(rid))
    }

    /// How to spell what is sent to a peer. Until it has shown that it signs extra manifest members
    /// it is sent none: every version of the reference accepts manifests without.
    pub(crate) fn dialect(&self, graph: &Graph, rid: &Rid) -> Dialect {
        self.dialects.get(rid).unwrap_or_else(|| {
            let signs_extras = self.find(graph, rid).is_some_and(|node| node.signs_extras);
            Dialect {
                extras: if signs_extras {
                    ManifestExtras::Keep
                } else {
                    ManifestExtras::Strip
                },
                ..Dialect::default()
            }
        })
    }

    /// A peer has accepted this spelling, where it refused others.
    pub(crate) fn settle_on(&self, rid: &Rid, dialect: Dialect) {
        self.dialects.insert(rid.clone(), dialect);
    }

    /// Learns from how a peer spells.
    pub(crate) fn learn(&self, graph: &Graph, message: &Message) {
        let known = self.dialect(graph, &message.source);
        let mut dialect = known;
        if message.payload.has_manifest_extras() {
            dialect.extras = ManifestExtras::Keep;
            if known.extras == ManifestExtras::Strip {
                // What was guessed of its floats was wrong then.
                dialect.floats = FloatStyle::default();
            }
        } else if known == STRANGER && message.payload.has_manifests() {
            // It makes manifests as those versions do that came with the old print of floats. An
            // answer that is signed otherwise would stop them, and cannot be repeated.
            dialect.floats = FloatStyle::Bare;
        }
        if let SignedForm::Canonical(signed) = message.signed {
            dialect.floats = signed.floats;
        }
        if dialect != known {
            self.settle_on(&message.source, dialect);
        }
    }
}
