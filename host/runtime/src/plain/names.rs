//! How the functions of a plain component are called as tools.
//!
//! A function `now` of an interface `time` is `time_now`, one that belongs to no interface has its own
//! name. Where that is the name of two, both have the package before it (`clock_time_now`), and if need be
//! its namespace too. Names in WIT have no `_`, so that nothing else can be called so; and they follow
//! from what the component exports alone, so that they stay from one build to the next.

use std::collections::HashMap;

/// As in every tool's name.
const MAX_BYTES: usize = 64;

/// An exported function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    /// The interface as it is exported, such as `wassette:time/time@0.1.0`; none at the root.
    pub(super) interface: Option<&'a str>,
    pub(super) function: &'a str,
}

impl<'a> Origin<'a> {
    /// For a person.
    pub(super) fn shown(&self) -> String {
        match self.interface {
            Some(interface) => format!("`{}` of `{interface}`", self.function),
            None => format!("`{}`", self.function),
        }
    }

    /// The namespace and name of its package, where it has one, and its interface's name.
    pub(super) fn place(&self) -> Option<(Option<(&'a str, &'a str)>, &'a str)> {
        let (path, _) = split_version(self.interface?);
        let Some((package, name)) = path.rsplit_once('/') else {
            return Some((None, path));
        };
        Some((package.split_once(':'), name))
    }

    /// The version of its package.
    pub(super) fn version(&self) -> Option<&'a str> {
        split_version(self.interface?).1
    }

    /// Its name with so much of the package before it: nothing, the name, the namespace too.
    fn qualified(&self, level: usize) -> String {
        let mut parts = Vec::new();
        if let Some((package, interface)) = self.place() {
            if let Some((namespace, name)) = package {
                parts.extend((level > 1).then_some(namespace));
                parts.extend((level > 0).then_some(name));
            }
            parts.push(interface);
        }
        parts.push(self.function);
        let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        parts.join("_").replace(|char| !fits(char), "-")
    }
}

/// An interface's path, and its version.
fn split_version(interface: &str) -> (&str, Option<&str>) {
    match interface.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (interface, None),
    }
}

/// The names of functions as tools, in their order.
///
/// # Errors
/// The function that has none, and why.
pub(super) fn names<'a>(functions: &[Origin<'a>]) -> Result<Vec<String>, (Origin<'a>, String)> {
    let mut names: Vec<String> = functions.iter().map(|of| of.qualified(0)).collect();
    for level in 1..=2 {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *counts.entry(name).or_default() += 1;
        }
        let shared = |name: &String| counts.get(name.as_str()).is_some_and(|count| *count > 1);
        let shared: Vec<bool> = names.iter().map(shared).collect();
        for ((name, of), shared) in names.iter_mut().zip(functions).zip(shared) {
            if shared {
                *name = of.qualified(level);
            }
        }
    }
    let mut owners: HashMap<&str, &Origin<'a>> = HashMap::new();
    for (name, of) in names.iter().zip(functions) {
        if name.len() > MAX_BYTES {
            let reason = format!(
                "the name `{name}` has {} characters, and a tool's has at most {MAX_BYTES}",
                name.len()
            );
            return Err((*of, reason));
        }
        if let Some(other) = owners.insert(name, of) {
            let reason = format!("{} would be the tool `{name}` too", other.shown());
            return Err((*of, reason));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin<'_> {
        match text.rsplit_once('#') {
            Some((interface, function)) => Origin {
                interface: Some(interface),
                function,
            },
            None => Origin {
                interface: None,
                function: text,
            },
        }
    }

    fn named(functions: &[&str]) -> Result<Vec<String>, String> {
        let functions: Vec<_> = functions.iter().map(|text| origin(text)).collect();
        names(&functions).map_err(|(of, reason)| format!("{}: {reason}", of.shown()))
    }

    #[test]
    fn a_tool_is_called_by_its_interface_and_function() {
        let names = named(&[
            "fetch",
            "wassette:time/time@0.1.0#get-current-time",
            "sums#add",
        ]);
        let expected = ["fetch", "time_get-current-time", "sums_add"];
        assert_eq!(names.unwrap(), expected);
    }

    #[test]
    fn the_package_comes_before_the_name_of_two_functions() {
        let names = named(&[
            "a:x/time#now",
            "a:y/time#now",
            "a:y/time#zone",
            "b:y/date#now",
        ]);
        let expected = ["x_time_now", "y_time_now", "time_zone", "date_now"];
        assert_eq!(names.unwrap(), expected);
        let names = named(&["a:x/time#now", "b:x/time#now", "c:z/time#now"]);
        let expected = ["a_x_time_now", "b_x_time_now", "z_time_now"];
        assert_eq!(names.unwrap(), expected);
    }

    #[test]
    fn two_versions_of_a_function_are_told_apart_by_nothing() {
        let error = named(&["a:x/time@1.0.0#now", "a:x/time@2.0.0#now"]).unwrap_err();
        let expected = "`now` of `a:x/time@2.0.0`: `now` of `a:x/time@1.0.0` would be the tool \
                        `a_x_time_now` too";
        assert_eq!(error, expected);
    }

    #[test]
    fn a_name_that_no_client_takes_is_refused() {
        let long = format!("a:x/{}#now", "time-".repeat(13));
        assert!(named(&[&long]).unwrap_err().contains("at most 64"));
    }
}
