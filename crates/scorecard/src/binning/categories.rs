//! Categories in the order of their bad rates, and their groups.

use super::constraints::Constraints;
use super::count::{Count, Weights, Whole};
use super::grid::Sums;

/// Categories that stay together, and the rows that have them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Item {
    pub(super) levels: Vec<usize>,
    /// Whether the rare ones are among them; they are not listed.
    pub(super) rare: bool,
    pub(super) whole: Whole,
}

impl Item {
    fn add(&mut self, next: &Item) {
        self.levels.extend(&next.levels);
        self.rare |= next.rare;
        self.whole[0] += next.whole[0];
        self.whole[1] += next.whole[1];
    }

    fn weight(&self) -> u64 {
        self.whole[0] + self.whole[1]
    }
}

/// The categories that have rows, in the order of their smoothed bad rates and then of their texts: the order of the codes,
/// which is that of the rows, does not matter. The rare ones are one item; neighbours are joined to at most `most`.
pub(super) fn items(
    counts: &[Whole],
    levels: &[String],
    weights: &Weights,
    constraints: &Constraints,
    most: usize,
) -> Vec<Item> {
    let all: f64 = counts.iter().map(|whole| weights.count(*whole).weight()).sum();
    let mut rare = Item { rare: true, ..Item::default() };
    let mut items = Vec::new();
    for (level, &whole) in counts.iter().enumerate() {
        let item = Item { levels: vec![level], rare: false, whole };
        match weights.count(whole).weight() {
            0.0 => {}
            weight if weight < constraints.rare * all => rare.add(&Item { levels: vec![], ..item }),
            _ => items.push(item),
        }
    }
    if rare.weight() > 0 {
        items.push(rare);
    }
    let (overall, smoothing) = (weights.total.rate(), constraints.smoothing);
    let rate = |item: &Item| {
        let count = weights.count(item.whole);
        (count.bad + smoothing * overall) / (count.weight() + smoothing)
    };
    let text = |item: &Item| item.levels.first().map_or("", |level| levels[*level].as_str());
    items.sort_by(|a, b| rate(a).total_cmp(&rate(b)).then_with(|| text(a).cmp(text(b))));
    let sums = Sums::new(items.iter().map(|item| item.whole));
    joined(&items, &sums.even_ends(0, items.len(), most))
}

/// The group of categories that no group lists: the one with the rare ones; where none is rare, the one whose bad rate is
/// nearest to the overall one, so that a new category says as little as can be.
pub(super) fn other(groups: &[Item], weights: &Weights) -> usize {
    let overall = weights.total.rate();
    let away = |group: &Item| (weights.count(group.whole).rate() - overall).abs();
    let nearest = |a: &(usize, &Item), b: &(usize, &Item)| {
        b.1.rare.cmp(&a.1.rare).then(away(a.1).total_cmp(&away(b.1))).then(a.0.cmp(&b.0))
    };
    groups.iter().enumerate().min_by(nearest).map_or(0, |group| group.0)
}

/// The counts of items as numbers.
pub(super) fn counts(items: &[Item], weights: &Weights) -> Vec<Count> {
    items.iter().map(|item| weights.count(item.whole)).collect()
}

/// Items joined to groups that end at `ends`; without any item, one empty group.
pub(super) fn joined(items: &[Item], ends: &[usize]) -> Vec<Item> {
    let mut start = 0;
    let group = |&end: &usize| {
        let mut group = Item::default();
        items[start..end].iter().for_each(|item| group.add(item));
        start = end;
        group
    };
    ends.iter().map(group).collect()
}
