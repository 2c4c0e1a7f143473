//! The macros of `koi-extension`, which exports them: authors use them from there.
//!
//! Each checks what it is given and fails with a compile error that names what is wrong, at the place where it is.

mod docs;
mod pattern;
mod reference;
mod tool;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// The reference of a RID type by its pattern: `#[rid("TYPE:REFERENCE")]` on a struct with named fields, each of which
/// stands in the reference once, in braces.
///
/// It implements the trait `Reference`, which takes references apart and puts them together, and `TryFrom<&Rid>`. The
/// parts as JSON are what serde makes of the struct.
///
/// ```
/// use koi_extension::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, Reference)]
/// #[rid("orn:data.dataset:{namespace}/{name}@{version}")]
/// struct Dataset {
///     namespace: String,
///     name: String,
///     version: u32,
/// }
///
/// let sales = Dataset { namespace: "sales".into(), name: "orders".into(), version: 3 };
/// let rid = sales.rid()?;
/// assert_eq!(rid.as_str(), "orn:data.dataset:sales/orders@3");
/// assert_eq!(Dataset::try_from(&rid)?, sales);
/// let error = Dataset::parse("sales/orders").unwrap_err();
/// assert_eq!(error.message, "`sales/orders` is not namespace/name@version");
/// # Ok::<(), Error>(())
/// ```
///
/// A part has at least one character and reaches to the next text of the pattern, the last one to the end. Its type
/// says by `FromStr` what it takes and prints it by `Display`; what it does not take makes the whole reference
/// malformed. A type that takes several spellings prints one: that is the canonical one.
///
/// # Errors
/// It does not compile if the pattern is none, or if its parts are not the fields:
///
/// ```compile_fail
/// # use koi_extension::prelude::*;
/// #[derive(serde::Serialize, serde::Deserialize, Reference)]
/// #[rid("orn:data.dataset:{namespace}/{title}")] // `title` is no field of `Dataset`
/// struct Dataset {
///     namespace: String,
///     name: String,
/// }
/// ```
#[proc_macro_derive(Reference, attributes(rid))]
pub fn derive_reference(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    reference::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a tool of a function, whose arguments are those of the tool: `Toolbox::new().with::<the_function>()`.
///
/// ```
/// use koi_extension::prelude::*;
///
/// #[derive(serde::Serialize, schemars::JsonSchema)]
/// struct Greeting {
///     text: String,
/// }
///
/// /// Greets somebody
/// #[tool(read_only)]
/// fn greet(
///     /// Whom to greet
///     #[schemars(length(min = 1))]
///     name: String,
///     /// How often, once if left out
///     times: Option<usize>,
/// ) -> Result<Greeting> {
///     Ok(Greeting { text: format!("Hello {name}. ").repeat(times.unwrap_or(1)) })
/// }
///
/// struct Greeter;
///
/// impl Tools for Greeter {
///     fn toolbox() -> Toolbox {
///         Toolbox::new().with::<greet>()
///     }
/// }
///
/// // It is still a function:
/// assert_eq!(greet("Ada".into(), None)?.text, "Hello Ada. ");
/// # Ok::<(), Error>(())
/// ```
///
/// The description is the function's documentation up to its first heading, the name the function's. An argument has its
/// documentation as description; attributes of `schemars` and `serde` on it say more of it, such as bounds. One of type
/// `Option` may be left out. The types of arguments can be read by serde (`DeserializeOwned`) and have a `JsonSchema`.
///
/// The function answers `Result<T>`, where `T` is what `Toolbox::tool` takes: a `ToolResult`, `Content`, or a value that
/// serde writes and that has a `JsonSchema`, which is the output schema if it is that of an object.
///
/// In the parentheses may stand:
/// - `name = "…"`, `title = "…"`, `description = "…"`: in place of the function's, and a name for people;
/// - `read_only`: it changes nothing; `destructive`: it takes something away; `additive`: it does not; `idempotent`:
///   calling it again changes nothing more; `open_world`: it reaches beyond this node; `closed_world`: it does not;
/// - `example = json!({…})`, once or more: arguments to try it with;
/// - `task = "optional"`, `task = "required"`: a call that takes its time may, or has to, become a task.
///
/// # Errors
/// It does not compile without a description, or if the function has no place for typed arguments:
///
/// ```compile_fail
/// # use koi_extension::prelude::*;
/// #[tool] // a tool needs a description
/// fn nothing() -> Result<String> {
///     Ok("nothing".into())
/// }
/// ```
///
/// ```compile_fail
/// # use koi_extension::prelude::*;
/// /// Greets somebody
/// #[tool(readonly)] // it is called `read_only`
/// fn greet(name: String) -> Result<String> {
///     Ok(name)
/// }
/// ```
#[proc_macro_attribute]
pub fn tool(options: TokenStream, function: TokenStream) -> TokenStream {
    let mut read = tool::Options::default();
    let parser = syn::meta::parser(|option| read.take(&option));
    parse_macro_input!(options with parser);
    let function = parse_macro_input!(function as ItemFn);
    tool::expand(read, function)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
