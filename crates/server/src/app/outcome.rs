//! What is told of events that were sent.

use super::error::AppError;
use probity_primitives::Problem;
use tokio::sync::oneshot;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// In the log, at this row.
    Taken(u64),
    /// The same was there already, at this row.
    Duplicate(u64),
    /// The id stands for something else, at this row; what was sent was set aside.
    Conflict(u64, Problem),
    /// What the log holds forbids it; it was set aside.
    Refused(Problem),
}

/// When timers that fell due are let go off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Soon, or before the next read: events are told as they happen.
    Soon,
    /// At the end: a whole history comes in, in any order.
    Later,
}

/// Where an answer is waited for.
pub(super) type Reply<T> = oneshot::Sender<Result<T, AppError>>;
