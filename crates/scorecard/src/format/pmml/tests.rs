//! The document is read by an evaluator that knows nothing but PMML, and gives what the scorecard gives.

use super::super::samples::{Cell, Texts, card, rows, value};
use super::*;
use crate::card::Scored;
use crate::table::Value;
use proptest::prelude::*;
use roxmltree::{Document, Node};
use std::collections::HashMap;

type Row<'a> = HashMap<&'a str, &'a Cell>;

/// What an engine makes of a row: the sum, the reason codes from the greatest shortfall down, and every output of numbers.
struct Evaluated {
    sum: f64,
    reasons: Vec<(f64, String)>,
    outputs: HashMap<String, f64>,
}

fn evaluate(document: &Document<'_>, row: &Row<'_>) -> Evaluated {
    let model = child(document.root_element(), "Scorecard");
    let mut sum = figure(model, "initialScore");
    let mut reasons = Vec::new();
    for characteristic in elements(child(model, "Characteristics")) {
        let attribute = elements(characteristic)
            .find(|attribute| holds(elements(*attribute).next().unwrap(), row) == Some(true))
            .expect("an attribute for every value");
        let partial = figure(attribute, "partialScore");
        sum += partial;
        if let Some(reason) = characteristic.attribute("reasonCode") {
            reasons.push((figure(characteristic, "baselineScore") - partial, reason.to_owned()));
        }
    }
    reasons.sort_by(|first, second| second.0.total_cmp(&first.0));
    let mut outputs = HashMap::new();
    for field in elements(child(model, "Output")) {
        let value = match field.attribute("feature").unwrap() {
            "predictedValue" => sum,
            "transformedValue" => expression(elements(field).next().unwrap(), &outputs),
            _ => continue,
        };
        outputs.insert(field.attribute("name").unwrap().to_owned(), value);
    }
    Evaluated { sum, reasons, outputs }
}

fn elements<'a, 'b>(node: Node<'a, 'b>) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children().filter(Node::is_element)
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Node<'a, 'b> {
    elements(node).find(|child| child.has_tag_name(("http://www.dmg.org/PMML-4_4", name))).unwrap()
}

fn figure(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

/// A predicate in PMML's three-valued logic; None is UNKNOWN.
fn holds(predicate: Node<'_, '_>, row: &Row<'_>) -> Option<bool> {
    match predicate.tag_name().name() {
        "True" => Some(true),
        "CompoundPredicate" => {
            let inner: Vec<Option<bool>> = elements(predicate).map(|inner| holds(inner, row)).collect();
            // `and` is decided by a false one, `or` by a true one.
            let decided = predicate.attribute("booleanOperator").unwrap() == "or";
            match () {
                () if inner.contains(&Some(decided)) => Some(decided),
                () if inner.contains(&None) => None,
                () => Some(!decided),
            }
        }
        "SimplePredicate" => {
            let cell = row.get(predicate.attribute("field").unwrap());
            let operator = predicate.attribute("operator").unwrap();
            if operator == "isMissing" {
                return Some(cell.is_none());
            }
            let wanted = predicate.attribute("value").unwrap();
            match (operator, cell?) {
                ("equal", Cell::Text(text)) => Some(text == wanted),
                ("equal", Cell::Number(number)) => Some(*number == wanted.parse::<f64>().unwrap()),
                ("lessThan", Cell::Number(number)) => Some(*number < wanted.parse::<f64>().unwrap()),
                ("lessOrEqual", Cell::Number(number)) => Some(*number <= wanted.parse::<f64>().unwrap()),
                ("greaterThan", Cell::Number(number)) => Some(*number > wanted.parse::<f64>().unwrap()),
                other => panic!("{other:?}"),
            }
        }
        other => panic!("{other}"),
    }
}

fn expression(node: Node<'_, '_>, fields: &HashMap<String, f64>) -> f64 {
    match node.tag_name().name() {
        "Constant" => node.text().unwrap().parse().unwrap(),
        "FieldRef" => fields[node.attribute("field").unwrap()],
        "NormContinuous" => {
            let x = fields[node.attribute("field").unwrap()];
            let points: Vec<(f64, f64)> =
                elements(node).map(|point| (figure(point, "orig"), figure(point, "norm"))).collect();
            assert_eq!(node.attribute("outliers"), Some("asExtremeValues"));
            let (first, last) = (points[0], points[points.len() - 1]);
            let piece = points.windows(2).find(|pair| pair[0].0 <= x && x < pair[1].0);
            piece.map_or(if x < first.0 { first.1 } else { last.1 }, |pair| {
                pair[0].1 + (x - pair[0].0) / (pair[1].0 - pair[0].0) * (pair[1].1 - pair[0].1)
            })
        }
        "Apply" => {
            let inner: Vec<f64> = elements(node).map(|inner| expression(inner, fields)).collect();
            match node.attribute("function").unwrap() {
                "/" => inner[0] / inner[1],
                "+" => inner[0] + inner[1],
                "*" => inner[0] * inner[1],
                "exp" => inner[0].exp(),
                other => panic!("{other}"),
            }
        }
        other => panic!("{other}"),
    }
}

fn check(card: &Scorecard, row: &[Option<Cell>], points: &Document<'_>, log_odds: &Document<'_>) -> Scored {
    let values: Vec<Value<'_>> = row.iter().map(value).collect();
    let wanted = card.score_row(&values);
    let fields = card.inputs().iter().map(String::as_str);
    let given: Row<'_> = fields.zip(row).filter_map(|(name, cell)| Some((name, cell.as_ref()?))).collect();
    let got = evaluate(points, &given);
    assert_eq!(got.sum, f64::from(wanted.score), "{row:?}");
    assert_eq!(got.outputs["score"], got.sum);
    // The shortfalls add up to what the best row would score more.
    let best: i32 = card.parts().characteristics.iter().map(|own| best(&own.attributes)).sum::<i32>()
        + card.parts().pairs.iter().map(|pair| best(&pair.cells)).sum::<i32>();
    let shortfall: f64 = got.reasons.iter().map(|reason| reason.0).sum();
    assert_eq!(shortfall, f64::from(card.parts().base_points + best - wanted.score));
    let got = evaluate(log_odds, &given);
    assert!((got.outputs["log_odds"] - wanted.log_odds).abs() < 1e-12);
    assert!((got.outputs["probability"] - wanted.probability()).abs() < 1e-12, "{wanted:?}");
    wanted
}

fn best(attributes: &[Attribute]) -> i32 {
    attributes.iter().map(|attribute| attribute.points).max().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn an_engine_of_pmml_gives_the_same_scores(card in card(Texts::Tame)) {
        prop_assume!(!card.inputs().is_empty());
        let texts = [Sum::Points, Sum::LogOdds].map(|sum| write(&card, sum).unwrap());
        let [points, log_odds] = texts.each_ref().map(|text| Document::parse(text).unwrap());
        for row in rows(&card) {
            check(&card, &row, &points, &log_odds);
        }
    }
}

#[test]
fn what_pmml_cannot_say_is_refused() {
    let good = super::super::toml::read(
        r#"
        scorecard = { name = "", target = "bad", method = "", intercept = 0, base_points = 0, scale = { score = 600, odds = 30, points_to_double = 50 } }
        [[characteristic]]
        name = "x"
        reason = "too short"
        attributes = [{ values = ["a"], points = 1, log_odds = 0 }, { values = ["b"], other = true, points = -3, log_odds = 0 }]
        missing = { points = 0, log_odds = 0 }
        "#,
    )
    .unwrap();
    fn refuses(good: &Scorecard, change: impl FnOnce(&mut Parts), wanted: &str) {
        let mut parts = good.parts().clone();
        change(&mut parts);
        let error = write(&Scorecard::try_new(parts).unwrap(), Sum::Points).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    refuses(&good, |parts| parts.characteristics.clear(), "at least one characteristic");
    refuses(&good, |parts| parts.characteristics[0].name = "score".to_owned(), "called like a result");
    refuses(&good, |parts| parts.characteristics[0].reason = "a\u{1}".to_owned(), "'\\u{1}'");
    let text = write(&good, Sum::Points).unwrap();
    assert!(text.contains("reasonCode=\"too short\" baselineScore=\"1\""), "{text}");
}
