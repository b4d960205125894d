//! Which pairs of columns get a table: those whose cells, roughly fitted to what the model leaves, promise the most.

use super::backfit::{Joint, Model, Rows};
use super::coarse::Coarse;
use super::descent;
use super::fine::Fine;
use super::options::Options;
use super::term::Term;

/// Pairs are looked for among so many columns: those whose own shapes spread the log-odds most. 780 pairs are screened in
/// the time that a fit takes.
const SCREENED: usize = 40;

/// Rows that screening looks at, about; evenly spaced where there are more.
const ROWS: usize = 100_000;

/// Rounds over all terms after a pair has come in: one that adapts, the rest not.
const ROUNDS: usize = 3;

/// The columns of a sample as rows and columns of tables.
pub(super) struct Grid {
    /// How each column is grouped; None: it takes part in no pair.
    pub(super) coarse: Vec<Option<Coarse>>,
    /// The coarse row of each row of the sample, column by column.
    codes: Vec<Vec<u8>>,
}

impl Grid {
    /// The grid of a model of columns alone.
    pub(super) fn new(model: &Model, rows: &Rows, fines: &[Fine], options: &Options) -> Self {
        let mut order: Vec<usize> = (0..fines.len()).collect();
        let spread = |place: usize| spread(&model.mains[place].values, &fines[place].weight);
        order.sort_by(|a, b| spread(*b).total_cmp(&spread(*a)).then(a.cmp(b)));
        let coarse: Vec<Option<Coarse>> = (0..fines.len())
            .map(|place| {
                let screened = order.iter().take(SCREENED).any(|other| *other == place);
                screened.then(|| Coarse::new(&fines[place], &model.mains[place].values, options.rows))?
            })
            .collect();
        let codes = coarse.iter().zip(&rows.codes);
        let codes = codes.map(|(coarse, fine)| coarse.as_ref().map_or(vec![], |coarse| coarse.codes(fine)));
        let codes = codes.collect();
        Grid { coarse, codes }
    }

    /// The pairs that are not yet in the model, the most promising first, each with its promise.
    fn screen(&self, model: &Model) -> Vec<(f64, usize, usize)> {
        let stride = (self.codes.iter().map(Vec::len).max().unwrap_or(0) / ROWS).max(1);
        let mut promises = Vec::new();
        for (first, rows) in self.coarse.iter().enumerate() {
            for (second, columns) in self.coarse.iter().enumerate().skip(first + 1) {
                let (Some(rows), Some(columns)) = (rows, columns) else { continue };
                if model.pairs.iter().any(|joint| (joint.first, joint.second) == (first, second)) {
                    continue;
                }
                let (a, b) = (&self.codes[first], &self.codes[second]);
                let sums = model.sums_of_two(a, b, columns.size, stride);
                let promise =
                    Term::pair(rows.axis(), columns.axis(), (vec![], vec![])).promise(&sums, stride as f64);
                promises.push((promise, first, second));
            }
        }
        promises.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        promises
    }

    /// Brings the most promising pairs into the model until it has `count`, and fits all terms together again. False: there
    /// is no other pair.
    pub(super) fn grow(&self, model: &mut Model, rows: &Rows, count: usize) -> bool {
        model.draw(rows);
        let wanted = count.saturating_sub(model.pairs.len());
        let found = self.screen(model);
        let before = model.pairs.len();
        for (promise, first, second) in found.iter().take(wanted) {
            if let Some(joint) = self.joint(model, *promise, *first, *second) {
                model.pairs.push(joint);
            }
        }
        if model.pairs.len() == before {
            return false;
        }
        for round in 0..ROUNDS {
            descent::round(model, rows, round == 0);
        }
        true
    }

    /// A pair of two columns, the earlier one first, that adds nothing yet.
    pub(super) fn joint(&self, model: &Model, promise: f64, first: usize, second: usize) -> Option<Joint> {
        let (rows, columns) = (self.coarse[first].as_ref()?, self.coarse[second].as_ref()?);
        let steps = (rows.steps(model.mains[first].steps()), columns.steps(model.mains[second].steps()));
        let term = Term::pair(rows.axis(), columns.axis(), steps);
        let cell =
            |(row, column): (&u8, &u8)| (usize::from(*row) * columns.size + usize::from(*column)) as u8;
        let cells = self.codes[first].iter().zip(&self.codes[second]).map(cell).collect();
        Some(Joint { first, second, promise, term, cells })
    }
}

/// The standard deviation of a term over the rows.
pub(super) fn spread(values: &[f64], weight: &[f64]) -> f64 {
    let all: f64 = weight.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mean = values.iter().zip(weight).map(|(value, weight)| value * weight).sum::<f64>() / all;
    let square = |(value, weight): (&f64, &f64)| (value - mean) * (value - mean) * weight;
    (values.iter().zip(weight).map(square).sum::<f64>() / all).sqrt()
}
