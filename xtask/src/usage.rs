//! The help of every command.

/// The commands, each with one line.
pub(crate) const OVERVIEW: &str = "\
Developer commands of Probity.

Usage: cargo xtask COMMAND [OPTIONS]

Commands:
  demo   build probity and show the scores of a marketplace, in the terminal and in the browser
  test   everything that must hold before a change is taken: format, tidy, lints, tests, docs, licences
  bench  run the benchmarks and print their table
  tidy   check the rules of the house that no compiler knows

Examples:
  cargo xtask demo
  cargo xtask test --quick
  cargo xtask COMMAND --help
";

/// Help of `demo`.
pub(crate) const DEMO: &str = "\
Builds probity (optimised) and runs `probity demo`.

Usage: cargo xtask demo [--data PATH] [OPTIONS OF probity demo]

The data is PATH when it is given; otherwise ../shared/data/olist-sample beside the repository when that
folder exists; otherwise a small data set that probity makes itself.

Examples:
  cargo xtask demo
  cargo xtask demo --data ~/olist
  cargo xtask demo --help-probity      what probity demo itself understands
";

/// Help of `test`.
pub(crate) const TEST: &str = "\
Runs every check in order and stops at the first that fails, with the command that repeats it.

Usage: cargo xtask test [--quick | --only STEP]

  fmt, tidy, clippy, programs, tests, doc tests, python, docs, cargo-deny (licences, bans, sources)

  --quick       leaves out programs, doc tests, python, docs and cargo-deny
  --only STEP   runs one step, by its name in the list above

Some tests start chromium, faketime, strace and python3, or mount a small disk. `programs` installs them with
apt-get where it may (as root, or through `sudo -n`) and says what to install where it may not; then a test
that cannot do its work fails. A quick run, and tests of one crate alone, skip such tests, and the quick run
says which. Tests run under cargo-nextest where it is installed. cargo-deny is built once (two to four
minutes) into `tools/` below the target folder when it is not installed. `python` tests the Python package in
an environment of its own, `python/` below the target folder, which is made anew when
its pinned requirements change. The last line is `N passed, N failed`.

Examples:
  cargo xtask test
  cargo xtask test --quick
  cargo xtask test --only python
";

/// Help of `bench`.
pub(crate) const BENCH: &str = "\
Builds the benchmarks (optimised), runs them and prints their table, each figure beside its peer or limit.

Usage: cargo xtask bench [NAME …] [--out PAGE]

  --out PAGE  also writes the table into a page that has the marks for it; docs/BENCHMARKS.md has, and
              docs/SCORECARDS.md for the part scorecard

Exits with 1 when a figure is not met. PROBITY_BENCH_SCALE=0.1 makes everything a tenth as large.

Examples:
  cargo xtask bench
  cargo xtask bench ingest http
  cargo xtask bench --out docs/BENCHMARKS.md
";

/// Help of `tidy`.
pub(crate) const TIDY: &str = "\
Checks the rules of the house: crate edges, pure crates, module order, names, length of files and functions,
lints, SQL only in the store, a page for each catalogue file and error code, a reason for each dependency,
nothing half done, no paths of one machine, links, changelog. Each message says what to do instead.

Usage: cargo xtask tidy [--root DIR]

  --root DIR   the tree to check; the workspace around the current folder when left out

What may break the rules on length and SQL for now stands in xtask/tidy-allowed.toml, with its reason.

Examples:
  cargo xtask tidy
  cargo xtask tidy --root ../another-checkout
";
