//! Whether a node's profile is what it claims to be, and whether its sender may tell it.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{EventType, Rid};
use koi_runtime::Phase;
use koi_wire::{NODE_TYPE, NodeProfile, NodeType, node_hash};

use crate::shared::Shared;

/// Profiles are not signed by their subject when others relay them, so a known node's profile is
/// changed by itself or by the first contact alone. The reference lets anybody change it.
pub(super) struct SecureProfile(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for SecureProfile {
    fn name(&self) -> &'static str {
        "node profile"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Bundle]
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == NODE_TYPE
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let knowledge = &object.knowledge;
        let Some(contents) = knowledge
            .contents
            .as_ref()
            .filter(|_| knowledge.normalized != Some(EventType::Forget))
        else {
            return Ok(Flow::Continue);
        };
        let profile = NodeProfile::parse(contents)
            .map_err(|error| HandlerError::Refused(error.to_string()))?;
        check(&knowledge.rid, &profile).map_err(HandlerError::Refused)?;
        if knowledge.rid == *self.0.me() {
            return Ok(Flow::Continue);
        }
        if let Some(own) = self.0.base_url()
            && profile.base_url.as_deref() == Some(own)
        {
            return Err(HandlerError::Refused(format!(
                "{} claims the address of this node",
                knowledge.rid
            )));
        }
        if let Some(source) = &knowledge.source
            && *source != knowledge.rid
            && knowledge.previous.is_some()
            && !self.0.trusts(source)
        {
            return Err(HandlerError::Refused(format!(
                "{} is known here, and {source} may not change its profile",
                knowledge.rid
            )));
        }
        Ok(Flow::Continue)
    }
}

/// Whether a profile can be that of a node at all.
fn check(rid: &Rid, profile: &NodeProfile) -> Result<(), String> {
    let key = profile.key().map_err(|error| error.to_string())?;
    if node_hash(rid) != Some(key.hash()) {
        return Err(format!("the public key does not make the RID {rid}"));
    }
    match (profile.node_type, profile.base_url.as_deref()) {
        (NodeType::Full, Some(url))
            if !url.starts_with("http://") && !url.starts_with("https://") =>
        {
            Err(format!("the base URL of {rid} is none of HTTP"))
        }
        (NodeType::Full, None) => Err(format!("{rid} is a full node without a base URL")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use koi_wire::{NodeKey, Provides, node_rid};

    use super::*;

    fn node() -> (Rid, NodeProfile) {
        let key = NodeKey::generate().unwrap();
        let profile = NodeProfile {
            base_url: Some("http://127.0.0.1:8000/koi-net".to_owned()),
            node_type: NodeType::Full,
            provides: Provides::default(),
            public_key: Some(key.public_key().as_str().to_owned()),
        };
        (node_rid("alpha", key.public_key()).unwrap(), profile)
    }

    #[test]
    fn a_profile_with_the_key_of_its_rid_is_accepted() {
        let (rid, profile) = node();
        assert_eq!(check(&rid, &profile), Ok(()));
    }

    #[test]
    fn a_profile_with_another_key_is_refused() {
        let (rid, _) = node();
        let (_, profile) = node();
        assert!(check(&rid, &profile).is_err());
    }

    #[test]
    fn a_profile_without_a_key_is_refused() {
        let (rid, profile) = node();
        assert!(
            check(
                &rid,
                &NodeProfile {
                    public_key: None,
                    ..profile
                }
            )
            .is_err()
        );
    }

    #[test]
    fn a_full_node_without_an_http_address_is_refused() {
        let (rid, profile) = node();
        for base_url in [
            None,
            Some("file:///etc/passwd".to_owned()),
            Some(String::new()),
        ] {
            assert!(
                check(
                    &rid,
                    &NodeProfile {
                        base_url,
                        ..profile.clone()
                    }
                )
                .is_err()
            );
        }
    }
}
