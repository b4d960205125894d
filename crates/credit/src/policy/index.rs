//! Which rules of a table can hold for a request, without looking at all of them: rules that ask one or two columns for one
//! value stand under that value.

use probity_expression::{Comparison, Literal, Node, Row, Value};
use std::collections::HashMap;

/// Rules below this number are looked at one by one: that is as quick.
const FEWEST: usize = 8;

/// The values that a column is asked for, numbered.
#[derive(Debug, Default)]
struct Words {
    column: usize,
    texts: HashMap<Box<str>, u32>,
    numbers: HashMap<i64, u32>,
}

/// No value in particular.
const ANY: u32 = u32::MAX;

/// Rules by what they ask of up to two columns.
#[derive(Debug, Default)]
pub(super) struct Index {
    columns: Vec<Words>,
    rules: HashMap<[u32; 2], Box<[u32]>>,
    /// Rules in their order, when there are too few to be worth more.
    all: Box<[u32]>,
}

/// A value that a condition asks a column for, whatever else it asks.
enum Asked<'a> {
    Text(&'a str),
    Number(i64),
}

/// The columns that a condition asks for one value each.
fn asked(node: &Node) -> Vec<(usize, Asked<'_>)> {
    match node {
        Node::And(all) => all.iter().flat_map(asked).collect(),
        Node::Compare { operator: Comparison::Equal, left, right } => {
            let (Node::Column { index, .. }, Node::Literal(literal)) = (&**left, &**right) else {
                return Vec::new();
            };
            match literal {
                Literal::Text(text) => vec![(*index, Asked::Text(text))],
                Literal::Integer(number) => vec![(*index, Asked::Number(*number))],
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

impl Words {
    fn number(&mut self, asked: &Asked<'_>) -> u32 {
        let next = (self.texts.len() + self.numbers.len()) as u32;
        match asked {
            Asked::Text(text) => *self.texts.entry((*text).into()).or_insert(next),
            Asked::Number(number) => *self.numbers.entry(*number).or_insert(next),
        }
    }

    fn of<R: Row>(&self, facts: &R) -> u32 {
        let found = match facts.value(self.column) {
            Value::Text(text) => self.texts.get(text),
            Value::Integer(number) => self.numbers.get(&number),
            _ => None,
        };
        found.copied().unwrap_or(ANY)
    }
}

impl Index {
    /// Sorts rules by their conditions; a rule without one can always hold.
    pub(super) fn new(conditions: &[Option<&Node>]) -> Self {
        let all = (0..conditions.len() as u32).collect();
        if conditions.len() < FEWEST {
            return Self { all, ..Self::default() };
        }
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for condition in conditions.iter().flatten() {
            asked(condition).iter().for_each(|(column, _)| *counts.entry(*column).or_default() += 1);
        }
        let mut often: Vec<(usize, usize)> =
            counts.into_iter().filter(|(_, count)| count * 2 > conditions.len()).collect();
        often.sort_by_key(|(column, count)| (std::cmp::Reverse(*count), *column));
        often.truncate(2);
        if often.is_empty() {
            return Self { all, ..Self::default() };
        }
        let mut columns: Vec<Words> =
            often.iter().map(|(column, _)| Words { column: *column, ..Words::default() }).collect();
        let mut rules: HashMap<[u32; 2], Vec<u32>> = HashMap::new();
        for (place, condition) in (0..).zip(conditions) {
            let mut key = [ANY; 2];
            for (column, value) in condition.iter().copied().flat_map(asked) {
                for (words, part) in columns.iter_mut().zip(&mut key) {
                    if words.column == column {
                        *part = words.number(&value);
                    }
                }
            }
            rules.entry(key).or_default().push(place);
        }
        let rules = rules.into_iter().map(|(key, places)| (key, places.into())).collect();
        Self { columns, rules, all: Box::default() }
    }

    /// Shows the rules that can hold, in their order, until `look` says to stop.
    pub(super) fn each<R: Row>(&self, facts: &R, mut look: impl FnMut(u32) -> bool) {
        if self.columns.is_empty() {
            let _ = self.all.iter().all(|place| look(*place));
            return;
        }
        let mut own = [ANY; 2];
        for (words, part) in self.columns.iter().zip(&mut own) {
            *part = words.of(facts);
        }
        let keys = [own, [own[0], ANY], [ANY, own[1]], [ANY, ANY]];
        let mut lists: [&[u32]; 4] = [&[]; 4];
        for (at, (list, key)) in lists.iter_mut().zip(keys).enumerate() {
            // A value that no rule asks for makes two keys one; each list is taken once.
            if !keys[..at].contains(&key) {
                *list = self.rules.get(&key).map_or(&[], |places| places);
            }
        }
        loop {
            let first = lists.iter().enumerate().filter_map(|(n, list)| Some((*list.first()?, n))).min();
            let Some((place, list)) = first else { return };
            lists[list] = &lists[list][1..];
            if !look(place) {
                return;
            }
        }
    }
}
