//! Documentation as a description.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of doc comments up to their first heading, its paragraphs each on a line of their own; none if there is
/// none.
pub(crate) fn description(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter_map(text);
    let lines: Vec<String> = lines
        .flat_map(|text| {
            text.lines()
                .map(|line| line.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .take_while(|line| !line.starts_with("# "))
        .collect();
    let paragraphs: Vec<String> = lines
        .split(String::is_empty)
        .filter(|lines| !lines.is_empty())
        .map(|lines| lines.join(" "))
        .collect();
    (!paragraphs.is_empty()).then(|| paragraphs.join("\n"))
}

fn text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(format!("{}\n", text.value())),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_lines_and_headings_end_them() {
        let function: syn::ItemFn = syn::parse_quote! {
            /// Tells what
            /// a term means.
            ///
            /// Only of this node.
            /// # Errors
            /// None.
            #[inline]
            fn f() {}
        };
        assert_eq!(
            description(&function.attrs).as_deref(),
            Some("Tells what a term means.\nOnly of this node.")
        );
        assert_eq!(description(&[]), None);
    }
}
