//! What became of a decision, by the facts.

use super::facts::{Said, line_key};
use super::verdict::{Became, Harm, JudgedBy, Verdict};
use probity_credit::event::Role;
use probity_credit::order::order_key;
use probity_credit::policy::RequestKind;
use probity_primitives::{Duration, Timestamp};
use probity_store::Key;
use std::collections::HashMap;

/// A merchant of whose orders one in so many or more goes wrong is no good merchant: far beyond what marketplaces put up with
/// (Amazon 1 %, eBay 2 %).
const TOLERATED: u32 = 10;
/// Orders that may go wrong before that counts against anybody: one alone is chance.
const CHANCE: u32 = 1;

/// A fact with the moment at which it became known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    pub(super) known_at: Timestamp,
    /// When it turned out otherwise.
    pub(super) until: Timestamp,
    pub(super) said: Said,
    /// What was lost, in minor units of the reporting currency.
    pub(super) loss: i64,
}

/// How many facts of each kind a party has up to one of them.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    well: u32,
    defects: u32,
    ill: u32,
}

/// What was decided about.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Matter<'a> {
    /// The decision's id, by which the order is found that was named when the approval was used.
    pub(in crate::app) decision: &'a str,
    /// What was asked.
    pub(in crate::app) kind: RequestKind,
    /// When it was decided.
    pub(in crate::app) at: Timestamp,
    /// The order, or the credit line.
    pub(in crate::app) order: Option<&'a str>,
    /// The merchant's id.
    pub(in crate::app) merchant: Option<&'a str>,
    /// The buyer's id.
    pub(in crate::app) buyer: Option<&'a str>,
    /// It was let through.
    pub(in crate::app) granted: bool,
}

/// What the log tells of orders, credit lines and parties.
pub(in crate::app) struct Hindsight {
    orders: HashMap<Key, u32>,
    parties: [HashMap<Box<str>, u32>; 2],
    used_for: HashMap<Box<str>, Key>,
    of_orders: Vec<(u32, Fact)>,
    of_parties: Vec<(u32, Fact)>,
    /// Beside each fact of a party: how many of each kind it has up to there.
    counts: Vec<Counts>,
    until: Timestamp,
}

impl Hindsight {
    pub(super) fn new(
        orders: HashMap<Key, u32>,
        parties: [HashMap<Box<str>, u32>; 2],
        used_for: HashMap<Box<str>, Key>,
        of_orders: Vec<(u32, Fact)>,
        of_parties: Vec<(u32, Fact)>,
        until: Timestamp,
    ) -> Self {
        let mut counts = Vec::with_capacity(of_parties.len());
        let (mut sum, mut of) = (Counts::default(), None);
        for (party, fact) in &of_parties {
            if of != Some(*party) {
                (sum, of) = (Counts::default(), Some(*party));
            }
            match fact.said {
                Said::Well => sum.well += 1,
                Said::Ill(Harm::Defects) => sum.defects += 1,
                Said::Ill(_) => sum.ill += 1,
                Said::Began | Said::Void => {}
            }
            counts.push(sum);
        }
        Self { orders, parties, used_for, of_orders, of_parties, counts, until }
    }

    /// The newest moment at which anything became known.
    pub(in crate::app) const fn until(&self) -> Timestamp {
        self.until
    }

    /// The order that a decision turned out to be about.
    pub(in crate::app) fn order_of(&self, matter: &Matter<'_>) -> Option<Key> {
        let named = matter.order.map(|id| match matter.kind {
            RequestKind::CreditLine => line_key(id),
            _ => order_key(id),
        });
        named.or_else(|| self.used_for.get(matter.decision).copied())
    }

    /// What became of a decision by the end of a window after it.
    ///
    /// Its order is judged if the log tells anything of it. Without one an approval for an order came to nothing; anything
    /// else is judged by how its parties fared within the window: badly if either did; well if the customer did, which is the
    /// buyer, or the merchant where no buyer takes part.
    pub(in crate::app) fn judge(&self, matter: &Matter<'_>, within: Duration) -> Verdict {
        let end = matter.at.plus(within);
        let order = self.order_of(matter);
        if let Some(number) = order.and_then(|order| self.orders.get(&order)) {
            return Verdict { became: self.of_order(*number, end), judged_by: JudgedBy::Order };
        }
        if matter.granted && order.is_some() {
            let became = if end <= self.until { Became::Nothing } else { Became::Unknown };
            return Verdict { became, judged_by: JudgedBy::Order };
        }
        let of = |role: Role, id: Option<&str>| id.map(|id| self.of_party(role, id, matter.at, end));
        let (merchant, buyer) = (of(Role::Merchant, matter.merchant), of(Role::Buyer, matter.buyer));
        let bad = [buyer, merchant].into_iter().flatten().find(|became| matches!(became, Became::Bad { .. }));
        let became = bad.or(buyer).or(merchant).unwrap_or(Became::Unknown);
        Verdict { became, judged_by: JudgedBy::Party }
    }

    fn of_order(&self, number: u32, end: Timestamp) -> Became {
        let from = self.of_orders.partition_point(|(other, _)| *other < number);
        let own = self.of_orders.iter().skip(from).take_while(|(other, _)| *other == number);
        let (mut became, mut harm, mut most) = (Became::Unknown, None, 0);
        for (_, fact) in own.take_while(|(_, fact)| fact.known_at <= end).filter(|(_, fact)| end < fact.until)
        {
            match fact.said {
                Said::Well => became = Became::Good,
                Said::Void => became = Became::Nothing,
                Said::Ill(found) => {
                    harm = Some(harm.map_or(found, |known: Harm| known.min(found)));
                    // Several facts tell of the same money: a lost parcel, the claim, the refund.
                    most = most.max(fact.loss);
                }
                Said::Began => {}
            }
        }
        harm.map_or(became, |harm| Became::Bad { harm, loss: most })
    }

    /// How a party fared after one moment up to another.
    fn of_party(&self, role: Role, id: &str, after: Timestamp, end: Timestamp) -> Became {
        let [merchants, buyers] = &self.parties;
        let known = if role == Role::Merchant { merchants } else { buyers };
        let Some(number) = known.get(id).copied() else { return Became::Unknown };
        let upto = |moment: Timestamp| {
            self.of_parties.partition_point(|(other, fact)| (*other, fact.known_at) <= (number, moment))
        };
        let first = self.of_parties.partition_point(|(other, _)| *other < number);
        let (from, to) = (upto(after), upto(end));
        let counted = |place: usize| {
            let within = place.checked_sub(1).filter(|last| *last >= first);
            within.and_then(|last| self.counts.get(last)).copied().unwrap_or_default()
        };
        let (before, then) = (counted(from), counted(to));
        let (well, defects) = (then.well - before.well, then.defects - before.defects);
        if then.ill > before.ill {
            let own = self.of_parties.get(from..to).unwrap_or_default();
            let ill = own.iter().filter_map(|(_, fact)| match fact.said {
                Said::Ill(harm) if harm != Harm::Defects => Some(harm),
                _ => None,
            });
            return Became::Bad { harm: ill.min().unwrap_or(Harm::Violation), loss: 0 };
        }
        let many = u64::from(defects) * u64::from(TOLERATED) >= u64::from(well) + u64::from(defects);
        match (well, defects) {
            (_, defects) if defects > CHANCE && many => Became::Bad { harm: Harm::Defects, loss: 0 },
            (well, _) if well > 0 && !(defects > 0 && many) => Became::Good,
            _ => Became::Unknown,
        }
    }
}
