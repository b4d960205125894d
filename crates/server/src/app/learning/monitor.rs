//! A card in force, watched: are parties still what they were, what was decided, and did it come as the scores said?

use super::super::dataset::{DatasetOptions, SheetRow, Sink, Wanted, When, gathered};
use super::super::error::AppError;
use super::super::open::Probity;
use super::super::read::AsOf;
use super::super::timeline::Chronicle;
use super::super::trial_report::Rate;
use super::drift::{ACT, Drifted, Seen, WATCH, drifted, of_training};
use super::judging::{CardShown, Judge, Judged, count, places_of};
use super::measures::{Interval, Performance, performance};
use super::rows::{Rows, invalid, refused};
use super::vintages::{PartRow, by_moment};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::label::{Label, Observed};
use probity_credit::score::Scorecard;
use probity_primitives::{Duration, Timestamp};
use probity_scorecard::Table;
use probity_scorecard::table::Column;
use probity_store::{Reader, SqliteReader};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Parties that are looked up at once.
const AT_ONCE: usize = 1_000;
/// Months of decisions that are counted.
const MONTHS: i64 = 12;

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

/// Answers of a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeCount {
    /// The month, such as 2026-03.
    pub month: String,
    /// What was asked.
    pub request: String,
    /// Decisions.
    pub decisions: u64,
    /// Of these, let through: approved, or approved up to a limit.
    pub approved: u64,
    /// Their share, with an interval that knows that decisions of one party are alike.
    pub rate: Option<Rate>,
}

/// Something that wants looking at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// `psi`, `csi`, `auc`, `bad_rate` or `calibration`.
    pub what: &'static str,
    /// `watch` or `act`.
    pub level: &'static str,
    /// In words.
    pub detail: String,
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

/// Parties at a moment.
struct Now {
    scores: Vec<i32>,
    tiers: Vec<usize>,
    places: Vec<Vec<f64>>,
}

impl Now {
    fn seen(&self) -> Seen<'_> {
        Seen { scores: &self.scores, weight: None, places: &self.places }
    }
}

impl Probity {
    /// Watches the card in force of a role.
    ///
    /// # Errors
    /// `as-of-in-future`, `log-empty`, `label-unknown`, `training-set-invalid`; those of the store.
    pub fn monitor(
        &self,
        options: &MonitorOptions,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<Monitored, AppError> {
        let at = self.moment(options.as_of)?;
        let card = self.catalogue().scorecard(options.of);
        let now = self.parties_at(options.of, at, progress)?;
        let mut found = Monitored {
            card: CardShown::new(card, self.catalogue()),
            as_of: at.to_string(),
            parties: now.scores.len(),
            tiers: self.by_tier(options.of, &now),
            against: None,
            drift: Vec::new(),
            decisions: self.decisions_by_month(options.of, at, progress)?,
            label: None,
            vintages: Vec::new(),
            performance: None,
            validated_auc: None,
            alarms: Vec::new(),
            remarks: Vec::new(),
        };
        self.held_against(&mut found, options, &now, progress)?;
        self.judged_by_label(&mut found, options, at, progress)?;
        alarms(&mut found, card);
        Ok(found)
    }

    /// Parties of a role at a moment: those that the label of the card observes, so that they are alike to the rows it was
    /// fitted on; everybody of whom something was known where there is no such label.
    fn parties_at(
        &self,
        role: Role,
        at: Timestamp,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<Now, AppError> {
        let card = self.catalogue().scorecard(role);
        let label = card.fitted().and_then(|fitted| self.catalogue().labels.get(&fitted.label));
        let mut now = Now { scores: Vec::new(), tiers: Vec::new(), places: places_of(card) };
        let (all, mut done, mut after) = (self.party_count(role)?, 0, 0);
        loop {
            let parties = self.parties(role, after, AT_ONCE)?;
            let Some((last, _)) = parties.last() else { break };
            after = *last;
            done += parties.len() as u64;
            for (number, _) in &parties {
                let snapshot = self.snapshot(*number, role, at)?;
                let tier = self.tier_of(role, &snapshot);
                let observed = Observed {
                    values: &snapshot.values,
                    scored: &snapshot.scored,
                    tier: &tier.name,
                    suspended: snapshot.standing.suspended,
                    terminated: snapshot.standing.terminated,
                };
                let counts =
                    label.is_none_or(|label| label.observes(&observed) && !label.excludes(&observed));
                if snapshot.events <= 0 || !counts {
                    continue;
                }
                now.tiers.push(tier.index);
                now.scores.push(snapshot.scored.ungated);
                count(card, &snapshot.scored.chosen, 1.0, &mut now.places);
            }
            progress("scoring", done, all);
        }
        Ok(now)
    }

    fn by_tier(&self, role: Role, now: &Now) -> Vec<(String, usize)> {
        let tiers = self.catalogue().tiers(role).list().iter().enumerate();
        let many = |place: usize| now.tiers.iter().filter(|tier| **tier == place).count();
        tiers.map(|(place, tier)| (tier.name.clone(), many(place))).collect()
    }

    fn held_against(
        &self,
        found: &mut Monitored,
        options: &MonitorOptions,
        now: &Now,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<(), AppError> {
        let card = self.catalogue().scorecard(options.of);
        if now.scores.is_empty() {
            found.remarks.push("nobody of this role was known then".to_owned());
            return Ok(());
        }
        let (then, cuts) = match (options.reference, of_training(card)) {
            (Some(at), _) => {
                let then = self.parties_at(options.of, at, progress)?;
                if then.scores.is_empty() {
                    return Err(invalid(
                        format!("nobody of this role was known at {at}"),
                        "take a later --reference",
                    ));
                }
                let cuts = then.seen().cuts()?;
                found.against = Some(format!("the {} parties of {at}", then.scores.len()));
                (then.seen().spread(&cuts), cuts)
            }
            (None, Some(training)) => {
                let fitted = card.fitted();
                found.against = fitted.map(|fitted| format!("the {} rows it was fitted on", fitted.rows));
                training
            }
            (None, None) => {
                let hint =
                    "an expert's card does not say what parties were like: give a moment with --reference";
                found.remarks.push(hint.to_owned());
                return Ok(());
            }
        };
        found.drift = drifted(card, &then, &now.seen().spread(&cuts))?;
        Ok(())
    }

    fn decisions_by_month(
        &self,
        role: Role,
        at: Timestamp,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<Vec<OutcomeCount>, AppError> {
        let mut reader = SqliteReader::open(self.folder())?;
        let chronicle = Chronicle { folder: self.folder(), shared: &self.shared, upto: reader.last()?.0 };
        let vocabulary = &self.catalogue().vocabulary;
        let Some(made) = vocabulary.find("decision.made") else { return Ok(Vec::new()) };
        let declared = vocabulary.get(made);
        let first = at.plus(Duration::days(-31 * MONTHS));
        let mut counted: BTreeMap<(String, String), BTreeMap<String, (u64, u64)>> = BTreeMap::new();
        chronicle.changes(
            &mut |event| {
                let within = first <= event.known_at && event.known_at <= at;
                if event.kind == made
                    && within
                    && let Some(party) = event.party(role)
                {
                    let text = |name: &str| event.text(declared, name).unwrap_or_default().to_owned();
                    let month = event.known_at.to_string().chars().take(7).collect();
                    let parties = counted.entry((month, text("request"))).or_default();
                    let (approved, all) = parties.entry(party.as_str().to_owned()).or_default();
                    *all += 1;
                    *approved +=
                        u64::from(matches!(text("outcome").as_str(), "approve" | "approve_with_limit"));
                }
                false
            },
            progress,
        )?;
        let shown = counted.into_iter().map(|((month, request), parties)| {
            let parties: Vec<(u64, u64)> = parties.into_values().collect();
            let sum = |of: fn(&(u64, u64)) -> u64| parties.iter().map(of).sum();
            let (approved, decisions) = (sum(|(hits, _)| *hits), sum(|(_, all)| *all));
            OutcomeCount { month, request, decisions, approved, rate: Rate::of(&parties) }
        });
        Ok(shown.collect())
    }

    fn judged_by_label(
        &self,
        found: &mut Monitored,
        options: &MonitorOptions,
        at: Timestamp,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<(), AppError> {
        let card = self.catalogue().scorecard(options.of);
        let Some(name) = options.label.clone().or_else(|| card.fitted().map(|fitted| fitted.label.clone()))
        else {
            found.remarks.push("no --label is given: what became of parties is not looked at".to_owned());
            return Ok(());
        };
        let label = self.catalogue().labels.get(&name);
        if let Some(label) = label.filter(|label| label.of() != options.of) {
            let of = label.of().as_str();
            return Err(invalid(
                format!("the label {name} is about {of}s"),
                "take one of the role that is watched",
            ));
        }
        let (from, to) = label.map_or((at, at), |label| stretch(card, label, options, at));
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
        // The rows are built beside this process's states, from the log alone; so they need definitions of their own.
        let catalogue = Catalogue::load(self.catalogue().texts.clone())?;
        match gathered(self.folder(), catalogue, &wanted, &mut rows, progress) {
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
        let judged: Judged = Judge::new(card, self.catalogue()).judge(&rows)?;
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
    let mut alarms = Vec::new();
    for one in found.drift.iter().filter(|one| matches!(one.verdict, "watch" | "act")) {
        let what = if one.of == "score" { "psi" } else { "csi" };
        let limit = if one.verdict == "act" { ACT } else { WATCH };
        let detail = format!(
            "{} moved: {:.3}, from {limit} on; {:+.1} points on average",
            one.of, one.value, one.points
        );
        alarms.push(Alarm { what, level: one.verdict, detail });
    }
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
