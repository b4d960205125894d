//! No path of one person's machine stands in a file that everybody gets.

use crate::checkout::Checkout;
use crate::finding::Finding;

/// Folders that exist on the machine of whoever wrote the line. Written in two halves, so that this file does not name them.
const FOLDERS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &tree.files {
        for (number, line) in (1..).zip(file.text.lines()) {
            for folder in FOLDERS.iter().filter(|folder| names(line, folder)) {
                let what = format!("a path of one machine: `{folder}`");
                let instead = "write it relative to the repository, or read it from an argument or a setting";
                found.push(Finding::on_line(&file.path, number, what, instead));
            }
        }
    }
    found
}

/// Whether the folder starts a path; `https://host/…` and `a/…` only hold it.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        !before.ends_with(|c: char| c.is_alphanumeric() || "_-.~/}*".contains(c))
    })
}
