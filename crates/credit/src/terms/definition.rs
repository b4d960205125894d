//! Terms by tier, read and checked. A better tier never has a worse term: the file is refused if it does.

use crate::score::findings::Findings;
use crate::tier::Tiers;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Currency, Digest, Duration, Money, Problem};
use serde::Deserialize;
use toml::Spanned;

/// The code of every refused terms file.
pub const TERMS_INVALID: Code = Code::new("terms-invalid");

/// The most tiers.
const MOST_TIERS: usize = 50;
/// The longest text, in bytes.
const LONGEST_TEXT: usize = 50_000;

/// What one tier grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierTerms {
    /// The tier.
    pub tier: String,
    /// Discount on fees (merchants) or prices (buyers), in basis points.
    pub discount: u32,
    /// The most that may be open at once, in minor units of the reporting currency.
    pub payment_limit: i64,
    /// Time from delivery to payout; for buyers, from a return to the refund.
    pub payout_delay: Duration,
    /// Share of payouts held back in a rolling reserve, in basis points.
    pub reserve: u32,
    /// Deposit asked for, in minor units of the reporting currency.
    pub deposit: i64,
    /// Share of a buyer's loss that the protection covers, in basis points.
    pub cover: u32,
}

/// The terms of a role, from the worst tier to the best.
#[derive(Debug)]
pub struct Terms {
    of: &'static str,
    title: String,
    reasoning: String,
    list: Vec<TierTerms>,
    hash: Digest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    terms: HeadShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadShape {
    of: Spanned<String>,
    title: Spanned<String>,
    reasoning: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierShape {
    tier: Spanned<String>,
    discount: Spanned<i64>,
    payment_limit: Spanned<String>,
    payout_delay: Spanned<String>,
    reserve: Spanned<i64>,
    deposit: Spanned<String>,
    cover: Spanned<i64>,
}

impl Terms {
    /// Reads and checks the terms of the tiers of a role. `file` names it in problems; amounts are in `currency`.
    ///
    /// # Errors
    /// `terms-invalid` for everything that is wrong, each with `file:line:column`: a tier without terms or with two, an
    /// amount that does not read, a better tier with a worse term.
    pub fn parse(file: &str, text: &str, tiers: &Tiers, currency: Currency) -> Result<Self, Vec<Problem>> {
        let mut findings = Findings::new(file, text, TERMS_INVALID);
        let made = read(&mut findings, text, tiers, currency);
        findings.end(made)
    }

    /// Terms that grant nothing, for a catalogue of before there were terms: it gives scores and answers no request.
    pub fn none(tiers: &Tiers) -> Self {
        let nothing = |tier: &crate::tier::Tier| TierTerms {
            tier: tier.name.clone(),
            discount: 0,
            payment_limit: 0,
            payout_delay: Duration::days(0),
            reserve: 0,
            deposit: 0,
            cover: 0,
        };
        let list = tiers.list().iter().map(nothing).collect();
        let (title, reasoning) = (String::new(), String::new());
        Self { of: tiers.of(), title, reasoning, list, hash: Digest::of(&[]) }
    }

    /// Whose: merchant or buyer.
    pub const fn of(&self) -> &'static str {
        self.of
    }

    /// For people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Why they are as they are.
    pub fn reasoning(&self) -> &str {
        &self.reasoning
    }

    /// The terms, from the worst tier to the best.
    pub fn list(&self) -> &[TierTerms] {
        &self.list
    }

    /// The terms of a tier; those of the worst for a name that is none, for what cannot be read must not let anyone through.
    pub fn of_tier(&self, name: &str) -> Option<&TierTerms> {
        self.list.iter().find(|terms| terms.tier == name).or_else(|| self.list.first())
    }

    /// The hash of the file.
    pub const fn hash(&self) -> Digest {
        self.hash
    }
}

fn read<'a>(findings: &mut Findings<'a>, text: &'a str, tiers: &Tiers, currency: Currency) -> Option<Terms> {
    let mut tables = findings.tables()?;
    let shapes = findings.items::<TierShape>(&mut tables, "tier", MOST_TIERS);
    let head = findings.rest::<FileShape>(tables)?.terms;
    findings.text(&head.title, LONGEST_TEXT);
    findings.text(&head.reasoning, LONGEST_TEXT);
    if head.of.get_ref() != tiers.of() {
        let detail =
            format!("'{}' where the tiers of a {} are given terms", shown(head.of.get_ref()), tiers.of());
        findings.refuse(head.of.span(), detail);
    }
    let mut list: Vec<TierTerms> = Vec::new();
    for (place, shape) in shapes.iter().enumerate() {
        let shape = shape.get_ref();
        let name = shape.tier.get_ref();
        let wanted = tiers.list().get(place).map(|tier| tier.name.as_str());
        if wanted != Some(name) {
            let detail = format!("'{}' where {} is expected", shown(name), wanted.unwrap_or("nothing more"));
            findings.refuse_with(
                shape.tier.span(),
                detail,
                "give every tier its terms, from the worst to the best",
            );
        }
        let terms = one(findings, shape, currency);
        if let Some(before) = list.last() {
            for worse in worse(before, &terms) {
                let detail = format!("{worse} of '{name}' is worse than that of '{}'", before.tier);
                findings.refuse_with(shape.tier.span(), detail, "a better tier never has a worse term");
            }
        }
        list.push(terms);
    }
    if list.len() < tiers.list().len() {
        let missing: Vec<&str> =
            tiers.list().iter().skip(list.len()).map(|tier| tier.name.as_str()).collect();
        findings.refuse(0..0, format!("no terms for {}", missing.join(", ")));
    }
    Some(Terms {
        of: tiers.of(),
        title: head.title.into_inner(),
        reasoning: head.reasoning.into_inner(),
        list,
        hash: Digest::of(&[text.as_bytes()]),
    })
}

fn one(findings: &mut Findings<'_>, shape: &TierShape, currency: Currency) -> TierTerms {
    let mut amount = |text: &Spanned<String>| match Money::parse(text.get_ref(), currency) {
        Ok(money) if money.minor >= 0 => money.minor,
        Ok(_) => {
            findings.refuse(text.span(), "an amount below 0");
            0
        }
        Err(problem) => {
            findings.note(text.span(), Problem::new(TERMS_INVALID, problem.detail));
            0
        }
    };
    let (payment_limit, deposit) = (amount(&shape.payment_limit), amount(&shape.deposit));
    let payout_delay = match Duration::parse(shape.payout_delay.get_ref()) {
        Ok(duration) => duration,
        Err(problem) => {
            findings.note(shape.payout_delay.span(), Problem::new(TERMS_INVALID, problem.detail));
            Duration(0)
        }
    };
    let mut share =
        |what: &str, number: &Spanned<i64>| findings.integer(what, number, (0, 10_000)).unsigned_abs();
    TierTerms {
        tier: shape.tier.get_ref().clone(),
        discount: share("discount", &shape.discount),
        payment_limit,
        payout_delay,
        reserve: share("reserve", &shape.reserve),
        deposit,
        cover: share("cover", &shape.cover),
    }
}

/// Names of the terms that are worse in the second than in the first.
fn worse(before: &TierTerms, after: &TierTerms) -> Vec<&'static str> {
    let worse = [
        ("discount", after.discount < before.discount),
        ("payment_limit", after.payment_limit < before.payment_limit),
        ("payout_delay", after.payout_delay > before.payout_delay),
        ("reserve", after.reserve > before.reserve),
        ("deposit", after.deposit > before.deposit),
        ("cover", after.cover < before.cover),
    ];
    worse.into_iter().filter(|(_, worse)| *worse).map(|(name, _)| name).collect()
}
