//! Every file of the catalogue is named on a page.

use crate::checkout::Checkout;
use crate::finding::Finding;

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let is_page = |path: &str| path.starts_with("docs/catalogue/") && path.ends_with(".md");
    let pages: Vec<&str> = tree.files.iter().filter(|f| is_page(&f.path)).map(|f| f.text.as_str()).collect();
    let files = tree.files.iter().filter(|f| f.path.starts_with("catalogue/") && f.path.ends_with(".toml"));
    let unnamed = files.filter(|file| !pages.iter().any(|page| names(page, described_by(&file.path))));
    let told = unnamed.map(|file| {
        let wanted = described_by(&file.path);
        let instead = format!("name `{wanted}` on a page in docs/catalogue/ and say there what it holds");
        Finding::new(&file.path, "no page in docs/catalogue/ names this file", instead)
    });
    told.collect()
}

/// The file whose page covers this one: a case table is covered by the page of the definitions it tests. Without `catalogue/`.
fn described_by(path: &str) -> String {
    path.trim_start_matches("catalogue/").replace(".cases.toml", ".toml")
}

/// Whether the page holds the name on its own, not as the end of another path.
fn names(page: &str, name: String) -> bool {
    page.match_indices(&name).any(|(at, _)| {
        let before = page.get(..at).unwrap_or_default();
        before.ends_with("catalogue/")
            || !before.ends_with(|c: char| c.is_alphanumeric() || "/-_.".contains(c))
    })
}
