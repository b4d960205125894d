//! Decisions: asked for, listed, made again; and the terms of the tiers.

use super::args::Arguments;
use super::data::{catalogue_files, open_existing};
use super::decide_args::{DecideArgs, DecisionsArgs, ReplayArgs};
use super::language::Language;
use super::look::party;
use super::{Done, FAILED, OK, out};
use crate::app::{AppError, DecisionState, Form, Replayed};
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::Record;
use probity_credit::event::{Role, duration_text};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Currency, Duration, Money, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

const ATTRIBUTE_INVALID: Code = Code::new("decision-attribute-invalid");

/// Asks for a decision.
pub(super) fn decide(arguments: &Arguments, asked: &DecideArgs) -> Done {
    let form = form(asked)?;
    // Whoever asks once by hand need not think of a key.
    let key = asked.key.clone().unwrap_or_else(|| format!("cli-{}", Uuid::now_v7()));
    let probity = open_existing(arguments)?;
    let currency = probity.catalogue().rates.reporting;
    let decided = probity
        .asked(&form, Some(&key), "cli")
        .and_then(|asked| probity.decide_and_wait(vec![asked])?.pop().unwrap_or_else(missing));
    probity.close();
    let decided = decided?;
    if arguments.json {
        return out::json(&json!({"decision": &*decided.record, "replayed": decided.replayed}));
    }
    show(&decided.record, currency, asked.lang);
    if decided.replayed {
        out::line("(the answer that this key was given before)");
    }
    Ok(OK)
}

fn missing<T>() -> Result<T, AppError> {
    Err(AppError::internal("the keeper gave no answer"))
}

fn form(asked: &DecideArgs) -> Result<Form, AppError> {
    let mut attributes = BTreeMap::new();
    for pair in &asked.attribute {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            AppError::invalid(ATTRIBUTE_INVALID, format!("'{}' is not NAME=VALUE", shown(pair)))
        })?;
        // Numbers, true and false as they read; anything else is text.
        let value =
            serde_json::from_str::<Value>(value).ok().filter(|value| !value.is_object() && !value.is_array());
        let text =
            || Value::String(pair.split_once('=').map_or_else(String::new, |(_, text)| text.to_owned()));
        attributes.insert(name.to_owned(), value.unwrap_or_else(text));
    }
    Ok(Form {
        kind: asked.kind.clone(),
        merchant: asked.merchant.clone(),
        buyer: asked.buyer.clone(),
        amount: asked.amount.clone(),
        currency: asked.currency_of_amount.clone(),
        category: asked.category.clone(),
        method: asked.method.clone(),
        order: asked.order.clone(),
        attributes,
        at: None,
    })
}

fn show(record: &Record, currency: Currency, lang: Language) {
    let money = |minor: i64| format!("{} {currency}", Money { minor, currency }.decimal());
    let terms = &record.terms;
    out::line(format!("{}  {}  {}", record.id, record.request, record.outcome));
    let limit = terms.limit.map_or_else(|| "none".into(), money);
    out::line(format!(
        "limit {limit}, discount {} bp, payout after {}, reserve {} bp, deposit {}, cover {} bp",
        terms.discount,
        duration_text(Duration(terms.payout_delay)),
        terms.reserve,
        money(terms.deposit),
        terms.cover
    ));
    if record.held > 0 {
        out::line(format!("holds {} until {}", money(record.held), record.expires_at));
    }
    for seen in [&record.merchant, &record.buyer].into_iter().flatten() {
        let open = money(seen.exposure);
        out::line(format!("{}  score {}  tier {}  open {open}", seen.party, seen.score, seen.tier));
    }
    for reason in &record.reasons {
        // A scorecard may have no Chinese; English is better than nothing.
        match lang {
            Language::Zh if !reason.text_zh.is_empty() => {
                out::line(format!("{}  {}。{}。", reason.code, reason.text_zh, reason.advice_zh));
            }
            _ => out::line(format!("{}  {}. {}.", reason.code, reason.text, reason.advice)),
        }
    }
    let rules: Vec<String> = record.rules.iter().map(|(table, rule)| format!("{table}.{rule}")).collect();
    out::line(format!("rules {}", rules.join(", ")));
}

/// A party's decisions.
pub(super) fn decisions(arguments: &Arguments, of: &DecisionsArgs) -> Done {
    let party = party(&of.party)?;
    let probity = open_existing(arguments)?;
    let currency = probity.catalogue().rates.reporting;
    let page = probity.decisions(&party, None, of.limit);
    probity.close();
    let page = page?;
    if arguments.json {
        return out::json(&page.items);
    }
    let row = |state: &DecisionState| {
        let record = &state.record;
        let amount = record.amount.map_or_else(String::new, |minor| Money { minor, currency }.decimal());
        let codes: Vec<&str> = record.reasons.iter().map(|told| told.code.as_str()).collect();
        vec![
            record.at.clone(),
            record.id.clone(),
            record.request.clone(),
            record.outcome.clone(),
            amount,
            state.status.to_owned(),
            codes.join(" "),
        ]
    };
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    out::table(&["at", "decision", "asked", "outcome", "amount", "status", "reasons"], &rows);
    Ok(OK)
}

/// Makes decisions again.
pub(super) fn replay(arguments: &Arguments, asked: &ReplayArgs) -> Done {
    let moment =
        |text: &Option<String>, otherwise: Timestamp| text.as_deref().map_or(Ok(otherwise), Timestamp::parse);
    let (from, to) = (moment(&asked.from, Timestamp::EARLIEST)?, moment(&asked.to, Timestamp::LATEST)?);
    let probity = open_existing(arguments)?;
    let mut replayed: Vec<Replayed> = Vec::new();
    let done = match &asked.decision {
        Some(id) => probity.replay_decision(id).map(|one| replayed.push(one)),
        None => probity.replay_decisions(from, to, &mut |one| replayed.push(one)),
    };
    probity.close();
    done?;
    let differ = |one: &&Replayed| !one.same_answer || !one.same_seen;
    let code = if replayed.iter().any(|one| differ(&one)) { FAILED } else { OK };
    if arguments.json {
        out::json(&replayed)?;
        return Ok(code);
    }
    for one in replayed.iter().filter(|one| asked.decision.is_some() || differ(one)) {
        let said = |same: bool| if same { "the same" } else { "DIFFERENT" };
        out::line(format!(
            "{}  answer {}, scores and indicators {}{}",
            one.decision,
            said(one.same_answer),
            said(one.same_seen),
            if one.differences.is_empty() {
                String::new()
            } else {
                format!(": {}", one.differences.join(", "))
            }
        ));
    }
    let same = replayed.iter().filter(|one| !differ(one)).count();
    out::line(format!("{} decisions made again, {same} came out the same to the last digit", replayed.len()));
    Ok(code)
}

/// The terms of both roles.
pub(super) fn terms(arguments: &Arguments) -> Done {
    let catalogue = Catalogue::load(catalogue_files(arguments)?)?;
    let currency = catalogue.rates.reporting;
    let text = |minor: i64| Money { minor, currency }.decimal();
    if arguments.json {
        let of = |role: Role| -> Vec<Value> {
            let one = |terms: &probity_credit::terms::TierTerms| json!({"tier": terms.tier, "discount_bp": terms.discount, "payment_limit": text(terms.payment_limit), "payout_delay": duration_text(terms.payout_delay), "reserve_bp": terms.reserve, "deposit": text(terms.deposit), "cover_bp": terms.cover});
            catalogue.terms(role).list().iter().map(one).collect()
        };
        return out::json(
            &json!({"currency": currency.code(), "merchant": of(Role::Merchant), "buyer": of(Role::Buyer)}),
        );
    }
    for role in Role::ALL {
        let terms = catalogue.terms(role);
        out::line(format!("{} (amounts in {currency})", terms.title()));
        let row = |terms: &probity_credit::terms::TierTerms| {
            vec![
                terms.tier.clone(),
                terms.discount.to_string(),
                text(terms.payment_limit),
                duration_text(terms.payout_delay),
                terms.reserve.to_string(),
                text(terms.deposit),
                terms.cover.to_string(),
            ]
        };
        let rows: Vec<Vec<String>> = terms.list().iter().map(row).collect();
        let header =
            ["tier", "discount bp", "may be open", "payout after", "reserve bp", "deposit", "cover bp"];
        out::table(&header, &rows);
        out::line("");
    }
    Ok(OK)
}
