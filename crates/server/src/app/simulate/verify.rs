//! A world's files read back: is it what its manifest says, and does it keep the laws that every world keeps?

use super::manifest::{EVENTS_JSONL, EVENTS_PARQUET, MANIFEST, Manifest, TRUTH};
use crate::app::error::{AppError, Class};
use probity_intake::jsonl::flat_object;
use probity_intake::{Cell, FileReader, Item, Options, hashed, open};
use probity_primitives::{Code, Currency, Money, Problem, Timestamp};
use probity_sim::conserve::{Audit, Books, EventSeen, OrderSeen, PartySeen, Violation};
use std::borrow::Cow;
use std::fs;
use std::path::Path;

const WORLD_MISSING: Code = Code::new("simulate-world-missing");

/// The largest manifest that is read.
const LARGEST_MANIFEST: u64 = 4 << 20;
/// Rows between two words on progress.
const PROGRESS_EVERY: u64 = 8_192;

/// Told now and then: bytes read, and how many there are.
pub type VerifyProgress<'a> = &'a mut dyn FnMut(u64, u64);

/// A world that was read back.
#[derive(Debug)]
pub struct World {
    /// What it says it is.
    pub manifest: Manifest,
    /// What was found.
    pub audit: Audit,
}

/// Reads a world and checks it. Violations are not an error: they stand in the audit, each with what it concerns.
///
/// # Errors
/// `simulate-world-missing` when there is no manifest that can be read, and those of reading its files.
pub fn verify_world(folder: &Path, progress: VerifyProgress<'_>) -> Result<World, AppError> {
    let manifest = read_manifest(folder)?;
    let mut books = Books::default();
    let events = [EVENTS_PARQUET, EVENTS_JSONL].into_iter().find(|name| manifest.files.contains_key(*name));
    let Some(events) = events.filter(|_| manifest.files.contains_key(TRUTH)) else {
        return Err(missing(folder, "its manifest names no events and no truth"));
    };
    check_files(folder, &manifest, &mut books)?;
    let currency = Currency::try_new(&manifest.currency)?;
    let total = folder.join(events).metadata().map_or(0, |meta| meta.len());
    // A damaged file is told as what it is, beside whatever else is wrong.
    for (name, truth) in [(events, false), (TRUTH, true)] {
        let read =
            read_file(&folder.join(name), currency, &mut books, truth, &mut |bytes| progress(bytes, total));
        if let Err(problem) = read {
            books.violation(name, problem.to_string());
        }
    }
    let mut audit = books.close();
    for (what, told, found) in [
        ("events", manifest.counts.events, audit.events),
        ("orders", manifest.counts.orders, audit.orders),
        ("merchants", manifest.counts.merchants, audit.merchants),
        ("buyers", manifest.counts.buyers, audit.buyers),
    ] {
        if told != found {
            audit.violated += 1;
            audit.violations.insert(
                0,
                Violation {
                    about: MANIFEST.into(),
                    detail: format!("{told} {what} by the manifest, {found} in the files"),
                },
            );
        }
    }
    Ok(World { manifest, audit })
}

fn missing(folder: &Path, why: &str) -> AppError {
    AppError::new(Class::Missing, Problem::new(WORLD_MISSING, why).at(folder.display().to_string()))
}

fn read_manifest(folder: &Path) -> Result<Manifest, AppError> {
    let path = folder.join(MANIFEST);
    let size = path.metadata().map_err(|error| missing(folder, &format!("no {MANIFEST}: {error}")))?.len();
    if size > LARGEST_MANIFEST {
        return Err(missing(folder, &format!("{MANIFEST} has {size} bytes, more than {LARGEST_MANIFEST}")));
    }
    let text = fs::read_to_string(&path).map_err(|error| missing(folder, &format!("{MANIFEST}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| missing(folder, &format!("{MANIFEST}: {error}")))
}

/// Compares each file with the manifest.
fn check_files(folder: &Path, manifest: &Manifest, books: &mut Books) -> Result<(), AppError> {
    for (name, told) in &manifest.files {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(missing(folder, "its manifest names a file outside the folder"));
        }
        match hashed::of_file(&folder.join(name)) {
            Ok((bytes, sha256)) if bytes == told.bytes && sha256 == told.sha256 => {}
            Ok((bytes, sha256)) => {
                let detail = format!(
                    "{bytes} bytes with SHA-256 {sha256}, but the manifest has {} and {}",
                    told.bytes, told.sha256
                );
                books.violation(name, detail);
            }
            Err(error) => books.violation(name, error.to_string()),
        }
    }
    Ok(())
}

/// One row, by name.
struct Row<'a>(Vec<(&'a str, Cell<'a>)>);

impl Row<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).and_then(|(_, cell)| match cell {
            Cell::Text(text) | Cell::Number(text) => Some(text.as_ref()),
            _ => None,
        })
    }

    /// An amount, in minor units: as such in Parquet, with a point in JSON Lines.
    fn minor(&self, name: &str, currency: Currency) -> Option<i64> {
        self.0.iter().find(|(key, _)| *key == name).and_then(|(_, cell)| match cell {
            Cell::Integer(minor) => Some(*minor),
            Cell::Text(text) => Money::parse(text, currency).ok().map(|money| money.minor),
            _ => None,
        })
    }

    fn moment(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|text| Timestamp::parse(text).ok()).map(Timestamp::millis)
    }
}

fn read_file(
    path: &Path,
    currency: Currency,
    books: &mut Books,
    truth: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Problem> {
    let mut reader: FileReader = open(path, Options::default())?;
    let bytes = reader.progress();
    let columns = reader.columns().to_vec();
    let mut rows = 0_u64;
    while let Some(item) = reader.read()? {
        rows += 1;
        if rows.is_multiple_of(PROGRESS_EVERY) {
            progress(bytes.bytes());
        }
        let pairs: Vec<(Cow<'_, str>, Cell<'_>)>;
        let row = match item {
            Item::Aside(aside) => {
                books.violation(format!("row {}", aside.line), aside.problem.to_string());
                continue;
            }
            Item::Object { json, .. } => {
                pairs = flat_object(json)?;
                Row(pairs.iter().map(|(key, cell)| (key.as_ref(), cell.clone())).collect())
            }
            Item::Row(row) => {
                let cells = columns.iter().map(String::as_str).zip(row.cells());
                Row(cells.filter(|(_, cell)| *cell != Cell::Null).collect())
            }
        };
        if truth { tell_truth(books, &row, rows) } else { tell_event(books, &row, rows, currency) }
    }
    Ok(())
}

fn tell_event(books: &mut Books, row: &Row<'_>, nth: u64, currency: Currency) {
    let (Some(id), Some(kind), Some(at)) = (row.text("id"), row.text("type"), row.moment("occurred_at"))
    else {
        return books.violation(format!("event in row {nth}"), "without id, type or moment");
    };
    books.event(&EventSeen {
        id,
        kind,
        at,
        merchant: row.text("merchant"),
        buyer: row.text("buyer"),
        order: row.text("order"),
        value: row.minor("value", currency),
        line: row.text("line"),
        lost_by: row.text("lost_by"),
    });
}

fn tell_truth(books: &mut Books, row: &Row<'_>, nth: u64) {
    let about = format!("truth in row {nth}");
    let Some(id) = row.text("id") else { return books.violation(about, "without an id") };
    let minor = |name: &str| {
        let cell = row.0.iter().find(|(key, _)| *key == name);
        cell.and_then(|(_, cell)| if let Cell::Integer(minor) = cell { Some(*minor) } else { None })
    };
    let amount = |name: &str| minor(name).unwrap_or(0);
    match (row.text("kind"), row.text("role")) {
        (Some("order"), _) => {
            let (Some(merchant), Some(buyer), Some(placed_at)) =
                (row.text("merchant"), row.text("buyer"), row.moment("placed_at"))
            else {
                return books.violation(about, "an order without parties or a moment");
            };
            books.order(&OrderSeen {
                id,
                merchant,
                buyer,
                placed_at,
                value: amount("value"),
                paid: amount("paid"),
                refunded: amount("refunded"),
                charged_back: amount("charged_back"),
                released: amount("released"),
                fee: amount("fee"),
                held: amount("held"),
            });
        }
        (Some("party"), Some(role @ ("merchant" | "buyer"))) => books.party(&PartySeen {
            id,
            merchant: role == "merchant",
            balance: amount("balance"),
            // Nobody has terms in a world that is written down.
            reserved: 0,
            topped_up: amount("topped_up"),
            outstanding: amount("outstanding"),
        }),
        _ => books.violation(about, "neither an order nor a party"),
    }
}
