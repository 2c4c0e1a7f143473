//! The schema that a dataset names, and whether it is known.

use std::collections::BTreeMap;

use koi_extension::prelude::*;

use crate::references::{self, SchemaReference};

/// The RID of a schema by the name that a dataset gives it; none if no schema can have that name.
pub fn rid(name: &str) -> Option<Rid> {
    references::rid::<SchemaReference>(name).ok()
}

/// Which schemas are stored, each asked for once.
#[derive(Default)]
pub struct KnownSchemas(BTreeMap<Rid, bool>);

impl KnownSchemas {
    /// Whether the schema of a dataset is known; none if the dataset names no schema.
    ///
    /// # Errors
    /// `denied` without a grant to read schemas.
    pub fn mark(&mut self, name: Option<&str>) -> Result<Option<bool>> {
        let Some(name) = name else {
            return Ok(None);
        };
        let Some(rid) = rid(name) else {
            return Ok(Some(false));
        };
        if let Some(known) = self.0.get(&rid) {
            return Ok(Some(*known));
        }
        let known = knowledge::read(&rid)?.is_some();
        self.0.insert(rid, known);
        Ok(Some(known))
    }
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bare_name_and_a_rid_name_the_same_schema() {
        for name in ["transactions/v1", "orn:data.schema:transactions/v1"] {
            assert_eq!(
                rid(name).unwrap().as_str(),
                "orn:data.schema:transactions/v1"
            );
        }
        for name in ["", "https://example.com/schema", "orn:data.schema:"] {
            assert_eq!(rid(name), None, "{name}");
        }
    }

    #[test]
    fn a_schema_is_known_as_soon_as_it_is_stored() {
        let node = Node::fresh();
        let mark = |name| KnownSchemas::default().mark(name).unwrap();
        assert_eq!(mark(None), None);
        assert_eq!(mark(Some("https://example.com/schema")), Some(false));
        assert_eq!(mark(Some("t/v1")), Some(false));
        node.store(&rid("t/v1").unwrap(), &json!({ "name": "t", "fields": [] }));
        assert_eq!(mark(Some("t/v1")), Some(true));
    }
}
