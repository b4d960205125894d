//! The operators: those that exported scorecards, forests and small nets are made of.
//!
//! Meanings are those of the ONNX operator reference (`ai.onnx` up to 18, `ai.onnx.ml` up to 4), and where that is silent
//! what the reference runtime does.

use super::forest::{Forest, forest};
use super::graph::{Kind, Node, Tensor};
use super::value::{MOST_WIDTH, Numbers, Value, beside};
use crate::Error;
use probity_scorecard::scale::probability;
use std::collections::HashMap;

/// What a node does to its inputs; settings are read and checked once.
pub(super) enum Operator {
    Same,
    Cast(Kind),
    Beside,
    Columns(Vec<usize>),
    /// Of a row: only its width is known to stay.
    Reshape(Option<i64>),
    Arithmetic(fn(f64, f64) -> f64),
    Each(fn(f64) -> f64),
    Sigmoid,
    Softmax,
    /// A matrix by columns of so many rows, what is added to its products, and its width.
    Linear {
        weights: Vec<f64>,
        added: Vec<f64>,
        width: usize,
        finish: Finish,
    },
    Scale {
        offset: Vec<f64>,
        scale: Vec<f64>,
    },
    Impute {
        replaced: f64,
        by: Vec<f64>,
    },
    Normalize(Norm),
    OneHot {
        numbers: Vec<f64>,
        texts: Vec<String>,
    },
    Trees {
        forest: Forest,
        finish: Finish,
    },
}

/// What a classifier makes of its sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// Sums as they are: a regressor.
    Plain,
    /// A classifier of two classes whose sums are taken as they are.
    Scores,
    /// A classifier of two classes: the logistic function of each sum.
    Logistic,
    /// A classifier of two classes: both sums on one scale.
    Softmax,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Norm {
    Most,
    Sum,
    Length,
}

impl Operator {
    /// From a node of the file; constants by name.
    pub(super) fn of(node: &Node, constants: &HashMap<String, Tensor>) -> Result<Self, Error> {
        let axis = node.integer("axis", if node.operator == "Gather" { 0 } else { 1 });
        if matches!(node.operator.as_str(), "Concat" | "Gather" | "Softmax" | "Flatten")
            && !matches!(axis, 1 | -1)
        {
            return Err(
                node.refused(format!("it works along axis {axis}; only along the columns is understood"))
            );
        }
        if let Some(simple) = Operator::without_settings(&node.operator) {
            return Ok(simple);
        }
        let constant = |place: usize| node.inputs.get(place).and_then(|name| constants.get(name));
        Ok(match node.operator.as_str() {
            // A map of classes to probabilities holds the same numbers in the same order.
            "Identity" | "ZipMap" | "Flatten" | "FeatureVectorizer" if node.inputs.len() == 1 => {
                Operator::Same
            }
            "Cast" => Operator::Cast(Kind::of(node.integer("to", 1))?),
            "Concat" | "FeatureVectorizer" => Operator::Beside,
            "Gather" | "ArrayFeatureExtractor" => {
                let picked = constant(1).ok_or_else(|| node.refused("its columns are no constant"))?;
                Operator::Columns(picked.numbers.iter().map(|place| *place as usize).collect())
            }
            "Reshape" => {
                Operator::Reshape(constant(1).and_then(|shape| shape.numbers.last()).map(|size| *size as i64))
            }
            "MatMul" | "Gemm" => matrix(node, constant(1), constant(2))?,
            "LinearClassifier" => linear(node, true)?,
            "LinearRegressor" => linear(node, false)?,
            "Scaler" => Operator::Scale {
                offset: node.floats("offset").to_vec(),
                scale: node.floats("scale").to_vec(),
            },
            "Imputer" => imputer(node),
            "Normalizer" => Operator::Normalize(norm(node)?),
            "OneHotEncoder" => {
                if node.integer("zeros", 1) == 0 {
                    return Err(
                        node.refused("it fails for categories that it does not know; export it with zeros=1")
                    );
                }
                let numbers = node.integers("cats_int64s").iter().map(|value| *value as f64).collect();
                Operator::OneHot { numbers, texts: node.texts("cats_strings").to_vec() }
            }
            "TreeEnsembleClassifier" => {
                two_classes(node, "classlabels_int64s")?;
                Operator::Trees { forest: forest(node, "class")?, finish: finish(node)? }
            }
            "TreeEnsembleRegressor" => {
                let forest = forest(node, "target")?;
                match node.text("post_transform") {
                    "" | "NONE" if forest.sums.len() == 1 => {
                        Operator::Trees { forest, finish: Finish::Plain }
                    }
                    _ => return Err(node.refused("only one target as it is summed is understood")),
                }
            }
            _ => {
                return Err(node.refused(
                    "this operator is not understood; trees, linear models and small nets with scaling, imputing and \
                     one-hot columns before them are",
                ));
            }
        })
    }

    /// Those that their name says all about.
    fn without_settings(name: &str) -> Option<Self> {
        Some(match name {
            "Add" => Operator::Arithmetic(|one, other| one + other),
            "Sub" => Operator::Arithmetic(|one, other| one - other),
            "Mul" => Operator::Arithmetic(|one, other| one * other),
            "Div" => Operator::Arithmetic(|one, other| one / other),
            "Relu" => Operator::Each(|number| if number < 0.0 { 0.0 } else { number }),
            "Tanh" => Operator::Each(libm::tanh),
            "Neg" => Operator::Each(|number| -number),
            "Exp" => Operator::Each(libm::exp),
            "Log" => Operator::Each(libm::log),
            "Sigmoid" => Operator::Sigmoid,
            "Softmax" => Operator::Softmax,
            _ => return None,
        })
    }

    /// The value of a block.
    pub(super) fn run(&self, inputs: &[&Value]) -> Result<Value, Error> {
        let first = *inputs.first().ok_or_else(|| Error::Onnx("an operator has no input".to_owned()))?;
        match self {
            Operator::Same => return Ok(first.clone()),
            Operator::Beside => return beside(inputs),
            Operator::Columns(wanted) => {
                let width = first.width();
                return match wanted.iter().find(|column| **column >= width) {
                    Some(column) => Err(Error::Onnx(format!("column {column} is picked of {width}"))),
                    None => Ok(first.columns(wanted)),
                };
            }
            Operator::Reshape(wanted) => {
                let width = first.width();
                return match wanted {
                    Some(size) if *size == width as i64 || (*size == -1 && width == 1) => Ok(first.clone()),
                    _ => Err(Error::Onnx(format!("rows of {width} numbers are given another shape"))),
                };
            }
            Operator::OneHot { numbers, texts } => return one_hot(first, numbers, texts),
            Operator::Cast(kind) => return cast(first, *kind),
            _ => {}
        }
        let given = first.numbers()?;
        Ok(Value::Numbers(match self {
            Operator::Arithmetic(apply) => arithmetic(given, inputs, *apply)?,
            Operator::Each(change) => given.map(change),
            Operator::Sigmoid => {
                let mut found = given.map(probability);
                found.log_odds = (given.width == 1).then(|| given.data.clone());
                found
            }
            Operator::Softmax => softmax(given),
            Operator::Linear { weights, added, width, finish } => {
                product(given, weights, added, *width, *finish)?
            }
            Operator::Scale { offset, scale } => {
                let (offset, scale) = (every(offset, given.width, 0.0)?, every(scale, given.width, 1.0)?);
                given.by_row(given.width, |row, to| {
                    to.extend(row.iter().zip(&offset).zip(&scale).map(|((x, o), s)| single(x - o) * s));
                })
            }
            Operator::Impute { replaced, by } => {
                let by = every(by, given.width, 0.0)?;
                let is = |x: f64| x == *replaced || (x.is_nan() && replaced.is_nan());
                given.by_row(given.width, |row, to| {
                    to.extend(row.iter().zip(&by).map(|(x, by)| if is(*x) { *by } else { *x }));
                })
            }
            Operator::Normalize(norm) => normalize(given, *norm),
            Operator::Trees { forest, finish } => trees(given, forest, *finish)?,
            _ => given.clone(),
        }))
    }
}

fn single(number: f64) -> f64 {
    f64::from(number as f32)
}

fn finish(node: &Node) -> Result<Finish, Error> {
    match node.text("post_transform") {
        "" | "NONE" => Ok(Finish::Scores),
        "LOGISTIC" => Ok(Finish::Logistic),
        "SOFTMAX" => Ok(Finish::Softmax),
        other => Err(node.refused(format!("the transform {other:?} is not understood"))),
    }
}

fn two_classes(node: &Node, integers: &str) -> Result<(), Error> {
    let texts = node.texts("classlabels_strings").len();
    match node.integers(integers).len() + texts {
        2 => Ok(()),
        classes => Err(node.refused(format!("it has {classes} classes; two are needed: good and bad"))),
    }
}

fn norm(node: &Node) -> Result<Norm, Error> {
    match node.text("norm") {
        "" | "MAX" => Ok(Norm::Most),
        "L1" => Ok(Norm::Sum),
        "L2" => Ok(Norm::Length),
        other => Err(node.refused(format!("the norm {other:?} is not understood"))),
    }
}

fn imputer(node: &Node) -> Operator {
    Operator::Impute {
        replaced: match node.attribute("replaced_value_int64") {
            Some(_) => node.integer("replaced_value_int64", 0) as f64,
            None => node.attribute("replaced_value_float").map_or(0.0, |value| value.float),
        },
        by: match node.floats("imputed_value_floats") {
            [] => node.integers("imputed_value_int64s").iter().map(|value| *value as f64).collect(),
            floats => floats.to_vec(),
        },
    }
}

fn linear(node: &Node, classifier: bool) -> Result<Operator, Error> {
    let weights = node.floats("coefficients").to_vec();
    let finish = if classifier {
        two_classes(node, "classlabels_ints")?;
        finish(node)?
    } else if matches!(node.text("post_transform"), "" | "NONE") {
        Finish::Plain
    } else {
        return Err(node.refused("only a sum as it is is understood"));
    };
    let intercepts = node.floats("intercepts").to_vec();
    let width = if classifier { intercepts.len().max(1) } else { node.integer("targets", 1).max(1) as usize };
    if width > 2
        || !weights.len().is_multiple_of(width)
        || !(intercepts.is_empty() || intercepts.len() == width)
    {
        return Err(node.refused("its coefficients and intercepts do not fit together"));
    }
    let added = if intercepts.is_empty() { vec![0.0; width] } else { intercepts };
    Ok(Operator::Linear { weights, added, width, finish })
}

fn matrix(node: &Node, by: Option<&Tensor>, added: Option<&Tensor>) -> Result<Operator, Error> {
    let by = by.ok_or_else(|| node.refused("its second input is no constant"))?;
    let [rows, columns] = by.dims[..] else { return Err(node.refused("its second input is no matrix")) };
    let (rows, columns) = (rows.max(0) as usize, columns.max(0) as usize);
    let gemm = node.operator == "Gemm";
    let factor = |name: &str| node.attribute(name).map_or(1.0, |factor| factor.float);
    if rows.checked_mul(columns) != Some(by.numbers.len()) || by.numbers.is_empty() {
        return Err(node.refused("its matrix does not have the size that it says"));
    }
    if gemm && node.integer("transA", 0) != 0 {
        return Err(node.refused("rows and columns cannot change places here"));
    }
    let turned = gemm && node.integer("transB", 0) != 0;
    let (width, inner) = if turned { (rows, columns) } else { (columns, rows) };
    let mut weights = Vec::with_capacity(by.numbers.len());
    for column in 0..width {
        for row in 0..inner {
            let place = if turned { column * inner + row } else { row * width + column };
            weights.push(by.numbers[place] * factor("alpha"));
        }
    }
    let added = added.map_or(vec![], |added| added.numbers.iter().map(|x| x * factor("beta")).collect());
    Ok(Operator::Linear { weights, added: every(&added, width, 0.0)?, width, finish: Finish::Plain })
}

/// A setting for each of so many columns, from one for each, one for all, or none.
fn every(given: &[f64], width: usize, otherwise: f64) -> Result<Vec<f64>, Error> {
    match given {
        [] => Ok(vec![otherwise; width]),
        [one] => Ok(vec![*one; width]),
        all if all.len() == width => Ok(all.to_vec()),
        all => Err(Error::Onnx(format!("{} settings are given for {width} columns", all.len()))),
    }
}

fn cast(given: &Value, kind: Kind) -> Result<Value, Error> {
    if kind == Kind::Text {
        return match given {
            Value::Texts { .. } => Ok(given.clone()),
            Value::Numbers(_) => Err(Error::Onnx("numbers cannot become texts here".to_owned())),
        };
    }
    let given = given.numbers()?;
    let mut cast = Numbers::new(kind, given.width, given.data.clone());
    cast.log_odds.clone_from(&given.log_odds);
    Ok(Value::Numbers(cast))
}

fn arithmetic(given: &Numbers, inputs: &[&Value], apply: fn(f64, f64) -> f64) -> Result<Numbers, Error> {
    let [_, other] = inputs else { return Err(Error::Onnx("two inputs are needed".to_owned())) };
    let other = other.numbers()?;
    let width = given.width.max(other.width);
    if [given.width, other.width].iter().any(|part| *part != width && *part != 1) {
        let (one, other) = (given.width, other.width);
        return Err(Error::Onnx(format!("rows of {one} and of {other} numbers do not fit together")));
    }
    let mut data = Vec::with_capacity(given.data.len().max(other.data.len()));
    for (one, other) in given.rows().zip(other.rows()) {
        let at = |row: &[f64], place: usize| if row.len() == 1 { row[0] } else { row[place] };
        data.extend((0..width).map(|place| apply(at(one, place), at(other, place))));
    }
    let mut found = Numbers::new(given.kind, width, data);
    // Converters multiply probabilities by one.
    if found.data == given.data {
        found.log_odds.clone_from(&given.log_odds);
    }
    Ok(found)
}

fn softmax(given: &Numbers) -> Numbers {
    let mut found = given.by_row(given.width, |row, to| {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = row.iter().map(|x| libm::exp(x - most)).collect();
        let sum: f64 = powers.iter().sum();
        to.extend(powers.into_iter().map(|power| power / sum));
    });
    found.log_odds = (given.width == 2).then(|| given.rows().map(|row| row[1] - row[0]).collect());
    found
}

fn normalize(given: &Numbers, norm: Norm) -> Numbers {
    given.by_row(given.width, |row, to| {
        let size = match norm {
            Norm::Most => row.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Norm::Sum => row.iter().map(|x| x.abs()).sum(),
            Norm::Length => row.iter().map(|x| x * x).sum::<f64>().sqrt(),
        };
        to.extend(row.iter().map(|x| if size == 0.0 { *x } else { x / size }));
    })
}

fn one_hot(given: &Value, numbers: &[f64], texts: &[String]) -> Result<Value, Error> {
    let width = given.width().saturating_mul(numbers.len().max(texts.len()));
    if width > MOST_WIDTH {
        return Err(Error::Onnx(format!("a row of {width} numbers is too wide; at most {MOST_WIDTH}")));
    }
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let data = match given {
        Value::Texts { data, .. } => {
            data.iter().flat_map(|text| texts.iter().map(move |known| flag(known == text))).collect()
        }
        Value::Numbers(given) => given
            .data
            .iter()
            .flat_map(|x| numbers.iter().map(move |known| flag(*known == x.trunc())))
            .collect(),
    };
    Ok(Value::Numbers(Numbers::new(Kind::Float, width, data)))
}

fn product(
    given: &Numbers,
    weights: &[f64],
    added: &[f64],
    width: usize,
    finish: Finish,
) -> Result<Numbers, Error> {
    let inner = weights.len() / width.max(1);
    if inner != given.width || inner == 0 {
        return Err(Error::Onnx(format!("{} numbers meet {inner} coefficients", given.width)));
    }
    let sums = given.by_row(width, |row, to| {
        for (weights, added) in weights.chunks_exact(inner).zip(added) {
            to.push(row.iter().zip(weights).fold(*added, |sum, (x, weight)| sum + x * weight));
        }
    });
    Ok(finished(sums, finish, false))
}

fn trees(given: &Numbers, forest: &Forest, finish: Finish) -> Result<Numbers, Error> {
    if given.width < forest.width {
        return Err(Error::Onnx(format!("trees look at column {} of {}", forest.width, given.width)));
    }
    let mut data = Vec::new();
    let mut row_of = vec![0.0; given.width];
    for row in given.rows() {
        // No threshold of 32 bits lies between the largest float and the largest double, so this keeps infinity in order.
        row_of.iter_mut().zip(row).for_each(|(to, x)| *to = if *x == f64::INFINITY { f64::MAX } else { *x });
        for ensemble in &forest.sums {
            let base = ensemble.base();
            data.push(base + (ensemble.sum(&row_of) - base) / forest.divisor);
        }
    }
    // Sums stay as fine as they are until they are finished.
    let sums = Numbers { kind: Kind::Double, width: forest.sums.len(), data, log_odds: None };
    Ok(finished(sums, finish, forest.positive))
}

/// The two numbers of a classifier, or the sums of a regressor.
fn finished(sums: Numbers, finish: Finish, positive: bool) -> Numbers {
    let both = |row: &[f64]| if let [one, two] = row { (*one, *two) } else { (-row[0], row[0]) };
    let mut found = match finish {
        Finish::Plain => sums.by_row(sums.width, |row, to| to.extend(row)),
        Finish::Scores if sums.width == 1 && positive => {
            sums.by_row(2, |row, to| to.extend([1.0 - row[0], row[0]]))
        }
        Finish::Scores => sums.by_row(2, |row, to| to.extend(<[f64; 2]>::from(both(row)))),
        Finish::Logistic => sums.by_row(2, |row, to| {
            let (good, bad) = both(row);
            to.extend([probability(good), probability(bad)]);
        }),
        Finish::Softmax => {
            let pairs = sums.by_row(2, |row, to| to.extend(<[f64; 2]>::from(both(row))));
            softmax(&pairs)
        }
    };
    if finish == Finish::Logistic {
        found.log_odds = Some(sums.rows().map(|row| both(row).1).collect());
    }
    Numbers { log_odds: found.log_odds, ..Numbers::new(Kind::Float, found.width, found.data) }
}
