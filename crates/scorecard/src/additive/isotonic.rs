//! Values that must not fall, or not rise, from one bin to the next.

/// Which way each step from a bin to the next may go: 1 not down, −1 not up, 0 either way.
pub(super) type Steps = Vec<i8>;

/// Pools neighbours that step the wrong way into their weighted mean until every step is right (pool adjacent violators;
/// Barlow, Bartholomew, Bremner and Brunk, Statistical inference under order restrictions, 1972). For steps that all go one
/// way the result is the nearest in weighted least squares; for a peak or a valley it is near it, and always right.
pub(super) fn pool(values: &mut [f64], weight: impl Fn(usize) -> f64, steps: &[i8]) {
    if steps.iter().all(|step| *step == 0) {
        return;
    }
    let mut blocks: Vec<Block> = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        // A weight of zero would leave the mean of two empty bins undefined.
        blocks.push(Block { first: place, value: *value, weight: weight(place).max(1e-9) });
        while let [.., before, last] = blocks.as_slice() {
            let step = f64::from(steps.get(last.first - 1).copied().unwrap_or(0));
            if (last.value - before.value) * step >= 0.0 {
                break;
            }
            let weight = before.weight + last.weight;
            let value = (before.value * before.weight + last.value * last.weight) / weight;
            let first = before.first;
            blocks.truncate(blocks.len() - 2);
            blocks.push(Block { first, value, weight });
        }
    }
    let ends = blocks.iter().skip(1).map(|block| block.first).chain([values.len()]).collect::<Vec<_>>();
    for (block, end) in blocks.iter().zip(ends) {
        values[block.first..end].fill(block.value);
    }
}

struct Block {
    first: usize,
    value: f64,
    weight: f64,
}

/// Pools a table (`columns` cells a row) until each of its rows and columns steps the right way: `down` from row to row,
/// `across` from column to column. Where both are asked for, the two poolings take turns (Dykstra and Robertson, An algorithm
/// for isotonic regression for two or more independent variables, 1982), and what rounding leaves is carried over exactly.
pub(super) fn pool_table(
    values: &mut [f64],
    columns: usize,
    weight: impl Fn(usize) -> f64,
    down: &[i8],
    across: &[i8],
) {
    let both = down.iter().any(|step| *step != 0) && across.iter().any(|step| *step != 0);
    let rows = values.len() / columns.max(1);
    let pool_down = |values: &mut [f64]| {
        for column in 0..columns {
            let mut line: Vec<f64> = (0..rows).map(|row| values[row * columns + column]).collect();
            pool(&mut line, |row| weight(row * columns + column), down);
            line.iter().enumerate().for_each(|(row, value)| values[row * columns + column] = *value);
        }
    };
    let pool_across = |values: &mut [f64]| {
        for (row, line) in values.chunks_mut(columns.max(1)).enumerate() {
            pool(line, |column| weight(row * columns + column), across);
        }
    };
    if !both {
        pool_down(values);
        pool_across(values);
        return;
    }
    let mut kept = [vec![0.0; values.len()], vec![0.0; values.len()]];
    for turn in 0..40 {
        let kept = &mut kept[turn % 2];
        values.iter_mut().zip(kept.iter()).for_each(|(value, kept)| *value += kept);
        let before = values.to_vec();
        if turn % 2 == 0 {
            pool_down(values)
        } else {
            pool_across(values)
        }
        for ((kept, before), value) in kept.iter_mut().zip(before).zip(values.iter()) {
            *kept = before - value;
        }
    }
    carry(values, columns, down, across);
}

/// Moves each cell just as far as its right steps from the cells before it demand. Exact for steps that go one way along each
/// axis; a peak or a valley beside another constraint is carried until nothing moves.
fn carry(values: &mut [f64], columns: usize, down: &[i8], across: &[i8]) {
    let rows = values.len() / columns.max(1);
    for _ in 0..rows + columns {
        let mut moved = false;
        for cell in 0..values.len() {
            let (row, column) = (cell / columns, cell % columns);
            let above = (row > 0).then(|| (cell - columns, down.get(row - 1)));
            let left = (column > 0).then(|| (cell - 1, across.get(column - 1)));
            for (other, step) in [above, left].into_iter().flatten() {
                let step = f64::from(step.copied().unwrap_or(0));
                if (values[cell] - values[other]) * step < 0.0 {
                    // Up along both axes: only the later cell rises, so one pass is enough.
                    let higher = values[cell].max(values[other]);
                    (values[cell], values[other]) = (higher, higher);
                    moved = true;
                }
            }
        }
        if !moved {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn right(values: &[f64], steps: &[i8]) -> bool {
        values.windows(2).zip(steps).all(|(pair, step)| (pair[1] - pair[0]) * f64::from(*step) >= 0.0)
    }

    #[test]
    fn violators_become_their_weighted_mean() {
        let mut values = [1.0, 3.0, 2.0, 2.0, 5.0];
        pool(&mut values, |place| if place == 1 { 3.0 } else { 1.0 }, &[1, 1, 1, 1]);
        assert_eq!(values, [1.0, 2.6, 2.6, 2.6, 5.0]);
        pool(&mut values, |_| 1.0, &[0, 0, 0, -1]);
        assert_eq!(values, [1.0, 2.6, 2.6, 3.8, 3.8]);
    }

    proptest! {
        /// The nearest ascending values are, at each place, the greatest of the least means of what lies before and after it.
        #[test]
        fn ascending_values_are_the_nearest(values in prop::collection::vec(-3.0f64..3.0, 1..8)) {
            let mut pooled = values.clone();
            pool(&mut pooled, |_| 1.0, &vec![1; values.len() - 1]);
            for (place, pooled) in pooled.iter().enumerate() {
                let mean = |from: usize, to: usize| {
                    values[from..=to].iter().sum::<f64>() / (to - from + 1) as f64
                };
                let wanted = (0..=place)
                    .map(|from| (place..values.len()).map(|to| mean(from, to)).fold(f64::MAX, f64::min))
                    .fold(f64::MIN, f64::max);
                prop_assert!((pooled - wanted).abs() < 1e-9);
            }
        }

        #[test]
        fn every_step_goes_the_right_way(
            values in prop::collection::vec(-3.0f64..3.0, 20),
            weights in prop::collection::vec(0.0f64..3.0, 20),
            down in prop::collection::vec(-1i8..2, 4),
            signs in (-1i8..2, -1i8..2),
        ) {
            let mut line = values[..5].to_vec();
            pool(&mut line, |place| weights[place], &down);
            prop_assert!(right(&line, &down));
            let (down, across) = (vec![signs.0; 4], vec![signs.1; 3]);
            let mut table = values;
            pool_table(&mut table, 4, |cell| weights[cell], &down, &across);
            for row in table.chunks(4) {
                prop_assert!(right(row, &across));
            }
            for column in 0..4 {
                let line: Vec<f64> = (0..5).map(|row| table[row * 4 + column]).collect();
                prop_assert!(right(&line, &down));
            }
        }
    }
}
