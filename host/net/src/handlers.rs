//! The host's handlers for nodes and edges, and for who is told of what.

mod authority;
mod edge;
mod follow;
mod forget;
mod handshake;
mod output;
mod profile;
mod trust;
mod welcome;

use std::sync::Arc;

use koi_pipeline::HostHandler;

pub(crate) use output::other_end;

use crate::Role;
use crate::shared::Shared;

/// All of them, in the order in which they are called.
pub(crate) fn all(shared: &Arc<Shared>) -> Vec<Arc<dyn HostHandler>> {
    let mut handlers: Vec<Arc<dyn HostHandler>> = vec![
        Arc::new(trust::Gate::new(shared.clone())),
        Arc::new(profile::SecureProfile(shared.clone())),
        Arc::new(edge::EdgeNegotiation(shared.clone())),
        Arc::new(authority::ForgetAuthority(shared.clone())),
        Arc::new(output::OutputFilter(shared.clone())),
        Arc::new(welcome::Welcome(shared.clone())),
        Arc::new(forget::ForgetNode(shared.clone())),
        Arc::new(follow::Follow(shared.clone())),
    ];
    if shared.role == Role::Coordinator {
        handlers.push(Arc::new(handshake::Handshake(shared.clone())));
    }
    handlers
}
