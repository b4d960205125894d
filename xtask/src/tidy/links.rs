//! A link to a file of the repository leads to a file of the repository.

use crate::checkout::{Checkout, File};
use crate::finding::Finding;

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    tree.files.iter().filter(|file| file.path.ends_with(".md")).flat_map(|page| of_page(tree, page)).collect()
}

fn of_page(tree: &Checkout, page: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(page.text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            for target in targets(line) {
                if let Some((what, instead)) = broken(tree, page, &target) {
                    found.push(Finding::on_line(&page.path, number, what, instead));
                }
            }
        }
    }
    found
}

/// What the links of a line point to: `[text](target "title")`, `[name]: target`, `src="target"`, `href="target"`.
fn targets(line: &str) -> Vec<String> {
    // What stands between backticks is shown, not followed.
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let mut found = Vec::new();
    for (opening, closing) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
        for part in prose.split(opening).skip(1) {
            found.extend(part.split(closing).next());
        }
    }
    if let Some((_, target)) = prose.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
        found.push(target);
    }
    let bare =
        |target: &str| target.split_whitespace().next().unwrap_or("").trim_matches(['<', '>']).to_owned();
    found.into_iter().map(bare).collect()
}

fn broken(tree: &Checkout, page: &File, target: &str) -> Option<(String, &'static str)> {
    let path = target.split(['#', '?']).next().unwrap_or("").replace("%20", " ");
    let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
    if path.is_empty() || is_elsewhere {
        return None;
    }
    if path.starts_with('/') {
        return Some((format!("the link `{target}` is absolute"), "write it relative to this page"));
    }
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(resolved) = joined(folder, &path) else {
        return Some((
            format!("the link `{target}` leads out of the repository"),
            "link only to what a clone contains",
        ));
    };
    let below = format!("{resolved}/");
    let exists = resolved.is_empty()
        || tree.paths.contains(&resolved)
        || tree.paths.iter().any(|p| p.starts_with(&below));
    (!exists).then(|| {
        (format!("the link `{target}` leads to nothing: no {resolved}"), "mend the path, or write the file")
    })
}

/// The path seen from a folder, without `.` and `..`; nothing when it leaves the root.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
