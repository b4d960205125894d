//! How rows are divided, where neutral lies, and what a stability index says.

use super::drift::{Seen, drifted};
use super::fitting::{Known, Wanted, fitted};
use super::judging::places_of;
use super::rows::Rows;
use super::train::split;
use super::writing::{neutral, short};
use crate::app::embedded_catalogue;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_primitives::{Duration, Timestamp};
use probity_scorecard::Table;
use probity_scorecard::fit::Method;
use probity_scorecard::scale::Scale;
use probity_scorecard::table::Column;

fn catalogue() -> Catalogue {
    Catalogue::load(embedded_catalogue()).unwrap()
}

fn day(number: i64) -> Timestamp {
    Timestamp::from_millis(1_735_689_600_000).plus(Duration::days(number))
}

/// Rows of these days, every other one bad.
fn rows(days: &[i64]) -> Rows {
    let bad: Vec<bool> = (0..days.len()).map(|row| row % 2 == 1).collect();
    let table = Table::try_new(vec![Column::numbers("tenure_days", vec![1.0; days.len()])]).unwrap();
    Rows {
        file: "t".to_owned(),
        digest: "d".to_owned(),
        table,
        party: (0..).take(days.len()).collect(),
        parties: (0..days.len()).map(|number| format!("merchant:{number}")).collect(),
        at: days.iter().map(|number| day(*number)).collect(),
        bad,
        weight: None,
        said: None,
    }
}

#[test]
fn late_moments_are_held_out_whole_and_with_room_before_them() {
    let check = |days: &[i64], holdout: f64, embargo: i64, wanted: Option<(&[i64], &[i64])>| {
        let all = rows(days);
        let found = split(&all, holdout, Duration::days(embargo)).ok();
        let days_of = |rows: &Rows| {
            let all: Vec<i64> =
                rows.at.iter().map(|at| (at.millis() - day(0).millis()) / 86_400_000).collect();
            all
        };
        let found = found.map(|(early, neither, late)| {
            let late = late.as_ref().map(days_of).unwrap_or_default();
            assert_eq!(early.len() + neither + late.len(), days.len());
            (days_of(&early), late)
        });
        assert_eq!(
            found,
            wanted.map(|(early, late)| (early.to_vec(), late.to_vec())),
            "{days:?} {holdout} {embargo}"
        );
    };
    let days = [0, 0, 30, 30, 60, 60, 90, 90];
    check(&days, 0.25, 0, Some((&[0, 0, 30, 30, 60, 60], &[90, 90])));
    check(&days, 0.5, 0, Some((&[0, 0, 30, 30], &[60, 60, 90, 90])));
    // The label of a row may end where what is held out begins, and no later.
    check(&days, 0.25, 60, Some((&[0, 0, 30, 30], &[90, 90])));
    check(&days, 0.25, 61, Some((&[0, 0], &[90, 90])));
    check(&days, 0.25, 91, None);
    // The border lies where it comes nearest to the share, and never within a moment.
    check(&[0, 0, 30, 30, 30, 30, 30, 30], 0.3, 0, Some((&[0, 0], &[30; 6])));
    check(&days, 0.0, 90, Some((&days, &[])));
    // Nothing is left to learn from; or all that is held out is good.
    check(&[0, 0], 0.3, 0, None);
    check(&[0, 0, 30], 0.3, 0, None);
}

#[test]
fn a_card_that_would_tell_nothing_is_refused() {
    let mut rows = rows(&[0; 400]);
    // Of two rows of every value one is bad.
    let values = (0..400).map(|row| f64::from(row / 2)).collect();
    rows.table = Table::try_new(vec![Column::numbers("tenure_days", values)]).unwrap();
    let columns = [("tenure_days".to_owned(), Known { lower_is_better: false, specials: Vec::new() })].into();
    for method in [Method::Woe, Method::Additive, Method::Auto] {
        let wanted = Wanted { columns: &columns, method, scale: Scale::default(), seed: 7 };
        let told = fitted(&rows, &wanted).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("no column tells good from bad"), "{method:?}: {told}");
    }
}

#[test]
fn neutral_is_what_the_card_in_force_gives_no_points_for() {
    let catalogue = catalogue();
    let check = |indicator: &str, values: &[f64], wanted: Option<f64>| {
        let card = catalogue.scorecard(Role::Merchant);
        let one = card.characteristics().iter().find(|one| one.indicator == indicator).unwrap();
        assert_eq!(neutral(one, values), wanted, "{indicator} {values:?}");
    };
    // An index from 0.97 to 1.03 is what is usual.
    check("late_shipment_index", &[0.1, 0.98, 1.0, 1.02, 3.0], Some(1.0));
    check("late_shipment_index", &[0.1, 3.0], None);
    check("bank_warnings_180d", &[0.0, 0.0, 1.0, 2.0], Some(0.0));
    check("bank_warnings_180d", &[], None);
}

#[test]
fn a_cut_is_written_as_short_as_it_divides() {
    for (cut, values, wanted) in [
        (0.123_456, vec![0.1, 0.2], 0.12),
        (0.123_456, vec![0.12, 0.13], 0.123),
        (0.5, vec![0.0, 1.0], 0.5),
        (2.0, vec![1.0, 2.0], 2.0),
        (-1.5, vec![-2.0, -1.0], -1.5),
        (1e-9, vec![0.0, 1e-9], 1e-9),
        (7.25, vec![], 7.0),
    ] {
        let found = short(cut, &values);
        let side = |at: f64| values.iter().filter(|value| **value < at).count();
        assert_eq!(side(found), side(cut), "{cut} {values:?}: {found}");
        assert!(
            format!("{found}").len() <= format!("{wanted}").len(),
            "{cut} {values:?}: {found}, not {wanted}"
        );
    }
}

#[test]
fn an_index_tells_drift_from_chance() {
    let catalogue = catalogue();
    let card = catalogue.scorecard(Role::Merchant);
    let check = |then: &[i32], now: &[i32], verdict: &str| {
        let places = places_of(card).into_iter().map(|places| vec![1.0; places.len()]).collect::<Vec<_>>();
        let spread =
            |scores: &[i32], cuts: &[f64]| Seen { scores, weight: None, places: &places }.spread(cuts);
        let cuts = Seen { scores: then, weight: None, places: &places }.cuts().unwrap();
        let found = drifted(card, &spread(then, &cuts), &spread(now, &cuts)).unwrap();
        assert_eq!(found.len(), 1 + card.characteristics().len());
        assert_eq!((found[0].of.as_str(), found[0].verdict), ("score", verdict), "{found:?}");
        assert!(found[1..].iter().all(|one| one.value == 0.0 && one.verdict == "stable"));
    };
    let even: Vec<i32> = (500..700).collect();
    check(&even, &even, "stable");
    check(&even, &(560..700).chain(650..700).collect::<Vec<_>>(), "act");
    check(&even, &even.iter().copied().chain(640..700).chain(650..690).collect::<Vec<_>>(), "watch");
    // Twenty parties can lie anywhere.
    let uneven = (0..10).flat_map(|bin| vec![500 + 2 * bin; if bin % 2 == 0 { 1 } else { 3 }]);
    check(&even[..20], &uneven.collect::<Vec<_>>(), "few");
}
