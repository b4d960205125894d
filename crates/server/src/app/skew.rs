//! A clock that went back: the log never follows it, and whoever keeps the installation is told.

use super::error::AppError;
use super::open::Probity;
use probity_primitives::Duration;
use probity_store::Reader;

/// Clocks are set right by fractions of a second all the time; more than this is worth a word.
const WORTH_TELLING: Duration = Duration(1_000);

impl Probity {
    /// How far the machine's clock stands behind the newest moment of recording in the log; none when it does not. Until it
    /// has caught up, rows are recorded at that newest moment.
    ///
    /// # Errors
    /// Those of the store.
    pub fn clock_behind(&self) -> Result<Option<Duration>, AppError> {
        let newest = self.with_reader(|reader| {
            let (last, _) = reader.last()?;
            Ok(reader.row(last)?.map(|row| row.recorded_at))
        })?;
        let behind = newest.map(|newest| newest.since(self.clock.now()));
        Ok(behind.filter(|behind| *behind > WORTH_TELLING))
    }

    /// Warns in the log of a clock that went back.
    pub fn warn_of_clock(&self) {
        match self.clock_behind() {
            Ok(Some(behind)) => tracing::warn!(
                seconds = behind.0 / 1_000,
                "the clock stands behind the newest row of the log: set it right; until then rows are recorded at that row's moment"
            ),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the newest row of the log could not be read"),
        }
    }
}
