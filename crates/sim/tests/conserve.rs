//! Worlds keep the laws, whatever their seed, size and inhabitants.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use probity_primitives::Day;
use probity_sim::conserve::{Books, EventSeen, OrderSeen, PartySeen};
use probity_sim::event::{Event, Field, Number, Value};
use probity_sim::platform::{Change, Platform, Standing};
use probity_sim::setting::Setting;
use probity_sim::truth::{OrderTruth, PartyTruth};
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

    fn order(&mut self, truth: &OrderTruth) -> Result<(), Infallible> {
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
        self.books.party(&PartySeen {
            id: &format!("{}{}", if truth.merchant { "m" } else { "b" }, truth.number),
            merchant: truth.merchant,
            balance: truth.balance,
            topped_up: truth.topped_up,
            outstanding: truth.outstanding,
        });
        Ok(())
    }

    fn day_ended(&mut self, day: Day, changes: &mut Vec<Change>) -> Result<(), Infallible> {
        if self.stops > 0 {
            for (merchant, most) in [true, false].into_iter().zip(self.parties) {
                changes.extend((0..=most).filter(|number| number % self.stops == 0).map(|number| Change {
                    merchant,
                    number,
                    standing: Standing { badge: 1, trades: day.0 % 40 > 9 },
                }));
            }
        }
        Ok(())
    }
}

fn check(what: &str, change: impl Fn(&mut Setting), seed: u64, stops: u32) {
    let mut setting = Setting::read(WORLD, HONEST).unwrap();
    (setting.world.size.merchants, setting.world.size.buyers, setting.world.size.days) = (60, 800, 250);
    change(&mut setting);
    setting.check().unwrap();
    let mut keeper = Bookkeeper { stops, ..Bookkeeper::default() };
    let Ok(events) = run(&setting, seed, &mut keeper, &mut |_, _, _| {});
    let audit = keeper.books.close();
    assert_eq!(audit.violated, 0, "{what}, seed {seed}: {:#?}", audit.violations);
    assert_eq!(audit.events, events, "{what}");
    assert!(audit.orders > 0, "{what}: {audit:?}");
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
