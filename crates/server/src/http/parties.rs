//! The list of parties: filtered, sorted, a page at a time.

use super::answer::{Answer, json};
use super::cursor::Question;
use super::params::{Params, as_of, limit, role};
use super::problem::Failure;
use super::ranking::{Ranked, Ranking, order};
use super::site::Site;
use crate::app::AsOf;
use axum::extract::State;
use probity_credit::event::{Party, Role};
use probity_primitives::problem::shown;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use utoipa::{IntoParams, ToSchema};

/// Which parties, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PartiesParams {
    /// `merchant` or `buyer`.
    #[param(example = "merchant")]
    of: String,
    /// `-score` (best first, when left out), `score` or `id`.
    #[param(default = "-score")]
    sort: Option<String>,
    /// Only this tier.
    tier: Option<String>,
    /// Only ids that begin like this, capitals included.
    q: Option<String>,
    /// `latest` (when left out), `now` or a moment (RFC 3339 with offset).
    as_of: Option<String>,
    /// Parties on the page.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A party of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyItem {
    /// The party.
    #[schema(example = "merchant:m-1")]
    party: String,
    /// The score.
    score: i32,
    /// Lower end of its confidence range.
    low: i32,
    /// Upper end of its confidence range.
    high: i32,
    /// The tier's name.
    tier: String,
    /// Less history than the scorecard asks for.
    thin: bool,
    /// Events that count.
    events: i64,
    /// What costs points, at most four, the dearest first; empty when nothing does.
    reasons: Vec<String>,
}

/// A page of parties.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyPage {
    /// The parties.
    items: Vec<PartyItem>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
    /// The moment; null while there are no events.
    as_of: Option<String>,
    /// Parties on all pages.
    total: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    BestFirst,
    WorstFirst,
    Id,
}

/// What a page shows.
struct Wanted {
    sort: Sort,
    tier: Option<String>,
    prefix: String,
    most: usize,
    after: Option<(i32, String)>,
}

impl Wanted {
    fn holds(&self, item: &Ranked) -> bool {
        self.tier.as_deref().is_none_or(|tier| *tier == *item.tier) && item.id.starts_with(&self.prefix)
    }

    /// The places of the page's parties and whether more follow.
    fn page(&self, ranking: &Ranking) -> (Vec<usize>, bool) {
        let items = &ranking.items;
        let walk: Box<dyn Iterator<Item = usize>> = match (self.sort, &self.after) {
            (Sort::BestFirst, None) => Box::new(0..items.len()),
            (Sort::BestFirst, Some((score, id))) => {
                Box::new(items.partition_point(|item| order(item) <= (Reverse(*score), id))..items.len())
            }
            (Sort::WorstFirst, None) => Box::new((0..items.len()).rev()),
            (Sort::WorstFirst, Some((score, id))) => {
                Box::new((0..items.partition_point(|item| order(item) < (Reverse(*score), id))).rev())
            }
            (Sort::Id, after) => {
                let id = |place: &u32| items.get(*place as usize).map_or("", |item| &*item.id);
                let from = after.as_ref().map_or(0, |(_, after)| {
                    ranking.by_id.partition_point(|place| id(place) <= after.as_str())
                });
                Box::new(ranking.by_id.get(from..).unwrap_or_default().iter().map(|place| *place as usize))
            }
        };
        let mut places: Vec<usize> = walk
            .filter(|place| items.get(*place).is_some_and(|item| self.holds(item)))
            .take(self.most + 1)
            .collect();
        let more = places.len() > self.most;
        places.truncate(self.most);
        (places, more)
    }
}

/// Parties by score or id.
///
/// Pages follow each other without gaps or repeats as long as scores stand still; a party whose score moves between
/// two pages may be met twice or not at all.
#[utoipa::path(get, path = "/v1/parties", tag = "parties", operation_id = "listParties", params(PartiesParams),
    responses((status = 200, description = "A page of parties", body = PartyPage)))]
pub(crate) async fn list_parties(State(site): State<Site>, Params(query): Params<PartiesParams>) -> Answer {
    let of = role("of", &query.of)?;
    let sort = match query.sort.as_deref() {
        None | Some("-score") => Sort::BestFirst,
        Some("score") => Sort::WorstFirst,
        Some("id") => Sort::Id,
        Some(other) => {
            return Err(Failure::parameter("sort", format!("'{}' is not score, -score or id", shown(other))));
        }
    };
    let moment = as_of(query.as_of.as_deref())?;
    let tier = query.tier.filter(|tier| !tier.is_empty());
    if let Some(tier) = &tier
        && site.probity.catalogue().tiers(of).place(tier).is_none()
    {
        return Err(Failure::parameter("tier", format!("there is no tier '{}'", shown(tier))));
    }
    let prefix = query.q.unwrap_or_default();
    let question = Question::of(&[
        "parties",
        of.as_str(),
        query.sort.as_deref().unwrap_or("-score"),
        tier.as_deref().unwrap_or_default(),
        &prefix,
        query.as_of.as_deref().unwrap_or("latest"),
    ]);
    let after = query.cursor.filter(|cursor| !cursor.is_empty());
    let after = after.map(|cursor| position(&question, &cursor)).transpose()?;
    let wanted = Wanted { sort, tier, prefix, most: limit(query.limit)?, after };
    site.settled().await;
    let ranking = site.rankings.get(&site.probity, of, moment).await?;
    let page = site.blocking(move |probity| Ok(page(probity, of, &ranking, &wanted, &question))).await?;
    json(&page)
}

/// Where a page begins: the score and id of the last party before it.
fn position(question: &Question, cursor: &str) -> Result<(i32, String), Failure> {
    let text = question.position(cursor)?;
    let place = text.split_once(' ').and_then(|(score, id)| Some((score.parse().ok()?, id.to_owned())));
    place.ok_or_else(|| Failure::parameter("cursor", "the cursor names no place"))
}

fn page(
    probity: &crate::app::Probity,
    of: Role,
    ranking: &Ranking,
    wanted: &Wanted,
    question: &Question,
) -> PartyPage {
    let (places, more) = wanted.page(ranking);
    let items: Vec<&Ranked> = places.iter().filter_map(|place| ranking.items.get(*place)).collect();
    let next_cursor =
        items.last().filter(|_| more).map(|item| question.cursor(&format!("{} {}", item.score, item.id)));
    let all = wanted.tier.is_none() && wanted.prefix.is_empty();
    let total = if all {
        ranking.items.len()
    } else {
        ranking.items.iter().filter(|item| wanted.holds(item)).count()
    };
    let shown = |item: &Ranked| {
        let party = format!("{}:{}", of.as_str(), item.id);
        let explained = Party::parse(&party)
            .zip(ranking.at)
            .and_then(|(party, at)| probity.explain(&party, AsOf::At(at)).ok());
        let reasons = explained.map_or_else(Vec::new, |it| {
            it.explanation.reasons.into_iter().map(|reason| reason.text).collect()
        });
        PartyItem {
            party,
            score: item.score,
            low: item.low,
            high: item.high,
            tier: item.tier.to_string(),
            thin: item.thin,
            events: item.events,
            reasons,
        }
    };
    PartyPage {
        items: items.into_iter().map(shown).collect(),
        next_cursor,
        as_of: ranking.at.map(|at| at.to_string()),
        total,
    }
}
