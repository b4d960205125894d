//! Schemes: what cheats do over weeks.

use super::populate::STRANGE_TOKENS;
use super::shop::Wish;
use super::state::{Action, World};
use crate::archetype::{FakeOrders, Scheme};
use crate::course::{days, hours, show};
use crate::dice::Purpose;
use crate::event::{Field, Kind, Named, Number, Value};
use crate::platform::Platform;
use crate::truth::Intent;
use probity_primitives::Timestamp;

impl<P: Platform> World<'_, P> {
    /// A scheme begins.
    pub(super) fn scheme_begins(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        if self.merchants[number as usize].closed.is_some() {
            return Ok(());
        }
        let ends = self.merchants[number as usize].scheme.1;
        match &self.seller(number).scheme {
            Some(Scheme::Exit(harvest)) => {
                self.harvest(number, (harvest.price, harvest.visibility, harvest.ticket), true);
                self.calendar.plan(ends, Action::SchemeEnds(number));
                self.may_be_found(number, at, harvest.found, harvest.found_days);
            }
            Some(Scheme::Takeover(harvest)) => {
                self.taken_over(number, at)?;
                self.harvest(number, (harvest.price, harvest.visibility, harvest.ticket), true);
                self.calendar.plan(ends, Action::SchemeEnds(number));
            }
            Some(Scheme::Mule { fakes, .. }) => {
                self.taken_over(number, at)?;
                self.fakes_begin(number, at, fakes);
            }
            Some(Scheme::Brushing(fakes) | Scheme::Ring { fakes, .. } | Scheme::CashOut(fakes)) => {
                self.fakes_begin(number, at, fakes);
            }
            _ => {}
        }
        Ok(())
    }

    fn fakes_begin(&mut self, number: Number, at: Timestamp, fakes: &FakeOrders) {
        self.calendar.plan(at.plus(hours(3.0)), Action::SchemeActs(number));
        self.may_be_found(number, at, fakes.found, fakes.found_days);
    }

    /// Prices, visibility and order values of a harvest, set or taken back.
    fn harvest(&mut self, number: Number, (price, visibility, ticket): (f64, f64, f64), begins: bool) {
        let sign = |value: f64| if begins { value } else { 1.0 / value.max(1e-6) };
        let merchant = self.merchant(number);
        merchant.harvests = begins;
        merchant.price *= sign(price);
        merchant.visibility *= sign(visibility);
        merchant.ticket *= sign(ticket);
    }

    fn may_be_found(&mut self, number: Number, at: Timestamp, found: f64, after: f64) {
        let mut dice = self.dice(Purpose::Scheme, number, 1_u64);
        if dice.chance(found) {
            self.calendar.plan(at.plus(days(2.0 + dice.exponential(after))), Action::MerchantFound(number));
        }
    }

    /// Somebody else has the account now: a new device, a new password, another account for the money.
    fn taken_over(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let (stranger, who) = (self.fresh() + STRANGE_TOKENS, (Some(number), None));
        let device = (Field::Device, Value::Id(Named::Device, stranger));
        self.tell(Kind::LoginSucceeded, at, who, &[device, (Field::NewDevice, Value::Truth(true))])?;
        self.tell(Kind::CredentialReset, at, who, &[(Field::OfKind, Value::Word("password"))])?;
        let account = [
            (Field::PayoutAccount, Value::Id(Named::Account, stranger)),
            (Field::OwnerVerified, Value::Truth(false)),
        ];
        self.tell(Kind::PayoutAccountChanged, at, who, &account)
    }

    /// A scheme ends: the harvester leaves, the owner of a stolen account is back.
    pub(super) fn scheme_ends(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        match &self.seller(number).scheme {
            Some(Scheme::Exit(_)) => {
                let merchant = self.merchant(number);
                (merchant.open, merchant.closed) = (false, Some(at));
                Ok(())
            }
            Some(Scheme::Takeover(harvest)) => {
                self.harvest(number, (harvest.price, harvest.visibility, harvest.ticket), false);
                let who = (Some(number), None);
                self.tell(Kind::CredentialReset, at, who, &[(Field::OfKind, Value::Word("password"))])
            }
            _ => Ok(()),
        }
    }

    /// A day of fake orders, and the next one.
    pub(super) fn scheme_acts(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let merchant = &self.merchants[number as usize];
        let (first, last) = merchant.accomplices;
        if at > merchant.scheme.1 || merchant.closed.is_some() || first > last {
            return Ok(());
        }
        self.calendar.plan(at.plus(days(1.0)), Action::SchemeActs(number));
        if !merchant.sells() {
            return Ok(());
        }
        let Some(fakes) = self.fakes(number) else { return Ok(()) };
        let mut dice = self.dice(Purpose::Scheme, number, at.day().0.unsigned_abs());
        let count = fakes.a_day as u32 + u32::from(dice.chance(fakes.a_day - libm::floor(fakes.a_day)));
        for nth in 0..count {
            self.calendar.plan(at.plus(hours(dice.between(0.0, 20.0))), Action::Fake(number, nth));
        }
        Ok(())
    }

    fn fakes(&self, number: Number) -> Option<&FakeOrders> {
        match self.seller(number).scheme.as_ref()? {
            Scheme::Brushing(fakes)
            | Scheme::CashOut(fakes)
            | Scheme::Ring { fakes, .. }
            | Scheme::Mule { fakes, .. } => Some(fakes),
            _ => None,
        }
    }

    /// One order for show.
    pub(super) fn fake(&mut self, number: Number, nth: u32, at: Timestamp) -> Result<(), P::Error> {
        let mut dice = self.dice(
            Purpose::Scheme,
            number,
            u64::from(at.day().0.unsigned_abs()) << 24 | u64::from(nth + 1),
        );
        let merchant = &self.merchants[number as usize];
        let ((first, last), category, sells) = (merchant.accomplices, merchant.category, merchant.sells());
        let (intent, noticed) = match &self.seller(number).scheme {
            Some(Scheme::CashOut(_)) => (Intent::CashOut, 0.0),
            Some(Scheme::Mule { noticed, .. }) => (Intent::StolenCard, *noticed),
            _ => (Intent::Fake, 0.0),
        };
        let buyer = first + dice.below(u64::from(last - first + 1)) as Number;
        let Some(times) = self.fakes(number).map(|fakes| fakes.value) else { return Ok(()) };
        if !sells || !self.buyers[buyer as usize].standing.trades {
            return Ok(());
        }
        let price = self.setting.world.categories[usize::from(category)].price;
        let median = self.setting.honest.basket.price_median * price * times;
        let mut goods = dice.log_normal(median, 0.3).clamp(100.0, 1e8) as i64;
        if intent == Intent::CashOut {
            // Whole hundreds: cash is drawn, not a price paid.
            goods = (goods / 10_000).max(1) * 10_000;
            let line = self.buyers[buyer as usize].line as usize;
            if self.lines.get(line).is_none_or(|line| line.outstanding + goods > line.limit) {
                return Ok(());
            }
        }
        let wish = Wish { category, items: 1, goods, freight: 0 };
        let course = show(self.setting, intent, at, &mut dice);
        let Some(slot) = self.order(number, buyer, &wish, 0, course, at)? else { return Ok(()) };
        self.behind(number, at);
        self.orders[slot as usize].noticed = dice.chance(noticed);
        Ok(())
    }

    /// A scheme, or one bad order too many, was found out.
    pub(super) fn merchant_found(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        if self.merchants[number as usize].found {
            return Ok(());
        }
        let seller = self.seller(number);
        let (kind, severity) = match &seller.scheme {
            Some(Scheme::Brushing(_) | Scheme::Ring { .. }) => ("fake_orders", 4),
            Some(Scheme::CashOut(_)) => ("cash_out", 5),
            Some(_) if seller.cheats => ("fraud", 5),
            _ if seller.counterfeit > 0.0 => ("counterfeit", 4),
            _ if seller.misdescribed > 0.0 => ("misleading_listing", 2),
            _ => return Ok(()),
        };
        // A seller of counterfeits is found again and again; a scheme once.
        self.merchant(number).found = seller.scheme.is_some();
        let violation = self.fresh();
        let fields = [
            (Field::Violation, Value::Id(Named::Violation, violation)),
            (Field::OfKind, Value::Word(kind)),
            (Field::Severity, Value::Count(severity)),
        ];
        self.tell(Kind::ViolationFound, at, (Some(number), None), &fields)
    }

    /// A buyer's bad act was established.
    pub(super) fn buyer_found(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let customer = self.customer(number);
        let (kind, severity) = match customer {
            customer if customer.extorts > 0.0 => ("rating_extortion", 3),
            customer if customer.accounts[1] > 1 => ("promotion_abuse", 3),
            _ => ("refund_abuse", 3),
        };
        let violation = self.fresh();
        let fields = [
            (Field::Violation, Value::Id(Named::Violation, violation)),
            (Field::OfKind, Value::Word(kind)),
            (Field::Severity, Value::Count(severity)),
        ];
        self.tell(Kind::ViolationFound, at, (None, Some(number)), &fields)
    }

    /// A whitewasher looks at its name after each review, and leaves it when it is spoilt.
    pub(super) fn reconsider(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let market = &self.setting.world.market;
        let Some(Scheme::Whitewash { leaves_at, after_orders, names, rest_days, .. }) =
            &self.seller(number).scheme
        else {
            return Ok(());
        };
        let merchant = &self.merchants[number as usize];
        let spoilt = merchant.shown_rating(market.rating_prior, market.rating_mean) <= *leaves_at;
        let leaves = spoilt || !merchant.standing.trades;
        if merchant.closed.is_some() || merchant.orders < *after_orders || !leaves {
            return Ok(());
        }
        let again = merchant.names + 1 < *names;
        let old = self.merchant(number);
        (old.open, old.closed) = (false, Some(at));
        let fields = [(Field::By, Value::Word("holder")), (Field::Reason, Value::Word("own_request"))];
        self.tell(Kind::AccountClosed, at, (Some(number), None), &fields)?;
        if again { self.new_name(number, at.plus(days(*rest_days))) } else { Ok(()) }
    }
}
