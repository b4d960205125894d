//! Every dependency has a line that says why it and not another.

use crate::checkout::Checkout;
use crate::finding::Finding;
use std::collections::BTreeSet;

const PAGE: &str = "docs/DEPENDENCIES.md";
/// The Python package: what it needs, and what its tests need.
const PYTHON: [&str; 2] = ["python/pyproject.toml", "python/requirements-test.txt"];
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
    named.chain(of_python(tree)).filter(|(_, name)| !name.starts_with("probity-")).collect()
}

/// The packages that the Python package names: those it is built with, those it runs with, those of its tests.
fn of_python(tree: &Checkout) -> Vec<(String, String)> {
    let [project, requirements] = PYTHON;
    let manifest =
        tree.file(project).and_then(|file| file.text.parse::<toml::Table>().ok()).unwrap_or_default();
    let list = |table: &str, key: &str| manifest.get(table)?.get(key)?.as_array().cloned();
    let lists = [list("build-system", "requires"), list("project", "dependencies")];
    let texts: Vec<String> =
        lists.iter().flatten().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect();
    let lines = tree.file(requirements).map_or("", |file| file.text.as_str()).lines();
    let in_project = texts.iter().map(|text| (project, text.as_str()));
    let all = in_project.chain(lines.map(|line| (requirements, line)));
    let name = |text: &str| {
        let text = text.trim();
        let end = text.find(|letter: char| !letter.is_alphanumeric() && !"-_.".contains(letter));
        text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_owned()
    };
    let named = all.map(|(at, text)| (at.to_owned(), name(text)));
    named.filter(|(_, name)| !name.is_empty()).collect()
}

/// The names in the first column of the page's tables.
fn listed(tree: &Checkout) -> BTreeSet<String> {
    let text = tree.file(PAGE).map_or("", |file| file.text.as_str());
    let cells = text.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    let names = cells.flat_map(|cell| cell.split(',')).map(|name| name.trim().trim_matches('`'));
    let is_name = |name: &&str| !name.is_empty() && *name != "crate" && !name.starts_with([':', '-']);
    names.filter(is_name).map(str::to_owned).collect()
}
