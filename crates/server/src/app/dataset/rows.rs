//! The rows: states of all parties carried along what became known, and looked at moment by moment with the code that scores
//! live.

use super::super::error::AppError;
use super::super::party::Hot;
use super::super::reading::{ROWS, in_order};
use super::super::score::tier_of;
use super::super::shared::Shared;
use super::super::snapshot::as_of_row;
use super::super::timeline::{Change, Chronicle, Prepared, Progress, piece_of, prepared};
use super::labelling::Labelled;
use super::report::Counts;
use super::sheet::SheetRow;
use probity_credit::event::Role;
use probity_credit::label::{Label, Observed, Verdict};
use probity_primitives::{Digest, Timestamp};
use probity_store::{Reader, SqliteReader};

/// Parties that are looked at before their rows are written.
const AT_ONCE: usize = 8_192;

/// All parties of a role, in the order of their names.
pub(super) struct Parties(Vec<(Box<str>, u32)>);

impl Parties {
    pub(super) fn read(reader: &mut SqliteReader, role: Role) -> Result<Self, AppError> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page = reader.parties(Some(role.number()), after, 10_000)?;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            all.extend(page.into_iter().map(|(number, _, id)| (id.into_boxed_str(), number)));
        }
        all.sort_unstable();
        Ok(Self(all))
    }

    pub(super) fn number(&self, id: &str) -> Option<u32> {
        let place = self.0.binary_search_by(|(known, _)| (**known).cmp(id)).ok()?;
        self.0.get(place).map(|(_, number)| *number)
    }
}

/// What every look at a party needs.
pub(super) struct Looking<'a> {
    pub(super) chronicle: &'a Chronicle<'a>,
    pub(super) label: &'a Label,
    pub(super) parties: &'a Parties,
    pub(super) labelled: &'a Labelled,
    pub(super) keep_good: f64,
}

/// What is to be done with the rows of a moment.
pub(super) type Taking<'a> = &'a mut dyn FnMut(usize, Counts, Vec<SheetRow>) -> Result<(), AppError>;

impl Looking<'_> {
    fn shared(&self) -> &Shared {
        self.chronicle.shared
    }

    /// Goes over what became known up to the last moment (they ascend), and gives the rows of each; how many changes it went
    /// through.
    ///
    /// # Errors
    /// Those of the store and of the taking.
    pub(super) fn go_over(
        &self,
        (moments, changes): (&[Timestamp], &[Change]),
        take: Taking<'_>,
        progress: Progress<'_>,
    ) -> Result<u64, AppError> {
        let last = moments.last().copied().unwrap_or(Timestamp::EARLIEST);
        let changes = changes.get(..changes.partition_point(|change| change.at <= last)).unwrap_or_default();
        let size = changes.len() as u64;
        let (mut place, mut next) = (0, 0);
        let work = |reader: &mut SqliteReader, piece: u64| {
            let events = self.chronicle.events(reader, piece_of(changes, piece))?.into_iter();
            let ready = events.map(|(change, event)| (change, prepared(self.shared(), event)));
            Ok::<Vec<(Change, Prepared)>, AppError>(ready.collect())
        };
        in_order(self.chronicle.folder, size.div_ceil(ROWS), &work, &mut |pieces| {
            for (change, event) in pieces {
                while let Some(at) = moments.get(next).filter(|at| **at < change.at) {
                    self.look(next, *at, take)?;
                    next += 1;
                }
                place += 1;
                self.apply(place, &change, &event);
            }
            progress("rebuilding", place, size);
            Ok(())
        })?;
        for (nth, at) in moments.iter().enumerate().skip(next) {
            self.look(nth, *at, take)?;
        }
        Ok(size)
    }

    /// Lets the party's state and the platform's sums take a change in, as the keeper does.
    fn apply(&self, place: u64, change: &Change, prepared: &Prepared) {
        let (event, contributions) = &**prepared;
        let (shared, role, sign) = (self.shared(), self.label.of(), i32::from(change.sign));
        if let Some(number) = event.party(role).and_then(|id| self.parties.number(id.as_str())) {
            let mut shard = shared.shard(number);
            let hot = shard.entry(number).or_insert_with(|| Hot::new(role));
            hot.apply(shared, place, event, contributions, change.at, sign);
        }
        shared.platform().apply(&shared.catalogue.plan, event, contributions, change.at, sign);
    }

    /// The rows of a moment, some thousand parties at a time, on all threads.
    fn look(&self, nth: usize, at: Timestamp, take: Taking<'_>) -> Result<(), AppError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for parties in self.parties.0.chunks(AT_ONCE) {
            let each = parties.len().div_ceil(threads).max(1);
            let found = std::thread::scope(|scope| {
                let work: Vec<_> = parties
                    .chunks(each)
                    .map(|parties| scope.spawn(move || self.look_at(nth, at, parties)))
                    .collect();
                work.into_iter()
                    .map(|work| {
                        work.join().unwrap_or_else(|_| Err(AppError::internal("a thread ended early")))
                    })
                    .collect::<Vec<_>>()
            });
            for found in found {
                let (counts, rows) = found?;
                take(nth, counts, rows)?;
            }
        }
        Ok(())
    }

    fn look_at(
        &self,
        nth: usize,
        at: Timestamp,
        parties: &[(Box<str>, u32)],
    ) -> Result<(Counts, Vec<SheetRow>), AppError> {
        let (mut counts, mut rows) = (Counts::default(), Vec::new());
        for (id, number) in parties {
            rows.extend(self.row(nth, at, (id, *number), &mut counts)?);
        }
        Ok((counts, rows))
    }

    fn row(
        &self,
        nth: usize,
        at: Timestamp,
        (id, number): (&str, u32),
        counts: &mut Counts,
    ) -> Result<Option<SheetRow>, AppError> {
        let (shared, role) = (self.shared(), self.label.of());
        // One of whom nothing was known then is not there yet.
        if shared.shard(number).get(&number).is_none_or(|hot| hot.state.events <= 0) {
            return Ok(None);
        }
        counts.known += 1;
        let snapshot = as_of_row(shared, number, role, at, u64::MAX)?;
        let tier = tier_of(&shared.catalogue, role, &snapshot).name;
        let observed = Observed {
            values: &snapshot.values,
            scored: &snapshot.scored,
            tier: &tier,
            suspended: snapshot.standing.suspended,
            terminated: snapshot.standing.terminated,
        };
        if !self.label.observes(&observed) {
            counts.not_eligible += 1;
            return Ok(None);
        }
        if self.label.excludes(&observed) {
            counts.excluded += 1;
            return Ok(None);
        }
        let Some(judged) = self.labelled.of(nth, number) else { return Ok(None) };
        counts.bad_unknown += u64::from(judged.unknown);
        let party = format!("{}:{id}", role.as_str());
        let bad = match judged.verdict {
            Verdict::Bad => true,
            Verdict::Good if !is_kept(&party, at, self.keep_good) => {
                counts.not_kept += 1;
                return Ok(None);
            }
            Verdict::Good => false,
            Verdict::Indeterminate => {
                counts.indeterminate += 1;
                return Ok(None);
            }
        };
        counts.rows += 1;
        counts.bads += u64::from(bad);
        let weight = if bad { 1.0 } else { 1.0 / self.keep_good };
        let score = snapshot.scored.score;
        Ok(Some(SheetRow {
            party,
            as_of: at,
            bad,
            weight,
            score,
            tier: tier.into(),
            values: snapshot.values,
        }))
    }
}

/// Whether a good row is among the share that is kept: always the same ones, and a larger share only adds rows.
fn is_kept(party: &str, at: Timestamp, share: f64) -> bool {
    let digest = Digest::of(&[party.as_bytes(), &at.millis().to_le_bytes()]);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.0[..8]);
    // 53 bits are what a double holds exactly; the quotient lies in [0, 1).
    share >= 1.0 || ((u64::from_le_bytes(first) >> 11) as f64 / 9_007_199_254_740_992.0) < share
}
