//! `koi-mcp package`: a component as it is given to others.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use koi_author::{Metadata, Project};
use serde_json::json;

use super::{alone, build, distribution, print};
use crate::cli::PackageArgs;
use crate::config::Config;

pub(super) async fn run(config: &Config, args: PackageArgs, json: bool) -> Result<()> {
    let Found { file, name, said } = find(&args.path).await?;
    let component = distribution::read_component(&file)?;
    let description = alone::description(config, component.clone())
        .await
        .with_context(|| file.display().to_string())?;
    if let Some(name) = name.filter(|name| *name != description.name) {
        bail!(
            "the extension says that its name is {:?}, and koi.toml says {name:?}: make them the same",
            description.name
        );
    }
    let own = Some(description.description).filter(|text| !text.is_empty());
    let metadata = Metadata {
        description: said.description.clone().or(own),
        name: Some(description.name.clone()),
        version: Some(description.version.to_string()),
        ..said
    };
    let packaged = metadata
        .put_into(&component)
        .with_context(|| file.display().to_string())?;
    let out = args.out.unwrap_or_else(|| {
        file.with_file_name(format!("{}-{}.wasm", description.name, description.version))
    });
    std::fs::write(&out, &packaged).with_context(|| format!("cannot write {}", out.display()))?;
    let key = args.sign.as_deref();
    let signed = key.map(|key| distribution::signed(&out, key)).transpose()?;
    let pushed = match &args.push {
        Some(reference) => Some(distribution::pushed(config, &out, reference, key).await?),
        None => None,
    };
    let pushed = pushed.map(|pushed| pushed.reference.to_string());
    if json {
        return print::json(&json!({
            "file": out,
            "bytes": packaged.len(),
            "metadata": metadata,
            "signature": signed.as_ref().map(|signed| &signed.signature),
            "public-key": signed.as_ref().map(|signed| &signed.public_key),
            "signed-by": signed.as_ref().map(|signed| &signed.by),
            "pushed": pushed,
        }));
    }
    print::line(format_args!(
        "packaged {}, {}",
        build::from_here(&out).display(),
        build::size(packaged.len() as u64)
    ))?;
    let metadata = serde_json::to_value(&metadata)?;
    for (member, _) in metadata.as_object().into_iter().flatten() {
        let value = print::cell(&metadata, member);
        print::line(format_args!("  {member:11} {value}"))?;
    }
    let made = [
        ("signed by", signed.map(|signed| signed.by)),
        ("pushed", pushed),
    ];
    for (what, value) in made {
        if let Some(value) = value {
            print::line(format_args!("  {what:11} {value}"))?;
        }
    }
    Ok(())
}

/// What is to be packaged.
struct Found {
    file: PathBuf,
    /// The name that the project has.
    name: Option<String>,
    /// What is said of it beside what it says itself.
    said: Metadata,
}

/// Builds a project; takes a component as it is.
async fn find(path: &Path) -> Result<Found> {
    if !path.is_dir() {
        return Ok(Found {
            file: path.to_owned(),
            name: None,
            said: Metadata::default(),
        });
    }
    let project = Project::open(path)?;
    let name = project.name.clone();
    let said = Metadata::of_project(&project.package, &project.root);
    let built = build::build(project, None, false).await?;
    Ok(Found {
        file: built.file,
        name: Some(name),
        said,
    })
}
