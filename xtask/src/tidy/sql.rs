//! The store speaks SQL to the database, nobody else does.

use super::exemptions::LIST;
use crate::checkout::{Checkout, File};
use crate::finding::Finding;
use crate::rust_text::RustText;

/// How a statement begins, and a word that must follow somewhere so that a sentence in English is not taken for one.
const STATEMENTS: [(&str, &str); 5] = [
    ("select ", " from "),
    ("insert ", "into "),
    ("update ", " set "),
    ("delete ", "from "),
    ("create table ", ""),
];

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let exemptions = super::exemptions::of(tree, &["sql"]);
    let mut found = exemptions.findings;
    for (file, rust) in tree.sources_in("crates").filter(|(file, _)| !file.path.starts_with("crates/store/"))
    {
        let statements = of_file(tree, file, rust);
        let exempt = exemptions.entries.iter().any(|entry| entry.path == file.path);
        if exempt && statements.is_empty() {
            let what = format!("the [[sql]] entry for {} is no longer needed", file.path);
            found.push(Finding::new(LIST, what, "remove the entry"));
        } else if !exempt {
            found.extend(statements);
        }
    }
    for entry in exemptions.entries.iter().filter(|entry| tree.file(&entry.path).is_none()) {
        let what = format!("the [[sql]] entry for {} names nothing that exists", entry.path);
        found.push(Finding::new(LIST, what, "remove the entry"));
    }
    found
}

fn of_file(tree: &Checkout, file: &File, rust: &RustText) -> Vec<Finding> {
    // The expression language is SQL-like: its tests refuse whole statements.
    let in_expression = file.path.starts_with("crates/expression/");
    let exempt = |at: usize| in_expression && (tree.is_test_file(&file.path) || rust.is_test(at));
    let statements =
        rust.literals.iter().filter(|literal| is_statement(&literal.text) && !exempt(literal.at));
    let told = statements.map(|literal| {
        let instead = "give crates/store a method with a name from the domain and call that";
        Finding::on_line(&file.path, rust.line(literal.at), "an SQL statement outside crates/store", instead)
    });
    told.collect()
}

fn is_statement(literal: &str) -> bool {
    let unescaped = literal.replace("\\n", " ").replace("\\t", " ");
    let text = unescaped.split_whitespace().collect::<Vec<_>>().join(" ") + " ";
    let upper = text.to_lowercase();
    let begins = |(verb, then): &(&str, &str)| {
        let shouted = text.starts_with(&verb.to_uppercase()) && text.len() > verb.len();
        upper.starts_with(verb) && (shouted || upper.contains(then))
    };
    STATEMENTS.iter().any(begins)
}
