//! Lower never knows higher: which crate may depend on which.

use crate::checkout::{Checkout, Package};
use crate::finding::Finding;

/// The house plan: each crate and the crates it may name. Development dependencies are free.
const PLAN: [(&str, &[&str]); 9] = [
    ("primitives", &[]),
    ("expression", &["primitives"]),
    ("scorecard", &[]),
    ("challenger", &["scorecard"]),
    ("credit", &["primitives", "expression"]),
    ("store", &["primitives"]),
    ("intake", &["primitives"]),
    ("sim", &["primitives"]),
    ("server", &["primitives", "expression", "scorecard", "challenger", "credit", "store", "intake", "sim"]),
];

/// Crates outside the house: tools and bindings that nothing depends on, and the crates that each may name.
const TOOLS: [(&str, &[&str]); 4] = [
    ("xtask", &[]),
    ("bench", &["primitives", "scorecard", "challenger", "credit", "server"]),
    ("bench-zen", &[]),
    ("python", &["scorecard"]),
];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    tree.packages.iter().flat_map(of_package).collect()
}

fn of_package(package: &Package) -> Vec<Finding> {
    let at = format!("{}/Cargo.toml", package.folder);
    let planned = PLAN.iter().chain(&TOOLS).find(|(name, _)| *name == package.name);
    let Some((_, allowed)) = planned else {
        let what = format!("the crate `{}` is not in the house plan", package.name);
        return vec![Finding::new(
            &at,
            what,
            "add it to the house plan: PLAN in xtask/src/tidy/crate_edges.rs",
        )];
    };
    let names = super::dependencies::of(&package.manifest, &["dependencies", "build-dependencies"]);
    let own = names.iter().filter_map(|name| name.strip_prefix("probity-"));
    let refused = own.filter(|name| !allowed.contains(name)).map(|name| {
        let what = format!("`{}` may not depend on `{name}`", package.name);
        let instead = match allowed {
            [] => {
                "depend on none of our crates; move what is shared down, or pass it as an argument".to_owned()
            }
            _ => format!(
                "use only {}; move what is shared down, or let the server join the two",
                allowed.join(", ")
            ),
        };
        Finding::new(&at, what, instead)
    });
    refused.collect()
}
