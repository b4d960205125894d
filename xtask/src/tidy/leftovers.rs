//! Nothing half done is left in the sources.

use crate::checkout::Checkout;
use crate::finding::Finding;
use crate::rust_text::words;

const LEFTOVERS: [(&str, &str, &str); 4] = [
    ("todo", "!", "write it, or open an issue and return a Problem"),
    ("unimplemented", "!", "write it, or return a Problem that says it is not supported"),
    ("dbg", "!", "remove it; the server logs through tracing"),
    ("ignore", "]", "mend the test or remove it; a slow one belongs into the benchmarks"),
];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let mut found = conflicts(tree);
    for (file, rust) in tree.sources() {
        for (word, behind, instead) in LEFTOVERS {
            for at in words(&rust.code, word) {
                let before = rust.code.get(..at).unwrap_or_default();
                let after = rust.code.get(at + word.len()..).unwrap_or_default();
                let (is_left, shown) = match behind {
                    // An attribute may carry a reason: `#[ignore = "…"]`.
                    "]" => (
                        before.ends_with("#[") && after.trim_start().starts_with([']', '=']),
                        format!("#[{word}]"),
                    ),
                    _ => (after.starts_with(behind), format!("{word}!")),
                };
                if is_left {
                    found.push(Finding::on_line(
                        &file.path,
                        rust.line(at),
                        format!("`{shown}` is left in the source"),
                        instead,
                    ));
                }
            }
        }
    }
    found
}

/// Marks of a merge that was taken without being resolved.
fn conflicts(tree: &Checkout) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &tree.files {
        for (number, line) in (1..).zip(file.text.lines()) {
            if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
                let what = "an unresolved conflict of a merge";
                found.push(Finding::on_line(
                    &file.path,
                    number,
                    what,
                    "keep what is right of both sides and remove the marks",
                ));
            }
        }
    }
    found
}
