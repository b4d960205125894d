//! Names that say nothing attract everything.

use crate::checkout::Checkout;
use crate::finding::Finding;
use crate::rust_text::words;
use std::collections::BTreeSet;

const FORBIDDEN: [&str; 8] = ["common", "utils", "util", "helpers", "helper", "types", "manager", "misc"];
const SOURCES: [&str; 6] = [".rs", ".py", ".js", ".mjs", ".ts", ".css"];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut folders = BTreeSet::new();
    for path in &tree.paths {
        let Some(stem) = SOURCES.iter().find_map(|ending| path.strip_suffix(ending)) else { continue };
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        found.extend(FORBIDDEN.contains(&name).then(|| finding(path, name)));
        folders.extend(folder.split('/').filter(|part| FORBIDDEN.contains(part)).map(|part| (folder, part)));
    }
    found.extend(folders.into_iter().map(|(folder, part)| finding(folder, part)));
    for (file, rust) in tree.sources() {
        for name in FORBIDDEN {
            let inline = words(&rust.code, name).filter(|&at| {
                let before = rust.code.get(..at).unwrap_or_default();
                before.ends_with("mod ")
                    && !rust.code.get(at + name.len()..).unwrap_or_default().starts_with(';')
            });
            let at = |offset| format!("{}:{}", file.path, rust.line(offset));
            found.extend(inline.map(|offset| finding(&at(offset), name)));
        }
    }
    found
}

fn finding(at: &str, name: &str) -> Finding {
    Finding::new(
        at,
        format!("`{name}` is a forbidden name"),
        "name it after what it holds, or move each item to the noun it serves",
    )
}
