//! The rules of the house, each a small function over the tree, each with its remedy in the message.

use crate::checkout::Checkout;
use crate::finding::Finding;
use crate::terminal::{note, say};
use std::path::Path;

mod dependencies;
mod exemptions;
mod crate_edges;
mod purity;
mod module_order;
mod names;
mod length;
mod lints;
mod sql;
mod catalogue;
mod error_pages;
mod leftovers;
mod machine_paths;
mod links;
mod changelog;
#[cfg(test)]
mod broken_trees;

/// A rule: the tree in, what breaks it out.
type Rule = fn(&Checkout) -> Vec<Finding>;

const RULES: [(&str, Rule); 14] = [
    ("crate edges", crate_edges::check),
    ("pure crates", purity::check),
    ("module order", module_order::check),
    ("names", names::check),
    ("length", length::check),
    ("lints", lints::check),
    ("sql", sql::check),
    ("catalogue pages", catalogue::check),
    ("error pages", error_pages::check),
    ("dependencies", dependencies::check),
    ("leftovers", leftovers::check),
    ("machine paths", machine_paths::check),
    ("links", links::check),
    ("changelog", changelog::check),
];

/// Checks the tree, prints what it found, and says whether the tree is tidy.
pub(crate) fn run(root: &Path) -> Result<bool, String> {
    let tree = Checkout::read(root)?;
    let unused = dependencies::unused(&tree);
    if !unused.is_empty() {
        note(&format!("note: docs/DEPENDENCIES.md lists what no crate uses: {}", unused.join(", ")));
    }
    let findings = findings(&tree);
    for (rule, finding) in &findings {
        say(&format!("{finding}\n    rule: {rule}\n"));
    }
    let (files, rules) = (tree.files.len(), RULES.len());
    match findings.len() {
        0 => say(&format!("tidy: {files} files, {rules} rules, nothing to mend")),
        n => say(&format!("tidy: {files} files, {rules} rules, {n} to mend in {}", tree.root.display())),
    }
    Ok(findings.is_empty())
}

fn findings(tree: &Checkout) -> Vec<(&'static str, Finding)> {
    let mut all = Vec::new();
    for (name, rule) in RULES {
        let mut found = rule(tree);
        found.sort();
        found.dedup();
        all.extend(found.into_iter().map(|finding| (name, finding)));
    }
    all
}
