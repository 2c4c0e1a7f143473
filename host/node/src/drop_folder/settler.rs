//! Brings the registry in line with the files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use koi_distribution::Attached;
use koi_registry::{GrantRequest, Install, InstallError, Installed, Naming, Registry, Role};

use super::attached;
use super::file::{Found, Stamp, component_name, look};
use super::notices::MAX_WAITING;
use super::place::Place;
use super::report::Report;

/// What an extension's source says when it came from here, before the file's name.
const SOURCE: &str = "drop:";

/// Who changes what happens in the folder, for the audit log.
const WHO: &str = "drop-folder";

pub(super) struct Settler {
    registry: Registry,
    report: Report,
    /// Which state of each file was last looked at.
    settled: BTreeMap<String, Stamp>,
    /// What lay beside it then.
    attached: BTreeMap<String, Attached>,
}

/// What became of a file that was looked at.
pub(super) enum Settled {
    /// The registry is in line with it.
    Done,
    /// Nothing is known that was not known before.
    AsBefore,
    /// It is not left alone.
    Changing,
    /// It is not installed, and will not be before it changes.
    Refused(String),
    /// The same as it is, another try may go otherwise.
    Failed(String),
}

impl Settler {
    pub(super) fn new(registry: Registry, report: Report) -> Self {
        Self {
            registry,
            report,
            settled: BTreeMap::new(),
            attached: BTreeMap::new(),
        }
    }

    pub(super) async fn settle(&mut self, place: &Place, name: &str) -> Settled {
        let (folder, file) = (place.folder.clone(), name.to_owned());
        let known = self.settled.get(name).copied();
        let before = self.attached.get(name).cloned().unwrap_or_default();
        let found = tokio::task::spawn_blocking(move || {
            let beside = attached::read(&folder, &file)?;
            let known = known.filter(|_| beside == before);
            anyhow::Ok((look(&folder, &file, known)?, beside))
        });
        let (found, beside) = match found.await.map_err(anyhow::Error::from).flatten() {
            Ok(found) => found,
            Err(error) => {
                self.settled.remove(name);
                return Settled::Failed(format!("{error:#}"));
            }
        };
        let source = format!("{SOURCE}{name}");
        match found {
            Found::Unchanged => Settled::AsBefore,
            Found::Changing => Settled::Changing,
            // Where the folder itself is gone, its files are not gone one by one.
            Found::Gone if place.is_still_there().await.is_err() => Settled::AsBefore,
            Found::Gone => {
                self.settled.remove(name);
                self.attached.remove(name);
                self.remove(&source, None).await
            }
            Found::Refused(stamp, reason) => {
                self.settled.insert(name.to_owned(), stamp);
                Settled::Refused(reason)
            }
            Found::Changed(stamp, component) => {
                let settled = self.install(component, &beside, name, source).await;
                self.attached.insert(name.to_owned(), beside);
                match settled {
                    Settled::Failed(_) => self.settled.remove(name),
                    _ => self.settled.insert(name.to_owned(), stamp),
                };
                settled
            }
        }
    }

    async fn install(
        &self,
        component: Vec<u8>,
        beside: &Attached,
        name: &str,
        source: String,
    ) -> Settled {
        let signed = match self.registry.signatures().read(beside, &component) {
            Ok(signed) => signed,
            Err(refusal) => return Settled::Refused(refusal.to_string()),
        };
        let install = Install {
            component,
            naming: Naming::After(name.to_owned()),
            grants: GrantRequest::KeepOfSource,
            settings: serde_json::Map::new(),
            tool_prefix: None,
            source: source.clone(),
            learn: false,
            who: WHO.to_owned(),
        };
        let installed = self.registry.install_as(install, Role::Serving, signed);
        let report = match installed.await {
            Ok(report) => report,
            Err(error @ InstallError::Store(_)) => return Settled::Failed(error.to_string()),
            Err(error) => return Settled::Refused(error.to_string()),
        };
        // One that is held has been told of with what to do.
        if matches!(report.outcome, Installed::New | Installed::Replaced) {
            tracing::info!(
                extension = report.name,
                revision = report.revision,
                file = name,
                "dropped in"
            );
        }
        // The file may have held an extension of another name before.
        self.remove(&source, Some(&report.name)).await
    }

    /// Removes what came from a file, but one.
    async fn remove(&self, source: &str, but: Option<&str>) -> Settled {
        let list = self.registry.list();
        let gone = list
            .iter()
            .filter(|extension| extension.source == source && Some(extension.name.as_str()) != but);
        for extension in gone {
            if let Err(error) = self.registry.remove(&extension.name, WHO).await {
                let name = &extension.name;
                return Settled::Failed(format!(
                    "{name} came from it and could not be removed: {error}"
                ));
            }
            tracing::info!(extension = extension.name, source, "removed with its file");
        }
        Settled::Done
    }

    /// The files that installed extensions came from, since one may have gone unnoticed, those that were
    /// refused, and the components in the folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) async fn all(&self, place: &Place) -> Result<Vec<String>> {
        let folder = place.folder.clone();
        let files = tokio::task::spawn_blocking(move || -> Result<Vec<String>> {
            let mut files = Vec::new();
            for entry in folder.entries().context("it cannot be read")? {
                let entry = entry.context("it cannot be read")?;
                files.extend(component_name(Path::new(&entry.file_name())));
                if files.len() > MAX_WAITING {
                    tracing::error!(
                        "there are more than {MAX_WAITING} components in the drop folder: not all are \
                         looked at"
                    );
                    break;
                }
            }
            Ok(files)
        });
        let files = files.await??;
        let list = self.registry.list();
        let installed = list
            .iter()
            .filter_map(|extension| extension.source.strip_prefix(SOURCE))
            .map(str::to_owned);
        let refused = self.report.view().refused.into_iter().map(|of| of.file);
        Ok(installed
            .chain(refused)
            .chain(files)
            .take(MAX_WAITING)
            .collect())
    }
}
