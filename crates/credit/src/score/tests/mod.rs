//! One scorecard on which the tests of this folder work.

mod explaining;
mod fitting;
mod reading;
mod scoring;

use super::Scorecard;

/// The indicators of [`CARD`], in the order of its values.
pub(super) const INDICATORS: [&str; 5] = ["orders", "late", "rating", "tenure", "findings"];

/// Every feature once: bins in both directions, a hump, a special value, two dimensions, gates with caps and tiers.
pub(super) const CARD: &str = r#"
[scorecard]
name = "merchant-test"
of = "merchant"
title = "Test"
reasoning = "For tests."
base_points = 600
[scorecard.scale]
score = 600
odds = 30
points_to_double = 50
floor = 350
ceiling = 700
[scorecard.history]
measure = "orders"
minimum = 5
thin_tier = "new"
half_width = 120
k = 10

[[dimension]]
name = "fulfilment"
title = "Fulfilment"
[[dimension]]
name = "voice"
title = "Buyers' voice"

[[characteristic]]
indicator = "late"
dimension = "fulfilment"
reason = { code = "M01", text = "Orders are dispatched late", advice = "Dispatch by the promised day" }
missing = 0
attributes = [ { below = 0.01, points = 30 }, { below = 0.04, points = 10 }, { below = 0.10, points = -20 }, { points = -160 } ]
[[characteristic]]
indicator = "rating"
dimension = "voice"
reason = { code = "M02", text = "Ratings are low", advice = "Ask what went wrong" }
missing = -5
attributes = [ { below = 2.5, points = -150 }, { below = 4.0, points = 0 }, { points = 40 } ]
special = [ { value = 0, points = -1, title = "Ratings switched off" } ]
[[characteristic]]
indicator = "tenure"
dimension = "voice"
reason = { code = "M03", text = "Tenure is unusual", advice = "Wait" }
missing = 0
attributes = [ { below = 10, points = 0 }, { below = 20, points = 40 }, { below = 30, points = -10 }, { points = 30 } ]

[[gate]]
name = "open_finding"
when = "findings > 0"
cap = 400
tier = "blocked"
reason = { code = "G01", text = "A fraud finding is open", advice = "Answer it" }
[[gate]]
name = "many_findings"
when = "findings > 3"
cap = 350
reason = { code = "G02", text = "Several fraud findings are open", advice = "Answer them" }
[[gate]]
name = "young"
when = "tenure < 15"
tier = "standard"
reason = { code = "G03", text = "The account is young", advice = "Wait" }
"#;

pub(super) fn parsed(text: &str) -> Result<Scorecard, Vec<String>> {
    let indicators = INDICATORS.map(str::to_owned);
    Scorecard::parse("m.toml", text, &indicators)
        .map_err(|problems| problems.iter().map(|problem| format!("{} {problem}", problem.code)).collect())
}

pub(super) fn card() -> Scorecard {
    parsed(CARD).unwrap()
}
