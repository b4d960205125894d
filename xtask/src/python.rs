//! The Python package: an environment of its own below the target folder, the package built into it, its tests beside the
//! command line's binary.

use crate::terminal::note;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the package stands.
const FOLDER: &str = "python";
/// What its tests need, each with its version.
const REQUIREMENTS: &str = "python/requirements-test.txt";
/// What these bring along, each with its version, too.
const CONSTRAINTS: &str = "python/constraints-test.txt";
/// What to do where there is no such Python.
pub(crate) const ADVICE: &str = "python3 (3.11 or newer, with its module venv) is missing; on Debian:\n    sudo apt-get install python3-venv";

/// Whether `python3` is new enough and can make environments: on Debian that is a package of its own.
const CAN: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

/// Whether there is a `python3` that will do.
pub(crate) fn is_there() -> bool {
    Command::new("python3").args(["-c", CAN]).output().is_ok_and(|out| out.status.success())
}

/// The folders and programs of one run.
pub(crate) struct Python {
    root: PathBuf,
    target: PathBuf,
}

impl Python {
    /// For a checkout and its target folder.
    pub(crate) fn new(root: &Path, target: &Path) -> Self {
        Self { root: root.to_owned(), target: target.to_owned() }
    }

    /// The commands that build the package and check its Rust half, in their order.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let manifest = format!("{FOLDER}/Cargo.toml");
        let fmt = self.command("cargo", &["fmt", "--manifest-path", &manifest, "--check"]);
        let lints = ["clippy", "--manifest-path", &manifest, "--locked", "--", "-D", "warnings"];
        let mut clippy = self.command("cargo", &lints);
        self.apart(&mut clippy);
        // Without isolation: maturin is in the environment already, in its version. The rest of what the package needs, too.
        let install =
            ["-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--force-reinstall"];
        let mut package = self.python(&[&install[..], &["./python"]].concat());
        self.apart(&mut package);
        let binary = ["build", "--package", "probity-server", "--bin", "probity", "--locked"];
        vec![fmt, clippy, package, self.command("cargo", &binary)]
    }

    /// The command that tests the package.
    pub(crate) fn tests(&self) -> Command {
        let mut tests = self.python(&["-m", "pytest", FOLDER, "-p", "no:cacheprovider"]);
        let binary = format!("debug/probity{}", std::env::consts::EXE_SUFFIX);
        tests.env("PROBITY", self.target.join(binary)).env("PYTHONDONTWRITEBYTECODE", "1");
        // The notebook's kernel keeps what it ran: not in anybody's home. Its plots go where notebooks show them.
        tests.env("IPYTHONDIR", self.folder().join("ipython")).env_remove("MPLBACKEND");
        tests
    }

    /// Whether the environment is what the requirements say; if not, the commands that make it so.
    pub(crate) fn environment(&self) -> Result<Vec<Command>, String> {
        let wanted = self.wanted()?;
        if std::fs::read_to_string(self.stamp()).is_ok_and(|made| made == wanted) {
            note(&format!("the environment in {} is up to date", self.folder().display()));
            return Ok(Vec::new());
        }
        let environment = self.environment_folder();
        if environment.exists() {
            std::fs::remove_dir_all(&environment)
                .map_err(|error| format!("{} could not be removed: {error}", environment.display()))?;
        }
        let make = self.command("python3", &["-m", "venv", &environment.display().to_string()]);
        let fill = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let fill = [&fill[..], &["-r", REQUIREMENTS, "-c", CONSTRAINTS]].concat();
        Ok(vec![make, self.python(&fill)])
    }

    /// Notes that the environment was made.
    pub(crate) fn environment_made(&self) -> Result<(), String> {
        let stamp = self.stamp();
        std::fs::write(&stamp, self.wanted()?)
            .map_err(|error| format!("{} could not be written: {error}", stamp.display()))
    }

    /// What the environment is made from.
    fn wanted(&self) -> Result<String, String> {
        let read = |path: &str| {
            std::fs::read_to_string(self.root.join(path))
                .map_err(|error| format!("{path} cannot be read: {error}"))
        };
        let version = Command::new("python3")
            .args(["-c", "import sys; print(sys.version, sys.executable)"])
            .output()
            .map_err(|error| format!("python3 could not be started: {error}"))?;
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        Ok([version, read(REQUIREMENTS)?, read(CONSTRAINTS)?].concat())
    }

    fn folder(&self) -> PathBuf {
        self.target.join("python")
    }

    fn environment_folder(&self) -> PathBuf {
        self.folder().join("environment")
    }

    fn stamp(&self) -> PathBuf {
        self.environment_folder().join("made-from.txt")
    }

    /// The environment's own Python.
    fn program(&self) -> PathBuf {
        let inside = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        self.environment_folder().join(inside)
    }

    fn python(&self, arguments: &[&str]) -> Command {
        self.command(&self.program().display().to_string(), arguments)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// The package is a workspace of its own with a target folder of its own, and builds for the environment's Python with
    /// the environment's programs.
    fn apart(&self, command: &mut Command) {
        command.env("CARGO_TARGET_DIR", self.folder().join("cargo")).env("PYO3_PYTHON", self.program());
        let own = self.program().parent().map(Path::to_owned);
        let others = std::env::var_os("PATH").unwrap_or_default();
        if let Ok(paths) = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&others))) {
            command.env("PATH", paths);
        }
    }
}
