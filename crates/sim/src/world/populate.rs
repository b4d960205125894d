//! Who lives in the world, and how they join it.

use super::state::{Action, World};
use crate::archetype::Scheme;
use crate::calendar::Calendar;
use crate::course::days;
use crate::dice::{Dice, Purpose, Urn};
use crate::event::{Field, Kind, Named, Number, Value};
use crate::party::{Buyer, Line, Merchant, NO_LINE, NOBODY};
use crate::platform::{Platform, Standing};
use crate::setting::Setting;
use probity_primitives::{Day, Timestamp};

/// Years before the first day over which those who are there at the begin have joined.
const YEARS_BEFORE: f64 = 2.0;

/// Tokens (devices, addresses, cards) of buyers are their numbers; those of merchants, of strangers who take an account over
/// and of accomplices begin here. All have fewer than 13 digits: longer ones may look like card numbers.
const OWN_TOKENS: u64 = 1 << 37;
/// See [`OWN_TOKENS`].
pub(super) const STRANGE_TOKENS: u64 = 1 << 38;
/// See [`OWN_TOKENS`]; 4,096 for each merchant who recruits.
const SHARED_TOKENS: u64 = 1 << 39;

/// Gives each of `count` parties the place of a kind, so that every kind has its share to within one, whoever is first.
fn shared_out(setting_seed: u64, salt: u64, count: u32, shares: &[(f64, bool)]) -> Vec<u16> {
    let mut order: Vec<(u64, u32)> =
        (0..count).map(|n| (Dice::new(setting_seed, Purpose::Roles, salt, u64::from(n)).bits(), n)).collect();
    order.sort_unstable();
    // Whoever is of no kind, or of one that is turned off, is of the most common honest one.
    let plain = shares.iter().enumerate().filter(|(_, (_, off))| !off);
    let plain = plain.max_by(|a, b| a.1.0.total_cmp(&b.1.0)).map_or(0, |(place, _)| place);
    let mut kinds = vec![plain as u16; count as usize];
    for (rank, (_, number)) in order.into_iter().enumerate() {
        let mut at = (rank as f64 + 0.5) / f64::from(count);
        for (place, (share, off)) in shares.iter().enumerate() {
            at -= share;
            if at < 0.0 {
                if !off {
                    kinds[number as usize] = place as u16;
                }
                break;
            }
        }
    }
    kinds
}

/// Somebody with one account or several, while they are handed out.
#[derive(Debug, Clone, Copy)]
struct Person {
    first: u64,
    ring: Option<u32>,
    opened: Timestamp,
    accounts: u32,
    most: u32,
}

impl Default for Person {
    fn default() -> Self {
        Self { first: 0, ring: None, opened: Timestamp::EARLIEST, accounts: 0, most: 0 }
    }
}

impl<'a, P: Platform> World<'a, P> {
    pub(super) fn new(setting: &'a Setting, seed: u64, begin: Day, platform: &'a mut P) -> Self {
        let world = &setting.world;
        let last = begin.plus(world.size.days as i32 - 1);
        Self {
            setting,
            seed,
            platform,
            calendar: Calendar::new(begin, last),
            begin,
            merchant_kinds: world.merchants.iter().map(|(name, kind)| (name.as_str(), kind)).collect(),
            buyer_kinds: world.buyers.iter().map(|(name, kind)| (name.as_str(), kind)).collect(),
            merchants: Vec::new(),
            buyers: Vec::new(),
            lines: Vec::new(),
            orders: Vec::new(),
            free: Vec::new(),
            shops: world.categories.iter().map(|_| (Vec::new(), Urn::default())).collect(),
            category_shares: world.categories.iter().map(|category| category.share).collect(),
            events: 0,
            order_count: 0,
            asked: 0,
            rings: 0,
            numbered: 0,
        }
    }

    /// Everybody who is there, or will come.
    pub(super) fn populate(&mut self) -> Result<(), P::Error> {
        let size = self.setting.world.size;
        let merchants: Vec<(f64, bool)> =
            self.merchant_kinds.iter().map(|(_, kind)| (kind.share, kind.off)).collect();
        let buyers: Vec<(f64, bool)> =
            self.buyer_kinds.iter().map(|(_, kind)| (kind.share, kind.off)).collect();
        // Buyers come first, so that accomplices are numbered behind them.
        self.people(&shared_out(self.seed, 2, size.buyers, &buyers));
        let kinds = shared_out(self.seed, 1, size.merchants, &merchants);
        for (number, kind) in (0..).zip(kinds) {
            let merchant = self.new_merchant(number, kind);
            self.add_merchant(merchant);
        }
        self.rings();
        for number in 0..size.merchants {
            self.recruit(number);
        }
        Ok(())
    }

    /// When somebody joins: before the first day, or evenly after it.
    fn joins(&self, dice: &mut Dice) -> Timestamp {
        let (there, when) = (dice.chance(self.setting.world.market.there_at_begin), dice.unit());
        let begin = self.begin.start();
        if there {
            begin.plus(days(-when * YEARS_BEFORE * 365.0))
        } else {
            begin.plus(days(when * f64::from(self.setting.world.size.days)))
        }
    }

    fn people(&mut self, kinds: &[u16]) {
        // A person's accounts are the next places of its own kind: so a kind has its share of accounts, however many of them
        // one person has, and nobody else's place moves.
        let mut people = vec![Person::default(); self.buyer_kinds.len()];
        for (number, kind) in (0_u64..).zip(kinds) {
            let at = usize::from(*kind);
            let mut opened = people[at].opened;
            if people[at].accounts == people[at].most {
                let mut dice = self.dice(Purpose::Buyer, number, 0_u64);
                let [few, many] = self.buyer_kinds[at].1.accounts;
                let most = few + dice.below(u64::from(many - few + 1)) as u32;
                opened = self.joins(&mut dice);
                let ring = (most > 1).then(|| self.ring());
                people[at] = Person { first: number, ring, opened, accounts: 0, most };
            } else {
                opened = opened.plus(days(self.dice(Purpose::Buyer, number, 3_u64).exponential(5.0)));
            }
            let Person { first, ring, accounts, .. } = people[at];
            self.add_buyer(*kind, ring, (first, first, accounts), opened, true);
            people[at].accounts += 1;
        }
    }

    fn ring(&mut self) -> u32 {
        self.rings += 1;
        self.rings
    }

    /// A buyer of a kind, and what it has. `person` is who stands behind it, whose token it uses, and how many accounts use
    /// that already.
    fn add_buyer(
        &mut self,
        kind: u16,
        ring: Option<u32>,
        person: (u64, u64, u32),
        opened: Timestamp,
        visits: bool,
    ) {
        let number = self.buyers.len() as Number;
        let mut dice = self.dice(Purpose::Buyer, number, 1_u64);
        let customer = self.buyer_kinds[usize::from(kind)].1;
        let spread = self.setting.honest.demand.buyer_spread;
        // A log-normal has the mean that is asked for when its median is this much lower.
        let usual = self.setting.orders_per_buyer_year() * libm::exp(-spread * spread / 2.0);
        let rate = dice.log_normal(usual, spread) * customer.rate;
        let credit = &self.setting.world.credit;
        let line = dice.chance((credit.share * customer.credit).min(1.0));
        let limit = dice.log_normal(credit.limit_median, credit.limit_spread).clamp(1_000.0, 1e9);
        let place = if line { self.lines.len() as u32 } else { NO_LINE };
        if line {
            let limit = (limit as i64 / 1_000) * 1_000;
            self.lines.push(Line {
                limit,
                outstanding: 0,
                shock_until: Timestamp::EARLIEST,
                decided: i32::MIN,
            });
        }
        self.buyers.push(Buyer {
            kind,
            ring,
            person: person.0,
            rate: if visits { rate } else { 0.0 },
            opened,
            standing: Standing::PLAIN,
            favourite: NOBODY,
            visits: 0,
            line: place,
            first_bad: None,
            token: person.1,
            accounts_before: person.2,
        });
        self.calendar.plan(opened, Action::BuyerJoins(number));
    }

    fn new_merchant(&self, number: Number, kind: u16) -> Merchant {
        let mut dice = self.dice(Purpose::Merchant, number, 0_u64);
        let (seller, sent) = (self.merchant_kinds[usize::from(kind)].1, &self.setting.honest.fulfilment);
        let opened = self.joins(&mut dice);
        let from = opened.max(self.begin.start());
        let (after, lasts) = seller.scheme.as_ref().map_or(([0, 0], [0, 0]), Scheme::span);
        let within =
            |span: [u32; 2], dice: &mut Dice| dice.between(f64::from(span[0]), f64::from(span[1]) + 1.0);
        let begins = from.plus(days(within(after, &mut dice)));
        Merchant {
            kind,
            person: (1 << 40) + u64::from(number),
            ring: None,
            category: dice.pick(&self.category_shares) as u16,
            price: seller.price * dice.log_normal(1.0, self.setting.world.market.price_spread),
            visibility: seller.visibility
                * dice.log_normal(1.0, self.setting.honest.demand.visibility_spread),
            ticket: 1.0,
            handling_hours: seller.handling * dice.log_normal(sent.handling_hours, sent.handling_between),
            opened,
            closed: None,
            open: false,
            standing: Standing::PLAIN,
            harvests: false,
            stars: 0,
            ratings: 0,
            waiting: 0,
            orders: 0,
            balance: 0,
            reserved: 0,
            topped_up: 0,
            recourse: None,
            first_bad: None,
            found: false,
            accomplices: (1, 0),
            scheme: (begins, begins.plus(days(within(lasts, &mut dice)))),
            names: 0,
            token: OWN_TOKENS + u64::from(number),
        }
    }

    fn add_merchant(&mut self, merchant: Merchant) {
        let number = self.merchants.len() as Number;
        self.shops[usize::from(merchant.category)].0.push(number);
        self.calendar.plan(merchant.opened, Action::MerchantJoins(number));
        self.merchants.push(merchant);
    }

    /// Merchants of ring kinds stand together, as many as a ring has; they share a begin and their accomplices.
    fn rings(&mut self) {
        for kind in 0..self.merchant_kinds.len() {
            let Some(Scheme::Ring { merchants, .. }) = self.merchant_kinds[kind].1.scheme else { continue };
            let members =
                (0..self.merchants.len()).filter(|at| usize::from(self.merchants[*at].kind) == kind);
            for group in members.collect::<Vec<_>>().chunks(merchants as usize) {
                let ring = self.ring();
                let begin = group.iter().map(|at| self.merchants[*at].scheme.0).max();
                for at in group {
                    let merchant = &mut self.merchants[*at];
                    let lasts = merchant.scheme.1.since(merchant.scheme.0);
                    let begins = begin.unwrap_or(merchant.scheme.0);
                    (merchant.ring, merchant.scheme) = (Some(ring), (begins, begins.plus(lasts)));
                }
            }
        }
    }

    /// The buyers whom a merchant's scheme needs.
    fn recruit(&mut self, number: Number) {
        let mut dice = self.dice(Purpose::Merchant, number, 1_u64);
        let seller = self.seller(number);
        let Some((kind, scheme)) = seller.scheme.as_ref().and_then(|scheme| Some((scheme.needs()?, scheme)))
        else {
            return;
        };
        let [few, many] = scheme.accounts();
        let ring = self.merchants[number as usize].ring;
        // The accomplices of a ring are the first member's.
        let elder =
            self.merchants.iter().take(number as usize).find(|other| ring.is_some() && other.ring == ring);
        if let Some(elder) = elder {
            self.merchant(number).accomplices = elder.accomplices;
            return;
        }
        let ring = ring.unwrap_or_else(|| self.ring());
        let Some(place) = self.buyer_kinds.iter().position(|(name, _)| *name == kind) else { return };
        let count = few + dice.below(u64::from(many - few + 1)) as u32;
        let (first, token, person) = (
            self.buyers.len() as Number,
            SHARED_TOKENS + (u64::from(number) << 12),
            self.merchants[number as usize].person,
        );
        let begins = self.merchants[number as usize].scheme.0.max(self.merchants[number as usize].opened);
        for nth in 0..count {
            // A few devices between them; accounts are opened in the weeks before they are needed.
            let shared = token + u64::from(nth / 4);
            let opened = begins.plus(days(-1.0 - dice.exponential(20.0).min(100.0)));
            self.add_buyer(place as u16, Some(ring), (person, shared, nth % 4), opened, false);
        }
        let merchant = self.merchant(number);
        merchant.ring = Some(ring);
        merchant.accomplices = (first, first + count.max(1) - 1);
    }

    /// A whitewasher comes back under a new name, with the device and the account it had.
    pub(super) fn new_name(&mut self, old: Number, at: Timestamp) -> Result<(), P::Error> {
        let number = self.merchants.len() as Number;
        let was = self.merchants[old as usize].clone();
        let fresh = self.new_merchant(number, was.kind);
        self.add_merchant(Merchant {
            person: was.person,
            category: was.category,
            opened: at,
            names: was.names + 1,
            token: was.token,
            ..fresh
        });
        Ok(())
    }

    pub(super) fn merchant_joins(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let merchant = self.merchant(number);
        merchant.open = true;
        let (token, begins, category) = (merchant.token, merchant.scheme.0, merchant.category);
        self.calendar.plan(begins.max(at), Action::SchemeBegins(number));
        let first_payout = at
            .max(self.begin.start())
            .plus(days(f64::from(1 + number % self.setting.world.payouts.every_days)));
        self.calendar.plan(first_payout, Action::Payout(number));
        let who = (Some(number), None);
        let opened = [(Field::Channel, Value::Word("web"))];
        self.tell(Kind::AccountOpened, at, who, &opened)?;
        let accounts = (Field::Accounts, Value::Count(1 + i64::from(self.merchants[number as usize].names)));
        self.tell(
            Kind::DeviceLinked,
            at,
            who,
            &[(Field::Device, Value::Id(Named::Device, token)), accounts],
        )?;
        self.tell(
            Kind::AddressLinked,
            at,
            who,
            &[(Field::Address, Value::Id(Named::Address, token)), accounts],
        )?;
        let payout = [
            (Field::PayoutAccount, Value::Id(Named::Account, token)),
            (Field::OwnerVerified, Value::Truth(true)),
        ];
        self.tell(Kind::PayoutAccountChanged, at, who, &payout)?;
        let listing = [
            (Field::Listing, Value::Id(Named::Listing, u64::from(number))),
            (Field::Category, Value::Category(category)),
        ];
        self.tell(Kind::ListingCreated, at, who, &listing)?;
        let verified = self.seller(number).verified;
        let setting = self.setting;
        let mut dice = self.dice(Purpose::Merchant, number, 2_u64);
        for (kind, share) in &setting.world.identity.merchant {
            if dice.chance((share * verified).min(1.0)) {
                self.checked(kind, at, who)?;
            }
        }
        Ok(())
    }

    pub(super) fn buyer_joins(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let who = (None, Some(number));
        let token = self.buyers[number as usize].token;
        self.tell(Kind::AccountOpened, at, who, &[(Field::Channel, Value::Word("app"))])?;
        let before = self.buyers[number as usize].accounts_before;
        let accounts = (Field::Accounts, Value::Count(i64::from(before) + 1));
        self.tell(
            Kind::DeviceLinked,
            at,
            who,
            &[(Field::Device, Value::Id(Named::Device, token)), accounts],
        )?;
        self.tell(
            Kind::AddressLinked,
            at,
            who,
            &[(Field::Address, Value::Id(Named::Address, token)), accounts],
        )?;
        self.tell(Kind::CardLinked, at, who, &[(Field::Card, Value::Id(Named::Card, token)), accounts])?;
        let verified = self.customer(number).verified;
        let setting = self.setting;
        let mut dice = self.dice(Purpose::Buyer, number, 2_u64);
        for (kind, share) in &setting.world.identity.buyer {
            if dice.chance((share * verified).min(1.0)) {
                self.checked(kind, at, who)?;
            }
        }
        self.grant(number, at)
    }

    fn checked(
        &mut self,
        kind: &str,
        at: Timestamp,
        who: (Option<Number>, Option<Number>),
    ) -> Result<(), P::Error> {
        let Some(word) = CHECKS.iter().find(|check| **check == kind) else { return Ok(()) };
        self.tell(Kind::IdentityVerified, at, who, &[(Field::OfKind, Value::Word(word))])
    }
}

/// Checks that the vocabulary knows.
const CHECKS: [&str; 9] =
    ["real_name", "phone", "bank_card", "address", "face", "entity", "owner", "tax_number", "bank_account"];
