//! What the log says about changes of the catalogue.

use super::super::error::AppError;
use super::super::files::embedded_catalogue;
use super::super::keeper::SYMBOLS;
use super::super::versions::kept_catalogue;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Codec, Event, Symbols, key_of};
use probity_credit::order::DERIVED_SOURCE;
use probity_primitives::{Digest, Duration, Timestamp};
use probity_store::{Reader, SqliteReader, StoreError};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::Path;

/// An approval is good for so long.
pub const APPROVAL_HOURS: i64 = 72;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Changed {
    /// Proposed a catalogue that passed its tests.
    Tested {
        /// Why.
        note: String,
    },
    /// Proposed one that did not.
    Refused {
        /// Why not.
        reasons: String,
    },
    /// Approved one.
    Approved,
    /// Put one in force.
    Activated {
        /// The one before.
        before: String,
        /// It had been in force before.
        back: bool,
    },
    /// Let one challenge what is in force, without effect.
    Shadowed,
    /// Gave one a share of the parties.
    Split {
        /// `merchant` or `buyer`.
        of: String,
        /// The share, in basis points.
        share: i64,
    },
    /// Ended such a trial.
    TrialStopped,
}

impl Changed {
    /// A step of a trial, which leaves its catalogue where it stands.
    const fn is_trial(&self) -> bool {
        matches!(self, Self::Shadowed | Self::Split { .. } | Self::TrialStopped)
    }
}

fn moment<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Counted from 1.
    pub number: u64,
    /// When.
    #[serde(serialize_with = "moment")]
    pub at: Timestamp,
    /// Hash of the catalogue it is about.
    pub catalogue: String,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub changed: Changed,
    #[serde(skip)]
    pub(super) files: BTreeMap<String, String>,
}

/// Where a catalogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// Its tests failed.
    Refused,
    /// Its tests passed.
    Tested,
    /// A second person approved it, less than 72 hours ago.
    Approved,
    /// It is, or will be from the next start on, in force.
    Live,
    /// It was in force.
    Retired,
}

impl ChangeState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Tested => "tested",
            Self::Approved => "approved",
            Self::Live => "live",
            Self::Retired => "retired",
        }
    }
}

/// Id of a step.
pub(in crate::app) fn step_id(number: u64) -> String {
    format!("catalogue.change.{number}")
}

/// Id of a part of a text.
pub(super) fn part_id(text: &str, part: i64) -> String {
    format!("catalogue.text.{text}.{part}")
}

/// Reads events of this binary's own types, whatever catalogue the folder is used with.
struct Own {
    catalogue: Catalogue,
    codec: Codec,
}

impl Own {
    fn new(reader: &mut impl Reader) -> Result<Self, AppError> {
        let catalogue = Catalogue::load(embedded_catalogue())?;
        let mut symbols = match reader.record(SYMBOLS)? {
            Some(bytes) => {
                Symbols::decode(&bytes).map_err(|error| AppError::internal(format!("symbols: {error}")))?
            }
            None => Symbols::default(),
        };
        let codec = Codec::new(&catalogue.vocabulary, &mut symbols);
        Ok(Self { catalogue, codec })
    }

    fn find(&self, reader: &mut impl Reader, id: &str) -> Result<Option<Event>, AppError> {
        let Some(seq) = reader.find(&key_of(DERIVED_SOURCE, id))? else { return Ok(None) };
        let row = reader.row(seq)?;
        let row = row.ok_or_else(|| AppError::internal(format!("row {seq} of a known key is missing")))?;
        Ok(Some(self.codec.decode(&self.catalogue.vocabulary, &row.body)?))
    }

    fn text(&self, event: &Event, name: &str) -> String {
        event.text(self.catalogue.vocabulary.get(event.kind), name).unwrap_or_default().to_owned()
    }

    fn change(&self, number: u64, event: &Event) -> Option<Change> {
        let text = |name: &str| self.text(event, name);
        let changed = match self.catalogue.vocabulary.get(event.kind).name.as_str() {
            "catalogue.proposed" if text("state") == "tested" => Changed::Tested { note: text("note") },
            "catalogue.proposed" => Changed::Refused { reasons: text("reasons") },
            "catalogue.approved" => Changed::Approved,
            "catalogue.activated" => {
                Changed::Activated { before: text("before"), back: text("how") == "rolled_back" }
            }
            "catalogue.shadowed" => Changed::Shadowed,
            "catalogue.split" => {
                let declared = self.catalogue.vocabulary.get(event.kind);
                Changed::Split { of: text("of"), share: event.integer(declared, "share").unwrap_or_default() }
            }
            "catalogue.trial_stopped" => Changed::TrialStopped,
            _ => return None,
        };
        let files = text("files");
        let file = |line: &str| line.split_once("  ").map(|(hash, path)| (path.to_owned(), hash.to_owned()));
        Some(Change {
            number,
            at: event.occurred_at,
            catalogue: text("catalogue"),
            by: text("by"),
            changed,
            files: files.lines().filter_map(file).collect(),
        })
    }

    fn whole(&self, reader: &mut impl Reader, hash: &str) -> Result<String, AppError> {
        let mut whole = String::new();
        for part in 1.. {
            let Some(event) = self.find(reader, &part_id(hash, part))? else { break };
            whole += &self.text(&event, "body");
        }
        if Digest::of(&[whole.as_bytes()]).to_string() == hash {
            return Ok(whole);
        }
        Err(StoreError::Damaged {
            place: format!("catalogue text {hash}"),
            why: "its parts do not make the text".into(),
        }
        .into())
    }
}

/// All steps, oldest first.
///
/// # Errors
/// Those of the store.
pub fn changes(reader: &mut impl Reader) -> Result<Vec<Change>, AppError> {
    // Most folders never saw a change; they need not read the binary's own catalogue for that.
    if reader.find(&key_of(DERIVED_SOURCE, &step_id(1)))?.is_none() {
        return Ok(Vec::new());
    }
    let own = Own::new(reader)?;
    let mut all = Vec::new();
    for number in 1.. {
        let Some(event) = own.find(reader, &step_id(number))? else { break };
        all.extend(own.change(number, &event));
    }
    Ok(all)
}

/// Where a catalogue stands at a moment; none for one that nobody proposed.
pub(in crate::app) fn state_of(all: &[Change], catalogue: &str, now: Timestamp) -> Option<ChangeState> {
    let activations = || all.iter().filter(|one| matches!(one.changed, Changed::Activated { .. }));
    if activations().next_back().is_some_and(|last| last.catalogue == catalogue) {
        return Some(ChangeState::Live);
    }
    let last = all.iter().rev().find(|one| one.catalogue == catalogue && !one.changed.is_trial())?;
    match last.changed {
        Changed::Activated { .. } => Some(ChangeState::Retired),
        Changed::Refused { .. } => Some(ChangeState::Refused),
        Changed::Approved if good(last.at, now) => Some(ChangeState::Approved),
        _ => Some(ChangeState::Tested),
    }
}

/// Whether an approval is still good.
pub(super) fn good(approved: Timestamp, now: Timestamp) -> bool {
    now <= approved.plus(Duration(APPROVAL_HOURS * 3_600_000))
}

impl Change {
    /// Where its catalogue stands at a moment.
    pub fn state(&self, all: &[Self], now: Timestamp) -> Option<ChangeState> {
        state_of(all, &self.catalogue, now)
    }
}

/// The files of a catalogue that was proposed or in force on a folder, by its hash or the beginning of it.
///
/// # Errors
/// `catalogue-version-unknown`; those of the store.
pub fn change_texts(folder: &Path, name: &str) -> Result<BTreeMap<String, String>, AppError> {
    let mut reader = SqliteReader::open(folder)?;
    let all = changes(&mut reader)?;
    let mut proposed: Vec<&Change> = all
        .iter()
        .filter(|one| matches!(one.changed, Changed::Tested { .. }) && one.catalogue.starts_with(name))
        .collect();
    proposed.dedup_by(|a, b| a.catalogue == b.catalogue);
    match proposed.last().filter(|_| name.len() >= super::super::versions::SHORTEST_NAME) {
        Some(change) => {
            let own = Own::new(&mut reader)?;
            let files = change.files.iter();
            files.map(|(path, hash)| Ok((path.clone(), own.whole(&mut reader, hash)?))).collect()
        }
        None => {
            // One that was never proposed: what says what a value is was kept; the rest is the starter's.
            let mut texts = embedded_catalogue();
            texts.retain(|path, _| path.starts_with("mappings/") || path.starts_with("worlds/"));
            texts.extend(kept_catalogue(folder, name)?);
            Ok(texts)
        }
    }
}

/// A catalogue's hash and texts.
pub type ActivatedCatalogue = (String, BTreeMap<String, String>);

/// The catalogue that was activated for a folder last, if any was, with its hash. Only reads.
///
/// # Errors
/// Those of the store.
pub fn activated(folder: &Path) -> Result<Option<ActivatedCatalogue>, AppError> {
    let mut reader = match SqliteReader::open(folder) {
        Ok(reader) => reader,
        Err(error @ StoreError::Damaged { .. }) => return Err(error.into()),
        // Whoever opens the folder for writing meets this again, or says it better.
        Err(_) => return Ok(None),
    };
    let all = changes(&mut reader)?;
    let last = all.iter().rev().find(|one| matches!(one.changed, Changed::Activated { .. }));
    last.map(|last| Ok((last.catalogue.clone(), change_texts(folder, &last.catalogue)?))).transpose()
}
