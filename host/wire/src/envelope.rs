//! Opening envelopes.
//!
//! The reference signs, and verifies, its own re-print of what it parsed. Versions print some
//! things differently, and servers may re-spell a body after it was signed. So these texts are
//! tried in order, and the first that verifies decides:
//!
//! 1. the parts of the body as they stand in it,
//! 2. our canonical print, with floats as `1e+16`,
//! 3. the same with `1e16`,
//! 4. both without the manifest members beyond the three.
//!
//! Bodies with duplicate member names are refused before, so what is verified is what is used. Up
//! to the first signature check nothing is built but the list of nodes over the text.

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use koi_rid::json::{Document, JsonError, Kind, Value};
use koi_rid::{Contents, Dialect, FloatStyle, ManifestExtras, ModelError, Rid};

use crate::error::{ErrorCode, Malformed, WireError};
use crate::key::SIGNATURE_BYTES;
use crate::seal::signed_text;
use crate::{NodeProfile, Payload, PayloadKind, PublicKey, is_node, node_hash};

/// Longest envelope that is read, in bytes.
pub const MAX_ENVELOPE_BYTES: usize = 32 * 1024 * 1024;

/// An envelope that was read but not verified: it says who it claims to be from, no more.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    document: Document<'a>,
    kind: PayloadKind,
    source: Rid,
    target: Rid,
    /// `None` if what stands there can be no signature.
    signature: Option<[u8; SIGNATURE_BYTES]>,
}

/// What a signature turned out to be over. It tells how the peer prints, and so what it verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedForm {
    /// The parts of the body as they stood in it.
    Raw,
    /// Our canonical print in this dialect.
    Canonical(Dialect),
}

/// A verified message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it says. Nothing in it was not signed.
    pub payload: Payload,
    /// Who signed it.
    pub source: Rid,
    /// Whom it is for.
    pub target: Rid,
    /// What the signature was over.
    pub signed: SignedForm,
}

impl<'a> Envelope<'a> {
    /// Reads a body whose payload should be of that kind, which the endpoint tells. The payload is
    /// not read yet.
    pub fn parse(body: &'a [u8], kind: PayloadKind) -> Result<Envelope<'a>, Malformed> {
        if body.len() > MAX_ENVELOPE_BYTES {
            return Err(JsonError::TooLong {
                limit: MAX_ENVELOPE_BYTES,
            }
            .into());
        }
        let text = str::from_utf8(body).map_err(|_| Malformed::NotUtf8)?;
        let document = Document::parse(text)?;
        let root = document.root();
        let payload = member(root, "payload")?;
        if payload.kind() != Kind::Object {
            return Err(Malformed::Model(ModelError::Kind {
                what: "payload",
                expected: "an object",
            }));
        }
        if let Some(found) = payload.get("type")
            && found.as_str().as_deref() != Some(kind.as_str())
        {
            return Err(Malformed::WrongPayload {
                expected: kind,
                found: found.text().chars().take(64).collect(),
            });
        }
        let source = node_member(root, "source_node")?;
        let target = node_member(root, "target_node")?;
        let signature = string_member(root, "signature")?;
        let signature = STANDARD
            .decode(signature.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        Ok(Envelope {
            kind,
            source,
            target,
            signature,
            document,
        })
    }

    /// Who claims to have sent it.
    pub fn source(&self) -> &Rid {
        &self.source
    }

    /// Whom it is for.
    pub fn target(&self) -> &Rid {
        &self.target
    }

    /// The part of the signature, `r`, that is another in each envelope of a signer who uses random
    /// numbers; of the other part everybody can make a second one that verifies too. `None` if what
    /// stands there can be no signature.
    pub fn nonce(&self) -> Option<[u8; SIGNATURE_BYTES / 2]> {
        self.signature?.first_chunk().copied()
    }

    /// The profile with which a sender introduces itself: that of the first NEW event of its own
    /// RID with manifest and contents. `None` if there is none or it is no profile.
    pub fn introduction(&self) -> Option<NodeProfile> {
        if self.kind != PayloadKind::Events {
            return None;
        }
        let events = self.document.root().get("payload")?.get("events")?;
        let event = events.elements().find(|event| {
            let is = |name, text| event.get(name).and_then(Value::as_str).as_deref() == Some(text);
            let has = |name| event.get(name).is_some_and(|value| !value.is_null());
            is("rid", self.source.as_str())
                && is("event_type", "NEW")
                && has("manifest")
                && has("contents")
        })?;
        let contents = Contents::from_value(event.get("contents")?).ok()?;
        NodeProfile::parse(&contents).ok()
    }

    /// Whether the key makes the sender's RID; else `invalid_key`.
    pub fn check_key(&self, key: &PublicKey) -> Result<(), WireError> {
        if node_hash(&self.source) == Some(key.hash()) {
            return Ok(());
        }
        Err(WireError::refused(
            ErrorCode::InvalidKey,
            format!(
                "the public key known of {} does not make that RID",
                self.source
            ),
        ))
    }

    /// Whether the key has signed it; else `invalid_signature`.
    pub fn verify(&self, key: &PublicKey) -> Result<SignedForm, WireError> {
        self.verified_payload(key).map(|(form, _)| form)
    }

    /// Whether it is for that node; else `invalid_target`.
    pub fn check_target(&self, me: &Rid) -> Result<(), WireError> {
        if self.target == *me {
            return Ok(());
        }
        Err(WireError::refused(
            ErrorCode::InvalidTarget,
            format!("the message is for {}, this node is {me}", self.target),
        ))
    }

    /// Whether it is from that node. Of a response nothing else says which question it answers.
    pub fn check_source(&self, asked: &Rid) -> Result<(), WireError> {
        if self.source == *asked {
            return Ok(());
        }
        Err(WireError::WrongResponder {
            asked: asked.clone(),
            answered: self.source.clone(),
        })
    }

    /// The payload as it stands there, not verified.
    pub fn payload(&self) -> Result<Payload, Malformed> {
        Payload::from_value(member(self.document.root(), "payload")?, self.kind)
    }

    /// Makes all checks of a request in the order of the reference: key, signature, target.
    pub fn open(self, key: &PublicKey, me: &Rid) -> Result<Message, WireError> {
        self.check_key(key)?;
        let (signed, payload) = self.verified_payload(key)?;
        self.check_target(me)?;
        let mut payload = match payload {
            Some(payload) => payload,
            None => self.payload()?,
        };
        if let SignedForm::Canonical(dialect) = signed
            && dialect.extras == ManifestExtras::Strip
        {
            payload.strip_manifest_extras();
        }
        Ok(Message {
            payload,
            source: self.source,
            target: self.target,
            signed,
        })
    }

    /// The same for a response of a node that was asked.
    pub fn open_response(
        self,
        key: &PublicKey,
        me: &Rid,
        asked: &Rid,
    ) -> Result<Message, WireError> {
        self.check_source(asked)?;
        self.open(key, me)
    }

    /// What the signature is over, and the payload if it had to be read to find out.
    fn verified_payload(
        &self,
        key: &PublicKey,
    ) -> Result<(SignedForm, Option<Payload>), WireError> {
        let signature = self.signature.as_ref().ok_or_else(|| {
            WireError::refused(
                ErrorCode::InvalidSignature,
                "the signature has to be 64 bytes, r and s, in padded base64",
            )
        })?;
        let raw = self.raw_digest()?;
        if key.verifies(&raw, signature) {
            return Ok((SignedForm::Raw, None));
        }
        let payload = self.payload()?;
        let mut tried = vec![raw];
        for extras in [ManifestExtras::Keep, ManifestExtras::Strip] {
            for floats in [FloatStyle::Plus, FloatStyle::Bare] {
                let dialect = Dialect { floats, extras };
                let text = signed_text(&payload, &self.source, &self.target, dialect);
                let candidate = digest(&SHA256, text.as_bytes());
                if tried
                    .iter()
                    .any(|tried| tried.as_ref() == candidate.as_ref())
                {
                    continue;
                }
                if key.verifies(&candidate, signature) {
                    return Ok((SignedForm::Canonical(dialect), Some(payload)));
                }
                tried.push(candidate);
            }
        }
        Err(WireError::refused(
            ErrorCode::InvalidSignature,
            format!(
                "the signature is not that of {} over this message",
                self.source
            ),
        ))
    }

    /// Of the parts of the body as they stand in it, in the order in which they are signed.
    fn raw_digest(&self) -> Result<Digest, Malformed> {
        let root = self.document.root();
        let mut context = Context::new(&SHA256);
        for (before, name) in [
            ("{\"payload\":", "payload"),
            (",\"source_node\":", "source_node"),
            (",\"target_node\":", "target_node"),
        ] {
            context.update(before.as_bytes());
            context.update(member(root, name)?.text().as_bytes());
        }
        context.update(b"}");
        Ok(context.finish())
    }
}

fn member<'d, 'a>(root: Value<'d, 'a>, name: &'static str) -> Result<Value<'d, 'a>, Malformed> {
    root.get(name)
        .ok_or(Malformed::Model(ModelError::Missing(name)))
}

fn string_member<'a>(
    root: Value<'_, 'a>,
    name: &'static str,
) -> Result<std::borrow::Cow<'a, str>, Malformed> {
    let expected = "a string";
    let kind = ModelError::Kind {
        what: name,
        expected,
    };
    member(root, name)?.as_str().ok_or(Malformed::Model(kind))
}

fn node_member(root: Value<'_, '_>, name: &'static str) -> Result<Rid, Malformed> {
    let rid = Rid::parse(&string_member(root, name)?)?;
    if !is_node(&rid) {
        return Err(Malformed::NotANode {
            member: name,
            rid: rid.as_str().chars().take(120).collect(),
        });
    }
    Ok(rid)
}
