//! The parts of a backtest that no history shows.

use super::super::error::AppError;
use super::super::reading::in_order;
use super::super::{Clock, Probity, embedded_catalogue};
use super::asking::INVALID;
use super::case::{BANDS, Described, band_name};
use probity_credit::catalogue::Catalogue;
use probity_credit::policy::RequestKind;

#[test]
fn pieces_are_taken_in_their_order_and_a_failure_ends_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    Probity::open(folder.path(), catalogue, Clock::system(), &mut |_, _| {}).unwrap().close();
    let mut taken = Vec::new();
    // Late pieces are quick, early ones slow.
    let work = |_: &mut _, piece: u64| {
        std::thread::sleep(std::time::Duration::from_millis(5 - piece % 5));
        Ok(piece)
    };
    let mut take = |piece| {
        taken.push(piece);
        Ok(())
    };
    in_order(folder.path(), 40, &work, &mut take).unwrap();
    assert_eq!(taken, (0..40).collect::<Vec<_>>());
    in_order(folder.path(), 0, &work, &mut |_| Err(AppError::internal("nothing to take"))).unwrap();

    let failing = |_: &mut _, piece: u64| {
        if piece == 7 { Err(AppError::invalid(INVALID, "seven")) } else { Ok(piece) }
    };
    let mut taken = 0;
    let failed = in_order(folder.path(), 1_000, &failing, &mut |_| {
        taken += 1;
        Ok(())
    });
    assert_eq!((failed.unwrap_err().problems[0].detail.as_str(), taken), ("seven", 7));
    let stopped = in_order(folder.path(), 1_000, &work, &mut |piece| {
        if piece == 3 { Err(AppError::invalid(INVALID, "three")) } else { Ok(()) }
    });
    assert_eq!(stopped.unwrap_err().problems[0].detail, "three");
    let missing = folder.path().join("missing");
    assert!(in_order(&missing, 5, &work, &mut |_| Ok(())).is_err());
}

#[test]
fn amounts_fall_into_one_band_each() {
    let names: Vec<String> = (0..=BANDS.len()).map(band_name).collect();
    assert_eq!(names, ["below 10", "10 to 50", "50 to 200", "200 to 1000", "1000 to 5000", "5000 and above"]);
    for (minor, unit, expected) in [
        (0, 100, "below 10"),
        (999, 100, "below 10"),
        (1_000, 100, "10 to 50"),
        (19_999, 100, "50 to 200"),
        (i64::MAX, 100, "5000 and above"),
        // A currency without minor units.
        (49, 1, "10 to 50"),
    ] {
        let described = Described {
            kind: RequestKind::Payment,
            sides: [Some(("new", true)), None],
            category: None,
            amount: Some(minor),
            unit,
            segment: None,
        };
        let groups = described.groups();
        assert_eq!(groups[6].as_deref(), Some(expected), "{minor}");
        assert_eq!(
            (groups[1].as_deref(), groups[2].as_deref(), groups[3].as_deref()),
            (Some("new"), None, Some("thin"))
        );
    }
}
