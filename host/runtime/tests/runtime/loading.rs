//! What is no extension is refused with one sentence that says why.

use std::sync::Arc;

use koi_runtime::{LoadError, RuntimeConfig};

use crate::guest::{Guest, runtime, runtime_of};

async fn refusal(bytes: impl Into<Arc<[u8]>>) -> LoadError {
    match runtime().load(bytes.into()).await {
        Ok(_) => panic!("it was loaded"),
        Err(error) => {
            let text = error.to_string();
            assert_eq!(text.lines().count(), 1, "not one line: {text}");
            error
        }
    }
}

#[tokio::test]
async fn an_extension_loads_and_tells_what_it_exports() {
    let extension = Guest::default().load(&runtime()).await;
    assert!(extension.exports().tools);
    assert!(!extension.exports().handlers);
    assert_eq!(extension.digest().len(), 64);
    assert_eq!(extension.describe().await.expect("a description"), "{}");
}

#[tokio::test]
async fn what_is_not_webassembly_is_refused() {
    assert_eq!(refusal(*b"#!/bin/sh\n").await, LoadError::NotWasm);
    assert_eq!(refusal(*b"").await, LoadError::NotWasm);
}

#[tokio::test]
async fn a_core_module_is_refused() {
    let module = wat::parse_str("(module)").expect("a module");
    assert_eq!(refusal(module).await, LoadError::CoreModule);
}

#[tokio::test]
async fn a_truncated_component_is_refused_wherever_it_is_cut() {
    let whole = Guest::default().bytes();
    for length in [4, 8, 9, 100, whole.len() / 2, whole.len() - 1] {
        let error = refusal(&whole[..length]).await;
        // A cut between two sections leaves a component that lacks what came after.
        assert!(
            matches!(error, LoadError::Malformed(_) | LoadError::NoExtension(_)),
            "cut at {length}: {error}"
        );
    }
}

#[tokio::test]
async fn an_import_that_cannot_be_met_is_named() {
    let guest = Guest {
        imports: r#"(import "other:host/magic@1.0.0" (instance (export "wave" (func))))"#,
        ..Guest::default()
    };
    let error = refusal(guest.bytes()).await;
    assert!(matches!(error, LoadError::UnmetImport(_)), "{error}");
    assert!(
        error.to_string().contains("other:host/magic@1.0.0"),
        "{error}"
    );
}

#[tokio::test]
async fn a_function_that_an_offered_interface_lacks_is_named() {
    let guest = Guest {
        imports: r#"(import "wasi:config/store@0.2.0-rc.1" (instance (export "set" (func))))"#,
        ..Guest::default()
    };
    let error = refusal(guest.bytes()).await.to_string();
    assert!(error.contains("wasi:config/store@0.2.0-rc.1"), "{error}");
    assert!(error.contains("set"), "{error}");
}

#[tokio::test]
async fn another_version_of_the_contract_is_told_apart() {
    let guest = Guest {
        version: "0.2.0",
        ..Guest::default()
    };
    let error = refusal(guest.bytes()).await;
    assert!(matches!(error, LoadError::WrongVersion { .. }), "{error}");
    assert!(error.to_string().contains("@0.2.0"), "{error}");
}

#[tokio::test]
async fn a_later_patch_of_the_contract_is_welcome() {
    let guest = Guest {
        version: "0.1.7",
        ..Guest::default()
    };
    let extension = guest.load(&runtime()).await;
    assert!(extension.exports().tools);
}

#[tokio::test]
async fn a_component_that_is_no_extension_is_refused() {
    let guest = Guest {
        extension: false,
        ..Guest::default()
    };
    let error = refusal(guest.bytes()).await;
    assert!(matches!(error, LoadError::NoExtension(_)), "{error}");
}

#[tokio::test]
async fn an_export_of_another_type_is_refused() {
    let component = wat::parse_str(
        r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $e (export "describe" (func $f)) (export "start" (func $f))
              (export "stop" (func $f)) (export "health" (func $f)))
            (export "koi:extension/extension@0.1.0" (instance $e)))"#,
    );
    let error = refusal(component.expect("a component")).await;
    assert!(matches!(error, LoadError::WrongType { .. }), "{error}");
    assert!(
        error.to_string().contains("koi:extension/extension@0.1.0"),
        "{error}"
    );
}

#[tokio::test]
async fn an_export_without_one_of_its_functions_is_refused() {
    let component = wat::parse_str(
        r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $e (export "stop" (func $f)))
            (export "koi:extension/extension@0.1.0" (instance $e)))"#,
    );
    let error = refusal(component.expect("a component")).await;
    assert!(matches!(error, LoadError::WrongType { .. }), "{error}");
    assert!(error.to_string().contains("describe"), "{error}");
}

#[tokio::test]
async fn a_guest_that_spins_while_it_is_instantiated_is_refused() {
    let guest = Guest {
        instantiate: "(loop $l (br $l))",
        ..Guest::default()
    };
    let error = refusal(guest.bytes()).await;
    assert!(matches!(error, LoadError::Instantiate(_)), "{error}");
    // Which of its limits of time it meets first, a busy machine decides.
    assert!(error.to_string().contains("setting `limits."), "{error}");
}

#[tokio::test]
async fn a_component_of_too_many_memories_is_refused() {
    let memories = "(core module (memory 1)) ".to_owned();
    let instances = "(core instance (instantiate 0)) ".repeat(20);
    let component = wat::parse_str(format!("(component {memories}{instances})"));
    let error = refusal(component.expect("a component")).await.to_string();
    assert!(error.contains("memories"), "{error}");
}

#[tokio::test]
async fn a_component_of_a_thousand_exports_is_refused() {
    let exports: String = (0..1000)
        .map(|number| format!(r#"(export "f{number}" (func $f))"#))
        .collect();
    let component = wat::parse_str(format!(
        r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            {exports})"#
    ));
    let error = refusal(component.expect("a component")).await;
    assert!(matches!(error, LoadError::TooDemanding(_)), "{error}");
    assert!(error.to_string().contains("1000 exports"), "{error}");
}

#[tokio::test]
async fn a_type_of_deep_nesting_is_refused() {
    let lists: String = (1..100_000)
        .map(|number| format!("(type $t{number} (list $t{}))", number - 1))
        .collect();
    let component = wat::parse_str(format!(
        r#"(component (type $t0 (list u8)) {lists}
            (import "f" (func (param "p" $t99999))))"#
    ));
    let error = refusal(component.expect("a component")).await;
    assert!(matches!(error, LoadError::Malformed(_)), "{error}");
    assert!(error.to_string().contains("too deep"), "{error}");
}

#[tokio::test]
async fn components_within_components_without_end_are_refused() {
    // The text format's own parser has a bound, so the bytes are made by hand, from the inside out.
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..2000 {
        let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
        let mut length = bytes.len();
        while length > 0x7f {
            outer.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(bytes);
        bytes = outer;
    }
    let error = refusal(bytes).await;
    assert!(
        matches!(error, LoadError::Malformed(_) | LoadError::NoExtension(_)),
        "{error}"
    );
}

#[tokio::test]
async fn without_address_space_for_a_pool_extensions_still_run() {
    // A million memories of 4 GiB are more than a process can address.
    let runtime = runtime_of(RuntimeConfig {
        slots: 1 << 20,
        ..RuntimeConfig::default()
    });
    let extension = Guest::default().load(&runtime).await;
    assert_eq!(extension.describe().await.expect("a description"), "{}");
}
