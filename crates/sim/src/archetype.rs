//! Archetypes: what kinds of merchants and buyers there are.
//!
//! An archetype is a row of numbers: how often its parties do this or that. What goes on over weeks (a build-up, a ring) is
//! a *scheme* with parameters of its own. Turning an archetype off takes its share to nothing and leaves the others as they
//! are.

use serde::Deserialize;

/// Days that a span may reach to: ten years.
pub(crate) const MOST_DAYS: u32 = 3_660;

/// The kind of buyers who place fake orders.
pub(crate) const ACCOMPLICE: &str = "accomplice";
/// The kind of buyers who draw their credit as cash.
pub(crate) const CASH_OUT_PARTNER: &str = "cash_out_partner";
/// The kind of buyers who pay with stolen cards.
pub(crate) const CARD_THIEF: &str = "card_thief";

fn one() -> f64 {
    1.0
}

fn alone() -> [u32; 2] {
    [1, 1]
}

/// A kind of merchants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantKind {
    /// For people.
    pub title: String,
    /// Where the pattern is described.
    pub source: String,
    /// Share of merchants. Accomplices come on top.
    pub share: f64,
    /// Whether it means to cheat.
    #[serde(default)]
    pub cheats: bool,
    /// Prices, as a multiple of the market's.
    #[serde(default = "one")]
    pub price: f64,
    /// How much it is seen, as a multiple.
    #[serde(default = "one")]
    pub visibility: f64,
    /// Handling time, as a multiple.
    #[serde(default = "one")]
    pub handling: f64,
    /// Chance of having no stock, as a multiple.
    #[serde(default = "one")]
    pub out_of_stock: f64,
    /// Chance of never sending, as a multiple.
    #[serde(default = "one")]
    pub stuck: f64,
    /// Chance that a rating is one star better (or, below 0, worse) than usual for how the order went.
    #[serde(default)]
    pub quality: f64,
    /// Share of orders that are not as described.
    #[serde(default)]
    pub misdescribed: f64,
    /// Share of orders that are counterfeit.
    #[serde(default)]
    pub counterfeit: f64,
    /// Share of questions and claims that it answers.
    #[serde(default = "one")]
    pub answers: f64,
    /// Time to answer, as a multiple.
    #[serde(default = "one")]
    pub answer_time: f64,
    /// Chance of passing a check, as a multiple.
    #[serde(default = "one")]
    pub verified: f64,
    /// Chance that one bad order leads to an established violation.
    #[serde(default)]
    pub found: f64,
    /// What goes on over weeks.
    pub scheme: Option<Scheme>,
    /// Turned off: its parties are ordinary ones instead.
    #[serde(skip)]
    pub off: bool,
}

/// What goes on over weeks. Days count from the merchant's opening, or the first day of the world if that is later.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scheme {
    /// More orders than hands: handling grows with what waits.
    Overwhelmed {
        /// Orders waiting at which handling has doubled.
        capacity: f64,
    },
    /// Trades in some months only.
    Seasonal {
        /// Months, 1 to 12.
        months: Vec<u32>,
        /// Visibility in them, as a multiple; a tenth outside.
        factor: f64,
    },
    /// Buys orders and reviews from accomplices.
    Brushing(FakeOrders),
    /// Several merchants whose accomplices buy from all of them.
    Ring {
        /// Merchants of a ring.
        merchants: u32,
        /// What they do.
        #[serde(flatten)]
        fakes: FakeOrders,
    },
    /// Deals honestly for a while, then takes the money and leaves.
    Exit(Harvest),
    /// An honest merchant whose account is stolen for some days.
    Takeover(Harvest),
    /// Honest on small orders, keeps the money of large ones.
    ValueImbalance {
        /// Large is above this multiple of the category's median.
        above: f64,
        /// Share of large orders never sent.
        cheats: f64,
    },
    /// Cheats until its name is spoilt, then opens under a new one.
    Whitewash {
        /// Share of orders never sent.
        cheats: f64,
        /// Shown rating at or below which it leaves.
        leaves_at: f64,
        /// Orders after which it may leave.
        after_orders: u32,
        /// Names it uses at most.
        names: u32,
        /// Days between two of them.
        rest_days: f64,
    },
    /// Sells below the market what it buys elsewhere with stolen cards.
    Triangulation {
        /// Accounts it buys with.
        accounts: [u32; 2],
        /// Share of the cards whose holder notices.
        noticed: f64,
        /// Days until then, mean.
        noticed_days: f64,
    },
    /// An account with a good name, sold, through which stolen cards are drained.
    Mule {
        /// Day from which.
        after_days: [u32; 2],
        /// How.
        #[serde(flatten)]
        fakes: FakeOrders,
        /// Share of the cards whose holder notices.
        noticed: f64,
    },
    /// Turns credit lines into cash by fake trades.
    CashOut(FakeOrders),
}

/// Orders that are no orders.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FakeOrders {
    /// Accounts that place them.
    pub accomplices: [u32; 2],
    /// How many a day.
    pub a_day: f64,
    /// For how many days.
    pub days: [u32; 2],
    /// Their value, as a multiple of the category's median price.
    pub value: f64,
    /// Chance that the scheme is found out at all.
    pub found: f64,
    /// Days from its start until then, mean.
    pub found_days: f64,
}

/// Takes orders and sends nothing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Harvest {
    /// Day on which it begins.
    pub after_days: [u32; 2],
    /// How long it goes on.
    pub days: [u32; 2],
    /// Prices meanwhile, as a multiple of before.
    pub price: f64,
    /// Visibility meanwhile, as a multiple of before.
    pub visibility: f64,
    /// Value of orders meanwhile, as a multiple of before.
    pub ticket: f64,
    /// Chance that it is found out.
    pub found: f64,
    /// Days from its start until then, mean.
    pub found_days: f64,
}

/// A kind of buyers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyerKind {
    /// For people.
    pub title: String,
    /// Where the pattern is described.
    pub source: String,
    /// Share of buyers; kinds without one are only made by schemes.
    pub share: f64,
    /// Whether it means to cheat.
    #[serde(default)]
    pub cheats: bool,
    /// Orders, as a multiple of the usual rate.
    #[serde(default = "one")]
    pub rate: f64,
    /// Accounts of one person.
    #[serde(default = "alone")]
    pub accounts: [u32; 2],
    /// Share of orders never paid.
    #[serde(default)]
    pub unpaid: f64,
    /// Share of deliveries never confirmed.
    #[serde(default)]
    pub forgets: f64,
    /// Returns, as a multiple.
    #[serde(default = "one")]
    pub returns: f64,
    /// Share of returns that come back used, swapped or empty.
    #[serde(default)]
    pub spoils: f64,
    /// Share of deliveries claimed as not received.
    #[serde(default)]
    pub denies_receipt: f64,
    /// Share of good deliveries claimed as not as described.
    #[serde(default)]
    pub invents_faults: f64,
    /// Share of deliveries paid by card and disputed at the bank.
    #[serde(default)]
    pub disputes: f64,
    /// Share of orders with a threat of a bad rating.
    #[serde(default)]
    pub extorts: f64,
    /// Vouchers, as a multiple.
    #[serde(default = "one")]
    pub promotions: f64,
    /// Chance of having a credit line, as a multiple.
    #[serde(default = "one")]
    pub credit: f64,
    /// Use of the line, as a multiple.
    #[serde(default = "one")]
    pub draws: f64,
    /// Income shocks, as a multiple.
    #[serde(default = "one")]
    pub shocks: f64,
    /// Share of instalments not paid, shock or not.
    #[serde(default)]
    pub defaults: f64,
    /// Chance of passing a check, as a multiple.
    #[serde(default = "one")]
    pub verified: f64,
    /// Chance that one bad act leads to an established violation.
    #[serde(default)]
    pub found: f64,
    /// Turned off: its parties are ordinary ones instead.
    #[serde(skip)]
    pub off: bool,
}

fn first_bad(shares: &[(&str, f64)], multiples: &[(&str, f64)]) -> Option<String> {
    let share = shares.iter().find(|(_, value)| !(0.0..=1.0).contains(value));
    let multiple = multiples.iter().find(|(_, value)| !(0.0..=1_000.0).contains(value));
    share.map(|(name, value)| format!("{name} = {value} is not a share from 0 to 1")).or_else(|| {
        multiple.map(|(name, value)| format!("{name} = {value} is not a multiple from 0 to 1000"))
    })
}

impl MerchantKind {
    pub(crate) fn impossible(&self) -> Option<String> {
        first_bad(
            &[
                ("misdescribed", self.misdescribed),
                ("counterfeit", self.counterfeit),
                ("answers", self.answers),
                ("found", self.found),
                ("quality", self.quality.abs()),
            ],
            &[
                ("price", self.price),
                ("visibility", self.visibility),
                ("handling", self.handling),
                ("out_of_stock", self.out_of_stock),
                ("stuck", self.stuck),
                ("answer_time", self.answer_time),
                ("verified", self.verified),
            ],
        )
        .or_else(|| self.scheme.as_ref()?.impossible())
    }
}

fn bad_span(name: &str, span: [u32; 2], most: u32) -> Option<String> {
    (span[0] > span[1] || span[1] > most)
        .then(|| format!("{name} = {span:?} is not a span within 0 to {most}"))
}

impl FakeOrders {
    fn impossible(&self) -> Option<String> {
        bad_span("accomplices", self.accomplices, 10_000)
            .or_else(|| bad_span("days", self.days, MOST_DAYS))
            .or_else(|| {
                first_bad(
                    &[("found", self.found)],
                    &[("a_day", self.a_day), ("value", self.value), ("found_days", self.found_days)],
                )
            })
            .or_else(|| {
                (self.accomplices[0] == 0).then(|| "somebody has to place the fake orders".to_owned())
            })
    }
}

impl Harvest {
    fn impossible(&self) -> Option<String> {
        bad_span("after_days", self.after_days, MOST_DAYS)
            .or_else(|| bad_span("days", self.days, MOST_DAYS))
            .or_else(|| {
                first_bad(
                    &[("found", self.found)],
                    &[
                        ("price", self.price),
                        ("visibility", self.visibility),
                        ("ticket", self.ticket),
                        ("found_days", self.found_days),
                    ],
                )
            })
    }
}

impl Scheme {
    /// When it begins, in days after the opening, and how many days it lasts.
    pub(crate) fn span(&self) -> ([u32; 2], [u32; 2]) {
        match self {
            Self::Exit(harvest) | Self::Takeover(harvest) => (harvest.after_days, harvest.days),
            Self::Mule { after_days, fakes, .. } => (*after_days, fakes.days),
            Self::Brushing(fakes) | Self::Ring { fakes, .. } | Self::CashOut(fakes) => ([10, 60], fakes.days),
            _ => ([0, 0], [0, 0]),
        }
    }

    /// How many accounts of buyers it uses.
    pub(crate) fn accounts(&self) -> [u32; 2] {
        match self {
            Self::Brushing(fakes)
            | Self::CashOut(fakes)
            | Self::Ring { fakes, .. }
            | Self::Mule { fakes, .. } => fakes.accomplices,
            Self::Triangulation { accounts, .. } => *accounts,
            _ => [0, 0],
        }
    }

    /// The kind of buyers that it needs.
    pub(crate) fn needs(&self) -> Option<&'static str> {
        match self {
            Self::Brushing(_) | Self::Ring { .. } => Some(ACCOMPLICE),
            Self::CashOut(_) => Some(CASH_OUT_PARTNER),
            Self::Mule { .. } | Self::Triangulation { .. } => Some(CARD_THIEF),
            _ => None,
        }
    }

    fn impossible(&self) -> Option<String> {
        match self {
            Self::Overwhelmed { capacity } => {
                (!(1e-3..=1e9).contains(capacity)).then(|| format!("capacity = {capacity} is not above 0"))
            }
            Self::Seasonal { months, factor } => {
                let bad = months.is_empty() || months.iter().any(|month| !(1..=12).contains(month));
                bad.then(|| format!("months = {months:?} are not months from 1 to 12"))
                    .or_else(|| first_bad(&[], &[("factor", *factor)]))
            }
            Self::Brushing(fakes) | Self::CashOut(fakes) => fakes.impossible(),
            Self::Ring { merchants, fakes } => (!(2..=1_000).contains(merchants))
                .then(|| format!("a ring of {merchants} merchants"))
                .or_else(|| fakes.impossible()),
            Self::Exit(harvest) | Self::Takeover(harvest) => harvest.impossible(),
            Self::ValueImbalance { above, cheats } => first_bad(&[("cheats", *cheats)], &[("above", *above)]),
            Self::Whitewash { cheats, leaves_at, names, rest_days, .. } => {
                first_bad(&[("cheats", *cheats)], &[("leaves_at", *leaves_at), ("rest_days", *rest_days)])
                    .or_else(|| (!(1..=1_000).contains(names)).then(|| format!("{names} names")))
            }
            Self::Triangulation { accounts, noticed, noticed_days } => {
                bad_span("accounts", *accounts, 10_000)
                    .or_else(|| first_bad(&[("noticed", *noticed)], &[("noticed_days", *noticed_days)]))
            }
            Self::Mule { after_days, fakes, noticed } => bad_span("after_days", *after_days, MOST_DAYS)
                .or_else(|| first_bad(&[("noticed", *noticed)], &[]))
                .or_else(|| fakes.impossible()),
        }
    }
}

impl BuyerKind {
    pub(crate) fn impossible(&self) -> Option<String> {
        first_bad(
            &[
                ("unpaid", self.unpaid),
                ("forgets", self.forgets),
                ("spoils", self.spoils),
                ("denies_receipt", self.denies_receipt),
                ("invents_faults", self.invents_faults),
                ("disputes", self.disputes),
                ("extorts", self.extorts),
                ("defaults", self.defaults),
                ("found", self.found),
            ],
            &[
                ("rate", self.rate),
                ("returns", self.returns),
                ("promotions", self.promotions),
                ("credit", self.credit),
                ("draws", self.draws),
                ("shocks", self.shocks),
                ("verified", self.verified),
            ],
        )
        .or_else(|| bad_span("accounts", self.accounts, 10_000))
        .or_else(|| (self.accounts[0] == 0).then(|| "a person has at least one account".to_owned()))
    }
}
