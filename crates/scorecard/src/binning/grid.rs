//! Where cuts are looked for among the finest runs of a column: few enough places for dynamic programming, and the right ones.

use super::count::Whole;

/// Into how many parts a closer look divides the space on each side of a cut.
const CLOSER: usize = 8;

/// How far that space reaches: to the second place in the grid before and after the cut.
const REACH: usize = 2;

/// The most leaves of the tree whose cuts are tried.
const LEAVES: usize = 24;

/// Sums of good and bad over runs in a row, from the first on.
pub(super) struct Sums(Vec<Whole>);

impl Sums {
    pub(super) fn new(runs: impl Iterator<Item = Whole>) -> Self {
        let mut sums = vec![[0; 2]];
        let mut sum = [0; 2];
        for run in runs {
            sum = [sum[0] + run[0], sum[1] + run[1]];
            sums.push(sum);
        }
        Sums(sums)
    }

    /// How many runs there are.
    pub(super) fn len(&self) -> usize {
        self.0.len() - 1
    }

    pub(super) fn whole(&self, from: usize, to: usize) -> Whole {
        [self.0[to][0] - self.0[from][0], self.0[to][1] - self.0[from][1]]
    }

    /// The sums up to the first place and up to each end.
    pub(super) fn up_to<'a>(&'a self, ends: &'a [usize]) -> impl Iterator<Item = Whole> + 'a {
        [0].iter().chain(ends).map(|end| self.0[*end])
    }

    fn weight(&self, from: usize, to: usize) -> u64 {
        let [good, bad] = self.whole(from, to);
        good + bad
    }

    /// What is between the ends; a run of places starts where the one before it ends.
    pub(super) fn joined(&self, ends: &[usize]) -> impl Iterator<Item = Whole> {
        let starts = [0].into_iter().chain(ends.iter().copied());
        starts.zip(ends).map(|(from, to)| self.whole(from, *to))
    }

    /// Where at most `most` runs of about the same weight end among those `from..to`. One that is heavy stays by itself.
    pub(super) fn even_ends(&self, from: usize, to: usize, most: usize) -> Vec<usize> {
        if to - from <= most {
            return (from + 1..=to).collect();
        }
        // A heavy one may leave a light rest before it, so that there are too many; then all have to be heavier.
        let mut least = (self.weight(from, to) / most as u64).max(1);
        loop {
            let ends = self.ends(from, to, least);
            if ends.len() <= most {
                return ends;
            }
            least += (least / 16).max(1);
        }
    }

    fn ends(&self, from: usize, to: usize, least: u64) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut start = from;
        while start < to {
            let lighter = |sum: &Whole| sum[0] + sum[1] < self.weight(0, start) + least;
            let end = (start + 1 + self.0[start + 1..to].partition_point(lighter)).min(to);
            if end - start > 1 && self.weight(end - 1, end) >= least {
                ends.push(end - 1);
            }
            ends.push(end);
            start = end;
        }
        ends
    }

    /// The ends of the leaves of a classification tree, grown best first (Breiman et al., *Classification and Regression
    /// Trees*, 1984): it finds where the bad rate changes at a stroke. No leaf is lighter than `least`.
    pub(super) fn tree_ends(&self, least: u64) -> Vec<usize> {
        let split = |from, to| self.best_split(from, to, least.max(1)).map(|(gain, at)| (gain, from, at, to));
        let mut open: Vec<_> = split(0, self.len()).into_iter().collect();
        let mut ends = Vec::new();
        while ends.len() + 1 < LEAVES {
            // Of equal gains the first: the order of the splits depends on the counts alone.
            let best = (0..open.len()).max_by(|a, b| open[*a].0.total_cmp(&open[*b].0).then(b.cmp(a)));
            let Some((_, from, at, to)) = best.map(|best| open.remove(best)) else { break };
            ends.push(at);
            open.extend(split(from, at));
            open.extend(split(at, to));
        }
        ends
    }

    /// The split that lowers the Gini impurity most, and by how much, but for a factor.
    fn best_split(&self, from: usize, to: usize, least: u64) -> Option<(f64, usize)> {
        let [good, bad] = self.whole(from, to);
        let (all, bad) = ((good + bad) as f64, bad as f64);
        let mut best = (1e-9 * bad, 0);
        for at in from + 1..to {
            let [left_good, left_bad] = self.whole(from, at);
            let left = left_good + left_bad;
            if left < least {
                continue;
            }
            if good + (bad as u64) < left + least {
                break;
            }
            let (left, left_bad) = (left as f64, left_bad as f64);
            let right_bad = bad - left_bad;
            let gain = left_bad * left_bad / left + right_bad * right_bad / (all - left) - bad * bad / all;
            if gain > best.0 {
                best = (gain, at);
            }
        }
        (best.1 > 0).then_some(best)
    }

    /// Ends for a closer look: those found, and some between each and what is near it in `grid`.
    pub(super) fn closer_ends(&self, grid: &[usize], found: &[usize]) -> Vec<usize> {
        let mut ends = found.to_vec();
        for end in found.iter().filter(|end| **end < self.len()) {
            let place = grid.partition_point(|other| other < end);
            let before = place.checked_sub(REACH).map_or(0, |before| grid[before]);
            let after = grid.get(place + REACH).copied().unwrap_or(self.len());
            ends.extend(self.even_ends(before, *end, CLOSER));
            ends.extend(self.even_ends(*end, after, CLOSER));
        }
        in_order(ends)
    }

    /// Ends of at most `most` runs of about the same weight, and those of a tree.
    pub(super) fn first_ends(&self, most: usize, least: u64) -> Vec<usize> {
        let mut ends = self.even_ends(0, self.len(), most);
        if self.len() > most {
            ends.extend(self.tree_ends(least));
        }
        in_order(ends)
    }
}

fn in_order(mut ends: Vec<usize>) -> Vec<usize> {
    ends.sort_unstable();
    ends.dedup();
    ends
}
