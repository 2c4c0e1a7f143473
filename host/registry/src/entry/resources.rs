//! Resources of an extension, beyond those that the host derives from its knowledge.

use std::fmt;
use std::sync::Arc;

use koi_runtime::{CallError, Called, Completion, RecordError, Recording, ResourceContents};
use serde_json::Value;

use super::list::{self, ListError};
use super::prompts::{CompletionOutput, complete};
use super::successor::call_newest;
use crate::callee::{Callee, Invocation};
use crate::uri_template::UriTemplate;
use koi_schema::Patterns;

/// Longest URI or URI template, in bytes.
const MAX_URI_BYTES: usize = 2048;

/// An MCP resource and the extension that holds it.
pub struct ResourceEntry {
    /// Its URI, unique on a node.
    pub uri: String,
    /// An object as MCP defines `Resource`: `uri`, `name` and what else was given.
    pub descriptor: Value,
    /// The owner.
    pub extension: Arc<str>,
    callee: Arc<dyn Callee>,
}

/// An MCP resource template and the extension that holds what it stands for.
pub struct TemplateEntry {
    /// The URI template (RFC 6570), unique on a node.
    pub uri_template: String,
    /// An object as MCP defines `ResourceTemplate`: `uriTemplate`, `name` and what else was given.
    pub descriptor: Value,
    /// The owner.
    pub extension: Arc<str>,
    matcher: UriTemplate,
    callee: Arc<dyn Callee>,
}

fn check(descriptor: &Value, uri: &str, kind: &str) -> Result<(), ListError> {
    let of = |problem: String| {
        ListError::new(format!("the {kind} `{}`: {problem}", list::shortened(uri)))
    };
    if uri.len() > MAX_URI_BYTES {
        return Err(of(format!("it is longer than {MAX_URI_BYTES} bytes")));
    }
    let has_scheme = uri.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
    });
    let plain = !uri.bytes().any(|b| b.is_ascii_control() || b == b' ');
    if !has_scheme || !plain {
        return Err(of(
            "it is no URI with a scheme, such as `agent:bob`".to_owned()
        ));
    }
    if list::text(descriptor, kind, "name")
        .map_err(|error| of(error.to_string()))?
        .is_empty()
    {
        return Err(of("its name is empty".to_owned()));
    }
    list::check_size(descriptor).map_err(of)
}

impl ResourceEntry {
    pub(super) fn parse(
        extension: &Arc<str>,
        descriptor: Value,
        callee: &Arc<dyn Callee>,
    ) -> Result<Self, ListError> {
        let uri = list::text(&descriptor, "resource", "uri")?.to_owned();
        check(&descriptor, &uri, "resource")?;
        Ok(Self {
            uri,
            descriptor,
            extension: extension.clone(),
            callee: callee.clone(),
        })
    }

    /// # Errors
    /// As a call fails.
    pub async fn read(&self, invocation: Invocation) -> Result<Vec<ResourceContents>, CallError> {
        call_newest!(self.callee, read_resource(&self.uri; invocation))
    }

    /// Reads it and records how.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub async fn record(&self, invocation: Invocation) -> Result<Recording, RecordError> {
        record(&*self.callee, &self.uri, invocation).await
    }
}

impl TemplateEntry {
    pub(super) fn parse(
        extension: &Arc<str>,
        descriptor: Value,
        callee: &Arc<dyn Callee>,
    ) -> Result<Self, ListError> {
        let uri_template = list::text(&descriptor, "resource template", "uriTemplate")?.to_owned();
        check(&descriptor, &uri_template, "resource template")?;
        let matcher = UriTemplate::parse(&uri_template).map_err(|problem| {
            ListError::new(format!(
                "the resource template `{}`: {problem}",
                list::shortened(&uri_template)
            ))
        })?;
        Ok(Self {
            uri_template,
            descriptor,
            extension: extension.clone(),
            matcher,
            callee: callee.clone(),
        })
    }

    /// The regular expression that it keeps.
    pub(super) fn patterns(&self) -> Patterns {
        self.matcher.patterns()
    }

    /// Whether the URI may be one that the template stands for.
    pub fn fits(&self, uri: &str) -> bool {
        self.matcher.fits(uri)
    }

    /// Values for one of its variables.
    ///
    /// # Errors
    /// As a call fails.
    pub async fn complete(
        &self,
        variable: &str,
        value: &str,
        context: &str,
        invocation: Invocation,
    ) -> Result<CompletionOutput, CallError> {
        let completion = Completion {
            kind: "resource-template",
            name: self.uri_template.clone(),
            argument: variable.to_owned(),
            value: value.to_owned(),
            context: context.to_owned(),
        };
        complete(&self.callee, &completion, invocation).await
    }

    /// # Errors
    /// Of kind invalid input if there is nothing at the URI; else as a call fails.
    pub async fn read(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        call_newest!(self.callee, read_resource(uri; invocation))
    }

    /// Reads what is at the URI and records how.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub async fn record(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Recording, RecordError> {
        record(&*self.callee, uri, invocation).await
    }
}

/// What can be read at a URI: a resource, or what fits a template.
#[derive(Debug, Clone)]
pub enum Readable {
    /// It is listed.
    Resource(Arc<ResourceEntry>),
    /// It fits.
    Template(Arc<TemplateEntry>),
}

impl Readable {
    /// The template that a URI fits; of several the longest.
    pub(crate) fn fitting<'e>(
        templates: impl Iterator<Item = &'e Arc<TemplateEntry>>,
        uri: &str,
    ) -> Option<Self> {
        let fitting = templates.filter(|template| template.fits(uri));
        let longest = fitting.max_by_key(|template| template.uri_template.len());
        longest.cloned().map(Self::Template)
    }

    /// The owner.
    pub fn extension(&self) -> &Arc<str> {
        match self {
            Self::Resource(resource) => &resource.extension,
            Self::Template(template) => &template.extension,
        }
    }

    /// Reads what is at the URI.
    ///
    /// # Errors
    /// Of kind invalid input if there is nothing; else as a call fails.
    pub async fn read(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        match self {
            Self::Resource(resource) => resource.read(invocation).await,
            Self::Template(template) => template.read(uri, invocation).await,
        }
    }
}

async fn record(
    callee: &dyn Callee,
    uri: &str,
    invocation: Invocation,
) -> Result<Recording, RecordError> {
    let uri = uri.to_owned();
    callee.record(Called::Resource { uri }, invocation).await
}

impl fmt::Debug for ResourceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceEntry({} of {})", self.uri, self.extension)
    }
}

impl fmt::Debug for TemplateEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TemplateEntry({} of {})",
            self.uri_template, self.extension
        )
    }
}
