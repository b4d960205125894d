//! Pre-bins of a column of numbers: runs of neighbouring values of about the same weight, counted without sorting the rows.
//!
//! A column with few different values is counted by value. Any other one is counted in buckets of its numbers' order-keeping
//! bit patterns; a bucket with much weight and more than one value is split into finer ones, in a further pass over the rows,
//! until none is left. What comes out depends on the values and weights alone, not on the order of the rows.

use super::count::{Weights, Whole};

/// Up to so many different values are counted one by one.
const FEW: usize = 1_024;

/// Whole numbers below this, which are most of what there are few of, are counted where they stand in a table.
const SMALL: usize = 256;

/// Slots for [`FEW`] values, a power of two.
const SLOTS: usize = 4 * FEW;

/// The first buckets are about 2^12: they fit in the processor's second cache with their counts.
const FIRST_BITS: u32 = 12;

/// A bucket is split when it has more than this part of the weight: enough to place a cut, and few enough to stay in the cache.
const FINEST: u64 = 4_096;

/// A run of values and the rows that have them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    /// The lowest value.
    pub(super) low: f64,
    /// The highest value.
    pub(super) high: f64,
    pub(super) whole: Whole,
}

/// The finest runs of a column of numbers in ascending order, and the counts of missing values.
pub(super) fn runs(numbers: &[f64], bad: &[bool], weights: &Weights) -> (Vec<Run>, Whole) {
    match weights.whole() {
        None => few(numbers, bad, |_| 1).unwrap_or_else(|| many(numbers, bad, |_| 1)),
        Some(whole) => {
            let weight = |row: usize| whole[row];
            few(numbers, bad, weight).unwrap_or_else(|| many(numbers, bad, weight))
        }
    }
}

/// The numbers in whose order bit patterns are counted: negative ones turned round, both zeros the same.
fn key(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    bits ^ ((bits as i64 >> 63) as u64 | 1 << 63)
}

fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ 1 << 63 } else { !key })
}

/// Counts by value; None: there are more than [`FEW`].
fn few(numbers: &[f64], bad: &[bool], weight: impl Fn(usize) -> u64) -> Option<(Vec<Run>, Whole)> {
    let mut slots = vec![0u32; SLOTS];
    let mut found: Vec<(u64, Whole)> = Vec::new();
    // Neighbouring rows often have the same value: counted apart, none waits for the other.
    let mut small = vec![[[0; 2]; 2]; SMALL];
    let mut missing = [0; 2];
    for (row, (number, bad)) in numbers.iter().zip(bad).enumerate() {
        let (weight, bad) = (weight(row), usize::from(*bad));
        let whole = *number as u8;
        if f64::from(whole) == *number {
            small[usize::from(whole)][row % 2][bad] += weight;
            continue;
        }
        if number.is_nan() {
            missing[bad] += weight;
            continue;
        }
        if weight == 0 {
            continue;
        }
        let key = key(*number);
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4): the high bits of the product.
        let mut slot = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.ilog2())) as usize;
        loop {
            let entry = slots[slot] as usize;
            if entry == 0 {
                if found.len() == FEW {
                    return None;
                }
                found.push((key, [0; 2]));
                slots[slot] = found.len() as u32;
                continue;
            }
            let entry = &mut found[entry - 1];
            if entry.0 == key {
                entry.1[bad] += weight;
                break;
            }
            slot = (slot + 1) % SLOTS;
        }
    }
    for (number, [even, odd]) in small.into_iter().enumerate() {
        let whole = [even[0] + odd[0], even[1] + odd[1]];
        if whole != [0; 2] {
            found.push((key(number as f64), whole));
        }
    }
    if found.len() > FEW {
        return None;
    }
    found.sort_unstable_by_key(|entry| entry.0);
    let run = |(key, whole): (u64, Whole)| Run { low: number(key), high: number(key), whole };
    Some((found.into_iter().map(run).collect(), missing))
}

#[derive(Clone, Copy)]
struct Bucket {
    whole: Whole,
    low: u64,
    high: u64,
}

impl Bucket {
    const EMPTY: Self = Bucket { whole: [0; 2], low: u64::MAX, high: 0 };

    fn add(&mut self, key: u64, bad: bool, weight: u64) {
        self.whole[usize::from(bad)] += weight;
        self.low = self.low.min(key);
        self.high = self.high.max(key);
    }
}

/// Some buckets in a row: those of the keys from `origin` on, 2^shift keys in each.
struct Node {
    origin: u64,
    shift: u32,
    first: usize,
    len: usize,
}

impl Node {
    fn place(&self, key: u64) -> usize {
        self.first + ((key - self.origin) >> self.shift) as usize
    }
}

#[derive(Default)]
struct Buckets {
    nodes: Vec<Node>,
    buckets: Vec<Bucket>,
    /// The node that each bucket is split into; 0: it is not, since the first node is nobody's child. By themselves they stay
    /// in the nearest cache.
    children: Vec<u32>,
    /// The bucket of the first node in which each row is; behind the last one: in none.
    coarse: Vec<u16>,
}

fn many(numbers: &[f64], bad: &[bool], weight: impl Fn(usize) -> u64) -> (Vec<Run>, Whole) {
    let (mut low, mut high) = (u64::MAX, 0);
    let mut missing = [0; 2];
    let mut total = 0;
    for (row, (number, bad)) in numbers.iter().zip(bad).enumerate() {
        let weight = weight(row);
        if number.is_nan() {
            missing[usize::from(*bad)] += weight;
        } else if weight > 0 {
            let key = key(*number);
            (low, high) = (low.min(key), high.max(key));
            total += weight;
        }
    }
    let mut buckets = Buckets::default();
    buckets.split(low, high, FIRST_BITS);
    buckets.count(numbers, bad, &weight);
    // A column that is still lumped after a pass, because its values lie in few places of their range, is split on less finely.
    let mut much = total / FINEST;
    let mut counted = 0;
    loop {
        let fresh = counted..buckets.buckets.len();
        counted = fresh.end;
        for place in fresh {
            let Bucket { whole, low, high } = buckets.buckets[place];
            let weight = whole[0] + whole[1];
            if weight > much && low < high {
                let parts = weight / (much / 2).max(1) + 1;
                buckets.children[place] = buckets.nodes.len() as u32;
                buckets.split(low, high, (parts.ilog2() + 1).min(FIRST_BITS));
            }
        }
        if counted == buckets.buckets.len() {
            break;
        }
        buckets.count_finer(numbers, bad, &weight, counted);
        much = (much * 4).max(1);
    }
    let mut runs = Vec::new();
    buckets.gather(0, &mut runs);
    (runs, missing)
}

impl Buckets {
    /// A node for the keys `low..=high` with at most 2^(bits + 1) buckets; at least two of them where the keys differ.
    fn split(&mut self, low: u64, high: u64, bits: u32) {
        let range = high.saturating_sub(low);
        let shift = (64 - range.leading_zeros()).saturating_sub(bits);
        let node = Node { origin: low, shift, first: self.buckets.len(), len: (range >> shift) as usize + 1 };
        self.buckets.resize(node.first + node.len, Bucket::EMPTY);
        self.children.resize(node.first + node.len, 0);
        self.nodes.push(node);
    }

    /// Counts all rows in the buckets of the first node.
    fn count(&mut self, numbers: &[f64], bad: &[bool], weight: impl Fn(usize) -> u64) {
        let node = &self.nodes[0];
        // 2^(FIRST_BITS + 1) is below 2^16.
        let none = node.len as u16;
        self.coarse.reserve(numbers.len());
        for (row, (number, bad)) in numbers.iter().zip(bad).enumerate() {
            let weight = weight(row);
            if number.is_nan() || weight == 0 {
                self.coarse.push(none);
                continue;
            }
            let key = key(*number);
            let place = node.place(key);
            self.buckets[place].add(key, *bad, weight);
            self.coarse.push(place as u16);
        }
    }

    /// Counts the rows that come to a bucket from `fresh` on.
    fn count_finer(&mut self, numbers: &[f64], bad: &[bool], weight: impl Fn(usize) -> u64, fresh: usize) {
        let Buckets { nodes, buckets, children, coarse } = self;
        let mut first = children[..nodes[0].len].to_vec();
        first.push(0);
        for (row, (number, coarse)) in numbers.iter().zip(coarse).enumerate() {
            let mut child = first[usize::from(*coarse)];
            if child == 0 {
                continue;
            }
            let key = key(*number);
            let place = loop {
                let place = nodes[child as usize].place(key);
                child = children[place];
                if child == 0 {
                    break place;
                }
            };
            if place >= fresh {
                buckets[place].add(key, bad[row], weight(row));
            }
        }
    }

    fn gather(&self, node: usize, runs: &mut Vec<Run>) {
        let Node { first, len, .. } = self.nodes[node];
        for (bucket, child) in self.buckets[first..first + len].iter().zip(&self.children[first..]) {
            if *child != 0 {
                self.gather(*child as usize, runs);
            } else if bucket.low <= bucket.high {
                runs.push(Run { low: number(bucket.low), high: number(bucket.high), whole: bucket.whole });
            }
        }
    }
}

/// The cut between two values: of the numbers above the one and not above the other, one with as few digits as can be.
pub(super) fn cut_between(below: f64, from: f64) -> f64 {
    if below < 0.0 && from >= 0.0 {
        return 0.0;
    }
    if below == f64::NEG_INFINITY {
        return from;
    }
    // Above the last finite value a cut may lie anywhere; it stays near it.
    let near = (below + below.abs().max(1.0)).min(f64::MAX);
    let from = if from == f64::INFINITY && near > below { near } else { from };
    if from == f64::INFINITY {
        return from;
    }
    // From coarse to fine, a unit of the decimal place: the highest multiple of it that is not above `from`.
    let digits = libm::log10(from.abs().max(below.abs())).floor() as i32;
    for place in (digits - 17..=digits + 1).rev() {
        let rounded = if place >= 0 {
            let unit = libm::pow(10.0, f64::from(place));
            (from / unit).floor() * unit
        } else {
            let units = libm::pow(10.0, f64::from(-place));
            (from * units).floor() / units
        };
        if below < rounded && rounded <= from {
            return rounded;
        }
    }
    from
}
