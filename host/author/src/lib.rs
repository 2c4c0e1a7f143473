//! What an author of an extension has done for them: a new project, its build into a component, its own unit
//! tests, and what is said of the component in itself. A project is a folder with a [`MANIFEST`]; tools of its
//! language are looked for, never installed.
//!
//! Fails with one sentence that says what is wrong and what to do ([`ProjectError`], [`NewError`],
//! [`BuildError`], [`MetadataError`]); what a tool said stands below it, the last part of it where it was much.

mod build;
mod embedded;
mod metadata;
mod new;
mod project;

pub use build::{BuildError, Built, Interfaces, Progress, build, test};
pub use metadata::{Metadata, MetadataError, exports};
pub use new::{NewError, create};
pub use project::{Language, MANIFEST, NameError, Package, Project, ProjectError};
