//! What differs between two catalogues, file by file.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What changed in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// Lines that are only in the second.
    pub lines_added: usize,
    /// Lines that are only in the first.
    pub lines_removed: usize,
    /// Definitions that were added, removed or changed.
    pub definitions: Vec<String>,
}

/// What differs from the first to the second.
pub fn difference(first: &BTreeMap<String, String>, second: &BTreeMap<String, String>) -> Vec<FileChange> {
    let paths: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let change = |path: &String| {
        let (before, after) = (first.get(path), second.get(path));
        if before == after {
            return None;
        }
        let change = match (before, after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        let (before, after) = (before.map_or("", String::as_str), after.map_or("", String::as_str));
        let (lines_removed, lines_added) = lines(before, after);
        let definitions = definitions(before, after);
        Some(FileChange { path: path.clone(), change, lines_added, lines_removed, definitions })
    };
    paths.into_iter().filter_map(change).collect()
}

/// Lines of each that the other does not have; a line that only moved is none.
fn lines(before: &str, after: &str) -> (usize, usize) {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    before.lines().for_each(|line| *counts.entry(line).or_default() -= 1);
    after.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    let sum = |of: &dyn Fn(i64) -> i64| counts.values().map(|count| of(*count)).sum::<i64>().unsigned_abs();
    (sum(&|count| (-count).max(0)) as usize, sum(&|count| count.max(0)) as usize)
}

/// Names of the definitions whose text is another one.
fn definitions(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (blocks(before), blocks(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// The tables of a TOML text by header and name; comments and blank lines left out.
fn blocks(text: &str) -> BTreeMap<String, Vec<String>> {
    let (mut all, mut header, mut named, mut block) =
        (BTreeMap::new(), String::new(), None::<String>, Vec::<String>::new());
    let mut end = |header: &str, named: Option<String>, block: Vec<String>| {
        let name = named.map_or_else(|| header.to_owned(), |named| format!("{header} {named}"));
        if !block.is_empty() {
            all.entry(name.trim().to_owned()).or_insert_with(Vec::new).extend(block);
        }
    };
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') && line.ends_with(']') {
            end(&header, named.take(), std::mem::take(&mut block));
            header = line.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, value)) = line.split_once('=')
            && named.is_none()
            && ["name", "code", "tier", "currency", "field"].contains(&key.trim())
        {
            named = Some(value.trim().trim_matches('"').to_owned());
        }
        block.push(line.to_owned());
    }
    end(&header, named, block);
    all
}

#[cfg(test)]
mod tests {
    use super::difference;
    use std::collections::BTreeMap;

    fn texts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn differences_name_files_lines_and_definitions() {
        let rules = "[[rule]]\nname = \"one\"\nlimit = 1\n\n[[rule]]\nname = \"two\"\nlimit = 2\n";
        let check = |first: &[(&str, &str)], second: &[(&str, &str)], wanted: &[&str]| {
            let found: Vec<String> = difference(&texts(first), &texts(second))
                .into_iter()
                .map(|one| {
                    let FileChange { path, change, lines_added, lines_removed, definitions } = one;
                    format!("{path} {change} +{lines_added} -{lines_removed} {}", definitions.join(","))
                })
                .collect();
            assert_eq!(found, wanted);
        };
        use super::FileChange;
        check(&[("a", rules)], &[("a", rules)], &[]);
        check(&[("a", rules)], &[("a", &rules.replace("= 2", "= 3"))], &["a changed +1 -1 rule two"]);
        check(&[], &[("a", rules)], &["a added +7 -0 rule one,rule two"]);
        check(&[("a", rules)], &[], &["a removed +0 -7 rule one,rule two"]);
        check(&[("a", "x = 1\n")], &[("a", "# why\nx = 1\n")], &["a changed +1 -0 "]);
        let swapped = "[[rule]]\nname = \"two\"\nlimit = 2\n[[rule]]\nname = \"one\"\nlimit = 1\n\n";
        check(&[("a", rules)], &[("a", swapped)], &["a changed +0 -0 "]);
    }
}
