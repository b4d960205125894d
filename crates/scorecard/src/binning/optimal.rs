//! The best way to join neighbouring pre-bins into bins, by dynamic programming: exact, whatever the constraints.
//!
//! A *block* is a run of pre-bins `from..to` that may become a bin. The best partition that ends with a given block needs to
//! know of what came before only the block just before it, and of that one only its bad rate. So at each boundary the blocks
//! that end there are sorted by rate once, and the best of all with a rate up to some bound is a running maximum over that
//! order. With n pre-bins and at most K bins this takes O(n² log n + n² K) steps; where the order must hold in each of P
//! periods too, which pairs of blocks may meet has to be tried, and it takes O(n³ (P + K)).

use super::constraints::{Objective, Trend};
use super::count::{Count, information, likelihood, reversed};

/// What a partition must keep to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) min_bins: usize,
    pub(super) max_bins: usize,
    pub(super) min_weight: f64,
    pub(super) min_good: f64,
    pub(super) min_bad: f64,
    pub(super) min_difference: f64,
    pub(super) objective: Objective,
    /// In the unit of the objective.
    pub(super) penalty: f64,
}

/// A partition and what it reaches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solution {
    /// Where each bin ends; the last one ends with the pre-bins.
    pub(super) ends: Vec<usize>,
    /// The objective, less the penalties.
    pub(super) value: f64,
}

/// Good and bad of the pre-bins in each period of time.
pub(super) struct Periods {
    /// For each period, the counts of the first pre-bins: of none, of one, and so on to all.
    pub(super) sums: Vec<Vec<Count>>,
    /// By how many standard errors the rates of neighbours may stand the other way round in a period.
    pub(super) tolerance: f64,
}

impl Periods {
    /// Whether the blocks `from..at` and `at..to` stand in each period as over all, where the second has the higher rate or not.
    fn keep(&self, from: usize, at: usize, to: usize, rises: bool) -> bool {
        self.sums.iter().all(|sums| {
            let between = |from: usize, to: usize| Count {
                good: sums[to].good - sums[from].good,
                bad: sums[to].bad - sums[from].bad,
            };
            let (first, second) = (between(from, at), between(at, to));
            let (low, high) = if rises { (first, second) } else { (second, first) };
            !reversed(low, high, self.tolerance)
        })
    }
}

/// How a bin's rate may relate to that of the bin before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Free,
    Either,
    Up,
    Down,
}

/// All blocks of the pre-bins, and their order by rate at each boundary.
pub(super) struct Blocks {
    items: usize,
    rules: Rules,
    /// More bins there cannot be, or may not.
    most: usize,
    rate: Vec<f64>,
    /// NaN: the block may not be a bin.
    value: Vec<f64>,
    boundaries: Vec<Boundary>,
    periods: Option<Periods>,
}

/// The blocks that meet at a boundary.
#[derive(Default)]
struct Boundary {
    /// Where the blocks that end here start, by ascending rate.
    left: Vec<u16>,
    /// For each block that starts here: its end, how many of `left` it may follow upwards (a prefix) and from which place on
    /// it may follow them downwards (a suffix).
    right: Vec<(u16, u16, u16)>,
    /// With periods: for each of `right`, whether each of `left` keeps its order to it in all of them.
    kept: Vec<bool>,
}

/// The least that a further bin must gain, against bins that owe themselves to rounding alone.
const ROUNDING: f64 = 1e-12;

impl Blocks {
    /// `total` are all rows, also those outside the pre-bins: missing and special ones.
    pub(super) fn new(items: &[Count], total: Count, rules: Rules, periods: Option<Periods>) -> Self {
        let n = items.len();
        let size = n * (n + 1);
        let weight: f64 = items.iter().map(Count::weight).sum();
        // More bins of the least weight there cannot be.
        let most = if rules.min_weight > 0.0 {
            ((weight * (1.0 + 1e-9) / rules.min_weight) as usize).min(n)
        } else {
            n
        };
        let mut blocks = Blocks {
            items: n,
            rules,
            most: most.min(rules.max_bins),
            rate: vec![0.0; size],
            value: vec![f64::NAN; size],
            boundaries: Vec::new(),
            periods,
        };
        for from in 0..n {
            let mut count = Count::default();
            for to in from + 1..=n {
                count = count.and(items[to - 1]);
                let place = blocks.place(from, to);
                blocks.rate[place] = count.rate();
                if rules.allow(count) {
                    blocks.value[place] = rules.value(count, total) - rules.penalty - ROUNDING;
                }
            }
        }
        blocks.boundaries = (0..=n).map(|boundary| blocks.boundary(boundary)).collect();
        blocks
    }

    fn place(&self, from: usize, to: usize) -> usize {
        // By end, so that the blocks that meet at a boundary lie side by side.
        (to - 1) * (self.items + 1) + from
    }

    fn boundary(&self, at: usize) -> Boundary {
        let (n, least) = (self.items, self.rules.min_difference);
        if at == 0 || at == n {
            return Boundary::default();
        }
        let rate = |from: u16, to: u16| self.rate[self.place(usize::from(from), usize::from(to))];
        let here = at as u16;
        let allowed = |from: usize, to: usize| !self.value[self.place(from, to)].is_nan();
        let mut left: Vec<(f64, u16)> = (0..at)
            .filter(|&from| allowed(from, at))
            .map(|from| (rate(from as u16, here), from as u16))
            .collect();
        let mut right: Vec<(f64, u16)> =
            (at + 1..=n).filter(|&to| allowed(at, to)).map(|to| (rate(here, to as u16), to as u16)).collect();
        let order = |a: &(f64, u16), b: &(f64, u16)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        left.sort_unstable_by(order);
        right.sort_unstable_by(order);
        let (mut up, mut down) = (0, 0);
        let mut meet = |&(own, to): &(f64, u16)| {
            while up < left.len() && rises(left[up].0, own, least) {
                up += 1;
            }
            while down < left.len() && !rises(own, left[down].0, least) {
                down += 1;
            }
            (to, up as u16, down as u16)
        };
        let right: Vec<(u16, u16, u16)> = right.iter().map(&mut meet).collect();
        let left: Vec<u16> = left.iter().map(|block| block.1).collect();
        let kept = self.periods.as_ref().map_or_else(Vec::new, |_| {
            let pairs = right.iter().flat_map(|&(to, ..)| left.iter().map(move |&from| (from, to)));
            pairs.map(|(from, to)| self.keeps(usize::from(from), at, usize::from(to))).collect()
        });
        Boundary { left, right, kept }
    }

    /// Whether two blocks stand in each period as they do over all.
    fn keeps(&self, from: usize, at: usize, to: usize) -> bool {
        let rises = self.rate[self.place(at, to)] >= self.rate[self.place(from, at)];
        self.periods.as_ref().is_none_or(|periods| periods.keep(from, at, to, rises))
    }

    /// The best partition with this trend; [`Trend::Auto`] and [`Trend::Monotone`], which choose between others, count as
    /// [`Trend::Any`]. None: there is none.
    pub(super) fn best(&self, trend: Trend) -> Option<Solution> {
        let [found] = self.solutions(trend, [self.steps(trend).len()]);
        found
    }

    /// The best partition that only rises (for a valley: falls) and the best one that may turn round once.
    pub(super) fn straight_and_bent(&self, trend: Trend) -> [Option<Solution>; 2] {
        self.solutions(trend, [1, 2])
    }

    /// The best partitions that end in one of the first so many steps of a trend. A layer for each number of bins is filled
    /// only where the best of all numbers has too few or too many: where it has not, it is the best of those allowed.
    fn solutions<const N: usize>(&self, trend: Trend, last: [usize; N]) -> [Option<Solution>; N] {
        let steps = self.steps(trend);
        let of_any_number = Tables::fill(self, steps, false);
        let found = last.map(|step| of_any_number.best(step));
        let allowed = self.rules.min_bins..=self.most.max(1);
        let fits = |found: &Solution| allowed.contains(&found.ends.len());
        if found.iter().flatten().all(fits) {
            return found;
        }
        let by_number = Tables::fill(self, steps, true);
        last.map(|step| by_number.best(step))
    }

    fn steps(&self, trend: Trend) -> &'static [Step] {
        match trend {
            Trend::Ascending => &[Step::Up],
            Trend::Descending => &[Step::Down],
            Trend::Peak => &[Step::Up, Step::Down],
            Trend::Valley => &[Step::Down, Step::Up],
            _ if self.rules.min_difference > 0.0 => &[Step::Either],
            _ => &[Step::Free],
        }
    }
}

impl Rules {
    fn allow(&self, count: Count) -> bool {
        let positive = self.objective == Objective::Likelihood || (count.good > 0.0 && count.bad > 0.0);
        count.weight() > 0.0
            && count.weight() >= self.min_weight
            && count.good >= self.min_good
            && count.bad >= self.min_bad
            && positive
    }

    fn value(&self, count: Count, total: Count) -> f64 {
        match self.objective {
            Objective::InformationValue => information(count, total),
            Objective::Likelihood => likelihood(count, total),
        }
    }
}

/// Whether a rate rises to another one by the least difference; equal ones do where none is asked.
pub(super) fn rises(from: f64, to: f64, least: f64) -> bool {
    from + least <= to
}

fn running_maximum(best: &mut f64, next: &f64) -> Option<f64> {
    *best = larger(*best, *next);
    Some(*best)
}

/// The larger of two that are no NaN: what [`f64::max`] does besides costs a third of the time.
fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// What the best partition reaches that ends with each block: for each number of bins (a layer) or for any (one layer), and for
/// each step of the trend that the block's bin is in. A trend with two steps may pass from the first to the second once.
struct Tables<'a> {
    blocks: &'a Blocks,
    steps: &'a [Step],
    layered: bool,
    layers: usize,
    reached: Vec<f64>,
}

impl<'a> Tables<'a> {
    fn fill(blocks: &'a Blocks, steps: &'a [Step], layered: bool) -> Self {
        let layers = if layered { blocks.most.max(1) } else { 1 };
        let reached = vec![f64::NEG_INFINITY; layers * steps.len() * blocks.value.len()];
        let mut tables = Tables { blocks, steps, layered, layers, reached };
        for to in 1..=blocks.items {
            let place = blocks.place(0, to);
            if !blocks.value[place].is_nan() {
                tables.reached[place] = blocks.value[place];
            }
        }
        let mut rising = Vec::new();
        let mut falling = Vec::new();
        // Layer by layer, so that only two of them at a time need to be near the processor.
        for layer in tables.first_layer()..layers {
            for at in 1..blocks.items {
                for step in 0..steps.len() {
                    tables.extend(at, layer, step, &mut rising, &mut falling);
                }
            }
        }
        tables
    }

    /// The layer of the second bin.
    fn first_layer(&self) -> usize {
        usize::from(self.layered)
    }

    fn table(&self, layer: usize, step: usize) -> usize {
        (layer * self.steps.len() + step) * self.blocks.value.len()
    }

    /// Puts the blocks that start at a boundary behind those that end there.
    fn extend(&mut self, at: usize, layer: usize, step: usize, left: &mut Vec<f64>, best: &mut Vec<f64>) {
        let blocks = self.blocks;
        let boundary = &blocks.boundaries[at];
        let previous = layer - self.first_layer();
        left.clear();
        left.resize(boundary.left.len(), f64::NEG_INFINITY);
        let ended = blocks.place(0, at);
        for earlier in 0..=step {
            let table = self.table(previous, earlier) + ended;
            let reached = &self.reached[table..table + at];
            for (best, &from) in left.iter_mut().zip(&boundary.left) {
                *best = larger(*best, reached[usize::from(from)]);
            }
        }
        let table = self.table(layer, step);
        let mut put = |to: u16, before: f64| {
            let place = blocks.place(at, usize::from(to));
            let reached = &mut self.reached[table + place];
            *reached = larger(*reached, before + blocks.value[place]);
        };
        let none = f64::NEG_INFINITY;
        let kind = self.steps[step];
        if blocks.periods.is_some() {
            let last = left.len();
            for (&(to, up, down), kept) in boundary.right.iter().zip(boundary.kept.chunks(last.max(1))) {
                let (up, down) = match kind {
                    Step::Free => (last, last),
                    Step::Up => (usize::from(up), last),
                    Step::Down => (0, usize::from(down)),
                    Step::Either => (usize::from(up), usize::from(down)),
                };
                let may = (0..up).chain(down..last).filter(|place| kept[*place]);
                put(to, may.map(|place| left[place]).fold(none, larger));
            }
            return;
        }
        if kind == Step::Free {
            let before = left.iter().copied().fold(none, larger);
            boundary.right.iter().for_each(|&(to, ..)| put(to, before));
        }
        // The best of the first so many blocks by rate.
        if matches!(kind, Step::Up | Step::Either) {
            best.clear();
            best.push(none);
            best.extend(left.iter().scan(none, running_maximum));
            boundary.right.iter().for_each(|&(to, up, _)| put(to, best[usize::from(up)]));
        }
        // The best of those from a place on, counted from behind.
        if matches!(kind, Step::Down | Step::Either) {
            best.clear();
            best.push(none);
            best.extend(left.iter().rev().scan(none, running_maximum));
            let last = left.len();
            boundary.right.iter().for_each(|&(to, _, down)| put(to, best[last - usize::from(down)]));
        }
    }

    /// The best partition that ends in one of the first steps.
    fn best(&self, steps: usize) -> Option<Solution> {
        let n = self.blocks.items;
        let mut best: Option<(f64, usize, usize, usize)> = None;
        let least = if self.layered { self.blocks.rules.min_bins - 1 } else { 0 };
        for layer in least..self.layers {
            for step in 0..steps {
                for from in 0..n {
                    let value = self.reached[self.table(layer, step) + self.blocks.place(from, n)];
                    if value > best.map_or(f64::NEG_INFINITY, |best| best.0) {
                        best = Some((value, layer, step, from));
                    }
                }
            }
        }
        let (value, layer, step, from) = best?;
        Some(self.trace(value, layer, step, from))
    }

    /// The way back from the last block: before each, the block that reaches most among those it may follow.
    fn trace(&self, value: f64, mut layer: usize, mut step: usize, mut from: usize) -> Solution {
        let (blocks, least) = (self.blocks, self.blocks.rules.min_difference);
        let mut to = blocks.items;
        let mut ends = vec![to];
        while from > 0 {
            let own = blocks.rate[blocks.place(from, to)];
            let may_follow = |before: f64| match self.steps[step] {
                Step::Free => true,
                Step::Up => rises(before, own, least),
                Step::Down => rises(own, before, least),
                Step::Either => rises(before, own, least) || rises(own, before, least),
            };
            layer -= self.first_layer();
            let mut best = (f64::NEG_INFINITY, 0, 0);
            for earlier in 0..=step {
                for start in 0..from {
                    let place = blocks.place(start, from);
                    let reached = self.reached[self.table(layer, earlier) + place];
                    if reached > best.0 && may_follow(blocks.rate[place]) && blocks.keeps(start, from, to) {
                        best = (reached, earlier, start);
                    }
                }
            }
            ends.push(from);
            to = from;
            (step, from) = (best.1, best.2);
        }
        ends.reverse();
        let value = value + ROUNDING * ends.len() as f64;
        Solution { ends, value }
    }
}
