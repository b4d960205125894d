//! What sanctions there are, and on what grounds.

use serde::Serialize;

/// What a party may no longer do, from the mildest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sanction {
    /// Payments up to an amount only.
    Limit,
    /// No trade for a time.
    Suspend,
    /// The relation ends. Obligations that are open stay owed.
    Terminate,
}

impl Sanction {
    /// All of them, from the mildest.
    pub const ALL: [Self; 3] = [Self::Limit, Self::Suspend, Self::Terminate];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Suspend => "suspend",
            Self::Terminate => "terminate",
        }
    }

    /// The sanction of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sanction| sanction.as_str() == name)
    }
}

/// Why a sanction is started; it decides how long before it takes effect the party has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// Fraud.
    Fraud,
    /// A court or an authority demands it.
    LegalOrder,
    /// Published rules were broken.
    RulesBroken,
    /// What is known speaks of a loss to come.
    Risk,
    /// A debt is overdue.
    Debt,
}

impl Ground {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fraud, Self::LegalOrder, Self::RulesBroken, Self::Risk, Self::Debt];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fraud => "fraud",
            Self::LegalOrder => "legal_order",
            Self::RulesBroken => "rules_broken",
            Self::Risk => "risk",
            Self::Debt => "debt",
        }
    }

    /// The ground of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == name)
    }
}
