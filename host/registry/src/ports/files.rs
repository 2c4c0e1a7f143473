//! Folders, where they were granted.

use std::sync::Arc;

use koi_runtime::ports::{CallContext, FileRoot, Files};

use crate::grant::Access;

pub(super) struct GrantedFiles {
    access: Arc<Access>,
}

impl GrantedFiles {
    pub(super) fn new(access: Arc<Access>) -> Self {
        Self { access }
    }
}

impl Files for GrantedFiles {
    /// Of what was asked for, that which the operator gave a folder. It may be changed if that was
    /// asked for and granted.
    fn roots(&self, _: &CallContext) -> Vec<FileRoot> {
        let granted = self.access.granted();
        let mut roots: Vec<FileRoot> = Vec::new();
        for asked in self.access.asks().folders() {
            for given in granted.folders().filter(|given| asked.asks_for(given)) {
                let Some(host) = &given.host else { continue };
                let write = asked.write && given.write;
                match roots.iter_mut().find(|root| root.guest == given.guest) {
                    Some(root) => root.write |= write,
                    None => roots.push(FileRoot {
                        guest: given.guest.clone(),
                        host: host.clone(),
                        write,
                    }),
                }
            }
        }
        roots
    }
}
