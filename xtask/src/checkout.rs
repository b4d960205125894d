//! The tree under check: its text files, its crates.

use crate::rust_text::RustText;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the tree.
pub(crate) struct File {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its scan, for a Rust source.
    pub(crate) rust: Option<RustText>,
}

/// A member of the workspace.
pub(crate) struct Package {
    /// Folder from the root, for example `crates/credit`.
    pub(crate) folder: String,
    /// `credit` for `probity-credit`.
    pub(crate) name: String,
    /// Its parsed `Cargo.toml`.
    pub(crate) manifest: toml::Table,
}

/// A tree, read once and checked by every rule.
pub(crate) struct Checkout {
    /// Where it stands.
    pub(crate) root: PathBuf,
    /// Every path in it, text or not.
    pub(crate) paths: BTreeSet<String>,
    /// Its text files, sorted by path.
    pub(crate) files: Vec<File>,
    /// Its crates, sorted by folder.
    pub(crate) packages: Vec<Package>,
    /// The manifest of the workspace.
    pub(crate) manifest: toml::Table,
    test_modules: Vec<String>,
}

impl Checkout {
    /// Reads a tree: what git tracks or would track, or every file where there is no git.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let paths = if root.join(".git").exists() { tracked(root)? } else { walked(root)? };
        let mut files: Vec<File> = paths.iter().filter_map(|path| read_text(root, path)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let manifest_text = files.iter().find(|f| f.path == "Cargo.toml").map(|f| f.text.as_str());
        let manifest =
            parse("Cargo.toml", manifest_text.ok_or("no Cargo.toml: not the root of the workspace")?)?;
        let mut packages = Vec::new();
        for file in &files {
            if let Some(folder) = file.path.strip_suffix("/Cargo.toml") {
                packages.extend(package(folder, parse(&file.path, &file.text)?));
            }
        }
        let test_modules = files.iter().flat_map(test_modules).collect();
        Ok(Self { root: root.to_owned(), paths, files, packages, manifest, test_modules })
    }

    /// The text file at a path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The scanned Rust sources.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&File, &RustText)> {
        self.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)))
    }

    /// The scanned Rust sources below a folder.
    pub(crate) fn sources_in(&self, folder: &str) -> impl Iterator<Item = (&File, &RustText)> {
        let prefix = format!("{folder}/");
        self.sources().filter(move |(file, _)| file.path.starts_with(&prefix))
    }

    /// Whether a whole source exists only for tests or benchmarks: by its folder, or by a `#[cfg(test)] mod`.
    pub(crate) fn is_test_file(&self, path: &str) -> bool {
        let in_folder = path.split('/').any(|part| part == "tests" || part == "benches");
        let below = |module: &String| {
            path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        in_folder || self.test_modules.iter().any(below)
    }
}

fn parse(path: &str, text: &str) -> Result<toml::Table, String> {
    text.parse::<toml::Table>().map_err(|error| format!("{path} is not TOML: {error}"))
}

fn package(folder: &str, manifest: toml::Table) -> Option<Package> {
    let name = manifest.get("package")?.get("name")?.as_str()?;
    let name = name.strip_prefix("probity-").unwrap_or(name).to_owned();
    Some(Package { folder: folder.to_owned(), name, manifest })
}

/// The path, without `.rs`, of each module that a source declares for tests only.
fn test_modules(file: &File) -> Vec<String> {
    let Some(rust) = &file.rust else { return vec![] };
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let is_root = matches!(name, "lib.rs" | "main.rs" | "mod.rs");
    let base = if is_root { folder } else { file.path.trim_end_matches(".rs") };
    let modules = rust.top_modules().into_iter().filter(|(_, test)| *test);
    modules.map(|(name, _)| format!("{base}/{name}")).collect()
}

fn tracked(root: &Path) -> Result<BTreeSet<String>, String> {
    let listing = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .map_err(|error| format!("git could not be started: {error}"))?;
    if !listing.status.success() {
        return Err(format!("git ls-files failed: {}", String::from_utf8_lossy(&listing.stderr).trim()));
    }
    let names = String::from_utf8_lossy(&listing.stdout).into_owned();
    // A file that was deleted but not yet staged is still listed.
    Ok(names.split('\0').filter(|p| !p.is_empty() && root.join(p).is_file()).map(str::to_owned).collect())
}

fn walked(root: &Path) -> Result<BTreeSet<String>, String> {
    let mut paths = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error| format!("{} cannot be read: {error}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let skipped =
                path.file_name().is_some_and(|n| n == "target" || n == "node_modules" || n == ".git");
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.is_file() {
                let inside = path.strip_prefix(root).unwrap_or(&path);
                paths.insert(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(paths)
}

fn read_text(root: &Path, path: &str) -> Option<File> {
    let bytes = std::fs::read(root.join(path)).ok()?;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    let rust = path.ends_with(".rs").then(|| RustText::scan(&text));
    Some(File { path: path.to_owned(), text, rust })
}
