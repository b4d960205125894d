//! The rows: states of all parties looked at moment by moment with the code that scores live.

use super::super::error::AppError;
use super::super::score::tier_of;
use super::super::timeline::{Change, Progress};
use super::carried::Carried;
use super::labelling::Labelled;
use super::report::Counts;
use super::sheet::SheetRow;
use probity_credit::label::{Label, Observed, Verdict};
use probity_primitives::{Digest, Timestamp};

/// Parties that are looked at before their rows are written.
const AT_ONCE: usize = 8_192;

/// What every look at a party needs.
pub(super) struct Looking<'a> {
    pub(super) carried: &'a Carried<'a>,
    pub(super) label: &'a Label,
    pub(super) labelled: &'a Labelled,
    pub(super) keep_good: f64,
}

/// What is to be done with the rows of a moment.
pub(super) type Taking<'a> = &'a mut dyn FnMut(usize, Counts, Vec<SheetRow>) -> Result<(), AppError>;

impl Looking<'_> {
    /// Goes over what became known up to the last moment (they ascend), and gives the rows of each; how many changes it went
    /// through.
    ///
    /// # Errors
    /// Those of the store and of the taking.
    pub(super) fn go_over(
        &self,
        along: (&[Timestamp], &[Change]),
        take: Taking<'_>,
        progress: Progress<'_>,
    ) -> Result<u64, AppError> {
        self.carried.go_over(along, &mut |nth, at| self.look(nth, at, take), progress)
    }

    /// The rows of a moment, some thousand parties at a time, on all threads.
    fn look(&self, nth: usize, at: Timestamp, take: Taking<'_>) -> Result<(), AppError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for parties in self.carried.parties.all().chunks(AT_ONCE) {
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
        let role = self.label.of();
        let Some(snapshot) = self.carried.snapshot(number, at)? else { return Ok(None) };
        counts.known += 1;
        let tier = tier_of(&self.carried.chronicle.shared.catalogue, role, &snapshot).name;
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
