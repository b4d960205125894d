//! Rows divided into parts that are alike in their share of bad ones, by a seed.

/// A part number below `count` for each row. Good and bad rows are dealt out separately, in an order that the seed shuffles,
/// so each part has its share of either, to within one row.
pub(crate) fn deal(bad: &[bool], count: usize, seed: u64) -> Vec<usize> {
    let mut parts = vec![0; bad.len()];
    for class in [false, true] {
        for (place, row) in shuffled(bad, class, seed).into_iter().enumerate() {
            parts[row] = place % count.max(1);
        }
    }
    parts
}

/// Whether each row is among the drawn share of its class: the nearest whole number of rows to that share.
pub(crate) fn draw(bad: &[bool], share: f64, seed: u64) -> Vec<bool> {
    let mut drawn = vec![false; bad.len()];
    for class in [false, true] {
        let rows = shuffled(bad, class, seed);
        let wanted = (rows.len() as f64 * share).round() as usize;
        rows.into_iter().take(wanted).for_each(|row| drawn[row] = true);
    }
    drawn
}

/// The rows of a class, in an order that the seed makes.
fn shuffled(bad: &[bool], class: bool, seed: u64) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..bad.len()).filter(|row| bad[*row] == class).collect();
    rows.sort_by_cached_key(|row| (mixed(seed, *row as u64), *row));
    rows
}

/// SplitMix64's output function (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014) of a
/// seed and a row.
pub(crate) fn mixed(seed: u64, row: u64) -> u64 {
    let mut word = seed.wrapping_add(row.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_share_of_either_class() {
        let bad: Vec<bool> = (0..1_003).map(|row| row % 10 == 0).collect();
        let parts = deal(&bad, 5, 7);
        for part in 0..5 {
            let count = |class| parts.iter().zip(&bad).filter(|(p, b)| **p == part && **b == class).count();
            assert!((20..=21).contains(&count(true)) && (180..=181).contains(&count(false)));
        }
        let drawn = draw(&bad, 0.2, 7);
        let count = |class| drawn.iter().zip(&bad).filter(|(drawn, b)| **drawn && **b == class).count();
        assert_eq!((count(true), count(false)), (20, 180));
        assert_eq!(parts, deal(&bad, 5, 7));
        assert_ne!(parts, deal(&bad, 5, 8));
        assert_ne!(drawn, draw(&bad, 0.2, 8));
    }
}
