//! What flows between the nodes: a block of rows, each with so many numbers or texts.

use super::graph::Kind;
use crate::Error;

/// The most numbers of one row in all values of a graph together: a block then takes 200 MB at most.
pub(super) const MOST_WIDTH: usize = 100_000;

/// Numbers of a block of rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers {
    pub(super) kind: Kind,
    /// Numbers of a row.
    pub(super) width: usize,
    /// Row by row.
    pub(super) data: Vec<f64>,
    /// Log-odds of the last number of each row, where it is a probability made from them: finer than the probability tells.
    pub(super) log_odds: Option<Vec<f64>>,
}

/// A block of rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Numbers(Numbers),
    Texts { width: usize, data: Vec<String> },
}

impl Numbers {
    /// Numbers that are rounded as their kind says.
    pub(super) fn new(kind: Kind, width: usize, mut data: Vec<f64>) -> Self {
        match kind {
            // As the reference runtime holds them.
            Kind::Float => data.iter_mut().for_each(|number| *number = f64::from(*number as f32)),
            Kind::Integer => data.iter_mut().for_each(|number| *number = number.trunc()),
            Kind::Double | Kind::Text => {}
        }
        Numbers { kind, width, data, log_odds: None }
    }

    /// The rows, one after the other.
    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.data.chunks_exact(self.width.max(1))
    }

    /// One number from each number.
    pub(super) fn map(&self, change: impl Fn(f64) -> f64) -> Numbers {
        Numbers::new(self.kind, self.width, self.data.iter().map(|number| change(*number)).collect())
    }

    /// A row from each row.
    pub(super) fn by_row(&self, width: usize, change: impl Fn(&[f64], &mut Vec<f64>)) -> Numbers {
        let mut data = Vec::with_capacity(self.data.len() / self.width.max(1) * width);
        self.rows().for_each(|row| change(row, &mut data));
        Numbers::new(self.kind, width, data)
    }
}

impl Value {
    pub(super) fn width(&self) -> usize {
        match self {
            Value::Numbers(numbers) => numbers.width,
            Value::Texts { width, .. } => *width,
        }
    }

    pub(super) fn numbers(&self) -> Result<&Numbers, Error> {
        match self {
            Value::Numbers(numbers) => Ok(numbers),
            Value::Texts { .. } => Err(Error::Onnx("texts stand where numbers are expected".to_owned())),
        }
    }

    /// Some columns, in the order given.
    pub(super) fn columns(&self, wanted: &[usize]) -> Value {
        let width = self.width().max(1);
        match self {
            Value::Numbers(numbers) => {
                let pick =
                    |row: &[f64], to: &mut Vec<f64>| to.extend(wanted.iter().map(|column| row[*column]));
                Value::Numbers(numbers.by_row(wanted.len(), pick))
            }
            Value::Texts { data, .. } => {
                let pick =
                    |row: &[String]| wanted.iter().map(|column| row[*column].clone()).collect::<Vec<_>>();
                Value::Texts { width: wanted.len(), data: data.chunks_exact(width).flat_map(pick).collect() }
            }
        }
    }
}

/// Side by side.
pub(super) fn beside(parts: &[&Value]) -> Result<Value, Error> {
    let width = parts.iter().map(|part| part.width()).sum();
    if width > MOST_WIDTH {
        return Err(Error::Onnx(format!("a row of {width} numbers is too wide; at most {MOST_WIDTH}")));
    }
    if let [Value::Texts { .. }, ..] = parts {
        let mut columns = Vec::new();
        for part in parts {
            let Value::Texts { width, data } = part else {
                return Err(Error::Onnx("texts and numbers cannot stand side by side".to_owned()));
            };
            columns.push(data.chunks_exact((*width).max(1)));
        }
        let mut data = Vec::new();
        while let Some(rows) = columns.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>() {
            data.extend(rows.into_iter().flatten().cloned());
        }
        return Ok(Value::Texts { width, data });
    }
    let parts = parts.iter().map(|part| part.numbers()).collect::<Result<Vec<_>, _>>()?;
    let mut rows: Vec<_> = parts.iter().filter(|part| part.width > 0).map(|part| part.rows()).collect();
    let mut data = Vec::new();
    if rows.is_empty() {
        return Err(Error::Onnx("nothing stands side by side".to_owned()));
    }
    while let Some(row) = rows.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>() {
        data.extend(row.into_iter().flatten());
    }
    let kind = parts.first().map_or(Kind::Float, |part| part.kind);
    Ok(Value::Numbers(Numbers::new(kind, width, data)))
}
