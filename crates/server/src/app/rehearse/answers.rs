//! What a catalogue's policies answer in a rehearsal: who may trade, how far, and on which terms.

use probity_credit::catalogue::Catalogue;
use probity_credit::decision::{Granted, PartyLimits, Ruling, Sanctioning, Told, Whence, rule};
use probity_credit::event::{Event, Role};
use probity_credit::exposure::{Exposure, ExposureTypes, Reservation};
use probity_credit::policy::{Facts, Outcome, Policy, Request, RequestKind, Side};
use probity_credit::sanction::Standing as Sanctioned;
use probity_credit::score::Scored;
use probity_credit::terms::TierTerms;
use probity_primitives::{Currency, Day, ExternalId, Money, Timestamp};
use probity_sim::event::{Named, Number};
use probity_sim::platform::{Answer, Asked, Grants, Standing};

/// A violation of this severity or above is fraud that was established: the relation ends at once. In a real marketplace two
/// people decide that; in a rehearsal nobody hesitates.
pub(super) const ENDS_AT: i64 = 3;

const DAY: i64 = 86_400_000;
/// Days for which what was settled is remembered: no order of the simulator lives longer.
const REMEMBERED: i32 = 300;

/// A party at a moment, as policies see it.
pub(super) struct Seen<'a> {
    pub(super) number: Number,
    pub(super) scored: Scored,
    pub(super) values: Vec<Option<f64>>,
    pub(super) tier: &'a str,
    pub(super) known: bool,
    /// What sanctions say.
    pub(super) sanctioned: Sanctioned,
}

/// Decides, and keeps account of what is open.
pub(super) struct Desk<'a> {
    catalogue: &'a Catalogue,
    payment: &'a Policy,
    payout: Option<&'a Policy>,
    currency: Currency,
    types: ExposureTypes,
    exposure: Exposure,
    decided: u64,
}

/// Merchants and buyers share one row of numbers.
const fn counted(role: Role, number: Number) -> u32 {
    match role {
        Role::Merchant => number * 2,
        Role::Buyer => number * 2 + 1,
    }
}

/// Nobody reads reasons here.
fn unread(_: Role) -> Told {
    let empty = String::new;
    Told {
        code: empty(),
        text: empty(),
        advice: empty(),
        text_zh: empty(),
        advice_zh: empty(),
        whence: Whence::Limit,
    }
}

impl<'a> Desk<'a> {
    /// The desk of a catalogue; none for one without a policy for payments.
    pub(super) fn new(catalogue: &'a Catalogue, currency: Currency) -> Option<Self> {
        Some(Self {
            catalogue,
            payment: catalogue.policy(RequestKind::Payment)?,
            payout: catalogue.policy(RequestKind::Payout),
            currency,
            types: ExposureTypes::resolve(&catalogue.vocabulary),
            exposure: Exposure::default(),
            decided: 0,
        })
    }

    /// Counts what an event opens or closes.
    pub(super) fn take(&mut self, event: &Event, merchant: Option<Number>, buyer: Option<Number>) {
        let (vocabulary, rates) = (&self.catalogue.vocabulary, &self.catalogue.rates);
        let Some(change) = self.types.change(vocabulary, rates, event) else { return };
        let parties = (
            merchant.map(|number| counted(Role::Merchant, number)),
            buyer.map(|number| counted(Role::Buyer, number)),
        );
        self.exposure.apply(&change, parties, 1);
    }

    /// Forgets what ended long before a day.
    pub(super) fn forget(&mut self, day: Day) {
        self.exposure.forget_before(day.plus(-REMEMBERED));
    }

    /// Answers a payment, and holds what it approves until the order is paid or the answer too old; and says which sanctions
    /// the answer starts.
    pub(super) fn answer(
        &mut self,
        asked: &Asked,
        merchant: &Seen<'_>,
        buyer: &Seen<'_>,
        category: &str,
    ) -> (Answer, Vec<Sanctioning>) {
        for old in self.exposure.expired(asked.at) {
            self.exposure.close(&old);
        }
        let rates = &self.catalogue.rates;
        let Some(amount) = rates.to_reporting(asked.value, self.currency, asked.at) else {
            return (Answer::Decline, Vec::new());
        };
        let request = Request {
            amount: Some(Money { minor: asked.value, currency: self.currency }),
            category: Some(category.into()),
            method: Some(asked.method.into()),
            ..plain(self.payment, asked.at, amount)
        };
        let ruling = self.rule(self.payment, &request, Some(merchant), Some(buyer));
        if matches!(ruling.outcome, Outcome::Decline | Outcome::Review) {
            return (Answer::Decline, ruling.sanctions);
        }
        self.hold(asked, &ruling);
        let most = ruling.terms.limit.filter(|limit| *limit < amount).map(|limit| {
            let share = i128::from(asked.value) * i128::from(limit) / i128::from(amount.max(1));
            i64::try_from(share).unwrap_or(0)
        });
        (Answer::Approve { most, proof: ruling.outcome == Outcome::StepUp }, ruling.sanctions)
    }

    fn hold(&mut self, asked: &Asked, ruling: &Ruling) {
        self.decided += 1;
        let reservation = Reservation {
            merchant: Some(counted(Role::Merchant, asked.merchant)),
            buyer: Some(counted(Role::Buyer, asked.buyer)),
            amount: ruling.held,
            expires_at: asked.at.plus(self.payment.time_to_live()),
            confirmed: false,
            order: Some(format!("{}{}", Named::Order.prefix(), asked.order).into()),
        };
        self.exposure.reserve(&format!("d{}", self.decided), reservation);
    }

    /// How a party stands from now on, and the sanctions that its payout starts; `badge` is what its tier shows.
    pub(super) fn standing(
        &self,
        role: Role,
        seen: &Seen<'_>,
        badge: i8,
        at: Timestamp,
    ) -> (Standing, Vec<Sanctioning>) {
        let (merchant, buyer) = match role {
            Role::Merchant => (Some(seen), None),
            Role::Buyer => (None, Some(seen)),
        };
        // Whoever could not take the smallest payment with nothing open does not trade.
        let free = self.rule_free(self.payment, &plain(self.payment, at, 1), merchant, buyer);
        let trades = !matches!(free.outcome, Outcome::Decline | Outcome::Review);
        let own = self.catalogue.terms(role).of_tier(seen.tier);
        let mut standing = Standing { badge, trades, ..Standing::PLAIN };
        let mut granted = Granted {
            payout_delay: own.map_or(0, |terms| terms.payout_delay.0),
            reserve: own.map_or(0, |terms| terms.reserve),
            ..Granted::default()
        };
        let mut sanctions = Vec::new();
        if let Some(policy) = self.payout.filter(|_| role == Role::Merchant) {
            let ruling = self.rule_free(policy, &plain(policy, at, 0), merchant, None);
            standing.paid_out = !matches!(ruling.outcome, Outcome::Decline | Outcome::Review);
            granted = ruling.terms;
            sanctions = ruling.sanctions;
        }
        let small = |value: i64| u16::try_from(value.clamp(0, 10_000)).unwrap_or(u16::MAX);
        standing.grants = Some(Grants {
            payout_days: small((granted.payout_delay + DAY - 1) / DAY),
            reserve: small(i64::from(granted.reserve)),
            discount: small(own.map_or(0, |terms| i64::from(terms.discount))),
        });
        (standing, sanctions)
    }

    fn rule(
        &self,
        policy: &Policy,
        request: &Request,
        merchant: Option<&Seen<'_>>,
        buyer: Option<&Seen<'_>>,
    ) -> Ruling {
        let open = |role: Role, seen: Option<&Seen<'_>>| {
            seen.map_or(0, |seen| self.exposure.of(counted(role, seen.number)))
        };
        let pair = merchant.zip(buyer).map_or(0, |(merchant, buyer)| {
            let numbers = (counted(Role::Merchant, merchant.number), counted(Role::Buyer, buyer.number));
            self.exposure.of_pair(numbers.0, numbers.1)
        });
        let open = [open(Role::Merchant, merchant), open(Role::Buyer, buyer), pair];
        self.ruled(policy, request, [merchant, buyer], open)
    }

    fn limits(&self, role: Role, seen: &Seen<'_>, exposure: i64) -> Option<PartyLimits<'a>> {
        let terms = self.catalogue.terms(role).of_tier(seen.tier)?;
        Some(PartyLimits { terms, exposure, standing: seen.sanctioned })
    }

    /// As if nothing were open.
    fn rule_free(
        &self,
        policy: &Policy,
        request: &Request,
        merchant: Option<&Seen<'_>>,
        buyer: Option<&Seen<'_>>,
    ) -> Ruling {
        self.ruled(policy, request, [merchant, buyer], [0; 3])
    }

    fn ruled(
        &self,
        policy: &Policy,
        request: &Request,
        [merchant, buyer]: [Option<&Seen<'_>>; 2],
        [of_merchant, of_buyer, of_pair]: [i64; 3],
    ) -> Ruling {
        let terms = |role: Role, seen: &Seen<'_>| self.catalogue.terms(role).of_tier(seen.tier);
        let facts = Facts {
            fields: policy.fields(),
            request,
            merchant: merchant.map(|seen| side(seen, terms(Role::Merchant, seen), of_merchant)),
            buyer: buyer.map(|seen| side(seen, terms(Role::Buyer, seen), of_buyer)),
            pair_exposure: of_pair,
        };
        let applied = policy.apply(&facts);
        let merchant = merchant.and_then(|seen| self.limits(Role::Merchant, seen, of_merchant));
        let buyer = buyer.and_then(|seen| self.limits(Role::Buyer, seen, of_buyer));
        rule(policy, &applied, request.reporting, merchant, buyer, &unread, &|_| Vec::new())
    }
}

fn side<'s>(seen: &'s Seen<'_>, terms: Option<&TierTerms>, exposure: i64) -> Side<'s> {
    Side {
        scored: &seen.scored,
        values: &seen.values,
        tier: seen.tier,
        known: seen.known,
        exposure,
        payment_limit: terms.map_or(0, |terms| terms.payment_limit),
        sanction_limit: seen.sanctioned.limit,
        suspended: seen.sanctioned.suspended,
        terminated: seen.sanctioned.terminated,
    }
}

/// A request for an amount in the reporting currency that says nothing more.
fn plain(policy: &Policy, at: Timestamp, reporting: i64) -> Request {
    Request {
        kind: policy.kind(),
        at,
        merchant: None::<ExternalId>,
        buyer: None,
        amount: None,
        reporting: Some(reporting),
        category: None,
        method: None,
        order: None,
        attributes: policy.attributes().iter().map(|_| None).collect(),
    }
}
