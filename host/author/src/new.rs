//! A new project: its language's template, with the contract and the SDK beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::embedded::FILES;
use crate::project::{Language, NameError, is_name};

/// Why no project was made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// What an extension cannot be called.
    #[error(transparent)]
    Name(NameError),
    /// Something is there already.
    #[error("{} is not empty: choose another name, or another folder with --dir", .0.display())]
    NotEmpty(PathBuf),
    /// A file could not be written.
    #[error("cannot write {}: {}", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
    /// This build of the program has no template for the language.
    #[error("there is no template for {0} in this build of koi-mcp")]
    NoTemplate(Language),
}

/// Makes the project `parent/NAME`, which builds and passes its own tests at once. Gives its folder.
///
/// # Errors
/// If the name is none, the folder is there and not empty, or cannot be written.
pub fn create(parent: &Path, name: &str, language: Language) -> Result<PathBuf, NewError> {
    if !is_name(name) {
        return Err(NewError::Name(NameError(name.to_owned())));
    }
    let root = parent.join(name);
    match fs::read_dir(&root).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(NewError::NotEmpty(root)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(NewError::Io(root, error)),
    }
    let files = files(name, language);
    if !files.iter().any(|(path, _)| path == crate::MANIFEST) {
        return Err(NewError::NoTemplate(language));
    }
    for (path, contents) in files {
        let path = root.join(path);
        let folder = path.parent().unwrap_or(&root);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, contents))
            .map_err(|error| NewError::Io(path, error))?;
    }
    Ok(root)
}

/// What is in the project: path in it and contents.
fn files(name: &str, language: Language) -> Vec<(String, Vec<u8>)> {
    let sdk = format!("sdk/{}/", language.sdk());
    let template = format!("{sdk}template/");
    let names = Names::of(name);
    let mut files = Vec::new();
    for (path, contents) in FILES {
        if let Some(inside) = path.strip_prefix(&template) {
            let inside = names.put(inside);
            let path = inside.strip_suffix(".tmpl").unwrap_or(&inside).to_owned();
            let contents = match std::str::from_utf8(contents) {
                Ok(text) => names.put(text).into_bytes(),
                Err(_) => contents.to_vec(),
            };
            files.push((path, contents));
        } else if path.starts_with("wit/") || path.starts_with("sdk/wit/") || path.starts_with(&sdk)
        {
            files.push(((*path).to_owned(), contents.to_vec()));
        }
    }
    files
}

/// The name in the three forms that templates use.
struct Names {
    name: String,
    /// `GlossaryTerms`.
    capital: String,
    /// `glossary_terms`.
    snake: String,
}

impl Names {
    fn of(name: &str) -> Self {
        let capital = name.split('-').map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        });
        Self {
            name: name.to_owned(),
            capital: capital.collect(),
            snake: name.replace('-', "_"),
        }
    }

    fn put(&self, text: &str) -> String {
        text.replace("{{name}}", &self.name)
            .replace("{{Name}}", &self.capital)
            .replace("{{name_snake}}", &self.snake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_put_in_each_form() {
        let names = Names::of("glossary-of-2-terms");
        assert_eq!(
            names.put("{{name}} {{Name}} {{name_snake}} {{other}}"),
            "glossary-of-2-terms GlossaryOf2Terms glossary_of_2_terms {{other}}"
        );
    }

    #[test]
    fn what_is_there_stays() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("one");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("mine"), "").unwrap();
        let error = create(parent.path(), "one", Language::Rust).unwrap_err();
        assert!(matches!(error, NewError::NotEmpty(_)), "{error}");
        let error = create(parent.path(), "../one", Language::Rust).unwrap_err();
        assert!(matches!(error, NewError::Name(_)), "{error}");
        assert_eq!(fs::read_dir(root).unwrap().count(), 1);
    }
}
