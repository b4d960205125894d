//! The name that was probably meant.

/// The nearest of some names by edit distance, if it is near enough to be a slip of the fingers.
pub(crate) fn nearest<'n>(meant: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    const LONGEST: usize = 64;
    let meant = meant.to_lowercase();
    if meant.len() > LONGEST {
        return None;
    }
    let allowed = 1 + meant.chars().count() / 4;
    names
        .into_iter()
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (distance(&meant, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters, by one row of the table.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["shipped_at", "ship_by", "value"];
        for (meant, expected) in [
            ("shiped_at", Some("shipped_at")),
            ("Value", Some("value")),
            ("ship-by", Some("ship_by")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(meant, names), expected, "{meant}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
