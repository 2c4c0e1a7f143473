//! The arguments of a function as the fields of a struct.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, Pat, PathArguments, Result, Signature, Type,
};

use crate::docs::description;

/// The arguments of a function.
pub(super) struct Arguments {
    pub(super) names: Vec<Ident>,
    /// The fields of a struct that serde reads and schemars describes.
    pub(super) fields: Vec<TokenStream>,
}

impl Arguments {
    /// The arguments of a signature, out of which what is said about them is taken: it is not for the compiler.
    ///
    /// # Errors
    /// If one cannot be an argument of a tool.
    pub(super) fn take(signature: &mut Signature) -> Result<Self> {
        let mut all = Self {
            names: Vec::new(),
            fields: Vec::new(),
        };
        for argument in &mut signature.inputs {
            let FnArg::Typed(argument) = argument else {
                return Err(Error::new(
                    argument.span(),
                    "a tool's function belongs to no type: it has no `self`",
                ));
            };
            let Pat::Ident(pattern) = &*argument.pat else {
                return Err(Error::new(
                    argument.pat.span(),
                    "each argument of a tool has a name",
                ));
            };
            if let Type::Reference(reference) = &*argument.ty {
                let why = "an argument of a tool owns its value: `String` in place of `&str`, `Vec` in place of a slice";
                return Err(Error::new(reference.span(), why));
            }
            let said = std::mem::take(&mut argument.attrs);
            all.names.push(pattern.ident.clone());
            all.fields.push(field(&pattern.ident, &argument.ty, said)?);
        }
        Ok(all)
    }
}

fn field(name: &Ident, of: &Type, said: Vec<Attribute>) -> Result<TokenStream> {
    let about = description(&said).map(|text| quote!(#[schemars(description = #text)]));
    let mut kept = Vec::new();
    for attribute in said {
        match attribute.path() {
            path if path.is_ident("doc") => {}
            path if path.is_ident("serde") || path.is_ident("schemars") => kept.push(attribute),
            path => {
                let why = "only documentation and attributes of `serde` and `schemars` say something of an argument";
                return Err(Error::new(path.span(), why));
            }
        }
    }
    // Left out or there, but not `null`: that is one thing less for a caller to choose between.
    let optional = optional(of).map(|of| {
        let of = quote!(#of).to_string();
        quote!(#[serde(default, skip_serializing_if = "::core::option::Option::is_none")] #[schemars(with = #of)])
    });
    Ok(quote_spanned!(of.span()=> #about #optional #(#kept)* #name: #of))
}

/// What an `Option` is one of.
fn optional(of: &Type) -> Option<&Type> {
    let Type::Path(path) = of else {
        return None;
    };
    let last = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(of) => Some(of),
            _ => None,
        },
        _ => None,
    }
}
