//! What can be wrong with what is given.

/// Why something was refused. The text says what, where and how to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A table or a sample that does not do.
    #[error(transparent)]
    Scorecard(#[from] probity_scorecard::Error),
    /// An option that contradicts another, or the data.
    #[error("option {option}: {reason}")]
    Option {
        /// The option's name, as the command line spells it without its dashes.
        option: &'static str,
        /// Why it was refused, and what would do.
        reason: String,
    },
    /// A fit that has no answer.
    #[error("fit: {0}")]
    Fit(String),
    /// A model that contradicts itself, or a file that holds none.
    #[error("model: {0}")]
    Model(String),
    /// An ONNX file that cannot be read, or asks for what is not understood here.
    #[error("ONNX: {0}")]
    Onnx(String),
}
