//! Programs that tests start: a real browser, a clock that lies, a disk that fails.

use crate::terminal::note;
use std::process::{Command, Stdio};

/// A program, the Debian package that holds it, and what a test does with it.
const NEEDED: [(&str, &str, &str); 3] = [
    ("chromium", "chromium", "shows the page as a person sees it"),
    ("faketime", "faketime", "sets the clock back and forward"),
    ("strace", "strace", "lets a synchronisation of the disk fail"),
];

/// Tells the tests that these programs are there, so that one which does not find its own fails instead of being skipped.
pub(crate) const SWITCH: &str = "PROBITY_TEST_PROGRAMS";

/// Makes sure the programs are there: installs what is missing where that is allowed, else says what to install.
pub(crate) fn provide() -> bool {
    let missing = || NEEDED.iter().filter(|(program, ..)| !is_there(program)).collect::<Vec<_>>();
    let packages: Vec<&str> = missing().iter().map(|(_, package, _)| *package).collect();
    if !packages.is_empty() && may_install() {
        note(&format!("installing {} with apt-get", packages.join(", ")));
        // Package lists of a fresh machine are empty or old.
        apt(&["update", "-qq"]);
        apt(&[&["install", "-y", "-qq", "--no-install-recommends"], packages.as_slice()].concat());
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
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Root may install; anybody else is told what to.
fn may_install() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    root && is_there("apt-get")
}

/// What it answers shows in what is there afterwards.
fn apt(arguments: &[&str]) {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    drop(command.status());
}
