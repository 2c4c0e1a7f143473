//! `cargo xtask docs`: the reference of the contract, one page for each file of `wit/`, out of its comments.
//!
//! The text is read line by line in the form in which our WIT is written (a member of an interface begins
//! at four spaces); what is written otherwise is an error that names the line.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use crate::layout::Layout;

/// The files, with what their pages are about.
const PAGES: [(&str, &str); 4] = [
    ("types", "Values"),
    ("exports", "What an extension exports"),
    ("imports", "What the host offers"),
    ("worlds", "Worlds"),
];

/// Writes the pages.
pub fn write(layout: &Layout) -> Result<()> {
    for (name, title) in PAGES {
        let path = layout.path(&format!("docs/src/wit/{name}.md"));
        std::fs::write(&path, page(layout, name, title)?)
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn page(layout: &Layout, name: &str, title: &str) -> Result<String> {
    let file = format!("wit/{name}.wit");
    let wit = std::fs::read_to_string(layout.path(&file)).with_context(|| file.clone())?;
    let mut page = format!(
        "# {title}\n\n<!-- Out of `{file}`, by `cargo xtask docs`: change the comments there. -->\n"
    );
    let mut docs = String::new();
    let mut item = String::new();
    for (number, line) in (1..).zip(wit.lines()) {
        let text = line.trim();
        if let Some(doc) = text.strip_prefix("///")
            && item.is_empty()
        {
            docs.push_str(doc.strip_prefix(' ').unwrap_or(doc));
            docs.push('\n');
        } else if text.is_empty() || text == "}" && item.is_empty() {
            // What it ended, or stands between, has been written.
        } else if let Some((kind, name)) = opening(line) {
            let docs = std::mem::take(&mut docs);
            write!(page, "\n## {kind} {name}\n\n{docs}")?;
        } else if line.starts_with("package ") {
            write!(page, "\n{}", std::mem::take(&mut docs))?;
        } else if let Some(member) = line.strip_prefix("    ") {
            item.push_str(member);
            item.push('\n');
            if is_whole(&item) {
                let docs = std::mem::take(&mut docs);
                let item = std::mem::take(&mut item);
                if let Some(name) = named(&item) {
                    write!(page, "\n### {name}\n\n{docs}")?;
                }
                write!(page, "\n```wit\n{item}```\n")?;
            }
        } else {
            bail!("{file}:{number}: `{line}` is not in the form that the reference is made of");
        }
    }
    // What follows each other without names, such as the imports of a world, is one block.
    Ok(page
        .replace("```\n\n```wit\n", "")
        .replace("\n\n\n", "\n\n"))
}

/// What `interface tools {` begins.
fn opening(line: &str) -> Option<(&str, &str)> {
    let (kind, rest) = line.split_once(' ')?;
    let name = rest.strip_suffix(" {")?;
    matches!(kind, "interface" | "world").then_some((kind, name))
}

/// Whether all that it opens is closed.
fn is_whole(item: &str) -> bool {
    let code = item
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let (mut depth, mut last) = (0_i32, ' ');
    for letter in code.flat_map(str::chars).filter(|letter| *letter != ' ') {
        match letter {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            _ => {}
        }
        last = letter;
    }
    depth == 0 && matches!(last, ';' | '}')
}

/// What a member is called; none for what only brings in other names.
fn named(item: &str) -> Option<&str> {
    let (first, rest) = item.split_once(' ')?;
    match first {
        "use" | "import" | "export" | "include" => None,
        "record" | "variant" | "enum" | "flags" | "resource" | "type" => {
            rest.split([' ', '=', '{']).next()
        }
        function => function.strip_suffix(':'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_those_of_the_contract_as_it_is() {
        let layout = Layout::of_this_repository();
        for (name, title) in PAGES {
            let path = layout.path(&format!("docs/src/wit/{name}.md"));
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                written == page(&layout, name, title).unwrap(),
                "{} is not what wit/{name}.wit says: run `cargo xtask docs`",
                path.display()
            );
        }
    }
}
