//! What is fitted on and what is kept for judging: by time unless asked otherwise.

use super::division::{moments_of, text_of};
use super::moment::moment;
use crate::table::Values;
use crate::{Error, Sample};

/// How rows are divided.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitOptions {
    /// The column of time: dates in ISO 8601's order, or numbers that grow with time.
    pub time: Option<String>,
    /// The first moment that is kept for judging; without it, as many of the latest rows as `share` says.
    pub from: Option<String>,
    /// The share of rows kept for judging, between 0 and 1.
    pub share: f64,
    /// A seed, when rows are to be drawn at random instead.
    pub random: Option<u64>,
}

impl Default for SplitOptions {
    /// The latest 30 %; by which column must be said.
    fn default() -> Self {
        SplitOptions { time: None, from: None, share: 0.3, random: None }
    }
}

/// Rows in two parts, each in the order of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Splitted {
    /// The rows to fit on: the earlier ones.
    pub fit: Vec<usize>,
    /// The rows to judge by: the later ones.
    pub test: Vec<usize>,
    /// The first moment of the later ones, as the table writes it; none when drawn at random.
    pub from: Option<String>,
}

/// Divides the rows of a sample: the latest to judge by. Rows of one moment stay together, so the later part may be larger
/// than asked. Random only when a seed is given; good and bad rows are then drawn apart, so that both parts have their share.
///
/// # Errors
/// When neither a column of time nor a seed is given, or both; the share is not between 0 and 1; a time cannot be read; or
/// either part would lack good or bad rows.
pub fn split(sample: &Sample, options: &SplitOptions) -> Result<Splitted, Error> {
    let refused = |option: &'static str, reason: String| Err(Error::Option { option, reason });
    if !(options.share > 0.0 && options.share < 1.0) {
        return refused("share", format!("it is {}; it must lie between 0 and 1", options.share));
    }
    let splitted = match (&options.time, options.random) {
        (Some(_), Some(_)) => {
            return refused("random", "a split by time has no dice; leave one of both out".to_owned());
        }
        (None, None) => {
            let reason = "name the column by which the later rows are kept for judging; a random split flatters a scorecard, so it must be asked for";
            return refused("time", reason.to_owned());
        }
        (None, Some(seed)) => at_random(sample, options.share, seed),
        (Some(time), None) => by_time(sample, time, options)?,
    };
    for (rows, part) in [(&splitted.fit, "fit on"), (&splitted.test, "judge by")] {
        for (class, name) in [(true, "bad"), (false, "good")] {
            if !rows.iter().any(|&row| sample.bad[row] == class && sample.weight_of(row) > 0.0) {
                return Err(Error::Sample(format!(
                    "the rows to {part} hold no {name} one; choose another border"
                )));
            }
        }
    }
    Ok(splitted)
}

fn by_time(sample: &Sample, time: &str, options: &SplitOptions) -> Result<Splitted, Error> {
    let column = sample.table.column(time)?;
    let moments = moments_of(column)?;
    let border = match &options.from {
        Some(text) => {
            let read = match &column.values {
                Values::Numbers(_) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
                Values::Categories { .. } => moment(text).map(|moment| moment as f64),
            };
            read.ok_or_else(|| Error::Option {
                option: "from",
                reason: format!("{text:?} is no moment of the column {time:?}; write it as that column does"),
            })?
        }
        None => {
            let mut sorted = moments.clone();
            sorted.sort_by(f64::total_cmp);
            let kept = (sorted.len() as f64 * (1.0 - options.share)) as usize;
            // No earlier than the second moment: something must be left to fit on.
            let second = sorted.iter().find(|moment| **moment > sorted[0]).copied();
            match sorted.get(kept).copied().zip(second) {
                Some((border, second)) => border.max(second),
                None => {
                    return Err(Error::Sample(format!(
                        "every row has the same {time:?}; it divides nothing"
                    )));
                }
            }
        }
    };
    let (test, fit): (Vec<usize>, Vec<usize>) = (0..moments.len()).partition(|&row| moments[row] >= border);
    let first = test.iter().copied().min_by(|&a, &b| moments[a].total_cmp(&moments[b]));
    Ok(Splitted { from: first.map(|row| text_of(column.value(row))), fit, test })
}

fn at_random(sample: &Sample, share: f64, seed: u64) -> Splitted {
    let mut dice = Dice(seed);
    let mut in_test = vec![false; sample.rows()];
    for class in [false, true] {
        let mut rows: Vec<usize> = (0..sample.rows()).filter(|&row| sample.bad[row] == class).collect();
        let wanted = (rows.len() as f64 * share).round() as usize;
        // The first steps of Fisher and Yates's shuffle.
        for place in 0..wanted.min(rows.len()) {
            let other = place + (dice.next() % (rows.len() - place) as u64) as usize;
            rows.swap(place, other);
            in_test[rows[place]] = true;
        }
    }
    let (test, fit) = (0..sample.rows()).partition(|&row| in_test[row]);
    Splitted { fit, test, from: None }
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use crate::table::Column;

    fn sample(times: Column) -> Sample {
        let bad = (0..times.rows()).map(|row| f64::from(u8::from(row % 2 == 0))).collect();
        let table = Table::try_new(vec![times, Column::numbers("bad", bad)]).unwrap();
        Sample::try_new(&table, "bad", None).unwrap()
    }

    fn by(time: &str, from: Option<&str>, share: f64) -> SplitOptions {
        SplitOptions { time: Some(time.to_owned()), from: from.map(str::to_owned), share, random: None }
    }

    #[test]
    fn the_latest_rows_are_kept_and_moments_stay_whole() {
        let days = [
            "2024-05-01",
            "2024-05-01",
            "2024-01-01",
            "2024-01-01",
            "2024-03-01",
            "2024-03-01",
            "2024-05-01",
            "2024-05-01",
        ];
        let sample = sample(Column::categories("day", days.map(Some)));
        let latest = split(&sample, &by("day", None, 0.3)).unwrap();
        assert_eq!((latest.fit, latest.test), (vec![2, 3, 4, 5], vec![0, 1, 6, 7]));
        assert_eq!(latest.from.as_deref(), Some("2024-05-01"));
        let most = split(&sample, &by("day", None, 0.99)).unwrap();
        assert_eq!((most.fit, most.from.as_deref()), (vec![2, 3], Some("2024-03-01")));
        let from = split(&sample, &by("day", Some("2024-02"), 0.3)).unwrap();
        assert_eq!((from.fit, from.from.as_deref()), (vec![2, 3], Some("2024-03-01")));
    }

    #[test]
    fn chance_is_asked_for_and_seeded() {
        let sample = sample(Column::numbers("t", (0..100).map(f64::from).collect()));
        let options = SplitOptions { random: Some(7), ..SplitOptions::default() };
        let one = split(&sample, &options).unwrap();
        assert_eq!(one, split(&sample, &options).unwrap());
        assert_ne!(one, split(&sample, &SplitOptions { random: Some(8), ..options }).unwrap());
        assert_eq!((one.fit.len(), one.test.iter().filter(|&&row| sample.bad[row]).count()), (70, 15));
        // The generator's published first values for the seed 1234567.
        let mut dice = Dice(1_234_567);
        assert_eq!([dice.next(), dice.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn what_divides_nothing_is_refused() {
        let days = Column::numbers("t", vec![1.0, 1.0, 2.0, 2.0]);
        for (options, wanted) in [
            (SplitOptions::default(), "option time: name the column"),
            (SplitOptions { random: Some(1), ..by("t", None, 0.3) }, "no dice"),
            (by("t", None, 1.0), "option share: it is 1"),
            (by("t", None, f64::NAN), "option share"),
            (by("u", None, 0.3), "no column \"u\""),
            (by("t", Some("May"), 0.3), "\"May\" is no moment"),
            (by("t", Some("9"), 0.3), "judge by hold no bad"),
            (by("t", Some("-5"), 0.3), "fit on hold no bad"),
        ] {
            let error = split(&sample(days.clone()), &options).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let same = split(&sample(Column::numbers("t", vec![1.0; 4])), &by("t", None, 0.3)).unwrap_err();
        assert!(same.to_string().contains("same \"t\""), "{same}");
    }
}
