//! The minimum of a quadratic function with a kink at zero in some directions and others forbidden: exact, by active sets.
//!
//! The method is feature-sign search (Lee, Battle, Raina, Ng, Efficient sparse coding algorithms, 2006) with signs that may
//! be forbidden, which with one sign left is Lawson and Hanson's non-negative least squares (Solving Least Squares Problems,
//! 1974): solve for the places that are not zero, stop where the first of them would change its sign, take in the place
//! whose gradient promises most, until none does.

/// ½ xᵀHx − bᵀx + Σ kinkⱼ·|xⱼ|, xⱼ ≥ 0 where `up` alone is allowed, ≤ 0 where `down` alone is.
#[derive(Debug)]
pub(super) struct Quadratic<'a> {
    /// H: symmetric and positive definite, row by row.
    pub(super) matrix: &'a [f64],
    /// b.
    pub(super) linear: &'a [f64],
    /// The price of each place's distance from zero.
    pub(super) kinks: &'a [f64],
    /// Whether each place may be above zero, and below.
    pub(super) allowed: &'a [(bool, bool)],
}

impl Quadratic<'_> {
    fn width(&self) -> usize {
        self.linear.len()
    }

    /// A place that may have either sign at no price is never held at zero.
    fn is_free(&self, place: usize) -> bool {
        self.kinks[place] == 0.0 && self.allowed[place] == (true, true)
    }

    /// The minimum, found from `start`. `start` may be any point within the signs; it saves time where it is near.
    pub(super) fn minimum(&self, start: &[f64]) -> Vec<f64> {
        let width = self.width();
        let mut at = start.to_vec();
        let side = |value: f64| {
            if value > 0.0 {
                1.0
            } else if value < 0.0 {
                -1.0
            } else {
                0.0
            }
        };
        let mut sides: Vec<f64> = at.iter().map(|value| side(*value)).collect();
        let mut entered = None;
        // A place that came in and went out again at once did so by rounding; it must not come in for ever.
        let mut barred = vec![false; width];
        for _ in 0..20 * width + 50 {
            self.settle(&mut at, &mut sides, &mut entered, &mut barred);
            match self.best_entry(&at, &sides, &barred) {
                None => break,
                Some((place, side)) => {
                    sides[place] = side;
                    entered = Some(place);
                }
            }
        }
        at
    }

    /// Goes to the minimum over the places that are not zero, dropping each that would change its sign on the way.
    fn settle(&self, at: &mut [f64], sides: &mut [f64], entered: &mut Option<usize>, barred: &mut [bool]) {
        loop {
            let active: Vec<usize> =
                (0..self.width()).filter(|&place| self.is_free(place) || sides[place] != 0.0).collect();
            let target = self.solve(&active, sides);
            let mut step = 1.0;
            let mut hit = None;
            for (&place, &wanted) in active.iter().zip(&target) {
                if self.is_free(place) || wanted * sides[place] > 0.0 {
                    continue;
                }
                let reach = if at[place] == 0.0 { 0.0 } else { at[place] / (at[place] - wanted) };
                if hit.is_none() || reach < step {
                    (step, hit) = (reach, Some(place));
                }
            }
            for (&place, &wanted) in active.iter().zip(&target) {
                at[place] = if hit.is_none() { wanted } else { at[place] + step * (wanted - at[place]) };
            }
            let Some(place) = hit else {
                if entered.take().is_some() {
                    barred.fill(false);
                }
                return;
            };
            (at[place], sides[place]) = (0.0, 0.0);
            if *entered == Some(place) {
                barred[place] = true;
                *entered = None;
            }
        }
    }

    fn solve(&self, active: &[usize], sides: &[f64]) -> Vec<f64> {
        let width = self.width();
        let mut matrix = Vec::with_capacity(active.len() * active.len());
        for &row in active {
            matrix.extend(active.iter().map(|&column| self.matrix[row * width + column]));
        }
        let right: Vec<f64> =
            active.iter().map(|&place| self.linear[place] - sides[place] * self.kinks[place]).collect();
        Cholesky::new(matrix, active.len()).solve(&right)
    }

    /// The place at zero that gains most by leaving it, and to which side; none when none gains.
    fn best_entry(&self, at: &[f64], sides: &[f64], barred: &[bool]) -> Option<(usize, f64)> {
        let width = self.width();
        let mut best = None;
        let mut most = 0.0;
        for place in 0..width {
            if self.is_free(place) || sides[place] != 0.0 || barred[place] {
                continue;
            }
            let row = &self.matrix[place * width..(place + 1) * width];
            let products: f64 = row.iter().zip(at).map(|(cell, value)| cell * value).sum();
            let slope = products - self.linear[place];
            let size: f64 = row.iter().zip(at).map(|(cell, value)| (cell * value).abs()).sum();
            // Below this a slope is rounding.
            let noise = 1e-13 * (size + self.linear[place].abs() + self.kinks[place]);
            let scale = row[place].sqrt();
            for (allowed, side) in [(self.allowed[place].0, 1.0), (self.allowed[place].1, -1.0)] {
                let gain = -side * slope - self.kinks[place];
                if allowed && gain > noise && gain / scale > most {
                    most = gain / scale;
                    best = Some((place, side));
                }
            }
        }
        best
    }
}

/// The Cholesky factor of a symmetric positive definite matrix.
#[derive(Debug)]
pub(super) struct Cholesky {
    width: usize,
    factor: Vec<f64>,
}

impl Cholesky {
    /// Factors a matrix, row by row. A pivot that rounding has eaten up is lifted to the smallest that carries a digit.
    pub(super) fn new(mut matrix: Vec<f64>, width: usize) -> Self {
        for row in 0..width {
            for column in 0..=row {
                let (before, from) = matrix.split_at(row * width);
                let left = &from[..column];
                let sum: f64 = if column == row {
                    left.iter().map(|cell| cell * cell).sum()
                } else {
                    let other = &before[column * width..column * width + column];
                    left.iter().zip(other).map(|(one, other)| one * other).sum()
                };
                let rest = from[column] - sum;
                matrix[row * width + column] = if column == row {
                    rest.max(from[column] * 1e-14).max(f64::MIN_POSITIVE).sqrt()
                } else {
                    rest / before[column * width + column]
                };
            }
        }
        Cholesky { width, factor: matrix }
    }

    /// x with Ax = b.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let width = self.width;
        let mut out = right.to_vec();
        for row in 0..width {
            let line = &self.factor[row * width..row * width + row];
            let sum: f64 = line.iter().zip(&out).map(|(cell, value)| cell * value).sum();
            out[row] = (out[row] - sum) / self.factor[row * width + row];
        }
        for row in (0..width).rev() {
            let sum: f64 = (row + 1..width).map(|below| self.factor[below * width + row] * out[below]).sum();
            out[row] = (out[row] - sum) / self.factor[row * width + row];
        }
        out
    }

    /// The diagonal of the inverse.
    pub(super) fn inverse_diagonal(&self) -> Vec<f64> {
        let unit = |place: usize| {
            let mut right = vec![0.0; self.width];
            right[place] = 1.0;
            self.solve(&right)[place]
        };
        (0..self.width).map(unit).collect()
    }
}
