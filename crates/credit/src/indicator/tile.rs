//! Tiles: what a party keeps per bucket (a day, or an hour) of one measure. Everything that was added can be taken back.

use super::measure::{Contribution, Keeping, Measure};
use probity_primitives::Day;
use probity_primitives::wire::{Reader, WireError, Writer};
use std::collections::BTreeMap;

/// Exact sums of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cell {
    /// Sum of numerators.
    pub numerator: i128,
    /// Sum of denominators.
    pub denominator: i128,
    /// Base rows.
    pub rows: i64,
}

impl Cell {
    /// Adds a contribution `sign` times. Contributions are bounded, so sums of 2^60 of them still fit.
    pub(super) fn add(&mut self, contribution: &Contribution, sign: i32) {
        self.numerator += i128::from(contribution.numerator) * i128::from(sign);
        self.denominator += i128::from(contribution.denominator) * i128::from(sign);
        self.rows += i64::from(contribution.rows) * i64::from(sign);
    }

    /// Adds another cell.
    pub(super) fn merge(&mut self, other: &Self) {
        self.numerator += other.numerator;
        self.denominator += other.denominator;
        self.rows += other.rows;
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.wide_signed(self.numerator);
        writer.wide_signed(self.denominator);
        writer.signed(self.rows);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            numerator: reader.wide_signed()?,
            denominator: reader.wide_signed()?,
            rows: reader.signed()?,
        })
    }
}

/// Buckets in ascending order with a value each; mostly touched at the end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Series<V> {
    /// Bucket numbers and values.
    pub entries: Vec<(i32, V)>,
}

/// Most parties have one or two buckets of a measure, and there are many parties: a vector by itself would begin with room
/// for four.
fn grow_a_little<T>(entries: &mut Vec<T>) {
    if entries.len() == entries.capacity() {
        entries.reserve_exact((entries.len() / 2).max(1));
    }
}

impl<V: Default> Series<V> {
    pub(super) fn at(&mut self, bucket: i32) -> &mut V {
        let place = match self.entries.last() {
            Some((last, _)) if *last == bucket => self.entries.len() - 1,
            Some((last, _)) if *last > bucket => self.entries.partition_point(|(known, _)| *known < bucket),
            _ => self.entries.len(),
        };
        if self.entries.get(place).is_none_or(|(known, _)| *known != bucket) {
            grow_a_little(&mut self.entries);
            self.entries.insert(place, (bucket, V::default()));
        }
        #[expect(clippy::indexing_slicing, reason = "the place was just found or filled")]
        &mut self.entries[place].1
    }

    /// The values of the buckets within `first..=last`.
    pub(super) fn within(&self, first: i32, last: i32) -> impl Iterator<Item = &(i32, V)> {
        let from = self.entries.partition_point(|(bucket, _)| *bucket < first);
        self.entries.get(from..).unwrap_or_default().iter().take_while(move |(bucket, _)| *bucket <= last)
    }

    fn remove(&mut self, bucket: i32) {
        if let Ok(place) = self.entries.binary_search_by_key(&bucket, |(known, _)| *known) {
            self.entries.remove(place);
        }
    }

    fn forget_before(&mut self, bucket: i32) {
        let upto = self.entries.partition_point(|(known, _)| *known < bucket);
        self.entries.drain(..upto);
    }
}

/// Who an event is between and when, for pair caps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion {
    /// Day or hour of the event.
    pub bucket: i32,
    /// Its moment in milliseconds.
    pub occurred: i64,
    /// Ties between events of one moment: the first 8 bytes of its key.
    pub key: u64,
    /// Hash of the other party's id.
    pub counterparty: u64,
    /// Calendar month (`year × 12 + month − 1`).
    pub month: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    occurred: i64,
    key: u64,
    bucket: i32,
    contribution: Contribution,
}

/// Sums per bucket, in all, and per category.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sums {
    /// Over the whole life; nothing when no indicator asks for it.
    pub total: Cell,
    /// Per bucket.
    pub buckets: Series<Cell>,
    /// Base rows per category and bucket.
    pub mix: BTreeMap<u64, Series<i64>>,
    pairs: BTreeMap<(u64, i32), Vec<Entry>>,
}

impl Sums {
    fn add(&mut self, measure: &Measure, bucket: i32, contribution: &Contribution, sign: i32) {
        if measure.total {
            self.total.add(contribution, sign);
        }
        if measure.bucketed {
            let cell = self.buckets.at(bucket);
            cell.add(contribution, sign);
            if cell.is_zero() {
                self.buckets.remove(bucket);
            }
        }
        if measure.mix && contribution.rows != 0 {
            let series = self.mix.entry(contribution.category).or_default();
            let rows = series.at(bucket);
            *rows += i64::from(contribution.rows) * i64::from(sign);
            if *rows == 0 {
                series.remove(bucket);
            }
        }
    }

    /// Only the first rows of a pair and month count: a new early row pushes a later one out, a row taken back lets one in.
    fn add_capped(
        &mut self,
        measure: &Measure,
        cap: usize,
        occasion: &Occasion,
        contribution: &Contribution,
        sign: i32,
    ) {
        let pair = (occasion.counterparty, occasion.month);
        let entries = self.pairs.entry(pair).or_default();
        let place =
            entries.partition_point(|entry| (entry.occurred, entry.key) < (occasion.occurred, occasion.key));
        let changed = if sign > 0 {
            let entry = Entry {
                occurred: occasion.occurred,
                key: occasion.key,
                bucket: occasion.bucket,
                contribution: *contribution,
            };
            grow_a_little(entries);
            entries.insert(place, entry);
            place < cap
        } else if entries.get(place).is_some_and(|entry| entry.key == occasion.key) {
            entries.remove(place);
            place < cap
        } else {
            false
        };
        // With a row more the one now behind the cap leaves; with a row less the one now at its edge comes in.
        let moved = if sign > 0 { entries.get(cap) } else { entries.get(cap - 1) };
        let moved = moved.map(|moved| (moved.bucket, moved.contribution));
        if entries.is_empty() {
            self.pairs.remove(&pair);
        }
        if changed {
            self.add(measure, occasion.bucket, contribution, sign);
            if let Some((bucket, contribution)) = moved {
                self.add(measure, bucket, &contribution, -sign);
            }
        }
    }

    fn forget_before(&mut self, measure: &Measure, bucket: i32) {
        self.buckets.forget_before(bucket);
        // A lifetime looks at every category and every pair there ever was.
        if !measure.total {
            self.mix.retain(|_, series| {
                series.forget_before(bucket);
                !series.entries.is_empty()
            });
            // A month that the window still reaches into is remembered whole: its first rows decide which later ones count.
            let day = if measure.hourly { Day(bucket.div_euclid(24)) } else { Day(bucket) };
            let month = day.month();
            self.pairs.retain(|(_, own), _| *own >= month);
        }
    }
}

/// All values and how often each, per bucket and in all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Values {
    /// Over the whole life; empty when no indicator asks for it.
    pub total: BTreeMap<i64, i64>,
    /// Per bucket.
    pub buckets: Series<BTreeMap<i64, i64>>,
}

fn tally(counts: &mut BTreeMap<i64, i64>, value: i64, sign: i32) {
    let count = counts.entry(value).or_default();
    *count += i64::from(sign);
    if *count == 0 {
        counts.remove(&value);
    }
}

/// When each different value was met: how often on which bucket, and how many values were last met on each bucket, so that
/// "how many different ones in the window" needs one sum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Distinct {
    values: BTreeMap<i64, Series<i64>>,
    /// How many values have their last row in each bucket.
    pub latest: Series<i64>,
}

impl Distinct {
    fn add(&mut self, bucket: i32, value: i64, sign: i32) {
        let series = self.values.entry(value).or_default();
        let before = series.entries.last().map(|(bucket, _)| *bucket);
        let count = series.at(bucket);
        *count += i64::from(sign);
        if *count == 0 {
            series.remove(bucket);
        }
        let after = series.entries.last().map(|(bucket, _)| *bucket);
        if after.is_none() {
            self.values.remove(&value);
        }
        if before != after {
            for (bucket, step) in [(before, -1), (after, 1)] {
                let Some(bucket) = bucket else { continue };
                let count = self.latest.at(bucket);
                *count += step;
                if *count == 0 {
                    self.latest.remove(bucket);
                }
            }
        }
    }

    /// How many different values there are in all.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    fn forget_before(&mut self, bucket: i32) {
        self.latest.forget_before(bucket);
        self.values.retain(|_, series| series.entries.last().is_some_and(|(last, _)| *last >= bucket));
    }
}

/// The tiles of one measure of one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tiles {
    /// For counts, sums, means, shares.
    Sums(Box<Sums>),
    /// For least, greatest, quantiles.
    Values(Box<Values>),
    /// For how many different.
    Distinct(Box<Distinct>),
}

impl Tiles {
    pub(super) fn new(keeping: Keeping) -> Self {
        match keeping {
            Keeping::Sums => Self::Sums(Box::default()),
            Keeping::Values => Self::Values(Box::default()),
            Keeping::Distinct => Self::Distinct(Box::default()),
        }
    }

    pub(super) fn add(
        &mut self,
        measure: &Measure,
        occasion: &Occasion,
        contribution: &Contribution,
        sign: i32,
    ) {
        match self {
            Self::Sums(sums) => match measure.pair_cap {
                Some(cap) => sums.add_capped(measure, usize::from(cap), occasion, contribution, sign),
                None => sums.add(measure, occasion.bucket, contribution, sign),
            },
            Self::Values(values) => {
                if measure.total {
                    tally(&mut values.total, contribution.value, sign);
                }
                if measure.bucketed {
                    let counts = values.buckets.at(occasion.bucket);
                    tally(counts, contribution.value, sign);
                    if counts.is_empty() {
                        values.buckets.remove(occasion.bucket);
                    }
                }
            }
            Self::Distinct(distinct) => distinct.add(occasion.bucket, contribution.value, sign),
        }
    }

    /// Forgets buckets that no window can reach any more.
    pub(super) fn forget_before(&mut self, measure: &Measure, bucket: i32) {
        match self {
            Self::Sums(sums) => sums.forget_before(measure, bucket),
            Self::Values(values) => values.buckets.forget_before(bucket),
            Self::Distinct(distinct) if !measure.total => distinct.forget_before(bucket),
            Self::Distinct(_) => {}
        }
    }

    pub(super) fn buckets(&self) -> usize {
        match self {
            Self::Sums(sums) => sums.buckets.entries.len(),
            Self::Values(values) => values.buckets.entries.len(),
            Self::Distinct(distinct) => distinct.latest.entries.len(),
        }
    }

    /// A rough size in memory, in bytes.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Sums(sums) => {
                let buckets = sums.buckets.entries.capacity() * size_of::<(i32, Cell)>();
                size_of::<Sums>() + buckets + sums.mix.len() * 150 + sums.pairs.len() * 150
            }
            Self::Values(values) => {
                let buckets = values.buckets.entries.capacity() * size_of::<(i32, BTreeMap<i64, i64>)>();
                // A tree begins with room for eleven.
                size_of::<Values>() + buckets + values.buckets.entries.len() * 200 + values.total.len() * 30
            }
            Self::Distinct(distinct) => {
                let latest = distinct.latest.entries.capacity() * size_of::<(i32, i64)>();
                size_of::<Distinct>() + latest + distinct.values.len() * 80
            }
        }
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Sums(sums) => {
                writer.byte(0);
                sums.encode(writer);
            }
            Self::Values(values) => {
                writer.byte(1);
                encode_counts(&values.total, writer);
                encode_series(&values.buckets, writer, encode_counts);
            }
            Self::Distinct(distinct) => {
                writer.byte(2);
                writer.unsigned(distinct.values.len() as u64);
                for (value, series) in &distinct.values {
                    writer.signed(*value);
                    encode_series(series, writer, |count, writer| writer.signed(*count));
                }
                encode_series(&distinct.latest, writer, |count, writer| writer.signed(*count));
            }
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        match reader.byte()? {
            0 => Ok(Self::Sums(Box::new(Sums::decode(reader)?))),
            1 => {
                let total = decode_counts(reader)?;
                Ok(Self::Values(Box::new(Values { total, buckets: decode_series(reader, decode_counts)? })))
            }
            2 => {
                let mut values = BTreeMap::new();
                for _ in 0..reader.count()? {
                    values.insert(reader.signed()?, decode_series(reader, |reader| reader.signed())?);
                }
                Ok(Self::Distinct(Box::new(Distinct {
                    values,
                    latest: decode_series(reader, |reader| reader.signed())?,
                })))
            }
            _ => Err(WireError::Malformed),
        }
    }
}

impl Sums {
    fn encode(&self, writer: &mut Writer) {
        self.total.encode(writer);
        encode_series(&self.buckets, writer, Cell::encode);
        writer.unsigned(self.mix.len() as u64);
        for (category, series) in &self.mix {
            writer.unsigned(*category);
            encode_series(series, writer, |rows, writer| writer.signed(*rows));
        }
        writer.unsigned(self.pairs.len() as u64);
        for ((counterparty, month), entries) in &self.pairs {
            writer.unsigned(*counterparty);
            writer.signed(i64::from(*month));
            writer.unsigned(entries.len() as u64);
            for entry in entries {
                writer.signed(entry.occurred);
                writer.unsigned(entry.key);
                writer.signed(i64::from(entry.bucket));
                let Contribution { numerator, denominator, rows, value: _, category } = entry.contribution;
                writer.signed(numerator);
                writer.signed(denominator);
                writer.signed(i64::from(rows));
                writer.unsigned(category);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut sums = Self {
            total: Cell::decode(reader)?,
            buckets: decode_series(reader, Cell::decode)?,
            ..Self::default()
        };
        for _ in 0..reader.count()? {
            sums.mix.insert(reader.unsigned()?, decode_series(reader, |reader| reader.signed())?);
        }
        for _ in 0..reader.count()? {
            let pair = (reader.unsigned()?, small(reader)?);
            let mut entries = Vec::new();
            for _ in 0..reader.count()? {
                let (occurred, key, bucket) = (reader.signed()?, reader.unsigned()?, small(reader)?);
                let (numerator, denominator, rows) = (reader.signed()?, reader.signed()?, small(reader)?);
                let contribution =
                    Contribution { numerator, denominator, rows, value: 0, category: reader.unsigned()? };
                entries.push(Entry { occurred, key, bucket, contribution });
            }
            sums.pairs.insert(pair, entries);
        }
        Ok(sums)
    }
}

fn small(reader: &mut Reader<'_>) -> Result<i32, WireError> {
    i32::try_from(reader.signed()?).map_err(|_| WireError::Malformed)
}

fn encode_counts(counts: &BTreeMap<i64, i64>, writer: &mut Writer) {
    writer.unsigned(counts.len() as u64);
    for (value, count) in counts {
        writer.signed(*value);
        writer.signed(*count);
    }
}

fn decode_counts(reader: &mut Reader<'_>) -> Result<BTreeMap<i64, i64>, WireError> {
    (0..reader.count()?).map(|_| Ok((reader.signed()?, reader.signed()?))).collect()
}

/// Buckets as steps from the one before: mostly one byte.
pub(super) fn encode_series<V>(series: &Series<V>, writer: &mut Writer, value: impl Fn(&V, &mut Writer)) {
    writer.unsigned(series.entries.len() as u64);
    let mut before = 0_i32;
    for (bucket, held) in &series.entries {
        writer.signed(i64::from(*bucket) - i64::from(before));
        before = *bucket;
        value(held, writer);
    }
}

pub(super) fn decode_series<'a, V>(
    reader: &mut Reader<'a>,
    value: impl Fn(&mut Reader<'a>) -> Result<V, WireError>,
) -> Result<Series<V>, WireError> {
    let mut entries = Vec::new();
    let mut before = 0_i64;
    for _ in 0..reader.count()? {
        before = before.checked_add(reader.signed()?).ok_or(WireError::Malformed)?;
        grow_a_little(&mut entries);
        entries.push((i32::try_from(before).map_err(|_| WireError::Malformed)?, value(reader)?));
    }
    Ok(Series { entries })
}
