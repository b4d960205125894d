//! Every error code has a page, and every page has a code.

use crate::checkout::Checkout;
use crate::finding::Finding;
use std::collections::BTreeMap;

const PAGES: &str = "docs/errors/";

pub(super) fn check(tree: &Checkout) -> Vec<Finding> {
    let (codes, mut found) = codes(tree);
    for (code, at) in &codes {
        let page = format!("{PAGES}{code}.md");
        if !tree.paths.contains(&page) {
            let what = format!("the code `{code}` has no page");
            found.push(Finding::new(at, what, format!("write {page}: what happened, why, what to do")));
        }
    }
    let pages =
        tree.paths.iter().filter_map(|path| Some((path, path.strip_prefix(PAGES)?.strip_suffix(".md")?)));
    for (path, code) in pages.filter(|(_, code)| *code != "README") {
        if !codes.contains_key(code) {
            let what = format!("no source declares the code `{code}`");
            found.push(Finding::new(
                path,
                what,
                "remove the page, or give it the name of the code it is about",
            ));
        }
    }
    found
}

/// Each code with the place where it is declared first, and the declarations that cannot be read.
fn codes(tree: &Checkout) -> (BTreeMap<String, String>, Vec<Finding>) {
    let (mut codes, mut found) = (BTreeMap::new(), Vec::new());
    for (file, rust) in
        tree.sources_in("crates").filter(|(f, _)| f.path.contains("/src/") && !tree.is_test_file(&f.path))
    {
        for mention in rust.mentions() {
            let declares = mention.segments.ends_with(&["Code".to_owned(), "new".to_owned()]);
            if !declares || rust.is_test(mention.at) {
                continue;
            }
            let line = rust.line(mention.at);
            match argument(&rust.code, mention.at).and_then(|at| rust.literal_at(at)) {
                Some(literal) if is_code(&literal.text) => {
                    codes.entry(literal.text.clone()).or_insert_with(|| format!("{}:{line}", file.path));
                }
                Some(literal) => {
                    let what = format!("`{}` is no error code", literal.text);
                    found.push(Finding::on_line(
                        &file.path,
                        line,
                        what,
                        "use lower-case words joined by hyphens",
                    ));
                }
                None => {
                    let instead = "write it as a literal, so that its page can be found";
                    found.push(Finding::on_line(
                        &file.path,
                        line,
                        "an error code that is not a literal",
                        instead,
                    ));
                }
            }
        }
    }
    (codes, found)
}

/// Where the first argument behind a path starts.
fn argument(code: &str, path: usize) -> Option<usize> {
    let open = path + code.get(path..)?.find('(')? + 1;
    Some(open + code.get(open..)?.find(|c: char| !c.is_whitespace())?)
}

fn is_code(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.split('-').all(is_word)
}
