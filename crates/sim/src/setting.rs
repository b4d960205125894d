//! The setting of a world: size, prices, services, credit, and who lives in it (`catalogue/worlds/marketplace.toml`).

use crate::archetype::{BuyerKind, MOST_DAYS, MerchantKind};
use crate::honest::Honest;
use probity_primitives::{Currency, Day, Problem, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

pub use crate::honest::WORLD_INVALID;

/// Parties of a role at most: their numbers stand in 32 bits beside marks.
const MOST_PARTIES: u32 = 100_000_000;

/// Everything that is set about a world.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The fitted marginals of honest trade.
    pub honest: Honest,
    /// The rest.
    pub world: World,
}

/// The world file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// For people.
    pub title: String,
    /// ISO 4217 code of the currency that everybody trades in.
    pub currency: String,
    /// The first day.
    pub begin: String,
    /// How large, unless the command says otherwise.
    pub size: Size,
    /// How buyers choose.
    pub market: Market,
    /// Questions and answers.
    pub service: Service,
    /// Goods that go back.
    pub returns: Returns,
    /// Claims and card disputes.
    pub claims: Claims,
    /// What buyers do about answers of the platform.
    pub payments: Payments,
    /// Money to merchants.
    pub payouts: Payouts,
    /// Credit lines of buyers.
    pub credit: Credit,
    /// Vouchers.
    pub promotions: Promotions,
    /// What is checked about parties: kind of check, and the share of honest parties that pass it.
    pub identity: Identity,
    /// What is sold.
    pub categories: Vec<Category>,
    /// Names of carriers.
    pub carriers: Vec<String>,
    /// What a tier means to buyers: its badge, and whether a merchant of that tier may sell.
    pub standing: BTreeMap<String, TierMeaning>,
    /// Kinds of merchants.
    pub merchants: BTreeMap<String, MerchantKind>,
    /// Kinds of buyers.
    pub buyers: BTreeMap<String, BuyerKind>,
}

/// How large a world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Merchants, those that join later included.
    pub merchants: u32,
    /// Buyers, those that join later included.
    pub buyers: u32,
    /// Days.
    pub days: u32,
}

/// How buyers choose.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Orders of a buyer in a year; the fitted figure when missing.
    pub orders_per_buyer_year: Option<f64>,
    /// Share of parties that are there on the first day; the others join evenly over the time.
    pub there_at_begin: f64,
    /// Merchants that a buyer looks at before choosing.
    pub candidates: u32,
    /// Share of visits that go back to the merchant of the last order that went well.
    pub loyalty: f64,
    /// Utility lost per unit of the logarithm of the price.
    pub price_weight: f64,
    /// Utility per star above the mean.
    pub rating_weight: f64,
    /// Utility per step of the badge.
    pub badge_weight: f64,
    /// Reviews that the shown rating is drawn to the mean by.
    pub rating_prior: f64,
    /// Mean that it is drawn to.
    pub rating_mean: f64,
    /// Spread of price levels among merchants.
    pub price_spread: f64,
    /// How much more often a buyer comes for a discount: this many times the discount.
    pub discount_response: f64,
    /// Share of a lower fee that a merchant passes on in its prices.
    pub passed_on: f64,
}

/// What buyers do about answers that are no plain yes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Share of further proofs that buyers give who pay with their own money.
    pub step_up_honest: f64,
    /// Share that those give who pay with a stolen card.
    pub step_up_thief: f64,
    /// Share of honest buyers who buy something cheaper when a limit is below the price of one article.
    pub settles: f64,
}

/// Questions and answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Share of orders with a question.
    pub asks: f64,
    /// Hours to the answer, median.
    pub answer_hours: f64,
    /// Spread of that.
    pub answer_spread: f64,
    /// Days after which an unanswered question counts as unanswered.
    pub unanswered_days: f64,
    /// Share of visits with a login event.
    pub logins: f64,
    /// Share of orders whose first payment fails and is tried again.
    pub payment_fails: f64,
    /// Days from delivery to confirmation by those that confirm, mean.
    pub confirm_days: f64,
    /// Days after which receipt counts as confirmed.
    pub confirm_timeout_days: f64,
    /// Hours from dispatch to the first scan, median.
    pub scan_hours: f64,
}

/// Goods that go back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// Share of delivered orders sent back within the statutory right, for an ordinary buyer.
    pub share: f64,
    /// Days from delivery to the request, at most.
    pub right_days: f64,
    /// Days from request to receipt, mean.
    pub travel_days: f64,
}

/// Claims and card disputes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Share of buyers without goods that claim.
    pub not_received: f64,
    /// Days after the promised delivery at which they do, mean.
    pub not_received_days: f64,
    /// Share of buyers of misdescribed or counterfeit goods that claim.
    pub not_as_described: f64,
    /// Share of the rest with a card that dispute the payment at their bank instead.
    pub disputes: f64,
    /// Days from claim to answer, mean.
    pub answer_days: f64,
    /// Days from claim to decision, mean.
    pub decide_days: f64,
    /// Days from dispute to decision, mean.
    pub dispute_days: f64,
    /// Share of false claims that the platform sees through.
    pub seen_through: f64,
    /// Days to repay a compensated claim.
    pub recourse_days: f64,
    /// Share of honest merchants that repay from outside when their sales do not cover it.
    pub repays: f64,
}

/// Money to merchants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payouts {
    /// The platform's fee in basis points.
    pub fee_basis_points: i64,
    /// Days from delivery (or from dispatch where delivery is not told) to release.
    pub release_days: f64,
    /// Days between payouts.
    pub every_days: u32,
    /// Days for which a reserve is kept, where terms have one.
    pub reserve_days: f64,
}

/// Credit lines of buyers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// Share of buyers with a line.
    pub share: f64,
    /// Limit, median in minor units.
    pub limit_median: f64,
    /// Spread of limits.
    pub limit_spread: f64,
    /// Share of orders paid with the line when it has room.
    pub used: f64,
    /// Monthly instalments of a draw.
    pub instalments: u32,
    /// Share of instalments paid late by oversight.
    pub forgotten: f64,
    /// Chance of an income shock in a month.
    pub shock_a_month: f64,
    /// Months that a shock lasts, mean.
    pub shock_months: f64,
    /// Share of instalments missed in a shock.
    pub missed_in_shock: f64,
    /// Days past due at which a missed instalment is written off.
    pub write_off_days: u32,
}

/// Vouchers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotions {
    /// Share of an ordinary buyer's orders with one.
    pub share: f64,
    /// Value, as a share of the goods.
    pub value: f64,
    /// The most one is worth, in minor units.
    pub most: i64,
}

/// What is checked about parties.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Checks of merchants.
    pub merchant: BTreeMap<String, f64>,
    /// Checks of buyers.
    pub buyer: BTreeMap<String, f64>,
}

/// What is sold.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// Share of orders.
    pub share: f64,
    /// Prices, as a multiple of the fitted median.
    pub price: f64,
}

/// What a tier means.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierMeaning {
    /// The badge that buyers see: below 0 warns, above 0 commends.
    pub badge: i8,
    /// Whether a party of that tier may trade.
    pub trades: bool,
}

impl Setting {
    /// Reads the two files of a world and checks that it can be.
    ///
    /// # Errors
    /// `world-invalid` with what is impossible.
    pub fn read(world: &str, honest: &str) -> Result<Self, Problem> {
        let unreadable = |file: &str, error: toml::de::Error| {
            let place = error.span().map_or_else(String::new, |span| {
                let text = if file == "honest.toml" { honest } else { world };
                let before = text.get(..span.start).unwrap_or_default();
                format!(":{}", before.matches('\n').count() + 1)
            });
            Problem::new(WORLD_INVALID, format!("{file}{place}: {}", error.message()))
        };
        let world: World = toml::from_str(world).map_err(|error| unreadable("marketplace.toml", error))?;
        let honest: Honest = toml::from_str(honest).map_err(|error| unreadable("honest.toml", error))?;
        let setting = Self { honest, world };
        setting.check()?;
        Ok(setting)
    }

    /// Leaves out all archetypes but these (the honest ones always stay), or leaves out these.
    ///
    /// # Errors
    /// `world-invalid` for a name that is no archetype, or when nobody is left.
    pub fn choose(&mut self, only: Option<&[String]>, without: &[String]) -> Result<(), Problem> {
        let known =
            |name: &String| self.world.merchants.contains_key(name) || self.world.buyers.contains_key(name);
        if let Some(unknown) = only.unwrap_or_default().iter().chain(without).find(|name| !known(name)) {
            let all: Vec<&str> =
                self.world.merchants.keys().chain(self.world.buyers.keys()).map(String::as_str).collect();
            return Err(Problem::new(WORLD_INVALID, format!("there is no archetype '{unknown}'"))
                .hint(format!("one of {}", all.join(", "))));
        }
        let out = |name: &String, cheats: bool| {
            without.contains(name) || only.is_some_and(|only| cheats && !only.contains(name))
        };
        for (name, kind) in &mut self.world.merchants {
            kind.off |= out(name, kind.cheats);
        }
        for (name, kind) in &mut self.world.buyers {
            kind.off |= out(name, kind.cheats);
        }
        let nobody = self.world.merchants.values().all(|kind| kind.off)
            || self.world.buyers.values().all(|kind| kind.off);
        if nobody { Err(Problem::new(WORLD_INVALID, "nobody is left in this world")) } else { Ok(()) }
    }

    /// The currency.
    ///
    /// # Errors
    /// `world-invalid`.
    pub fn currency(&self) -> Result<Currency, Problem> {
        Currency::try_new(&self.world.currency)
            .map_err(|problem| Problem::new(WORLD_INVALID, format!("currency: {}", problem.detail)))
    }

    /// The first day.
    ///
    /// # Errors
    /// `world-invalid`.
    pub fn begin(&self) -> Result<Day, Problem> {
        Timestamp::parse(&format!("{}T00:00:00Z", self.world.begin))
            .map(Timestamp::day)
            .map_err(|problem| Problem::new(WORLD_INVALID, format!("begin: {}", problem.detail)))
    }

    /// Orders of an ordinary buyer in a year.
    pub fn orders_per_buyer_year(&self) -> f64 {
        self.world.market.orders_per_buyer_year.unwrap_or(self.honest.demand.orders_per_buyer_year)
    }

    /// Checks that the world can be.
    ///
    /// # Errors
    /// `world-invalid` with what is impossible.
    pub fn check(&self) -> Result<(), Problem> {
        let refuse = |detail: String| Err(Problem::new(WORLD_INVALID, detail));
        self.currency()?;
        self.begin()?;
        if let Some(detail) = self.honest.impossible() {
            return refuse(format!("honest.toml: {detail}"));
        }
        let World { size, categories, carriers, merchants, buyers, .. } = &self.world;
        if !(1..=MOST_PARTIES).contains(&size.merchants) || !(1..=MOST_PARTIES).contains(&size.buyers) {
            return refuse(format!(
                "{} merchants and {} buyers: from 1 to {MOST_PARTIES} of each",
                size.merchants, size.buyers
            ));
        }
        if !(1..=MOST_DAYS).contains(&size.days) {
            return refuse(format!("{} days: from 1 to {MOST_DAYS}", size.days));
        }
        if categories.is_empty() || categories.len() > 1_000 || carriers.is_empty() || carriers.len() > 1_000
        {
            return refuse("from 1 to 1000 categories and carriers are needed".into());
        }
        let shares = |name: &str, shares: Vec<f64>| {
            let sum: f64 = shares.iter().sum();
            let bad = shares.iter().any(|share| !(0.0..=1.0).contains(share))
                || !(1e-9..=1.0 + 1e-6).contains(&sum);
            bad.then(|| {
                format!("the shares of {name} make {sum}: each from 0 to 1, together above 0 and at most 1")
            })
        };
        let wrong = shares("merchants", merchants.values().map(|kind| kind.share).collect())
            .or_else(|| shares("buyers", buyers.values().map(|kind| kind.share).collect()))
            .or_else(|| shares("categories", categories.iter().map(|category| category.share).collect()))
            .or_else(|| self.out_of_range())
            .or_else(|| {
                let response = self.world.market.discount_response;
                (!(0.0..=100.0).contains(&response))
                    .then(|| format!("market.discount_response = {response} is not from 0 to 100"))
            })
            .or_else(|| {
                merchants
                    .iter()
                    .find_map(|(name, kind)| kind.impossible().map(|why| format!("merchants.{name}: {why}")))
            })
            .or_else(|| {
                buyers
                    .iter()
                    .find_map(|(name, kind)| kind.impossible().map(|why| format!("buyers.{name}: {why}")))
            });
        let needed = merchants.values().filter_map(|kind| kind.scheme.as_ref()?.needs());
        let missing = needed.filter(|name| !buyers.contains_key(*name)).min();
        let wrong =
            wrong.or_else(|| missing.map(|name| format!("a scheme needs the kind of buyers '{name}'")));
        wrong.map_or(Ok(()), refuse)
    }

    fn out_of_range(&self) -> Option<String> {
        let World {
            market, service, returns, claims, payments, payouts, credit, promotions, identity, ..
        } = &self.world;
        let shares = [
            ("market.there_at_begin", market.there_at_begin),
            ("market.loyalty", market.loyalty),
            ("market.passed_on", market.passed_on),
            ("payments.step_up_honest", payments.step_up_honest),
            ("payments.step_up_thief", payments.step_up_thief),
            ("payments.settles", payments.settles),
            ("service.asks", service.asks),
            ("service.logins", service.logins),
            ("service.payment_fails", service.payment_fails),
            ("returns.share", returns.share),
            ("claims.not_received", claims.not_received),
            ("claims.not_as_described", claims.not_as_described),
            ("claims.disputes", claims.disputes),
            ("claims.seen_through", claims.seen_through),
            ("claims.repays", claims.repays),
            ("credit.share", credit.share),
            ("credit.used", credit.used),
            ("credit.forgotten", credit.forgotten),
            ("credit.shock_a_month", credit.shock_a_month),
            ("credit.missed_in_shock", credit.missed_in_shock),
            ("promotions.share", promotions.share),
            ("promotions.value", promotions.value),
        ];
        let checks = identity.merchant.iter().chain(&identity.buyer);
        let shares = shares.into_iter().chain(checks.map(|(name, share)| (name.as_str(), *share)));
        let first = shares.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share));
        let first = first.map(|(name, share)| format!("{name} = {share} is not a share from 0 to 1"));
        let lengths = [
            ("service.answer_hours", service.answer_hours, 1_000.0),
            ("service.unanswered_days", service.unanswered_days, 60.0),
            ("service.confirm_days", service.confirm_days, 60.0),
            ("service.confirm_timeout_days", service.confirm_timeout_days, 60.0),
            ("service.scan_hours", service.scan_hours, 200.0),
            ("returns.right_days", returns.right_days, 60.0),
            ("returns.travel_days", returns.travel_days, 60.0),
            ("claims.not_received_days", claims.not_received_days, 60.0),
            ("claims.answer_days", claims.answer_days, 60.0),
            ("claims.decide_days", claims.decide_days, 90.0),
            ("claims.dispute_days", claims.dispute_days, 90.0),
            ("claims.recourse_days", claims.recourse_days, 90.0),
            ("payouts.release_days", payouts.release_days, 90.0),
            ("payouts.every_days", f64::from(payouts.every_days), 90.0),
            ("payouts.reserve_days", payouts.reserve_days, 180.0),
            ("credit.instalments", f64::from(credit.instalments), 6.0),
            ("credit.write_off_days", f64::from(credit.write_off_days), 180.0),
            ("market.candidates", f64::from(market.candidates), 64.0),
        ];
        first
            .or_else(|| {
                let bad = lengths.iter().find(|(_, value, most)| !(1e-6..=*most).contains(value))?;
                Some(format!("{} = {} is not above 0 and at most {}", bad.0, bad.1, bad.2))
            })
            .or_else(|| self.odd_figures())
    }

    fn odd_figures(&self) -> Option<String> {
        let (market, payouts) = (&self.world.market, &self.world.payouts);
        None.or_else(|| {
            let rate = self.orders_per_buyer_year();
            (!(0.0..=1_000.0).contains(&rate) || rate == 0.0)
                .then(|| format!("orders_per_buyer_year = {rate} is not above 0 and at most 1000"))
        })
        .or_else(|| {
            let response = market.discount_response;
            (!(0.0..=100.0).contains(&response))
                .then(|| format!("market.discount_response = {response} is not from 0 to 100"))
        })
        .or_else(|| {
            (!(0..10_000).contains(&payouts.fee_basis_points))
                .then(|| format!("fee_basis_points = {} is not from 0 to 9999", payouts.fee_basis_points))
        })
    }
}
