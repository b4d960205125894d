//! What all handlers share.

use super::metrics::{Became, Metrics};
use super::problem::Failure;
use super::ranking::Rankings;
use super::server::ServeOptions;
use super::stability::Looks;
use crate::app::{AppError, AsOf, Class, Outcome, Prepared, Probity, Settling};
use crate::jobs::Waiting;
use bytes::Bytes;
use probity_credit::event::Party;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// A cheap handle to it.
#[derive(Clone)]
pub(crate) struct Site(Arc<Shared>);

/// What there is.
pub(crate) struct Shared {
    pub(crate) probity: Probity,
    pub(crate) options: ServeOptions,
    pub(crate) metrics: Metrics,
    pub(crate) rankings: Arc<Rankings>,
    pub(crate) looks: Arc<Looks>,
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
    /// KiB of request bodies that may still come in.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) waiting: Arc<Waiting>,
    /// The last write failed.
    failed: AtomicBool,
}

impl Deref for Site {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Site {
    pub(crate) fn new(
        probity: Probity,
        options: ServeOptions,
        routes: impl Iterator<Item = String>,
        openapi: Bytes,
        waiting: Arc<Waiting>,
    ) -> Self {
        let room = Arc::new(Semaphore::new((options.body_room / 1024).clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shared {
            probity,
            metrics: Metrics::new(routes),
            rankings: Arc::default(),
            looks: Arc::default(),
            openapi,
            room,
            waiting,
            failed: AtomicBool::new(false),
            options,
        }))
    }

    /// Lets timers that fell due go off before something is read. A store that cannot write does not stop readers.
    pub(crate) async fn settled(&self) {
        if (self.probity.is_due() || self.waiting.take())
            && let Err(error) = self.probity.settle().await
        {
            self.failed.store(true, Ordering::Release);
            tracing::warn!(%error, "timers that fell due could not be settled; readers see the facts before them");
        }
    }

    /// Reads a party: at now in place, for that costs microseconds; other moments where it may take long.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        as_of: AsOf,
        work: impl FnOnce(&Probity) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.settled().await;
        if as_of == AsOf::Now { Ok(work(&self.probity)?) } else { self.blocking(work).await }
    }

    /// Reads a party: in place when memory is enough, for that costs microseconds; otherwise where it may take long.
    pub(crate) async fn read_party<T: Send + 'static>(
        &self,
        party: Party,
        as_of: AsOf,
        work: impl FnOnce(&Probity, &Party, AsOf) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.settled().await;
        if self.probity.is_at_hand(&party, as_of) {
            Ok(work(&self.probity, &party, as_of)?)
        } else {
            self.blocking(move |probity| work(probity, &party, as_of)).await
        }
    }

    /// Works where waiting for the disk stops nobody else.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Probity) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Failure> {
        let probity = self.probity.clone();
        let done = tokio::task::spawn_blocking(move || work(&probity)).await;
        Ok(done.map_err(|error| Failure::internal(error.to_string()))??)
    }

    /// Hands events to the keeper and counts what became of them.
    pub(crate) async fn take(
        &self,
        items: Vec<Prepared>,
        settling: Settling,
    ) -> Result<Vec<Outcome>, Failure> {
        let result = self.probity.take(items, settling).await;
        self.wrote(&result);
        let outcomes = result?;
        let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|one| wanted(one)).count() as u64;
        self.metrics.events(Became::Taken, count(|one| matches!(one, Outcome::Taken(_))));
        self.metrics.events(Became::Duplicate, count(|one| matches!(one, Outcome::Duplicate(_))));
        self.metrics
            .events(Became::Refused, count(|one| matches!(one, Outcome::Conflict(..) | Outcome::Refused(_))));
        Ok(outcomes)
    }

    /// Remembers whether the store takes writes.
    pub(crate) fn wrote<T>(&self, result: &Result<T, AppError>) {
        let failed = matches!(result, Err(error) if matches!(error.class, Class::Full | Class::Unavailable | Class::Internal));
        self.failed.store(failed, Ordering::Release);
    }

    /// True when the last write failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}
