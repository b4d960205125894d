//! The platform's own values, towards which few rows are pulled.
//!
//! Sums are kept by the day on which a row became *known* and the day on which it *occurred*, so the platform's value at the
//! end of any past day is exact and cheap, whatever arrives later.

use super::compile::{Kind, Plan};
use super::definition::{Aggregate, Prior, Window};
use super::measure::{Contribution, Contributions};
use super::tile::{Cell, Series, decode_series, encode_series};
use crate::event::Event;
use probity_primitives::wire::{Reader, WireError, Writer};
use probity_primitives::{Day, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Rows by the day they became known, then by the day they occurred.
type ByDays = BTreeMap<i32, Series<Cell>>;

/// The platform's sums of one measure: slot and category (0 = all).
#[derive(Debug, Clone, Default)]
pub struct Platform {
    sums: BTreeMap<(u16, u64), ByDays>,
    ready: HashMap<i32, Arc<Priors>>,
}

/// The platform's values at the end of one day: for each indicator with such a prior, over all and per category.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Priors {
    /// The day.
    pub day: i32,
    means: HashMap<(usize, u64), f64>,
}

impl Priors {
    /// The mean of an indicator (by index in the plan) over all.
    pub fn mean(&self, indicator: usize) -> Option<f64> {
        self.means.get(&(indicator, 0)).copied()
    }

    /// The mean within a category, or over all where the category has none.
    pub fn mean_in(&self, indicator: usize, category: u64) -> Option<f64> {
        self.means.get(&(indicator, category)).copied().or_else(|| self.mean(indicator))
    }
}

/// How many days' values are kept ready.
const READY: usize = 64;

impl Platform {
    /// Adds an event's contributions, or takes them back, as known at a moment.
    pub fn apply(
        &mut self,
        plan: &Plan,
        event: &Event,
        contributions: &Contributions,
        known_at: Timestamp,
        sign: i32,
    ) {
        let (known, occurred) = (known_at.day().0, event.occurred_at.day().0);
        for (slot, contribution) in contributions {
            let Some(measure) = plan.measure(*slot).filter(|measure| measure.prior) else { continue };
            self.add((*slot, 0), known, occurred, contribution, sign);
            if measure.mix && contribution.category != 0 {
                self.add((*slot, contribution.category), known, occurred, contribution, sign);
            }
            if self.ready.keys().any(|day| *day >= known) {
                self.ready.retain(|day, _| *day < known);
            }
        }
    }

    fn add(&mut self, of: (u16, u64), known: i32, occurred: i32, contribution: &Contribution, sign: i32) {
        self.sums.entry(of).or_default().entry(known).or_default().at(occurred).add(contribution, sign);
    }

    /// The platform's values that hold at a moment: those of the end of the day before.
    pub fn priors(&mut self, plan: &Plan, at: Timestamp) -> Arc<Priors> {
        let day = at.day().plus(-1).0;
        if let Some(ready) = self.ready.get(&day) {
            return Arc::clone(ready);
        }
        let priors = Arc::new(self.compute(plan, day));
        if self.ready.len() >= READY {
            self.ready.clear();
        }
        self.ready.insert(day, Arc::clone(&priors));
        priors
    }

    fn compute(&self, plan: &Plan, day: i32) -> Priors {
        let mut priors = Priors { day, means: HashMap::new() };
        for (index, indicator) in plan.indicators().iter().enumerate() {
            let Kind::Measured(read) = &indicator.kind else { continue };
            let first = match read.window {
                Window::Days(n) | Window::Hours(n) | Window::Switched { long: n, .. } => {
                    day.saturating_sub(n - 1)
                }
                Window::Lifetime => i32::MIN,
            };
            let categories = match read.prior {
                Some(Prior::Platform(_)) => 0..=0,
                Some(Prior::Category(_)) => 0..=u64::MAX,
                Some(Prior::Given(..)) | None => continue,
            };
            let (from, upto) = ((read.slot, *categories.start()), (read.slot, *categories.end()));
            for ((_, category), by_days) in self.sums.range(from..=upto) {
                let mut sum = Cell::default();
                for (_, series) in by_days.range(..=day) {
                    series.within(first, day).for_each(|(_, cell)| sum.merge(cell));
                }
                if sum.denominator > 0 {
                    let mean = sum.numerator as f64 / sum.denominator as f64;
                    let shown = if read.aggregate == Aggregate::Share { mean } else { mean / read.divisor };
                    priors.means.insert((index, *category), shown);
                }
            }
        }
        priors
    }

    /// As stored bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.unsigned(self.sums.len() as u64);
        for ((slot, category), by_days) in &self.sums {
            writer.unsigned(u64::from(*slot));
            writer.unsigned(*category);
            writer.unsigned(by_days.len() as u64);
            for (known, series) in by_days {
                writer.signed(i64::from(*known));
                encode_series(series, &mut writer, Cell::encode);
            }
        }
        writer.bytes
    }

    /// From stored bytes.
    ///
    /// # Errors
    /// When the bytes are not what [`Platform::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let mut platform = Self::default();
        for _ in 0..reader.count()? {
            let slot = u16::try_from(reader.unsigned()?).map_err(|_| WireError::Malformed)?;
            let category = reader.unsigned()?;
            let mut by_days = ByDays::new();
            for _ in 0..reader.count()? {
                let known = i32::try_from(reader.signed()?).map_err(|_| WireError::Malformed)?;
                by_days.insert(known, decode_series(&mut reader, Cell::decode)?);
            }
            platform.sums.insert((slot, category), by_days);
        }
        Ok(platform)
    }

    /// The newest day on which anything became known.
    pub fn newest_day(&self) -> Option<Day> {
        self.sums.values().filter_map(|by_days| by_days.last_key_value()).map(|(day, _)| Day(*day)).max()
    }
}
