//! What then happened: of decisions that a challenger would have answered otherwise, and of those of both arms of a split.

use super::super::changes::step_id;
use super::super::decide::record_of;
use super::super::docket;
use super::super::error::AppError;
use super::super::hindsight::{Became, Hindsight, Matter};
use super::super::open::{Opening, Probity};
use super::super::readers::Length;
use super::differences::{Direction, goes_ahead};
use super::rate::Rate;
use probity_credit::decision::Record;
use probity_credit::event::key_of;
use probity_credit::order::DERIVED_SOURCE;
use probity_credit::policy::RequestKind;
use probity_primitives::{Duration, Timestamp};
use probity_store::Reader;
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows read in one go.
const ROWS: usize = 10_000;

/// How some decisions fared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FaredCounts {
    /// How many there were.
    pub decisions: u64,
    /// What they were about together, in minor units of the reporting currency.
    pub amount: i64,
    /// Those that went well to their end.
    pub good: u64,
    /// Those that went badly.
    pub bad: u64,
    /// Those that came to nothing: never paid, cancelled by the buyer.
    pub nothing: u64,
    /// Those of which that is not known, or not yet.
    pub unknown: u64,
    /// What was lost of the bad ones, in minor units of the reporting currency.
    pub loss: i64,
}

impl FaredCounts {
    fn note(&mut self, amount: i64, became: Became) {
        self.decisions += 1;
        self.amount = self.amount.saturating_add(amount);
        self.loss = self.loss.saturating_add(became.loss());
        *match became {
            Became::Good => &mut self.good,
            Became::Bad { .. } => &mut self.bad,
            Became::Nothing => &mut self.nothing,
            Became::Unknown => &mut self.unknown,
        } += 1;
    }
}

/// How the decisions fared that a challenger would have moved one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fared {
    /// What was asked.
    pub kind: &'static str,
    /// Which way.
    pub direction: Direction,
    /// How they fared.
    #[serde(flatten)]
    pub counted: FaredCounts,
    /// The bad among those of which it is known: for what would have been stopped or cut, how often rightly.
    pub bad_rate: Option<Rate>,
}

/// How an arm of a split fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmFared {
    /// `live` or `challenger`.
    pub arm: String,
    /// What was asked.
    pub kind: &'static str,
    /// Its decisions.
    pub decisions: u64,
    /// Parties that asked.
    pub parties: u64,
    /// The share that went ahead.
    pub approval: Option<Rate>,
    /// How those fared that went ahead.
    pub granted: FaredCounts,
    /// The bad among those that went ahead and of which it is known.
    pub bad_rate: Option<Rate>,
}

/// What then happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Afterwards {
    /// The trial.
    pub trial: u64,
    /// The newest moment at which anything became known.
    pub known_until: String,
    /// Days after a decision within which something had to become known to count.
    pub within_days: i64,
    /// In shadow: what the challenger would have moved.
    pub differences: Vec<Fared>,
    /// In a split: how the arms fared.
    pub arms: Vec<ArmFared>,
}

/// Hits and all of them, by party.
type ByParty = BTreeMap<String, (u64, u64)>;

fn rate(parties: &ByParty) -> Option<Rate> {
    Rate::of(&parties.values().copied().collect::<Vec<_>>())
}

fn hit(parties: &mut ByParty, party: &str, hit: bool) {
    let (hits, all) = parties.entry(party.to_owned()).or_default();
    *hits += u64::from(hit);
    *all += 1;
}

#[derive(Default)]
struct Moved {
    counted: FaredCounts,
    bad: ByParty,
}

#[derive(Default)]
struct InArm {
    decisions: u64,
    granted: FaredCounts,
    approved: ByParty,
    bad: ByParty,
}

/// Whose decisions are alike: the buyer's, or the merchant's where no buyer takes part.
fn own_party(record: &Record) -> &str {
    let side = record.buyer.as_ref().or(record.merchant.as_ref());
    side.map_or("", |seen| seen.party.as_str())
}

fn judge(hindsight: &Hindsight, record: &Record, kind: RequestKind, within: Duration) -> Became {
    let id = |side: &Option<probity_credit::decision::SideSeen>| {
        side.as_ref().and_then(|seen| seen.party.split_once(':')).map(|(_, id)| id.to_owned())
    };
    let (merchant, buyer) = (id(&record.merchant), id(&record.buyer));
    let matter = Matter {
        decision: &record.id,
        kind,
        at: Timestamp::parse(&record.at).unwrap_or(Timestamp::EARLIEST),
        order: record.order.as_deref(),
        merchant: merchant.as_deref(),
        buyer: buyer.as_deref(),
        granted: goes_ahead(record).is_some(),
    };
    hindsight.judge(&matter, within).became
}

impl Probity {
    /// What then happened of the decisions of a trial, within so many days of each. It reads the log; `progress` hears of
    /// the rows done and the rows in all.
    ///
    /// # Errors
    /// `trial-unknown`; those of the store.
    pub fn trial_afterwards(
        &self,
        number: Option<u64>,
        within_days: i64,
        progress: Opening<'_>,
    ) -> Result<Afterwards, AppError> {
        let trial = self.trial(number)?;
        let since = Timestamp::parse(&trial.since)?;
        let within = Duration::days(within_days);
        self.shared.readers.read(Length::Long, |reader| {
            let upto = self.event_count();
            let hindsight = Hindsight::of_log(&self.shared, reader, since, upto, progress)?;
            let differences = self.moved(reader, trial.number, &hindsight, within)?;
            let arms = match trial.split {
                Some(_) => self.in_arms(reader, trial.number, upto, &hindsight, within)?,
                None => Vec::new(),
            };
            Ok(Afterwards {
                trial: trial.number,
                known_until: hindsight.until().max(since).to_string(),
                within_days,
                differences,
                arms,
            })
        })
    }

    fn moved(
        &self,
        reader: &mut impl Reader,
        trial: u64,
        hindsight: &Hindsight,
        within: Duration,
    ) -> Result<Vec<Fared>, AppError> {
        let mut moved: BTreeMap<(RequestKind, Direction), Moved> = BTreeMap::new();
        for seq in self.shared.postings(reader, docket::of_trial(trial))? {
            let (live, challenger) = self.both(reader, seq)?;
            let Some(kind) = RequestKind::parse(&live.request) else { continue };
            let one = moved.entry((kind, Direction::of(&live, &challenger))).or_default();
            let became = judge(hindsight, &live, kind, within);
            one.counted.note(live.amount.unwrap_or(0), became);
            if matches!(became, Became::Good | Became::Bad { .. }) {
                hit(&mut one.bad, own_party(&live), became != Became::Good);
            }
        }
        let fared = |((kind, direction), moved): ((RequestKind, Direction), Moved)| Fared {
            kind: kind.as_str(),
            direction,
            counted: moved.counted,
            bad_rate: rate(&moved.bad),
        };
        Ok(moved.into_iter().map(fared).collect())
    }

    fn in_arms(
        &self,
        reader: &mut impl Reader,
        trial: u64,
        upto: u64,
        hindsight: &Hindsight,
        within: Duration,
    ) -> Result<Vec<ArmFared>, AppError> {
        let mut arms: BTreeMap<(String, RequestKind), InArm> = BTreeMap::new();
        let mut next = reader.find(&key_of(DERIVED_SOURCE, &step_id(trial)))?.unwrap_or(1);
        while next <= upto {
            let rows = reader.range(next, ROWS)?;
            let Some(end) = rows.last().map(|row| row.seq) else { break };
            next = end + 1;
            for row in rows.iter().filter(|row| !self.shared.codec.passes_over(&row.body)) {
                let Some(record) = record_of(self.catalogue(), &self.shared.decode(row)?)? else { continue };
                let Some(part) = record.trial.as_ref().filter(|part| part.trial == trial) else { continue };
                let Some(kind) = RequestKind::parse(&record.request) else { continue };
                let arm = arms.entry((part.arm.clone(), kind)).or_default();
                arm.note(&record, &part.party, judge(hindsight, &record, kind, within));
            }
        }
        let fared = |((arm, kind), of): ((String, RequestKind), InArm)| ArmFared {
            arm,
            kind: kind.as_str(),
            decisions: of.decisions,
            parties: of.approved.len() as u64,
            approval: rate(&of.approved),
            granted: of.granted,
            bad_rate: rate(&of.bad),
        };
        Ok(arms.into_iter().map(fared).collect())
    }
}

impl InArm {
    fn note(&mut self, record: &Record, party: &str, became: Became) {
        let with = goes_ahead(record);
        self.decisions += 1;
        hit(&mut self.approved, party, with.is_some());
        let Some(amount) = with else { return };
        self.granted.note(amount, became);
        if matches!(became, Became::Good | Became::Bad { .. }) {
            hit(&mut self.bad, party, became != Became::Good);
        }
    }
}
