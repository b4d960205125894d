//! Symmetric positive definite matrices whose entries lie near the diagonal: factor, solve, and the part of the inverse that
//! lies within the band.

/// A symmetric matrix of which only the diagonal and `width` entries to the left of it are not zero. Row `i` stores its
/// entries `i - width ..= i`, those left of column 0 as zeros.
#[derive(Debug, Clone)]
pub(super) struct Band {
    size: usize,
    width: usize,
    entries: Vec<f64>,
}

/// The factors L and D of a band matrix L·D·Lᵀ.
pub(super) struct Factor {
    lower: Band,
    diagonal: Vec<f64>,
}

impl Band {
    pub(super) fn zeros(size: usize, width: usize) -> Self {
        Band { size, width, entries: vec![0.0; size * (width + 1)] }
    }

    /// The place of an entry; `column <= row <= column + width`.
    fn at(&self, row: usize, column: usize) -> usize {
        row * (self.width + 1) + self.width - (row - column)
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Adds the penalty `strength · (x_a − x_b)²`.
    pub(super) fn couple(&mut self, a: usize, b: usize, strength: f64) {
        let (low, high) = (a.min(b), a.max(b));
        for (row, column, sign) in [(low, low, 1.0), (high, high, 1.0), (high, low, -1.0)] {
            let at = self.at(row, column);
            self.entries[at] += sign * strength;
        }
    }

    /// Adds the penalty `strength · x²`.
    pub(super) fn hold(&mut self, row: usize, strength: f64) {
        let at = self.at(row, row);
        self.entries[at] += strength;
    }

    /// This matrix times `scale`, plus a diagonal.
    pub(super) fn scaled_plus(&self, scale: f64, diagonal: impl Iterator<Item = f64>) -> Band {
        let mut sum = self.clone();
        sum.entries.iter_mut().for_each(|entry| *entry *= scale);
        for (row, value) in diagonal.enumerate().take(self.size) {
            sum.hold(row, value);
        }
        sum
    }

    /// A·x.
    pub(super) fn times(&self, x: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; self.size];
        for row in 0..self.size {
            product[row] += self.entries[self.at(row, row)] * x[row];
            for column in row.saturating_sub(self.width)..row {
                let entry = self.entries[self.at(row, column)];
                product[row] += entry * x[column];
                product[column] += entry * x[row];
            }
        }
        product
    }

    /// xᵀ·A·x.
    pub(super) fn quadratic(&self, x: &[f64]) -> f64 {
        self.times(x).iter().zip(x).map(|(product, x)| product * x).sum()
    }

    /// The sum of the products of entries with those of another matrix of the same band: the trace of their product.
    pub(super) fn trace_of_product(&self, other: &Band) -> f64 {
        let mut sum = 0.0;
        for row in 0..self.size {
            sum += self.entries[self.at(row, row)] * other.entries[other.at(row, row)];
            for column in row.saturating_sub(self.width)..row {
                sum += 2.0 * self.entries[self.at(row, column)] * other.entries[other.at(row, column)];
            }
        }
        sum
    }

    /// L·D·Lᵀ; the matrix must be positive definite.
    pub(super) fn factor(self) -> Factor {
        let (width, stride) = (self.width, self.width + 1);
        let mut lower = self;
        let mut diagonal = vec![0.0; lower.size];
        for row in 0..lower.size {
            let first = row.saturating_sub(width);
            let mut pivot = lower.entries[lower.at(row, row)];
            for column in first..row {
                let from = first.max(column.saturating_sub(width));
                let (mine, theirs) = (lower.at(row, from), lower.at(column, from));
                let length = column - from;
                let mut entry = lower.entries[mine + length];
                for step in 0..length {
                    entry -=
                        lower.entries[mine + step] * lower.entries[theirs + step] * diagonal[from + step];
                }
                lower.entries[row * stride + width - (row - column)] = entry / diagonal[column];
                pivot -= entry * entry / diagonal[column];
            }
            // Rounding may not take what the penalty put there.
            diagonal[row] = pivot.max(1e-12);
        }
        Factor { lower, diagonal }
    }
}

impl Factor {
    /// Solves A·x = b.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let (lower, size, width) = (&self.lower, self.lower.size, self.lower.width);
        let mut x = b.to_vec();
        for row in 0..size {
            for column in row.saturating_sub(width)..row {
                x[row] -= lower.entries[lower.at(row, column)] * x[column];
            }
        }
        for (value, pivot) in x.iter_mut().zip(&self.diagonal) {
            *value /= pivot;
        }
        for row in (0..size).rev() {
            for column in row.saturating_sub(width)..row {
                x[column] -= lower.entries[lower.at(row, column)] * x[row];
            }
        }
        x
    }

    /// The entries of the inverse within the band, without computing the others (Takahashi, Fagan and Chen, Formation of a
    /// sparse bus impedance matrix, 1973).
    pub(super) fn inverse_in_band(&self) -> Band {
        let (lower, size, width) = (&self.lower, self.lower.size, self.lower.width);
        let mut inverse = Band::zeros(size, width);
        for column in (0..size).rev() {
            let last = (column + width).min(size - 1);
            for row in (column..=last).rev() {
                let mut entry = if row == column { 1.0 / self.diagonal[column] } else { 0.0 };
                for step in column + 1..=last {
                    let (high, low) = (row.max(step), row.min(step));
                    entry -= lower.entries[lower.at(step, column)] * inverse.entries[inverse.at(high, low)];
                }
                let at = inverse.at(row, column);
                inverse.entries[at] = entry;
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gauss and Jordan on the full matrix: slow and plain.
    fn inverse(band: &Band) -> Vec<Vec<f64>> {
        let size = band.size;
        let mut rows: Vec<Vec<f64>> = (0..size).map(|_| vec![0.0; 2 * size]).collect();
        for row in 0..size {
            rows[row][size + row] = 1.0;
            let first = row.saturating_sub(band.width);
            let entries: Vec<f64> = (first..=row).map(|column| band.entries[band.at(row, column)]).collect();
            for (place, entry) in entries.into_iter().enumerate() {
                (rows[row][first + place], rows[first + place][row]) = (entry, entry);
            }
        }
        for pivot in 0..size {
            let by = rows[pivot][pivot];
            rows[pivot].iter_mut().for_each(|value| *value /= by);
            let of_pivot = rows[pivot].clone();
            for (row, values) in rows.iter_mut().enumerate().filter(|(row, _)| *row != pivot) {
                let times = values[pivot];
                assert_ne!(row, pivot);
                values.iter_mut().zip(&of_pivot).for_each(|(value, from)| *value -= times * from);
            }
        }
        rows.into_iter().map(|row| row[size..].to_vec()).collect()
    }

    proptest! {
        #[test]
        fn solutions_and_inverse_are_those_of_the_full_matrix(
            size in 1usize..9,
            width in 0usize..4,
            couples in prop::collection::vec((0usize..9, 0usize..9, 0.1f64..5.0), 0..12),
            held in prop::collection::vec(0.1f64..3.0, 9),
            right in prop::collection::vec(-2.0f64..2.0, 9),
        ) {
            let mut band = Band::zeros(size, width);
            for (row, strength) in held.iter().enumerate().take(size) {
                band.hold(row, *strength);
            }
            for (a, b, strength) in couples {
                if a != b && a.max(b) < size && a.abs_diff(b) <= width {
                    band.couple(a, b, strength);
                }
            }
            let full = inverse(&band);
            let factor = band.clone().factor();
            let solved = factor.solve(&right[..size]);
            let inverted = factor.inverse_in_band();
            for row in 0..size {
                let wanted: f64 = (0..size).map(|column| full[row][column] * right[column]).sum();
                prop_assert!((solved[row] - wanted).abs() < 1e-9);
                for (column, wanted) in full[row].iter().enumerate().take(row + 1) {
                    if row - column <= width {
                        prop_assert!((inverted.entries[inverted.at(row, column)] - wanted).abs() < 1e-9);
                    }
                }
            }
            prop_assert!((band.trace_of_product(&inverted) - size as f64).abs() < 1e-8);
            let back = band.times(&solved);
            prop_assert!(back.iter().zip(&right).all(|(back, right)| (back - right).abs() < 1e-8));
        }
    }
}
