//! Notices and deadlines (`catalogue/notices.toml`): what a party is told, and when a sanction takes effect.

use super::kind::{Ground, Sanction};
use crate::source::Source;
use probity_primitives::{Code, Duration, Problem, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The code of a refused notices file.
pub const NOTICES_INVALID: Code = Code::new("notices-invalid");

/// Words that a text may hold in braces.
const PLACES: [&str; 12] = [
    "party",
    "reasons",
    "what",
    "limit",
    "starts",
    "ends",
    "appeal_by",
    "advice",
    "reference",
    "ground",
    "orders",
    "value",
];
/// How a sanction ends, in the words of `sanction.ended`.
const ENDINGS: [&str; 4] = ["lifted", "appeal_upheld", "appeal_rejected", "expired"];
/// The texts that there must be, in both languages.
const TEXTS: [&str; 5] = ["sanction", "ended", "members", "open", "decision"];

/// Days that a notice or an appeal may take at most.
const MOST_DAYS: i64 = 3_650;

/// Texts and deadlines.
#[derive(Debug)]
pub struct Notices {
    notice_days: BTreeMap<String, i64>,
    at_once: Vec<Ground>,
    appeal_days: i64,
    quiet_days: i64,
    tell: Vec<(Sanction, Option<Ground>)>,
    words: BTreeMap<String, String>,
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
    rule: Rule,
    members: Members,
    ground: BTreeMap<String, String>,
    advice: BTreeMap<String, String>,
    what: BTreeMap<String, String>,
    text: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    quiet_days: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    tell: Vec<String>,
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

/// `terminate`, or `suspend for fraud`.
fn told_of(text: &str) -> Option<(Sanction, Option<Ground>)> {
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [kind] => Some((Sanction::parse(kind)?, None)),
        [kind, "for", ground] => Some((Sanction::parse(kind)?, Some(Ground::parse(ground)?))),
        _ => None,
    }
}

/// What is wrong with the texts: one is missing, or holds a word in braces without a meaning.
fn fault_of_texts(file: &File) -> Option<String> {
    let both = |name: String| ["en", "zh"].map(|language| format!("{name}_{language}"));
    let kinds = Sanction::ALL.into_iter().map(Sanction::as_str).chain(ENDINGS);
    let kinds = kinds.flat_map(|kind| [kind.to_owned(), format!("{kind}_members")]);
    let what = kinds.chain(["decline".to_owned(), "review".to_owned(), "never".to_owned()]);
    let grounds = || Ground::ALL.into_iter().map(|ground| ground.as_str().to_owned());
    let texts = TEXTS.into_iter().map(str::to_owned);
    let what = what.flat_map(both).map(|name| (name, &file.what));
    let grounds_named = grounds().flat_map(both).map(|name| (name, &file.ground));
    let advice = grounds().flat_map(both).map(|name| (name, &file.advice));
    let texts = texts.flat_map(both).map(|name| (name, &file.text));
    what.chain(grounds_named).chain(advice).chain(texts).find_map(|(name, given)| {
        match given.get(&name).map(|text| unknown_place(text)) {
            None => Some(format!("the text {name} is missing")),
            Some(Some(word)) => Some(format!("{name} holds {{{word}}}, which has no meaning")),
            Some(None) => None,
        }
    })
}

impl Notices {
    /// No notices, for a catalogue of before there were any: it gives scores and imposes nothing.
    pub fn none() -> Self {
        Self {
            notice_days: BTreeMap::new(),
            at_once: Vec::new(),
            appeal_days: 0,
            quiet_days: 0,
            tell: Vec::new(),
            words: BTreeMap::new(),
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
        if !(0..=MOST_DAYS).contains(&file.rule.quiet_days) {
            return refuse(format!("rule.quiet_days is not from 0 to {MOST_DAYS}"));
        }
        let mut tell = Vec::new();
        for text in &file.members.tell {
            match told_of(text) {
                Some(told) => tell.push(told),
                None => return refuse(format!("members.tell: '{text}' is not such as `suspend for fraud`")),
            }
        }
        if let Some(fault) = fault_of_texts(&file) {
            return refuse(fault);
        }
        let File { notice_days, appeal, rule, ground, advice, what, text, .. } = file;
        let ground = ground.into_iter().map(|(name, text)| (format!("ground_{name}"), text));
        let advice = advice.into_iter().map(|(name, text)| (format!("advice_{name}"), text));
        Ok(Self {
            notice_days,
            at_once,
            appeal_days: appeal.days,
            quiet_days: rule.quiet_days,
            tell,
            words: ground.chain(advice).collect(),
            what,
            text,
        })
    }

    /// Whether members must be told of a sanction.
    pub fn tells_members(&self, kind: Sanction, ground: Ground) -> bool {
        self.tell.iter().any(|(told, on)| *told == kind && on.is_none_or(|on| on == ground))
    }

    /// After people lifted a sanction, no rule starts the same one again before this moment.
    pub fn quiet_until(&self, lifted_at: Timestamp) -> Timestamp {
        lifted_at.plus(Duration::days(self.quiet_days))
    }

    /// A ground in words.
    pub fn ground(&self, ground: Ground, chinese: bool) -> &str {
        self.word("ground", ground.as_str(), chinese)
    }

    /// What a party can do about a sanction on a ground.
    pub fn advice(&self, ground: Ground, chinese: bool) -> &str {
        self.word("advice", ground.as_str(), chinese)
    }

    fn word(&self, table: &str, name: &str, chinese: bool) -> &str {
        let language = if chinese { "zh" } else { "en" };
        self.words.get(&format!("{table}_{name}_{language}")).map_or("", String::as_str)
    }

    /// The words for an end that does not come by itself.
    pub fn never(&self, chinese: bool) -> &str {
        self.what.get(if chinese { "never_zh" } else { "never_en" }).map_or("", String::as_str)
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

    /// A text with its places filled. `name` is `sanction`, `ended`, `members`, `open` or `decision`, `what` a kind of
    /// sanction, an ending (either with `_members` for those) or an outcome; `places` gives the rest. A place that is not given is left blank.
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
