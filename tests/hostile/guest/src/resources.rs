//! Resources that nobody can read.

use koi_extension::no_resource;
use koi_extension::prelude::*;

use crate::Hostile;
use crate::knowledge::spin;

impl Resources for Hostile {
    fn list_resources() -> Result<ResourceList> {
        let resource = |name: &str| Resource::new(format!("hostile:{name}"), name);
        Ok(ResourceList {
            resources: ["spin", "giant", "many"].map(resource).into(),
            templates: Vec::new(),
        })
    }

    fn read_resource(uri: &str) -> Result<Vec<ResourceContents>> {
        match uri {
            "hostile:spin" => spin(),
            "hostile:giant" => {
                let blob = vec![85; 64 << 20];
                Ok(vec![ResourceContents::blob(
                    uri,
                    "application/octet-stream",
                    blob,
                )])
            }
            "hostile:many" => {
                let piece = ResourceContents::text(uri, "text/plain", "piece");
                Ok(vec![piece; 300_000])
            }
            _ => Err(no_resource(uri)),
        }
    }
}
