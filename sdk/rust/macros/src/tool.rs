//! `#[tool]`.

mod arguments;
mod options;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result, ReturnType};

use crate::docs::description;
use arguments::Arguments;
pub(crate) use options::Options;

/// # Errors
/// If the function cannot be a tool: why not, and what to do.
pub(crate) fn expand(options: Options, mut function: ItemFn) -> Result<TokenStream> {
    let signature = &function.sig;
    let refused = |what: &dyn Spanned, why: &str| Err(Error::new(what.span(), why));
    if let Some(generic) = signature.generics.params.first() {
        return refused(
            generic,
            "a tool has arguments of one type each: its function cannot be generic",
        );
    }
    if let Some(word) = &signature.asyncness {
        return refused(
            word,
            "a tool's function waits where it stands: it cannot be `async`",
        );
    }
    let ReturnType::Type(_, answer) = &signature.output else {
        return refused(
            &signature.ident,
            "a tool answers something: its function returns `Result<T>`",
        );
    };
    let Some(about) = options
        .description
        .clone()
        .or_else(|| description(&function.attrs))
    else {
        let why = "a tool needs a description for those who call it: write a doc comment, or `#[tool(description = \"…\")]`";
        return refused(&signature.ident, why);
    };
    let ident = signature.ident.clone();
    let name = options
        .name
        .clone()
        .unwrap_or_else(|| ident.unraw().to_string());
    let answer = answer.clone();
    let Arguments { names, fields } = Arguments::take(&mut function.sig)?;
    let visibility = &function.vis;
    let doc = format!("The tool `{name}`, for a toolbox: `Toolbox::new().with::<{ident}>()`.");
    Ok(quote! {
        #function

        #[doc = #doc]
        #[allow(non_camel_case_types)]
        #visibility struct #ident {}

        const _: () = {
            #[derive(::koi_extension::__private::serde::Deserialize, ::koi_extension::__private::schemars::JsonSchema)]
            #[serde(crate = "::koi_extension::__private::serde")]
            #[schemars(crate = "::koi_extension::__private::schemars")]
            struct Arguments {
                #(#fields,)*
            }

            fn called(arguments: Arguments) -> #answer {
                let Arguments { #(#names),* } = arguments;
                #ident(#(#names),*)
            }

            impl ::koi_extension::ToolFunction for #ident {
                const NAME: &'static str = #name;

                fn tool() -> ::koi_extension::Tool {
                    let tool = ::koi_extension::Tool::new(#name, #about);
                    ::koi_extension::__private::described(tool #options, called)
                }

                fn call(arguments: &::koi_extension::Json) -> ::koi_extension::Result<::koi_extension::ToolResult> {
                    ::koi_extension::__private::called(arguments, called)
                }
            }
        };
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_function_from_being_a_tool_is_named() {
        let cases: [(ItemFn, &str); 7] = [
            (
                syn::parse_quote!(
                    fn f() -> Result<()> {}
                ),
                "needs a description",
            ),
            (
                syn::parse_quote!(
                    #[doc = "F"]
                    fn f() {}
                ),
                "returns `Result<T>`",
            ),
            (
                syn::parse_quote!(
                    #[doc = "F"]
                    async fn f() -> Result<()> {}
                ),
                "cannot be `async`",
            ),
            (
                syn::parse_quote!(
                    #[doc = "F"]
                    fn f<T>(a: T) -> Result<()> {}
                ),
                "cannot be generic",
            ),
            (
                syn::parse_quote!(
                    #[doc = "F"]
                    fn f(&self) -> Result<()> {}
                ),
                "belongs to no type",
            ),
            (
                syn::parse_quote!(
                    #[doc = "F"]
                    fn f((a, b): (u8, u8)) -> Result<()> {}
                ),
                "has a name",
            ),
            (
                syn::parse_quote!(
                    #[doc = "F"]
                    fn f(a: &str) -> Result<()> {}
                ),
                "owns its value",
            ),
        ];
        for (function, what) in cases {
            let message = expand(Options::default(), function)
                .unwrap_err()
                .to_string();
            assert!(message.contains(what), "{message}");
        }
    }

    #[test]
    fn an_option_that_there_is_not_is_named_with_those_that_there_are() {
        let parse = |text: &str| {
            let mut options = Options::default();
            let parser = syn::meta::parser(|option| options.take(&option));
            syn::parse::Parser::parse_str(parser, text)
        };
        parse("read_only, title = \"Greet\", task = \"optional\"").unwrap();
        for (text, what) in [
            ("readonly", "`readonly` is none: there are"),
            ("task = \"no\"", "`optional` or `required`"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
    }
}
