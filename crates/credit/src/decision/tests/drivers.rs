//! Reasons are the true drivers: each is taken away and the answer made again, over the starter catalogue.

use super::*;
use crate::policy::{Applied, Domain};
use crate::score::{Explanation, Scored};
use probity_expression::{Faults, Row, Type, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A party as it may come: random indicators, with the score, gates and thin file that follow from them.
#[derive(Debug, Clone)]
struct Known {
    values: Vec<Option<f64>>,
    scored: Scored,
    tier: String,
    exposure: i64,
    standing: Standing,
}

/// Values around the bounds that the scorecard has, so that every attribute comes up, and anything else of any size.
fn values_of(role: Role) -> impl Strategy<Value = Vec<Option<f64>>> {
    let card = STARTER.scorecard(role);
    let one = |position: usize| {
        let of = card.characteristics().iter().find(|of| of.position == position);
        let bounds: Vec<f64> =
            of.iter().flat_map(|of| of.attributes.iter().filter_map(|at| at.below)).collect();
        let near = prop::sample::select(if bounds.is_empty() { vec![0.0, 1.0, 10.0] } else { bounds });
        let value = (near, prop::sample::select(vec![0.2, 0.9, 1.0, 1.1, 4.0])).prop_map(|(at, by)| at * by);
        prop_oneof![1 => Just(None), 3 => value.prop_map(Some), 2 => Just(Some(0.0)), 1 => (0.0..5_000.0_f64).prop_map(Some)]
    };
    (0..STARTER.plan.names(role).len()).map(one).collect::<Vec<_>>()
}

fn known(role: Role) -> impl Strategy<Value = Known> {
    let tiers: Vec<String> = STARTER.tiers(role).list().iter().map(|tier| tier.name.clone()).collect();
    let exposure = prop_oneof![Just(0), 0_i64..800_000];
    let rarely = |share: f64| prop::bool::weighted(share);
    let limit = prop::option::weighted(0.1, 0_i64..100_000);
    (values_of(role), prop::sample::select(tiers), exposure, limit, rarely(0.1), rarely(0.05)).prop_map(
        move |(values, tier, exposure, limit, suspended, terminated)| {
            let scored = STARTER.scorecard(role).score(&values);
            let standing = Standing { limit, suspended, terminated };
            Known { values, scored, tier, exposure, standing }
        },
    )
}

/// Facts with some columns as if they were other.
struct Imagined<'a, R> {
    facts: &'a R,
    instead: &'a [(usize, Value<'static>)],
}

impl<R: Row> Row for Imagined<'_, R> {
    fn value(&self, column: usize) -> Value<'_> {
        let found = self.instead.iter().find(|(place, _)| *place == column);
        found.map_or_else(|| self.facts.value(column), |(_, value)| *value)
    }

    fn to_reporting(&self, minor: i64) -> Option<i64> {
        self.facts.to_reporting(minor)
    }
}

/// Values that a column can have.
fn instead(policy: &Policy, column: usize) -> Vec<Value<'static>> {
    let numbers = |all: &[i64]| all.iter().map(|n| Value::Integer(*n)).collect::<Vec<_>>();
    let (mut values, nullable) = match policy.fields().domain(column) {
        Domain::Absent => return Vec::new(),
        Domain::Words { words, nullable } => {
            let leak = |word: &String| Value::Text(Box::leak(word.clone().into_boxed_str()));
            (words.iter().map(leak).collect(), *nullable)
        }
        Domain::NotNegative { nullable } => (numbers(&[0, 1, 1_000_000_000]), *nullable),
        Domain::Any { nullable } => (
            match policy.fields().type_of(column) {
                Type::Boolean => vec![Value::Boolean(true), Value::Boolean(false)],
                Type::Double => [0.0, 0.01, 1.0, 1e9].map(Value::Double).to_vec(),
                Type::Text => vec![Value::Text("other")],
                _ => numbers(&[0, 500, 900, 1_000_000_000_000]),
            },
            *nullable,
        ),
    };
    values.extend(nullable.then_some(Value::Null));
    values
}

/// What is left of a rule is tried with at most so many columns changed.
const MOST_CHANGED: usize = 3;

/// As few columns as it takes, changed so that a rule no longer holds, or that its limit reaches further.
fn taken_away<R: Row>(
    policy: &Policy,
    rule: &crate::policy::Rule,
    facts: &R,
) -> Option<Vec<(usize, Value<'static>)>> {
    let limit = |instead: &[(usize, Value<'static>)]| {
        let value = rule.effect.limit.as_ref().map(|limit| {
            match limit.evaluate(&Imagined { facts, instead }, &mut Faults::default()) {
                Value::Integer(minor) => minor,
                _ => 0,
            }
        });
        value.unwrap_or(0)
    };
    let before = limit(&[]);
    let gone = |instead: &[(usize, Value<'static>)]| match &rule.when {
        Some(when) => {
            when.evaluate(&Imagined { facts, instead }, &mut Faults::default()) != Value::Boolean(true)
        }
        None => limit(instead) > before,
    };
    let mut columns: Vec<usize> = rule
        .when
        .iter()
        .chain(rule.effect.limit.iter().filter(|_| rule.when.is_none()))
        .flat_map(|it| it.columns())
        .collect();
    // The amount is what is asked for and no fact about anybody: it is changed when nothing else helps.
    columns.sort_by_key(|column| (policy.fields().name(*column) == "amount", *column));
    columns.dedup();
    let mut tried: Vec<Vec<(usize, Value<'static>)>> = vec![Vec::new()];
    for _ in 0..MOST_CHANGED {
        let further = |so_far: &Vec<(usize, Value<'static>)>| {
            let last = so_far.last().and_then(|(last, _)| columns.iter().position(|column| column == last));
            let rest = columns.get(last.map_or(0, |last| last + 1)..).unwrap_or_default();
            let each = rest
                .iter()
                .flat_map(|column| instead(policy, *column).into_iter().map(move |it| (*column, it)));
            each.map(|one| so_far.iter().copied().chain([one]).collect()).collect::<Vec<Vec<_>>>()
        };
        tried = tried.iter().flat_map(further).collect();
        if let Some(found) = tried.iter().find(|instead| gone(instead)) {
            return Some(found.clone());
        }
    }
    None
}

fn score_reasons(sides: &[Known; 2], role: Role) -> (Explanation, Vec<Told>) {
    let explanation = STARTER.scorecard(role).explain(&sides[usize::from(role == Role::Buyer)].values);
    let told = explanation.drivers().map(Told::of_score).collect();
    (explanation, told)
}

fn ruled(policy: &Policy, applied: &Applied, amount: Option<i64>, sides: &[Known; 2]) -> Ruling {
    let limits = |role: Role| {
        let known = &sides[usize::from(role == Role::Buyer)];
        let terms = STARTER.terms(role).of_tier(&known.tier)?;
        let takes = policy.kind().takes(role) != crate::policy::Takes::Never;
        takes.then_some(PartyLimits { terms, exposure: known.exposure, standing: known.standing })
    };
    let limit_reason = |role: Role| told(&format!("LIMIT_{}", role.as_str()));
    let reasons = |role: Role| score_reasons(sides, role).1;
    rule(policy, applied, amount, limits(Role::Merchant), limits(Role::Buyer), &limit_reason, &reasons)
}

/// What came of the drivers of some thousand answers.
#[derive(Debug, Default)]
struct Tally {
    adverse: u32,
    rules: u32,
    /// Another cause stood behind the one that was named, and is named when it is gone.
    another: u32,
    scores: u32,
    sanctions: u32,
}

/// A score reason taken away raises the score by no less than any that is not named would.
fn scores_hold(ruling: &Ruling, sides: &[Known; 2], tally: &mut Tally) {
    for role in Role::ALL {
        let explanation = score_reasons(sides, role).0;
        let card = STARTER.scorecard(role);
        let values = &sides[usize::from(role == Role::Buyer)].values;
        let named: Vec<&str> = ruling
            .reasons
            .iter()
            .filter(|told| told.whence == Whence::Score)
            .filter_map(|told| explanation.reasons.iter().find(|reason| reason.code == told.code))
            .map(|reason| reason.name.as_str())
            .collect();
        // Without a value a characteristic is neutral: the score as if nothing bad were known there. While a gate cuts the
        // score no characteristic is named, so the gates stay out of it.
        let without = |position: usize| {
            let mut values = values.clone();
            values[position] = None;
            card.score(&values).ungated - card.score(&sides[usize::from(role == Role::Buyer)].values).ungated
        };
        let raise = |name: &str| {
            let of = card.characteristics().iter().find(|of| of.indicator == name)?;
            assert_eq!(of.missing, 0, "{name}: a missing value is neutral");
            Some(without(of.position))
        };
        let least = named.iter().filter_map(|name| raise(name)).min();
        let Some(least) = least else { continue };
        tally.scores += 1;
        for of in card.characteristics().iter().filter(|of| !named.contains(&of.indicator.as_str())) {
            let other = without(of.position);
            assert!(other <= least, "{} raises by {other}, named {named:?} by {least}", of.indicator);
        }
    }
}

/// A sanction is no longer asked for when the rule that gave its reason does not hold.
fn sanctions_hold<R: Row>(
    policy: &Policy,
    facts: &R,
    amount: Option<i64>,
    sides: &[Known; 2],
    ruling: &Ruling,
    tally: &mut Tally,
) {
    for held in &policy.apply(facts).held {
        let rule = &policy.tables()[held.table as usize].rules[held.rule as usize];
        if rule.effect.sanction.is_none() {
            continue;
        }
        let code = rule.effect.reason.map(|place| policy.reasons()[place].code.as_str()).unwrap();
        assert!(ruling.sanctions.iter().any(|sanction| sanction.reason == code), "{code}");
        let instead = taken_away(policy, rule, facts).unwrap();
        let again = ruled(policy, &policy.apply(&Imagined { facts, instead: &instead }), amount, sides);
        assert!(
            again.sanctions.iter().all(|sanction| sanction.reason != code),
            "{code} drove nothing: {again:?}"
        );
        tally.sanctions += 1;
    }
}

/// A rule's condition made untrue changes outcome or terms, or shows the cause behind it.
fn rules_hold<R: Row>(
    policy: &Policy,
    facts: &R,
    amount: Option<i64>,
    sides: &[Known; 2],
    ruling: &Ruling,
    tally: &mut Tally,
) {
    let applied = policy.apply(facts);
    for told in ruling.reasons.iter().filter(|told| told.whence == Whence::Policy) {
        let rule_of = |held: &&crate::policy::Held| {
            let rule = &policy.tables()[held.table as usize].rules[held.rule as usize];
            rule.effect.reason.is_some_and(|place| policy.reasons()[place].code == told.code)
        };
        let mut instead = Vec::new();
        for held in applied.held.iter().filter(rule_of) {
            let rule = &policy.tables()[held.table as usize].rules[held.rule as usize];
            let Some(found) = taken_away(policy, rule, facts) else {
                panic!("{}: nothing takes the rule '{}' away", policy.name(), rule.name);
            };
            instead.extend(found);
        }
        assert!(!instead.is_empty(), "{}: {} is told and no rule gave it", policy.name(), told.code);
        let again = policy.apply(&Imagined { facts, instead: &instead });
        let amount_then = instead.iter().find(|(column, _)| policy.fields().name(*column) == "amount");
        let amount = match amount_then {
            Some((_, Value::Integer(minor))) => Some(*minor),
            _ => amount,
        };
        let ruled = ruled(policy, &again, amount, sides);
        tally.rules += 1;
        let changed = ruled.outcome < ruling.outcome
            || ruled.terms != ruling.terms
            || ruled.held != ruling.held
            || ruled.step_up != ruling.step_up;
        if !changed {
            tally.another += 1;
            let behind =
                ruled.reasons.iter().any(|other| other.code != told.code && other.whence != Whence::Score);
            assert!(behind, "{}: {} drove nothing: {ruled:?}", policy.name(), told.code);
        }
    }
}

#[test]
fn what_is_named_drives_the_answer_of_every_starter_policy() {
    let mut tally = Tally::default();
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let parties = (known(Role::Merchant), known(Role::Buyer));
    for policy in STARTER.policies() {
        let amounts = prop_oneof![Just(5_000_i64), 0_i64..1_000_000];
        let asked = (&parties.0, &parties.1, amounts);
        for _ in 0..800 {
            let tree = asked.new_tree(&mut runner).unwrap();
            let (merchant, buyer, amount) = tree.current();
            let sides = [merchant, buyer];
            let side = |role: Role| {
                let known = &sides[usize::from(role == Role::Buyer)];
                (policy.kind().takes(role) != crate::policy::Takes::Never).then(|| Side {
                    scored: &known.scored,
                    values: &known.values,
                    tier: &known.tier,
                    known: true,
                    exposure: known.exposure,
                    payment_limit: 50_000,
                    sanction_limit: known.standing.limit,
                    suspended: known.standing.suspended,
                    terminated: known.standing.terminated,
                })
            };
            let amount = (policy.kind().amount() != crate::policy::Takes::Never).then_some(amount);
            let mut request = payment(0, vec![None; policy.fields().attributes()]);
            (request.kind, request.reporting) = (policy.kind(), amount);
            let facts = Facts {
                fields: policy.fields(),
                request: &request,
                merchant: side(Role::Merchant),
                buyer: side(Role::Buyer),
                pair_exposure: 0,
            };
            let ruling = ruled(policy, &policy.apply(&facts), amount, &sides);
            sanctions_hold(policy, &facts, amount, &sides, &ruling, &mut tally);
            if ruling.outcome == Outcome::Approve {
                assert!(ruling.reasons.is_empty());
                continue;
            }
            assert!(!ruling.reasons.is_empty(), "{}: {ruling:?}", policy.name());
            tally.adverse += 1;
            scores_hold(&ruling, &sides, &mut tally);
            rules_hold(policy, &facts, amount, &sides, &ruling, &mut tally);
        }
    }
    assert!(tally.adverse > 1_000 && tally.rules > 1_000 && tally.scores > 300, "{tally:?}");
    assert!(tally.sanctions > 0 && tally.another * 2 < tally.rules, "{tally:?}");
}

/// Points alone change nothing while a gate cuts the score: then the gate is the driver and the rest is not told.
#[test]
fn while_a_gate_cuts_the_score_only_gates_drive_it() {
    let mut values = vec![None; STARTER.plan.names(Role::Merchant).len()];
    let set = |values: &mut Vec<Option<f64>>, name: &str, value: f64| {
        let place = STARTER.plan.names(Role::Merchant).iter().position(|known| known == name).unwrap();
        values[place] = Some(value);
    };
    set(&mut values, "late_shipment_index", 3.0);
    let card = STARTER.scorecard(Role::Merchant);
    let free = card.explain(&values);
    let codes: Vec<&str> = free.drivers().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["M01"], "{:?}", free.gates);
    set(&mut values, "fraud_findings_open", 1.0);
    let held = card.explain(&values);
    let codes: Vec<&str> = held.drivers().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["MG1"], "{:?}", held.gates);
    assert!(held.reasons.len() > 1, "an explanation still says what else costs points");
}

#[test]
fn every_reason_of_the_starter_is_told_in_both_languages() {
    for role in Role::ALL {
        let card = STARTER.scorecard(role);
        let reasons = card.characteristics().iter().map(|of| &of.reason);
        for reason in reasons.chain(card.gates().iter().map(|gate| &gate.reason)) {
            for (english, chinese) in [(&reason.text, &reason.text_zh), (&reason.advice, &reason.advice_zh)] {
                assert!(english.is_ascii() && !chinese.is_ascii(), "{}", reason.code);
            }
        }
    }
}
