//! The scorecard file as serde reads it: shapes only, nothing checked yet.

use super::fitted::{Fitted, Training};
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileShape {
    pub(super) scorecard: ScorecardShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScorecardShape {
    pub(super) name: Spanned<String>,
    pub(super) of: Spanned<String>,
    pub(super) title: Spanned<String>,
    pub(super) reasoning: Spanned<String>,
    pub(super) base_points: Spanned<i64>,
    pub(super) scale: ScaleShape,
    pub(super) history: HistoryShape,
    /// How it was fitted; an expert's scorecard does not say.
    pub(super) fitted: Option<Spanned<Fitted>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleShape {
    pub(super) score: Spanned<i64>,
    pub(super) odds: Spanned<f64>,
    pub(super) points_to_double: Spanned<f64>,
    pub(super) floor: Spanned<i64>,
    pub(super) ceiling: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryShape {
    pub(super) measure: Spanned<String>,
    pub(super) minimum: Spanned<f64>,
    pub(super) thin_tier: Spanned<String>,
    pub(super) half_width: Spanned<f64>,
    pub(super) k: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DimensionShape {
    pub(super) name: Spanned<String>,
    pub(super) title: Spanned<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonShape {
    pub(super) code: Spanned<String>,
    pub(super) text: Spanned<String>,
    pub(super) advice: Spanned<String>,
    /// Missing in scorecards of before there was Chinese.
    pub(super) text_zh: Option<Spanned<String>>,
    pub(super) advice_zh: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CharacteristicShape {
    pub(super) indicator: Spanned<String>,
    pub(super) dimension: Spanned<String>,
    pub(super) reason: ReasonShape,
    pub(super) missing: Spanned<i64>,
    pub(super) missing_share: Option<f64>,
    pub(super) missing_bad_rate: Option<f64>,
    pub(super) attributes: Spanned<Vec<Spanned<AttributeShape>>>,
    #[serde(default)]
    pub(super) special: Vec<Spanned<SpecialShape>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeShape {
    pub(super) below: Option<Spanned<f64>>,
    pub(super) points: Spanned<i64>,
    pub(super) share: Option<f64>,
    pub(super) bad_rate: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecialShape {
    pub(super) value: Spanned<f64>,
    pub(super) points: Spanned<i64>,
    pub(super) title: Spanned<String>,
    pub(super) share: Option<f64>,
    pub(super) bad_rate: Option<f64>,
}

/// Training rows, where their share is given.
pub(super) fn training(share: Option<f64>, bad_rate: Option<f64>) -> Option<Training> {
    share.map(|share| Training { share, bad_rate })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GateShape {
    pub(super) name: Spanned<String>,
    pub(super) when: Spanned<String>,
    pub(super) cap: Option<Spanned<i64>>,
    pub(super) tier: Option<Spanned<String>>,
    pub(super) reason: ReasonShape,
}
