//! What is looked after every second.

use crate::app::{Period, Probity};
use probity_primitives::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A history that comes in piece by piece is over when nothing came for this long.
const QUIET_MILLIS: i64 = 2_000;

/// Timers that wait for the end of a history told over HTTP: while it comes in, in any order, they do not go off.
#[derive(Debug)]
pub struct Waiting(AtomicI64);

impl Default for Waiting {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Waiting {
    /// A piece of history came in.
    pub fn told(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::Release);
    }

    /// True when timers wait; they wait no more after this.
    pub fn take(&self) -> bool {
        self.0.load(Ordering::Acquire) != i64::MIN && self.0.swap(i64::MIN, Ordering::AcqRel) != i64::MIN
    }

    /// The same, once the history has come to rest.
    fn take_if_quiet(&self, now: Timestamp) -> bool {
        let told = self.0.load(Ordering::Acquire);
        told != i64::MIN && told.saturating_add(QUIET_MILLIS) <= now.millis() && self.take()
    }
}

/// The work of every second, and what it must remember from one second to the next.
pub struct Ticker {
    probity: Probity,
    waiting: Arc<Waiting>,
    month: Period,
    last: Timestamp,
}

impl Ticker {
    /// Starts in the running month: scores of earlier months are recorded with it, when it ends.
    pub fn new(probity: Probity, waiting: Arc<Waiting>) -> Self {
        let last = probity.clock.now();
        Self { probity, waiting, month: Period::of(last), last }
    }

    /// One second's work. A failure is logged and tried again: the next second, or the next month.
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
        let month = Period::of(now);
        if month > self.month {
            self.month = month;
            let probity = self.probity.clone();
            let recording = tokio::task::spawn_blocking(move || probity.record_scores(now, &mut |_, _| {}));
            match recording.await {
                Ok(Ok(recorded)) => tracing::info!(recorded, "the month's scores are on record"),
                Ok(Err(error)) => tracing::error!(%error, "the month's scores could not be recorded"),
                Err(error) => tracing::error!(%error, "recording the month's scores ended badly"),
            }
        }
    }
}

/// Ticks every second until it is dropped.
pub async fn run(probity: Probity, waiting: Arc<Waiting>) {
    let mut ticker = Ticker::new(probity, waiting);
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
        assert!(!waiting.take() && !waiting.take_if_quiet(at(i64::MAX)));
        waiting.told(at(1_000));
        assert!(!waiting.take_if_quiet(at(2_999)), "more may come");
        assert!(waiting.take_if_quiet(at(3_000)));
        assert!(!waiting.take_if_quiet(at(9_000)), "once is enough");
        waiting.told(at(5_000));
        assert!(waiting.take(), "a reader does not wait");
    }
}
