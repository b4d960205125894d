//! Every dependency has a line that says why it and not another.

use crate::checkout::Checkout;
use crate::finding::Finding;
use std::collections::BTreeSet;

const PAGE: &str = "docs/DEPENDENCIES.md";
const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let listed = listed(tree);
    let mut found = Vec::new();
    for (at, name) in used(tree) {
        if !listed.contains(&name) {
            let what = format!("the dependency `{name}` has no line in {PAGE}");
            found.push(Finding::new(&at, what, format!("add a row `| {name} | why it and not another |`")));
        }
    }
    found
}

/// Rows of the page whose crate nothing uses: worth a word, no failure, for a page may run ahead of the code.
pub(super) fn unused(tree: &Checkout) -> Vec<String> {
    let used: BTreeSet<String> = used(tree).into_iter().map(|(_, name)| name).collect();
    listed(tree).into_iter().filter(|name| !used.contains(name)).collect()
}

/// The package names that a manifest's sections depend on, those for one target or of the workspace included.
pub(super) fn of(manifest: &toml::Table, sections: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let by_target = targets.into_iter().flat_map(|t| t.values()).filter_map(toml::Value::as_table);
    let workspace = manifest.get("workspace").and_then(toml::Value::as_table);
    for table in by_target.chain(workspace).chain([manifest]) {
        for section in sections {
            let entries = table.get(*section).and_then(toml::Value::as_table);
            for (key, value) in entries.into_iter().flatten() {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                names.insert(renamed.unwrap_or(key).to_owned());
            }
        }
    }
    names
}

fn used(tree: &Checkout) -> Vec<(String, String)> {
    let members = tree.packages.iter().map(|p| (format!("{}/Cargo.toml", p.folder), &p.manifest));
    let manifests = members.chain([("Cargo.toml".to_owned(), &tree.manifest)]);
    let named = manifests
        .flat_map(|(at, manifest)| of(manifest, &SECTIONS).into_iter().map(move |n| (at.clone(), n)));
    named.filter(|(_, name)| !name.starts_with("probity-")).collect()
}

/// The names in the first column of the page's tables.
fn listed(tree: &Checkout) -> BTreeSet<String> {
    let text = tree.file(PAGE).map_or("", |file| file.text.as_str());
    let cells = text.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    let names = cells.flat_map(|cell| cell.split(',')).map(|name| name.trim().trim_matches('`'));
    let is_name = |name: &&str| !name.is_empty() && *name != "crate" && !name.starts_with([':', '-']);
    names.filter(is_name).map(str::to_owned).collect()
}
