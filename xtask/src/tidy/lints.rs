//! Every crate inherits the lints of the workspace.

use crate::checkout::Checkout;
use crate::finding::Finding;

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let inherits = |manifest: &toml::Table| manifest.get("lints")?.get("workspace")?.as_bool();
    let lax = tree.packages.iter().filter(|package| inherits(&package.manifest) != Some(true));
    let told = lax.map(|package| {
        let what = format!("the crate `{}` does not inherit the workspace's lints", package.name);
        Finding::new(&format!("{}/Cargo.toml", package.folder), what, "add `[lints]` with `workspace = true`")
    });
    told.collect()
}
