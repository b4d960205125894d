//! Where a catalogue's files come from: the binary itself, or a folder.

use super::error::AppError;
use include_dir::{Dir, include_dir};
use probity_primitives::{Code, Currency, Problem};
use std::collections::BTreeMap;
use std::path::Path;

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../catalogue");

const CATALOGUE_UNREADABLE: Code = Code::new("catalogue-unreadable");

/// The largest catalogue file, in bytes; a hostile one is not even read.
const LARGEST_FILE: u64 = 4 << 20;

/// The starter catalogue that is built into the binary: path and text.
pub fn embedded_catalogue() -> BTreeMap<String, String> {
    fn walk(dir: &Dir<'_>, texts: &mut BTreeMap<String, String>) {
        for file in dir.files() {
            if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8())
                && path.ends_with(".toml")
            {
                texts.insert(path.replace('\\', "/"), text.to_owned());
            }
        }
        dir.dirs().for_each(|dir| walk(dir, texts));
    }
    let mut texts = BTreeMap::new();
    walk(&STARTER, &mut texts);
    texts
}

/// The TOML files of a catalogue folder.
///
/// # Errors
/// `catalogue-unreadable` when a file cannot be read, is not UTF-8 or is larger than 4 MiB.
pub fn folder_catalogue(folder: &Path) -> Result<BTreeMap<String, String>, AppError> {
    fn walk(
        root: &Path,
        folder: &Path,
        depth: u8,
        texts: &mut BTreeMap<String, String>,
    ) -> Result<(), AppError> {
        let refuse = |path: &Path, why: String| {
            AppError::from(Problem::new(CATALOGUE_UNREADABLE, why).at(path.display().to_string()))
        };
        let entries = std::fs::read_dir(folder).map_err(|error| refuse(folder, error.to_string()))?;
        for entry in entries {
            let path = entry.map_err(|error| refuse(folder, error.to_string()))?.path();
            if path.is_dir() && depth < 8 {
                walk(root, &path, depth + 1, texts)?;
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let size = path.metadata().map_err(|error| refuse(&path, error.to_string()))?.len();
                if size > LARGEST_FILE {
                    return Err(refuse(&path, format!("it has {size} bytes, more than {LARGEST_FILE}")));
                }
                let text =
                    std::fs::read_to_string(&path).map_err(|error| refuse(&path, error.to_string()))?;
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                texts.insert(name, text);
            }
        }
        Ok(())
    }
    let mut texts = BTreeMap::new();
    walk(folder, folder, 0, &mut texts)?;
    Ok(texts)
}

/// Makes a catalogue's files report in a currency.
pub fn report_in(texts: &mut BTreeMap<String, String>, currency: Currency) {
    if let Some(rates) = texts.get_mut("rates.toml") {
        *rates = in_currency(rates, currency.code());
    }
}

/// Rates into another reporting currency: those that are there speak of the old one and go.
fn in_currency(rates: &str, currency: &str) -> String {
    let same = rates.lines().any(|line| {
        line.split('#')
            .next()
            .is_some_and(|line| line.replace(' ', "").starts_with(&format!("reporting=\"{currency}\"")))
    });
    if same { rates.to_owned() } else { format!("reporting = \"{currency}\"\n") }
}
