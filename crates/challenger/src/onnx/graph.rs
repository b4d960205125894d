//! An ONNX file as it is: inputs, outputs, constants and nodes. What the nodes mean is not known here.
//!
//! Field numbers are those of `onnx.proto3`, release 1.17.

use super::wire::{self, Field, fields};
use crate::Error;
use std::collections::HashMap;

/// The most nodes of a graph. Exported models have a few dozen.
const MOST_NODES: usize = 10_000;

/// What a number is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Double,
    Integer,
    Text,
}

impl Kind {
    /// From the number that ONNX gives to a type of elements.
    pub(super) fn of(number: i64) -> Result<Self, Error> {
        match number {
            1 => Ok(Kind::Float),
            11 => Ok(Kind::Double),
            // Whole numbers of all widths, and booleans.
            2..=7 | 9 | 12 | 13 => Ok(Kind::Integer),
            8 => Ok(Kind::Text),
            other => Err(Error::Onnx(format!("elements of type {other} are not understood"))),
        }
    }
}

/// An input or an output: a table with a row for each row that is scored.
#[derive(Debug, Clone)]
pub(super) struct Port {
    pub(super) name: String,
    /// Nothing for what is no tensor: a sequence of maps.
    pub(super) kind: Option<Kind>,
    /// How many numbers a row has; 0 when the file leaves it open.
    pub(super) width: usize,
}

/// A constant.
#[derive(Debug, Clone, Default)]
pub(super) struct Tensor {
    pub(super) dims: Vec<i64>,
    pub(super) numbers: Vec<f64>,
    pub(super) texts: Vec<String>,
    pub(super) kind: i64,
}

/// A node's setting.
#[derive(Debug, Clone, Default)]
pub(super) struct Attribute {
    pub(super) float: f64,
    pub(super) integer: i64,
    pub(super) text: String,
    pub(super) floats: Vec<f64>,
    pub(super) integers: Vec<i64>,
    pub(super) texts: Vec<String>,
    pub(super) tensor: Option<Tensor>,
}

/// One step of the computation.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) operator: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    attributes: HashMap<String, Attribute>,
}

/// The whole.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    pub(super) constants: HashMap<String, Tensor>,
    pub(super) nodes: Vec<Node>,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.get(name)
    }

    pub(super) fn floats(&self, name: &str) -> &[f64] {
        self.attribute(name).map_or(&[], |attribute| &attribute.floats)
    }

    pub(super) fn integers(&self, name: &str) -> &[i64] {
        self.attribute(name).map_or(&[], |attribute| &attribute.integers)
    }

    pub(super) fn texts(&self, name: &str) -> &[String] {
        self.attribute(name).map_or(&[], |attribute| &attribute.texts)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.attribute(name).map_or("", |attribute| &attribute.text)
    }

    pub(super) fn integer(&self, name: &str, otherwise: i64) -> i64 {
        self.attribute(name).map_or(otherwise, |attribute| attribute.integer)
    }

    /// An error about this node.
    pub(super) fn refused(&self, reason: impl std::fmt::Display) -> Error {
        let output = self.outputs.first().map_or("", String::as_str);
        Error::Onnx(format!("{} (of {output:?}): {reason}", self.operator))
    }
}

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> Result<Graph, Error> {
    let mut graph = None;
    for field in fields(bytes) {
        let (number, value) = field?;
        if number == 7 {
            graph = Some(value.bytes()?);
        }
    }
    graph
        .map_or_else(|| Err(Error::Onnx("the file holds no graph; is it an ONNX file?".to_owned())), graph_of)
}

fn graph_of(bytes: &[u8]) -> Result<Graph, Error> {
    let mut graph = Graph::default();
    for field in fields(bytes) {
        let (number, value) = field?;
        match number {
            1 => graph.nodes.push(node_of(value.bytes()?)?),
            5 => {
                let (name, tensor) = tensor_of(value.bytes()?)?;
                graph.constants.insert(name, tensor);
            }
            11 => graph.inputs.push(port_of(value.bytes()?)?),
            12 => graph.outputs.push(port_of(value.bytes()?)?),
            15 => return Err(Error::Onnx("sparse constants are not understood".to_owned())),
            _ => {}
        }
        if graph.nodes.len() > MOST_NODES {
            return Err(Error::Onnx(format!("it has more than {MOST_NODES} nodes")));
        }
    }
    // Older files list constants among the inputs too.
    let constants = &graph.constants;
    graph.inputs.retain(|input| !constants.contains_key(&input.name));
    Ok(graph)
}

fn node_of(bytes: &[u8]) -> Result<Node, Error> {
    let mut node = Node::default();
    for field in fields(bytes) {
        let (number, value) = field?;
        match number {
            1 => node.inputs.push(value.text()?.to_owned()),
            2 => node.outputs.push(value.text()?.to_owned()),
            4 => node.operator = value.text()?.to_owned(),
            5 => {
                let (name, attribute) = attribute_of(value.bytes()?)?;
                node.attributes.insert(name, attribute);
            }
            7 if !matches!(value.text()?, "" | "ai.onnx" | "ai.onnx.ml") => {
                return Err(Error::Onnx(format!("operators of {:?} are not understood", value.text()?)));
            }
            _ => {}
        }
    }
    Ok(node)
}

fn attribute_of(bytes: &[u8]) -> Result<(String, Attribute), Error> {
    let (mut name, mut attribute) = (String::new(), Attribute::default());
    for field in fields(bytes) {
        let (number, value) = field?;
        match number {
            1 => name = value.text()?.to_owned(),
            2 => attribute.float = f64::from(value.float()?),
            3 => attribute.integer = value.integer()?,
            4 => attribute.text = value.text()?.to_owned(),
            5 => attribute.tensor = Some(tensor_of(value.bytes()?)?.1),
            7 => value.floats(&mut attribute.floats)?,
            8 => value.integers(&mut attribute.integers)?,
            9 => attribute.texts.push(value.text()?.to_owned()),
            _ => {}
        }
    }
    Ok((name, attribute))
}

fn tensor_of(bytes: &[u8]) -> Result<(String, Tensor), Error> {
    let (mut name, mut tensor, mut raw) = (String::new(), Tensor::default(), None);
    for field in fields(bytes) {
        let (number, value) = field?;
        match number {
            1 => value.integers(&mut tensor.dims)?,
            2 => tensor.kind = value.integer()?,
            4 => value.floats(&mut tensor.numbers)?,
            5 | 7 | 11 => {
                let mut integers = Vec::new();
                value.integers(&mut integers)?;
                tensor.numbers.extend(integers.into_iter().map(|integer| integer as f64));
            }
            6 => tensor.texts.push(value.text()?.to_owned()),
            8 => name = value.text()?.to_owned(),
            9 => raw = Some(value.bytes()?),
            10 => value.doubles(&mut tensor.numbers)?,
            13 => {
                return Err(Error::Onnx(
                    "constants in other files are not read; export into one file".to_owned(),
                ));
            }
            _ => {}
        }
    }
    match (raw, tensor.kind) {
        (None, _) => {}
        (Some(raw), 1) => wire::floats(raw, &mut tensor.numbers)?,
        (Some(raw), 7) => wire::integers(raw, &mut tensor.numbers)?,
        (Some(raw), 11) => wire::doubles(raw, &mut tensor.numbers)?,
        (Some(_), other) => return Err(Error::Onnx(format!("a constant of type {other} is not understood"))),
    }
    Ok((name, tensor))
}

fn port_of(bytes: &[u8]) -> Result<Port, Error> {
    let mut port = Port { name: String::new(), kind: None, width: 0 };
    for field in fields(bytes) {
        match field? {
            (1, value) => port.name = value.text()?.to_owned(),
            (2, value) => type_of(value.bytes()?, &mut port)?,
            _ => {}
        }
    }
    Ok(port)
}

fn type_of(bytes: &[u8], port: &mut Port) -> Result<(), Error> {
    for field in fields(bytes) {
        let (1, tensor) = field? else { continue };
        for field in fields(tensor.bytes()?) {
            match field? {
                (1, value) => port.kind = Some(Kind::of(value.integer()?)?),
                (2, value) => port.width = width_of(value)?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// The numbers of one row: the product of all dimensions but the first; 0 when one of them is open.
fn width_of(shape: Field<'_>) -> Result<usize, Error> {
    let mut width: usize = 1;
    for (place, field) in fields(shape.bytes()?).enumerate() {
        let (_, dimension) = field?;
        let mut size = 0;
        for field in fields(dimension.bytes()?) {
            if let (1, value) = field? {
                size = usize::try_from(value.integer()?).unwrap_or(0);
            }
        }
        if place > 0 {
            width = width.saturating_mul(size);
        }
    }
    Ok(width)
}
