//! References of datasets and schemas: paths of one or more names, `sales/customer_transactions`.

use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};

use crate::DataCatalog;

/// The RID type of datasets.
pub const DATASET: &str = "orn:data.dataset";
/// The RID type of schemas.
pub const SCHEMA: &str = "orn:data.schema";

/// Most bytes of a path.
const MAX_PATH_BYTES: usize = 512;

/// The path of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetReference {
    /// The names between the slashes, none of them empty.
    pub path: Vec<String>,
}

/// The path of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaReference {
    /// The names between the slashes, none of them empty.
    pub path: Vec<String>,
}

impl Reference for DatasetReference {
    const RID_TYPE: &'static str = DATASET;

    fn parse(reference: &str) -> Result<Self> {
        let path = parse(reference, "a dataset")?;
        Ok(Self { path })
    }

    fn print(&self) -> String {
        self.path.join("/")
    }
}

impl Reference for SchemaReference {
    const RID_TYPE: &'static str = SCHEMA;

    fn parse(reference: &str) -> Result<Self> {
        let path = parse(reference, "a schema")?;
        Ok(Self { path })
    }

    fn print(&self) -> String {
        self.path.join("/")
    }
}

fn parse(reference: &str, what: &str) -> Result<Vec<String>> {
    if reference.len() > MAX_PATH_BYTES {
        return Err(Error::invalid_input(format!(
            "the path of {what} has {} bytes; {MAX_PATH_BYTES} are taken at most",
            reference.len()
        )));
    }
    let path: Vec<String> = reference.split('/').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err(Error::invalid_input(format!(
            "`{reference}` does not name {what}: that takes a path without empty parts, such as \
             `sales/2026`"
        )));
    }
    Ok(path)
}

/// The RID of a dataset or schema of which the RID or the path alone is given.
///
/// # Errors
/// `invalid-input` if it is neither.
pub fn rid<R: Reference>(given: &str) -> Result<Rid> {
    let path = given
        .strip_prefix(R::RID_TYPE)
        .and_then(|rest| rest.strip_prefix(':'));
    R::parse(path.unwrap_or(given))?.rid()
}

impl RidTypes for DataCatalog {
    fn references() -> References {
        References::new()
            .with::<DatasetReference>()
            .with::<SchemaReference>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rid_or_a_path_names_a_dataset() {
        for given in ["sales/2026", "orn:data.dataset:sales/2026"] {
            let rid = rid::<DatasetReference>(given).unwrap();
            assert_eq!(rid.as_str(), "orn:data.dataset:sales/2026");
            assert_eq!(DatasetReference::of(&rid).unwrap().path, ["sales", "2026"]);
        }
    }

    #[test]
    fn a_path_with_empty_parts_or_of_endless_length_is_refused() {
        for path in [
            "",
            "/",
            "sales/",
            "/sales",
            "a//b",
            &"x".repeat(MAX_PATH_BYTES + 1),
        ] {
            let error = rid::<SchemaReference>(path).unwrap_err();
            assert_eq!(error.kind, koi_extension::ErrorKind::InvalidInput, "{path}");
        }
    }
}
