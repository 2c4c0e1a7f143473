//! What wit-bindgen makes of the contract: one module with all imports, and one for each interface
//! that an extension may export. Each exported interface has a world of its own, so that a component
//! exports the interfaces that [`export!`](crate::export) names and no others. The types of the
//! contract are generated once, in [`imports`].
//!
//! Nothing here is for authors; it is public because the expansion of `export!` reaches in.

#![allow(
    missing_docs,
    reason = "generated from the WIT, whose comments are the reference"
)]

pub mod imports {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "imports",
        generate_all,
    });
}

pub mod http {
    wit_bindgen::generate!({
        path: "../wit",
        world: "client",
        generate_all,
    });
}

pub mod extension {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world extension { export koi:extension/extension@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod rid_types {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world rid-types { export koi:extension/rid-types@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod schemas {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world schemas { export koi:extension/schemas@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod handlers {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world handlers { export koi:extension/handlers@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod tools {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world tools { export koi:extension/tools@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod state {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world state { export koi:extension/state@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod schedule {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world schedule { export koi:extension/schedule@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod resources {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world resources { export koi:extension/resources@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod prompts {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world prompts { export koi:extension/prompts@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}

pub mod completions {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package koi:sdk; world completions { export koi:extension/completions@0.1.0; }",
        with: { "koi:extension/types@0.1.0": crate::bindings::imports::koi::extension::types },
        pub_export_macro: true,
    });
}
