//! Programs that tests start: a real browser, a clock that lies, a disk that fails, Python.

use crate::python;
use crate::terminal::note;
use std::process::{Command, Stdio};

/// A program, the Debian package that holds it, and what a test does with it.
const NEEDED: [(&str, &str, &str); 4] = [
    ("chromium", "chromium", "shows the page as a person sees it"),
    ("faketime", "faketime", "sets the clock back and forward"),
    ("strace", "strace", "lets a synchronisation of the disk fail"),
    (PYTHON, "python3-venv", "fits scorecards from Python (3.11 or newer, with venv)"),
];

/// More than its name is looked at.
const PYTHON: &str = "python3";

/// Tells the tests that these programs are there, so that one which does not find its own fails instead of being skipped.
pub(crate) const SWITCH: &str = "PROBITY_TEST_PROGRAMS";

type Needed = (&'static str, &'static str, &'static str);

fn missing() -> Vec<&'static Needed> {
    NEEDED.iter().filter(|(program, ..)| !is_there(program)).collect()
}

/// Says which tests a quick run leaves out for want of a program; nothing is installed for it.
pub(crate) fn say_what_is_skipped() {
    for (program, _, purpose) in missing() {
        note(&format!("skipped without the program `{program}`: whatever {purpose}"));
    }
}

/// Makes sure the programs are there: installs what is missing where that is allowed, else says what to install.
pub(crate) fn provide() -> bool {
    let packages: Vec<&str> = missing().iter().map(|(_, package, _)| *package).collect();
    if let Some(apt_get) = apt_get().filter(|_| !packages.is_empty()) {
        note(&format!("installing {} with {}", packages.join(", "), apt_get.join(" ")));
        // Package lists of a fresh machine are empty or old.
        run(&apt_get, &["update", "-qq"]);
        run(&apt_get, &[&["install", "-y", "-qq", "--no-install-recommends"], packages.as_slice()].concat());
    }
    let still = missing();
    for (program, _, purpose) in &still {
        note(&format!("the program `{program}` is missing; a test {purpose} with it"));
    }
    if !still.is_empty() {
        note(&format!(
            "install them first, on Debian with:\n    sudo apt-get install {}",
            packages.join(" ")
        ));
    }
    still.is_empty()
}

fn is_there(program: &str) -> bool {
    if program == PYTHON {
        return python::is_there();
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// How packages are installed here: root may, and whoever may become root without being asked; anybody else is told what to.
fn apt_get() -> Option<Vec<&'static str>> {
    if !is_there("apt-get") {
        return None;
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    let becomes_root = || {
        let tried = Command::new("sudo").args(["-n", "true"]).stdin(Stdio::null()).output();
        tried.is_ok_and(|out| out.status.success())
    };
    if root { Some(vec!["apt-get"]) } else { becomes_root().then(|| vec!["sudo", "-n", "apt-get"]) }
}

/// What it answers shows in what is there afterwards.
fn run(apt_get: &[&str], arguments: &[&str]) {
    let Some((program, words)) = apt_get.split_first() else { return };
    let mut command = Command::new(program);
    command
        .args(words)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    drop(command.status());
}
