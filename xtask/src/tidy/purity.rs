//! The pure crates do no I/O, read no clock, hold no async and throw no dice.

use crate::checkout::{Checkout, File, Package};
use crate::finding::Finding;
use crate::rust_text::{Mention, RustText};

/// The crates that run alike live, in a backtest and in an audit replay.
const PURE: [&str; 6] = ["primitives", "expression", "scorecard", "challenger", "credit", "sim"];

/// What they may not name, and what to do instead. A name of one segment is a crate.
const BANNED: [(&str, &str); 11] = [
    ("std::fs", "take the bytes or the text as an argument; the server reads files"),
    ("std::net", "leave the network to the server"),
    ("std::thread", "stay on the caller's thread; the server decides what runs in parallel"),
    ("std::process", "return an error; only the binary ends processes"),
    ("std::env", "take the setting as an argument"),
    ("SystemTime::now", "take the moment as an argument"),
    ("Instant::now", "take the moment as an argument; measure in the server"),
    ("Timestamp::now", "take the moment as an argument"),
    ("Zoned::now", "take the moment as an argument"),
    ("tokio", "stay synchronous; the server owns the runtime"),
    ("rand", "take the random value or the seed as an argument"),
];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let pure = tree.packages.iter().filter(|package| PURE.contains(&package.name.as_str()));
    pure.flat_map(|package| of_package(tree, package)).collect()
}

fn of_package(tree: &Checkout, package: &Package) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, rust) in tree.sources_in(&package.folder) {
        if !tree.is_test_file(&file.path) {
            found.extend(of_file(&package.name, file, rust));
        }
    }
    let at = format!("{}/Cargo.toml", package.folder);
    let names = super::dependencies::of(&package.manifest, &["dependencies", "build-dependencies"]);
    for (banned, instead) in BANNED.iter().filter(|(banned, _)| names.contains(*banned)) {
        let what = format!("the pure crate `{}` depends on `{banned}`", package.name);
        found.push(Finding::new(&at, what, *instead));
    }
    found.extend(clippy_settings(tree, package));
    found
}

fn of_file(crate_name: &str, file: &File, rust: &RustText) -> Vec<Finding> {
    let live = rust.mentions().into_iter().filter(|mention| !rust.is_test(mention.at));
    let banned = live.filter_map(|mention| {
        let (name, instead) = BANNED.iter().find(|(name, _)| names(&mention, name))?;
        let what = format!("the pure crate `{crate_name}` names `{name}`");
        Some(Finding::on_line(&file.path, rust.line(mention.at), what, *instead))
    });
    banned.collect()
}

fn names(mention: &Mention, banned: &str) -> bool {
    let wanted: Vec<&str> = banned.split("::").collect();
    match wanted.len() {
        1 => mention.segments.len() > 1 && mention.segments.first().is_some_and(|first| first == banned),
        n => mention.segments.windows(n).any(|window| window == wanted),
    }
}

/// A crate's own `clippy.toml` replaces the workspace's, so it must repeat it.
fn clippy_settings(tree: &Checkout, package: &Package) -> Vec<Finding> {
    let at = format!("{}/clippy.toml", package.folder);
    let settings = |path: &str| tree.file(path).and_then(|file| file.text.parse::<toml::Table>().ok());
    let Some(own) = settings(&at) else {
        let what = format!("the pure crate `{}` has no readable clippy.toml", package.name);
        return vec![Finding::new(
            &at,
            what,
            "copy it from crates/primitives: it disallows clocks, files and dice",
        )];
    };
    let shared = settings("clippy.toml").unwrap_or_default();
    let differing = shared.iter().filter(|(key, value)| own.get(key.as_str()) != Some(value));
    let told = differing.map(|(key, value)| {
        let what = format!(
            "`{key}` of the workspace's clippy.toml is not repeated, and this file replaces that one"
        );
        Finding::new(&at, what, format!("add `{key} = {value}`"))
    });
    told.collect()
}
