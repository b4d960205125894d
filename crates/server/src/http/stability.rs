//! Whether parties still are what they were when the scorecard in force was fitted: the last look at each role, kept.

use super::problem::Failure;
use crate::app::{AppError, Probity, Stability};
use probity_credit::event::Role;
use probity_primitives::Timestamp;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A look is good for at least this long, and for ten times what it took, whatever comes in meanwhile.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// A look at the parties of a role.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) found: Stability,
    /// When it was begun.
    pub(crate) looked_at: Timestamp,
    log_events: u64,
    made: Instant,
    took: Duration,
}

impl Look {
    fn make(probity: &Probity, role: Role) -> Result<Self, AppError> {
        let (made, looked_at, log_events) = (Instant::now(), probity.clock.now(), probity.event_count());
        let found = probity.stability(role)?;
        Ok(Self { found, looked_at, log_events, made, took: made.elapsed() })
    }

    fn is_good(&self, probity: &Probity) -> bool {
        probity.event_count() == self.log_events || self.made.elapsed() < GOOD_FOR.max(self.took * 10)
    }
}

/// The last looks.
#[derive(Default)]
pub(crate) struct Looks {
    /// Held by whoever makes one: one at a time, whatever the role.
    making: Mutex<()>,
    merchants: RwLock<Option<Arc<Look>>>,
    buyers: RwLock<Option<Arc<Look>>>,
}

impl Looks {
    fn slot(&self, role: Role) -> &RwLock<Option<Arc<Look>>> {
        match role {
            Role::Merchant => &self.merchants,
            Role::Buyer => &self.buyers,
        }
    }

    /// The last look, however old; none where nobody asked for one since the start. Never waits for one that is being made.
    pub(crate) fn last(&self, role: Role) -> Option<Arc<Look>> {
        self.slot(role).read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last look while it is good, or a new one. Many who ask at once wait for one to be made.
    pub(crate) async fn get(self: &Arc<Self>, probity: &Probity, role: Role) -> Result<Arc<Look>, Failure> {
        let (this, probity) = (Arc::clone(self), probity.clone());
        // A task of its own: when the asker goes away, what was begun is still of use to the next.
        let work = tokio::spawn(async move {
            let _making = this.making.lock().await;
            if let Some(last) = this.last(role).filter(|last| last.is_good(&probity)) {
                return Ok(last);
            }
            let made = tokio::task::spawn_blocking(move || Look::make(&probity, role)).await;
            let look = Arc::new(made.map_err(|error| Failure::internal(error.to_string()))??);
            *this.slot(role).write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&look));
            Ok(look)
        });
        work.await.map_err(|error| Failure::internal(error.to_string()))?
    }
}
