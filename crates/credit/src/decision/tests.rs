use super::*;
use crate::catalogue::Catalogue;
use crate::catalogue::tests::starter;
use crate::event::Role;
use crate::policy::{Attribute, Facts, Fields, Outcome, Policy, Request, RequestKind, Side};
use crate::sanction::Standing;
use crate::terms::TierTerms;
use probity_primitives::{Duration, Timestamp};
use std::sync::LazyLock;

static STARTER: LazyLock<Catalogue> = LazyLock::new(starter);

const POLICY: &str = r#"
[policy]
name = "p"
decides = "payment"
title = "P"
reasoning = "Because."
time_to_live = "15m"
[[reason]]
code = "P1"
text = "Suspended"
advice = "Wait"
text_zh = "暂停"
advice_zh = "等"
[[reason]]
code = "P2"
text = "Score too low"
advice = "Rise"
text_zh = "低"
advice_zh = "升"
[[reason]]
code = "P3"
text = "New"
advice = "Sell"
text_zh = "新"
advice_zh = "卖"
[[table]]
name = "standing"
title = "Standing"
hit = "first"
[[table.rule]]
name = "suspended"
when = "merchant_suspended OR buyer_suspended"
outcome = "decline"
reason = "P1"
[[table.rule]]
name = "low"
when = "buyer_score < 500"
outcome = "review"
reason = "P2"
[[table.rule]]
name = "rest"
outcome = "approve"
[[table]]
name = "small"
title = "Small"
hit = "all"
adds_only = true
[[table.rule]]
name = "thin"
when = "merchant_thin"
limit = "amount('300.00')"
reserve = 2000
reason = "P3"
"#;

fn fields(kind: RequestKind, attributes: &[(String, probity_expression::Type)]) -> Fields {
    let role = |role: Role| (role, STARTER.scorecard(role), STARTER.tiers(role), STARTER.plan.names(role));
    Fields::new(kind, [role(Role::Merchant), role(Role::Buyer)], attributes, 2)
}

fn terms(limit: i64) -> TierTerms {
    TierTerms {
        tier: "new".into(),
        discount: 150,
        payment_limit: limit,
        payout_delay: Duration::days(3),
        reserve: 500,
        deposit: 1_000,
        cover: 10_000,
    }
}

fn told(code: &str) -> Told {
    let text = String::new;
    Told {
        code: code.into(),
        text: text(),
        advice: text(),
        text_zh: text(),
        advice_zh: text(),
        whence: Whence::Limit,
    }
}

/// A payment of `amount` with what the two sides have: score of the buyer, whether the merchant is thin, exposures, standings.
struct Case {
    amount: i64,
    score: i32,
    thin: bool,
    exposures: [i64; 2],
    standings: [Standing; 2],
}

const PLAIN: Standing = Standing { limit: None, suspended: false, terminated: false };
const CASE: Case =
    Case { amount: 10_000, score: 650, thin: false, exposures: [0, 0], standings: [PLAIN, PLAIN] };

fn limits_of<'a>(case: &Case, terms: &'a TierTerms, n: usize) -> Option<PartyLimits<'a>> {
    Some(PartyLimits { terms, exposure: case.exposures[n], standing: case.standings[n] })
}

fn given(case: &Case) -> (Ruling, Record) {
    let policy = Policy::parse("p.toml", POLICY, &fields).unwrap();
    let scored = |score: i32, thin: bool| crate::score::Scored {
        score,
        thin,
        ..STARTER.scorecard(Role::Buyer).score(&[])
    };
    let both = [scored(700, case.thin), scored(case.score, false)];
    let limits = [terms(50_000), terms(20_000)];
    let side = |n: usize| Side {
        scored: &both[n],
        values: &[],
        tier: "new",
        known: true,
        exposure: case.exposures[n],
        payment_limit: limits[n].payment_limit,
        sanction_limit: case.standings[n].limit,
        suspended: case.standings[n].suspended,
        terminated: case.standings[n].terminated,
    };
    let request = payment(case.amount, Vec::new());
    let (merchant, buyer) = (Some(side(0)), Some(side(1)));
    let facts = Facts { fields: policy.fields(), request: &request, merchant, buyer, pair_exposure: 0 };
    let applied = policy.apply(&facts);
    let limit = |n: usize| limits_of(case, &limits[n], n);
    let limit_reason = |role: Role| told(&format!("LIMIT_{}", role.as_str()));
    let score_reasons = |role: Role| vec![told(&format!("SCORE_{}", role.as_str()))];
    let ruling =
        rule(&policy, &applied, Some(case.amount), limit(0), limit(1), &limit_reason, &score_reasons);
    let record = Record {
        version: 1,
        id: "dec_1".into(),
        request: "payment".into(),
        at: request.at.to_string(),
        asked_at: None,
        seen: None,
        fingerprint: String::new(),
        trace: String::new(),
        amount: Some(case.amount),
        order: None,
        inputs: Record::inputs_of(&policy, &facts),
        merchant: None,
        buyer: None,
        outcome: ruling.outcome.as_str().into(),
        terms: ruling.terms,
        held: ruling.held,
        step_up: ruling.step_up.clone(),
        sanctions: ruling.sanctions.clone(),
        cases: ruling.cases.clone(),
        reasons: ruling.reasons.clone(),
        rules: Vec::new(),
        expires_at: request.at.to_string(),
        versions: Versions { policy: policy.hash().to_string(), catalogue: String::new() },
        trial: None,
    };
    let again = Record::decode(&record.encode().unwrap()).unwrap();
    assert_eq!(again, record);
    assert_eq!(policy.names_of(&policy.apply(&again.row(&policy))), policy.names_of(&applied));
    assert_eq!(policy.apply(&again.row(&policy)), applied, "what is recorded gives the same answer");
    (ruling, record)
}

#[test]
fn limits_rules_and_standings_give_the_answer() {
    let check = |case: Case, outcome: Outcome, limit: i64, held: i64, codes: &[&str]| {
        let (ruling, _) = given(&case);
        let found: Vec<&str> = ruling.reasons.iter().map(|told| told.code.as_str()).collect();
        assert_eq!(
            (ruling.outcome, ruling.terms.limit, ruling.held, found.as_slice()),
            (outcome, Some(limit), held, codes)
        );
    };
    use Outcome::{Approve, ApproveWithLimit, Decline, Review};
    check(CASE, Approve, 20_000, 10_000, &[]);
    check(Case { amount: 20_000, ..CASE }, Approve, 20_000, 20_000, &[]);
    let short: &[&str] = &["LIMIT_buyer", "SCORE_buyer"];
    check(Case { amount: 20_001, ..CASE }, ApproveWithLimit, 20_000, 20_000, short);
    check(Case { exposures: [0, 15_000], ..CASE }, ApproveWithLimit, 5_000, 5_000, short);
    check(Case { exposures: [0, 25_000], ..CASE }, Decline, 0, 0, short);
    check(
        Case { exposures: [45_000, 0], ..CASE },
        ApproveWithLimit,
        5_000,
        5_000,
        &["LIMIT_merchant", "SCORE_merchant"],
    );
    let limited = Standing { limit: Some(8_000), ..PLAIN };
    check(Case { standings: [PLAIN, limited], ..CASE }, ApproveWithLimit, 8_000, 8_000, short);
    let suspended = Standing { suspended: true, ..PLAIN };
    check(Case { standings: [suspended, PLAIN], ..CASE }, Decline, 20_000, 0, &["P1"]);
    check(Case { score: 499, ..CASE }, Review, 20_000, 0, &["P2", "SCORE_buyer"]);
    // The gravest counts, and what it rests on is named first.
    check(Case { score: 499, exposures: [0, 20_000], ..CASE }, Decline, 0, 0, short);
    // What a merchant earned on small orders does not stretch to large ones. Points would not make its file thicker, so
    // nothing of the score is told.
    check(Case { thin: true, amount: 10_000, ..CASE }, Approve, 20_000, 10_000, &[]);
    check(
        Case { thin: true, amount: 30_001, exposures: [0, -50_000], ..CASE },
        ApproveWithLimit,
        30_000,
        30_000,
        &["P3"],
    );
}

#[test]
fn terms_are_the_tiers_unless_a_rule_is_stricter() {
    let (plain, _) = given(&CASE);
    let expected = Granted {
        limit: Some(20_000),
        discount: 150,
        payout_delay: Duration::days(3).0,
        reserve: 500,
        deposit: 1_000,
        cover: 10_000,
    };
    assert_eq!(plain.terms, expected);
    let (thin, record) = given(&Case { thin: true, ..CASE });
    assert_eq!(thin.terms, Granted { reserve: 2_000, ..expected });
    assert_eq!(record.inputs.get("merchant_thin"), Some(&Input::Boolean(true)));
    assert!(Record::decode(r#"{"version":1}"#).is_err());
    assert!(Record { outcome: "maybe".into(), ..record }.outcome().is_err());
}

/// The text of a policy without one of its rules.
fn without_rule(text: &str, rule: &str) -> String {
    let mut pieces = text.split("[[table.rule]]");
    let head = pieces.next().unwrap().to_owned();
    let named = |piece: &&str| !piece.contains(&format!("= \"{rule}\"\n"));
    // What stands behind the last rule of a table begins the next one.
    pieces.fold(head, |out, piece| {
        if named(&piece) {
            return out + "[[table.rule]]" + piece;
        }
        out + piece.find("[[table]]").map_or("", |place| &piece[place..])
    })
}

/// The starter's payment policy, or it without a rule, on a payment; thin, suspended and gates as they are set.
fn starter_payment(text: &str, case: &Case, gate: bool) -> Ruling {
    let policy = Policy::parse("p.toml", text, &fields).unwrap();
    let scored = |role: Role, score: i32, thin: bool| {
        let mut scored = STARTER.scorecard(role).score(&[]);
        (scored.score, scored.thin) = (score, thin);
        let fraud = STARTER.scorecard(role).gates().iter().position(|gate| gate.name == "open_fraud_finding");
        scored.gates = if gate { fraud.into_iter().collect() } else { Vec::new() };
        scored
    };
    let both = [scored(Role::Merchant, 700, case.thin), scored(Role::Buyer, case.score, false)];
    let limits = [terms(500_000), terms(200_000)];
    let side = |n: usize| Side {
        scored: &both[n],
        values: &[],
        tier: "trusted",
        known: true,
        exposure: case.exposures[n],
        payment_limit: limits[n].payment_limit,
        sanction_limit: case.standings[n].limit,
        suspended: case.standings[n].suspended,
        terminated: case.standings[n].terminated,
    };
    let request = payment(case.amount, vec![None]);
    let (merchant, buyer) = (Some(side(0)), Some(side(1)));
    let facts = Facts { fields: policy.fields(), request: &request, merchant, buyer, pair_exposure: 0 };
    let limit = |n: usize| limits_of(case, &limits[n], n);
    let limit_reason = |role: Role| told(&format!("LIMIT_{}", role.as_str()));
    let applied = policy.apply(&facts);
    rule(&policy, &applied, Some(case.amount), limit(0), limit(1), &limit_reason, &|_| Vec::new())
}

/// The rules of a policy that give a reason.
fn rules_of(text: &str, code: &str) -> Vec<String> {
    let policy = Policy::parse("p.toml", text, &fields).unwrap();
    let place = policy.reasons().iter().position(|reason| reason.code == code);
    let rules = policy.tables().iter().flat_map(|table| &table.rules);
    rules.filter(|rule| rule.effect.reason == place).map(|rule| rule.name.clone()).collect()
}

#[test]
fn a_reason_that_is_told_is_what_drove_the_answer() {
    let text = include_str!("../../../../catalogue/policies/payment.toml");
    let suspended = Standing { suspended: true, ..PLAIN };
    let stopped = Standing { terminated: true, ..PLAIN };
    let check = |case: Case, gate: bool, codes: &[&str]| {
        let ruling = starter_payment(text, &case, gate);
        let told: Vec<&str> = ruling.reasons.iter().map(|told| told.code.as_str()).collect();
        assert_eq!(told, codes);
        for code in codes.iter().filter(|code| code.starts_with('P')) {
            let less =
                rules_of(text, code).iter().fold(text.to_owned(), |text, rule| without_rule(&text, rule));
            assert_ne!(less, text);
            let again = starter_payment(&less, &case, gate);
            let limit = |ruling: &Ruling| ruling.terms.limit.unwrap_or(i64::MAX);
            let decided_by = again.reasons.first().map(|told| told.code.as_str());
            assert!(
                again.outcome < ruling.outcome
                    || (again.outcome == ruling.outcome && limit(&again) > limit(&ruling))
                    || decided_by.is_some_and(|other| other != *code),
                "{code}: {again:?}"
            );
        }
    };
    check(Case { standings: [suspended, PLAIN], ..CASE }, false, &["P01"]);
    // A ceiling that would not reach drove nothing where a graver rule stands before it.
    check(Case { standings: [suspended, PLAIN], amount: 190_000, thin: true, ..CASE }, false, &["P01"]);
    check(Case { standings: [PLAIN, stopped], ..CASE }, false, &["P02"]);
    check(CASE, true, &["P03"]);
    check(Case { thin: true, amount: 90_000, ..CASE }, false, &["P07"]);
    check(Case { amount: 190_000, ..CASE }, false, &["P06"]);
    check(Case { amount: 90_000, exposures: [0, 199_000], ..CASE }, false, &["LIMIT_buyer"]);
}

fn payment(amount: i64, attributes: Vec<Option<Attribute>>) -> Request {
    Request {
        kind: RequestKind::Payment,
        at: Timestamp::from_millis(0),
        merchant: None,
        buyer: None,
        amount: None,
        reporting: Some(amount),
        category: None,
        method: None,
        order: None,
        attributes,
    }
}

mod drivers;
