//! The platform as a whole: how many there are, how scores are spread over tiers and the scale.

use super::answer::{Answer, json};
use super::ranking::Ranking;
use super::site::Site;
use crate::app::AsOf;
use axum::extract::State;
use probity_credit::event::Role;
use serde::Serialize;
use utoipa::ToSchema;

/// Points that one bar of the spread covers.
const BAR: i32 = 25;

/// Something for merchants and for buyers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TiersOfBoth {
    /// Of merchants.
    merchant: Vec<TierCount>,
    /// Of buyers.
    buyer: Vec<TierCount>,
}

/// The spread of scores for merchants and for buyers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpreadOfBoth {
    /// Of merchants.
    merchant: Vec<ScoreBar>,
    /// Of buyers.
    buyer: Vec<ScoreBar>,
}

/// A tier and how many are in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TierCount {
    /// Its name.
    name: String,
    /// Its name for people.
    title: String,
    /// Reached from this score upward.
    from: i32,
    /// Parties in it.
    parties: usize,
}

/// Scores from `from` to below `to`; the last bar includes its end.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreBar {
    /// Its lower end.
    from: i32,
    /// Its upper end.
    to: i32,
    /// Parties in it.
    parties: usize,
}

/// The platform as of the newest event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Platform {
    /// The moment; null while there are no events.
    as_of: Option<String>,
    /// Events in the log, derived ones included.
    events: u64,
    /// Merchants about whom something is known.
    merchants: usize,
    /// Buyers about whom something is known.
    buyers: usize,
    /// The currency in which money is compared.
    reporting_currency: String,
    /// From the worst to the best.
    tiers: TiersOfBoth,
    /// From the floor to the ceiling of the scale.
    score_histogram: SpreadOfBoth,
}

/// The platform as a whole, as of its newest event.
#[utoipa::path(get, path = "/v1/platform", tag = "parties", operation_id = "getPlatform",
    responses((status = 200, description = "Counts and spreads", body = Platform)))]
pub(crate) async fn get_platform(State(site): State<Site>) -> Answer {
    site.settled().await;
    let merchants = site.rankings.get(&site.probity, Role::Merchant, AsOf::Latest).await?;
    let buyers = site.rankings.get(&site.probity, Role::Buyer, AsOf::Latest).await?;
    json(&platform(&site, &merchants, &buyers))
}

fn platform(site: &Site, merchants: &Ranking, buyers: &Ranking) -> Platform {
    let catalogue = site.probity.catalogue();
    let tiers = |role: Role, ranking: &Ranking| {
        let count = |name: &str| ranking.items.iter().filter(|item| &*item.tier == name).count();
        let one = |tier: &probity_credit::tier::Tier| TierCount {
            name: tier.name.clone(),
            title: tier.title.clone(),
            from: tier.from,
            parties: count(&tier.name),
        };
        catalogue.tiers(role).list().iter().map(one).collect()
    };
    let bars = |role: Role, ranking: &Ranking| {
        let scale = catalogue.scorecard(role).scale();
        let mut bars: Vec<ScoreBar> = (scale.floor..scale.ceiling)
            .step_by(BAR as usize)
            .map(|from| ScoreBar { from, to: (from + BAR).min(scale.ceiling), parties: 0 })
            .collect();
        let last = bars.len().saturating_sub(1);
        for item in &ranking.items {
            let place = usize::try_from((item.score - scale.floor) / BAR).unwrap_or(0).min(last);
            if let Some(bar) = bars.get_mut(place) {
                bar.parties += 1;
            }
        }
        bars
    };
    Platform {
        as_of: merchants.at.max(buyers.at).map(|at| at.to_string()),
        events: site.probity.event_count(),
        merchants: merchants.items.len(),
        buyers: buyers.items.len(),
        reporting_currency: catalogue.rates.reporting.to_string(),
        tiers: TiersOfBoth { merchant: tiers(Role::Merchant, merchants), buyer: tiers(Role::Buyer, buyers) },
        score_histogram: SpreadOfBoth {
            merchant: bars(Role::Merchant, merchants),
            buyer: bars(Role::Buyer, buyers),
        },
    }
}
