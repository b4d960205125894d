use super::*;
use crate::tier::Tiers;
use probity_primitives::{Currency, Duration};

const TIERS: &str = "[tiers]\nof = \"buyer\"\n[[tier]]\nname = \"low\"\ntitle = \"Low\"\nfrom = 350\nkeep = 350\n\
[[tier]]\nname = \"high\"\ntitle = \"High\"\nfrom = 600\nkeep = 590\n";

const TERMS: &str = r#"[terms]
of = "buyer"
title = "Terms"
reasoning = "Because."
[[tier]]
tier = "low"
discount = 0
payment_limit = "100.00"
payout_delay = "14d"
reserve = 1000
deposit = "50.00"
cover = 5000
[[tier]]
tier = "high"
discount = 200
payment_limit = "900.00"
payout_delay = "2d"
reserve = 0
deposit = "0.00"
cover = 10000
"#;

fn parse(text: &str) -> Result<Terms, Vec<String>> {
    let tiers = Tiers::parse("tiers.toml", TIERS).unwrap();
    let told =
        |problems: Vec<probity_primitives::Problem>| problems.iter().map(ToString::to_string).collect();
    Terms::parse("terms.toml", text, &tiers, Currency::try_new("EUR").unwrap()).map_err(told)
}

#[test]
fn terms_are_read_and_an_unknown_tier_has_the_worst() {
    let terms = parse(TERMS).unwrap();
    let high = terms.of_tier("high").unwrap();
    assert_eq!((high.discount, high.payment_limit, high.payout_delay), (200, 90_000, Duration::days(2)));
    assert_eq!(terms.of_tier("nobody").unwrap().tier, "low");
}

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    let check = |from: &str, to: &str, told: &str| {
        let problems = parse(&TERMS.replacen(from, to, 1)).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(told)), "{told}: {problems:?}");
    };
    check("\"900.00\"", "\"90.00\"", "payment_limit of 'high' is worse than that of 'low'");
    check("discount = 200", "discount = 20000", "terms.toml:15:12: discount is 20000");
    check("\"100.00\"", "\"1e3\"", "terms.toml:8:17");
    check("\"100.00\"", "\"-1.00\"", "an amount below 0");
    check("\"14d\"", "\"soon\"", "terms.toml:9:16");
    check("tier = \"high\"", "tier = \"top\"", "'top' where high is expected");
    check("of = \"buyer\"", "of = \"merchant\"", "terms.toml:2:6");
    check("cover = 10000", "cover = 10000\nfree = 1", "free");
    let half = TERMS.split("[[tier]]\ntier = \"high\"").next().unwrap();
    assert!(parse(half).unwrap_err()[0].contains("no terms for high"));
}
