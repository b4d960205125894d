//! All scores of a role, kept for a moment: lists, tiers and the spread of scores are read from here.

use super::problem::Failure;
use crate::app::{AppError, AsOf, Probity};
use probity_credit::event::Role;
use probity_primitives::Timestamp;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Parties read from the store in one go.
const AT_ONCE: usize = 1_000;
/// A ranking is good for at least this long, and for ten times what it took to make, whatever comes in meanwhile.
const GOOD_FOR: Duration = Duration::from_secs(2);
/// A ranking of now ages without any event.
const NOW_GOOD_FOR: Duration = Duration::from_secs(60);
/// Rankings kept.
const KEPT: usize = 6;

/// A party with its score.
#[derive(Debug)]
pub(crate) struct Ranked {
    pub(crate) id: Box<str>,
    pub(crate) score: i32,
    pub(crate) low: i32,
    pub(crate) high: i32,
    pub(crate) tier: Arc<str>,
    pub(crate) thin: bool,
    pub(crate) events: i64,
}

/// All parties of a role about which something was known at a moment.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// The moment; none while the log is empty.
    pub(crate) at: Option<Timestamp>,
    /// The highest score first, equal ones by id.
    pub(crate) items: Vec<Ranked>,
    /// Places in `items`, by id.
    pub(crate) by_id: Vec<u32>,
    log_events: u64,
    made: Instant,
    took: Duration,
}

impl Ranking {
    fn make(probity: &Probity, role: Role, as_of: AsOf) -> Result<Self, AppError> {
        let made = Instant::now();
        let log_events = probity.event_count();
        let mut items = Vec::new();
        let at = if as_of == AsOf::Latest && probity.latest().is_none() {
            None
        } else {
            let at = probity.moment(as_of)?;
            collect(probity, role, at, &mut items)?;
            Some(at)
        };
        items.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        let mut by_id: Vec<u32> = (0..u32::try_from(items.len()).unwrap_or(u32::MAX)).collect();
        by_id.sort_unstable_by_key(|place| items.get(*place as usize).map(|item| &item.id));
        Ok(Self { at, items, by_id, log_events, made, took: made.elapsed() })
    }

    fn is_good(&self, probity: &Probity, as_of: AsOf) -> bool {
        let age = self.made.elapsed();
        let moved = probity.event_count() != self.log_events;
        age < GOOD_FOR.max(self.took * 10) || !moved && (as_of != AsOf::Now || age < NOW_GOOD_FOR)
    }
}

/// The order of a ranking.
pub(crate) fn order(item: &Ranked) -> (Reverse<i32>, &str) {
    (Reverse(item.score), &item.id)
}

fn collect(probity: &Probity, role: Role, at: Timestamp, items: &mut Vec<Ranked>) -> Result<(), AppError> {
    let mut tiers: Vec<Arc<str>> = Vec::new();
    let mut after = 0;
    loop {
        let parties = probity.parties(role, after, AT_ONCE)?;
        let Some((last, _)) = parties.last() else { return Ok(()) };
        after = *last;
        for (number, party) in &parties {
            let (score, _) = probity.score_with_values(*number, party, at)?;
            // Nothing was known then: the party was not there yet, or all about it was taken back.
            if score.events == 0 {
                continue;
            }
            let tier = match tiers.iter().find(|tier| ***tier == *score.tier.name) {
                Some(tier) => Arc::clone(tier),
                None => {
                    let tier: Arc<str> = score.tier.name.into();
                    tiers.push(Arc::clone(&tier));
                    tier
                }
            };
            items.push(Ranked {
                id: party.id.as_str().into(),
                score: score.score,
                low: score.low,
                high: score.high,
                tier,
                thin: score.thin,
                events: score.events,
            });
        }
    }
}

/// The rankings that are kept.
#[derive(Default)]
pub(crate) struct Rankings {
    kept: Mutex<Vec<(Role, AsOf, Arc<Ranking>)>>,
}

impl Rankings {
    /// The ranking of a role as of a moment: a kept one, or a new one. Many who ask at once wait for one to be made.
    pub(crate) async fn get(
        self: &Arc<Self>,
        probity: &Probity,
        role: Role,
        as_of: AsOf,
    ) -> Result<Arc<Ranking>, Failure> {
        let this = Arc::clone(self);
        let probity = probity.clone();
        // A task of its own: when the asker goes away, what was begun is still of use to the next.
        let work = tokio::spawn(async move {
            let mut kept = this.kept.lock().await;
            if let Some((_, _, ranking)) = kept.iter().find(|(of, at, _)| *of == role && *at == as_of)
                && ranking.is_good(&probity, as_of)
            {
                return Ok(Arc::clone(ranking));
            }
            let made = tokio::task::spawn_blocking(move || Ranking::make(&probity, role, as_of)).await;
            let made = made.map_err(|error| Failure::internal(error.to_string()))?;
            let ranking = Arc::new(made?);
            kept.retain(|(of, at, _)| *of != role || *at != as_of);
            if kept.len() >= KEPT {
                kept.remove(0);
            }
            kept.push((role, as_of, Arc::clone(&ranking)));
            Ok(ranking)
        });
        work.await.map_err(|error| Failure::internal(error.to_string()))?
    }
}
