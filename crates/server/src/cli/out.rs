//! All that is printed.

#![expect(clippy::print_stderr, reason = "this is where the command line prints")]

use super::args::{Arguments, LogFormat};
use super::{Done, OK};
use crate::app::AppError;
use clap::CommandFactory;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Sets up log lines on standard error.
pub(super) fn logging(arguments: &Arguments) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PROBITY_LOG").unwrap_or_else(|_| "info".into());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second setting up (in tests) changes nothing.
    let _ = match arguments.log_format {
        LogFormat::Text => lines.with_ansi(colourful()).with_target(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}

fn colourful() -> bool {
    std::env::var_os("NO_COLOR").is_none() && std::io::stderr().is_terminal()
}

/// One line.
pub(super) fn line(text: impl AsRef<str>) {
    // A reader that went away (`| head`) is no failure.
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// A remark beside the answer.
pub(super) fn remark(text: impl AsRef<str>) {
    eprintln!("{}", text.as_ref());
}

/// An answer in JSON.
pub(super) fn json(value: &impl Serialize) -> Done {
    let text = serde_json::to_string_pretty(value).map_err(|error| AppError::internal(error.to_string()))?;
    line(text);
    Ok(OK)
}

/// A table with a header; columns as wide as they need to be, numbers to the right.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) {
    let width = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count())
            .chain([header.get(at).map_or(0, |h| h.chars().count())])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let number = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
    let show = |row: &[String]| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                if number(cell) { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
            })
            .collect();
        line(cells.join("  ").trim_end());
    };
    show(&header.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>());
    line(widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "));
    rows.iter().for_each(|row| show(row));
}

/// The problems of a failure in JSON.
pub(super) fn problems(error: &AppError) -> serde_json::Value {
    error
        .problems
        .iter()
        .map(|problem| serde_json::json!({"code": problem.code.as_str(), "at": problem.at, "detail": problem.detail, "hint": problem.hint}))
        .collect()
}

/// A failure, in the form that was asked for.
pub(super) fn failure(arguments: &Arguments, error: &AppError) {
    if arguments.json {
        eprintln!("{}", serde_json::json!({ "problems": problems(error) }));
        return;
    }
    for problem in &error.problems {
        eprintln!("error[{}]: {}", problem.code, problem);
    }
    if let Some(problem) = error.problems.first() {
        eprintln!("see docs/errors/{}.md", problem.code);
    }
}

/// A bar for long work: what, how far, at what rate, how much longer. Silent where nobody watches.
pub(super) struct Bar {
    bar: ProgressBar,
    what: &'static str,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        Self { bar, what: "" }
    }

    /// Shows how far the work is; a new kind of work begins a new bar.
    pub(super) fn at(&mut self, what: &'static str, done: u64, of: u64, bytes: bool) {
        if self.what != what {
            self.what = what;
            let form = if bytes {
                "{msg:<18} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left"
            } else {
                "{msg:<18} {wide_bar} {human_pos}/{human_len} {per_sec} {eta} left"
            };
            if let Ok(style) = ProgressStyle::with_template(form) {
                self.bar.set_style(style);
            }
            self.bar.reset();
            self.bar.set_message(what);
        }
        self.bar.set_length(of);
        self.bar.set_position(done.min(of));
    }

    pub(super) fn done(&self) {
        self.bar.finish_and_clear();
    }
}

/// Writes the completions of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Done {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "probity", &mut bytes);
    line(String::from_utf8_lossy(&bytes).trim_end());
    Ok(OK)
}

/// Says how much memory the process held at most, when `PROBITY_REPORT_MEMORY` asks for it (Linux).
pub(super) fn report_memory() {
    if std::env::var_os("PROBITY_REPORT_MEMORY").is_some()
        && let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))
    {
        eprintln!("peak memory: {}", peak.trim());
    }
}
