//! The binary `probity`.

use clap::Parser;
use probity_server::cli::{Arguments, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    run(Arguments::parse())
}
