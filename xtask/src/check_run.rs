//! `cargo xtask test`: every check in order, the first failure stops the run.

use crate::programs;
use crate::python::{self, Python};
use crate::tally::Tally;
use crate::terminal::{heading, note, say};
use crate::tidy;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The version of cargo-deny that is built when none is installed; `deny.toml` is written for it.
const DENY_VERSION: &str = "0.20.2";

/// What a step does.
enum Work {
    /// A command that passes or fails.
    Command(Vec<String>),
    /// A command whose test results are counted.
    Tests {
        /// The command.
        words: Vec<String>,
        /// A test that does not find its program fails instead of being skipped.
        demanding: bool,
    },
    /// The rules of the house.
    Tidy,
    /// Programs that tests start.
    Programs,
    /// The Python package: its lints, its build, its tests.
    Python,
    /// Licences, bans and sources of the dependencies.
    Deny,
}

struct Step {
    title: &'static str,
    work: Work,
    /// Left out by `--quick`.
    thorough: bool,
}

/// Which steps are run.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Which<'a> {
    /// All.
    All,
    /// Those that are quick.
    Quick,
    /// The one of this title.
    Only(&'a str),
}

/// Runs the steps, prints the times and the tally, and says whether all passed.
pub(crate) fn run(root: &Path, which: Which<'_>) -> Result<bool, String> {
    let quick = which == Which::Quick;
    let mut steps = steps(quick);
    if let Which::Only(title) = which {
        let titles: Vec<&str> = steps.iter().map(|step| step.title).collect();
        if !titles.contains(&title) {
            return Err(format!("there is no step `{title}`; there are {}", titles.join(", ")));
        }
        steps.retain(|step| step.title == title);
    }
    let mut tally = Tally::default();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut passed = true;
    for step in steps.into_iter().filter(|step| !(quick && step.thorough)) {
        heading(step.title);
        let start = Instant::now();
        let (ok, repeat) = work(root, &step.work, &mut tally)?;
        times.push((step.title, start.elapsed()));
        if !ok {
            note(&format!("\n{} failed. Run it again with:\n    {repeat}", step.title));
            passed = false;
            break;
        }
    }
    if quick {
        programs::say_what_is_skipped();
    }
    heading("times");
    for (title, time) in times {
        note(&format!("{title:<12} {:>7.1} s", time.as_secs_f64()));
    }
    say(&format!("{} passed, {} failed", tally.passed, tally.failed));
    Ok(passed)
}

fn steps(quick: bool) -> Vec<Step> {
    let cargo =
        |line: &str| ["cargo"].into_iter().chain(line.split(' ')).map(str::to_owned).collect::<Vec<_>>();
    let tests = match has("cargo-nextest") {
        true => cargo("nextest run --workspace --locked --no-fail-fast"),
        false => cargo("test --workspace --locked --no-fail-fast --lib --bins --tests"),
    };
    let step = |title, work, thorough| Step { title, work, thorough };
    vec![
        step("fmt", Work::Command(cargo("fmt --all --check")), false),
        step("tidy", Work::Tidy, false),
        step(
            "clippy",
            Work::Command(cargo("clippy --workspace --all-targets --locked -- -D warnings")),
            false,
        ),
        step("programs", Work::Programs, true),
        step("tests", Work::Tests { words: tests, demanding: !quick }, false),
        step(
            "doc tests",
            Work::Tests { words: cargo("test --doc --workspace --locked"), demanding: false },
            true,
        ),
        step("python", Work::Python, true),
        step("docs", Work::Command(cargo("doc --no-deps --workspace --locked")), true),
        step("cargo-deny", Work::Deny, true),
    ]
}

/// Does the work; whether it passed, and the command that repeats it.
fn work(root: &Path, work: &Work, tally: &mut Tally) -> Result<(bool, String), String> {
    match work {
        Work::Tidy => Ok((tidy::run(root)?, "cargo xtask tidy".to_owned())),
        Work::Programs => Ok((programs::provide(), "cargo xtask test".to_owned())),
        Work::Command(words) => {
            let is_docs = words.iter().any(|word| word == "doc");
            let mut command = command(root, words);
            if is_docs {
                command.env("RUSTDOCFLAGS", "-D warnings");
            }
            let prefix = if is_docs { "RUSTDOCFLAGS='-D warnings' " } else { "" };
            Ok((succeeds(command)?, format!("{prefix}{}", words.join(" "))))
        }
        Work::Tests { words, demanding } => {
            let mut command = command(root, words);
            match demanding {
                true => command.env(programs::SWITCH, "there"),
                false => command.env_remove(programs::SWITCH),
            };
            let (ok, counted) = counted(command)?;
            tally.add(counted);
            Ok((ok, words.join(" ")))
        }
        Work::Python => tested_python(root, tally),
        Work::Deny => {
            let program = deny(root)?;
            // Advisories live in a git repository elsewhere; the run must not depend on reaching it.
            note("licences, bans and sources; advisories need the network: `cargo deny check advisories`");
            let mut line = String::new();
            for manifest in ["Cargo.toml", "python/Cargo.toml"] {
                let mut deny = Command::new(&program);
                deny.args(["--config", "deny.toml", "--manifest-path", manifest, "check"]);
                deny.args(["licenses", "bans", "sources"]).current_dir(root);
                line = shown(&deny);
                if !succeeds(deny)? {
                    return Ok((false, line));
                }
            }
            Ok((true, line))
        }
    }
}

/// Checks, builds and tests the Python package.
fn tested_python(root: &Path, tally: &mut Tally) -> Result<(bool, String), String> {
    // Its commands need an environment that no line would show.
    let repeat = "cargo xtask test --only python".to_owned();
    if !python::is_there() {
        return Err(python::ADVICE.to_owned());
    }
    let python = Python::new(root, &target(root));
    let make = python.environment()?;
    let is_new = !make.is_empty();
    for command in make {
        if !succeeds(command)? {
            return Ok((false, repeat));
        }
    }
    if is_new {
        python.environment_made()?;
    }
    for command in python.commands() {
        if !succeeds(command)? {
            return Ok((false, repeat));
        }
    }
    let (ok, counted) = counted(python.tests())?;
    tally.add(counted);
    Ok((ok, repeat))
}

fn command(root: &Path, words: &[String]) -> Command {
    let (program, arguments) =
        words.split_first().map_or(("true", &[][..]), |(first, rest)| (first.as_str(), rest));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root);
    command
}

fn succeeds(mut command: Command) -> Result<bool, String> {
    note(&format!("$ {}", shown(&command)));
    let status =
        command.status().map_err(|error| format!("{} could not be started: {error}", shown(&command)))?;
    Ok(status.success())
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs a command, passes its output on, and counts the test results in it.
fn counted(mut command: Command) -> Result<(bool, Tally), String> {
    let line = shown(&command);
    note(&format!("$ {line}"));
    let failed = |error: std::io::Error| format!("{line} could not be run: {error}");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let tally = std::thread::scope(|scope| {
        let errors =
            scope.spawn(|| errors.map(|from| passed_on(from, std::io::stderr())).unwrap_or_default());
        let mut tally = output.map(|from| passed_on(from, std::io::stdout())).unwrap_or_default();
        tally.add(errors.join().unwrap_or_default());
        tally
    });
    let status = child.wait().map_err(failed)?;
    Ok((status.success(), tally))
}

fn passed_on(from: impl Read, mut to: impl Write) -> Tally {
    let mut tally = Tally::default();
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    // A terminal that went away must not stop the counting, so a failing write is ignored.
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        drop(to.write_all(&line).and_then(|()| to.flush()));
        tally.add(Tally::of_line(&String::from_utf8_lossy(&line)).unwrap_or_default());
        line.clear();
    }
    tally
}

fn has(program: &str) -> bool {
    let quiet = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// The folder that is built into.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// cargo-deny: the installed one, or one built into the tools folder below the target folder.
fn deny(root: &Path) -> Result<PathBuf, String> {
    if has("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let target = target(root);
    let tools = target.join("tools");
    let program = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }
    note("cargo-deny is not installed: building it once, without optimisation (two to four minutes)");
    let mut install = Command::new("cargo");
    // Unoptimised: it checks a lock file in a second either way, and optimising takes several times as long to build.
    install
        .args(["install", "cargo-deny", "--locked", "--debug", "--version", DENY_VERSION, "--root"])
        .arg(&tools);
    install.arg("--target-dir").arg(tools.join("build")).env_remove("CARGO_TARGET_DIR").current_dir(&target);
    if !succeeds(install)? {
        return Err(
            "cargo-deny could not be built; `cargo install cargo-deny --locked` may say more".to_owned()
        );
    }
    // What it was built from takes 700 MB and is not needed again; failing to remove it harms nothing.
    drop(std::fs::remove_dir_all(tools.join("build")));
    Ok(program)
}
