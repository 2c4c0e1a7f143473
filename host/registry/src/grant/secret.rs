//! `secret=NAME@HOST`: a secret that goes into requests to a host. An extension asks for
//! `secret=NAME`; where its value may go, only the operator says.

use std::fmt;
use std::str::FromStr;

use super::HostPattern;
use crate::secret::SecretName;

/// The word of these grants.
pub(super) const WORD: &str = "secret";

/// A secret and where it may go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretUse {
    /// The secret.
    pub name: SecretName,
    /// The hosts to which its value may go; none in what an extension asks for.
    pub host: Option<HostPattern>,
}

impl SecretUse {
    /// What an extension asks for.
    ///
    /// # Errors
    /// A clause about the name if it cannot be a secret's.
    pub fn asked(name: &str) -> Result<Self, String> {
        let name = name.parse::<SecretName>();
        name.map(|name| Self { name, host: None })
            .map_err(|error| error.to_string())
    }

    /// Whether it gives what `other` asks for.
    pub(super) fn includes(&self, other: &Self) -> bool {
        let hosts = match (&self.host, &other.host) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(own), Some(other)) => own.includes(other),
        };
        self.name == other.name && hosts
    }
}

impl FromStr for SecretUse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, host) = text.split_once('@').ok_or_else(|| {
            "write the host to which the secret may go, as in `secret=API_KEY@api.example.com`"
                .to_owned()
        })?;
        Ok(Self {
            host: Some(host.parse()?),
            ..Self::asked(name)?
        })
    }
}

impl fmt::Display for SecretUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{}@{host}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}
