//! A card in force, watched: are parties still what they were, what was decided, and did it come as the scores said?
//!
//! Everything comes from the log alone, read beside whoever has the folder: states are rebuilt in the order in which things
//! became known, as those of training sets are.

use super::super::dataset::{
    Carried, DatasetOptions, Parties, SheetRow, Sink, Wanted, When, gathered, known, label_of,
};
use super::super::decide::beside;
use super::super::error::AppError;
use super::super::read::AsOf;
use super::super::timeline::{Change, Chronicle, Progress};
use super::answered::{Decisions, OutcomeCount};
use super::drift::{Alarm, Drifted, drifted, moved};
use super::judging::{CardShown, Judge, Judged};
use super::measures::{Interval, Performance, performance};
use super::present::{EXPERT, NOBODY, Present};
use super::rows::{Rows, invalid, refused};
use super::vintages::{PartRow, by_moment};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::label::Label;
use probity_credit::score::Scorecard;
use probity_primitives::{Duration, Timestamp};
use probity_scorecard::Table;
use probity_scorecard::table::Column;
use probity_store::{Reader, SqliteReader};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is to be watched.
#[derive(Debug, Clone)]
pub struct MonitorOptions {
    /// Whose card.
    pub of: Role,
    /// The moment.
    pub as_of: AsOf,
    /// The label that says what became of parties; none: the one the card was fitted on, if it was.
    pub label: Option<String>,
    /// From one vintage to the next.
    pub every: Duration,
    /// The first vintage; none: after the rows that the card was fitted on, or a year before the moment.
    pub from: Option<Timestamp>,
    /// A moment whose parties are held against, instead of the rows that the card was fitted on.
    pub reference: Option<Timestamp>,
}

/// A card in force, and how it does.
#[derive(Debug, Clone, Serialize)]
pub struct Monitored {
    /// The card.
    pub card: CardShown,
    /// The moment.
    pub as_of: String,
    /// Parties: those that the card's label observes, or all of whom something was known.
    pub parties: usize,
    /// Parties by tier, from the worst.
    pub tiers: Vec<(String, usize)>,
    /// What the distributions are held against; none where there is nothing.
    pub against: Option<String>,
    /// PSI and CSI.
    pub drift: Vec<Drifted>,
    /// Decisions by month and request.
    pub decisions: Vec<OutcomeCount>,
    /// The label by which vintages are judged.
    pub label: Option<String>,
    /// Vintages whose label is over.
    pub vintages: Vec<PartRow>,
    /// All of them together.
    pub performance: Option<Performance>,
    /// What the card promised on rows held out: AUC.
    pub validated_auc: Option<Interval>,
    /// What wants looking at.
    pub alarms: Vec<Alarm>,
    /// What else is to be known.
    pub remarks: Vec<String>,
}

/// Watches the card in force of a role. Only reads the folder, also while another process writes: what stands in the log by
/// then is looked at, and timers that fell due while nobody served have not gone off.
///
/// # Errors
/// `as-of-in-future`, `log-empty`, `label-unknown`, `training-set-invalid`; those of the store.
pub fn monitor(
    folder: &Path,
    catalogue: Catalogue,
    now: Timestamp,
    options: &MonitorOptions,
    progress: Progress<'_>,
) -> Result<Monitored, AppError> {
    let shared = beside(folder, catalogue)?;
    let catalogue: &Catalogue = &shared.catalogue;
    let mut reader = SqliteReader::open(folder)?;
    let chronicle = Chronicle { folder, shared: &shared, upto: reader.last()?.0 };
    let mut decisions = Decisions::new(catalogue, options.of);
    let (changes, extent) = known(&chronicle, &mut |event| decisions.take(event), progress)?;
    let at = options.as_of.moment(now, Some(extent.latest))?;
    let parties = Parties::read(&mut reader, options.of)?;
    let carried = Carried { chronicle: &chronicle, role: options.of, parties: &parties };
    let watching = Watching { folder, catalogue, options, at };
    let (present, then) = watching.both(&carried, &changes, progress)?;
    let card = present.card();
    let mut found = Monitored {
        card: CardShown::new(card, catalogue),
        as_of: at.to_string(),
        parties: present.parties(),
        tiers: present.by_tier(),
        against: None,
        drift: Vec::new(),
        decisions: decisions.by_month(at),
        label: None,
        vintages: Vec::new(),
        performance: None,
        validated_auc: None,
        alarms: Vec::new(),
        remarks: Vec::new(),
    };
    watching.held_against(&mut found, &present, then.as_ref())?;
    watching.judged_by_label(&mut found, progress)?;
    alarms(&mut found, card);
    Ok(found)
}

/// What is watched, and when.
struct Watching<'a> {
    folder: &'a Path,
    catalogue: &'a Catalogue,
    options: &'a MonitorOptions,
    at: Timestamp,
}

impl<'a> Watching<'a> {
    /// The parties of the moment, and those of the reference if there is one: in one going over what became known.
    fn both(
        &self,
        carried: &Carried<'_>,
        changes: &[Change],
        progress: Progress<'_>,
    ) -> Result<(Present<'a>, Option<Present<'a>>), AppError> {
        let nobody = || Present::nobody(self.catalogue, self.options.of);
        let (mut present, mut then) = (nobody(), self.options.reference.map(|_| nobody()));
        let mut moments: Vec<Timestamp> = self.options.reference.into_iter().chain([self.at]).collect();
        moments.sort_unstable();
        moments.dedup();
        let mut look = |_: usize, at: Timestamp| {
            for (_, number) in carried.parties.all() {
                let Some(snapshot) = carried.snapshot(*number, at)? else { continue };
                if at == self.at {
                    present.add(&snapshot);
                }
                if let Some(then) = then.as_mut().filter(|_| self.options.reference == Some(at)) {
                    then.add(&snapshot);
                }
            }
            Ok(())
        };
        carried.go_over((&moments, changes), &mut look, progress)?;
        Ok((present, then))
    }

    fn held_against(
        &self,
        found: &mut Monitored,
        present: &Present<'_>,
        then: Option<&Present<'_>>,
    ) -> Result<(), AppError> {
        if present.parties() == 0 {
            found.remarks.push(NOBODY.to_owned());
            return Ok(());
        }
        if let (Some(then), Some(at)) = (then, self.options.reference) {
            if then.parties() == 0 {
                return Err(invalid(
                    format!("nobody of this role was known at {at}"),
                    "take a later --reference",
                ));
            }
            let cuts = then.seen().cuts()?;
            found.against = Some(format!("the {} parties of {at}", then.parties()));
            let (before, after) = (then.seen().spread(&cuts), present.seen().spread(&cuts));
            found.drift = drifted(present.card(), &before, &after)?;
            return Ok(());
        }
        match present.against_training()? {
            Some((against, drift)) => (found.against, found.drift) = (Some(against), drift),
            None => found.remarks.push(format!("{EXPERT}: give a moment with --reference")),
        }
        Ok(())
    }

    fn judged_by_label(&self, found: &mut Monitored, progress: Progress<'_>) -> Result<(), AppError> {
        let (options, at) = (self.options, self.at);
        let card = self.catalogue.scorecard(options.of);
        let Some(name) = options.label.clone().or_else(|| card.fitted().map(|fitted| fitted.label.clone()))
        else {
            found.remarks.push("no --label is given: what became of parties is not looked at".to_owned());
            return Ok(());
        };
        let label = label_of(self.catalogue, &name)?;
        if label.of() != options.of {
            let of = label.of().as_str();
            return Err(invalid(
                format!("the label {name} is about {of}s"),
                "take one of the role that is watched",
            ));
        }
        let (from, to) = stretch(card, label, options, at);
        if from > to {
            let when = "no vintage since then has a label that is over";
            found.remarks.push(format!(
                "{name}: the first vintage is {from}, and the last whose label is over is {to}: {when}"
            ));
            return Ok(());
        }
        let wanted = DatasetOptions {
            label: name.clone(),
            when: When::Every { from: Some(from), to: Some(to), every: options.every },
            indicators: Wanted::Scorecard,
            keep_good: 1.0,
            to: PathBuf::from("memory"),
        };
        let mut rows = Gathered::default();
        // The rows of other moments are built on states of their own, which take definitions of their own.
        let catalogue = Catalogue::load(self.catalogue.texts.clone())?;
        match gathered(self.folder, catalogue, &wanted, &mut rows, progress) {
            Err(error) if error.problems.iter().any(|problem| problem.code.as_str() == "label-in-future") => {
                let detail = error.problems.first().map(ToString::to_string);
                found.remarks.extend(detail);
                return Ok(());
            }
            gathered => gathered?,
        };
        found.label = Some(name);
        let Some(rows) = rows.rows()? else {
            found
                .remarks
                .push("all rows of the vintages are of one class: nothing can be measured".to_owned());
            return Ok(());
        };
        let judged: Judged = Judge::new(card, self.catalogue).judge(&rows)?;
        found.vintages = by_moment(&rows, &judged, card)?;
        found.performance = Some(performance(&rows, &judged, card)?);
        Ok(())
    }
}

/// From the first vintage to the last whose label is over at the moment.
fn stretch(
    card: &Scorecard,
    label: &Label,
    options: &MonitorOptions,
    at: Timestamp,
) -> (Timestamp, Timestamp) {
    let fitted = card.fitted().and_then(|fitted| Timestamp::parse(&fitted.to).ok());
    let ahead = Duration(label.within().0 + label.report().0);
    let last = at.plus(Duration(-ahead.0));
    let from = options.from.or_else(|| fitted.map(|to| to.plus(options.every)));
    (from.unwrap_or_else(|| last.plus(Duration::days(-360)).day().end()), last)
}

/// Rows in memory, as they come.
#[derive(Default)]
struct Gathered {
    names: Vec<String>,
    places: Vec<usize>,
    columns: Vec<Vec<f64>>,
    parties: BTreeMap<String, u32>,
    party: Vec<u32>,
    at: Vec<Timestamp>,
    bad: Vec<bool>,
}

impl Sink for Gathered {
    fn begin(&mut self, names: &[String], places: &[usize]) -> Result<(), AppError> {
        (self.names, self.places) = (names.to_vec(), places.to_vec());
        self.columns = vec![Vec::new(); names.len()];
        Ok(())
    }

    fn row(&mut self, row: &SheetRow) -> Result<(), AppError> {
        for (column, place) in self.columns.iter_mut().zip(&self.places) {
            column.push(row.values.get(*place).copied().flatten().unwrap_or(f64::NAN));
        }
        let next = u32::try_from(self.parties.len()).unwrap_or(u32::MAX);
        self.party.push(*self.parties.entry(row.party.clone()).or_insert(next));
        self.at.push(row.as_of);
        self.bad.push(row.bad);
        Ok(())
    }
}

impl Gathered {
    /// The rows; none when they are all good or all bad, or there are none.
    fn rows(self) -> Result<Option<Rows>, AppError> {
        if self.bad.iter().all(|bad| *bad) || !self.bad.contains(&true) {
            return Ok(None);
        }
        let columns = self.names.into_iter().zip(self.columns);
        let columns = columns.map(|(name, values)| Column::numbers(name, values)).collect();
        let table = Table::try_new(columns).map_err(|error| refused(&error))?;
        let mut parties = vec![String::new(); self.parties.len()];
        for (name, number) in self.parties {
            if let Some(slot) = parties.get_mut(number as usize) {
                *slot = name;
            }
        }
        Ok(Some(Rows {
            file: "the log".to_owned(),
            digest: String::new(),
            table,
            party: self.party,
            parties,
            at: self.at,
            bad: self.bad,
            weight: None,
            said: None,
        }))
    }
}

/// What wants looking at, the worst first.
fn alarms(found: &mut Monitored, card: &Scorecard) {
    let mut alarms = moved(&found.drift);
    let held = card.fitted().and_then(|fitted| fitted.held_out.as_ref());
    found.validated_auc = held.map(|held| {
        let [value, low, high] = held.auc;
        Interval { value, low, high }
    });
    if let (Some(now), Some(held)) = (found.performance, held) {
        let [_, low, _] = held.auc;
        if now.auc_by_party.high < low {
            let Interval { value, low: from, high: to } = now.auc_by_party;
            let detail =
                format!("AUC is {value:.3} ({from:.3} to {to:.3}); held out it was at least {low:.3}");
            alarms.push(Alarm { what: "auc", level: "act", detail });
        }
        let [_, low, high] = held.bad_rate;
        if now.bad_rate.high < low || now.bad_rate.low > high {
            let Interval { value, low: from, high: to } = now.bad_rate;
            let detail = format!(
                "the bad rate is {value:.4} ({from:.4} to {to:.4}); held out it was {low:.4} to {high:.4}"
            );
            alarms.push(Alarm { what: "bad_rate", level: "watch", detail });
        }
        // Only a fitted card has earned the odds that its scores stand for.
        if now.predicted < now.bad_rate.low || now.predicted > now.bad_rate.high {
            let Interval { value, low, high } = now.bad_rate;
            let detail = format!(
                "the scores foretold {:.4} bad, and {value:.4} were ({low:.4} to {high:.4})",
                now.predicted
            );
            alarms.push(Alarm { what: "calibration", level: "act", detail });
        }
        for one in found.vintages.iter().filter(|one| one.off() && !one.small) {
            let (predicted, rate) =
                (one.predicted.unwrap_or_default(), one.bad_rate.map_or(0.0, |rate| rate.value));
            let detail = format!("vintage {}: foretold {predicted:.4} bad, and {rate:.4} were", one.part);
            alarms.push(Alarm { what: "calibration", level: "watch", detail });
        }
    }
    alarms.sort_by_key(|alarm| alarm.level != "act");
    found.alarms = alarms;
}
