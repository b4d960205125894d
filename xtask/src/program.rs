//! `cargo xtask demo` and `cargo xtask bench`: build a binary and become it.

use std::path::Path;
use std::process::Command;

/// The real marketplace sample, where it lies beside the repository.
const SAMPLE: &str = "../shared/data/olist-sample";

/// Builds and runs `probity demo`. Comes back only with a failure, or where a process cannot be replaced.
pub(crate) fn demo(root: &Path, arguments: &[String]) -> Result<bool, String> {
    // For the demo the data is the sample; the binary's own --data is the folder that it keeps its log in.
    let names_data = arguments.iter().any(|word| word == "--data" || word.starts_with("--data="));
    let arguments: Vec<String> = arguments
        .iter()
        .map(|word| match word.strip_prefix("--data") {
            Some(rest) if rest.is_empty() || rest.starts_with('=') => format!("--sample{rest}"),
            _ => word.clone(),
        })
        .collect();
    let asks_help = arguments.iter().any(|word| word == "--help-probity");
    let mut passed: Vec<String> = vec!["demo".to_owned()];
    passed.extend(arguments.iter().filter(|word| *word != "--help-probity").cloned());
    if asks_help {
        passed.push("--help".to_owned());
    } else if !names_data && root.join(SAMPLE).is_dir() {
        passed.extend(["--sample".to_owned(), root.join(SAMPLE).display().to_string()]);
    }
    become_binary(root, "probity-server", "probity", &passed)
}

/// Builds and runs the benchmarks.
pub(crate) fn bench(root: &Path, arguments: &[String]) -> Result<bool, String> {
    // The server is measured as a process of its own, so it is built beside the bench.
    let mut build = Command::new("cargo");
    build
        .args(["build", "--release", "--package", "probity-server", "--bin", "probity", "--manifest-path"])
        .arg(root.join("Cargo.toml"));
    match build.status() {
        Ok(status) if status.success() => become_binary(root, "probity-bench", "probity-bench", arguments),
        Ok(_) => Ok(false),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}

fn become_binary(root: &Path, package: &str, binary: &str, arguments: &[String]) -> Result<bool, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--release", "--package", package, "--bin", binary, "--manifest-path"]);
    cargo.arg(root.join("Cargo.toml")).arg("--").args(arguments);
    replace(cargo).map_err(|error| format!("cargo could not be started: {error}"))
}

/// Replaces this process, so that Ctrl-C reaches the binary alone and it can shut down in order.
#[cfg(unix)]
fn replace(mut command: Command) -> Result<bool, std::io::Error> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> Result<bool, std::io::Error> {
    command.status().map(|status| status.success())
}
