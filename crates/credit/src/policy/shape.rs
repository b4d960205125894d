//! The policy file as serde reads it: shapes only, nothing checked yet.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileShape {
    pub(super) policy: PolicyShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyShape {
    pub(super) name: Spanned<String>,
    pub(super) decides: Spanned<String>,
    pub(super) title: Spanned<String>,
    pub(super) reasoning: Spanned<String>,
    pub(super) reserves: Option<bool>,
    pub(super) time_to_live: Spanned<String>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonShape {
    pub(super) code: Spanned<String>,
    pub(super) text: Spanned<String>,
    pub(super) advice: Spanned<String>,
    pub(super) text_zh: Spanned<String>,
    pub(super) advice_zh: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableShape {
    pub(super) name: Spanned<String>,
    pub(super) title: Spanned<String>,
    pub(super) hit: Spanned<String>,
    #[serde(default)]
    pub(super) adds_only: bool,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<Spanned<RuleShape>>,
    #[serde(default)]
    pub(super) inputs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) outputs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) rows: Vec<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleShape {
    pub(super) name: Spanned<String>,
    pub(super) when: Option<Spanned<String>>,
    pub(super) priority: Option<i64>,
    pub(super) outcome: Option<Spanned<String>>,
    pub(super) limit: Option<Spanned<String>>,
    pub(super) discount: Option<Spanned<i64>>,
    pub(super) payout_delay: Option<Spanned<String>>,
    pub(super) reserve: Option<Spanned<i64>>,
    pub(super) deposit: Option<Spanned<String>>,
    pub(super) cover: Option<Spanned<i64>>,
    pub(super) step_up: Option<Spanned<String>>,
    pub(super) sanction: Option<Spanned<String>>,
    pub(super) case: Option<Spanned<String>>,
    pub(super) reason: Option<Spanned<String>>,
}

impl RuleShape {
    /// What it adds: names and texts, as the cells of a decision table have them.
    pub(super) fn effects(&self) -> Vec<(&'static str, Spanned<String>)> {
        let number = |value: &Option<Spanned<i64>>| {
            value.as_ref().map(|value| Spanned::new(value.span(), value.get_ref().to_string()))
        };
        let all = [
            ("outcome", self.outcome.clone()),
            ("limit", self.limit.clone()),
            ("discount", number(&self.discount)),
            ("payout_delay", self.payout_delay.clone()),
            ("reserve", number(&self.reserve)),
            ("deposit", self.deposit.clone()),
            ("cover", number(&self.cover)),
            ("step_up", self.step_up.clone()),
            ("sanction", self.sanction.clone()),
            ("case", self.case.clone()),
            ("reason", self.reason.clone()),
        ];
        all.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
    }
}
