//! What is asked: may this payment, payout, listing or credit line go ahead?

use crate::event::Role;
use probity_expression::Type;
use probity_primitives::{ExternalId, Money, Timestamp};
use serde::Serialize;

/// What a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A buyer pays a merchant.
    Payment,
    /// Money leaves for a merchant.
    Payout,
    /// A merchant offers an article.
    Listing,
    /// A buyer asks for a credit line, or for more of one.
    CreditLine,
    /// A party joins.
    Onboarding,
    /// A claim is to be covered.
    ClaimCover,
}

impl RequestKind {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Payment, Self::Payout, Self::Listing, Self::CreditLine, Self::Onboarding, Self::ClaimCover];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Payout => "payout",
            Self::Listing => "listing",
            Self::CreditLine => "credit_line",
            Self::Onboarding => "onboarding",
            Self::ClaimCover => "claim_cover",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether a party of a role takes part: always, perhaps, or never.
    pub const fn takes(self, role: Role) -> Takes {
        match (self, role) {
            (Self::Payment | Self::ClaimCover, _) | (Self::Payout | Self::Listing, Role::Merchant) => {
                Takes::Always
            }
            (Self::CreditLine, Role::Buyer) => Takes::Always,
            (Self::Onboarding, _) => Takes::Perhaps,
            (Self::Payout | Self::Listing, Role::Buyer) | (Self::CreditLine, Role::Merchant) => Takes::Never,
        }
    }

    /// Whether an amount is asked about: payments and the like have one, a listing's price may be given, joining has none.
    pub const fn amount(self) -> Takes {
        match self {
            Self::Payment | Self::Payout | Self::CreditLine | Self::ClaimCover => Takes::Always,
            Self::Listing => Takes::Perhaps,
            Self::Onboarding => Takes::Never,
        }
    }
}

/// Whether something belongs to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A request without it is refused.
    Always,
    /// It may be there.
    Perhaps,
    /// A request with it is refused.
    Never,
}

/// The value of an attribute that a policy declares for its requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(Box<str>),
}

impl Attribute {
    /// Its type.
    pub const fn result_type(&self) -> Type {
        match self {
            Self::Boolean(_) => Type::Boolean,
            Self::Integer(_) => Type::Integer,
            Self::Text(_) => Type::Text,
        }
    }
}

/// A request, checked against what its kind takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What is asked.
    pub kind: RequestKind,
    /// When it is asked.
    pub at: Timestamp,
    /// The merchant.
    pub merchant: Option<ExternalId>,
    /// The buyer.
    pub buyer: Option<ExternalId>,
    /// The amount as it was given.
    pub amount: Option<Money>,
    /// The amount in minor units of the reporting currency.
    pub reporting: Option<i64>,
    /// Main category of what is traded.
    pub category: Option<Box<str>>,
    /// Payment method.
    pub method: Option<Box<str>>,
    /// The order it concerns, which a reservation is held for.
    pub order: Option<ExternalId>,
    /// Attributes that the policy declares, in its order.
    pub attributes: Vec<Option<Attribute>>,
}

impl Request {
    /// The party of a role.
    pub const fn party(&self, role: Role) -> Option<&ExternalId> {
        match role {
            Role::Merchant => self.merchant.as_ref(),
            Role::Buyer => self.buyer.as_ref(),
        }
    }
}
