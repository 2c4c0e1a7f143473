//! Components of TypeScript and JavaScript, by the scripts of the SDK (`sdk/javascript/make`), which use the
//! packages that the project installed. Fails with what the scripts and the type checker say.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::world::write_world;
use super::{BuildError, Interfaces, Progress, command};
use crate::Project;

/// The oldest Node.js that runs the scripts.
const NODE: u32 = 20;

/// Packages of the project that the scripts use.
const PACKAGES: [&str; 2] = ["componentize-qjs", "esbuild"];

pub(super) fn build(
    project: &Project,
    work: &Path,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    let node = Node::of(project)?;
    if let Some(mut types) = node.type_check()? {
        progress.step("checking types");
        command::run("checking types", &mut types)?;
    }
    progress.step("looking at what the source implements");
    let mut inspect = node.script("component.mjs");
    inspect.arg("inspect").arg(&project.source);
    let interfaces = command::run("running the source", &mut inspect)?.stdout;
    let interfaces: Inspected = serde_json::from_slice(&interfaces).map_err(|error| {
        let source = project.source.display();
        BuildError::Project(format!(
            "{source} writes to standard output when it is loaded: it has to be silent ({error})"
        ))
    })?;
    let interfaces = Interfaces::of(interfaces.interfaces.iter().map(String::as_str))?;
    let wit = write_world(project, work, &interfaces)?;
    progress.step("making the component");
    let mut build = node.script("component.mjs");
    build.arg("build").arg(&project.source).arg(wit).arg(out);
    command::run("making the component", &mut build).map(drop)
}

pub(super) fn test_command(project: &Project) -> Result<Command, BuildError> {
    let mut tests = Node::of(project)?.script("test.mjs");
    tests.arg("tests");
    Ok(tests)
}

#[derive(Deserialize)]
struct Inspected {
    interfaces: Vec<String>,
}

/// Node.js, and a project that has its packages.
struct Node<'a> {
    program: PathBuf,
    project: &'a Project,
}

impl<'a> Node<'a> {
    fn of(project: &'a Project) -> Result<Self, BuildError> {
        let missing = |how: String| BuildError::MissingTool {
            tool: "Node.js".to_owned(),
            how,
        };
        let get = format!(
            "install version {NODE} or later from https://nodejs.org, or set KOI_TOOL_NODE to it"
        );
        let program =
            command::find_tool(project, "node", &["node"]).ok_or_else(|| missing(get.clone()))?;
        let version = command::run(
            "asking Node.js for its version",
            Command::new(&program).arg("--version"),
        )?;
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        let major = version.trim_start_matches('v').split('.').next();
        if major
            .and_then(|major| major.parse().ok())
            .is_none_or(|major: u32| major < NODE)
        {
            return Err(missing(format!(
                "{} is {version}: {get}",
                program.display()
            )));
        }
        let node = Self { program, project };
        match PACKAGES
            .into_iter()
            .find(|package| !node.package(package).is_dir())
        {
            None => Ok(node),
            Some(package) => Err(BuildError::MissingTool {
                tool: format!("the package {package}"),
                how: format!("run `npm install` in {}", project.root.display()),
            }),
        }
    }

    /// The check of types, of a project that has a `tsconfig.json`.
    fn type_check(&self) -> Result<Option<Command>, BuildError> {
        if !self.project.root.join("tsconfig.json").is_file() {
            return Ok(None);
        }
        let compiler = self.package("typescript").join("bin/tsc");
        if !compiler.is_file() {
            return Err(BuildError::MissingTool {
                tool: "the package typescript".to_owned(),
                how: "the project has a tsconfig.json: run `npm install --save-dev typescript`"
                    .to_owned(),
            });
        }
        let mut command = self.run(&compiler);
        command.args([
            "--noEmit",
            "--pretty",
            "false",
            "--project",
            "tsconfig.json",
        ]);
        Ok(Some(command))
    }

    fn package(&self, name: &str) -> PathBuf {
        self.project.root.join("node_modules").join(name)
    }

    fn script(&self, name: &str) -> Command {
        self.run(&self.project.base.join("sdk/javascript/make").join(name))
    }

    fn run(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.project.root).arg(script);
        command
    }
}
