use super::{GivenBy, Tiers, assign};
use proptest::prelude::*;

const TIERS: &str = r#"
[tiers]
of = "merchant"
[[tier]]
name = "blocked"
title = "Blocked"
from = 350
keep = 350
[[tier]]
name = "new"
title = "New"
from = 450
keep = 430
[[tier]]
name = "standard"
title = "Standard"
from = 550
keep = 520
[[tier]]
name = "trusted"
title = "Trusted"
from = 650
keep = 540
"#;

fn tiers() -> Tiers {
    Tiers::parse("t.toml", TIERS).unwrap()
}

type Given<'a> = (i32, Option<&'a str>, Option<&'a str>, &'a [&'a str]);

#[test]
fn tiers_given() {
    let tiers = tiers();
    let cases: [(Given<'_>, &str, GivenBy); 19] = [
        ((350, None, None, &[]), "blocked", GivenBy::Score),
        ((100, None, None, &[]), "blocked", GivenBy::Score),
        ((449, None, None, &[]), "blocked", GivenBy::Score),
        ((450, None, None, &[]), "new", GivenBy::Score),
        ((649, Some("standard"), None, &[]), "standard", GivenBy::Score),
        ((950, Some("blocked"), None, &[]), "trusted", GivenBy::Score),
        ((549, Some("standard"), None, &[]), "standard", GivenBy::Kept),
        ((520, Some("standard"), None, &[]), "standard", GivenBy::Kept),
        ((519, Some("standard"), None, &[]), "new", GivenBy::Score),
        ((540, Some("trusted"), None, &[]), "trusted", GivenBy::Kept),
        // Fallen out of the best tier, but not out of the one below it.
        ((530, Some("trusted"), None, &[]), "standard", GivenBy::Kept),
        ((429, Some("trusted"), None, &[]), "blocked", GivenBy::Score),
        // A tier of an older catalogue counts as none.
        ((540, Some("gold"), None, &[]), "new", GivenBy::Score),
        ((700, Some("trusted"), Some("new"), &[]), "new", GivenBy::Thin),
        ((400, None, Some("new"), &[]), "blocked", GivenBy::Score),
        ((700, None, None, &["standard", "blocked"]), "blocked", GivenBy::Gate),
        ((700, None, Some("new"), &["standard"]), "new", GivenBy::Thin),
        ((700, None, Some("standard"), &["new"]), "new", GivenBy::Gate),
        // A limit that cannot be read lets nobody through.
        ((700, None, None, &["gold"]), "blocked", GivenBy::Gate),
    ];
    for ((score, previous, thin, gates), name, by) in cases {
        let given = assign(&tiers, score, previous, thin, gates.iter().copied());
        assert_eq!((given.name.as_str(), given.by), (name, by), "{score} {previous:?} {thin:?} {gates:?}");
        assert_eq!(tiers.place(&given.name), Some(given.index));
    }
}

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("of = \"merchant\"", "of = \"bank\"", &["t.toml:3:6: 'bank' is neither"]),
        ("keep = 430", "keep = 451", &["t.toml:13:8: keep 451 is above from 450"]),
        (
            "from = 550",
            "from = 450",
            &["from 450 is not above the 450 of 'new'", "keep 520 is above from 450"],
        ),
        ("keep = 540", "keep = 510", &["keep 510 is below the 520 of 'standard'"]),
        ("\"trusted\"", "\"new\"", &["a second tier 'new'"]),
        ("\"trusted\"", "\"Trusted one\"", &["'Trusted one' is not a name"]),
        ("title = \"Trusted\"\n", "", &["missing field `title`"]),
        ("title = \"Trusted\"", "title = \"Trusted\"\nbonus = 1", &["unknown field `bonus`"]),
        ("from = 650", "from = 650.5", &["floating point"]),
        ("from = 650", "from = -1", &["from is -1, not between"]),
        ("[tiers]\nof = \"merchant\"", "", &["missing field `tiers`"]),
    ];
    for (from, to, expected) in cases {
        assert!(TIERS.contains(from), "{from}");
        let mut problems: Vec<String> = Tiers::parse("t.toml", &TIERS.replacen(from, to, 1))
            .unwrap_err()
            .iter()
            .map(|it| it.to_string())
            .collect();
        problems.sort_by_key(|it| expected.iter().position(|words| it.contains(words)));
        assert_eq!(problems.len(), expected.len(), "{to}: {problems:#?}");
        for (problem, words) in problems.iter().zip(*expected) {
            assert!(problem.contains(words), "{to}: {problem}");
        }
    }
    let many = "[[tier]]\nname = \"a\"\ntitle = \"A\"\nfrom = 1\nkeep = 1\n".repeat(5000);
    let problems = Tiers::parse("t.toml", &format!("[tiers]\nof = \"buyer\"\n{many}")).unwrap_err();
    assert!(problems[0].to_string().contains("5000 items of 'tier', more than 50"));
    assert!(Tiers::parse("t.toml", "[tiers]\nof = \"buyer\"\n").is_err());
}

const CARD: &str = r#"
dimension = [{ name = "all", title = "All" }]
[scorecard]
name = "card"
of = "merchant"
title = "Card"
reasoning = "For tests."
base_points = 600
scale = { score = 600, odds = 30, points_to_double = 50, floor = 350, ceiling = 950 }
history = { measure = "n", minimum = 5, thin_tier = "new", half_width = 100, k = 10 }
[[characteristic]]
indicator = "n"
dimension = "all"
reason = { code = "R1", text = "Few", advice = "Wait" }
missing = 0
attributes = [ { below = 10, points = 0 }, { points = 10 } ]
[[gate]]
name = "g"
when = "n > 100"
tier = "standard"
reason = { code = "G1", text = "Many", advice = "Wait" }
"#;

#[test]
fn tiers_and_scorecards_that_do_not_fit() {
    let cases: [(&str, &str, &[&str]); 6] = [
        ("", "", &[]),
        (
            "of = \"merchant\"",
            "of = \"buyer\"",
            &["the tiers are of a merchant, the scorecard 'card' of a buyer"],
        ),
        ("floor = 350", "floor = 300", &["no tier for scores from 300"]),
        ("ceiling = 950", "ceiling = 640", &["reaches the tier 'trusted' from 650"]),
        ("thin_tier = \"new\"", "thin_tier = \"fresh\"", &["names the tier 'fresh'"]),
        ("tier = \"standard\"", "tier = \"none\"", &["names the tier 'none'"]),
    ];
    for (from, to, expected) in cases {
        let text = CARD.replacen(from, to, 1);
        let card = crate::score::Scorecard::parse("c.toml", &text, &["n".to_owned()]).unwrap();
        let problems = tiers().fits(&card).err().unwrap_or_default();
        assert_eq!(problems.len(), expected.len(), "{to}: {problems:?}");
        for (problem, words) in problems.iter().zip(expected) {
            assert!(problem.to_string().contains(words), "{problem}");
        }
    }
}

proptest! {
    /// Model: a tier is entered only by crossing its `from` upward, and left downward only by crossing a `keep`.
    #[test]
    fn hysteresis_never_flips_without_a_crossing(scores in proptest::collection::vec(400_i32..700, 1..200)) {
        let tiers = tiers();
        let mut previous = assign(&tiers, 400, None, None, []);
        for score in scores {
            let given = assign(&tiers, score, Some(&previous.name), None, []);
            let (was, is) = (&tiers.list()[previous.index], &tiers.list()[given.index]);
            if given.index > previous.index {
                prop_assert!(score >= is.from && given.by == GivenBy::Score);
            }
            if given.index < previous.index {
                prop_assert!(score < was.keep);
            }
            // The same score again changes nothing.
            prop_assert_eq!(assign(&tiers, score, Some(&given.name), None, []).index, given.index);
            previous = given;
        }
    }

    #[test]
    fn a_higher_score_never_gives_a_lower_tier(score in 300_i32..800, more in 0_i32..200, previous in 0_usize..5) {
        let tiers = tiers();
        let previous = tiers.list().get(previous).map(|tier| tier.name.as_str());
        let lower = assign(&tiers, score, previous, None, []);
        prop_assert!(lower.index <= assign(&tiers, score + more, previous, None, []).index);
    }

    #[test]
    fn a_fall_in_steps_ends_as_a_fall_in_one_stroke(start in 0_usize..4, mut falls in proptest::collection::vec(300_i32..650, 1..20)) {
        falls.sort_unstable_by_key(|score| std::cmp::Reverse(*score));
        let tiers = tiers();
        let first = tiers.list()[start].name.clone();
        let mut slow = first.clone();
        for score in &falls {
            slow = assign(&tiers, *score, Some(&slow), None, []).name;
        }
        // What is reached on the way down counts as having been held.
        let top = assign(&tiers, falls[0], Some(&first), None, []).name;
        prop_assert_eq!(&slow, &assign(&tiers, falls[falls.len() - 1], Some(&top), None, []).name);
    }
}
