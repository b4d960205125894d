//! The platform that a simulated world meets: it keeps everybody's state in memory, scores at reviews and says how each
//! tier stands. It does in memory what the keeper, the orders and the reads do on the log.

use super::super::error::AppError;
use super::answers::{Desk, ENDS_AT, Seen};
use super::books::{Books, Step};
use super::policy::{Policy, Scoring};
use super::sanctioned::Imposed;
use super::told::{Lived, Reviewed, Watched};
use super::translate::Translation;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Event, Role};
use probity_credit::indicator::{Contributions, PartyState, Platform as Sums, Priors};
use probity_credit::tier::assign;
use probity_expression::Faults;
use probity_primitives::{Day, Timestamp};
use probity_sim::event::{Event as Happened, Field, Kind, Number, Value};
use probity_sim::platform::{Answer, Asked, Change, Platform, Standing};
use probity_sim::setting::Setting;
use probity_sim::truth::{OrderTruth, PartyTruth};

/// When scores are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reviews {
    /// At the end of every so many days, and of the last one.
    Every(u32),
    /// At the ends of months, as Probity puts scores on record; a test holds the two against each other.
    #[cfg(test)]
    MonthEnds,
}

/// A party in memory.
struct Known {
    state: PartyState,
    tier: Option<usize>,
    standing: Standing,
    imposed: Imposed,
    reviews: Vec<Reviewed>,
    stopped: Option<Day>,
    found_at: Option<Timestamp>,
}

impl Known {
    fn new(role: Role) -> Self {
        Self {
            state: PartyState::new(role),
            tier: None,
            standing: Standing::PLAIN,
            imposed: Imposed::default(),
            reviews: Vec::new(),
            stopped: None,
            found_at: None,
        }
    }
}

/// The score's machinery, which a platform without scores does not have.
struct Scores<'a> {
    catalogue: &'a Catalogue,
    translation: Translation<'a>,
    standings: [Vec<Standing>; 2],
    scoring: Scoring,
    books: Books,
    sums: Sums,
    faults: Faults,
    /// Decides, where the catalogue has a policy for payments and scores act.
    desk: Option<Desk<'a>>,
    categories: Vec<&'a str>,
    /// Who joined or was found out today: how they stand is looked at before the next review.
    today: Vec<(Role, Number)>,
}

/// A platform under a policy.
pub(super) struct Rehearsal<'a> {
    scores: Option<Scores<'a>>,
    reviews: Reviews,
    first: Day,
    last: Day,
    parties: [Vec<Known>; 2],
    lived: Lived,
}

fn known(parties: &mut [Vec<Known>; 2], role: Role, number: Number) -> Option<&mut Known> {
    let parties = parties.get_mut(usize::from(role.number()))?;
    let place = number as usize;
    if place >= parties.len() {
        parties.resize_with(place + 1, || Known::new(role));
    }
    parties.get_mut(place)
}

/// The number in a party's name, as [`Translation::party`] writes it.
fn number_of(event: &Event, role: Role) -> Option<Number> {
    event.party(role)?.as_str().get(1..)?.parse().ok()
}

impl<'a> Scores<'a> {
    fn new(policy: &'a Policy, setting: &'a Setting) -> Result<Option<Self>, AppError> {
        let Some(catalogue) = policy.catalogue.as_deref() else { return Ok(None) };
        policy.has_rates(setting)?;
        let of = |role| policy.standings(role, &setting.world);
        Ok(Some(Self {
            catalogue,
            translation: Translation::new(&catalogue.vocabulary, setting)?,
            standings: [of(Role::Merchant)?, of(Role::Buyer)?],
            scoring: policy.scoring,
            books: Books::default(),
            sums: Sums::default(),
            faults: Faults::default(),
            desk: match policy.scoring {
                Scoring::Acts => Desk::new(catalogue, setting.currency()?),
                Scoring::Watches => None,
            },
            categories: setting.world.categories.iter().map(|category| category.name.as_str()).collect(),
            today: Vec::new(),
        }))
    }

    fn take(&mut self, happened: &Happened, parties: &mut [Vec<Known>; 2]) -> Result<(), AppError> {
        let event = self.translation.event(happened)?;
        let catalogue = self.catalogue;
        let contributions =
            catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, &event, &mut self.faults);
        if catalogue.words.concerns(event.kind)
            && let Some(order) = happened.id(Field::Order)
        {
            self.books.add(catalogue, order, &event);
        }
        let step = Step { event: &event, contributions: &contributions, known_at: event.known_at, sign: 1 };
        apply(catalogue, &mut self.sums, parties, &step);
        if let Some(desk) = &mut self.desk {
            desk.take(&event, happened.merchant, happened.buyer);
            self.notice(happened, parties);
        }
        Ok(())
    }

    /// Notes who joined, and ends the relation with whose fraud was established.
    fn notice(&mut self, happened: &Happened, parties: &mut [Vec<Known>; 2]) {
        let about = happened.merchant.map(|number| (Role::Merchant, number));
        let Some((role, number)) = about.or(happened.buyer.map(|number| (Role::Buyer, number))) else {
            return;
        };
        let grave = match happened.get(Field::Severity) {
            Some(Value::Count(severity)) => severity >= ENDS_AT,
            _ => false,
        };
        match happened.kind {
            Kind::AccountOpened => self.today.push((role, number)),
            Kind::ViolationFound if grave => {
                if let Some(party) = known(parties, role, number) {
                    party.imposed.end(happened.at);
                    self.today.push((role, number));
                }
            }
            _ => {}
        }
    }

    /// Answers a payment with the scores of that moment.
    fn answer(&mut self, asked: &Asked, parties: &mut [Vec<Known>; 2]) -> Answer {
        let Some(desk) = &mut self.desk else { return Answer::YES };
        let catalogue = self.catalogue;
        let priors = self.sums.priors(&catalogue.plan, asked.at);
        let mut of = |role: Role, number: Number| {
            let party = known(parties, role, number)?;
            Some(seen(catalogue, role, number, asked.at, party, &priors).0)
        };
        let (Some(merchant), Some(buyer)) =
            (of(Role::Merchant, asked.merchant), of(Role::Buyer, asked.buyer))
        else {
            return Answer::Decline;
        };
        let category = self.categories.get(usize::from(asked.category)).copied().unwrap_or_default();
        let (answer, sanctions) = desk.answer(asked, &merchant, &buyer, category);
        if !sanctions.is_empty() {
            for (role, number) in [(Role::Merchant, asked.merchant), (Role::Buyer, asked.buyer)] {
                let Some(party) = known(parties, role, number) else { continue };
                if party.imposed.start(catalogue, role, &sanctions, asked.at) {
                    self.today.push((role, number));
                }
            }
        }
        answer
    }

    /// Tells the world how those stand who joined or were found out today.
    fn renew(&mut self, day: Day, parties: &mut [Vec<Known>; 2], changes: &mut Vec<Change>) {
        let today = std::mem::take(&mut self.today);
        if today.is_empty() {
            return;
        }
        let catalogue = self.catalogue;
        let priors = self.sums.priors(&catalogue.plan, day.end());
        for (role, number) in today {
            let Some(party) = known(parties, role, number) else { continue };
            let standing = self.standing(role, number, day, party, &priors).2;
            party.stands(
                standing,
                day,
                Change { merchant: role == Role::Merchant, number, standing },
                changes,
            );
        }
    }

    /// A party at the end of a day, the place of its tier, and how it stands: as the policies say, or where there are none as
    /// the world says of its tier. A sanction that its payout asks for takes effect at once.
    fn standing(
        &self,
        role: Role,
        number: Number,
        day: Day,
        party: &mut Known,
        priors: &Priors,
    ) -> (Seen<'a>, usize, Standing) {
        let (mut seen, tier) = seen(self.catalogue, role, number, day.end(), party, priors);
        let standings = self.standings.get(usize::from(role.number()));
        let by_tier = standings.and_then(|tiers| tiers.get(tier)).copied().unwrap_or(Standing::PLAIN);
        let Some(desk) = &self.desk else { return (seen, tier, by_tier) };
        let (mut standing, sanctions) = desk.standing(role, &seen, by_tier.badge, day.end());
        if party.imposed.start(self.catalogue, role, &sanctions, day.end()) {
            seen.sanctioned = party.imposed.standing(day.end());
            standing = desk.standing(role, &seen, by_tier.badge, day.end()).0;
        }
        (seen, tier, standing)
    }

    fn settle(&mut self, day: Day, parties: &mut [Vec<Known>; 2]) {
        let Self { catalogue, books, sums, faults, .. } = self;
        books.settle(catalogue, day.end(), faults, &mut |step| apply(catalogue, sums, parties, step));
    }

    fn review(&mut self, day: Day, parties: &mut [Vec<Known>; 2], changes: &mut Vec<Change>) {
        let catalogue = self.catalogue;
        let priors = self.sums.priors(&catalogue.plan, day.end());
        self.today.clear();
        if let Some(desk) = &mut self.desk {
            desk.forget(day);
        }
        for (role, parties) in Role::ALL.into_iter().zip(parties) {
            for (number, party) in (0..).zip(parties) {
                if party.state.events <= 0 {
                    continue;
                }
                let (seen, tier, standing) = self.standing(role, number, day, party, &priors);
                party.tier = Some(tier);
                party.reviews.push(reviewed(catalogue, role, day, &seen, tier));
                if self.scoring == Scoring::Acts {
                    let change = Change { merchant: role == Role::Merchant, number, standing };
                    party.stands(standing, day, change, changes);
                }
            }
        }
    }
}

impl Known {
    /// Takes a new standing and tells of it, if it is one.
    fn stands(&mut self, standing: Standing, day: Day, change: Change, changes: &mut Vec<Change>) {
        if standing == self.standing {
            return;
        }
        self.standing = standing;
        if !standing.trades {
            self.stopped = self.stopped.or(Some(day));
        }
        changes.push(change);
    }
}

/// A party at a moment, and the place of its tier.
fn seen<'a>(
    catalogue: &'a Catalogue,
    role: Role,
    number: Number,
    at: Timestamp,
    party: &Known,
    priors: &Priors,
) -> (Seen<'a>, usize) {
    let (card, tiers) = (catalogue.scorecard(role), catalogue.tiers(role));
    let values = catalogue.plan.values(&party.state, at, priors);
    let scored = card.score(&values);
    let previous = party.tier.and_then(|place| tiers.list().get(place)).map(|tier| tier.name.as_str());
    let given = assign(tiers, scored.score, previous, card.thin_tier(&scored), card.gate_tiers(&scored));
    let tier = tiers.list().get(given.index).map_or("", |tier| tier.name.as_str());
    let (known, sanctioned) = (party.state.events > 0, party.imposed.standing(at));
    (Seen { number, scored, values, tier, known, sanctioned }, given.index)
}

fn reviewed(catalogue: &Catalogue, role: Role, day: Day, seen: &Seen<'_>, tier: usize) -> Reviewed {
    let history = catalogue.scorecard(role).history_of(&seen.values).unwrap_or(0.0);
    Reviewed {
        day,
        score: seen.scored.score,
        tier: u8::try_from(tier).unwrap_or(u8::MAX),
        gated: !seen.scored.gates.is_empty(),
        history: history.clamp(0.0, 4e9) as u32,
    }
}

fn apply(catalogue: &Catalogue, sums: &mut Sums, parties: &mut [Vec<Known>; 2], step: &Step<'_>) {
    let (event, contributions): (&Event, &Contributions) = (step.event, step.contributions);
    for role in Role::ALL {
        if let Some(party) = number_of(event, role).and_then(|number| known(parties, role, number)) {
            party.state.apply(&catalogue.plan, event, contributions, step.known_at, step.sign);
        }
    }
    sums.apply(&catalogue.plan, event, contributions, step.known_at, step.sign);
}

impl<'a> Rehearsal<'a> {
    /// A platform for a world.
    ///
    /// # Errors
    /// `rehearsal-policy-invalid` or `world-words-missing` when the policy and the world do not fit.
    pub(super) fn new(policy: &'a Policy, setting: &'a Setting, reviews: Reviews) -> Result<Self, AppError> {
        let first = setting.begin()?;
        Ok(Self {
            scores: Scores::new(policy, setting)?,
            reviews,
            first,
            last: first.plus(i32::try_from(setting.world.size.days).unwrap_or(i32::MAX) - 1),
            parties: [Vec::new(), Vec::new()],
            lived: Lived::default(),
        })
    }

    /// What the world left behind, once it is over.
    pub(super) fn end(self) -> Lived {
        self.lived
    }

    fn falls_due(&self, day: Day) -> bool {
        match self.reviews {
            Reviews::Every(days) => {
                let done = (day.0 - self.first.0 + 1).unsigned_abs();
                done.is_multiple_of(days.max(1)) || day == self.last
            }
            #[cfg(test)]
            Reviews::MonthEnds => day.plus(1).month() != day.month(),
        }
    }

    /// What the totals and the truth take from an event itself.
    fn note(&mut self, happened: &Happened) {
        let totals = &mut self.lived.totals;
        totals.events += 1;
        let value = || happened.minor(Field::Value).unwrap_or(0);
        match happened.kind {
            Kind::RefundIssued if happened.get(Field::PaidBy) == Some(Value::Word("guarantee_fund")) => {
                totals.compensated += value();
            }
            Kind::CreditWrittenOff => totals.written_off += value(),
            Kind::ViolationFound => {
                let about = happened.merchant.map(|number| (Role::Merchant, number));
                let about = about.or_else(|| happened.buyer.map(|number| (Role::Buyer, number)));
                if let Some(party) = about.and_then(|(role, number)| known(&mut self.parties, role, number)) {
                    party.found_at = party.found_at.or(Some(happened.at));
                }
            }
            _ => {}
        }
    }
}

impl Platform for Rehearsal<'_> {
    type Error = AppError;

    fn event(&mut self, event: &Happened) -> Result<(), AppError> {
        self.note(event);
        match &mut self.scores {
            Some(scores) => scores.take(event, &mut self.parties),
            None => Ok(()),
        }
    }

    fn asked(&mut self, payment: &Asked) -> Answer {
        match &mut self.scores {
            Some(scores) => scores.answer(payment, &mut self.parties),
            None => Answer::YES,
        }
    }

    fn order(&mut self, truth: &OrderTruth) -> Result<(), AppError> {
        self.lived.order(truth);
        if truth.harm > 0 {
            self.lived.harmful.push(*truth);
        }
        Ok(())
    }

    fn party(&mut self, truth: &PartyTruth) -> Result<(), AppError> {
        let role = if truth.merchant { Role::Merchant } else { Role::Buyer };
        if truth.merchant {
            self.lived.totals.unrecovered += (-truth.balance).max(0);
            self.lived.totals.reserved += truth.reserved;
        }
        let Some(known) = known(&mut self.parties, role, truth.number) else { return Ok(()) };
        let watched = Watched {
            truth: truth.clone(),
            reviews: std::mem::take(&mut known.reviews),
            stopped: known.stopped,
            sanctioned: known.imposed.since,
            found_at: known.found_at,
        };
        match role {
            Role::Merchant => self.lived.merchants.push(watched),
            Role::Buyer => self.lived.buyers.push(watched),
        }
        Ok(())
    }

    fn day_ended(&mut self, day: Day, changes: &mut Vec<Change>) -> Result<(), AppError> {
        let due = self.falls_due(day);
        if let Some(scores) = &mut self.scores {
            scores.settle(day, &mut self.parties);
            if due {
                scores.review(day, &mut self.parties, changes);
            } else {
                scores.renew(day, &mut self.parties, changes);
            }
        }
        Ok(())
    }
}
