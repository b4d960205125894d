//! What is looked after every second.

use crate::app::Probity;
use probity_primitives::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// A history that comes in piece by piece is over when nothing came for this long.
const QUIET_MILLIS: i64 = 2_000;

/// Between two recordings at least this much passes, and twenty times as long as the last one took, but no more than an
/// hour: when late news keeps coming, scores are put in line with it without taking the machine.
const RECORDING_PAUSE_MILLIS: i64 = 10_000;
const RECORDING_SHARE: i64 = 20;
const LONGEST_PAUSE_MILLIS: i64 = 3_600_000;

/// Timers that wait for the end of a history told over HTTP: while it comes in, in any order, they do not go off.
#[derive(Debug)]
pub struct Waiting {
    /// When the last piece came in.
    told: AtomicI64,
    /// Timers wait.
    timers: AtomicBool,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { told: AtomicI64::new(i64::MIN), timers: AtomicBool::new(false) }
    }
}

impl Waiting {
    /// A piece of history came in.
    pub fn told(&self, now: Timestamp) {
        self.told.store(now.millis(), Ordering::Release);
        self.timers.store(true, Ordering::Release);
    }

    /// True when timers wait; they wait no more after this.
    pub fn take(&self) -> bool {
        self.timers.load(Ordering::Acquire) && self.timers.swap(false, Ordering::AcqRel)
    }

    /// True when no history is coming in.
    fn is_quiet(&self, now: Timestamp) -> bool {
        self.told.load(Ordering::Acquire).saturating_add(QUIET_MILLIS) <= now.millis()
    }

    /// True when timers wait and the history has come to rest.
    fn take_if_quiet(&self, now: Timestamp) -> bool {
        self.is_quiet(now) && self.take()
    }
}

/// The work of every second, and what it must remember from one second to the next.
pub struct Ticker {
    probity: Probity,
    waiting: Arc<Waiting>,
    /// Scores are put on record from this moment on, when there are any to be.
    record_from: Timestamp,
    last: Timestamp,
}

impl Ticker {
    /// What is due already is done with the first tick: months may have ended while no server ran.
    pub fn new(probity: Probity, waiting: Arc<Waiting>) -> Self {
        let now = probity.clock.now();
        let due = probity.is_due() || probity.is_recording_due();
        let record_from = if due { now } else { pause_from(now, Duration::ZERO) };
        Self { probity, waiting, record_from, last: now }
    }

    /// One second's work. A failure is logged and tried again: timers the next second, scores after a pause.
    pub async fn tick(&mut self) {
        let now = self.probity.clock.now();
        if now < self.last {
            self.probity.warn_of_clock();
        }
        self.last = now;
        if (self.probity.is_due() || self.waiting.take_if_quiet(now))
            && let Err(error) = self.probity.settle().await
        {
            tracing::error!(%error, "timers that fell due could not be settled");
        }
        if self.probity.is_sanction_over() {
            let probity = self.probity.clone();
            match tokio::task::spawn_blocking(move || probity.end_sanctions_due()).await {
                Ok(Ok(0)) => {}
                Ok(Ok(ended)) => tracing::info!(ended, "sanctions whose time had passed were ended"),
                Ok(Err(error)) => tracing::error!(%error, "sanctions whose time passed could not be ended"),
                Err(error) => tracing::error!(%error, "ending sanctions ended badly"),
            }
        }
        if self.may_record(now) && self.waiting.is_quiet(now) && self.probity.is_recording_due() {
            let begun = Instant::now();
            let probity = self.probity.clone();
            let recording = tokio::task::spawn_blocking(move || probity.record_scores(now, &mut |_, _| {}));
            match recording.await {
                Ok(Ok(recorded)) => tracing::info!(recorded, "the scores of all months are on record"),
                Ok(Err(error)) => tracing::error!(%error, "scores could not be put on record"),
                Err(error) => tracing::error!(%error, "putting scores on record ended badly"),
            }
            self.record_from = pause_from(self.probity.clock.now(), begun.elapsed());
        }
    }

    /// The pause is over, or the clock was set back.
    fn may_record(&self, now: Timestamp) -> bool {
        let left = self.record_from.since(now).0;
        left <= 0 || left > LONGEST_PAUSE_MILLIS
    }
}

fn pause_from(now: Timestamp, took: Duration) -> Timestamp {
    let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    let pause = took.saturating_mul(RECORDING_SHARE).clamp(RECORDING_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS);
    Timestamp::from_millis(now.millis().saturating_add(pause))
}

/// Ticks every second until it is dropped.
pub async fn run(mut ticker: Ticker) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        ticker.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_over_when_it_has_come_to_rest() {
        let at = Timestamp::from_millis;
        let waiting = Waiting::default();
        assert!(!waiting.take() && !waiting.take_if_quiet(at(i64::MAX)) && waiting.is_quiet(at(0)));
        waiting.told(at(1_000));
        assert!(!waiting.take_if_quiet(at(2_999)), "more may come");
        assert!(waiting.take_if_quiet(at(3_000)));
        assert!(!waiting.take_if_quiet(at(9_000)), "once is enough");
        waiting.told(at(5_000));
        assert!(waiting.take(), "a reader does not wait");
        assert!(!waiting.is_quiet(at(6_999)), "but scores do, also after a reader came");
    }
}
