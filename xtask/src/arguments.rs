//! The command line of xtask.

use crate::setup::Extent;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Fetch tools.
    Setup(Extent),
    /// Fetch tools and build.
    Build(Extent),
    /// Start a node.
    Run {
        /// Go to `koi-mcp serve`.
        serve_flags: Vec<String>,
    },
    /// Run the tests.
    Test {
        /// Go to `cargo test --release`; empty for everything.
        arguments: Vec<String>,
    },
    /// Check form and style.
    Lint,
    /// Measure.
    Bench {
        /// Rows to measure; empty for all.
        names: Vec<String>,
    },
    /// See that each row can be measured.
    QuickBench,
    /// Fuzz.
    Fuzz {
        /// Targets; empty for all.
        names: Vec<String>,
        /// How long each.
        seconds: u32,
    },
    /// Freeze a version of the contract.
    Corpus {
        /// Its first two numbers.
        version: String,
        /// Also if it is frozen already.
        force: bool,
    },
    /// Write the pages that follow from the WIT.
    Docs,
    /// Write the Rust that follows from the WIT.
    Bindings,
    /// Go on for long.
    Soak {
        /// A soak's name and its flags; empty to list the soaks.
        arguments: Vec<String>,
    },
}

/// How long a target is fuzzed if nothing is said.
const FUZZ_SECONDS: u32 = 300;

/// Reads the arguments after the program's name. The error is a sentence for the user.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.into_iter();
    let Some(name) = arguments.next() else {
        return Ok(Command::Help);
    };
    let rest: Vec<String> = arguments.collect();
    let own = rest.iter().take_while(|argument| *argument != "--");
    if own
        .clone()
        .any(|argument| argument == "-h" || argument == "--help")
    {
        return Ok(Command::Help);
    }
    match name.as_str() {
        "-h" | "--help" | "help" => Ok(Command::Help),
        "setup" => Ok(Command::Setup(extent(&rest)?)),
        "build" => Ok(Command::Build(extent(&rest)?)),
        "run" => Ok(Command::Run {
            serve_flags: passed_on(&rest)?,
        }),
        "test" => Ok(Command::Test {
            arguments: passed_on(&rest)?,
        }),
        "lint" => match rest.first() {
            Some(other) => Err(format!("unexpected argument `{other}`")),
            None => Ok(Command::Lint),
        },
        "bench" => match rest.iter().find(|argument| argument.starts_with('-')) {
            Some(flag) if flag == "--quick" && rest.len() == 1 => Ok(Command::QuickBench),
            Some(flag) if flag == "--quick" => {
                Err(format!("`{flag}` measures all rows: it stands alone"))
            }
            Some(flag) => Err(format!("`cargo xtask bench` has no flag `{flag}`")),
            None => Ok(Command::Bench { names: rest }),
        },
        "fuzz" => fuzz(rest),
        "corpus" => match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [version] if !version.starts_with('-') => Ok(corpus(version, false)),
            [version, "--force"] | ["--force", version] => Ok(corpus(version, true)),
            _ => Err("`cargo xtask corpus` wants a version, such as 0.1".to_owned()),
        },
        "docs" => match rest.first() {
            Some(other) => Err(format!("unexpected argument `{other}`")),
            None => Ok(Command::Docs),
        },
        "bindings" => match rest.first() {
            Some(other) => Err(format!("unexpected argument `{other}`")),
            None => Ok(Command::Bindings),
        },
        "soak" => match rest.first() {
            Some(flag) if flag.starts_with('-') => {
                Err(format!("a soak's name comes before `{flag}`"))
            }
            _ => Ok(Command::Soak { arguments: rest }),
        },
        other => Err(format!("there is no command `{other}`")),
    }
}

fn fuzz(mut names: Vec<String>) -> Result<Command, String> {
    let mut seconds = FUZZ_SECONDS;
    if let Some(at) = names.iter().position(|name| name == "--seconds") {
        let number = names.get(at + 1).and_then(|number| number.parse().ok());
        seconds = number.ok_or("`--seconds` wants a number of seconds, such as 300")?;
        names.drain(at..at + 2);
    }
    match names.iter().find(|name| name.starts_with('-')) {
        Some(flag) => Err(format!("`cargo xtask fuzz` has no flag `{flag}`")),
        None => Ok(Command::Fuzz { names, seconds }),
    }
}

fn corpus(version: &str, force: bool) -> Command {
    Command::Corpus {
        version: version.to_owned(),
        force,
    }
}

fn extent(arguments: &[String]) -> Result<Extent, String> {
    match arguments {
        [] => Ok(Extent::Build),
        [flag] if flag == "--for-tests" => Ok(Extent::Tests),
        [other, ..] => Err(format!("unexpected argument `{other}`")),
    }
}

fn passed_on(arguments: &[String]) -> Result<Vec<String>, String> {
    match arguments {
        [] => Ok(Vec::new()),
        [dashes, rest @ ..] if dashes == "--" => Ok(rest.to_vec()),
        [other, ..] => Err(format!(
            "unexpected argument `{other}`: what is to be passed on stands after `--`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_stands_after_two_dashes_goes_to_the_node() {
        let flags = vec!["--name".to_owned(), "--help".to_owned()];
        assert_eq!(
            parsed("run -- --name --help"),
            Ok(Command::Run { serve_flags: flags })
        );
        assert!(parsed("run --name x").is_err());
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        for line in ["", "--help", "help", "build --help", "bench -h"] {
            assert_eq!(parsed(line), Ok(Command::Help), "{line}");
        }
    }

    #[test]
    fn an_unknown_command_or_flag_is_named() {
        assert!(parsed("shrink").is_err_and(|error| error.contains("`shrink`")));
        assert!(parsed("setup --all").is_err_and(|error| error.contains("`--all`")));
        assert!(parsed("bench --all").is_err_and(|error| error.contains("`--all`")));
    }

    #[test]
    fn a_quick_bench_names_no_rows() {
        assert_eq!(parsed("bench --quick"), Ok(Command::QuickBench));
        let names = vec!["call".to_owned(), "million".to_owned()];
        assert_eq!(parsed("bench call million"), Ok(Command::Bench { names }));
        assert!(parsed("bench --quick call").is_err_and(|error| error.contains("alone")));
    }

    #[test]
    fn a_time_for_fuzzing_stands_before_or_after_the_targets() {
        let rid = |seconds| Command::Fuzz {
            names: vec!["rid".to_owned()],
            seconds,
        };
        assert_eq!(parsed("fuzz rid"), Ok(rid(300)));
        assert_eq!(parsed("fuzz rid --seconds 5"), Ok(rid(5)));
        assert_eq!(parsed("fuzz --seconds 5 rid"), Ok(rid(5)));
        assert!(parsed("fuzz --seconds").is_err_and(|error| error.contains("--seconds")));
        assert!(parsed("fuzz --all").is_err_and(|error| error.contains("`--all`")));
    }

    #[test]
    fn freezing_wants_a_version() {
        assert_eq!(parsed("corpus 0.1"), Ok(corpus("0.1", false)));
        assert_eq!(parsed("corpus 0.1 --force"), Ok(corpus("0.1", true)));
        assert!(parsed("corpus").is_err_and(|error| error.contains("0.1")));
        assert!(parsed("corpus --force").is_err());
    }

    #[test]
    fn a_soak_is_named_before_its_flags() {
        let arguments = ["sandbox", "--calls", "5"].map(str::to_owned).to_vec();
        assert_eq!(
            parsed("soak sandbox --calls 5"),
            Ok(Command::Soak { arguments })
        );
        assert!(parsed("soak --calls 5").is_err_and(|error| error.contains("`--calls`")));
    }

    #[test]
    fn only_tests_need_more_than_building_does() {
        assert_eq!(parsed("setup"), Ok(Command::Setup(Extent::Build)));
        assert_eq!(
            parsed("build --for-tests"),
            Ok(Command::Build(Extent::Tests))
        );
    }
}
