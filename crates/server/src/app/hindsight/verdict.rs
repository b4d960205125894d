//! What may have become of a decision.

use serde::Serialize;

/// How something went badly; of several at once the first of this list is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// The payment was reported as fraudulent.
    FraudReported,
    /// The goods were found counterfeit.
    Counterfeit,
    /// A breach of a published rule was found.
    Violation,
    /// A card dispute was lost by the merchant.
    DisputeLost,
    /// A card dispute turned out to be unfounded.
    DisputeAbused,
    /// A claim turned out to be deceit.
    FalseClaim,
    /// The order was never delivered.
    Undelivered,
    /// A claim was decided against the seller.
    ClaimUpheld,
    /// Money went back because goods were missing, damaged or not as described.
    Refunded,
    /// Credit was written off.
    WrittenOff,
    /// An instalment is 90 days overdue.
    Overdue,
    /// The seller cancelled; the money goes back.
    SellerCancelled,
    /// Too many of a merchant's orders went wrong.
    Defects,
}

impl Harm {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::FraudReported,
        Self::Counterfeit,
        Self::Violation,
        Self::DisputeLost,
        Self::DisputeAbused,
        Self::FalseClaim,
        Self::Undelivered,
        Self::ClaimUpheld,
        Self::Refunded,
        Self::WrittenOff,
        Self::Overdue,
        Self::SellerCancelled,
        Self::Defects,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FraudReported => "fraud_reported",
            Self::Counterfeit => "counterfeit",
            Self::Violation => "violation",
            Self::DisputeLost => "dispute_lost",
            Self::DisputeAbused => "dispute_abused",
            Self::FalseClaim => "false_claim",
            Self::Undelivered => "undelivered",
            Self::ClaimUpheld => "claim_upheld",
            Self::Refunded => "refunded",
            Self::WrittenOff => "written_off",
            Self::Overdue => "overdue",
            Self::SellerCancelled => "seller_cancelled",
            Self::Defects => "defects",
        }
    }
}

/// What became of what was decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "became")]
pub enum Became {
    /// It went well to its end.
    Good,
    /// It went badly.
    Bad {
        /// How.
        harm: Harm,
        /// What was lost, in minor units of the reporting currency; 0 where only parties were judged.
        loss: i64,
    },
    /// It came to nothing: never paid, cancelled by the buyer, an approval that was not used.
    Nothing,
    /// That is not known, or not known yet.
    Unknown,
}

impl Became {
    /// Their names, in the order of [`Became::place`].
    pub const NAMES: [&'static str; 4] = ["good", "bad", "nothing", "unknown"];

    /// Its place among the names.
    pub const fn place(self) -> usize {
        match self {
            Self::Good => 0,
            Self::Bad { .. } => 1,
            Self::Nothing => 2,
            Self::Unknown => 3,
        }
    }

    /// What was lost.
    pub const fn loss(self) -> i64 {
        match self {
            Self::Bad { loss, .. } => loss,
            _ => 0,
        }
    }
}

/// What a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgedBy {
    /// The order, or the credit line, that it was about.
    Order,
    /// How its parties fared otherwise within the window: there was no order to look at.
    Party,
}

/// What became of a decision, and what that rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Verdict {
    /// What became of it.
    #[serde(flatten)]
    pub became: Became,
    /// What that rests on.
    pub judged_by: JudgedBy,
}
