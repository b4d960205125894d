//! Fits on data whose truth is known.
