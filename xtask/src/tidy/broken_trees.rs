//! Each rule is shown trees that break it, and a good one that does not.

use super::findings;
use crate::checkout::Checkout;
use std::path::Path;

/// A tree that keeps every rule.
const GOOD: [(&str, &str); 16] = [
    ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
    ("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n"),
    (
        "README.md",
        "See [the errors](docs/errors/ \"pages\"), [why](./docs/DEPENDENCIES.md#top), `[x](none)`.\n",
    ),
    ("clippy.toml", "allow-unwrap-in-tests = true\n"),
    ("catalogue/indicators/merchant/service.toml", ""),
    ("catalogue/indicators/merchant/service.cases.toml", ""),
    ("docs/catalogue/indicators.md", "Service: `catalogue/indicators/merchant/service.toml`.\n"),
    ("docs/errors/money-syntax.md", "# money-syntax\n"),
    ("docs/DEPENDENCIES.md", "| crate | why |\n|---|---|\n| `serde`, `toml` | files |\n"),
    ("crates/primitives/Cargo.toml", PRIMITIVES),
    ("crates/primitives/clippy.toml", "allow-unwrap-in-tests = true\n"),
    ("crates/primitives/src/lib.rs", "//! Lib.\nmod problem;\nmod money;\npub use problem::Code;\n"),
    (
        "crates/primitives/src/problem.rs",
        "pub struct Code;\n#[cfg(test)]\nmod tests { fn t() { std::fs::read(1); crate::money::x(); } }\n",
    ),
    (
        "crates/primitives/src/money.rs",
        "use crate::Code;\nconst A: Code = Code::new(\n    \"money-syntax\",\n);\n// todo!() std::fs \"\n",
    ),
    ("crates/store/Cargo.toml", STORE),
    ("crates/store/src/lib.rs", "const Q: &str = \"SELECT 1\";\n"),
];
const PRIMITIVES: &str =
    "[package]\nname = \"probity-primitives\"\n[lints]\nworkspace = true\n[dependencies]\nserde = \"1\"\n";
const STORE: &str = "[package]\nname = \"probity-store\"\n[lints]\nworkspace = true\n[dependencies]\nprobity-primitives = { path = \"../primitives\" }\n[dev-dependencies]\nprobity-server = { path = \"../server\" }\n";
const SERVER: &str = "[package]\nname = \"probity-server\"\n[lints]\nworkspace = true\n";
const ALLOWED: &str = "xtask/tidy-allowed.toml";

/// What tidy says of the good tree with some files added or replaced.
fn told(changes: &[(&str, String)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let changed = |path: &str| changes.iter().any(|(changed, _)| *changed == path);
    for (path, text) in GOOD.iter().filter(|(path, _)| !changed(path)) {
        write(folder.path(), path, text);
    }
    for (path, text) in changes {
        write(folder.path(), path, text);
    }
    let tree = Checkout::read(folder.path()).expect("a readable tree");
    findings(&tree).into_iter().map(|(rule, finding)| format!("{rule}: {finding}")).collect()
}

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder made");
    std::fs::write(file, text).expect("a file written");
}

/// With the change, tidy says one thing: `rule: place: what`, and then what to do instead.
fn check(path: &str, text: impl Into<String>, expected: &str, instead: &str) {
    check_all(&[(path, text.into())], &[(expected, instead)]);
}

fn check_all(changes: &[(&str, String)], expected: &[(&str, &str)]) {
    let told = told(changes);
    assert_eq!(told.len(), expected.len(), "{expected:?}\n{told:#?}");
    for (told, (what, instead)) in told.iter().zip(expected) {
        assert!(told.starts_with(what), "expected {what}\n     got {told}");
        let remedy = told.split_once("\n    instead: ").map_or("", |(_, remedy)| remedy);
        assert!(remedy.contains(instead), "expected the remedy {instead}\n     got {remedy}");
    }
}

#[test]
fn the_good_tree_is_tidy() {
    check_all(&[], &[]);
}

#[test]
fn each_rule_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = super::RULES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), super::RULES.len());
}

#[test]
fn crate_edges() {
    let primitives = format!("{PRIMITIVES}probity-store = {{ path = \"../store\" }}\n");
    let what = "crate edges: crates/primitives/Cargo.toml: `primitives` may not depend on `store`";
    check("crates/primitives/Cargo.toml", primitives, what, "none of our crates");

    let store = format!(
        "{STORE}[target.'cfg(unix)'.dependencies]\nlower = {{ package = \"probity-credit\", path = \"x\" }}\n"
    );
    let what = "crate edges: crates/store/Cargo.toml: `store` may not depend on `credit`";
    check("crates/store/Cargo.toml", store, what, "only primitives");

    let wallet = SERVER.replace("server", "wallet");
    let what = "crate edges: crates/wallet/Cargo.toml: the crate `wallet` is not in the house plan";
    check("crates/wallet/Cargo.toml", wallet, what, "add it to the house plan");

    // A tool may name some of the house; nothing may name a tool.
    let bench = SERVER.replace("probity-server", "probity-bench")
        + "[dependencies]\nprobity-store = { path = \"../store\" }\n";
    let what = "crate edges: crates/bench/Cargo.toml: `bench` may not depend on `store`";
    check("crates/bench/Cargo.toml", bench, what, "only primitives, scorecard, challenger, credit, server");
    let server = format!("{SERVER}[dependencies]\nprobity-bench = {{ path = \"../bench\" }}\n");
    let what = "crate edges: crates/server/Cargo.toml: `server` may not depend on `bench`";
    check("crates/server/Cargo.toml", server, what, "use only");
}

#[test]
fn pure_crates() {
    let money = "crates/primitives/src/money.rs";
    let rest = "\nconst A: Code = Code::new(\"money-syntax\");\n";
    let cases = [
        ("use std::{fmt, fs};", "std::fs", "server reads files"),
        ("fn a() { ::std::net::x(); }", "std::net", "to the server"),
        ("fn a() { std::thread::spawn(f); }", "std::thread", "caller's thread"),
        ("use std::process::exit;", "std::process", "return an error"),
        ("use std::env;", "std::env", "as an argument"),
        ("fn a() { SystemTime::now(); }", "SystemTime::now", "the moment as an argument"),
        ("fn a() { std::time::Instant::now(); }", "Instant::now", "the moment as an argument"),
        ("fn a() { jiff::Timestamp::now(); }", "Timestamp::now", "the moment as an argument"),
        ("use tokio::sync::Mutex;", "tokio", "synchronous"),
        ("fn a() { rand::random(); }", "rand", "seed as an argument"),
    ];
    for (source, name, instead) in cases {
        let what = format!("pure crates: {money}:1: the pure crate `primitives` names `{name}`");
        check(money, format!("{source}{rest}"), &what, instead);
    }
    let what = "pure crates: crates/primitives/clippy.toml: `allow-unwrap-in-tests` of the workspace's";
    check("crates/primitives/clippy.toml", "", what, "add `allow-unwrap-in-tests = true`");
    check_all(&[("crates/primitives/tests/a.rs", "use std::fs;".into())], &[]);
    check_all(&[("crates/store/src/file.rs", "use std::fs;".into())], &[]);
    let what = "pure crates: crates/primitives/Cargo.toml: the pure crate `primitives` depends on `rand`";
    check_all(
        &[
            ("crates/primitives/Cargo.toml", format!("{PRIMITIVES}rand = \"0\"\n")),
            ("docs/DEPENDENCIES.md", "| serde, rand | x |".into()),
        ],
        &[(what, "seed")],
    );
}

#[test]
fn module_order() {
    let problem = "crates/primitives/src/problem.rs";
    let what = "`problem` names `money`, which stands below it in crates/primitives/src/lib.rs";
    for source in ["\nuse crate::money::Money;", "\nuse crate::{problem::x, money};", "\nuse super::money;"] {
        check(problem, source, &format!("module order: {problem}:2: {what}"), "move the shared part up");
    }
    let nested = "crates/primitives/src/problem/shown.rs";
    check(nested, "use super::super::money;", &format!("module order: {nested}:1: {what}"), "move");
    check_all(&[(nested, "use super::money;".into())], &[]);
    let lib = "mod problem;\nmod money;\npub use money::Money;\n";
    check_all(
        &[("crates/primitives/src/lib.rs", lib.into()), (problem, "use crate::Money;".into())],
        &[(&format!("module order: {problem}:1: {what}"), "move")],
    );
    let lib = "mod problem;\n#[cfg(test)]\nmod model;\nmod money;\n";
    check_all(
        &[
            ("crates/primitives/src/lib.rs", lib.into()),
            ("crates/primitives/src/model.rs", "use crate::money::Money; use std::fs;".into()),
        ],
        &[],
    );
}

#[test]
fn names() {
    let path = "crates/store/src/utils.rs";
    check(path, "", &format!("names: {path}: `utils` is a forbidden name"), "what it holds");
    let path = "python/probity_scorecard/helpers.py";
    check(path, "", &format!("names: {path}: `helpers` is a forbidden name"), "what it holds");
    let path = "crates/store/src/common/log.rs";
    check(path, "", "names: crates/store/src/common: `common` is a forbidden name", "what it holds");
    let path = "crates/store/src/log.rs";
    check(
        path,
        "\nmod helpers { }",
        &format!("names: {path}:2: `helpers` is a forbidden name"),
        "what it holds",
    );
}

#[test]
fn length() {
    let path = "crates/store/src/log.rs";
    let file = "// a line\n".repeat(601);
    let function = |lines: usize| format!("fn long() {{\n{}}}\n", "\"}\";\n".repeat(lines - 2));
    let allow = |what: &str, limit: usize| {
        let named = if what == "function" { "function = \"long\"\n" } else { "" };
        format!("[[{what}]]\npath = \"{path}\"\n{named}limit = {limit}\nreason = \"r\"\n")
    };
    check_all(&[(path, "// a line\n".repeat(600))], &[]);
    check_all(&[(path, function(70))], &[]);
    let what = format!("length: {path}:1: the file has 601 lines, at most 600 are allowed");
    check(path, file.clone(), &what, "split it by noun");
    let what = format!("length: {path}:1: `fn long` has 71 lines, at most 70 are allowed");
    check(path, function(71), &what, "split off the parts");
    let in_tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(71));
    check(path, in_tests, &format!("length: {path}:3: `fn long` has 71 lines"), "split off");
    // The ratchet: no larger, no looser than needed, no dead entry, never without a reason.
    check_all(&[(path, file.clone()), (ALLOWED, allow("file", 601))], &[]);
    check_all(&[(path, function(71)), (ALLOWED, allow("function", 71))], &[]);
    let listed = |change: String, entry: String, what: &str, instead: &str| {
        let what = format!("length: {what}");
        check_all(&[(path, change), (ALLOWED, entry)], &[(&what, instead)]);
    };
    let grown = format!("{path}:1: `fn long` has 72 lines, at most 71 are allowed");
    listed(function(72), allow("function", 71), &grown, "split");
    listed(
        file,
        allow("file", 700),
        &format!("{ALLOWED}: the entry for {path} allows more than its 601 lines"),
        "lower its limit to 601",
    );
    listed(
        function(9),
        allow("function", 71),
        &format!("{ALLOWED}: the entry for `fn long` in {path} is no longer needed: 9 lines"),
        "remove",
    );
    let gone = allow("function", 71).replace("long", "gone");
    listed(
        function(9),
        gone,
        &format!("{ALLOWED}: the entry for `fn gone` in {path} names nothing"),
        "remove",
    );
    let unexplained = allow("function", 71).replace("\"r\"", "\"\"");
    listed(function(9), unexplained, &format!("{ALLOWED}: a [[function]] entry lacks a field"), "reason");
}

#[test]
fn lints() {
    let path = "crates/store/Cargo.toml";
    for lax in ["", "[lints]\nworkspace = false\n"] {
        let manifest = STORE.replace("[lints]\nworkspace = true\n", lax);
        let what = format!("lints: {path}: the crate `store` does not inherit");
        check(path, manifest, &what, "`workspace = true`");
    }
    let apart = "[package]\nname = \"probity-bench-zen\"\n[workspace]\n";
    let path = "crates/bench/zen/Cargo.toml";
    check_all(&[(path, format!("{apart}[lints.rust]\nunsafe_code = \"forbid\"\n"))], &[]);
    check(path, apart, &format!("lints: {path}: the crate `bench-zen` does not inherit"), "lints");
}

#[test]
fn sql() {
    let path = "crates/server/src/app.rs";
    let server = || ("crates/server/Cargo.toml", SERVER.to_owned());
    let allow = || (ALLOWED, format!("[[sql]]\npath = \"{path}\"\nreason = \"the peer of a benchmark\"\n"));
    let statements = [
        "\"SELECT 1\"",
        "\"select a\\n from b\"",
        "r#\"\n  INSERT INTO a VALUES (1)\"#",
        "\"update a set b = 1\"",
        "\"Delete from a\"",
        "\"CREATE TABLE a (b)\"",
    ];
    for statement in statements {
        let source = format!("const A: &str = {statement};");
        let what = format!("sql: {path}:1: an SQL statement outside crates/store");
        check_all(&[server(), (path, source.clone())], &[(&what, "method with a name from the domain")]);
        check_all(&[server(), allow(), (path, source)], &[]);
    }
    for sentence in
        ["\"Select a merchant\"", "\"SELECT\"", "\"update the log\"", "\"selected from\"", "A // SELECT 1"]
    {
        check_all(&[server(), (path, format!("const A: &str = {sentence};"))], &[]);
    }
    let unneeded = format!("sql: {ALLOWED}: the [[sql]] entry for {path} is no longer needed");
    check_all(&[server(), allow(), (path, String::new())], &[(&unneeded, "remove")]);
}

#[test]
fn catalogue_pages() {
    let path = "catalogue/tiers/merchant.toml";
    let what = format!("catalogue pages: {path}: no page in docs/catalogue/ names this file");
    check(path, "", &what, "name `tiers/merchant.toml` on a page");
    let page = |text: &str| ("docs/catalogue/tiers.md", text.to_owned());
    check_all(&[(path, String::new()), page("`tiers/merchant.toml`")], &[]);
    check_all(&[(path, String::new()), page("`other/tiers/merchant.toml`")], &[(&what, "name")]);
}

#[test]
fn error_pages() {
    let path = "crates/store/src/log.rs";
    let source = |argument: &str| format!("\nconst A: Code = Code::new({argument});");
    let what = format!("error pages: {path}:2: the code `log-torn` has no page");
    check(path, source("\"log-torn\""), &what, "write docs/errors/log-torn.md");
    let what = format!("error pages: {path}:2: `Log torn` is no error code");
    check(path, source("\"Log torn\""), &what, "lower-case words joined by hyphens");
    let what = format!("error pages: {path}:2: an error code that is not a literal");
    check(path, source("NAME"), &what, "as a literal");
    let page = "docs/errors/log-gone.md";
    check(
        page,
        "",
        &format!("error pages: {page}: no source declares the code `log-gone`"),
        "remove the page",
    );
    check_all(&[(path, "fn f() { StatusCode::new(1); } // Code::new(\"x\")".into())], &[]);
}

#[test]
fn dependencies() {
    let what =
        |at: &str| format!("dependencies: {at}: the dependency `zip` has no line in docs/DEPENDENCIES.md");
    let path = "crates/store/Cargo.toml";
    for section in ["dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"] {
        let manifest = format!("{}[{section}]\nzip = \"1\"\n", STORE.split("[dev").next().unwrap());
        check(path, manifest, &what(path), "add a row `| zip | why");
    }
    let workspace = "[workspace]\n[workspace.dependencies]\nz = { package = \"zip\", version = \"1\" }\n";
    check("Cargo.toml", workspace, &what("Cargo.toml"), "add a row");
    let path = "python/pyproject.toml";
    for project in
        ["[build-system]\nrequires = [\"zip>=1\"]", "[project]\ndependencies = [\"zip[fast] ; x\"]"]
    {
        check(path, project, &what(path), "add a row");
    }
    let path = "python/requirements-test.txt";
    check(path, "# pinned\ntoml==1\nzip==2.0\n", &what(path), "add a row");
}

#[test]
fn leftovers() {
    let path = "crates/store/src/log.rs";
    for (source, shown) in [
        ("fn a() { todo!() }", "todo!"),
        ("fn a() { unimplemented!(\"x\") }", "unimplemented!"),
        ("fn a() { dbg!(x); }", "dbg!"),
        ("#[ignore]", "#[ignore]"),
        ("#[ignore = \"slow\"]", "#[ignore]"),
    ] {
        let what = format!("leftovers: {path}:2: `{shown}` is left in the source");
        check(path, format!("\n{source}"), &what, "");
    }
    let conflict = format!("leftovers: {path}:2: an unresolved conflict");
    check(path, "\n<<<<<<< HEAD\n=======\n", &conflict, "remove the marks");
    check_all(&[(path, "// todo!\nfn ignore() { \"dbg!\"; }".into())], &[]);
}

#[test]
fn machine_paths() {
    let path = "docs/guide.md";
    for folder in [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")] {
        let what = format!("machine paths: {path}:2: a path of one machine: `{folder}`");
        check(path, format!("\ncd \"{folder}a\""), &what, "relative to the repository");
        let harmless = format!("https://example.org{folder} and a{folder}b and ~{folder}");
        check_all(&[(path, harmless)], &[]);
    }
}

#[test]
fn links() {
    let path = "docs/guide.md";
    for (link, what, instead) in [
        ("[a](none.md)", "the link `none.md` leads to nothing: no docs/none.md", "mend the path"),
        ("[a](errors/none.md#x)", "the link `errors/none.md#x` leads to nothing", "mend the path"),
        ("![a](<pic.svg> \"t\")", "the link `pic.svg` leads to nothing", "mend the path"),
        ("<img src=\"pic.svg\">", "the link `pic.svg` leads to nothing", "mend the path"),
        ("[a]: pic.svg", "the link `pic.svg` leads to nothing", "mend the path"),
        ("[a](../../x)", "the link `../../x` leads out of the repository", "what a clone contains"),
        ("[a](/v1)", "the link `/v1` is absolute", "relative to this page"),
    ] {
        check(path, format!("\n{link}"), &format!("links: {path}:2: {what}"), instead);
    }
    let good =
        "[a](#x) [b](https://a.b/c) [c](mailto:a@b) [d](../README.md) [e](errors)\n```\n[f](none)\n```\n";
    check_all(&[(path, good.into())], &[]);
}

#[test]
fn changelog() {
    let path = "CHANGELOG.md";
    let what = "changelog: CHANGELOG.md: no section `## [Unreleased]`";
    check(path, "# Changelog\n", what, "add it at the top");
    // A file that is no text counts as absent.
    check(path, "\0", "changelog: CHANGELOG.md: there is no changelog", "## [Unreleased]");
}
