//! Events of the simulated marketplace, in Probity's vocabulary: type, moment, parties and fields, without any text that
//! has to be allocated. Whoever writes them down asks for names and texts when it does.

use probity_primitives::Timestamp;

/// Declares an enum whose variants have names.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant),* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

named! {
    /// The types of events that the simulator tells.
    Kind {
        /// A party joins.
        AccountOpened = "account.opened",
        /// A party leaves or is removed.
        AccountClosed = "account.closed",
        /// An aspect of identity held.
        IdentityVerified = "identity.verified",
        /// A device was first seen with a party.
        DeviceLinked = "device.linked",
        /// An address was added.
        AddressLinked = "address.linked",
        /// A card was added.
        CardLinked = "card.linked",
        /// A sign-in.
        LoginSucceeded = "login.succeeded",
        /// A password was replaced.
        CredentialReset = "credential.reset",
        /// The account that receives the money.
        PayoutAccountChanged = "payout_account.changed",
        /// An article was put up.
        ListingCreated = "listing.created",
        /// A buyer commits.
        OrderPlaced = "order.placed",
        /// A payment was approved.
        OrderPaid = "order.paid",
        /// A payment was declined.
        PaymentFailed = "payment.failed",
        /// A parcel left.
        OrderShipped = "order.shipped",
        /// The carrier saw it.
        ShipmentScanned = "shipment.scanned",
        /// It arrived.
        OrderDelivered = "order.delivered",
        /// Receipt confirmed.
        OrderConfirmed = "order.confirmed",
        /// Ended before fulfilment.
        OrderCancelled = "order.cancelled",
        /// A rating.
        ReviewPosted = "review.posted",
        /// A buyer wrote.
        MessageReceived = "message.received",
        /// The merchant answered.
        MessageAnswered = "message.answered",
        /// It did not.
        MessageUnanswered = "message.unanswered",
        /// Goods are to go back.
        ReturnRequested = "return.requested",
        /// They came back.
        ReturnReceived = "return.received",
        /// Money went back.
        RefundIssued = "refund.issued",
        /// A buyer asks to be compensated.
        ClaimOpened = "claim.opened",
        /// The merchant answered.
        ClaimAnswered = "claim.answered",
        /// The platform is to decide.
        ClaimEscalated = "claim.escalated",
        /// It did.
        ClaimDecided = "claim.decided",
        /// The cardholder's bank questions a payment.
        DisputeOpened = "card_dispute.opened",
        /// And how that ended.
        DisputeDecided = "card_dispute.decided",
        /// A card issuer reports misuse.
        FraudReported = "fraud.reported",
        /// A breach was established.
        ViolationFound = "violation.found",
        /// A voucher was used.
        PromotionRedeemed = "promotion.redeemed",
        /// The platform paid a merchant.
        PayoutMade = "payout.made",
        /// A merchant has to repay a compensated claim.
        RecourseDue = "recourse.due",
        /// It did.
        RecoursePaid = "recourse.paid",
        /// A credit line was granted or changed.
        CreditLimitChanged = "credit.limit_changed",
        /// It was used.
        CreditDrawn = "credit.drawn",
        /// An instalment falls due.
        CreditDue = "credit.due",
        /// It was repaid.
        CreditRepaid = "credit.repaid",
        /// It was not.
        CreditMissed = "credit.missed",
        /// The lender gave up.
        CreditWrittenOff = "credit.written_off",
    }
}

named! {
    /// Fields of events. What they mean is declared in `catalogue/events/`.
    Field {
        /// Order.
        Order = "order",
        /// An amount.
        Value = "value",
        /// Price of the goods alone.
        GoodsValue = "goods_value",
        /// Number of articles.
        Items = "items",
        /// Category.
        Category = "category",
        /// Promised dispatch.
        ShipBy = "ship_by",
        /// Promised delivery.
        DeliverBy = "deliver_by",
        /// Device.
        Device = "device",
        /// Address.
        Address = "address",
        /// Payment method.
        Method = "method",
        /// Number of the payment.
        Sequence = "sequence",
        /// Instalments.
        Instalments = "instalments",
        /// Card.
        Card = "card",
        /// Reason.
        Reason = "reason",
        /// Carrier.
        Carrier = "carrier",
        /// Tracking number.
        Tracking = "tracking",
        /// When it was paid.
        PaidAt = "paid_at",
        /// When it was placed.
        PlacedAt = "placed_at",
        /// When it was delivered.
        DeliveredAt = "delivered_at",
        /// Stage of a journey.
        Stage = "stage",
        /// The first of its kind.
        First = "first",
        /// Time since payment.
        SincePaid = "since_paid",
        /// Proof of delivery.
        Proof = "proof",
        /// By whom.
        By = "by",
        /// Rating.
        Rating = "rating",
        /// Goods as described.
        Described = "described",
        /// Service.
        Service = "service",
        /// Delivery.
        Logistics = "logistics",
        /// Bought here.
        Verified = "verified",
        /// Conversation.
        Thread = "thread",
        /// Time to an answer.
        ResponseTime = "response_time",
        /// The statutory right.
        WithinRight = "within_right",
        /// Condition of returned goods.
        Condition = "condition",
        /// Who bore it.
        PaidBy = "paid_by",
        /// What for.
        Cause = "cause",
        /// Claim.
        Claim = "claim",
        /// Its kind.
        OfKind = "kind",
        /// Whose fault.
        Fault = "fault",
        /// The merchant took part.
        SellerAnswered = "seller_answered",
        /// Not deceitful.
        GoodFaith = "good_faith",
        /// Delivery was proven.
        ProofOfDelivery = "proof_of_delivery",
        /// Card dispute.
        Dispute = "dispute",
        /// Who bore it.
        LostBy = "lost_by",
        /// Unfounded.
        Abusive = "abusive",
        /// Who reported it.
        Reporter = "reporter",
        /// Violation.
        Violation = "violation",
        /// Its severity.
        Severity = "severity",
        /// Promotion.
        Promotion = "promotion",
        /// Payout account.
        PayoutAccount = "payout_account",
        /// Its holder was matched.
        OwnerVerified = "owner_verified",
        /// How long money lay.
        Dwell = "dwell",
        /// Recourse.
        Recourse = "recourse",
        /// How late.
        DaysPastDue = "days_past_due",
        /// Credit line.
        Line = "line",
        /// Change of a limit.
        Change = "change",
        /// It was asked for.
        Requested = "requested",
        /// Instalment.
        Due = "due",
        /// Accounts that share it.
        Accounts = "accounts",
        /// New to the party.
        NewDevice = "new_device",
        /// How the account was opened.
        Channel = "channel",
        /// Listing.
        Listing = "listing",
        /// Asking price.
        Price = "price",
    }
}

/// What an id names; its text begins with a letter or two for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    /// An order.
    Order,
    /// A parcel.
    Tracking,
    /// A device.
    Device,
    /// An address.
    Address,
    /// A card.
    Card,
    /// A payout account.
    Account,
    /// A claim.
    Claim,
    /// A card dispute.
    Dispute,
    /// A violation.
    Violation,
    /// A conversation.
    Thread,
    /// A promotion.
    Promotion,
    /// A recourse.
    Recourse,
    /// A credit line.
    Line,
    /// An instalment.
    Due,
    /// A listing.
    Listing,
}

impl Named {
    /// What the text of such an id begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Order => "o",
            Self::Tracking => "t",
            Self::Device => "dv",
            Self::Address => "ad",
            Self::Card => "cd",
            Self::Account => "pa",
            Self::Claim => "c",
            Self::Dispute => "dp",
            Self::Violation => "v",
            Self::Thread => "th",
            Self::Promotion => "pr",
            Self::Recourse => "r",
            Self::Line => "l",
            Self::Due => "du",
            Self::Listing => "li",
        }
    }
}

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// An id.
    Id(Named, u64),
    /// An amount in minor units of the world's currency.
    Minor(i64),
    /// A whole number.
    Count(i64),
    /// One of the words that the field takes.
    Word(&'static str),
    /// True or false.
    Truth(bool),
    /// A moment.
    Moment(Timestamp),
    /// A length of time in milliseconds.
    Span(i64),
    /// A category of the world, by its number.
    Category(u16),
    /// A carrier of the world, by its number.
    Carrier(u16),
}

/// A party's number; merchants and buyers are counted apart, from 0.
pub type Number = u32;

/// Fields of one event at most.
pub const MOST_FIELDS: usize = 10;

/// An event: what the platform would tell Probity. Known when it occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Counts events from 1; the text of its id is `e` and this number.
    pub serial: u64,
    /// Its type.
    pub kind: Kind,
    /// When.
    pub at: Timestamp,
    /// The merchant.
    pub merchant: Option<Number>,
    /// The buyer.
    pub buyer: Option<Number>,
    fields: [(Field, Value); MOST_FIELDS],
    count: u8,
}

impl Event {
    /// An event with these fields; those beyond [`MOST_FIELDS`] would be lost, which a test rules out.
    pub fn new(
        kind: Kind,
        at: Timestamp,
        parties: (Option<Number>, Option<Number>),
        given: &[(Field, Value)],
    ) -> Self {
        debug_assert!(given.len() <= MOST_FIELDS, "{kind:?} has {} fields", given.len());
        let mut fields = [(Field::Order, Value::Truth(false)); MOST_FIELDS];
        fields.iter_mut().zip(given).for_each(|(place, field)| *place = *field);
        let count = given.len().min(MOST_FIELDS) as u8;
        Self { serial: 0, kind, at, merchant: parties.0, buyer: parties.1, fields, count }
    }

    /// Its fields.
    pub fn fields(&self) -> &[(Field, Value)] {
        &self.fields[..usize::from(self.count)]
    }

    /// The value of a field.
    pub fn get(&self, field: Field) -> Option<Value> {
        self.fields().iter().find(|(known, _)| *known == field).map(|(_, value)| *value)
    }

    /// An amount of the event.
    pub fn minor(&self, field: Field) -> Option<i64> {
        match self.get(field)? {
            Value::Minor(minor) => Some(minor),
            _ => None,
        }
    }

    /// The number of an id of the event.
    pub fn id(&self, field: Field) -> Option<u64> {
        match self.get(field)? {
            Value::Id(_, number) => Some(number),
            _ => None,
        }
    }
}
