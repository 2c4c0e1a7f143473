//! RIDs and RID types: what is parsed is canonical, and stays what it is.

use koi_rid::{MAX_RID_BYTES, Rid, RidType};

use super::assert_is_a_sentence;

pub(super) fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    match Rid::parse(text) {
        Ok(rid) => {
            assert!(rid.as_str().len() <= MAX_RID_BYTES);
            assert_eq!(Rid::parse(rid.as_str()).as_ref(), Ok(&rid));
            assert_eq!(
                format!("{}:{}", rid.type_str(), rid.reference()),
                rid.as_str()
            );
            assert_eq!(RidType::parse(rid.type_str()), Ok(rid.rid_type()));
            let json = serde_json::to_string(&rid).unwrap();
            assert_eq!(serde_json::from_str::<Rid>(&json).unwrap(), rid);
        }
        Err(error) => assert_is_a_sentence(&error.to_string(), 4096),
    }
    match RidType::parse(text) {
        Ok(rid_type) => assert_eq!(RidType::parse(rid_type.as_str()), Ok(rid_type)),
        Err(error) => assert_is_a_sentence(&error.to_string(), 4096),
    }
}
