//! The binary `probity`.

use clap::Parser;
use probity_server::cli::{Arguments, run};
use std::process::ExitCode;

/// Events are many small pieces that one thread makes and another lets go: the system's allocator spends a tenth of the
/// server's time on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run(Arguments::parse())
}
