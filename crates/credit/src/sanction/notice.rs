//! Notices and deadlines (`catalogue/notices.toml`): what a party is told, and when a sanction takes effect.

use super::kind::{Ground, Sanction};
use crate::source::Source;
use probity_primitives::{Code, Duration, Problem, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The code of a refused notices file.
pub const NOTICES_INVALID: Code = Code::new("notices-invalid");

/// Words that a text may hold in braces.
const PLACES: [&str; 9] =
    ["party", "reasons", "what", "limit", "starts", "ends", "appeal_by", "advice", "reference"];

/// Days that a notice or an appeal may take at most.
const MOST_DAYS: i64 = 3_650;

/// Texts and deadlines.
#[derive(Debug)]
pub struct Notices {
    notice_days: BTreeMap<String, i64>,
    at_once: Vec<Ground>,
    appeal_days: i64,
    what: BTreeMap<String, String>,
    text: BTreeMap<String, String>,
}

/// When a sanction takes effect and until when it may be appealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Procedure {
    /// It takes effect.
    pub starts_at: Timestamp,
    /// It may be appealed until then.
    pub appeal_by: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    notice_days: BTreeMap<String, i64>,
    at_once: AtOnce,
    appeal: Appeal,
    what: BTreeMap<String, String>,
    text: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtOnce {
    grounds: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Appeal {
    days: i64,
}

/// The first word in braces that has no meaning.
fn unknown_place(text: &str) -> Option<&str> {
    let inside = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest));
    let mut unknown = inside.filter(|word| !PLACES.contains(word));
    unknown.next()
}

impl Notices {
    /// No notices, for a catalogue of before there were any: it gives scores and imposes nothing.
    pub fn none() -> Self {
        Self {
            notice_days: BTreeMap::new(),
            at_once: Vec::new(),
            appeal_days: 0,
            what: BTreeMap::new(),
            text: BTreeMap::new(),
        }
    }

    /// True when there are no texts: nobody may be sanctioned without being told.
    pub fn is_none(&self) -> bool {
        self.text.is_empty()
    }

    /// Reads and checks the file.
    ///
    /// # Errors
    /// `notices-invalid` for a text that is missing or holds an unknown word in braces, a deadline that cannot be, a ground
    /// that is none.
    pub fn parse(source: &Source<'_>) -> Result<Self, Problem> {
        let file: File = source.read()?;
        let refuse = |detail: String| Err(Problem::new(NOTICES_INVALID, detail).at(source.file));
        let mut at_once = Vec::new();
        for name in &file.at_once.grounds {
            match Ground::parse(name) {
                Some(ground) => at_once.push(ground),
                None => return refuse(format!("'{name}' is no ground of a sanction")),
            }
        }
        for kind in Sanction::ALL {
            let days = file.notice_days.get(kind.as_str());
            if !days.is_some_and(|days| (0..=MOST_DAYS).contains(days)) {
                return refuse(format!("notice_days.{} is not from 0 to {MOST_DAYS}", kind.as_str()));
            }
        }
        if !(1..=MOST_DAYS).contains(&file.appeal.days) {
            return refuse(format!("appeal.days is not from 1 to {MOST_DAYS}"));
        }
        let sanctions = Sanction::ALL.into_iter().map(Sanction::as_str).chain(["decline", "review"]);
        let what = sanctions.flat_map(|kind| ["en", "zh"].map(|language| format!("{kind}_{language}")));
        let texts = ["sanction_en", "sanction_zh", "decision_en", "decision_zh"].map(str::to_owned);
        for (name, given) in what.map(|name| (name, &file.what)).chain(texts.map(|name| (name, &file.text))) {
            match given.get(&name).map(|text| unknown_place(text)) {
                None => return refuse(format!("the text {name} is missing")),
                Some(Some(word)) => return refuse(format!("{name} holds {{{word}}}, which has no meaning")),
                Some(None) => {}
            }
        }
        let File { notice_days, appeal, what, text, .. } = file;
        Ok(Self { notice_days, at_once, appeal_days: appeal.days, what, text })
    }

    /// When a sanction decided at a moment takes effect, and until when it may be appealed.
    pub fn procedure(&self, kind: Sanction, ground: Ground, at: Timestamp) -> Procedure {
        let days = self.notice_days.get(kind.as_str()).copied().unwrap_or(0);
        let days = if self.at_once.contains(&ground) { 0 } else { days };
        Procedure {
            starts_at: at.plus(Duration::days(days)),
            appeal_by: at.plus(Duration::days(self.appeal_days)),
        }
    }

    /// A text with its places filled. `name` is `sanction` or `decision`, `what` a kind of sanction or an outcome; `places`
    /// gives the rest. A place that is not given is left blank.
    pub fn told(&self, name: &str, what: &str, chinese: bool, places: &[(&str, &str)]) -> String {
        let language = if chinese { "zh" } else { "en" };
        let template = self.text.get(&format!("{name}_{language}")).map_or("", String::as_str);
        let what = self.what.get(&format!("{what}_{language}")).map_or("", String::as_str);
        filled(&template.replace("{what}", what), places)
    }
}

/// One pass, so that what is filled in is not taken for a place itself.
fn filled(template: &str, places: &[(&str, &str)]) -> String {
    let mut parts = template.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        text.push_str(places.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        text.push_str(rest);
    }
    text.trim().to_owned()
}
