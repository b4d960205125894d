//! A checked and compiled expression.

use crate::check::check;
use crate::compile::compile;
use crate::evaluate::evaluate;
use crate::program::Step;
use crate::refusal::Refusal;
use crate::tree::Node;
use crate::value::{Columns, Faults, Row, Type, Value};

/// An expression over the columns it was checked against.
#[derive(Debug)]
pub struct Expression {
    text: String,
    tree: Node,
    columns: Vec<usize>,
    step: Step,
}

impl Expression {
    /// Parses, checks and compiles a text.
    ///
    /// # Errors
    /// A [`Refusal`] with the place of the first thing that is not in the language, is too large, or does not fit
    /// the columns: `expression-too-long`, `-too-deep`, `-syntax`, `-not-allowed`, `-unknown-column`, `-type`, `-currency`.
    pub fn parse(text: &str, columns: &dyn Columns) -> Result<Self, Refusal> {
        let tree = check(text, columns)?;
        let mut read = Vec::new();
        tree.visit_columns(&mut |column| read.push(column));
        read.sort_unstable();
        read.dedup();
        Ok(Self { text: text.to_owned(), step: compile(&tree), columns: read, tree })
    }

    /// The type of its values.
    pub const fn result_type(&self) -> Type {
        self.tree.result_type()
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The checked tree.
    pub const fn tree(&self) -> &Node {
        &self.tree
    }

    /// The positions of the columns it reads, sorted, each once.
    pub fn columns(&self) -> Vec<usize> {
        self.columns.clone()
    }

    /// The value for one row; what could not be computed is null and counted.
    pub fn evaluate<'a, R: Row>(&'a self, row: &'a R, faults: &mut Faults) -> Value<'a> {
        evaluate(&self.step, row, faults)
    }
}
