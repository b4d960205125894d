//! What can be wrong with what is given.

/// Why something was refused. The text says what, where and how to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A table whose columns do not fit together, or a value that no column may hold.
    #[error("table: {0}")]
    Table(String),
    /// A column that is needed is not there.
    #[error("there is no column {name:?}; the columns are {}", .known.join(", "))]
    UnknownColumn {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A target, weight or offset that cannot be learned from.
    #[error("sample: {0}")]
    Sample(String),
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
    /// A scorecard file that is not one.
    #[error("scorecard: {0}")]
    Card(String),
}
