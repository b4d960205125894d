//! What changed is written down where users look.

use crate::checkout::Checkout;
use crate::finding::Finding;

const PAGE: &str = "CHANGELOG.md";

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    match tree.file(PAGE) {
        None => vec![Finding::new(PAGE, "there is no changelog", "add it, with a section `## [Unreleased]`")],
        Some(file) if !file.text.contains("## [Unreleased]") => {
            vec![Finding::new(
                PAGE,
                "no section `## [Unreleased]`",
                "add it at the top; a release renames it",
            )]
        }
        Some(_) => vec![],
    }
}
