//! Files and functions that still fit into a head, with a ratchet for the few that do not.

use super::exemptions::{Exemption, LIST};
use crate::checkout::Checkout;
use crate::finding::Finding;

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;
const SOURCES: [&str; 6] = [".rs", ".py", ".js", ".mjs", ".css", ".html"];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let exemptions = super::exemptions::of(tree, &["file", "function"]);
    let mut found = exemptions.findings;
    let measured = measured(tree);
    for item in &measured {
        let exemption =
            exemptions.entries.iter().find(|e| e.path == item.path && e.function == item.function);
        found.extend(judge(item, exemption));
    }
    for entry in exemptions.entries {
        let known = |item: &Measured| item.path == entry.path && item.function == entry.function;
        if !measured.iter().any(known) {
            let what = format!("the entry for {} names nothing that exists", entry.shown());
            found.push(Finding::new(LIST, what, "remove the entry"));
        }
    }
    found
}

/// A file (without function) or a function (the longest of its name in its file).
struct Measured {
    path: String,
    function: Option<String>,
    line: usize,
    lines: usize,
}

fn measured(tree: &Checkout) -> Vec<Measured> {
    let mut all: Vec<Measured> = Vec::new();
    for file in &tree.files {
        if SOURCES.iter().any(|ending| file.path.ends_with(ending)) {
            let lines = file.text.lines().count();
            all.push(Measured { path: file.path.clone(), function: None, line: 1, lines });
        }
        let mut functions = file.rust.as_ref().map(|rust| rust.functions()).unwrap_or_default();
        functions.sort_by_key(|f| (f.name.clone(), std::cmp::Reverse(f.lines)));
        functions.dedup_by(|a, b| a.name == b.name);
        all.extend(functions.into_iter().map(|f| Measured {
            path: file.path.clone(),
            function: Some(f.name),
            line: f.line,
            lines: f.lines,
        }));
    }
    all
}

fn judge(item: &Measured, exemption: Option<&Exemption>) -> Option<Finding> {
    let (most, what, split) = match &item.function {
        None => (FILE_LINES, "the file".to_owned(), "split it by noun"),
        Some(name) => {
            (FUNCTION_LINES, format!("`fn {name}`"), "split off the parts that have a name of their own")
        }
    };
    let lines = item.lines;
    let limit = exemption.map_or(most, |e| e.limit.max(most));
    if lines > limit {
        let what = format!("{what} has {lines} lines, at most {limit} are allowed");
        return Some(Finding::on_line(&item.path, item.line, what, split));
    }
    let entry = exemption?;
    let (what, instead) = if lines <= most {
        (
            format!("the entry for {} is no longer needed: {lines} lines", entry.shown()),
            "remove the entry".to_owned(),
        )
    } else if lines < entry.limit {
        (
            format!("the entry for {} allows more than its {lines} lines", entry.shown()),
            format!("lower its limit to {lines}"),
        )
    } else {
        return None;
    };
    Some(Finding::new(LIST, what, instead))
}
