//! The scorecard in force, watched while it scores.

use super::answer::{Answer, json};
use super::params::{Params, role};
use super::site::Site;
use super::stability::Look;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whose scorecard.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonitorParams {
    /// `merchant` or `buyer`.
    #[param(example = "merchant")]
    of: String,
}

/// The scorecard that is watched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchedCard {
    /// Its name.
    name: String,
    /// `merchant` or `buyer`.
    of: &'static str,
    /// The content hash of its file.
    hash: String,
}

/// A tier and how many of those that are looked at are in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TierParties {
    /// The tier.
    tier: String,
    /// Parties in it.
    parties: usize,
}

/// How far the score or a characteristic has moved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Movement {
    /// `score`, or the indicator.
    of: String,
    /// The stability index, PSI of the score or CSI of a characteristic: Σ (now − then) · ln(now / then) over shares.
    value: f64,
    /// `stable`, `watch` (from 0.1), `act` (from 0.25), or `few`: no more than twice what chance gives with so few parties.
    verdict: &'static str,
    /// What chance alone gives on average with so many parties.
    by_chance: f64,
    /// What the move did to the mean score, in points.
    points: f64,
}

/// Something that wants looking at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonitorAlarm {
    /// `psi` or `csi`.
    what: &'static str,
    /// `watch` or `act`.
    level: &'static str,
    /// In words.
    detail: String,
}

/// Whether parties still are what they were when the scorecard in force was fitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Watched {
    /// The scorecard.
    card: WatchedCard,
    /// The moment of the newest event when it was looked; null while there are no events.
    as_of: Option<String>,
    /// When it was looked. A look is good for a minute, and longer where it takes long or nothing comes in.
    looked_at: String,
    /// Parties that were looked at: those that the label of the scorecard observes, or all.
    parties: usize,
    /// From the worst to the best.
    tiers: Vec<TierParties>,
    /// What they are held against; null for an expert's scorecard, which does not say what its rows were like.
    against: Option<String>,
    /// The score, then each characteristic; empty where there is nothing to hold against.
    drift: Vec<Movement>,
    /// What wants looking at.
    alarms: Vec<MonitorAlarm>,
    /// Why something is missing.
    remarks: Vec<String>,
}

impl Watched {
    fn of(look: &Look) -> Self {
        let found = &look.found;
        let movement = |one: &crate::app::Drifted| Movement {
            of: one.of.clone(),
            value: one.value,
            verdict: one.verdict,
            by_chance: one.by_chance,
            points: one.points,
        };
        let alarm = |one: &crate::app::Alarm| MonitorAlarm {
            what: one.what,
            level: one.level,
            detail: one.detail.clone(),
        };
        let tiers = found.tiers.iter();
        Self {
            card: WatchedCard {
                name: found.card.name.clone(),
                of: found.card.of,
                hash: found.card.hash.clone(),
            },
            as_of: found.as_of.map(|at| at.to_string()),
            looked_at: look.looked_at.to_string(),
            parties: found.parties,
            tiers: tiers
                .map(|(tier, parties)| TierParties { tier: tier.clone(), parties: *parties })
                .collect(),
            against: found.against.clone(),
            drift: found.drift.iter().map(movement).collect(),
            alarms: found.alarms.iter().map(alarm).collect(),
            remarks: found.remarks.clone(),
        }
    }
}

/// Whether parties still are what they were when the scorecard in force was fitted.
///
/// All parties of the role are scored as of the newest event, at most once a minute; `/metrics` has the indices of the last look.
/// What was decided and what became of parties is read from the log, which `probity monitor` does beside the server.
#[utoipa::path(get, path = "/v1/monitor", tag = "operations", operation_id = "getMonitor", params(MonitorParams),
    responses((status = 200, description = "The last look, or a new one", body = Watched)))]
pub(crate) async fn get_monitor(State(site): State<Site>, Params(query): Params<MonitorParams>) -> Answer {
    let of = role("of", &query.of)?;
    site.settled().await;
    let look = site.looks.get(&site.probity, of).await?;
    json(&Watched::of(&look))
}
