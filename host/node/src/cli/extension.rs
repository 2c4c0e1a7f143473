//! What `koi-mcp extension` does with extensions.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::{DistributionCommand, RevisionCommand};

/// `koi-mcp extension …`
#[derive(Debug, Subcommand)]
pub enum ExtensionCommand {
    /// Install a component into the running node, in place of an earlier revision of the same name
    #[command(after_help = "\
Signatures are looked for where cosign puts them: beside the file as FILE.sig or FILE.sigstore.json, with the
public key in FILE.pub where the node was not given it, and beside the component in a registry. What the node
makes of them is set in the configuration under [extensions.signatures].")]
    Install {
        /// The component: a .wasm file, or oci://host/repository:tag, which the node pulls
        file: PathBuf,
        /// A right: read=, publish=, forget= or handle= with a RID type or pattern (orn:data.dataset:sales/*),
        /// capability=keyvalue|config|network, http=GET:https://api.example.com, files=read:/in=/srv/data,
        /// environment=LANG, secret=NAME@api.example.com, mode=pooled|singleton, limit=cpu:5000. Repeat for
        /// more. Without any, an earlier revision's stay, and a component that asks for more than that one did
        /// is held until `extension approve`
        #[arg(long = "grant", value_name = "GRANT")]
        grants: Vec<String>,
        /// Grant all that the extension asks for
        #[arg(long, conflicts_with = "grants")]
        grant_asked: bool,
        /// Record what the extension tries and is refused; `extension learned` shows it
        #[arg(long)]
        learn: bool,
        /// A setting for the extension, KEY=VALUE; the value is JSON where it parses as such. Repeat for more
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
        /// Put this before the names of its tools, such as sales_; an earlier revision's stays, "" takes it away
        #[arg(long, value_name = "PREFIX")]
        prefix: Option<String>,
        /// What to call a plain component, one that was built for no host in particular; without it, it is called
        /// by the package that it exports, or after its file. An extension says its own name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// As what to install it, beside the revision that serves
        #[command(flatten)]
        beside: BesideArgs,
        /// Take it though another key signed the revision before: the fingerprint of its key, or none for
        /// what is not signed
        #[arg(long, value_name = "FINGERPRINT|none")]
        allow_publisher: Option<String>,
    },
    /// What needs no node.
    #[command(flatten)]
    Distribution(DistributionCommand),
    /// List the installed extensions, and what in the drop folder was refused
    List,
    /// Show the drop folder: whether it is watched, and the files in it that were refused, with the reasons
    Dropped,
    /// Remove an extension; its revisions and the knowledge that it wrote stay stored
    Remove {
        /// Its name
        name: String,
    },
    /// Show what an extension asks for and what it was granted
    Grants {
        /// Its name
        name: String,
    },
    /// Grant an extension more
    Grant {
        /// Its name
        name: String,
        /// Rights, as with `install --grant`
        #[arg(required = true)]
        grants: Vec<String>,
    },
    /// Begin or end recording what an extension is refused; the record goes when the node stops
    Learn {
        /// Its name
        name: String,
        /// Whether to record
        switch: Switch,
    },
    /// Show what an extension was refused, and the smallest grants that would allow it
    Learned {
        /// Its name
        name: String,
    },
    /// Take rights back
    Revoke {
        /// Its name
        name: String,
        /// Rights, as `grants` shows them
        #[arg(required = true)]
        grants: Vec<String>,
    },
    /// Have a stored revision answer the calls that ask for its version, beside the one that serves
    Activate {
        /// Its name
        name: String,
        /// The revision
        revision: u64,
    },
    /// Have a stored revision answer a share of the calls; it goes again by itself if it fails too often
    Canary {
        /// Its name
        name: String,
        /// The revision
        revision: u64,
        /// Which share, such as 5% or 0.5%
        share: Share,
    },
    /// Have a stored revision answer what is asked of the one that serves, unseen: nothing that it writes is
    /// kept, it sends no requests, and `extension health` shows where it answers otherwise
    Shadow {
        /// Its name
        name: String,
        /// The revision
        revision: u64,
    },
    /// Have a revision serve, in place of the one that does
    Promote {
        /// Its name
        name: String,
        /// The revision
        revision: u64,
    },
    /// Take away a revision that is active beside the one that serves; it stays stored
    Retire {
        /// Its name
        name: String,
        /// The revision
        revision: u64,
    },
    /// Show how an extension does, in all its active versions: calls, failures, health, breaker, trial
    Health {
        /// Its name
        name: String,
    },
    /// List the stored bundles that an extension wrote, also one that was removed
    Wrote {
        /// Its name
        name: String,
        /// Only those of one revision
        #[arg(long, value_name = "N")]
        revision: Option<u64>,
        /// Have them all forgotten, and subscribers told
        #[arg(long)]
        forget: bool,
    },
    /// Revisions.
    #[command(flatten)]
    Revision(RevisionCommand),
}

/// As what a revision is installed that does not serve.
#[derive(Debug, Clone, Copy, Default, Args)]
#[group(multiple = false)]
pub struct BesideArgs {
    /// Answer only calls that ask for its version; what serves stays, also if its version is lower
    #[arg(long)]
    pub beside: bool,
    /// Answer a share of the calls, such as 5%, beside the revision that serves
    #[arg(long, value_name = "SHARE")]
    pub canary: Option<Share>,
    /// Answer unseen what the revision that serves is asked; nothing that it writes is kept
    #[arg(long)]
    pub shadow: bool,
}

/// A share of the calls, in a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub u16);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed =
            || format!("expected a share such as 5% or 0.5%, up to 100%, found {text:?}");
        let number = text.strip_suffix('%').ok_or_else(malformed)?;
        let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(tenth) || tenth.len() != 1 {
            return Err(malformed());
        }
        let whole: u16 = whole.parse().map_err(|_| malformed())?;
        let tenth: u16 = tenth.parse().map_err(|_| malformed())?;
        match whole
            .checked_mul(10)
            .and_then(|share| share.checked_add(tenth))
        {
            Some(share) if (1..=1000).contains(&share) => Ok(Self(share)),
            _ => Err(malformed()),
        }
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_percent_with_at_most_one_decimal() {
        for (text, share) in [("5%", 50), ("0.5%", 5), ("100%", 1000), ("12.0%", 120)] {
            assert_eq!(text.parse(), Ok(Share(share)));
        }
        for text in [
            "5", "0%", "0.05%", "101%", "-1%", "%", ".5%", "99999%", "5 %",
        ] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
