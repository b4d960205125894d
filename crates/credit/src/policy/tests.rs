use super::*;
use crate::catalogue::tests::starter;
use crate::event::Role;
use crate::score::Scored;
use probity_primitives::{Currency, Money, Timestamp};
use proptest::prelude::*;
use std::sync::LazyLock;

static STARTER: LazyLock<crate::catalogue::Catalogue> = LazyLock::new(starter);

fn fields(kind: RequestKind, attributes: &[(String, probity_expression::Type)]) -> Fields {
    let role = |role: Role| (role, STARTER.scorecard(role), STARTER.tiers(role), STARTER.plan.names(role));
    Fields::new(kind, [role(Role::Merchant), role(Role::Buyer)], attributes, 2)
}

fn parse(text: &str) -> Result<Policy, Vec<String>> {
    let told =
        |problems: Vec<probity_primitives::Problem>| problems.iter().map(ToString::to_string).collect();
    Policy::parse("policy.toml", text, &fields).map_err(told)
}

/// A payment policy with these tables, attributes a (text), n (integer) and f (boolean), and one reason.
fn policy(tables: &str) -> String {
    format!(
        "[policy]\nname = \"p\"\ndecides = \"payment\"\ntitle = \"P\"\nreasoning = \"Because.\"\ntime_to_live = \"15m\"\n\
         [policy.attributes]\na = \"text\"\nn = \"integer\"\nf = \"boolean\"\n\
         [[reason]]\ncode = \"R1\"\ntext = \"No\"\nadvice = \"Ask\"\ntext_zh = \"不\"\nadvice_zh = \"问\"\n{tables}"
    )
}

fn table(hit: &str, rules: &[(&str, &str)]) -> String {
    let rule = |(n, (when, rest)): (usize, &(&str, &str))| {
        let when = if when.is_empty() { String::new() } else { format!("when = \"{when}\"\n") };
        format!("[[table.rule]]\nname = \"r{n}\"\n{when}{rest}\n")
    };
    let rules: String = rules.iter().enumerate().map(rule).collect();
    format!("[[table]]\nname = \"t\"\ntitle = \"T\"\nhit = \"{hit}\"\n{rules}")
}

const YES: &str = "outcome = \"approve\"";
const NO: &str = "outcome = \"decline\"\nreason = \"R1\"";

fn scored(score: i32) -> Scored {
    Scored { score, low: score - 50, high: score + 50, ..STARTER.scorecard(Role::Buyer).score(&[]) }
}

fn request(amount: i64, a: Option<&str>, n: Option<i64>, f: Option<bool>) -> Request {
    Request {
        kind: RequestKind::Payment,
        at: Timestamp::from_millis(0),
        merchant: None,
        buyer: None,
        amount: Some(Money::try_new(amount, Currency::try_new("EUR").unwrap()).unwrap()),
        reporting: Some(amount),
        category: Some("books".into()),
        method: None,
        order: None,
        attributes: vec![
            a.map(|a| Attribute::Text(a.into())),
            f.map(Attribute::Boolean),
            n.map(Attribute::Integer),
        ],
    }
}

fn apply(policy: &Policy, request: &Request, score: i32, tier: &str) -> Applied {
    let scored = scored(score);
    let side = Side {
        scored: &scored,
        values: &[],
        tier,
        known: true,
        exposure: 0,
        payment_limit: 50_000,
        sanction_limit: None,
        suspended: false,
        terminated: false,
    };
    let (merchant, buyer) = (Some(side), Some(side));
    policy.apply(&Facts { fields: policy.fields(), request, merchant, buyer, pair_exposure: 0 })
}

#[test]
fn tables_that_leave_nothing_open_are_taken_and_others_refused_with_the_case() {
    let check = |hit: &str, rules: &[(&str, &str)], told: Option<&str>| match (
        parse(&policy(&table(hit, rules))),
        told,
    ) {
        (Ok(_), None) => {}
        (Err(problems), Some(told)) => {
            assert!(problems.iter().any(|problem| problem.contains(told)), "{told}: {problems:?}");
        }
        (found, told) => panic!("{rules:?}: {told:?} but {:?}", found.map(|_| "taken")),
    };
    check("first", &[("", YES)], None);
    check("first", &[("buyer_score >= 600", YES), ("buyer_score < 600", NO)], None);
    check(
        "first",
        &[("buyer_score > 600", YES), ("buyer_score < 600", NO)],
        Some("leaves open: buyer_score = 600"),
    );
    check("first", &[("NOT buyer_suspended", YES), ("buyer_suspended", NO)], None);
    // A buyer takes part in every payment, so its score is never null; an attribute may be.
    check("first", &[("n >= 3", YES), ("n < 3", NO)], Some("leaves open: n = NULL"));
    check("first", &[("n >= 3", YES), ("n < 3 OR n IS NULL", NO)], None);
    check("first", &[("f", YES), ("f IS NOT TRUE", NO)], None);
    let tiers = "buyer_tier IN ('trusted', 'outstanding')";
    check("first", &[(tiers, YES), ("buyer_tier IN ('restricted', 'watch', 'new')", NO)], None);
    check(
        "first",
        &[(tiers, YES), ("buyer_tier IN ('restricted', 'new')", NO)],
        Some("buyer_tier = 'watch'"),
    );
    check(
        "first",
        &[("amount <= amount('10.00')", YES), ("amount >= amount('20.00')", NO)],
        Some("amount('10.01')"),
    );
    check("first", &[("a = 'x' AND n > 1", YES), ("a = 'x' AND n <= 1", NO)], Some("leaves open: a ="));
    check(
        "first",
        &[("merchant_late_shipment_rate < 0.5", YES), ("NOT (merchant_late_shipment_rate < 0.5)", NO)],
        Some("= NULL"),
    );
    // What a sum of columns is cannot be proved, so a last rule is asked for.
    check("first", &[("n + n > 3", YES), ("n + n <= 3", NO)], Some("((n + n) <= 3) = FALSE"));
    check("first", &[("n + n > 3", YES), ("", NO)], None);
    check("first", &[("n > 3", YES), ("n > 5", NO), ("", NO)], Some("rule 'r1' can never hold"));
    check("first", &[("n > 3 AND n < 2", YES), ("", NO)], Some("rule 'r0' can never hold"));
    check("all", &[("n > 3", NO), ("", YES)], None);
    check("priority", &[("n > 3", NO), ("n <= 3", YES)], Some("leaves open: n = NULL"));
    check("first", &[("merchant_score", YES)], Some("gives BIGINT, not BOOLEAN"));
    check("first", &[("buyer_scor > 3", YES)], Some("buyer_score"));
    check("first", &[("", "outcome = \"maybe\"")], Some("'maybe' is not an outcome"));
    check("first", &[("", "outcome = \"decline\"")], Some("an adverse answer without a reason"));
    check("first", &[("", "discount = 10001\noutcome = \"approve\"")], Some("basis points"));
    check("first", &[("", "limit = \"5\"\noutcome = \"approve\"")], Some("gives BIGINT, not money"));
    check("first", &[("", "discount = 5")], Some("no table decides"));
    check("most", &[("", YES)], Some("first, all or priority"));
}

#[test]
fn a_sanction_names_its_party_and_its_ground() {
    let check = |text: &str, taken: bool| {
        let effect = format!("sanction = \"{text}\"\nreason = \"R1\"\noutcome = \"decline\"");
        match parse(&policy(&table("first", &[("", &effect)]))) {
            Ok(_) => assert!(taken, "{text}"),
            Err(problems) => {
                let told = |problem: &String| problem.contains("such as `suspend merchant for risk`");
                assert!(!taken && problems.iter().any(told), "{text}: {problems:?}");
            }
        }
    };
    check("suspend merchant for risk", true);
    check("suspend everybody for risk", false);
    check("suspend merchant", false);
    check("suspend merchant for fun", false);
    check("suspend merchant risk", false);
    check("ban merchant for risk", false);
    check("suspend merchant for risk now", false);
}

#[test]
fn a_sanction_that_limits_says_to_what() {
    let effect = "sanction = \"limit buyer for debt\"\nreason = \"R1\"\noutcome = \"approve_with_limit\"";
    let problems = parse(&policy(&table("first", &[("", effect)]))).unwrap_err();
    assert!(problems.iter().any(|problem| problem.contains("without an amount")), "{problems:?}");
    let effect = format!("{effect}\nlimit = \"amount('100.00')\"");
    parse(&policy(&table("first", &[("", &effect)]))).unwrap();
}

#[test]
fn the_rules_that_count_are_those_of_the_hit() {
    let check = |hit: &str, n: i64, outcome: Outcome, held: &[u32]| {
        let low =
            "outcome = \"review\"\nreason = \"R1\"\npriority = 5\nlimit = \"amount('7.00')\"\ndiscount = 30";
        let rules = [("n > 2", YES), ("n > 1", low), ("n > 0", NO), ("n IS NULL OR n <= 0", YES)];
        let policy = parse(&policy(&table(hit, &rules))).unwrap();
        let applied = apply(&policy, &request(100, None, Some(n), None), 650, "trusted");
        assert_eq!(applied.outcome, Some(outcome), "{hit} {n}");
        assert_eq!(applied.held.iter().map(|held| held.rule).collect::<Vec<_>>(), held, "{hit} {n}");
    };
    check("first", 3, Outcome::Approve, &[0]);
    check("first", 2, Outcome::Review, &[1]);
    check("first", -1, Outcome::Approve, &[3]);
    check("all", 3, Outcome::Decline, &[0, 1, 2]);
    check("all", 1, Outcome::Decline, &[2]);
    check("priority", 3, Outcome::Review, &[1]);
    check("priority", 1, Outcome::Decline, &[2]);
}

#[test]
fn decision_tables_read_their_cells() {
    let rows = r#"[[table]]
name = "t"
title = "T"
hit = "first"
inputs = ["category", "amount", "n", "f"]
outputs = ["outcome", "reason", "limit", "reserve"]
rows = [
  ["books", "<= 50.00", "", "", "approve", "R1", "amount('50.00')", "100"],
  ["books", "", "IN (1, 2)", "", "review", "R1", "", ""],
  ["it's", "", "-", "TRUE", "approve", "", "", ""],
  ["", "", "", "", "decline", "R1", "", ""],
]
"#;
    let policy = parse(&policy(rows)).unwrap();
    let check = |category: &str, amount: i64, n: Option<i64>, f: Option<bool>, rule: u32| {
        let request = Request { category: Some(category.into()), ..request(amount, None, n, f) };
        let applied = apply(&policy, &request, 650, "trusted");
        assert_eq!(applied.held, [Held { table: 0, rule }], "{category} {amount} {n:?} {f:?}");
        applied
    };
    let applied = check("books", 5_000, None, None, 0);
    assert_eq!((applied.limit, applied.reserve), (Some(5_000), Some(100)));
    check("books", 5_001, Some(2), None, 1);
    check("books", 5_001, Some(3), None, 3);
    check("it's", 1, None, Some(true), 2);
    check("it's", 1, None, None, 3);
}

#[test]
fn a_limit_that_cannot_be_computed_lets_nothing_through() {
    let text = policy(&table(
        "first",
        &[("", "outcome = \"approve\"\nreason = \"R1\"\nlimit = \"amount * (n / (n - n))\"")],
    ));
    let policy = parse(&text).unwrap();
    let applied = apply(&policy, &request(100, None, Some(4), None), 650, "trusted");
    assert_eq!(applied.limit, Some(0));
    assert!(applied.faults > 0);
}

/// A random simple test of one of the attributes.
fn atom() -> impl Strategy<Value = String> {
    let number = (0_i64..4, 0_usize..6)
        .prop_map(|(value, op)| format!("n {} {value}", ["=", "<>", "<", "<=", ">", ">="][op]));
    let text = (0_usize..3, any::<bool>()).prop_map(|(value, equal)| {
        format!("a {} '{}'", if equal { "=" } else { "<>" }, ["x", "y", "z"][value])
    });
    let truth =
        (0_usize..5).prop_map(|at| ["f", "NOT f", "f IS TRUE", "f IS NULL", "f IS NOT TRUE"][at].to_owned());
    let null = (0_usize..4)
        .prop_map(|at| ["n IS NULL", "a IS NULL", "n IS NOT NULL", "a IS NOT NULL"][at].to_owned());
    let among = (0_i64..4).prop_map(|value| format!("n IN ({value}, 2)"));
    let between = (0_i64..4).prop_map(|value| format!("n NOT BETWEEN {value} AND 2"));
    prop_oneof![number, text, truth, null, among, between]
}

fn condition() -> impl Strategy<Value = String> {
    let joined = |word: &'static str| {
        prop::collection::vec(atom(), 1..3).prop_map(move |all| format!("({})", all.join(word)))
    };
    prop_oneof![joined(" AND "), joined(" OR "), joined(" AND ").prop_map(|inner| format!("NOT {inner}"))]
}

/// Every case that such tests can tell apart.
fn grid() -> Vec<Request> {
    let mut grid = Vec::new();
    for a in [None, Some("x"), Some("y"), Some("z"), Some("other"), Some("")] {
        for n in [None, Some(-1), Some(0), Some(1), Some(2), Some(3), Some(4)] {
            for f in [None, Some(true), Some(false)] {
                grid.push(request(100, a, n, f));
            }
        }
    }
    grid
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_proof_agrees_with_trying_every_case(conditions in prop::collection::vec(condition(), 1..7)) {
        let rules: Vec<(&str, &str)> = conditions.iter().map(|condition| (condition.as_str(), YES)).collect();
        let open = policy(&table("all", &rules));
        let with_last = policy(&table("all", &[rules.clone(), vec![("", YES)]].concat()));
        // Under "all", the last rule holds everywhere, so what holds besides shows what the others cover.
        if let Ok(whole) = parse(&with_last) {
            let covered = grid().iter().all(|request| apply(&whole, request, 650, "trusted").held.len() > 1);
            let refused = parse(&open).err();
            let told_open = refused.iter().flatten().any(|problem| problem.contains("leaves open"));
            prop_assert_eq!(covered, !told_open, "{:?}: {:?}", conditions, refused);
        }
    }

    #[test]
    fn an_index_finds_what_looking_at_every_rule_finds(
        hit in 0_usize..3,
        picks in prop::collection::vec(
            (0_usize..5, prop::option::of(0_i64..4), prop::option::of(condition()), -2_i64..3, any::<bool>()),
            8..40,
        ),
    ) {
        let words = ["x", "y", "z", "other", ""];
        let rules: Vec<(String, String)> = picks
            .iter()
            .map(|(a, n, rest, priority, late)| {
                let a = (!words[*a].is_empty()).then(|| format!("a = '{}'", words[*a]));
                let n = n.map(|n| format!("n = {n}"));
                let mut parts: Vec<String> = [a, n].into_iter().flatten().collect();
                parts.insert(if *late { 0 } else { parts.len() }, rest.clone().unwrap_or_else(|| "n < 9".into()));
                (parts.join(" AND "), format!("{YES}\npriority = {priority}"))
            })
            .chain([(String::new(), YES.to_owned())])
            .collect();
        let hit = ["first", "all", "priority"][hit];
        // What can never hold is refused: it is left out, which the refusal names.
        let mut kept: Vec<(&str, &str)> = rules.iter().map(|(when, rest)| (when.as_str(), rest.as_str())).collect();
        let policy = loop {
            match parse(&policy(&table(hit, &kept))) {
                Ok(policy) => break policy,
                Err(problems) => {
                    let vain = |n: &usize| problems.iter().any(|problem| problem.contains(&format!("rule 'r{n}' can")));
                    let before = kept.len();
                    kept = (0..before).filter(|n| !vain(n)).map(|n| kept[n]).collect();
                    prop_assert!(kept.len() < before, "{:?}", problems);
                }
            }
        };
        let mut plain = parse(&self::policy(&table(hit, &kept))).unwrap();
        for table in &mut plain.tables {
            table.index = index::Index::plain(table.rules.len());
        }
        for request in grid() {
            let quick = apply(&policy, &request, 650, "trusted");
            let walked = apply(&plain, &request, 650, "trusted");
            prop_assert!(quick.looked_at <= walked.looked_at);
            prop_assert_eq!(Applied { looked_at: walked.looked_at, ..quick }, walked, "{:?}: {:?}", request, kept);
        }
    }
}

/// A table of look-ups: two columns that are asked for a value, an amount, and blanks; `rows` of them at least.
fn wide(rows: usize, more: &str) -> String {
    let side = (1..).find(|side| side * (2 * side + 1) + 1 >= rows).unwrap_or(1);
    let mut text = String::new();
    for a in 0..side {
        for n in 0..side {
            text.push_str(&format!("  [\"a{a}\", \"{n}\", \"> 500.00\", \"decline\", \"R1\"],\n"));
            text.push_str(&format!("  [\"a{a}\", \"{n}\", \"\", \"approve\", \"\"],\n"));
        }
        text.push_str(&format!("  [\"a{a}\", \"\", \"> 900.00\", \"decline\", \"R1\"],\n"));
    }
    policy(&format!(
        "[[table]]\nname = \"t\"\ntitle = \"T\"\nhit = \"first\"\ninputs = [\"a\", \"n\", \"amount\"]\n\
         outputs = [\"outcome\", \"reason\"]\nrows = [\n{text}{more}  [\"\", \"\", \"\", \"approve\", \"\"],\n]\n"
    ))
}

#[test]
fn a_wide_table_is_still_compared_and_looked_up_by_value() {
    let policy = parse(&wide(2_000, "")).unwrap();
    let rows = policy.tables()[0].rules.len();
    assert!(rows > 2_000 && !policy.notes().iter().any(|note| note.contains("not compared")));
    assert!(policy.notes()[0].contains("row_1 and row_2 both hold"), "{:?}", policy.notes());
    let check = |a: Option<&str>, n: Option<i64>, amount: i64, rule: usize, most: u32| {
        let applied = apply(&policy, &request(amount, a, n, None), 650, "trusted");
        assert_eq!(applied.held, [Held { table: 0, rule: rule as u32 }], "{a:?} {n:?} {amount}");
        assert!(applied.looked_at <= most, "{a:?} {n:?} {amount}: {}", applied.looked_at);
    };
    check(Some("a0"), Some(0), 50_001, 0, 1);
    check(Some("a0"), Some(0), 50_000, 1, 2);
    check(Some("a31"), Some(31), 1, rows - 3, 2);
    check(Some("a31"), Some(99), 90_001, rows - 2, 1);
    check(Some("a31"), None, 90_000, rows - 1, 2);
    check(None, Some(3), 90_001, rows - 1, 1);
    check(Some("other"), Some(3), 1, rows - 1, 1);
    // A second row for the same values, far from the first, is found to be in vain.
    let row = "  [\"a7\", \"7\", \"\", \"approve\", \"\"],\n";
    let problems = parse(&wide(2_000, row)).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains(&format!("rule 'row_{rows}' can never hold")), "{problems:?}");
}
