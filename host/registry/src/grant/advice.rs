//! The command that grants what is missing, as an operator can type it.
//!
//! Part of what it says comes from strangers: an extension's asks, the RIDs of its calls. A shell is to take each as
//! one word, whatever stands in it. It fails at nothing: what is no ask stands in the command as it is.

use std::borrow::Cow;

use super::{environment, files, secret};

/// `koi-mcp extension grant NAME GRANT...`. What an ask leaves to the operator (the host of a secret, a folder of this
/// machine, which variable) stands in it in capitals.
#[must_use]
pub fn granting<'a>(extension: &str, asks: impl IntoIterator<Item = &'a str>) -> String {
    let mut command = format!("koi-mcp extension grant {}", word(extension.into()));
    for ask in asks {
        command.push(' ');
        command.push_str(&word(completed(ask)));
    }
    command
}

/// An ask in the form of a grant.
fn completed(ask: &str) -> Cow<'_, str> {
    let Some((word, rest)) = ask.split_once('=') else {
        return ask.into();
    };
    match word {
        secret::WORD if !rest.contains('@') => format!("{ask}@HOST").into(),
        environment::WORD if rest == environment::ANY => format!("{word}=NAME").into(),
        files::WORD if !rest.contains('=') => {
            let asked = match rest.strip_suffix(files::ANY) {
                Some(access) => format!("{word}={access}/PATH"),
                None => ask.to_owned(),
            };
            format!("{asked}=/FOLDER").into()
        }
        _ => ask.into(),
    }
}

/// A text as one word of a POSIX shell (XCU 2.2.2).
fn word(text: Cow<'_, str>) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(&byte);
    if text.bytes().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_ask_leaves_open_is_shown_as_such() {
        let asks = [
            "read=orn:a.b",
            "secret=TOKEN",
            "secret=TOKEN@a.b",
            "environment=LANG",
            "environment=*",
            "files=read:/data",
            "files=write:*",
            "files=read:/data=/srv",
        ];
        assert_eq!(
            granting("a", asks),
            "koi-mcp extension grant a read=orn:a.b secret=TOKEN@HOST secret=TOKEN@a.b environment=LANG \
             environment=NAME files=read:/data=/FOLDER files=write:/PATH=/FOLDER files=read:/data=/srv"
        );
    }

    #[test]
    fn a_shell_takes_each_grant_as_one_word() {
        let ask = "read=orn:a.b:x; touch '$(y)' *";
        let printed = std::process::Command::new("sh")
            .arg("-c")
            .arg(granting("a b", [ask, "http=*:https://*"]).replace("koi-mcp", r"printf '%s\n'"))
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(printed.stdout).unwrap(),
            format!("extension\ngrant\na b\n{ask}\nhttp=*:https://*\n")
        );
    }
}
