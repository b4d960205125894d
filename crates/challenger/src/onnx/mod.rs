//! Models that other programs fitted, from ONNX files: trees, linear models and small nets, with the scaling, imputing and
//! one-hot columns before them, as LightGBM, XGBoost and scikit-learn export them.
//!
//! This is a reader of our own, not a runtime: it knows the operators that such models are made of ([`Onnx::read`] names any
//! other) and computes as the reference runtime does, to about the last digit of its 32-bit numbers. A file is only data:
//! it cannot make the reader loop, and what it can make it hold is bounded.

mod wire;
mod graph;
mod forest;
mod value;
mod operator;

use crate::input::{Encoding, Input};
use crate::{Error, Model};
use graph::{Graph, Kind, Port};
use operator::Operator;
use probity_scorecard::Table;
use probity_scorecard::table::{Value as Cell, Values};
use std::collections::{HashMap, HashSet};
use value::{MOST_WIDTH, Numbers, Value};

/// Rows that are scored at a time.
const BLOCK: usize = 256;

/// The nearest to 0 and 1 that a probability of 32 bits can be told from them: log-odds of ±16.6.
const FINEST: f64 = 1.0 / (1_u64 << 24) as f64;

/// How a file is to be understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The table's columns behind an input that takes several, in its order: an ONNX file does not name them. Not needed
    /// where each input takes one column and is named like it.
    pub columns: Vec<String>,
    /// The output to take; none: the first that is neither a label nor a text.
    pub output: Option<String>,
    /// The output is log-odds of bad, not a probability.
    pub log_odds: bool,
    /// The first of the two classes is the bad one, not the second.
    pub first_is_bad: bool,
}

/// A model from an ONNX file.
pub struct Onnx {
    inputs: Vec<Source>,
    constants: HashMap<String, Value>,
    steps: Vec<Step>,
    output: String,
    reading: Reading,
}

/// An input and the columns of the table that fill it.
struct Source {
    name: String,
    kind: Kind,
    columns: Vec<String>,
}

struct Step {
    operator: Operator,
    inputs: Vec<String>,
    output: String,
}

impl Onnx {
    /// Reads a file and tries it on one row.
    ///
    /// # Errors
    /// When it is damaged or no ONNX file, has an operator that is not understood, takes several columns that are not named, or
    /// gives no probability of two classes (or log-odds, where that was said).
    pub fn read(bytes: &[u8], reading: &Reading) -> Result<Self, Error> {
        let graph = graph::read(bytes)?;
        let output = output(&graph, reading)?;
        let steps = steps(&graph, &output)?;
        let used = |name: &str| steps.iter().any(|step| step.inputs.iter().any(|input| input == name));
        let inputs = sources(graph.inputs.iter().filter(|port| used(&port.name)), reading)?;
        let mut constants = HashMap::new();
        for (name, tensor) in graph.constants.iter().filter(|(name, _)| used(name)) {
            if tensor.numbers.len() <= MOST_WIDTH {
                let kind = Kind::of(tensor.kind)?;
                let numbers = Numbers::new(kind, tensor.numbers.len(), tensor.numbers.clone());
                constants.insert(name.clone(), Value::Numbers(numbers));
            }
        }
        let onnx = Onnx { inputs, constants, steps, output, reading: reading.clone() };
        let tried = onnx.inputs.iter().map(|source| {
            let width = source.columns.len();
            let value = match source.kind {
                Kind::Text => Value::Texts { width, data: vec![String::new(); width] },
                kind => Value::Numbers(Numbers::new(kind, width, vec![0.5; width])),
            };
            (source.name.clone(), value)
        });
        onnx.run(tried.collect(), 1)?;
        Ok(onnx)
    }

    /// The columns of a table that it reads, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        for column in self.inputs.iter().flat_map(|source| &source.columns) {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
        columns
    }

    /// The log-odds of bad for every row of a table, in its order. Where the file gives only a probability and that is 0 or 1
    /// to the last digit of 32 bits, the log-odds are those of the last digit: −16.6 or 16.6.
    ///
    /// # Errors
    /// When a column is not there or holds texts where numbers are expected, or what comes out for some row is no probability.
    pub fn score(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let mut log_odds = Vec::with_capacity(table.rows());
        for begin in (0..table.rows()).step_by(BLOCK) {
            let rows = BLOCK.min(table.rows() - begin);
            let block =
                self.inputs.iter().map(|source| Ok((source.name.clone(), source.block(table, begin, rows)?)));
            log_odds.extend(self.run(block.collect::<Result<_, Error>>()?, rows)?);
        }
        Ok(log_odds)
    }

    /// The file's trees as a model of this crate, which can explain itself and be saved, where the file is nothing but trees on
    /// columns of numbers whose sum is the log-odds. A file tells no covers, so Shapley values compare a row with the rows
    /// of the table given here: best those of the fit.
    ///
    /// # Errors
    /// When the file is more than that, or as [`Onnx::score`].
    pub fn trees(&self, target: &str, rows: &Table) -> Result<Model, Error> {
        let other =
            || Error::Onnx("it is not only trees on columns of numbers whose sum is the log-odds".to_owned());
        let ([source], Some(Step { operator: Operator::Trees { forest, finish }, inputs, .. })) =
            (self.inputs.as_slice(), self.steps.first())
        else {
            return Err(other());
        };
        let ([sum], true, true) = (
            forest.sums.as_slice(),
            *finish != operator::Finish::Scores,
            inputs.first() == Some(&source.name),
        ) else {
            return Err(other());
        };
        let sum = if self.reading.first_is_bad { sum.negated() } else { sum.clone() };
        let encoding = if source.kind == Kind::Float { Encoding::Single } else { Encoding::Number };
        let input = |column: &String| Input { column: column.clone(), encoding: encoding.clone() };
        let inputs: Vec<Input> = source.columns.iter().map(input).collect();
        let columns = inputs.iter().map(|input| input.numbers(rows)).collect::<Result<Vec<_>, _>>()?;
        let row_of = |row: usize| columns.iter().map(|column| column[row]).collect::<Vec<f64>>();
        let covering: Vec<Vec<f64>> = (0..rows.rows()).map(row_of).collect();
        let ensemble = sum.with_covers_of(covering.iter().map(Vec::as_slice));
        let provenance = vec![("method".to_owned(), "trees from an ONNX file".to_owned())];
        let model = Model::try_new(target.to_owned(), inputs, ensemble, provenance)?;
        // What comes after the trees may change their sum.
        let same = |(one, other): (f64, f64)| (one - other).abs() <= 1e-5 * (1.0 + one.abs());
        if model.score(rows)?.into_iter().zip(self.score(rows)?).all(same) { Ok(model) } else { Err(other()) }
    }

    /// The log-odds of a block.
    fn run(&self, mut values: HashMap<String, Value>, rows: usize) -> Result<Vec<f64>, Error> {
        let mut width = 0;
        for step in &self.steps {
            let repeated: Vec<Option<Value>> =
                step.inputs.iter().map(|name| self.constant(name, rows)).collect();
            let given = step.inputs.iter().zip(&repeated);
            let given = given.filter_map(|(name, constant)| values.get(name).or(constant.as_ref()));
            let value = step.operator.run(&given.collect::<Vec<_>>())?;
            width += value.width();
            if width > MOST_WIDTH {
                return Err(Error::Onnx(format!("a row makes more than {MOST_WIDTH} numbers on its way")));
            }
            values.insert(step.output.clone(), value);
        }
        let found = values.get(&self.output);
        let found =
            found.ok_or_else(|| Error::Onnx(format!("nothing makes the output {:?}", self.output)))?;
        self.finish(found.numbers()?, rows)
    }

    /// A constant for arithmetic: the same for each row. Others are read by their operators.
    fn constant(&self, name: &str, rows: usize) -> Option<Value> {
        let Value::Numbers(numbers) = self.constants.get(name)? else { return None };
        Some(Value::Numbers(Numbers::new(numbers.kind, numbers.width, numbers.data.repeat(rows))))
    }

    fn finish(&self, found: &Numbers, rows: usize) -> Result<Vec<f64>, Error> {
        let name = &self.output;
        if found.width == 0 || found.width > 2 || found.data.len() != rows * found.width {
            let width = found.width;
            return Err(Error::Onnx(format!(
                "the output {name:?} has {width} numbers for a row; one or two are needed"
            )));
        }
        let sign = if self.reading.first_is_bad { -1.0 } else { 1.0 };
        let last: Vec<f64> = found.rows().map(|row| row[row.len() - 1]).collect();
        if last.iter().any(|number| number.is_nan()) {
            return Err(Error::Onnx(format!(
                "the output {name:?} is no number for some row; most likely the model does not take missing values"
            )));
        }
        match &found.log_odds {
            Some(log_odds) => return Ok(log_odds.iter().map(|log_odds| sign * log_odds).collect()),
            None if self.reading.log_odds => {
                return Ok(last.into_iter().map(|log_odds| sign * log_odds).collect());
            }
            None => {}
        }
        let log_odds = |chance: f64| {
            if !(0.0..=1.0).contains(&chance) {
                return Err(Error::Onnx(format!(
                    "the output {name:?} is {chance}, which is no probability; if it is log-odds, say so"
                )));
            }
            let chance = chance.clamp(FINEST, 1.0 - FINEST);
            Ok(sign * libm::log(chance / (1.0 - chance)))
        };
        last.into_iter().map(log_odds).collect()
    }
}

impl Source {
    /// Some rows of a table.
    fn block(&self, table: &Table, begin: usize, rows: usize) -> Result<Value, Error> {
        let columns = self.columns.iter().map(|name| table.column(name)).collect::<Result<Vec<_>, _>>()?;
        let width = columns.len();
        if self.kind == Kind::Text {
            let text = |cell: Cell<'_>| match cell {
                Cell::Category(text) => text.to_owned(),
                Cell::Number(number) => number.to_string(),
                // What scikit-learn's encoders take for none.
                Cell::Missing => String::new(),
            };
            let row = |row: usize| columns.iter().map(move |column| text(column.value(row)));
            return Ok(Value::Texts { width, data: (begin..begin + rows).flat_map(row).collect() });
        }
        let mut data = vec![0.0; rows * width];
        for (place, column) in columns.iter().enumerate() {
            let Values::Numbers(numbers) = &column.values else {
                return Err(Error::Onnx(format!(
                    "column {:?} holds texts; numbers are expected",
                    column.name
                )));
            };
            for (row, number) in numbers[begin..begin + rows].iter().enumerate() {
                data[row * width + place] = *number;
            }
        }
        Ok(Value::Numbers(Numbers::new(self.kind, width, data)))
    }
}

/// The name of the output to take.
fn output(graph: &Graph, reading: &Reading) -> Result<String, Error> {
    let names = || graph.outputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = match &reading.output {
        Some(name) => graph.outputs.iter().find(|port| port.name == *name),
        None => graph.outputs.iter().find(|port| !matches!(port.kind, Some(Kind::Integer | Kind::Text))),
    };
    found.map(|port| port.name.clone()).ok_or_else(|| match &reading.output {
        Some(name) => Error::Onnx(format!("there is no output {name:?}; the outputs are {}", names())),
        None => Error::Onnx(format!("no output holds probabilities; the outputs are {}", names())),
    })
}

/// The nodes that the output hangs on, in an order in which each comes after those that it takes from.
fn steps(graph: &Graph, output: &str) -> Result<Vec<Step>, Error> {
    let mut maker: HashMap<&str, usize> = HashMap::new();
    for (place, node) in graph.nodes.iter().enumerate() {
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            if maker.insert(name, place).is_some() {
                return Err(Error::Onnx(format!("two nodes make {name:?}")));
            }
        }
    }
    // A node must come after those it takes from, as the format demands; so one pass from the back finds what is needed.
    let mut needed = vec![false; graph.nodes.len()];
    if let Some(place) = maker.get(output) {
        needed[*place] = true;
    }
    for place in (0..graph.nodes.len()).rev() {
        if !needed[place] {
            continue;
        }
        for input in &graph.nodes[place].inputs {
            match maker.get(input.as_str()) {
                Some(before) if *before >= place => {
                    return Err(graph.nodes[place].refused(format!("{input:?} is made after it is taken")));
                }
                Some(before) => needed[*before] = true,
                None => {}
            }
        }
    }
    let used = || graph.nodes.iter().zip(&needed).filter(|(_, needed)| **needed).map(|(node, _)| node);
    let taken: HashSet<&str> = used().flat_map(|node| node.inputs.iter().map(String::as_str)).collect();
    let wanted = |name: &str| name == output || taken.contains(name);
    let mut steps = Vec::new();
    for node in used() {
        // Of a classifier's two outputs the second holds the probabilities.
        let made = if node.operator.ends_with("Classifier") { 1 } else { 0 };
        let other = node.outputs.iter().enumerate().find(|(place, name)| *place != made && wanted(name));
        let Some(output) = node.outputs.get(made).filter(|_| other.is_none()) else {
            return Err(
                node.refused("what comes out hangs on its label or on an output that is not understood")
            );
        };
        let operator = Operator::of(node, &graph.constants)?;
        steps.push(Step { operator, inputs: node.inputs.clone(), output: output.clone() });
    }
    Ok(steps)
}

/// The inputs with the columns that fill them.
fn sources<'a>(ports: impl Iterator<Item = &'a Port>, reading: &Reading) -> Result<Vec<Source>, Error> {
    let ports: Vec<&Port> = ports.collect();
    let mut sources = Vec::new();
    for port in &ports {
        let kind = port.kind.ok_or_else(|| Error::Onnx(format!("the input {:?} is no tensor", port.name)))?;
        let columns = match (port.width, ports.len()) {
            (1, 2..) => vec![port.name.clone()],
            (1, 1) if reading.columns.is_empty() => vec![port.name.clone()],
            (_, 1) if !reading.columns.is_empty() => reading.columns.clone(),
            _ => {
                return Err(Error::Onnx(format!(
                    "the input {:?} takes {} columns that the file does not name; name them in their order",
                    port.name, port.width
                )));
            }
        };
        if port.width != 0 && port.width != columns.len() {
            let (takes, given) = (port.width, columns.len());
            return Err(Error::Onnx(format!(
                "the input {:?} takes {takes} columns; {given} are named",
                port.name
            )));
        }
        sources.push(Source { name: port.name.clone(), kind, columns });
    }
    Ok(sources)
}
