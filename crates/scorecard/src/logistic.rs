//! Logistic regression with weights, an offset, penalties and coefficients whose sign is held.
//!
//! What is minimised over the intercept a and the coefficients b, each b within its [`Sign`], is
//!
//! Σ wᵢ · (ln(1 + e^ηᵢ) − yᵢ·ηᵢ) + l1 · Σ|bⱼ| + l2/2 · Σ(bⱼ − toward)², where ηᵢ = offsetᵢ + a + Σ xᵢⱼ·bⱼ and yᵢ = 1 for bad.
//!
//! The way through: a [`Design`] (regressors as codes of few distinct values, or as plain numbers) → [`fit`], Newton steps
//! whose quadratic models are solved exactly within the signs → [`path`] over many penalties, judged by cross-validation.
//! [`select`] thins the columns out before.

mod design;
mod moments;
mod quadratic;
mod newton;
mod path;
mod selection;

pub use design::{Design, Entries, Regressor};
pub use newton::{Coefficient, Fit, Options, Sign, State, fit};
pub use path::{Path, PathOptions, PathPoint, folds, path};
pub use selection::{Candidate, Dropped, Reason, Selected, Selection, select};

#[cfg(test)]
mod tests;
