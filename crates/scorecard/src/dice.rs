//! Chance that a seed decides: the same seed, the same numbers, on every machine.

/// One step of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014).
pub(crate) fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The fold of each row: good and bad rows are dealt out evenly, in the order of the keys that they draw.
pub(crate) fn deal(bad: &[bool], folds: usize, key: impl Fn(usize) -> u64) -> Vec<usize> {
    let mut fold_of = vec![0; bad.len()];
    for class in [false, true] {
        let mut rows: Vec<(u64, usize)> =
            (0..bad.len()).filter(|&row| bad[row] == class).map(|row| (key(row), row)).collect();
        rows.sort_unstable();
        rows.iter().enumerate().for_each(|(place, (_, row))| fold_of[*row] = place % folds.max(1));
    }
    fold_of
}

/// Numbers from 0 to 1, for tests.
#[cfg(test)]
pub(crate) fn even(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        let mixed = mix(state);
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}
