//! The truth about a simulated world: what nobody on the platform knows.

use crate::event::Number;
use probity_primitives::Timestamp;

/// What somebody meant to do with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Intent {
    /// Both sides mean it.
    Honest,
    /// The merchant never meant to deliver.
    Theft,
    /// The merchant sends something else than it sold.
    Misdescribed,
    /// The merchant sends counterfeits.
    Counterfeit,
    /// Nobody wants the goods: an order for show.
    Fake,
    /// A trade to turn credit into cash.
    CashOut,
    /// Paid with a stolen card.
    StolenCard,
    /// The buyer received the goods and says otherwise.
    FalseClaim,
    /// The buyer received the goods and disputes the payment at the bank.
    FriendlyFraud,
    /// The buyer sends something else back.
    SpoiltReturn,
    /// The buyer threatens with a bad rating.
    Extortion,
    /// A voucher taken several times by one person.
    PromotionAbuse,
}

impl Intent {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Honest,
        Self::Theft,
        Self::Misdescribed,
        Self::Counterfeit,
        Self::Fake,
        Self::CashOut,
        Self::StolenCard,
        Self::FalseClaim,
        Self::FriendlyFraud,
        Self::SpoiltReturn,
        Self::Extortion,
        Self::PromotionAbuse,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Theft => "theft",
            Self::Misdescribed => "misdescribed",
            Self::Counterfeit => "counterfeit",
            Self::Fake => "fake",
            Self::CashOut => "cash_out",
            Self::StolenCard => "stolen_card",
            Self::FalseClaim => "false_claim",
            Self::FriendlyFraud => "friendly_fraud",
            Self::SpoiltReturn => "spoilt_return",
            Self::Extortion => "extortion",
            Self::PromotionAbuse => "promotion_abuse",
        }
    }

    /// Whether the merchant (or somebody behind it) is the one who means ill.
    pub const fn by_merchant(self) -> bool {
        matches!(self, Self::Theft | Self::Misdescribed | Self::Counterfeit | Self::Fake | Self::CashOut)
    }

    /// Whether the buyer is. Fake orders and cash-outs are the work of both.
    pub const fn by_buyer(self) -> bool {
        !matches!(self, Self::Honest | Self::Theft | Self::Misdescribed | Self::Counterfeit)
    }
}

/// How an order ends, or would have ended had nobody stepped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    /// Arrived by the promised day.
    OnTime,
    /// Arrived later.
    Late,
    /// Left and never arrived.
    Lost,
    /// Never left although paid.
    NeverSent,
    /// The seller could not supply.
    SellerCancelled,
    /// The buyer changed its mind.
    BuyerCancelled,
    /// Never paid.
    Unpaid,
    /// The platform stopped it. Never what would have happened.
    Stopped,
    /// The world ended first. Never what would have happened.
    Open,
}

impl Ending {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnTime => "on_time",
            Self::Late => "late",
            Self::Lost => "lost",
            Self::NeverSent => "never_sent",
            Self::SellerCancelled => "seller_cancelled",
            Self::BuyerCancelled => "buyer_cancelled",
            Self::Unpaid => "unpaid",
            Self::Stopped => "stopped",
            Self::Open => "open",
        }
    }
}

/// The truth about an order, told when nothing more will happen to it or the world ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderTruth {
    /// Its number; 0 for one that was declined before it had any.
    pub order: u64,
    /// Who sold.
    pub merchant: Number,
    /// Who bought.
    pub buyer: Number,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What was meant.
    pub intent: Intent,
    /// How it would have ended.
    pub would: Ending,
    /// How it ended.
    pub did: Ending,
    /// What the buyer was to pay.
    pub value: i64,
    /// What the buyer would have paid had the platform set no limit.
    pub wanted: i64,
    /// What the platform pays the buyer back for its tier's discount, out of its own pocket.
    pub discount: i64,
    /// What was paid in, vouchers included.
    pub paid: i64,
    /// What was refunded.
    pub refunded: i64,
    /// What card issuers took back.
    pub charged_back: i64,
    /// What was credited to the merchant.
    pub released: i64,
    /// The platform's fee.
    pub fee: i64,
    /// What the platform still holds.
    pub held: i64,
    /// What the victim of a cheat had lost before anybody made up for it: what was paid for nothing, or was given away.
    pub harm: i64,
}

/// The truth about a party, told at the end of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyTruth {
    /// Its number.
    pub number: Number,
    /// True for merchants.
    pub merchant: bool,
    /// Name of its archetype.
    pub archetype: String,
    /// Whether it means to cheat.
    pub cheats: bool,
    /// The person behind it; several parties may have one.
    pub person: u64,
    /// The ring it belongs to.
    pub ring: Option<u32>,
    /// When it joined.
    pub opened_at: Timestamp,
    /// Its first act that was meant ill.
    pub first_bad_at: Option<Timestamp>,
    /// When it left.
    pub closed_at: Option<Timestamp>,
    /// What the platform owes it (or, below 0, is owed): released less paid out and taken back.
    pub balance: i64,
    /// Of that, what is held in reserve.
    pub reserved: i64,
    /// What it paid in from outside to cover recourse.
    pub topped_up: i64,
    /// Outstanding credit.
    pub outstanding: i64,
}
