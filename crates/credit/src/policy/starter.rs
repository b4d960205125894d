//! Every rule of the starter policies has a case that it decides, and every case holds.

use super::*;
use crate::catalogue::Catalogue;
use crate::catalogue::tests::{starter, texts};
use probity_expression::{Columns as _, Row, Type, Value};
use probity_primitives::Money;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// What is given (columns that are not are false, `known` is true, else they are null) and what must come out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    given: BTreeMap<String, toml::Value>,
    rules: Vec<String>,
    outcome: String,
    limit: Option<String>,
    reserve: Option<u32>,
    step_up: Option<String>,
    cover: Option<u32>,
    opens: Option<String>,
    reasons: Vec<String>,
}

/// Values by column.
struct Given<'a> {
    policy: &'a Policy,
    values: BTreeMap<usize, toml::Value>,
    money: BTreeMap<usize, i64>,
}

impl Row for Given<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        let of = self.policy.fields().type_of(column);
        if let Some(minor) = self.money.get(&column) {
            return Value::Integer(*minor);
        }
        match (self.values.get(&column), of) {
            (Some(toml::Value::Boolean(value)), _) => Value::Boolean(*value),
            (Some(toml::Value::Integer(value)), Type::Double) => Value::Double(*value as f64),
            (Some(toml::Value::Integer(value)), _) => Value::Integer(*value),
            (Some(toml::Value::Float(value)), _) => Value::Double(*value),
            (Some(toml::Value::String(value)), _) => Value::Text(value),
            (None, Type::Boolean)
                if *self.policy.fields().domain(column) == Domain::Any { nullable: false } =>
            {
                Value::Boolean(self.policy.fields().name(column).ends_with("_known"))
            }
            _ => Value::Null,
        }
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        None
    }
}

fn given<'a>(catalogue: &Catalogue, policy: &'a Policy, case: &Case) -> Given<'a> {
    let mut given = Given { policy, values: BTreeMap::new(), money: BTreeMap::new() };
    for (name, value) in &case.given {
        let (column, of) =
            policy.fields().column(name).unwrap_or_else(|| panic!("there is no column {name}"));
        match (of, value) {
            (Type::Money(_), toml::Value::String(text)) => {
                let minor = Money::parse(text, catalogue.rates.reporting).unwrap().minor;
                given.money.insert(column, minor);
            }
            _ => drop(given.values.insert(column, value.clone())),
        }
    }
    if let Some((column, _)) = policy.fields().column("pair_exposure") {
        given.money.entry(column).or_insert(0);
    }
    given
}

#[test]
fn every_rule_has_a_case_and_every_case_holds() {
    let (catalogue, texts) = (starter(), texts());
    for policy in catalogue.policies() {
        let kind = policy.kind().as_str();
        let text =
            texts.get(&format!("policies/{kind}.cases.toml")).unwrap_or_else(|| panic!("no cases of {kind}"));
        let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let mut met = BTreeSet::new();
        for (n, case) in file.case.iter().enumerate() {
            let applied = policy.apply(&given(&catalogue, policy, case));
            let rules: Vec<String> = applied
                .held
                .iter()
                .map(|held| {
                    let table = &policy.tables()[held.table as usize];
                    format!("{}.{}", table.name, table.rules[held.rule as usize].name)
                })
                .collect();
            let place = format!("{kind}, case {}", n + 1);
            assert_eq!(rules, case.rules, "{place}");
            assert_eq!(applied.outcome.map(Outcome::as_str), Some(case.outcome.as_str()), "{place}");
            let limit =
                case.limit.as_ref().map(|text| Money::parse(text, catalogue.rates.reporting).unwrap().minor);
            assert_eq!(applied.limit, limit, "{place}");
            assert_eq!(applied.reserve, case.reserve, "{place}");
            assert_eq!(applied.cover, case.cover, "{place}");
            assert_eq!(applied.step_up.first(), case.step_up.as_ref(), "{place}");
            assert_eq!(applied.cases.first(), case.opens.as_ref(), "{place}");
            let reasons: Vec<&str> =
                applied.reasons.iter().map(|at| policy.reasons()[*at].code.as_str()).collect();
            assert_eq!(reasons, case.reasons, "{place}");
            assert_eq!(applied.faults, 0, "{place}");
            met.extend(rules);
        }
        for table in policy.tables() {
            for rule in &table.rules {
                let name = format!("{}.{}", table.name, rule.name);
                assert!(met.contains(&name), "{kind}: no case for {name}");
            }
        }
    }
    assert_eq!(catalogue.policies().count(), RequestKind::ALL.len());
}
