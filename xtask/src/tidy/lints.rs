//! Every crate inherits the lints of the workspace; one that is a workspace of its own cannot, and forbids `unsafe` itself.

use crate::checkout::Checkout;
use crate::finding::Finding;

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let inherits = |manifest: &toml::Table| manifest.get("lints")?.get("workspace")?.as_bool();
    let apart = |manifest: &toml::Table| {
        let unsafe_code = manifest.get("lints")?.get("rust")?.get("unsafe_code")?.as_str()?;
        Some(manifest.contains_key("workspace") && unsafe_code == "forbid")
    };
    let kept = |manifest: &toml::Table| inherits(manifest) == Some(true) || apart(manifest) == Some(true);
    let lax = tree.packages.iter().filter(|package| !kept(&package.manifest));
    let told = lax.map(|package| {
        let what = format!("the crate `{}` does not inherit the workspace's lints", package.name);
        Finding::new(&format!("{}/Cargo.toml", package.folder), what, "add `[lints]` with `workspace = true`")
    });
    told.collect()
}
