//! One fuzz target of `koi_tests::fuzz` under libFuzzer: the one that `KOI_FUZZ_TARGET` names.

#![no_main]

use std::sync::OnceLock;

use koi_tests::fuzz::FUZZ_TARGETS;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    static CHECK: OnceLock<fn(&[u8])> = OnceLock::new();
    let check = CHECK.get_or_init(|| {
        let name = std::env::var("KOI_FUZZ_TARGET").unwrap_or_default();
        let target = FUZZ_TARGETS.iter().find(|target| target.name == name);
        target
            .unwrap_or_else(|| panic!("KOI_FUZZ_TARGET names no target: {name:?}"))
            .check
    });
    check(input);
});
