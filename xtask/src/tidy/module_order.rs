//! A module names only modules listed above it: reading `lib.rs` from the top tells the flow.

use crate::checkout::{Checkout, File, Package};
use crate::finding::Finding;
use crate::rust_text::{Mention, RustText};
use std::collections::BTreeMap;

/// The modules of one crate root in their order, and where the root's re-exported names come from.
struct Root {
    path: String,
    modules: Vec<String>,
    exported: BTreeMap<String, String>,
}

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    tree.packages.iter().flat_map(|package| of_package(tree, package)).collect()
}

fn of_package(tree: &Checkout, package: &Package) -> Vec<Finding> {
    let source = format!("{}/src", package.folder);
    let paths = ["lib.rs", "main.rs"].map(|name| format!("{source}/{name}"));
    let roots: Vec<Root> = paths.iter().filter_map(|path| root(tree.file(path)?)).collect();
    let mut found = Vec::new();
    for (file, rust) in tree.sources_in(&source) {
        if tree.is_test_file(&file.path) {
            continue;
        }
        let inside = file.path.trim_start_matches(&source).trim_start_matches('/');
        let module: Vec<&str> =
            inside.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
        for root in &roots {
            found.extend(of_file(root, &module, file, rust));
        }
    }
    found
}

fn root(file: &File) -> Option<Root> {
    let rust = file.rust.as_ref()?;
    let modules: Vec<String> = rust.top_modules().into_iter().map(|(name, _)| name).collect();
    let mut exported = BTreeMap::new();
    for mention in rust.mentions() {
        let relative = mention.segments.iter().filter(|s| *s != "crate" && *s != "self").collect::<Vec<_>>();
        if let [module, .., name] = relative.as_slice()
            && modules.contains(module)
        {
            exported.insert((*name).clone(), (*module).clone());
        }
    }
    Some(Root { path: file.path.clone(), modules, exported })
}

fn of_file(root: &Root, module: &[&str], file: &File, rust: &RustText) -> Vec<Finding> {
    let place = |name: &str| root.modules.iter().position(|module| module == name);
    let Some((own_name, own_place)) = module.first().and_then(|top| Some((*top, place(top)?))) else {
        return vec![];
    };
    let mut found = Vec::new();
    for mention in rust.mentions() {
        let Some(named) = from_root(&mention, module.len()).filter(|_| !rust.is_test(mention.at)) else {
            continue;
        };
        let target =
            if place(named).is_some() { named } else { root.exported.get(named).map_or("", String::as_str) };
        if place(target).is_some_and(|there| there > own_place) {
            let what = format!("`{own_name}` names `{target}`, which stands below it in {}", root.path);
            let instead = "move the shared part up, or pass it in; reorder the `mod` lines only if the flow is really the other way";
            found.push(Finding::on_line(&file.path, rust.line(mention.at), what, instead));
        }
    }
    found
}

/// The segment behind the crate's root, of a path written with `crate::` or with as many `super::` as lead there.
fn from_root(mention: &Mention, depth: usize) -> Option<&str> {
    let supers = mention.segments.iter().take_while(|segment| *segment == "super").count();
    let starts_at_root = mention.segments.first().is_some_and(|first| first == "crate");
    let skipped = if starts_at_root { 1 } else { (supers == depth).then_some(supers)? };
    mention.segments.get(skipped).map(String::as_str)
}
