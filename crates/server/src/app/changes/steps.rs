//! Proposing, approving, activating, going back.

use super::super::error::{AppError, Class};
use super::super::open::Probity;
use super::super::outcome::{Outcome, Settling};
use super::super::prepare::Prepared;
use super::history::{Change, ChangeState, Changed, changes, part_id, state_of, step_id};
use probity_credit::catalogue::{Catalogue, check_cases};
use probity_credit::event::{Event, FieldKind, FieldValue, Vocabulary, key_of};
use probity_credit::order::DERIVED_SOURCE;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Digest, ExternalId, Problem, Timestamp};
use probity_store::Reader;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

const CHANGE_REFUSED: Code = Code::new("catalogue-change-refused");

/// Bytes of a part of a text; an event's field takes somewhat more.
const PART: usize = 12_000;
/// Reasons that are told.
const MOST_REASONS: usize = 20;
/// Bytes of the list of files.
const LONGEST_LIST: usize = 16_000;
/// Bytes of the reasons and of a note.
const LONGEST: usize = 2_000;

/// Steps are counted through, so they are taken one at a time; the folder is held by one process.
pub(super) static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What came of a proposal.
#[derive(Debug, Clone, Serialize)]
pub struct ProposedCatalogue {
    /// The catalogue's hash.
    pub catalogue: String,
    /// Tested or refused.
    pub state: ChangeState,
    /// Why it was refused.
    pub reasons: Vec<String>,
    /// Files.
    pub files: usize,
}

/// What came into force, from the next start on.
#[derive(Debug, Clone, Serialize)]
pub struct Activation {
    /// The catalogue's hash.
    pub catalogue: String,
    /// The one before.
    pub before: String,
}

pub(super) fn refuse(class: Class, detail: impl Into<String>, hint: &str) -> AppError {
    AppError::new(class, Problem::new(CHANGE_REFUSED, detail).hint(hint))
}

impl Probity {
    /// All changes of the catalogue, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub fn changes(&self) -> Result<Vec<Change>, AppError> {
        self.with_reader(changes)
    }

    /// Proposes a catalogue: it is loaded, tested by its case tables, and kept whole.
    ///
    /// # Errors
    /// Those of loading it; `catalogue-change-refused`.
    pub fn propose(
        &self,
        texts: BTreeMap<String, String>,
        by: &str,
        note: &str,
    ) -> Result<ProposedCatalogue, AppError> {
        let by = person(by)?;
        let catalogue = Catalogue::load(texts)?;
        let hash = catalogue.hash.to_string();
        let mut reasons: Vec<String> =
            missing(&self.catalogue().vocabulary, &catalogue.vocabulary).into_iter().collect();
        reasons.extend(check_cases(&catalogue).iter().map(ToString::to_string));
        let more = reasons.len().saturating_sub(MOST_REASONS);
        reasons.truncate(MOST_REASONS);
        reasons.extend((more > 0).then(|| format!("and {more} more")));
        let tested = reasons.is_empty();
        let mut events = Vec::new();
        let mut files = String::new();
        for (path, text) in catalogue.texts.iter().filter(|_| tested) {
            let of_text = Digest::of(&[text.as_bytes()]).to_string();
            files += &format!("{of_text}  {path}\n");
            events.extend(self.parts(&of_text, text)?);
        }
        if files.len() > LONGEST_LIST {
            let detail = format!("{} files are more than a proposal can name", catalogue.texts.len());
            return Err(refuse(Class::Invalid, detail, "put definitions together in fewer files"));
        }
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let state = if tested { "tested" } else { "refused" };
        let (told, note) = (reasons.join("\n"), cut(note));
        let fields = [
            ("catalogue", hash.as_str()),
            ("by", by),
            ("state", state),
            ("note", note),
            ("reasons", cut(&told)),
            ("files", &files),
        ];
        let number = self.next_step()?;
        events.push(self.own("catalogue.proposed", &step_id(number), self.clock.now(), &fields, &[])?);
        self.write(events)?;
        let state = if tested { ChangeState::Tested } else { ChangeState::Refused };
        Ok(ProposedCatalogue { catalogue: hash, state, reasons, files: catalogue.texts.len() })
    }

    /// Approves a tested catalogue. It takes a second person.
    ///
    /// # Errors
    /// `catalogue-change-refused`.
    pub fn approve(&self, name: &str, by: &str) -> Result<Change, AppError> {
        let by = person(by)?;
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, now) = (self.changes()?, self.clock.now());
        let proposal = proposal(&all, name)?;
        match state_of(&all, &proposal.catalogue, now) {
            Some(ChangeState::Tested) => {}
            state => {
                let state = state.map_or("unknown", ChangeState::as_str);
                let detail = format!("the catalogue {} is {state}", proposal.catalogue);
                return Err(refuse(Class::Conflict, detail, "only a tested catalogue is approved"));
            }
        }
        if same_person(&proposal.by, by) {
            let detail = format!("{} proposed this catalogue", shown(by));
            return Err(refuse(Class::Conflict, detail, "a second person approves it"));
        }
        let fields = [("catalogue", proposal.catalogue.as_str()), ("by", by)];
        self.change_step("catalogue.approved", now, &fields)?;
        self.newest_change()
    }

    /// Puts an approved catalogue in force, from the next start on.
    ///
    /// # Errors
    /// `catalogue-change-refused`.
    pub fn activate(&self, name: &str, by: &str) -> Result<Activation, AppError> {
        let by = person(by)?;
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, now) = (self.changes()?, self.clock.now());
        let catalogue = proposal(&all, name)?.catalogue.clone();
        let state = state_of(&all, &catalogue, now);
        if state != Some(ChangeState::Approved) {
            let state = state.map_or("unknown", ChangeState::as_str);
            let hint = "only an approved catalogue is activated; an approval is good for 72 hours";
            return Err(refuse(Class::Conflict, format!("the catalogue {catalogue} is {state}"), hint));
        }
        self.put_in_force(&all, catalogue, by, "approved", now)
    }

    /// Goes back to a catalogue that was in force: the one before, or the one that is named.
    ///
    /// # Errors
    /// `catalogue-change-refused`.
    pub fn roll_back(&self, to: Option<&str>, by: &str) -> Result<Activation, AppError> {
        let by = person(by)?;
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, now) = (self.changes()?, self.clock.now());
        let in_force = self.will_be_in_force(&all);
        let were = all.iter().rev().filter_map(|one| match &one.changed {
            Changed::Activated { before, .. } => Some([before.clone(), one.catalogue.clone()]),
            _ => None,
        });
        let mut were = were.flatten().filter(|one| *one != in_force);
        let to = match to {
            None => were.next(),
            Some(name) => {
                were.find(|one| name.len() >= super::super::versions::SHORTEST_NAME && one.starts_with(name))
            }
        };
        let hint = "`probity catalogue log` lists what was in force";
        let to = to.ok_or_else(|| refuse(Class::Missing, "no such catalogue was in force before", hint))?;
        self.put_in_force(&all, to, by, "rolled_back", now)
    }

    /// The hash of the catalogue that the next start takes.
    fn will_be_in_force(&self, all: &[Change]) -> String {
        let last = all.iter().rev().find(|one| matches!(one.changed, Changed::Activated { .. }));
        last.map_or_else(|| self.catalogue().hash.to_string(), |last| last.catalogue.clone())
    }

    fn put_in_force(
        &self,
        all: &[Change],
        catalogue: String,
        by: &str,
        how: &str,
        now: Timestamp,
    ) -> Result<Activation, AppError> {
        let before = self.will_be_in_force(all);
        let fields =
            [("catalogue", catalogue.as_str()), ("before", before.as_str()), ("by", by), ("how", how)];
        self.change_step("catalogue.activated", now, &fields)?;
        Ok(Activation { catalogue, before })
    }

    pub(super) fn newest_change(&self) -> Result<Change, AppError> {
        self.changes()?.pop().ok_or_else(|| AppError::internal("the change is not there"))
    }

    pub(super) fn next_step(&self) -> Result<u64, AppError> {
        Ok(self.changes()?.last().map_or(1, |last| last.number + 1))
    }

    pub(super) fn change_step(
        &self,
        kind: &str,
        at: Timestamp,
        fields: &[(&str, &str)],
    ) -> Result<(), AppError> {
        let event = self.own(kind, &step_id(self.next_step()?), at, fields, &[])?;
        self.write(vec![event])
    }

    fn write(&self, events: Vec<Prepared>) -> Result<(), AppError> {
        let outcomes = self.take_and_wait(events, Settling::Soon)?;
        let refused = outcomes.into_iter().find_map(|outcome| match outcome {
            Outcome::Conflict(_, problem) | Outcome::Refused(problem) => Some(problem),
            Outcome::Taken(_) | Outcome::Duplicate(_) => None,
        });
        refused.map_or(Ok(()), |problem| Err(AppError::new(Class::Conflict, problem)))
    }

    /// The events that keep a text, or none if it is kept.
    fn parts(&self, hash: &str, text: &str) -> Result<Vec<Prepared>, AppError> {
        let last = pieces(text).len() as i64;
        // Parts are written together, so the last one is there if all are.
        let kept = key_of(DERIVED_SOURCE, &part_id(hash, last));
        if self.with_reader(|reader| Ok(reader.find(&kept)?))?.is_some() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let one = |(part, piece): (i64, &str)| {
            let numbers = [("part", part), ("parts", last)];
            self.own(
                "catalogue.text_kept",
                &part_id(hash, part),
                now,
                &[("text", hash), ("body", piece)],
                &numbers,
            )
        };
        (1..).zip(pieces(text)).map(one).collect()
    }

    /// An event of Probity's own about nobody. Empty texts are left out.
    pub(in crate::app) fn own(
        &self,
        kind: &str,
        id: &str,
        at: Timestamp,
        texts: &[(&str, &str)],
        numbers: &[(&str, i64)],
    ) -> Result<Prepared, AppError> {
        let vocabulary = &self.catalogue().vocabulary;
        let hint = "take events/changes.toml of the starter into the catalogue in force";
        let lacks = |what: &str| {
            refuse(Class::Invalid, format!("the catalogue in force does not declare {what}"), hint)
        };
        let index = vocabulary.find(kind).ok_or_else(|| lacks(kind))?;
        let declared = vocabulary.get(index);
        let mut fields = vec![None; declared.fields.len()];
        let texts = texts.iter().filter(|(_, text)| !text.is_empty());
        let texts = texts.map(|(name, text)| (*name, FieldValue::Text((*text).into())));
        let numbers = numbers.iter().map(|(name, number)| (*name, FieldValue::Integer(*number)));
        for (name, value) in texts.chain(numbers) {
            let place = declared.field(name).ok_or_else(|| lacks(name))?;
            let value = match (value, declared.fields.get(place).map(|field| &field.kind)) {
                (FieldValue::Text(text), Some(FieldKind::Choice(words))) => {
                    let word = words.iter().position(|word| **word == *text).ok_or_else(|| lacks(&text))?;
                    FieldValue::Choice(u16::try_from(word).unwrap_or(u16::MAX))
                }
                (value, _) => value,
            };
            if let Some(slot) = fields.get_mut(place) {
                *slot = Some(value);
            }
        }
        Ok(self.ready(Event {
            id: ExternalId::try_new(id)?,
            source: ExternalId::try_new(DERIVED_SOURCE)?,
            kind: index,
            occurred_at: at,
            known_at: at,
            known_given: true,
            merchant: None,
            buyer: None,
            currency: None,
            fields,
        }))
    }
}

/// A name that says who it was.
pub(super) fn person(name: &str) -> Result<&str, AppError> {
    let name = name.trim();
    match ExternalId::try_new(name) {
        Ok(_) => Ok(name),
        Err(problem) => Err(refuse(Class::Invalid, format!("--by: {}", problem.detail), "say who does it")),
    }
}

/// Names that differ in case and blanks alone are one person's.
fn same_person(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// The last proposal of a catalogue, by its hash or the beginning of it.
pub(super) fn proposal<'a>(all: &'a [Change], name: &str) -> Result<&'a Change, AppError> {
    let proposed = |one: &&Change| matches!(one.changed, Changed::Tested { .. } | Changed::Refused { .. });
    let named = |one: &&Change| {
        name.len() >= super::super::versions::SHORTEST_NAME && one.catalogue.starts_with(name)
    };
    let meant: Vec<&Change> = all.iter().filter(proposed).filter(named).collect();
    let hint = "`probity catalogue log` lists what was proposed; give eight characters of the hash or more";
    match meant.last() {
        Some(last) if meant.iter().all(|one| one.catalogue == last.catalogue) => Ok(last),
        Some(_) => Err(refuse(Class::Invalid, format!("'{}' begins several hashes", shown(name)), hint)),
        None => Err(refuse(Class::Missing, format!("no catalogue '{}' was proposed", shown(name)), hint)),
    }
}

/// Types and fields of events that the log may hold and a proposed catalogue no longer declares.
fn missing(now: &Vocabulary, then: &Vocabulary) -> Vec<String> {
    let mut gone = Vec::new();
    for (_, kind) in now.iter() {
        match then.find(&kind.name).map(|index| then.get(index)) {
            None => gone.push(format!("the event type {} is gone, and the log may hold it", kind.name)),
            Some(after) => gone.extend(
                kind.fields
                    .iter()
                    .filter(|field| after.field(&field.name).is_none())
                    .map(|field| format!("{}.{} is gone, and the log may hold it", kind.name, field.name)),
            ),
        }
    }
    gone
}

/// A text in pieces that events can carry; cut between characters.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > PART {
        let at = (0..=PART).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn cut(text: &str) -> &str {
    let at = (0..=text.len().min(LONGEST)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..at).unwrap_or_default()
}
