//! From fine bins to the attributes of a card: bins merged, and what belongs to the columns taken out of the pairs. Values are
//! not fitted again afterwards: without the prior over fine bins that lost more by noise than the merging had cost.

use super::against;
use super::backfit::{Joint, Model, Rows};
use super::coarse::Coarse;
use super::descent;
use super::fine::{Fine, Regular};
use super::isotonic::Steps;
use super::merge::groups;
use super::options::Options;
use super::select::{Grid, spread};
use super::term::Term;
use super::trend::trend_of;
use crate::binning::Trend;

/// Newton steps for the intercept after the merging.
const ROUNDS: usize = 3;

/// Log-odds are multiples of this. Sums of such numbers are exact, so what is equal or in order stays so when a row of the
/// card is added up.
const GRAIN: f64 = 1.0 / (1 << 30) as f64;

/// A column none of whose attributes moves the log-odds by this much, and that is in no pair, is left out of the card.
pub(super) const NOTHING: f64 = 0.005;

/// Why a column is not in the card that no table can tell.
pub(super) const AGAINST: &str = "beside the others its table would run against its own bins";

/// How a column's fine bins became attributes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attributes {
    /// The attribute of each fine bin, numbered as in [`crate::bins::Bins`].
    pub(super) of_fine: Vec<u8>,
    /// How many regular ones there are.
    pub(super) regular: usize,
    pub(super) size: usize,
    /// Their weight and that of the bad rows among them.
    pub(super) weight: Vec<f64>,
    pub(super) bad: Vec<f64>,
}

/// A model in tables.
pub(super) struct Compressed {
    pub(super) columns: Vec<Attributes>,
    /// Its mains have a value for each attribute.
    pub(super) model: Model,
    /// The trend that each column keeps.
    pub(super) trends: Vec<Trend>,
    /// Where each column's effect stands.
    pub(super) told: Vec<Told>,
    /// How many pairs were taken for what they add; those behind them tell a column's effect.
    pub(super) grown: usize,
}

/// Where the effect of a column stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Told {
    /// In a table of its own, and in pairs what they add.
    Alone,
    /// In the table of a pair: on its own it would run against its own bins.
    InPair,
    /// Nowhere: it would run against its own bins, and no pair can tell it. The standard deviation over the rows of what it
    /// added.
    Nowhere(f64),
}

/// Merges, sets the intercept right, and tidies.
pub(super) fn compress(
    mut model: Model,
    rows: &mut Rows,
    fines: &[Fine],
    grid: &Grid,
    options: &Options,
) -> Compressed {
    model.draw(rows);
    let trends = model.mains.iter().map(|term| trend_of(term.steps())).collect();
    let mut columns = Vec::with_capacity(fines.len());
    for (place, fine) in fines.iter().enumerate() {
        let curvature: Vec<f64> = model.sums(&rows.codes[place]).iter().map(|sums| sums[1]).collect();
        let paired = model.pairs.iter().any(|joint| joint.first == place || joint.second == place);
        let coarse = grid.coarse[place].as_ref().filter(|_| paired);
        let term = &model.mains[place];
        let attributes = merge(fine, term, &curvature, coarse, options.attributes);
        model.mains[place] = merged_term(term, &attributes, &curvature);
        let of_fine = &attributes.of_fine;
        rows.codes[place].iter_mut().for_each(|code| *code = of_fine[usize::from(*code)]);
        columns.push(attributes);
    }
    model.place(rows);
    for _ in 0..ROUNDS {
        model.draw(rows);
    }
    descent::settle(&mut model, rows);
    let (told, grown) = (vec![Told::Alone; fines.len()], model.pairs.len());
    let mut compressed = Compressed { columns, model, trends, told, grown };
    compressed.tidy(fines, grid);
    for (place, fine) in fines.iter().enumerate() {
        compressed.tell(place, (rows, fine, grid), options.pairs.most());
    }
    if compressed.told.iter().any(|told| *told != Told::Alone) {
        // What was taken away may have been needed: the card is still no worse than none.
        let model = &mut compressed.model;
        model.place(rows);
        for _ in 0..ROUNDS {
            model.draw(rows);
        }
        descent::settle(model, rows);
    }
    compressed.centre();
    compressed.model.place(rows);
    compressed
}

/// Which attribute each fine bin becomes. Attributes end where a row of the column's pairs ends, so that what is taken out of
/// a pair fits into the column; and around the turning point of a peak or valley, so that it stays one.
fn merge(fine: &Fine, term: &Term, curvature: &[f64], coarse: Option<&Coarse>, most: usize) -> Attributes {
    let regular = fine.regular();
    let row = |bin: usize| coarse.map_or(0, |coarse| coarse.of_fine[bin]);
    let mut order: Vec<usize> = (0..regular).collect();
    if let Regular::Levels(_) = fine.regular {
        // The place of categories that were never seen, if no rare ones are there, is no neighbour of any other.
        order.retain(|bin| *bin + 1 < regular || fine.weight[*bin] > 0.0);
        let value = |bin: usize| term.values[bin];
        order.sort_by(|a, b| row(*a).cmp(&row(*b)).then(value(*a).total_cmp(&value(*b))).then(a.cmp(b)));
    }
    let steps = term.steps();
    let turns = |border: usize| border > 0 && border < steps.len() && steps[border - 1] * steps[border] < 0;
    let borders = 0..order.len().saturating_sub(1);
    let forced: Vec<bool> = borders
        .map(|border| row(order[border]) != row(order[border + 1]) || turns(border) || turns(border + 1))
        .collect();
    let alone = fine.specials.len() + usize::from(fine.has_missing()) + (regular - order.len());
    let pick = |of: &[f64]| order.iter().map(|bin| of[*bin]).collect::<Vec<f64>>();
    let found = groups(&pick(&term.values), &pick(curvature), &forced, most.saturating_sub(alone).max(1));
    let mut of_fine = vec![0; fine.count()];
    order.iter().zip(&found).for_each(|(bin, group)| of_fine[*bin] = *group as u8);
    let mut size = found.last().map_or(0, |last| last + 1);
    let unseen = (order.len()..regular).map(|_| regular - 1);
    let regular_attributes = size + (regular - order.len());
    for bin in unseen.chain(regular..fine.count()) {
        of_fine[bin] = size as u8;
        size += 1;
    }
    let mut attributes = Attributes {
        of_fine,
        regular: regular_attributes,
        size,
        weight: vec![0.0; size],
        bad: vec![0.0; size],
    };
    for (bin, attribute) in attributes.of_fine.iter().enumerate() {
        attributes.weight[usize::from(*attribute)] += fine.weight[bin];
        attributes.bad[usize::from(*attribute)] += fine.bad[bin];
    }
    attributes
}

/// The term with a value for each attribute: the mean of its fine bins, weighted by curvature.
fn merged_term(term: &Term, attributes: &Attributes, curvature: &[f64]) -> Term {
    let (mut sums, mut weights) = (vec![0.0; attributes.size], vec![0.0; attributes.size]);
    for (bin, attribute) in attributes.of_fine.iter().enumerate() {
        let weight = curvature[bin].max(1e-9);
        sums[usize::from(*attribute)] += weight * term.values[bin];
        weights[usize::from(*attribute)] += weight;
    }
    let values = sums.iter().zip(&weights).map(|(sum, weight)| sum / weight).collect();
    let border = |bin: &usize| attributes.of_fine[*bin] != attributes.of_fine[*bin + 1];
    let steps: Steps = (0..term.steps().len()).filter(border).map(|border| term.steps()[border]).collect();
    Term::settled(values, steps, term.freedom)
}

impl Compressed {
    /// Columns that no table can tell, the less important half of them: without these the others may be told after all.
    pub(super) fn to_leave_out(&self) -> Vec<usize> {
        let nowhere = |(place, told): (usize, &Told)| match told {
            Told::Nowhere(spread) => Some((*spread, place)),
            Told::Alone | Told::InPair => None,
        };
        let mut found: Vec<(f64, usize)> = self.told.iter().enumerate().filter_map(nowhere).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(found.len().div_ceil(2));
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// Rounds to the grain, and takes out of each pair what belongs to its columns.
    fn tidy(&mut self, fines: &[Fine], grid: &Grid) {
        let model = &mut self.model;
        for term in model.terms_mut() {
            term.values.iter_mut().for_each(|value| *value = rounded(*value));
        }
        for place in 0..model.pairs.len() {
            let (first, second) = (model.pairs[place].first, model.pairs[place].second);
            let (Some(down), Some(across)) = (&grid.coarse[first], &grid.coarse[second]) else { continue };
            let weights = (row_weights(down, &fines[first]), row_weights(across, &fines[second]));
            let shifts = purify(&mut model.pairs[place].term.values, &weights.0, &weights.1);
            model.intercept += shifts.all;
            self.columns[first].shift(&mut model.mains[first].values, down, &shifts.rows);
            self.columns[second].shift(&mut model.mains[second].values, across, &shifts.columns);
        }
    }

    /// Moves the columns' means into the intercept, and lets what was never seen count nothing.
    fn centre(&mut self) {
        let model = &mut self.model;
        for (term, column) in model.mains.iter_mut().zip(&self.columns) {
            let weighted = term.values.iter().zip(&column.weight).map(|(value, weight)| value * weight);
            let mean = rounded(weighted.sum::<f64>() / column.weight.iter().sum::<f64>());
            model.intercept += mean;
            for (value, weight) in term.values.iter_mut().zip(&column.weight) {
                *value = if *weight > 0.0 { *value - mean } else { 0.0 };
            }
        }
        model.intercept = rounded(model.intercept);
    }
}

impl Compressed {
    /// Takes a column's table away when it runs against its own bins, and gives what it told to the pair that agrees best with
    /// its own cells then; where it is in none that does, to one of its own, as long as there are fewer than `most`. A column
    /// that is held to a trend keeps it, whatever its bins say.
    fn tell(&mut self, place: usize, (rows, fine, grid): (&Rows, &Fine, &Grid), most: usize) {
        let (values, column) = (&self.model.mains[place].values, &self.columns[place]);
        let agreement = against::agreement(values, &column.weight, &column.bad);
        if self.trends[place] != Trend::Any || agreement >= 0.0 {
            return;
        }
        if values.iter().all(|value| value.abs() < NOTHING) {
            // Noise, too little for a pair.
            self.model.mains[place].values.fill(0.0);
            return;
        }
        self.told[place] = match self.tell_in_pair(place, (rows, fine, grid), most) {
            Some(()) => Told::InPair,
            None => Told::Nowhere(spread(&self.model.mains[place].values, &self.columns[place].weight)),
        };
        self.model.mains[place].values.fill(0.0);
    }

    fn tell_in_pair(
        &mut self,
        place: usize,
        (rows, fine, grid): (&Rows, &Fine, &Grid),
        most: usize,
    ) -> Option<()> {
        let added = self.by_row(place, fine, grid.coarse[place].as_ref()?);
        let best = |joints: &mut dyn Iterator<Item = (usize, &Joint)>| {
            let told = |(at, joint): (usize, &Joint)| {
                let width = grid.coarse[joint.second].as_ref()?.size;
                let (cells, agreement) = against::with(joint, rows, width, &added, joint.second == place);
                (agreement > 0.0).then_some((agreement, at, cells))
            };
            let better = |best: (f64, usize, Vec<f64>), other: (f64, usize, Vec<f64>)| {
                if other.0 > best.0 { other } else { best }
            };
            joints.filter_map(told).reduce(better).map(|(_, at, cells)| (at, cells))
        };
        let pairs = &mut self.model.pairs;
        let own = |(_, joint): &(usize, &Joint)| joint.first == place || joint.second == place;
        if let Some((at, cells)) = best(&mut pairs.iter().enumerate().filter(own)) {
            pairs[at].term.values = cells;
            return Some(());
        }
        if pairs.len() >= most {
            return None;
        }
        let others = (0..self.columns.len()).filter(|other| *other != place);
        let fresh = |other: usize| grid.joint(&self.model, 0.0, place.min(other), place.max(other));
        let mut fresh: Vec<Joint> = others.filter_map(fresh).collect();
        let (at, cells) = best(&mut fresh.iter().enumerate())?;
        let mut joint = fresh.swap_remove(at);
        joint.term.values = cells;
        self.model.pairs.push(joint);
        Some(())
    }

    /// The mean of a column's table in each row of its pairs. By fine bins: an attribute of a column that was in no pair may lie
    /// in several rows.
    fn by_row(&self, place: usize, fine: &Fine, coarse: &Coarse) -> Vec<f64> {
        let values = &self.model.mains[place].values;
        let of_fine = self.columns[place].of_fine.iter();
        let values: Vec<f64> = of_fine.map(|attribute| values[usize::from(*attribute)]).collect();
        let means = against::by_group(&values, &fine.weight, &coarse.of_fine, coarse.size);
        means.into_iter().map(rounded).collect()
    }
}

impl Attributes {
    /// Adds the shift of its row to each attribute.
    fn shift(&self, values: &mut [f64], coarse: &Coarse, shifts: &[f64]) {
        let mut row = vec![0; self.size];
        for (attribute, coarse) in self.of_fine.iter().zip(&coarse.of_fine) {
            row[usize::from(*attribute)] = usize::from(*coarse);
        }
        values.iter_mut().zip(row).for_each(|(value, row)| *value += shifts[row]);
    }
}

/// The nearest multiple of [`GRAIN`].
pub(super) fn rounded(value: f64) -> f64 {
    libm::round(value / GRAIN) * GRAIN
}

fn row_weights(coarse: &Coarse, fine: &Fine) -> Vec<f64> {
    let mut weights = vec![0.0; coarse.size];
    for (row, weight) in coarse.of_fine.iter().zip(&fine.weight) {
        weights[usize::from(*row)] += weight;
    }
    weights
}

/// What was taken out of a pair.
struct Shifts {
    all: f64,
    rows: Vec<f64>,
    columns: Vec<f64>,
}

/// Takes the means of rows and columns out of a table (functional analysis of variance; Sobol, 1993). The mean of a row
/// weighs the columns by how often they occur at all, not beside this row: what the column's own table gains is then its
/// partial dependence, and rows in ascending order have ascending means, so that a monotone column stays so. Rows and
/// columns that no row of the sample lies in become zero.
fn purify(cells: &mut [f64], rows: &[f64], columns: &[f64]) -> Shifts {
    let mean = |values: &mut dyn Iterator<Item = f64>, weights: &[f64]| {
        let sum: f64 = values.zip(weights).map(|(value, weight)| value * weight).sum();
        sum / weights.iter().sum::<f64>()
    };
    let width = columns.len();
    let of_rows: Vec<f64> =
        cells.chunks(width).map(|line| mean(&mut line.iter().copied(), columns)).collect();
    let of_columns: Vec<f64> =
        (0..width).map(|column| mean(&mut cells.iter().skip(column).step_by(width).copied(), rows)).collect();
    let all = rounded(mean(&mut of_rows.iter().copied(), rows));
    let shifts = |means: Vec<f64>| means.into_iter().map(|mean| rounded(mean) - all).collect();
    let shifts = Shifts { all, rows: shifts(of_rows), columns: shifts(of_columns) };
    for (cell, value) in cells.iter_mut().enumerate() {
        let (row, column) = (cell / width, cell % width);
        let seen = rows[row] > 0.0 && columns[column] > 0.0;
        *value = if seen { *value - shifts.rows[row] - shifts.columns[column] - all } else { 0.0 };
    }
    shifts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_rows_and_columns_leaves_the_table() {
        // 1 + row + 10·column + an effect of both; the last row is never seen.
        let both = [0.5, -0.5, -0.5, 0.5];
        let mut cells = [1.0, 11.0, 2.0, 12.0, 7.0, 7.0];
        both.iter().enumerate().for_each(|(cell, effect)| cells[cell] += effect);
        let shifts = purify(&mut cells, &[1.0, 1.0, 0.0], &[3.0, 3.0]);
        assert_eq!(cells, [0.5, -0.5, -0.5, 0.5, 0.0, 0.0]);
        assert_eq!(
            (shifts.all, &shifts.rows[..2], &shifts.columns[..]),
            (6.5, &[-0.5, 0.5][..], &[-5.0, 5.0][..])
        );
    }
}
