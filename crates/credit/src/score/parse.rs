//! From the text of a scorecard file to a [`Scorecard`], or to everything that is wrong with it.

use super::definition::{
    Attribute, Characteristic, Dimension, Gate, HIGHEST_SCORE, History, MOST_ATTRIBUTES,
    MOST_CHARACTERISTICS, MOST_DIMENSIONS, MOST_GATES, MOST_POINTS, MOST_SPECIALS, Reason, Scorecard,
    Special,
};
use super::findings::Findings;
use super::fitted::{check_training, checked};
use super::scale::Scale;
use super::shape::{
    CharacteristicShape, DimensionShape, FileShape, GateShape, HistoryShape, ReasonShape, ScaleShape,
    SpecialShape, training,
};
use probity_expression::{Columns, Expression, Type};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Digest, Problem};
use std::collections::{HashMap, HashSet};
use toml::Spanned;

/// The code of every refused scorecard file.
pub const SCORECARD_INVALID: Code = Code::new("scorecard-invalid");

/// The longest name for people, in bytes.
const LONGEST_TITLE: usize = 200;
/// The longest reason or advice, in bytes.
const LONGEST_REASON: usize = 500;
/// The longest account of why the scorecard is as it is, in bytes.
const LONGEST_REASONING: usize = 50_000;

impl Scorecard {
    /// Reads and checks a scorecard. `file` names it in problems; `indicators` are the names of the role's indicators in
    /// the order in which their values will be given to [`Scorecard::score`].
    ///
    /// # Errors
    /// `scorecard-invalid` for everything that is wrong, each with `file:line:column`. When the text is not TOML, only that.
    pub fn parse(file: &str, text: &str, indicators: &[String]) -> Result<Self, Vec<Problem>> {
        let mut check = Check {
            findings: Findings::new(file, text, SCORECARD_INVALID),
            indicators: indicators.iter().enumerate().map(|(n, name)| (name.as_str(), n)).collect(),
            codes: HashSet::new(),
            chinese: false,
            without_chinese: Vec::new(),
        };
        let made = check.file(text);
        check.languages();
        check.findings.end(made)
    }
}

/// The check of one file: what is known from outside, what was seen so far.
struct Check<'a> {
    findings: Findings<'a>,
    indicators: HashMap<&'a str, usize>,
    codes: HashSet<String>,
    /// Some reason has Chinese, so all must.
    chinese: bool,
    without_chinese: Vec<Spanned<String>>,
}

/// The indicators of the role as columns of a gate's condition: numbers, null when missing.
impl Columns for Check<'_> {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        self.indicators.get(name).map(|position| (*position, Type::Double))
    }

    fn names(&self) -> Vec<String> {
        self.indicators.keys().map(|name| (*name).to_owned()).collect()
    }
}

impl<'a> Check<'a> {
    fn file(&mut self, text: &'a str) -> Option<Scorecard> {
        let mut tables = self.findings.tables()?;
        let dimensions = self.findings.items::<DimensionShape>(&mut tables, "dimension", MOST_DIMENSIONS);
        let characteristics =
            self.findings.items::<CharacteristicShape>(&mut tables, "characteristic", MOST_CHARACTERISTICS);
        let gates = self.findings.items::<GateShape>(&mut tables, "gate", MOST_GATES);
        let readable = self.findings.count() == 0;
        let head = self.findings.rest::<FileShape>(tables);

        let dimensions = self.dimensions(dimensions);
        let fitted = head.as_ref().map(|head| head.scorecard.fitted.is_some());
        let places: Vec<_> = characteristics.iter().map(Spanned::span).collect();
        let characteristics = self.characteristics(characteristics, &dimensions, readable);
        for (characteristic, place) in characteristics.iter().zip(places) {
            if let Some(fitted) = fitted {
                check_training(&mut self.findings, place, fitted, &characteristic.training());
            }
        }
        let head = head?.scorecard;
        let fitted = checked(&mut self.findings, head.fitted);
        let scale = self.scale(&head.scale);
        // Ends that are refused themselves say nothing about what should lie between them.
        let known = scale.floor < scale.ceiling;
        let ends = if known { (scale.floor, scale.ceiling) } else { (0, HIGHEST_SCORE) };
        let gates = gates.iter().filter_map(|gate| self.gate(gate.get_ref(), ends)).collect::<Vec<_>>();
        self.unique("gate", gates.iter().map(|(name, _)| name));
        self.findings.name(&head.name);
        self.findings.text(&head.title, LONGEST_TITLE);
        self.findings.text(&head.reasoning, LONGEST_REASONING);
        if readable && characteristics.is_empty() {
            self.findings.refuse_with(
                0..0,
                "the scorecard has no characteristic",
                "write [[characteristic]]",
            );
        }
        Some(Scorecard {
            of: self.role(&head.of),
            base_points: self.findings.integer("base_points", &head.base_points, ends),
            history: self.history(&head.history),
            name: head.name.into_inner(),
            title: head.title.into_inner(),
            reasoning: head.reasoning.into_inner(),
            scale,
            fitted,
            dimensions,
            characteristics,
            gates: gates.into_iter().map(|(_, gate)| gate).collect(),
            hash: Digest::of(&[text.as_bytes()]),
        })
    }

    fn role(&mut self, of: &Spanned<String>) -> &'static str {
        match of.get_ref().as_str() {
            "merchant" => "merchant",
            "buyer" => "buyer",
            other => {
                let detail = format!("'{}' is neither merchant nor buyer", shown(other));
                self.findings.refuse(of.span(), detail);
                ""
            }
        }
    }

    fn scale(&mut self, shape: &ScaleShape) -> Scale {
        let check = &mut self.findings;
        let floor = check.integer("floor", &shape.floor, (0, HIGHEST_SCORE));
        let ceiling = check.integer("ceiling", &shape.ceiling, (0, HIGHEST_SCORE));
        if floor >= ceiling {
            let detail = format!("the floor {floor} is not below the ceiling {ceiling}");
            check.refuse(shape.floor.span(), detail);
        }
        check.number("odds", &shape.odds, (0.001, 1e6));
        check.number("points_to_double", &shape.points_to_double, (1.0, f64::from(MOST_POINTS)));
        let ends = if floor < ceiling { (floor, ceiling) } else { (0, HIGHEST_SCORE) };
        Scale {
            score: check.integer("score", &shape.score, ends),
            odds: *shape.odds.get_ref(),
            points_to_double: *shape.points_to_double.get_ref(),
            floor,
            ceiling,
        }
    }

    fn history(&mut self, shape: &HistoryShape) -> History {
        let position = self.indicator(&shape.measure);
        let check = &mut self.findings;
        check.number("minimum", &shape.minimum, (0.0, 1e12));
        check.number("half_width", &shape.half_width, (0.0, f64::from(HIGHEST_SCORE)));
        check.number("k", &shape.k, (1e-6, 1e12));
        check.name(&shape.thin_tier);
        History {
            measure: shape.measure.get_ref().clone(),
            position,
            minimum: *shape.minimum.get_ref(),
            thin_tier: shape.thin_tier.get_ref().clone(),
            half_width: *shape.half_width.get_ref(),
            k: *shape.k.get_ref(),
        }
    }

    /// The place of an indicator; 0 stands in for an unknown one, which is a problem.
    fn indicator(&mut self, name: &Spanned<String>) -> usize {
        if let Some(position) = self.indicators.get(name.get_ref().as_str()) {
            return *position;
        }
        let detail = format!("there is no indicator '{}'", shown(name.get_ref()));
        let hint = "indicators are declared under catalogue/indicators, for merchants and buyers apart";
        self.findings.refuse_with(name.span(), detail, hint);
        0
    }

    fn dimensions(&mut self, shapes: Vec<Spanned<DimensionShape>>) -> Vec<Dimension> {
        self.unique("dimension", shapes.iter().map(|shape| &shape.get_ref().name));
        let mut dimensions = Vec::with_capacity(shapes.len());
        for shape in shapes {
            let shape = shape.into_inner();
            self.findings.name(&shape.name);
            self.findings.text(&shape.title, LONGEST_TITLE);
            dimensions.push(Dimension { name: shape.name.into_inner(), title: shape.title.into_inner() });
        }
        dimensions
    }

    /// Refuses every name that was there before.
    fn unique<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n Spanned<String>>) {
        let mut seen = HashSet::new();
        for name in names {
            if !seen.insert(name.get_ref().as_str()) {
                let detail = format!("a second {what} '{}'", shown(name.get_ref()));
                self.findings.refuse(name.span(), detail);
            }
        }
    }

    /// `readable`: every item of the file could be read, so what is not found is truly missing.
    fn characteristics(
        &mut self,
        shapes: Vec<Spanned<CharacteristicShape>>,
        dimensions: &[Dimension],
        readable: bool,
    ) -> Vec<Characteristic> {
        self.unique("characteristic over", shapes.iter().map(|shape| &shape.get_ref().indicator));
        let mut characteristics = Vec::with_capacity(shapes.len());
        for shape in shapes {
            let shape = shape.into_inner();
            let of = dimensions.iter().position(|dimension| dimension.name == *shape.dimension.get_ref());
            if of.is_none() && readable {
                let detail = format!("there is no dimension '{}'", shown(shape.dimension.get_ref()));
                self.findings.refuse_with(shape.dimension.span(), detail, "declare it with [[dimension]]");
            }
            characteristics.push(Characteristic {
                position: self.indicator(&shape.indicator),
                dimension: of.unwrap_or_default(),
                missing: self.points(&shape.missing),
                missing_training: training(shape.missing_share, shape.missing_bad_rate),
                attributes: self.attributes(&shape),
                special: self.special(&shape.special),
                reason: self.reason(shape.reason),
                indicator: shape.indicator.into_inner(),
            });
        }
        characteristics
    }

    fn points(&mut self, points: &Spanned<i64>) -> i32 {
        self.findings.integer("points", points, (-MOST_POINTS, MOST_POINTS))
    }

    fn attributes(&mut self, shape: &CharacteristicShape) -> Vec<Attribute> {
        let shapes = shape.attributes.get_ref();
        let count = shapes.len();
        if !(1..=MOST_ATTRIBUTES).contains(&count) {
            let detail = format!("{count} attributes, not between 1 and {MOST_ATTRIBUTES}");
            self.findings.refuse(shape.attributes.span(), detail);
            return Vec::new();
        }
        let mut attributes = Vec::with_capacity(count);
        let mut lower: Option<&Spanned<f64>> = None;
        for (n, attribute) in shapes.iter().enumerate() {
            let below = attribute.get_ref().below.as_ref();
            match below {
                None if n + 1 < count => {
                    let hint = "only the last attribute has no bound";
                    self.findings.refuse_with(attribute.span(), "an attribute without 'below'", hint);
                }
                Some(bound) if n + 1 == count => {
                    let hint = "end with an attribute that has points only";
                    self.findings.refuse_with(bound.span(), "the last attribute has a bound", hint);
                }
                Some(bound) => self.bound(bound, lower),
                None => {}
            }
            let written = |bound: Option<&Spanned<f64>>| bound.map(|bound| self.findings.written(bound));
            let (text, text_zh) = in_words(written(lower), written(below));
            let points = self.points(&attribute.get_ref().points);
            let training = training(attribute.get_ref().share, attribute.get_ref().bad_rate);
            let below = below.map(|bound| *bound.get_ref());
            attributes.push(Attribute { below, points, text, text_zh, training });
            lower = attribute.get_ref().below.as_ref().or(lower);
        }
        attributes
    }

    fn bound(&mut self, bound: &Spanned<f64>, before: Option<&Spanned<f64>>) {
        let value = *bound.get_ref();
        if !value.is_finite() {
            self.findings.refuse(bound.span(), format!("the bound {value} is not a number"));
        } else if before.is_some_and(|before| value <= *before.get_ref()) {
            let hint = "write the attributes in ascending order";
            self.findings.refuse_with(
                bound.span(),
                format!("the bound {value} is not above the one before"),
                hint,
            );
        }
    }

    fn special(&mut self, shapes: &[Spanned<SpecialShape>]) -> Vec<Special> {
        let mut specials: Vec<Special> = Vec::with_capacity(shapes.len().min(MOST_SPECIALS));
        for (n, shape) in shapes.iter().enumerate() {
            if n == MOST_SPECIALS {
                let detail = format!("{} special values, more than {MOST_SPECIALS}", shapes.len());
                self.findings.refuse(shape.span(), detail);
                break;
            }
            let shape = shape.get_ref();
            let value = *shape.value.get_ref();
            if !value.is_finite() {
                self.findings
                    .refuse(shape.value.span(), format!("the special value {value} is not a number"));
            }
            if specials.iter().any(|special| special.value == value) {
                self.findings.refuse(shape.value.span(), format!("a second special value {value}"));
            }
            self.findings.text(&shape.title, LONGEST_TITLE);
            specials.push(Special {
                value,
                points: self.points(&shape.points),
                title: shape.title.get_ref().clone(),
                training: training(shape.share, shape.bad_rate),
            });
        }
        specials
    }

    fn reason(&mut self, shape: ReasonShape) -> Reason {
        let code = shape.code.get_ref();
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if !(1..=16).contains(&code.len()) || !code.chars().all(allowed) {
            let detail = format!("'{}' is not a reason code", shown(code));
            self.findings.refuse_with(shape.code.span(), detail, "1 to 16 of A-Z 0-9 _ -");
        } else if !self.codes.insert(code.clone()) {
            self.findings.refuse(shape.code.span(), format!("a second reason with the code '{code}'"));
        }
        let chinese = [&shape.text_zh, &shape.advice_zh];
        for text in [&shape.text, &shape.advice].into_iter().chain(chinese.into_iter().flatten()) {
            self.findings.text(text, LONGEST_REASON);
        }
        self.chinese |= chinese.iter().any(|text| text.is_some());
        if chinese.iter().any(|text| text.is_none()) {
            self.without_chinese.push(shape.code.clone());
        }
        let or_none = |text: Option<Spanned<String>>| text.map_or_else(String::new, Spanned::into_inner);
        Reason {
            code: shape.code.into_inner(),
            text: shape.text.into_inner(),
            advice: shape.advice.into_inner(),
            text_zh: or_none(shape.text_zh),
            advice_zh: or_none(shape.advice_zh),
        }
    }

    /// Both languages in every reason, or one in all: nobody is told half of it.
    fn languages(&mut self) {
        for code in std::mem::take(&mut self.without_chinese).into_iter().filter(|_| self.chinese) {
            let detail = format!("the reason '{}' is not in Chinese, as others are", shown(code.get_ref()));
            self.findings.refuse_with(
                code.span(),
                detail,
                "text_zh and advice_zh in every reason, or in none",
            );
        }
    }

    fn gate(&mut self, shape: &GateShape, ends: (i32, i32)) -> Option<(Spanned<String>, Gate)> {
        self.findings.name(&shape.name);
        if shape.cap.is_none() && shape.tier.is_none() {
            let hint = "give it a cap, a tier or both";
            self.findings.refuse_with(shape.name.span(), "the gate holds nothing down", hint);
        }
        if let Some(tier) = &shape.tier {
            self.findings.name(tier);
        }
        let cap = shape.cap.as_ref().map(|cap| self.findings.integer("cap", cap, ends));
        let reason = self.reason(shape.reason.clone());
        let gate = Gate {
            name: shape.name.get_ref().clone(),
            when: shape.when.get_ref().clone(),
            condition: self.condition(&shape.when)?,
            cap,
            tier: shape.tier.as_ref().map(|tier| tier.get_ref().clone()),
            reason,
        };
        Some((shape.name.clone(), gate))
    }

    fn condition(&mut self, when: &Spanned<String>) -> Option<Expression> {
        match Expression::parse(when.get_ref(), self) {
            Ok(condition) if condition.result_type() == Type::Boolean => Some(condition),
            Ok(condition) => {
                let detail = format!("the condition is {}, not BOOLEAN", condition.result_type());
                self.findings.refuse_with(when.span(), detail, "compare it with something");
                None
            }
            Err(refusal) => {
                let offset = byte_offset(when.get_ref(), refusal.line, refusal.column);
                let span = self.findings.inside(when, offset);
                self.findings.note(span, refusal.problem);
                None
            }
        }
    }
}

/// A bin in words, in English and Chinese.
fn in_words(lower: Option<String>, upper: Option<String>) -> (String, String) {
    match (lower, upper) {
        (None, None) => ("any value".into(), "任意值".into()),
        (None, Some(upper)) => (format!("below {upper}"), format!("低于 {upper}")),
        (Some(lower), None) => (format!("{lower} and above"), format!("{lower} 及以上")),
        (Some(lower), Some(upper)) => (format!("{lower} to {upper}"), format!("{lower} 至 {upper}")),
    }
}

/// The byte at a line and column, both from 1, the column in characters.
fn byte_offset(text: &str, line: u32, column: u32) -> usize {
    let (line, column) = (line.saturating_sub(1) as usize, column.saturating_sub(1) as usize);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.chars().take(column).map(char::len_utf8).sum::<usize>()
}
