//! Loss, gradient and Hessian of a logistic regression: one pass over the rows, in blocks that stay in the nearest cache.

use super::design::Design;

/// Rows of a block. 128 rows of 20 columns are 20 KiB, twice that with their weighted copy.
const BLOCK: usize = 128;
type Block = [f64; BLOCK];

/// Σ over the rows of the loss and its derivatives by the intercept (place 0) and the coefficients (from place 1) of the
/// centred regressors.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    /// The weighted negative log-likelihood.
    pub(super) loss: f64,
    /// Its first derivatives.
    pub(super) gradient: Vec<f64>,
    /// Its second derivatives, row by row; empty when they were not asked for.
    pub(super) hessian: Vec<f64>,
}

/// What to multiply together for second moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Second {
    /// Nothing.
    None,
    /// Σ w·p·(1 − p)·x·xᵀ: the Hessian of the loss.
    Hessian,
}

/// The moments at coefficients, the intercept first.
pub(super) fn moments(design: &Design<'_>, at: &[f64], second: Second) -> Moments {
    let width = at.len();
    let mut out = Moments { loss: 0.0, gradient: vec![0.0; width], hessian: Vec::new() };
    let mut gram = Gram::new(if second == Second::None { 0 } else { width });
    let mut columns = Columns::new(design);
    let mut curve = [0.0; BLOCK];
    let mut slope = [0.0; BLOCK];
    for start in (0..design.rows()).step_by(BLOCK) {
        let end = (start + BLOCK).min(design.rows());
        columns.fill(start, end);
        let mut eta = [at[0]; BLOCK];
        if let Some(offset) = &design.offset {
            eta.iter_mut().zip(&offset[start..end]).for_each(|(eta, offset)| *eta += offset);
        }
        for (column, &coefficient) in columns.blocks[1..].iter().zip(&at[1..]) {
            if coefficient != 0.0 {
                eta.iter_mut().zip(column).for_each(|(eta, value)| *eta += coefficient * value);
            }
        }
        out.loss += link(design, start, end, &eta, &mut slope, &mut curve);
        for (sum, column) in out.gradient.iter_mut().zip(&columns.blocks) {
            *sum += dot(column, &slope);
        }
        if second != Second::None {
            gram.add(&columns.blocks, &curve);
        }
    }
    out.hessian = gram.full();
    out
}

/// Σ w·x·xᵀ over the centred regressors, the intercept first: what correlations are made of.
pub(super) fn gram(design: &Design<'_>) -> Vec<f64> {
    let mut gram = Gram::new(design.regressors.len() + 1);
    let mut columns = Columns::new(design);
    for start in (0..design.rows()).step_by(BLOCK) {
        let end = (start + BLOCK).min(design.rows());
        columns.fill(start, end);
        let mut weights = [0.0; BLOCK];
        weights.iter_mut().zip(start..end).for_each(|(weight, row)| *weight = design.weight_of(row));
        gram.add(&columns.blocks, &weights);
    }
    gram.full()
}

/// The loss of each row of a block, with its first and second derivative by η; rows that weigh nothing give nothing.
fn link(
    design: &Design<'_>,
    start: usize,
    end: usize,
    eta: &Block,
    slope: &mut Block,
    curve: &mut Block,
) -> f64 {
    let rows = end - start;
    let mut small = [0.0; BLOCK];
    small.iter_mut().zip(eta).for_each(|(small, eta)| *small = exp_of_negative(-eta.abs()));
    // ln(1 + e^η) − y·η = max(0, ±η) + ln(1 + e^−|η|), the sign by the target.
    let mut hinge = [0.0; BLOCK];
    let outcome = |row: usize| f64::from(u8::from(design.bad[row]));
    for (place, row) in (start..end).enumerate() {
        let (eta, small, bad) = (eta[place], small[place], outcome(row));
        let rest = 1.0 / (1.0 + small);
        slope[place] = if eta >= 0.0 { rest } else { small * rest } - bad;
        curve[place] = small * rest * rest;
        hinge[place] = (eta * (1.0 - 2.0 * bad)).max(0.0);
    }
    for block in [&mut *slope, &mut *curve] {
        block[rows..].fill(0.0);
    }
    let Some(weight) = &design.weight else {
        // Π(1 + e^−|η|) ≤ 2^128 over a block, so one logarithm serves the whole of it.
        let mut products = [1.0; LANES];
        for lanes in small[..rows].chunks(LANES) {
            products.iter_mut().zip(lanes).for_each(|(product, small)| *product *= 1.0 + small);
        }
        return dot(&hinge, &[1.0; BLOCK]) + libm::log(products.iter().product());
    };
    let mut loss = 0.0;
    for (place, weight) in weight[start..end].iter().enumerate() {
        if *weight > 0.0 {
            loss += weight * (hinge[place] + libm::log1p(small[place]));
        }
        slope[place] *= weight;
        curve[place] *= weight;
    }
    loss
}

/// e^x for x ≤ 0 to the last digit or the one before it, without a branch, so that it is found for some rows at a time.
/// Cody and Waite's reduction (*Software Manual for the Elementary Functions*, 1980): e^x = 2^n · e^r with |r| ≤ ln 2 / 2,
/// and of e^r as many terms of the Taylor series as a double can tell. Below e^−708 it stays there.
fn exp_of_negative(x: f64) -> f64 {
    /// The whole part of a sum with it stands in its lowest bits.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    /// ln 2 in two parts, of which the first has zeros where a whole number is multiplied in.
    const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
    /// 1 / 12!, 1 / 11!, … 1 / 1!, 1.
    const TERMS: [f64; 13] = [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = x.max(-708.0);
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (x - n * LN_2.0) - n * LN_2.1;
    let series = TERMS.iter().fold(0.0, |sum, term| sum * r + term);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
    series * power
}

/// The centred regressors of a block of rows; the first column is the intercept's.
struct Columns<'a> {
    design: &'a Design<'a>,
    tables: Vec<Vec<f64>>,
    blocks: Vec<Block>,
}

impl<'a> Columns<'a> {
    fn new(design: &'a Design<'a>) -> Self {
        let each = design.regressors.iter().zip(&design.means);
        let tables: Vec<Vec<f64>> = each.map(|(regressor, mean)| regressor.entries.table(*mean)).collect();
        let blocks = vec![[1.0; BLOCK]; tables.len() + 1];
        Columns { design, tables, blocks }
    }

    fn fill(&mut self, start: usize, end: usize) {
        for (place, regressor) in self.design.regressors.iter().enumerate() {
            let (mean, block) = (self.design.means[place], &mut self.blocks[place + 1]);
            regressor.entries.fill(start, end, mean, &self.tables[place], block);
        }
    }
}

/// Σ v·x·xᵀ, its lower triangle summed block by block.
struct Gram {
    width: usize,
    sums: Vec<f64>,
    weighted: Vec<Block>,
}

impl Gram {
    fn new(width: usize) -> Self {
        Gram { width, sums: vec![0.0; width * width], weighted: vec![[0.0; BLOCK]; width] }
    }

    fn add(&mut self, columns: &[Block], weights: &Block) {
        for (weighted, column) in self.weighted.iter_mut().zip(columns) {
            for ((cell, value), weight) in weighted.iter_mut().zip(column).zip(weights) {
                *cell = value * weight;
            }
        }
        let width = self.width;
        // Two by two, so that each value that is loaded serves twice.
        for row in (0..width).step_by(2) {
            for column in (0..=row).step_by(2) {
                if row + 1 < width {
                    let pair = [&self.weighted[row], &self.weighted[row + 1]];
                    let sums = dots(pair, [&columns[column], &columns[column + 1]]);
                    self.sums[row * width + column] += sums[0];
                    self.sums[row * width + column + 1] += sums[1];
                    self.sums[(row + 1) * width + column] += sums[2];
                    self.sums[(row + 1) * width + column + 1] += sums[3];
                } else {
                    self.sums[row * width + column] += dot(&self.weighted[row], &columns[column]);
                    if column + 1 < width {
                        self.sums[row * width + column + 1] += dot(&self.weighted[row], &columns[column + 1]);
                    }
                }
            }
        }
    }

    /// The whole matrix, its upper triangle a copy of the lower one.
    fn full(mut self) -> Vec<f64> {
        for row in 0..self.width {
            for column in 0..row {
                self.sums[column * self.width + row] = self.sums[row * self.width + column];
            }
        }
        self.sums
    }
}

/// Lanes are summed apart and joined in a fixed order: the same digits however wide the machine's registers are.
const LANES: usize = 4;

fn dot(one: &Block, other: &Block) -> f64 {
    let mut lanes = [0.0; LANES];
    for (one, other) in one.as_chunks::<LANES>().0.iter().zip(other.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            lanes[lane] += one[lane] * other[lane];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// The four products of two columns with two others.
fn dots(first: [&Block; 2], second: [&Block; 2]) -> [f64; 4] {
    let mut lanes = [[0.0; 2]; 4];
    let [a, b] = first.map(|block| block.as_chunks::<2>().0);
    let [c, d] = second.map(|block| block.as_chunks::<2>().0);
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        for lane in 0..2 {
            lanes[0][lane] += a[lane] * c[lane];
            lanes[1][lane] += a[lane] * d[lane];
            lanes[2][lane] += b[lane] * c[lane];
            lanes[3][lane] += b[lane] * d[lane];
        }
    }
    lanes.map(|lanes| lanes[0] + lanes[1])
}

#[cfg(test)]
mod tests {
    use super::exp_of_negative;

    #[test]
    fn the_exponential_is_right_to_the_last_digits() {
        for place in 0..200_000 {
            let x = -f64::from(place) * 0.003_537;
            let (found, wanted) = (exp_of_negative(x), libm::exp(x));
            assert!((found / wanted - 1.0).abs() < 4e-16, "e^{x} is {wanted}, not {found}");
        }
        assert_eq!(exp_of_negative(0.0), 1.0);
        assert_eq!(exp_of_negative(f64::NEG_INFINITY), exp_of_negative(-708.0));
    }
}
