//! What labels refuse, and how they judge.

use super::{Label, Verdict};
use crate::catalogue::Catalogue;
use crate::catalogue::tests::texts;
use crate::event::{Arrival, Event, Flat};
use crate::indicator::PartyState;
use probity_primitives::{Duration, Timestamp};
use proptest::prelude::*;

const FILE: &str = "labels/tests.toml";

fn loaded(text: &str) -> Result<Catalogue, Vec<probity_primitives::Problem>> {
    let mut texts = texts();
    texts.insert("rates.toml".into(), "reporting = \"EUR\"\n".into());
    texts.insert(FILE.to_owned(), text.to_owned());
    Catalogue::load(texts)
}

/// A label of merchants with these lines; they begin on line 6.
fn text(lines: &str) -> String {
    format!(
        "[[label]]\nname = \"test\"\nof = \"merchant\"\ntitle = \"Test\"\nreasoning = \"For tests.\"\n{lines}\n"
    )
}

fn catalogue(lines: &str) -> Catalogue {
    loaded(&text(lines)).unwrap_or_else(|problems| panic!("{lines}: {problems:?}"))
}

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    let window = "within = \"90d\"";
    let check = |lines: &str, code: &str, at: &str, wanted: &str| {
        let problems = loaded(&text(lines)).err().unwrap_or_else(|| panic!("{lines} is taken"));
        let told = problems.first().unwrap_or_else(|| panic!("{lines}"));
        assert_eq!((told.code.as_str(), told.at.as_str()), (code, format!("{FILE}:{at}").as_str()), "{told}");
        assert!(told.detail.contains(wanted), "{lines}: {told}");
    };
    let bad = |bad: &str, code: &str, column: u32, wanted: &str| {
        check(&format!("{window}\nbad = \"{bad}\""), code, &format!("7:{column}"), wanted);
    };
    // Aggregates and windows that say nothing about a window after the moment, also behind a derived one.
    bad("tenure_days > 3", "label-invalid", 7, "'tenure_days' counts days up to the moment");
    bad("violation_points > 3", "label-invalid", 7, "'violation_points' weighs facts by their age");
    bad("defect_rate > 0.1", "label-invalid", 7, "'defect_rate' is pulled to a prior");
    bad("late_shipment_index > 2", "label-invalid", 7, "is pulled to a prior");
    // A right makes nobody bad.
    bad("claims_open_60d > 3", "label-invalid", 7, "'claims_open_60d', which carries no preference");
    bad("fraud_findings_365 > 0", "expression-unknown-column", 8, "no column");
    bad("score < 400", "expression-unknown-column", 8, "score");
    bad("fraud_findings_365d", "label-invalid", 7, "not a truth");
    bad("fraud_findings_365d >", "expression-syntax", 29, "bad");
    let good = "bad = \"fraud_findings_365d > 0\"";
    check(
        &format!("{window}\n{good}\nobserve = \"orders_366d > 0\""),
        "expression-unknown-column",
        "8:12",
        "observe",
    );
    check(
        &format!("{window}\n{good}\nexclude = \"score\""),
        "label-invalid",
        "8:11",
        "exclude gives Integer",
    );
    check(
        &format!("{window}\n{good}\nindeterminate = \"days_since_last_order > 3\""),
        "label-invalid",
        "7:7",
        "'days_since_last_order' counts days",
    );
    for wrong in ["90", "0d", "731d", "2h", "-3d", ""] {
        check(&format!("within = \"{wrong}\"\n{good}"), "label-invalid", "6:10", "is not 1d to 730d");
    }
    check(
        &format!("{window}\nreport = \"1y\"\n{good}"),
        "label-invalid",
        "7:10",
        "report '1y' is not 0d to 730d",
    );
    check(&format!("{window}\n{good}\nbed = \"x\""), "definition-invalid", "8:1", "bed");
    let twice = format!("{}{}", text(&format!("{window}\n{good}")), text(&format!("{window}\n{good}")));
    let told = loaded(&twice).unwrap_err();
    assert!(told[0].detail.contains("defined twice") && told[0].at == format!("{FILE}:9:8"), "{told:?}");
    let nameless = text(&format!("{window}\n{good}")).replace("\"test\"", "\"Te st\"");
    assert!(loaded(&nameless).unwrap_err()[0].detail.contains("snake_case"));
}

fn event(catalogue: &Catalogue, json: &str) -> Event {
    let flat = Flat::from_json(json.as_bytes()).unwrap();
    let now = Timestamp::parse("2030-01-01T00:00:00Z").unwrap();
    catalogue.vocabulary.event(flat, "shop", Arrival::History, now, &catalogue.rates).unwrap()
}

fn finding(catalogue: &Catalogue, id: usize, at: Timestamp, severity: u64) -> Event {
    let json = format!(
        r#"{{"id":"{id}","type":"violation.found","occurred_at":"{at}","merchant":"m","violation":"v","kind":"fraud","severity":{severity}}}"#
    );
    event(catalogue, &json)
}

fn judge(catalogue: &Catalogue, label: &Label, at: Timestamp, events: &[Event]) -> super::Judged {
    let window = label.window(at);
    let mut state = PartyState::new(label.of());
    for event in events.iter().filter(|event| window.holds(event.occurred_at, event.known_at)) {
        let contributions = label.contributions(&catalogue.vocabulary, &catalogue.rates, event);
        label.apply(&mut state, event, &contributions, event.known_at, 1);
    }
    label.judge(&state, &window)
}

fn moment() -> Timestamp {
    Timestamp::parse("2024-03-01T12:00:00Z").unwrap()
}

#[test]
fn what_is_not_known_to_be_bad_is_good_and_bad_comes_first() {
    use Verdict::{Bad, Good, Indeterminate};
    let cases = [
        // No review in the window: the condition is null.
        ("bad = \"lowest_rating_90d <= 1\"", 0, Good, true),
        ("bad = \"NOT (lowest_rating_90d <= 1)\"", 0, Good, true),
        ("bad = \"coalesce(lowest_rating_90d, 5) <= 1\"", 0, Good, false),
        ("bad = \"fraud_findings_365d > 0 OR lowest_rating_90d <= 1\"", 1, Bad, false),
        ("bad = \"fraud_findings_365d > 0 AND lowest_rating_90d <= 1\"", 0, Good, false),
        (
            "bad = \"lowest_rating_90d <= 1\"\nindeterminate = \"fraud_findings_365d = 1\"",
            1,
            Indeterminate,
            true,
        ),
        ("bad = \"fraud_findings_365d > 0\"\nindeterminate = \"fraud_findings_365d = 1\"", 1, Bad, false),
        (
            "bad = \"fraud_findings_365d > 1\"\nindeterminate = \"fraud_findings_365d = 1\"",
            1,
            Indeterminate,
            false,
        ),
        ("bad = \"fraud_findings_365d > 1\"\nindeterminate = \"lowest_rating_90d <= 1\"", 1, Good, false),
    ];
    for (lines, findings, verdict, unknown) in cases {
        let catalogue = catalogue(&format!("within = \"90d\"\n{lines}"));
        let label = catalogue.labels.get("test").unwrap();
        let at = moment();
        let events: Vec<Event> =
            (0..findings).map(|id| finding(&catalogue, id, at.plus(Duration::days(3)), 3)).collect();
        let judged = judge(&catalogue, label, at, &events);
        assert_eq!((judged.verdict, judged.unknown), (verdict, unknown), "{lines}");
    }
}

#[test]
fn the_starter_has_a_label_for_each_role() {
    let catalogue = crate::catalogue::tests::starter();
    for (name, of) in [("merchant_bad_90d", "merchant"), ("buyer_bad_90d", "buyer")] {
        let label = catalogue.labels.get(name).unwrap();
        assert_eq!(label.of().as_str(), of);
        assert_eq!((label.within(), label.report()), (Duration::days(90), Duration::days(30)));
        // Whoever did nothing afterwards is not bad, and that is known.
        let judged = judge(&catalogue, label, moment(), &[]);
        assert!(judged.verdict != Verdict::Bad && !judged.unknown, "{name}: {judged:?}");
    }
}

#[test]
fn a_label_changes_no_state_of_parties() {
    let one = loaded(&text("within = \"90d\"\nbad = \"fraud_findings_365d > 0\"")).unwrap();
    let other = loaded(&text("within = \"60d\"\nbad = \"fraud_findings_365d > 1\"")).unwrap();
    assert_ne!(one.hash, other.hash);
    assert_eq!(one.plan_hash, other.plan_hash);
    assert!(one.measures_otherwise(&other).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The count over the window is that of the events in it, whatever the moment of the day and the length.
    #[test]
    fn a_window_holds_its_events_and_no_others(
        hour in 0_i64..24 * 400,
        within in 1_i64..200,
        findings in prop::collection::vec((0_i64..24 * 700, 1_u64..=5), 0..60),
    ) {
        let lines = format!("within = \"{within}d\"\nreport = \"0d\"\nbad = \"fraud_findings_365d > 0\"");
        let catalogue = catalogue(&lines);
        let label = catalogue.labels.get("test").unwrap();
        let begin = Timestamp::parse("2023-01-01T00:00:00Z").unwrap();
        let at = begin.plus(Duration::hours(hour));
        let events: Vec<Event> = findings
            .iter()
            .enumerate()
            .map(|(id, (hour, severity))| finding(&catalogue, id, begin.plus(Duration::hours(*hour)), *severity))
            .collect();
        let upto = at.plus(Duration::days(within));
        let count = events.iter().filter(|event| event.occurred_at > at && event.occurred_at <= upto).count();
        let window = label.window(at);
        let mut state = PartyState::new(label.of());
        for event in events.iter().filter(|event| window.holds(event.occurred_at, event.known_at)) {
            let contributions = label.contributions(&catalogue.vocabulary, &catalogue.rates, event);
            label.apply(&mut state, event, &contributions, event.known_at, 1);
        }
        let values = label.afterwards().values(&state, window.upto, &crate::indicator::Priors::default());
        prop_assert_eq!(values, vec![Some(count as f64)]);
        prop_assert_eq!(label.judge(&state, &window).verdict == Verdict::Bad, count > 0);
    }
}
