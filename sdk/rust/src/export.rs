//! The macro that turns a type into a component.

/// Makes the extension of the component out of a type: `export!(Glossary: Handlers, Tools)`.
///
/// The type implements [`Extension`](crate::Extension) and the traits that are named:
/// [`RidTypes`](crate::RidTypes), [`Schemas`](crate::Schemas), [`Handlers`](crate::Handlers),
/// [`Tools`](crate::Tools), [`Resources`](crate::Resources), [`Prompts`](crate::Prompts),
/// [`Completions`](crate::Completions), [`Schedule`](crate::Schedule), [`State`](crate::State). The
/// component exports the interfaces of these and no others. Stands once, at the root of a `cdylib` crate. Outside of WebAssembly, where
/// unit tests run, it only checks that the traits are implemented.
#[macro_export]
macro_rules! export {
    ($extension:ident $(: $($interface:ident),+ $(,)?)?) => {
        $crate::__export_interface!($extension Extension);
        $($($crate::__export_interface!($extension $interface);)+)?
    };
}

/// One interface of [`export!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __export_interface {
    ($extension:ident Extension) => {
        $crate::__export_interface!($extension, Extension, extension);
    };
    ($extension:ident RidTypes) => {
        $crate::__export_interface!($extension, RidTypes, rid_types);
    };
    ($extension:ident Schemas) => {
        $crate::__export_interface!($extension, Schemas, schemas);
    };
    ($extension:ident Handlers) => {
        $crate::__export_interface!($extension, Handlers, handlers);
    };
    ($extension:ident Tools) => {
        $crate::__export_interface!($extension, Tools, tools);
    };
    ($extension:ident Resources) => {
        $crate::__export_interface!($extension, Resources, resources);
    };
    ($extension:ident Prompts) => {
        $crate::__export_interface!($extension, Prompts, prompts);
    };
    ($extension:ident Completions) => {
        $crate::__export_interface!($extension, Completions, completions);
    };
    ($extension:ident Schedule) => {
        $crate::__export_interface!($extension, Schedule, schedule);
    };
    ($extension:ident State) => {
        $crate::__export_interface!($extension, State, state);
    };
    ($extension:ident $other:ident) => {
        ::core::compile_error!(::core::concat!(
            "`",
            ::core::stringify!($other),
            "` is not an interface that an extension can export: there are RidTypes, Schemas, ",
            "Handlers, Tools, Resources, Prompts, Completions, Schedule and State (Extension is always exported)"
        ));
    };
    ($extension:ident, $interface:ident, $module:ident) => {
        const _: fn() = || {
            fn implements<T: $crate::$interface>() {}
            implements::<$extension>();
        };
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::$module::export!($extension with_types_in $crate::bindings::$module);
    };
}
