//! Values of the ports.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use koi_rid::{Bundle, Contents, Manifest, Rid, RidType, Writer};
use serde_json::{Value, json};

use super::{Entry, bytes, member, nanoseconds, read_bytes};
use crate::ports::{
    Denial, HttpError, KeyPage, KnowledgePage, KnownBundle, ManifestPage, Neighbour, PortError,
};

/// A request as it is asked.
pub(in crate::recording) fn request(
    request: &http::Request<Bytes>,
    time_out: Option<Duration>,
) -> Value {
    json!({
        "method": request.method().as_str(),
        "uri": request.uri().to_string(),
        "headers": headers(request.headers()),
        "body": bytes(request.body()),
        "time-out": time_out.map(nanoseconds),
    })
}

/// What is known of a request when it is begun.
pub(in crate::recording) fn head(request: &http::request::Parts) -> Value {
    json!({
        "method": request.method.as_str(),
        "uri": request.uri.to_string(),
        "headers": headers(&request.headers),
    })
}

fn headers(headers: &HeaderMap) -> Value {
    headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), bytes(value.as_bytes())]))
        .collect()
}

fn read_headers(value: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for header in value.as_array()? {
        let [name, value] = header.as_array()?.as_slice() else {
            return None;
        };
        let name = HeaderName::from_bytes(name.as_str()?.as_bytes()).ok()?;
        let value = HeaderValue::from_bytes(&read_bytes(value)?).ok()?;
        headers.try_append(name, value).ok()?;
    }
    Some(headers)
}

/// An error as an array of its kind and its words.
fn kind_and_words(value: &Value) -> Option<(&str, String)> {
    match value.as_array()?.as_slice() {
        [kind, words] => Some((kind.as_str()?, words.as_str()?.to_owned())),
        _ => None,
    }
}

fn denied(denial: &Denial) -> Value {
    json!({ "grant": denial.grant, "remedy": denial.remedy })
}

fn read_denied(value: &Value) -> Option<Denial> {
    let members = value.as_object()?;
    Some(Denial {
        grant: member(members, "grant")?,
        remedy: member(members, "remedy")?,
    })
}

impl Entry for PortError {
    fn write(&self) -> Value {
        match self {
            Self::Transient(words) => json!(["transient", words]),
            Self::Permanent(words) => json!(["permanent", words]),
            Self::InvalidInput(words) => json!(["invalid-input", words]),
            Self::Denied(denial) => denied(denial),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if let Some(denial) = read_denied(value) {
            return Some(Self::Denied(denial));
        }
        let (kind, words) = kind_and_words(value)?;
        match kind {
            "transient" => Some(Self::Transient(words)),
            "permanent" => Some(Self::Permanent(words)),
            "invalid-input" => Some(Self::InvalidInput(words)),
            _ => None,
        }
    }
}

impl Entry for HttpError {
    fn write(&self) -> Value {
        match self {
            Self::Denied(denial) => denied(denial),
            Self::Name(words) => json!(["name", words]),
            Self::Connection(words) => json!(["connection", words]),
            Self::TimedOut(words) => json!(["timed-out", words]),
            Self::TooLarge(words) => json!(["too-large", words]),
            Self::Protocol(words) => json!(["protocol", words]),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if let Some(denial) = read_denied(value) {
            return Some(Self::Denied(denial));
        }
        let (kind, words) = kind_and_words(value)?;
        match kind {
            "name" => Some(Self::Name(words)),
            "connection" => Some(Self::Connection(words)),
            "timed-out" => Some(Self::TimedOut(words)),
            "too-large" => Some(Self::TooLarge(words)),
            "protocol" => Some(Self::Protocol(words)),
            _ => None,
        }
    }
}

impl Entry for http::Response<Bytes> {
    fn write(&self) -> Value {
        json!({
            "status": self.status().as_u16(),
            "headers": headers(self.headers()),
            "body": bytes(self.body()),
        })
    }

    fn read(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let status = u16::try_from(members.get("status")?.as_u64()?).ok()?;
        let mut response = Self::new(member::<Vec<u8>>(members, "body")?.into());
        *response.status_mut() = http::StatusCode::from_u16(status).ok()?;
        *response.headers_mut() = read_headers(members.get("headers")?)?;
        Some(response)
    }
}

impl Entry for Rid {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?).ok()
    }
}

impl Entry for RidType {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?).ok()
    }
}

impl Entry for Manifest {
    fn write(&self) -> Value {
        self.to_json().into()
    }

    fn read(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?).ok()
    }
}

impl Entry for Contents {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?).ok()
    }
}

impl Entry for KnownBundle {
    fn write(&self) -> Value {
        let writer = self.written_by.as_ref();
        json!({
            "manifest": Entry::write(&self.bundle.manifest),
            "contents": self.bundle.contents.as_str(),
            "written-by": writer.map(|writer| json!(writer)),
        })
    }

    fn read(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let written_by: Option<Writer> =
            serde::Deserialize::deserialize(members.get("written-by")?).ok()?;
        Some(Self {
            bundle: Bundle {
                manifest: member(members, "manifest")?,
                contents: member(members, "contents")?,
            },
            written_by,
        })
    }
}

/// Values whose members have entries of their own.
macro_rules! members {
    ($($type:ident { $($member:ident: $name:literal),+ })+) => {
        $(impl Entry for $type {
            fn write(&self) -> Value {
                json!({ $($name: self.$member.write()),+ })
            }

            fn read(value: &Value) -> Option<Self> {
                let members = value.as_object()?;
                Some(Self { $($member: member(members, $name)?),+ })
            }
        })+
    };
}

members! {
    KnowledgePage { bundles: "bundles", next: "next", bounded: "bounded" }
    ManifestPage { manifests: "manifests", next: "next" }
    KeyPage { keys: "keys", next: "next" }
    Neighbour {
        rid: "rid",
        provider: "provider",
        subscriber: "subscriber",
        rid_types: "rid-types",
        node_type: "node-type"
    }
}
