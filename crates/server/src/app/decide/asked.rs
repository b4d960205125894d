//! A request as it is asked, checked against what its kind takes and what the policy declares.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Role, holds_card_number};
use probity_credit::policy::{Attribute, Policy, Request, RequestKind, Takes};
use probity_expression::Type;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Currency, Digest, Duration, ExternalId, Money, Problem, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const REQUEST_INVALID: Code = Code::new("decision-request-invalid");
const ATTRIBUTE_INVALID: Code = Code::new("decision-attribute-invalid");
const POLICY_MISSING: Code = Code::new("decision-policy-missing");
const KEY_MISSING: Code = Code::new("decision-key-missing");
const IN_FUTURE: Code = Code::new("decision-in-future");
const WITHOUT_RATE: Code = Code::new("currency-without-rate");
const AMOUNT_INVALID: Code = Code::new("amount-invalid");

/// How long an idempotency key stands for its request, in days.
pub const KEY_DAYS: i64 = 30;
/// Clocks differ; a request may be asked this much ahead of ours.
const MOST_AHEAD: Duration = Duration(300_000);
/// The longest category, method or attribute, in bytes.
const LONGEST_TEXT: usize = 200;

/// A request in the words of whoever asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Form {
    /// What is asked.
    pub kind: String,
    /// The merchant's id.
    pub merchant: Option<String>,
    /// The buyer's id.
    pub buyer: Option<String>,
    /// The amount as a decimal text.
    pub amount: Option<String>,
    /// Its currency; the reporting currency when left out.
    pub currency: Option<String>,
    /// Main category of what is traded.
    pub category: Option<String>,
    /// Payment method.
    pub method: Option<String>,
    /// The order it is about; for a credit line the line.
    pub order: Option<String>,
    /// Attributes that the policy declares.
    pub attributes: BTreeMap<String, Value>,
    /// When the asker says it is asked.
    pub at: Option<String>,
}

/// A request that can be answered.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(super) request: Request,
    pub(super) fingerprint: String,
    pub(super) key: Option<ExternalId>,
    pub(super) trace: String,
    pub(super) asked_at: Option<String>,
}

/// Collects what is wrong.
#[derive(Default)]
struct Wrong(Vec<Problem>);

impl Wrong {
    fn note(&mut self, pointer: &str, code: Code, detail: impl Into<String>) {
        self.0.push(Problem::new(code, detail).at(pointer));
    }

    fn take<T>(&mut self, pointer: &str, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.0.push(problem.at(pointer))).ok()
    }
}

impl Form {
    /// Checks the request. `now` is when it came in, `key` its idempotency key, `trace` the id of the call.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the field.
    pub fn check(
        &self,
        catalogue: &Catalogue,
        now: Timestamp,
        key: Option<&str>,
        trace: &str,
    ) -> Result<Asked, Vec<Problem>> {
        let mut wrong = Wrong::default();
        let Some(kind) = RequestKind::parse(&self.kind) else {
            let kinds = RequestKind::ALL.map(RequestKind::as_str).join(", ");
            let detail = format!("'{}' is not one of {kinds}", shown(&self.kind));
            return Err(vec![Problem::new(REQUEST_INVALID, detail).at("/kind")]);
        };
        let Some(policy) = catalogue.policy(kind) else {
            let detail = format!("the catalogue has no policy for {}", kind.as_str());
            return Err(vec![Problem::new(POLICY_MISSING, detail).at("/kind")]);
        };
        let key =
            key.and_then(|key| wrong.take("/Idempotency-Key", ExternalId::try_new(key.trim_matches('"'))));
        if key.is_none() && wrong.0.is_empty() && policy.reserves() {
            let detail = format!("a {} holds an amount, so it needs an idempotency key", kind.as_str());
            wrong.0.push(
                Problem::new(KEY_MISSING, detail)
                    .at("/Idempotency-Key")
                    .hint("send one key for one request, and the same again when you repeat it"),
            );
        }
        let mut party = |role: Role, given: &Option<String>| self.party(&mut wrong, kind, role, given);
        let (merchant, buyer) = (party(Role::Merchant, &self.merchant), party(Role::Buyer, &self.buyer));
        if kind == RequestKind::Onboarding && self.merchant.is_none() && self.buyer.is_none() {
            wrong.note("/merchant", REQUEST_INVALID, "onboarding is about a merchant or a buyer");
        }
        let (amount, reporting) = self.amount(&mut wrong, catalogue, kind, now);
        let category = text(&mut wrong, "/category", self.category.as_deref());
        let method = text(&mut wrong, "/method", self.method.as_deref());
        let order = self.order.as_deref().and_then(|order| wrong.take("/order", ExternalId::try_new(order)));
        let attributes = self.attributes(&mut wrong, policy);
        self.moment(&mut wrong, now);
        if !wrong.0.is_empty() {
            return Err(wrong.0);
        }
        let request = Request {
            kind,
            at: now,
            merchant,
            buyer,
            amount,
            reporting,
            category,
            method,
            order,
            attributes,
        };
        Ok(Asked {
            request,
            fingerprint: self.fingerprint(),
            key,
            trace: trace.to_owned(),
            asked_at: self.at.clone(),
        })
    }

    /// The same for the same request, however it was written down.
    fn fingerprint(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Digest::of(&[&text]).to_string()
    }

    fn party(
        &self,
        wrong: &mut Wrong,
        kind: RequestKind,
        role: Role,
        given: &Option<String>,
    ) -> Option<ExternalId> {
        let pointer = format!("/{}", role.as_str());
        match (kind.takes(role), given) {
            (Takes::Never, Some(_)) => {
                let detail = format!("no {} takes part in a {}", role.as_str(), kind.as_str());
                wrong.note(&pointer, REQUEST_INVALID, detail);
                None
            }
            (Takes::Always, None) => {
                let detail = format!("a {} is about a {}", kind.as_str(), role.as_str());
                wrong.note(&pointer, REQUEST_INVALID, detail);
                None
            }
            (_, given) => given.as_deref().and_then(|id| wrong.take(&pointer, ExternalId::try_new(id))),
        }
    }

    /// The amount as given and in the reporting currency.
    fn amount(
        &self,
        wrong: &mut Wrong,
        catalogue: &Catalogue,
        kind: RequestKind,
        now: Timestamp,
    ) -> (Option<Money>, Option<i64>) {
        let none = (None, None);
        let Some(text) = self.amount.as_deref() else {
            if kind.amount() == Takes::Always {
                let detail = format!("a {} is about an amount", kind.as_str());
                wrong.note("/amount", REQUEST_INVALID, detail);
            }
            return none;
        };
        if kind.amount() == Takes::Never {
            wrong.note("/amount", REQUEST_INVALID, format!("{} is about no amount", kind.as_str()));
            return none;
        }
        let rates = &catalogue.rates;
        let currency = match self.currency.as_deref() {
            None => rates.reporting,
            Some(code) => match wrong.take("/currency", Currency::try_new(code)) {
                Some(currency) => currency,
                None => return none,
            },
        };
        let Some(money) = wrong.take("/amount", Money::parse(text, currency)) else { return none };
        if money.minor < 0 {
            wrong.note("/amount", AMOUNT_INVALID, format!("{} is below 0", shown(text)));
            return none;
        }
        let reporting = rates.to_reporting(money.minor, currency, now);
        if reporting.is_none() {
            let detail = format!("there is no rate of {currency} in {} for today", rates.reporting);
            wrong.0.push(
                Problem::new(WITHOUT_RATE, detail).at("/currency").hint("give rates.toml a rate of it"),
            );
        }
        (Some(money), reporting)
    }

    fn attributes(&self, wrong: &mut Wrong, policy: &Policy) -> Vec<Option<Attribute>> {
        let declared = policy.attributes();
        for name in self.attributes.keys().filter(|name| !declared.iter().any(|(known, _)| known == *name)) {
            let known: Vec<&str> = declared.iter().map(|(name, _)| name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let detail = format!("the policy declares no attribute '{}'; it declares {known}", shown(name));
            wrong.note(&format!("/attributes/{}", shown(name)), ATTRIBUTE_INVALID, detail);
        }
        let mut one = |(name, of): &(String, Type)| {
            let value = self.attributes.get(name).filter(|value| !value.is_null())?;
            let pointer = format!("/attributes/{name}");
            let read = match (of, value) {
                (Type::Boolean, Value::Bool(value)) => Some(Attribute::Boolean(*value)),
                (Type::Integer, Value::Number(number)) => number.as_i64().map(Attribute::Integer),
                (Type::Text, Value::String(value)) => {
                    return text(wrong, &pointer, Some(value)).map(Attribute::Text);
                }
                _ => None,
            };
            if read.is_none() {
                let detail = format!("{} is not {of:?}", shown(&value.to_string()));
                wrong.note(&pointer, ATTRIBUTE_INVALID, detail.to_lowercase());
            }
            read
        };
        declared.iter().map(&mut one).collect()
    }

    /// The asker's own moment is only recorded; a clock that is far ahead is told so.
    fn moment(&self, wrong: &mut Wrong, now: Timestamp) {
        let Some(text) = self.at.as_deref() else { return };
        if let Some(at) = wrong.take("/at", Timestamp::parse(text))
            && at > now.plus(MOST_AHEAD)
        {
            wrong.0.push(
                Problem::new(IN_FUTURE, format!("{at} lies in the future; it is {now}"))
                    .at("/at")
                    .hint("set the clock of the machine that asks"),
            );
        }
    }
}

/// A short text; a card's number is kept nowhere.
fn text(wrong: &mut Wrong, pointer: &str, given: Option<&str>) -> Option<Box<str>> {
    let given = given?;
    if given.is_empty() || given.len() > LONGEST_TEXT || given.chars().any(char::is_control) {
        let detail = format!("a text has 1 to {LONGEST_TEXT} bytes and no control characters");
        wrong.note(pointer, REQUEST_INVALID, detail);
        return None;
    }
    if holds_card_number(given) {
        wrong.note(pointer, Code::new("card-number"), "this looks like the number of a payment card");
        return None;
    }
    Some(given.into())
}
