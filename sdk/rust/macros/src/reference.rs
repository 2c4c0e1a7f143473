//! `#[derive(Reference)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, LitStr, Result};

use crate::pattern::Pattern;

/// # Errors
/// If there is no pattern, or it does not fit the fields: which one does not.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let literal = pattern(input)?;
    let pattern = Pattern::parse(&literal)?;
    let fields = fields(input)?;
    let name = &input.ident;
    let field = |part: &str| {
        fields
            .iter()
            .find(|field| ident(field) == part)
            .ok_or_else(|| {
                Error::new(
                    literal.span(),
                    format!(
                        "`{{{part}}}` stands in the pattern, but `{name}` has no field `{part}`"
                    ),
                )
            })
    };
    let parts = pattern
        .parts
        .iter()
        .map(|(part, _)| field(part))
        .collect::<Result<Vec<_>>>()?;
    if let Some(left) = fields.iter().find(|field| !pattern.names(&ident(field))) {
        let part = ident(left);
        return Err(Error::new(
            left.span(),
            format!("the pattern has no `{{{part}}}`: a RID would not tell `{part}`"),
        ));
    }
    let idents: Vec<_> = parts.iter().map(|field| &field.ident).collect();
    let read = parts.iter().map(|field| {
        let (ident, of) = (&field.ident, &field.ty);
        quote_spanned!(of.span()=> <#of as ::core::str::FromStr>::from_str(#ident).ok()?)
    });
    let Pattern {
        rid_type,
        prefix,
        parts: texts,
    } = &pattern;
    let after: Vec<_> = texts.iter().map(|(_, after)| after).collect();
    let form = pattern.form();
    Ok(quote! {
        impl ::koi_extension::Reference for #name {
            const RID_TYPE: &'static str = #rid_type;

            fn parse(reference: &str) -> ::koi_extension::Result<Self> {
                let parts = || {
                    let [#(#idents),*] = ::koi_extension::__private::split(reference, #prefix, [#(#after),*])?;
                    ::core::option::Option::Some(Self { #(#idents: #read),* })
                };
                parts().ok_or_else(|| ::koi_extension::__private::malformed(reference, #form))
            }

            fn print(&self) -> ::std::string::String {
                let mut reference = ::std::string::String::from(#prefix);
                #(
                    reference.push_str(&::std::string::ToString::to_string(&self.#idents));
                    reference.push_str(#after);
                )*
                reference
            }

            fn rid(&self) -> ::koi_extension::Result<::koi_extension::Rid> {
                let reference = self.print();
                match ::koi_extension::__private::split(&reference, #prefix, [#(#after),*]) {
                    ::core::option::Option::Some([#(#idents),*])
                        if #(#idents == ::std::string::ToString::to_string(&self.#idents))&&* =>
                    {
                        ::koi_extension::Rid::new(Self::RID_TYPE, reference)
                    }
                    _ => ::core::result::Result::Err(::koi_extension::__private::malformed(&reference, #form)),
                }
            }
        }

        impl ::core::convert::TryFrom<&::koi_extension::Rid> for #name {
            type Error = ::koi_extension::Error;

            fn try_from(rid: &::koi_extension::Rid) -> ::koi_extension::Result<Self> {
                <Self as ::koi_extension::Reference>::of(rid)
            }
        }
    })
}

fn ident(field: &Field) -> String {
    field
        .ident
        .as_ref()
        .map(|ident| ident.unraw().to_string())
        .unwrap_or_default()
}

fn pattern(input: &DeriveInput) -> Result<LitStr> {
    let mut patterns = input
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("rid"));
    let missing = || {
        Error::new(
            input.ident.span(),
            "its RIDs are missing: `#[rid(\"orn:data.dataset:{namespace}/{name}\")]`",
        )
    };
    let pattern = patterns.next().ok_or_else(missing)?;
    match patterns.next() {
        Some(second) => Err(Error::new(
            second.span(),
            "it has a pattern of RIDs already",
        )),
        None => pattern.parse_args(),
    }
}

fn fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    if let Some(generic) = input.generics.params.first() {
        return Err(Error::new(
            generic.span(),
            "the parts of a reference have types of their own: it cannot be generic",
        ));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            _ => Err(Error::new(
                input.ident.span(),
                "the parts of a reference are the fields of a struct, each with a name",
            )),
        },
        _ => Err(Error::new(
            input.ident.span(),
            "the parts of a reference are the fields of a struct",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_the_pattern_is_named() {
        let cases: [(DeriveInput, &str); 6] = [
            (
                syn::parse_quote!(
                    struct A {
                        b: String,
                    }
                ),
                "its RIDs are missing",
            ),
            (
                syn::parse_quote!(
                    #[rid("orn:a:{c}")]
                    struct A {
                        b: String,
                    }
                ),
                "`A` has no field `c`",
            ),
            (
                syn::parse_quote!(
                    #[rid("orn:a:{b}")]
                    struct A {
                        b: String,
                        c: u8,
                    }
                ),
                "the pattern has no `{c}`",
            ),
            (
                syn::parse_quote!(
                    #[rid("orn:a:{b}")]
                    struct A(String);
                ),
                "each with a name",
            ),
            (
                syn::parse_quote!(
                    #[rid("orn:a:{b}")]
                    enum A {
                        B,
                    }
                ),
                "the fields of a struct",
            ),
            (
                syn::parse_quote!(
                    #[rid("orn:a:{b}")]
                    struct A<T> {
                        b: T,
                    }
                ),
                "it cannot be generic",
            ),
        ];
        for (input, what) in cases {
            let message = derive(&input).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
        let raw = syn::parse_quote!(
            #[rid("orn:a:{type}")]
            struct A {
                r#type: String,
            }
        );
        derive(&raw).unwrap();
    }
}
