use super::{CARD, parsed};

const SECTION: &str = r#"[scorecard.fitted]
label = "merchant_bad_90d"
label_hash = "abc"
dataset = "def"
method = "woe"
seed = 7
from = "2025-01-31T23:59:59.999Z"
to = "2025-06-30T23:59:59.999Z"
rows = 800
bad = 80
score_cuts = [550, 600]
score_shares = [0.2, 0.3, 0.5]
[scorecard.fitted.held_out]
from = "2025-07-31T23:59:59.999Z"
to = "2025-09-30T23:59:59.999Z"
rows = 300
bad = 30
auc = [0.8, 0.75, 0.85]
champion = "merchant-expert"
champion_hash = "ghi"
champion_auc = [0.78, 0.7, 0.84]
difference = [0.02, -0.01, 0.05]
bad_rate = [0.1, 0.08, 0.13]
predicted = 0.11

[[dimension]]"#;

/// The test scorecard as if it had been fitted: four, three and four attributes with a special value.
fn fitted() -> String {
    let mut text = CARD.replacen("[[dimension]]", SECTION, 1);
    for (from, to) in [
        (
            "points = 30 }, { below = 0.04, points = 10 }, { below = 0.10, points = -20 }, { points = -160 }",
            "points = 30, share = 0.4, bad_rate = 0.05 }, { below = 0.04, points = 10, share = 0.3, bad_rate = 0.1 }, { below = 0.10, points = -20, share = 0.2, bad_rate = 0.1 }, { points = -160, share = 0.1, bad_rate = 0.3 }",
        ),
        (
            "points = -150 }, { below = 4.0, points = 0 }, { points = 40 }",
            "points = -150, share = 0.1, bad_rate = 0.5 }, { below = 4.0, points = 0, share = 0.4 , bad_rate = 0.1}, { points = 40, share = 0.2, bad_rate = 0.0 }",
        ),
        ("points = -1, title", "points = -1, share = 0.2, bad_rate = 0.1, title"),
        ("missing = -5", "missing = -5\nmissing_share = 0.1\nmissing_bad_rate = 0.2"),
        (
            "points = 0 }, { below = 20, points = 40 }, { below = 30, points = -10 }, { points = 30 }",
            "points = 0, share = 0.25 }, { below = 20, points = 40, share = 0.25 }, { below = 30, points = -10, share = 0.25 }, { points = 30, share = 0.25 }",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    text.replace("missing = 0", "missing = 0\nmissing_share = 0")
}

#[test]
fn a_fitted_scorecard_says_how_it_came_about() {
    let text = fitted();
    let card = parsed(&text).unwrap();
    let section = card.fitted().unwrap();
    assert_eq!((section.rows, section.held_out.as_ref().unwrap().auc), (800, [0.8, 0.75, 0.85]));
    let shares = |place: usize| -> Vec<f64> {
        card.characteristics()[place].training().iter().map(|one| one.unwrap().share).collect()
    };
    assert_eq!(shares(0), [0.4, 0.3, 0.2, 0.1, 0.0]);
    assert_eq!(shares(1), [0.1, 0.4, 0.2, 0.2, 0.1]);
    assert_eq!(card.characteristics()[2].missing_training.unwrap().bad_rate, None);
    // What it says of itself is part of what it is.
    assert_ne!(card.hash(), parsed(&text.replacen("rows = 800", "rows = 801", 1)).unwrap().hash());
    assert!(parsed(CARD).unwrap().fitted().is_none());
}

#[test]
fn a_section_that_cannot_be_true_is_refused() {
    for (from, to, words) in [
        ("seed = 7\n", "", "missing field `seed`"),
        ("seed = 7\n", "seed = 7\nluck = 1\n", "unknown field `luck`"),
        ("label_hash = \"abc\"", "label_hash = \" \"", "texts that are not empty"),
        ("from = \"2025-01-31T23:59:59.999Z\"", "from = \"then\"", "from and to are moments"),
        ("rows = 800", "rows = 79", "bad are some of them"),
        ("rows = 800", "rows = -1", "invalid value"),
        ("score_cuts = [550, 600]", "score_cuts = [600, 550]", "score_cuts ascend"),
        ("score_shares = [0.2, 0.3, 0.5]", "score_shares = [0.5, 0.5]", "one more than score_cuts"),
        ("score_shares = [0.2, 0.3, 0.5]", "score_shares = [0.2, 0.3, 0.6]", "1 in sum"),
        ("auc = [0.8, 0.75, 0.85]", "auc = [0.8, 0.85, 0.75]", "auc, champion_auc and bad_rate"),
        ("auc = [0.8, 0.75, 0.85]", "auc = [nan, 0.75, 0.85]", "auc, champion_auc and bad_rate"),
        ("predicted = 0.11", "predicted = 2.0", "predicted lies"),
        ("points = 30, share = 0.4", "points = 30, share = 0.6", "in sum, not 1"),
        ("points = 30, share = 0.4, bad_rate = 0.05", "points = 30", "without its share"),
        ("missing = -5\nmissing_share = 0.1\nmissing_bad_rate = 0.2", "missing = -5", "without its share"),
    ] {
        let text = fitted();
        assert!(text.contains(from), "{from}");
        let problems = parsed(&text.replacen(from, to, 1)).err().unwrap_or_default();
        assert!(problems.iter().any(|problem| problem.contains(words)), "{to}: {problems:#?}");
    }
    let shares_alone = CARD.replacen("points = 40 } ]", "points = 40, share = 1.0 } ]", 1);
    assert!(parsed(&shares_alone).unwrap_err()[0].contains("without [scorecard.fitted]"));
}
