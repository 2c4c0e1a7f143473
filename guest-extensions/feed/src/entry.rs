//! What is published of an entry.

use std::fmt::Write as _;

use koi_extension::{Result, Rid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The RID type of entries.
pub const ENTRY: &str = "orn:feed.entry";

/// An entry of a feed. Texts are as the feed has them and may hold HTML; long ones are cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeedEntry {
    /// The feed's name.
    pub feed: String,
    /// What tells it from the other entries of its feed.
    #[schemars(length(max = 1024))]
    pub id: String,
    /// Its title; empty if it has none.
    #[schemars(length(max = 512))]
    pub title: String,
    /// Where it is to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub link: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub author: Option<String>,
    /// When it was published: RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// When it was changed: RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// What it says, or the beginning of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub summary: Option<String>,
    /// What it is about, in the words of the feed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 128)))]
    pub categories: Vec<String>,
}

impl FeedEntry {
    /// Its RID: the feed's name, and its id if that is short and plain, else the beginning of the id's
    /// SHA-256.
    ///
    /// # Errors
    /// `invalid-input` if the feed's name makes no RID.
    pub fn rid(&self) -> Result<Rid> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let id = match (1..=64).contains(&self.id.len()) && self.id.bytes().all(plain) {
            true => self.id.clone(),
            false => digest(&self.id),
        };
        Rid::new(ENTRY, format_args!("{}/{id}", self.feed))
    }
}

/// 128 bits of SHA-256 in hex.
fn digest(text: &str) -> String {
    let mut hex = String::with_capacity(32);
    for byte in &Sha256::digest(text.as_bytes())[..16] {
        // Writing into a String does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rid(id: &str) -> String {
        let entry = FeedEntry {
            feed: "news".to_owned(),
            id: id.to_owned(),
            ..FeedEntry::default()
        };
        entry.rid().unwrap().to_string()
    }

    #[test]
    fn an_entry_keeps_its_rid_whatever_its_id_looks_like() {
        assert_eq!(rid("post-17"), "orn:feed.entry:news/post-17");
        let hashed = rid("https://example.com/a?b=ä:c");
        assert_eq!(hashed, rid("https://example.com/a?b=ä:c"));
        assert_eq!(hashed.len(), "orn:feed.entry:news/".len() + 32);
        assert_ne!(rid("tag:a"), rid("tag:b"));
    }
}
