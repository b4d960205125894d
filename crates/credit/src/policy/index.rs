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
        if conditions.len() < FEWEST {
            return Self::plain(conditions.len());
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
            return Self::plain(conditions.len());
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

    /// One that shows every rule.
    pub(super) fn plain(rules: usize) -> Self {
        Self { all: (0..rules as u32).collect(), ..Self::default() }
    }

    /// For each rule, in their order, those before it that can hold where it does. A rule that asks a column for another value
    /// cannot, so a wide table is compared bucket by bucket and not each with each. `look` says when it has seen enough.
    pub(super) fn each_with_those_before(&self, mut look: impl FnMut(usize, &[u32]) -> bool) {
        let mut buckets: Vec<(&[u32; 2], &[u32])> =
            self.rules.iter().map(|(key, places)| (key, &**places)).collect();
        buckets.push((&[ANY; 2], &self.all));
        let mut places: Vec<(u32, &[u32; 2])> =
            buckets.iter().flat_map(|(key, places)| places.iter().map(|place| (*place, *key))).collect();
        places.sort_unstable();
        let meet = |a: u32, b: u32| a == b || a == ANY || b == ANY;
        let mut before: Vec<u32> = Vec::new();
        for (place, key) in places {
            before.clear();
            let mut take = |list: &[u32]| before.extend(list.iter().take_while(|other| **other < place));
            if key.iter().take(self.columns.len().max(1)).any(|part| *part == ANY) {
                let met =
                    buckets.iter().filter(|(other, _)| meet(key[0], other[0]) && meet(key[1], other[1]));
                met.for_each(|(_, list)| take(list));
            } else {
                self.under(*key).into_iter().for_each(&mut take);
            }
            before.sort_unstable();
            if !look(place as usize, &before) {
                return;
            }
        }
    }

    /// The rules that ask for these values or for none, as lists in their order.
    fn under(&self, own: [u32; 2]) -> [&[u32]; 4] {
        let keys = [own, [own[0], ANY], [ANY, own[1]], [ANY, ANY]];
        let mut lists: [&[u32]; 4] = [&[]; 4];
        for (at, (list, key)) in lists.iter_mut().zip(keys).enumerate() {
            // A value that no rule asks for makes two keys one; each list is taken once.
            if !keys[..at].contains(&key) {
                *list = self.rules.get(&key).map_or(&[], |places| places);
            }
        }
        lists
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
        let mut lists = self.under(own);
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
