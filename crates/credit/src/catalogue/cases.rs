//! Case tables: what indicators and policies must come out as, beside their definitions (`*.cases.toml`).
//!
//! They are part of no hash, and say what their author meant: a catalogue whose cases do not hold is not put in force.

use super::Catalogue;
use crate::event::{Arrival, Event, Flat, Mark, Party, Role, standing, stands_at};
use crate::indicator::{PartyState, Platform};
use crate::policy::{Domain, Outcome, Policy};
use crate::source::Source;
use probity_expression::{Columns as _, Faults, Row, Type, Value};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Money, Problem, Timestamp};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The code of a case that does not hold.
pub const CASE_FAILED: Code = Code::new("case-failed");

/// Case tables count in this currency, whatever the catalogue reports in: so they hold wherever it is used.
const RATES: &str =
    "reporting = \"EUR\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2016-01-01\"\nrate = \"0.25\"\n";
/// What is known of later than this, no case asks.
const NOW: &str = "2100-01-01T00:00:00Z";
const ENDING: &str = ".cases.toml";

/// What was met while the cases were gone through.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// Cases that do not hold.
    pub(crate) problems: Vec<Problem>,
    /// Indicators that have a case.
    pub(crate) indicators: BTreeSet<(Role, String)>,
    /// Rules that decide a case: kind of request, table and rule.
    pub(crate) rules: BTreeSet<String>,
}

/// Checks every case of a catalogue's files; the problems of those that do not hold.
pub fn check_cases(catalogue: &Catalogue) -> Vec<Problem> {
    meet_cases(&catalogue.texts).problems
}

pub(crate) fn meet_cases(texts: &BTreeMap<String, String>) -> Met {
    let mut met = Met::default();
    let mut texts = texts.clone();
    texts.insert("rates.toml".into(), RATES.into());
    let catalogue = match Catalogue::load(texts) {
        Ok(catalogue) => catalogue,
        Err(problems) => {
            met.problems = problems;
            return met;
        }
    };
    for (file, text) in catalogue.texts.iter().filter(|(file, _)| file.ends_with(ENDING)) {
        let source = Source { file, text };
        let gone = if file.starts_with("indicators/") {
            of_indicators(&catalogue, &source, &mut met)
        } else if file.starts_with("policies/") {
            of_policy(&catalogue, &source, &mut met)
        } else {
            Ok(())
        };
        met.problems.extend(gone.err());
    }
    met
}

fn failed(file: &str, number: usize, detail: impl std::fmt::Display) -> Problem {
    Problem::new(CASE_FAILED, format!("case {number}: {detail}")).at(file)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    indicator: String,
    party: String,
    events: Vec<String>,
    expect: Vec<Expected>,
    #[serde(default)]
    #[expect(dead_code, reason = "a note for the reader of the table")]
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    as_of: String,
    value: Option<f64>,
}

fn values_at(catalogue: &Catalogue, events: &[Event], party: &Party, at: Timestamp) -> Vec<Option<f64>> {
    let marks: Vec<Mark> =
        events.iter().filter_map(|event| catalogue.marks.read(&catalogue.vocabulary, event)).collect();
    let mut state = PartyState::new(party.role);
    let mut platform = Platform::default();
    let mut faults = Faults::default();
    for event in events {
        let own: Vec<Mark> = marks.iter().filter(|mark| mark.target == event.key()).copied().collect();
        let moments = standing(event.known_at, &own);
        let contributions =
            catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, event, &mut faults);
        for (moment, stands) in &moments {
            let sign = if *stands { 1 } else { -1 };
            if *stands || moments.first().is_some_and(|first| first.1) {
                platform.apply(&catalogue.plan, event, &contributions, *moment, sign);
            }
        }
        if stands_at(&moments, at) && event.party(party.role) == Some(&party.id) {
            state.apply(&catalogue.plan, event, &contributions, event.known_at, 1);
        }
    }
    let priors = platform.priors(&catalogue.plan, at);
    catalogue.plan.values(&state, at, &priors)
}

fn of_indicators(catalogue: &Catalogue, source: &Source<'_>, met: &mut Met) -> Result<(), Problem> {
    let cases: Cases = source.read()?;
    for (number, case) in (1..).zip(&cases.case) {
        match of_indicator(catalogue, case) {
            Ok((role, wrong)) => {
                met.indicators.insert((role, case.indicator.clone()));
                met.problems.extend(wrong.into_iter().map(|detail| failed(source.file, number, detail)));
            }
            Err(detail) => met.problems.push(failed(source.file, number, detail)),
        }
    }
    Ok(())
}

/// The role of the case's party, and what does not hold.
fn of_indicator(catalogue: &Catalogue, case: &Case) -> Result<(Role, Vec<String>), String> {
    let told = |problem: Problem| problem.to_string();
    let party = Party::parse(&case.party).ok_or_else(|| format!("'{}' is no party", shown(&case.party)))?;
    let now = Timestamp::parse(NOW).map_err(told)?;
    let all =
        |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let read = |json: &String| {
        let flat = Flat::from_json(json.as_bytes()).map_err(told)?;
        catalogue.vocabulary.event(flat, "case", Arrival::History, now, &catalogue.rates).map_err(all)
    };
    let events = case.events.iter().map(read).collect::<Result<Vec<Event>, String>>()?;
    let place = catalogue.plan.names(party.role).iter().position(|name| *name == case.indicator);
    let place = place.ok_or_else(|| format!("the indicator '{}' is not defined", shown(&case.indicator)))?;
    let mut wrong = Vec::new();
    for expected in &case.expect {
        let at = Timestamp::parse(&expected.as_of).map_err(told)?;
        let value = values_at(catalogue, &events, &party, at).get(place).copied().flatten();
        let fits = match (value, expected.value) {
            (Some(value), Some(wanted)) => (value - wanted).abs() <= 1e-9 * wanted.abs().max(1.0),
            (value, wanted) => value == wanted,
        };
        if !fits {
            let number = |value: Option<f64>| value.map_or("missing".to_owned(), |value| value.to_string());
            let (value, wanted) = (number(value), number(expected.value));
            wrong.push(format!("{} at {} is {value}, not {wanted}", case.indicator, expected.as_of));
        }
    }
    Ok((party.role, wrong))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyCases {
    case: Vec<PolicyCase>,
}

/// What is given (columns that are not are false, `known` is true, else they are null) and what must come out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyCase {
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

fn given<'a>(catalogue: &Catalogue, policy: &'a Policy, case: &PolicyCase) -> Result<Given<'a>, String> {
    let mut given = Given { policy, values: BTreeMap::new(), money: BTreeMap::new() };
    for (name, value) in &case.given {
        let column = policy.fields().column(name);
        let (column, of) = column.ok_or_else(|| format!("there is no column '{}'", shown(name)))?;
        match (of, value) {
            (Type::Money(_), toml::Value::String(text)) => {
                given.money.insert(column, minor(catalogue, text)?);
            }
            _ => drop(given.values.insert(column, value.clone())),
        }
    }
    if let Some((column, _)) = policy.fields().column("pair_exposure") {
        given.money.entry(column).or_insert(0);
    }
    Ok(given)
}

fn minor(catalogue: &Catalogue, text: &str) -> Result<i64, String> {
    Ok(Money::parse(text, catalogue.rates.reporting).map_err(|problem| problem.to_string())?.minor)
}

/// The cases of the policy whose name the file has.
fn of_policy(catalogue: &Catalogue, source: &Source<'_>, met: &mut Met) -> Result<(), Problem> {
    let cases: PolicyCases = source.read()?;
    let kind = source.file.trim_start_matches("policies/").trim_end_matches(ENDING);
    let Some(policy) = catalogue.policies().find(|policy| policy.kind().as_str() == kind) else {
        return Err(failed(source.file, 1, format!("there is no policy for '{}'", shown(kind))));
    };
    for (number, case) in (1..).zip(&cases.case) {
        match decided(catalogue, policy, case) {
            Ok((rules, wrong)) => {
                met.rules.extend(rules.into_iter().map(|rule| format!("{kind}: {rule}")));
                met.problems.extend(wrong.into_iter().map(|detail| failed(source.file, number, detail)));
            }
            Err(detail) => met.problems.push(failed(source.file, number, detail)),
        }
    }
    Ok(())
}

/// The rules that held, and what came out otherwise than the case says.
fn decided(
    catalogue: &Catalogue,
    policy: &Policy,
    case: &PolicyCase,
) -> Result<(Vec<String>, Vec<String>), String> {
    let applied = policy.apply(&given(catalogue, policy, case)?);
    let name = |held: &crate::policy::Held| {
        let table = policy.tables().get(held.table as usize)?;
        Some(format!("{}.{}", table.name, table.rules.get(held.rule as usize)?.name))
    };
    let rules: Vec<String> = applied.held.iter().filter_map(name).collect();
    let reasons = applied.reasons.iter().filter_map(|at| Some(policy.reasons().get(*at)?.code.clone()));
    let reasons: Vec<String> = reasons.collect();
    let limit = case.limit.as_ref().map(|text| minor(catalogue, text)).transpose()?;
    let mut wrong = Vec::new();
    let mut same = |what: &str, found: String, wanted: String| {
        if found != wanted {
            wrong.push(format!("{what} is {found}, not {wanted}"));
        }
    };
    let outcome = applied.outcome.map_or("none", Outcome::as_str);
    same("rules", format!("{rules:?}"), format!("{:?}", case.rules));
    same("outcome", outcome.to_owned(), case.outcome.clone());
    same("limit", format!("{:?}", applied.limit), format!("{limit:?}"));
    same("reserve", format!("{:?}", applied.reserve), format!("{:?}", case.reserve));
    same("cover", format!("{:?}", applied.cover), format!("{:?}", case.cover));
    same("step_up", format!("{:?}", applied.step_up.first()), format!("{:?}", case.step_up.as_ref()));
    same("opens", format!("{:?}", applied.cases.first()), format!("{:?}", case.opens.as_ref()));
    same("reasons", format!("{reasons:?}"), format!("{:?}", case.reasons));
    same("faults", applied.faults.to_string(), "0".to_owned());
    Ok((rules, wrong))
}
