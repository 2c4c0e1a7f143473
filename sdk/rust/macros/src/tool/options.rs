//! What stands in the parentheses of `#[tool(…)]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::{Expr, LitStr, Result};

/// What a tool is said to be: methods of `Tool` of the same names.
const HINTS: [&str; 6] = [
    "read_only",
    "destructive",
    "additive",
    "idempotent",
    "open_world",
    "closed_world",
];

/// What is said of a tool. As tokens, the calls of `Tool`'s methods that say it.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    title: Option<String>,
    task: Option<&'static str>,
    hints: Vec<&'static str>,
    examples: Vec<Expr>,
}

impl Options {
    /// Takes one of them.
    ///
    /// # Errors
    /// If there is none of this name: which there are.
    pub(crate) fn take(&mut self, option: &ParseNestedMeta<'_>) -> Result<()> {
        let word = option
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        let text = || option.value()?.parse::<LitStr>();
        match word.as_str() {
            "name" => self.name = Some(text()?.value()),
            "title" => self.title = Some(text()?.value()),
            "description" => self.description = Some(text()?.value()),
            "example" => self.examples.push(option.value()?.parse()?),
            "task" => {
                let support = text()?;
                self.task = Some(match support.value().as_str() {
                    "optional" => "Optional",
                    "required" => "Required",
                    _ => {
                        return Err(syn::Error::new(
                            support.span(),
                            "a task is `optional` or `required`",
                        ));
                    }
                });
            }
            word => match HINTS.iter().find(|hint| **hint == word) {
                Some(hint) => self.hints.push(hint),
                None => {
                    let all = HINTS.join("`, `");
                    return Err(option.error(format!(
                        "`{word}` is none: there are `name`, `title`, `description`, `task`, `example`, `{all}`"
                    )));
                }
            },
        }
        Ok(())
    }
}

impl ToTokens for Options {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(title) = &self.title {
            tokens.extend(quote!(.title(#title)));
        }
        for hint in &self.hints {
            let hint = Ident::new(hint, Span::call_site());
            tokens.extend(quote!(.#hint()));
        }
        for example in &self.examples {
            tokens.extend(quote!(.example(#example)));
        }
        if let Some(support) = self.task {
            let support = Ident::new(support, Span::call_site());
            tokens.extend(quote!(.task(::koi_extension::TaskSupport::#support)));
        }
    }
}
