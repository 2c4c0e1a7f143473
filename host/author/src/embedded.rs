//! The files of this repository that projects are made of.

/// Each with its path in the repository, in the order of the paths.
pub(crate) const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
