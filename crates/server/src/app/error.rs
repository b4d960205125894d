//! What a use case answers when it cannot do what was asked.

use probity_primitives::{Code, Problem};
use probity_store::StoreError;

const STOPPING: Code = Code::new("stopping");

/// What kind of failure it is; HTTP and the command line give it their own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request cannot be right.
    Invalid,
    /// What was asked for does not exist.
    Missing,
    /// It contradicts what stands.
    Conflict,
    /// No room left.
    Full,
    /// Cannot be done now.
    Unavailable,
    /// Something that should not be.
    Internal,
}

/// A failure with the problems that explain it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct AppError {
    /// Its kind.
    pub class: Class,
    /// What is wrong; at least one.
    pub problems: Vec<Problem>,
}

impl AppError {
    /// A failure with one problem.
    pub fn new(class: Class, problem: Problem) -> Self {
        Self { class, problems: vec![problem] }
    }

    /// A request that cannot be right.
    pub fn invalid(code: Code, detail: impl Into<String>) -> Self {
        Self::new(Class::Invalid, Problem::new(code, detail))
    }

    /// The process is being stopped.
    pub(super) fn stopping(detail: &str) -> Self {
        Self::new(Class::Unavailable, Problem::new(STOPPING, detail))
    }

    /// Long work was broken off.
    pub(super) fn broken_off() -> Self {
        Self::stopping("the process is being stopped; what is not done is taken up at the next start")
    }

    /// Something that should not be.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(Class::Internal, Problem::new(Code::new("internal"), detail))
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        let class = match &error {
            StoreError::Full(_) => Class::Full,
            StoreError::Failed(_) | StoreError::InUse(_) | StoreError::ReadOnly(_) => Class::Unavailable,
            StoreError::Missing(_) => Class::Missing,
            StoreError::Damaged { .. } => Class::Internal,
            _ => Class::Invalid,
        };
        Self::new(class, Problem::from(error))
    }
}

impl From<Problem> for AppError {
    fn from(problem: Problem) -> Self {
        Self::new(Class::Invalid, problem)
    }
}

impl From<Vec<Problem>> for AppError {
    fn from(problems: Vec<Problem>) -> Self {
        Self { class: Class::Invalid, problems }
    }
}
