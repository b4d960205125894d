//! Worlds keep the laws, whatever their seed, size and inhabitants.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use probity_primitives::Day;
use probity_sim::conserve::{Books, EventSeen, OrderSeen, PartySeen};
use probity_sim::event::{Event, Field, Number, Value};
use probity_sim::platform::{Answer, Asked, Change, Grants, Platform, Standing};
use probity_sim::setting::Setting;
use probity_sim::truth::{Intent, OrderTruth, PartyTruth};
use probity_sim::world::run;
use std::convert::Infallible;

const WORLD: &str = include_str!("../../../catalogue/worlds/marketplace.toml");
const HONEST: &str = include_str!("../../../catalogue/worlds/honest.toml");

/// A platform that keeps the books, and now and then stops somebody or lets somebody go on.
#[derive(Default)]
struct Bookkeeper {
    books: Books,
    /// Every so many parties are stopped for a while.
    stops: u32,
    /// Answers payments in every way, and grants terms of every kind.
    grants: bool,
    declined: u64,
    limited: u64,
    reserved: i64,
    cashback: i64,
    stolen: u64,
    parties: [Number; 2],
}

fn named(event: &Event, field: Field) -> Option<String> {
    match event.get(field)? {
        Value::Id(named, number) => Some(format!("{}{number}", named.prefix())),
        _ => None,
    }
}

impl Platform for Bookkeeper {
    type Error = Infallible;

    fn event(&mut self, event: &Event) -> Result<(), Infallible> {
        let id = format!("e{}", event.serial);
        let merchant = event.merchant.map(|number| format!("m{number}"));
        let buyer = event.buyer.map(|number| format!("b{number}"));
        let (order, line) = (named(event, Field::Order), named(event, Field::Line));
        let lost_by = event.get(Field::LostBy).and_then(|value| match value {
            Value::Word(word) => Some(word),
            _ => None,
        });
        for (most, number) in self.parties.iter_mut().zip([event.merchant, event.buyer]) {
            *most = (*most).max(number.unwrap_or(0));
        }
        self.books.event(&EventSeen {
            id: &id,
            kind: event.kind.name(),
            at: event.at.millis(),
            merchant: merchant.as_deref(),
            buyer: buyer.as_deref(),
            order: order.as_deref(),
            value: event.minor(Field::Value),
            line: line.as_deref(),
            lost_by,
        });
        Ok(())
    }

    fn asked(&mut self, payment: &Asked) -> Answer {
        let draw = (payment.at.millis() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        match draw {
            _ if !self.grants => Answer::YES,
            0..20 => Answer::Decline,
            20..120 => Answer::Approve {
                most: Some(payment.value * draw as i64 / 120),
                proof: draw.is_multiple_of(2),
            },
            _ => Answer::Approve { most: None, proof: draw.is_multiple_of(5) },
        }
    }

    fn order(&mut self, truth: &OrderTruth) -> Result<(), Infallible> {
        self.declined += u64::from(truth.order == 0);
        self.limited += u64::from(truth.value < truth.wanted);
        self.cashback += truth.discount;
        self.stolen += u64::from(truth.intent == Intent::StolenCard && truth.paid > 0);
        self.books.order(&OrderSeen {
            id: &format!("o{}", truth.order),
            merchant: &format!("m{}", truth.merchant),
            buyer: &format!("b{}", truth.buyer),
            placed_at: truth.placed_at.millis(),
            value: truth.value,
            paid: truth.paid,
            refunded: truth.refunded,
            charged_back: truth.charged_back,
            released: truth.released,
            fee: truth.fee,
            held: truth.held,
        });
        Ok(())
    }

    fn party(&mut self, truth: &PartyTruth) -> Result<(), Infallible> {
        self.reserved += truth.reserved;
        self.books.party(&PartySeen {
            id: &format!("{}{}", if truth.merchant { "m" } else { "b" }, truth.number),
            merchant: truth.merchant,
            balance: truth.balance,
            reserved: truth.reserved,
            topped_up: truth.topped_up,
            outstanding: truth.outstanding,
        });
        Ok(())
    }

    fn day_ended(&mut self, day: Day, changes: &mut Vec<Change>) -> Result<(), Infallible> {
        if self.grants {
            for (merchant, most) in [true, false].into_iter().zip(self.parties) {
                changes.extend((0..=most).filter(|number| day.0 % 5 == *number as i32 % 5).map(|number| {
                    let step = (number as u16).wrapping_mul(31).wrapping_add(day.0 as u16);
                    let grants = Grants {
                        payout_days: step % 46,
                        reserve: step % 7 * 1_000,
                        discount: step % 6 * 400,
                    };
                    let paid_out = !step.is_multiple_of(11);
                    Change {
                        merchant,
                        number,
                        standing: Standing { paid_out, grants: Some(grants), ..Standing::PLAIN },
                    }
                }));
            }
        }
        if self.stops > 0 {
            for (merchant, most) in [true, false].into_iter().zip(self.parties) {
                changes.extend((0..=most).filter(|number| number % self.stops == 0).map(|number| Change {
                    merchant,
                    number,
                    standing: Standing { badge: 1, trades: day.0 % 40 > 9, ..Standing::PLAIN },
                }));
            }
        }
        Ok(())
    }
}

fn check(what: &str, change: impl Fn(&mut Setting), seed: u64, stops: u32) {
    lived(what, change, seed, Bookkeeper { stops, ..Bookkeeper::default() });
}

fn lived(what: &str, change: impl Fn(&mut Setting), seed: u64, mut keeper: Bookkeeper) -> Bookkeeper {
    let mut setting = Setting::read(WORLD, HONEST).unwrap();
    (setting.world.size.merchants, setting.world.size.buyers, setting.world.size.days) = (60, 800, 250);
    change(&mut setting);
    setting.check().unwrap();
    let Ok(events) = run(&setting, seed, &mut keeper, &mut |_, _, _| {});
    let audit = std::mem::take(&mut keeper.books).close();
    assert_eq!(audit.violated, 0, "{what}, seed {seed}: {:#?}", audit.violations);
    assert_eq!(audit.events, events, "{what}");
    assert!(audit.orders > 0, "{what}: {audit:?}");
    keeper
}

/// A change of a setting.
type Changes = fn(&mut Setting);

/// Customs that bring out one kind of dealing or another.
const CUSTOMS: [(&str, Changes); 6] = [
    ("as it is set", |_| {}),
    ("everybody claims", |setting| {
        setting.world.claims.not_received = 1.0;
        setting.world.claims.not_as_described = 1.0;
        setting.world.service.asks = 1.0;
    }),
    ("everybody disputes", |setting| {
        setting.world.claims.not_received = 0.0;
        setting.world.claims.not_as_described = 0.0;
        setting.world.claims.disputes = 1.0;
    }),
    ("credit for all", |setting| {
        setting.world.credit.share = 1.0;
        setting.world.credit.used = 1.0;
        setting.world.credit.shock_a_month = 0.5;
    }),
    ("vouchers for all", |setting| {
        setting.world.promotions.share = 1.0;
        setting.world.promotions.value = 1.0;
    }),
    ("everything goes back", |setting| setting.world.returns.share = 1.0),
];

#[test]
fn every_world_keeps_the_laws() {
    for seed in 0..2 {
        for (what, change) in CUSTOMS {
            check(what, change, seed, 0);
        }
        check("somebody is stopped", |_| {}, seed, 7);
    }
    let alone: Changes = |setting| {
        (setting.world.size.merchants, setting.world.size.buyers) = (1, 1);
        setting.world.market.orders_per_buyer_year = Some(300.0);
        setting.world.market.there_at_begin = 1.0;
    };
    check("one of each", alone, 7, 0);
    let one_day: Changes = |setting| {
        setting.world.size.days = 1;
        setting.world.market.orders_per_buyer_year = Some(900.0);
    };
    check("one long day", one_day, 7, 0);
    // Some buyers come so seldom that their next visit lies years ahead.
    let years: Changes = |setting| {
        (setting.world.size.buyers, setting.world.size.days) = (2_000, 1_500);
        setting.world.market.orders_per_buyer_year = Some(0.5);
    };
    check("four years", years, 7, 0);
}

#[test]
fn worlds_under_terms_keep_the_laws_too() {
    let (mut reserved, mut seen) = (0, 0);
    for seed in 0..2 {
        for (what, change) in CUSTOMS {
            let keeper = lived(what, change, seed, Bookkeeper { grants: true, ..Bookkeeper::default() });
            assert!(keeper.declined > 20 && keeper.limited > 20 && keeper.cashback > 0, "{what}");
            (reserved, seen) = (reserved + keeper.reserved, seen + 1);
        }
        lived(
            "somebody is stopped, too",
            |_| {},
            seed,
            Bookkeeper { grants: true, stops: 7, ..Bookkeeper::default() },
        );
    }
    assert!(reserved > 0, "no reserve in {seen} worlds: the test says too little");
}

#[test]
fn thieves_rarely_pass_a_further_proof() {
    let of = |thief: f64| {
        let change = |setting: &mut Setting| setting.world.payments.step_up_thief = thief;
        lived("thieves", change, 3, Bookkeeper { grants: true, ..Bookkeeper::default() }).stolen
    };
    let (never, always) = (of(0.0), of(1.0));
    assert!(always > never && never > 0, "{never} paid with stolen cards, {always} when proofs stop nobody");
}
