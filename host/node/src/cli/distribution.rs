//! What `koi-mcp extension` does with files and registries.

use std::path::PathBuf;

use clap::Subcommand;

/// `koi-mcp extension …` for files and registries.
#[derive(Debug, Subcommand)]
pub enum DistributionCommand {
    /// Push a component to a registry, as a CNCF Wasm OCI artifact
    Push {
        /// The component, a .wasm file
        file: PathBuf,
        /// Where to: oci://host/repository:tag
        reference: String,
        /// Sign it with this private key, PEM and not encrypted, as cosign does
        #[arg(long, value_name = "KEY")]
        sign: Option<PathBuf>,
    },
    /// Pull a component from a registry into a file
    Pull {
        /// Where from: oci://host/repository:tag or …@sha256:…
        reference: String,
        /// The file to write [default: the repository's last name, with .wasm]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Sign a component: FILE.sig beside it, as `cosign sign-blob` writes it, and the public key in FILE.pub
    Sign {
        /// The component
        file: PathBuf,
        /// The private key, PEM and not encrypted
        #[arg(long, value_name = "KEY")]
        key: PathBuf,
    },
    /// Verify the signature beside a component: FILE.sig or FILE.sigstore.json
    Verify {
        /// The component
        file: PathBuf,
        /// The public key, PEM, such as cosign.pub
        #[arg(long, value_name = "PUB")]
        key: PathBuf,
    },
    /// Make a key to sign with: KEY for you alone, and KEY.pub for others
    Keygen {
        /// The file of the private key
        #[arg(value_name = "KEY")]
        file: PathBuf,
    },
}
