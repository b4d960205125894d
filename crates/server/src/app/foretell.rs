//! How well the merchant score of a date foretells orders that go badly afterwards, beside the plain mean rating.

use super::error::AppError;
use super::open::Probity;
use super::ranking::{Judged, Rankings, rank};
use super::shared::Shared;
use probity_credit::event::{Event, Mark, Party, Role, standing};
use probity_primitives::{Code, Day, Duration, Problem, Timestamp};
use probity_store::Reader;
use serde::Serialize;
use std::collections::HashMap;

const FORETELL_IMPOSSIBLE: Code = Code::new("foretell-impossible");
/// Rows of the log read in one go.
const ROWS_AT_ONCE: usize = 10_000;
/// Stars at or below which an order went badly.
const LOW_RATING: i64 = 2;

/// What is asked.
#[derive(Debug, Clone)]
pub struct ForetellOptions {
    /// The days at whose end scores are taken, oldest first.
    pub dates: Vec<Day>,
    /// How long after a date orders are looked at.
    pub horizon: Duration,
    /// Orders of the market that a delivered order stands for; others stand for themselves.
    pub delivered_weight: f64,
}

/// One date's result.
#[derive(Debug, Clone, Serialize)]
pub struct ForetoldAt {
    /// The date; none for all together.
    pub date: Option<String>,
    /// Orders placed in the horizon after it with merchants that were known by then.
    pub orders: usize,
    /// How many of them went badly.
    pub bad: usize,
    /// The share of bad orders, weighted.
    pub bad_share: f64,
    /// Their merchants.
    pub merchants: usize,
    /// The rankings; none when all orders ended alike.
    pub rankings: Option<Rankings>,
}

/// The whole answer.
#[derive(Debug, Clone, Serialize)]
pub struct Foretold {
    /// By date.
    pub dates: Vec<ForetoldAt>,
    /// All dates, pairs formed within a date.
    pub within: ForetoldAt,
    /// All dates in one heap, pairs formed across dates too.
    pub across: ForetoldAt,
    /// Orders left out because their end is not known yet.
    pub undecided: usize,
    /// Hash of the scorecard.
    pub scorecard: String,
}

/// What became of an order, as far as it matters here.
#[derive(Debug, Default)]
struct Outcome {
    placed: Option<Timestamp>,
    delivered: bool,
    lost: bool,
    rating: Option<i64>,
}

impl Outcome {
    /// Bad or good; `None` while neither is settled.
    fn bad(&self) -> Option<bool> {
        if self.lost || self.rating.is_some_and(|rating| rating <= LOW_RATING) {
            return Some(true);
        }
        self.delivered.then_some(false)
    }
}

/// What the log says in the end.
#[derive(Default)]
struct Ending {
    /// By merchant and order.
    orders: HashMap<(String, String), Outcome>,
    /// Ratings of a merchant with the moment they were known.
    ratings: HashMap<String, Vec<(Timestamp, i64)>>,
}

/// A merchant: number, name, orders.
type Seller<'a> = (u32, Party, Vec<&'a Outcome>);

/// Told as scores are taken: how many, of how many.
pub type ForetellProgress<'a> = &'a mut dyn FnMut(u64, u64);

impl Probity {
    /// Ranks orders after each date by what the merchant's score, and the mean of its ratings, said at that date.
    ///
    /// # Errors
    /// `foretell-impossible` when no order falls into any horizon; those of the store.
    pub fn foretell(
        &self,
        options: &ForetellOptions,
        progress: ForetellProgress<'_>,
    ) -> Result<Foretold, AppError> {
        let ending = self.ending()?;
        let merchants = self.merchants_with_orders(&ending)?;
        let mut undecided = 0;
        let mut judged = Vec::new();
        let total = (options.dates.len() * merchants.len()) as u64;
        for (stratum, date) in (0_u32..).zip(&options.dates) {
            let at = date.end();
            let until = at.plus(options.horizon);
            let usual = mean(ending.ratings.values().flatten(), at);
            for (done, (number, party, orders)) in (0_u64..).zip(&merchants) {
                let ahead = || {
                    orders
                        .iter()
                        .filter(|order| order.placed.is_some_and(|placed| placed > at && placed <= until))
                };
                progress(u64::from(stratum) * merchants.len() as u64 + done, total);
                if ahead().next().is_none() {
                    continue;
                }
                let (score, _) = self.score_with_values(*number, party, at)?;
                if score.events == 0 {
                    continue;
                }
                let own = ending.ratings.get(party.id.as_str()).and_then(|ratings| mean(ratings, at));
                let said = [f64::from(score.score), own.or(usual).unwrap_or(0.0)];
                for order in ahead() {
                    let Some(bad) = order.bad() else {
                        undecided += 1;
                        continue;
                    };
                    let weight = if order.delivered && !order.lost { options.delivered_weight } else { 1.0 };
                    judged.push(Judged { merchant: *number, stratum, said, bad, weight });
                }
            }
        }
        if judged.is_empty() {
            let detail = "no order of a known merchant was placed within the horizon after any of the dates";
            return Err(Problem::new(FORETELL_IMPOSSIBLE, detail)
                .hint("choose dates inside the history, with the horizon after them")
                .into());
        }
        let dates = (0_u32..).zip(&options.dates).map(|(stratum, date)| {
            let own: Vec<Judged> = judged.iter().filter(|order| order.stratum == stratum).copied().collect();
            foretold(Some(date.to_string()), &own)
        });
        let dates = dates.collect();
        let within = foretold(None, &judged);
        let heap: Vec<Judged> = judged.iter().map(|order| Judged { stratum: 0, ..*order }).collect();
        let across = foretold(None, &heap);
        let scorecard = self.catalogue().scorecard(Role::Merchant).hash().to_string();
        Ok(Foretold { dates, within, across, undecided, scorecard })
    }

    /// Merchants that the orders name, with their numbers.
    fn merchants_with_orders<'a>(&self, ending: &'a Ending) -> Result<Vec<Seller<'a>>, AppError> {
        let mut orders: HashMap<&str, Vec<&Outcome>> = HashMap::new();
        for ((merchant, _), outcome) in &ending.orders {
            orders.entry(merchant).or_default().push(outcome);
        }
        let mut merchants = Vec::new();
        let mut after = 0;
        loop {
            let parties = self.parties(Role::Merchant, after, 1_000)?;
            let Some((last, _)) = parties.last() else { return Ok(merchants) };
            after = *last;
            for (number, party) in parties {
                if let Some(orders) = orders.remove(party.id.as_str()) {
                    merchants.push((number, party, orders));
                }
            }
        }
    }

    /// How all orders ended, by everything the log knows; what was retracted or is disputed is left out.
    fn ending(&self) -> Result<Ending, AppError> {
        let shared = &self.shared;
        let marks = self.marks()?;
        let mut ending = Ending::default();
        shared.each_event(|key, event| {
            let marks = marks.get(&key).map_or(&[][..], Vec::as_slice);
            if standing(event.known_at, marks).last().is_some_and(|(_, stands)| *stands) {
                ending.note(shared, event);
            }
        })?;
        Ok(ending)
    }

    fn marks(&self) -> Result<HashMap<[u8; 16], Vec<Mark>>, AppError> {
        let catalogue = self.catalogue();
        let mut marks: HashMap<[u8; 16], Vec<Mark>> = HashMap::new();
        self.shared.each_event(|_, event| {
            if let Some(mark) = catalogue.marks.read(&catalogue.vocabulary, event) {
                marks.entry(mark.target).or_default().push(mark);
            }
        })?;
        Ok(marks)
    }
}

impl Shared {
    /// Shows every event of the log, oldest row first.
    pub(super) fn each_event(&self, mut show: impl FnMut([u8; 16], &Event)) -> Result<(), AppError> {
        let mut next = 1;
        loop {
            let rows = self.read(|reader| Ok(reader.range(next, ROWS_AT_ONCE)?))?;
            let Some(last) = rows.last() else { return Ok(()) };
            next = last.seq + 1;
            for row in &rows {
                show(row.key, &self.decode(row)?);
            }
        }
    }
}

impl Ending {
    fn note(&mut self, shared: &Shared, event: &Event) {
        let kind = shared.catalogue.vocabulary.get(event.kind);
        let Some(merchant) = event.merchant.as_ref().map(ToString::to_string) else { return };
        let rating = (kind.name == "review.posted").then(|| event.integer(kind, "rating")).flatten();
        if let Some(rating) = rating {
            self.ratings.entry(merchant.clone()).or_default().push((event.known_at, rating));
        }
        let of_order = matches!(
            kind.name.as_str(),
            "order.placed"
                | "order.delivered"
                | "order.cancelled"
                | "order.undelivered"
                | "order.unpaid"
                | "review.posted"
        );
        let Some(order) = event.text(kind, "order").filter(|_| of_order) else { return };
        let outcome = self.orders.entry((merchant, order.to_owned())).or_default();
        match kind.name.as_str() {
            "order.placed" => outcome.placed = Some(event.occurred_at),
            "order.delivered" => outcome.delivered = true,
            "review.posted" => outcome.rating = outcome.rating.into_iter().chain(rating).min(),
            _ => outcome.lost = true,
        }
    }
}

/// The mean of the ratings known by a moment.
fn mean<'a>(ratings: impl IntoIterator<Item = &'a (Timestamp, i64)>, at: Timestamp) -> Option<f64> {
    let known = ratings.into_iter().filter(|(known_at, _)| *known_at <= at);
    let (sum, count) = known.fold((0_i64, 0_i64), |(sum, count), (_, rating)| (sum + rating, count + 1));
    (count > 0).then(|| sum as f64 / count as f64)
}

fn foretold(date: Option<String>, orders: &[Judged]) -> ForetoldAt {
    let mut merchants: Vec<u32> = orders.iter().map(|order| order.merchant).collect();
    merchants.sort_unstable();
    merchants.dedup();
    let weight = |wanted: bool| {
        orders.iter().filter(|order| order.bad || !wanted).map(|order| order.weight).sum::<f64>()
    };
    let all = weight(false);
    ForetoldAt {
        date,
        orders: orders.len(),
        bad: orders.iter().filter(|order| order.bad).count(),
        bad_share: if all > 0.0 { weight(true) / all } else { 0.0 },
        merchants: merchants.len(),
        rankings: rank(orders),
    }
}
