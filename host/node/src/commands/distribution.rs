//! `koi-mcp extension push|pull|sign|verify|keygen`: components between files and registries, and who made
//! them. No node is needed.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use koi_author::Metadata;
use koi_distribution::{
    Artifact, Attached, Digest, MAX_ATTACHED, PolicyMode, PublicKey, Pushed, Reference,
    SignaturePolicy, SigningKey, encode_signature,
};
use serde_json::json;

use super::print;
use crate::admin::MAX_COMPONENT;
use crate::cli::DistributionCommand;
use crate::config::{Config, read_pem};
use crate::registries::Registries;

pub(super) async fn run(config: &Config, command: DistributionCommand, json: bool) -> Result<()> {
    match command {
        DistributionCommand::Push {
            file,
            reference,
            sign,
        } => push(config, &file, &reference, sign.as_deref(), json).await,
        DistributionCommand::Pull { reference, output } => {
            pull(config, &reference, output, json).await
        }
        DistributionCommand::Sign { file, key } => sign(&file, &key, json),
        DistributionCommand::Verify { file, key } => verify(&file, &read_public(&key)?, json),
        DistributionCommand::Keygen { file } => keygen(&file, json),
    }
}

async fn push(
    config: &Config,
    file: &Path,
    reference: &str,
    key: Option<&Path>,
    json: bool,
) -> Result<()> {
    let pushed = pushed(config, file, reference, key).await?;
    if json {
        return print::json(&json!({
            "reference": pushed.reference.to_string(),
            "signed-by": pushed.signed_by,
        }));
    }
    print::line(format_args!("pushed {}", pushed.reference))?;
    match pushed.signed_by {
        Some(key) => print::line(format_args!("  signed by {key}")),
        None => Ok(()),
    }
}

/// Pushes a component. What it says of itself becomes the manifest's annotations.
pub(super) async fn pushed(
    config: &Config,
    file: &Path,
    reference: &str,
    key: Option<&Path>,
) -> Result<Pushed> {
    let reference: Reference = reference.parse()?;
    let key = key.map(read_private).transpose()?;
    let component = read_component(file)?;
    let artifact = Artifact {
        title: file.file_name().and_then(|name| name.to_str()),
        annotations: Metadata::of_component(&component).annotations(),
        component: component.into(),
    };
    let client = Registries::new(config).client(&reference)?;
    Ok(client.push(&reference, artifact, key.as_ref()).await?)
}

async fn pull(config: &Config, reference: &str, output: Option<PathBuf>, json: bool) -> Result<()> {
    let reference: Reference = reference.parse()?;
    let policy = config.extensions.signatures.policy()?;
    let client = Registries::new(config).client(&reference)?;
    let pulled = client.pull(&reference).await?;
    let verdict = policy.judge(&pulled.component, &pulled.signed, None)?;
    let name = reference.repository().rsplit('/').next();
    let output = output.unwrap_or_else(|| format!("{}.wasm", name.unwrap_or_default()).into());
    write_new(&output, &pulled.component, 0o644)?;
    if json {
        return print::json(&json!({
            "reference": pulled.reference.to_string(),
            "file": output,
            "digest": Digest::of(&pulled.component).to_hex(),
            "publisher": verdict.publisher,
        }));
    }
    print::line(format_args!(
        "pulled {} to {}",
        pulled.reference,
        output.display()
    ))?;
    match (verdict.publisher, verdict.warning) {
        (Some(publisher), None) => print::line(format_args!("  signed by {publisher}")),
        (_, Some(warning)) => print::line(format_args!("  {warning}")),
        (None, None) => Ok(()),
    }
}

fn sign(file: &Path, key: &Path, json: bool) -> Result<()> {
    let Signed {
        signature,
        public_key,
        by,
    } = signed(file, key)?;
    if json {
        return print::json(&json!({
            "signature": signature,
            "public-key": public_key,
            "signed-by": by,
        }));
    }
    print::line(format_args!(
        "signed by {by}: {}, with the public key in {}",
        signature.display(),
        public_key.display()
    ))
}

/// What signing has made.
pub(super) struct Signed {
    /// The file of the signature.
    pub(super) signature: PathBuf,
    /// The file of the public key.
    pub(super) public_key: PathBuf,
    /// The key's fingerprint.
    pub(super) by: String,
}

/// Signs a component, the signature and the public key beside it.
pub(super) fn signed(file: &Path, key: &Path) -> Result<Signed> {
    let key = read_private(key)?;
    let component = read_component(file)?;
    let signature = encode_signature(&key.sign(&component)?);
    let (of_signature, of_key) = (beside(file, ".sig"), beside(file, ".pub"));
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write(&of_key, &key.public().to_pem()?)?;
    write(&of_signature, &signature)?;
    Ok(Signed {
        signature: of_signature,
        public_key: of_key,
        by: key.public().fingerprint().to_owned(),
    })
}

fn verify(file: &Path, key: &PublicKey, json: bool) -> Result<()> {
    let component = read_component(file)?;
    let signed = attached(file)?.parse(&component)?;
    let policy = SignaturePolicy {
        mode: PolicyMode::Require,
        keys: vec![key.clone()],
        ..SignaturePolicy::default()
    };
    if signed.signatures.is_empty() {
        bail!(
            "there is no signature beside {}: expected {} or {}",
            file.display(),
            beside(file, ".sig").display(),
            beside(file, ".sigstore.json").display()
        );
    }
    policy.judge(&component, &signed, None)?;
    let digest = Digest::of(&component).to_hex();
    if json {
        return print::json(&json!({"digest": digest, "publisher": key.fingerprint()}));
    }
    print::line(format_args!(
        "{} is as the key {} signed it; its SHA-256 is {digest}",
        file.display(),
        key.fingerprint()
    ))
}

fn keygen(file: &Path, json: bool) -> Result<()> {
    let key = SigningKey::generate()?;
    let public = beside(file, ".pub");
    write_new(file, key.to_pem()?.as_bytes(), 0o600)?;
    write_new(&public, key.public().to_pem()?.as_bytes(), 0o644)?;
    let fingerprint = key.public().fingerprint();
    if json {
        return print::json(&json!({
            "private-key": file,
            "public-key": public,
            "fingerprint": fingerprint,
        }));
    }
    print::line(format_args!(
        "the key {fingerprint}: {} signs and is for you alone, {} is what others verify with",
        file.display(),
        public.display()
    ))
}

/// What lies beside a component and says who made it.
pub(super) fn attached(file: &Path) -> Result<Attached> {
    Attached::gather(|suffix| {
        let path = beside(file, suffix);
        let cannot = || format!("cannot read {}", path.display());
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Ok(found) if found.len() > MAX_ATTACHED as u64 => {
                bail!("{} is larger than {MAX_ATTACHED} bytes", path.display())
            }
            found => found.with_context(cannot)?,
        };
        Ok(Some(std::fs::read_to_string(&path).with_context(cannot)?))
    })
}

pub(super) fn read_component(file: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", file.display());
    let length = std::fs::metadata(file).with_context(cannot)?.len();
    if length > MAX_COMPONENT as u64 {
        bail!(
            "{} is larger than {} MiB",
            file.display(),
            MAX_COMPONENT >> 20
        );
    }
    std::fs::read(file).with_context(cannot)
}

fn read_private(file: &Path) -> Result<SigningKey> {
    let pem = read_pem(&file.display().to_string())?;
    SigningKey::from_pem(&pem).with_context(|| format!("the key {} cannot sign", file.display()))
}

fn read_public(file: &Path) -> Result<PublicKey> {
    let pem = read_pem(&file.display().to_string())?;
    PublicKey::from_pem(&pem).with_context(|| format!("the key {} cannot verify", file.display()))
}

/// A file that was not there before.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let open = options.write(true).create_new(true).mode(mode).open(path);
    let mut file = match open {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already, and is not overwritten",
                path.display()
            )
        }
        open => open.with_context(|| format!("cannot write {}", path.display()))?,
    };
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
