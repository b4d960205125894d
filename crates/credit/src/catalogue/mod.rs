//! Everything the catalogue's files define, read, checked and joined.

mod regime;
mod cases;
mod place;
#[cfg(test)]
pub(crate) mod tests;

pub use cases::{CASE_FAILED, check_cases};
pub use place::place_of;

use crate::event::{MarkTypes, Rates, Role, Vocabulary};
use crate::indicator::{Definition, Plan, parse_definitions};
use crate::label::{Ground, Labels};
use crate::order::{Clocks, Words};
use crate::policy::{Fields, FieldsOf, POLICY_INVALID, Policy, RequestKind};
use crate::sanction::{Notices, SanctionTypes};
use crate::score::Scorecard;
use crate::source::Source;
use crate::terms::Terms;
use crate::tier::Tiers;
use probity_expression::Type;
use probity_primitives::{Code, Digest, Problem};
use regime::Regime;
use std::collections::{BTreeMap, BTreeSet};

/// The code of a file that a catalogue needs and does not have.
pub const CATALOGUE_FILE_MISSING: Code = Code::new("catalogue-file-missing");

/// A whole catalogue.
#[derive(Debug)]
pub struct Catalogue {
    /// Event types.
    pub vocabulary: Vocabulary,
    /// Exchange rates and the reporting currency.
    pub rates: Rates,
    /// The clocks of an order.
    pub clocks: Clocks,
    /// Resolved types of the order module.
    pub words: Words,
    /// Resolved types of marks.
    pub marks: MarkTypes,
    /// Resolved types of sanctions.
    pub sanctions: SanctionTypes,
    /// Notices and deadlines of sanctions.
    pub notices: Notices,
    /// Compiled indicators.
    pub plan: Plan,
    judged: Judged,
    /// What is to be foretold.
    pub labels: Labels,
    /// Path and content hash of every file that counts.
    pub files: BTreeMap<String, Digest>,
    /// The hash over all of them: the catalogue's version.
    pub hash: Digest,
    /// The hash of what indicators depend on; tiles made under another are rebuilt.
    pub plan_hash: Digest,
    /// Files as they were read, for those who want to see them.
    pub texts: BTreeMap<String, String>,
}

/// True for files that say what a value is; case tables, mappings and simulated worlds do not.
fn counts(path: &str) -> bool {
    let beside = ["mappings/", "worlds/"].iter().any(|folder| path.starts_with(folder));
    path.ends_with(".toml") && !path.ends_with(".cases.toml") && !beside
}

fn one<'a>(sources: &[Source<'a>], path: &str) -> Result<Source<'a>, Vec<Problem>> {
    let missing = || vec![Problem::new(CATALOGUE_FILE_MISSING, format!("the catalogue has no {path}"))];
    sources.iter().find(|source| source.file == path).copied().ok_or_else(missing)
}

fn below<'a>(sources: &[Source<'a>], folder: &str) -> Vec<Source<'a>> {
    sources.iter().filter(|source| source.file.starts_with(folder)).copied().collect()
}

/// What is made of indicators: scores, tiers, terms, answers.
#[derive(Debug)]
struct Judged {
    scorecards: [Scorecard; 2],
    tiers: [Tiers; 2],
    terms: [Terms; 2],
    policies: BTreeMap<RequestKind, Policy>,
}

impl Judged {
    fn read(sources: &[Source<'_>], plan: &Plan, rates: &Rates) -> Result<Self, Vec<Problem>> {
        let scorecard = |role: Role| {
            let source = one(sources, &format!("scorecards/{}.toml", role.as_str()))?;
            Scorecard::parse(source.file, source.text, plan.names(role))
        };
        let tiers = |role: Role| {
            let source = one(sources, &format!("tiers/{}.toml", role.as_str()))?;
            Tiers::parse(source.file, source.text)
        };
        let scorecards = [scorecard(Role::Merchant)?, scorecard(Role::Buyer)?];
        let tiers = [tiers(Role::Merchant)?, tiers(Role::Buyer)?];
        for (tiers, scorecard) in tiers.iter().zip(&scorecards) {
            tiers.fits(scorecard)?;
        }
        let currency = rates.reporting;
        let answers = !below(sources, "policies/").is_empty();
        if answers {
            one(sources, NOTICES)?;
        }
        let terms = |tiers: &Tiers| {
            let path = format!("terms/{}.toml", tiers.of());
            match sources.iter().find(|source| source.file == path) {
                Some(source) => Terms::parse(source.file, source.text, tiers, currency),
                // A catalogue of before there were terms still gives its scores; policies need them.
                None if answers => Err(one(sources, &path).err().unwrap_or_default()),
                None => Ok(Terms::none(tiers)),
            }
        };
        let [merchant, buyer] = &tiers;
        let terms = [terms(merchant)?, terms(buyer)?];
        let fields = |kind: RequestKind, attributes: &[(String, Type)]| {
            let [merchant, buyer] = &scorecards;
            let [merchants, buyers] = &tiers;
            let roles = [
                (Role::Merchant, merchant, merchants, plan.names(Role::Merchant)),
                (Role::Buyer, buyer, buyers, plan.names(Role::Buyer)),
            ];
            Fields::new(kind, roles, attributes, currency.exponent())
        };
        let policies = policies(&below(sources, "policies/"), &fields)?;
        Ok(Self { scorecards, tiers, terms, policies })
    }
}

impl Catalogue {
    /// Reads a catalogue from its files: path below the catalogue folder, and text.
    ///
    /// # Errors
    /// Every problem found, each with `file:line:column`.
    pub fn load(texts: BTreeMap<String, String>) -> Result<Self, Vec<Problem>> {
        let sources: Vec<Source<'_>> =
            texts.iter().filter(|(path, _)| counts(path)).map(|(file, text)| Source { file, text }).collect();
        let one = |path: &str| one(&sources, path);
        let below = |folder: &str| below(&sources, folder);
        let alone = |problem: Problem| vec![problem];

        let regime = Regime::parse(&one("regime.toml")?).map_err(alone)?;
        let rates = Rates::parse(&one("rates.toml")?).map_err(alone)?;
        let clocks = Clocks::parse(&one("orders.toml")?).map_err(alone)?;
        let vocabulary = Vocabulary::parse(&below("events/"), regime.prohibited)?;
        let words = Words::resolve(&vocabulary)?;
        let marks = MarkTypes::resolve(&vocabulary);
        let sanctions = SanctionTypes::resolve(&vocabulary);
        let notices = match sources.iter().find(|source| source.file == NOTICES) {
            Some(source) => Notices::parse(source).map_err(alone)?,
            None => Notices::none(),
        };
        let plan = Plan::compile(
            definitions(&below("indicators/"))?,
            &vocabulary,
            &rates,
            &sources,
            regime.score_use_days,
        )?;
        let judged = Judged::read(&sources, &plan, &rates)?;
        let score_use_days = regime.score_use_days;
        let ground = Ground { plan: &plan, vocabulary: &vocabulary, rates: &rates, score_use_days };
        let labels = Labels::read(&below("labels/"), ground)?;
        let files: BTreeMap<String, Digest> = sources
            .iter()
            .map(|source| (source.file.to_owned(), Digest::of(&[source.text.as_bytes()])))
            .collect();
        let hash = hash_of(&files, |_| true);
        let below = hash_of(&files, |path| !ABOVE_INDICATORS.iter().any(|folder| path.starts_with(folder)));
        let plan_hash = Digest::of(&[TILES, &below.0]);
        Ok(Self {
            vocabulary,
            rates,
            clocks,
            words,
            marks,
            sanctions,
            notices,
            plan,
            judged,
            labels,
            files,
            hash,
            plan_hash,
            texts,
        })
    }

    /// The files that say what a value is, path and text: enough to make this catalogue again.
    pub fn counting_texts(&self) -> BTreeMap<&str, &str> {
        let counting = self.texts.iter().filter(|(path, _)| self.files.contains_key(*path));
        counting.map(|(path, text)| (path.as_str(), text.as_str())).collect()
    }

    /// Files that say what happened and what is measured, and that differ from those of another catalogue. With none of them
    /// both judge the same states; what is above them (scorecards, tiers, terms, policies) may differ.
    pub fn measures_otherwise(&self, other: &Self) -> BTreeSet<String> {
        let below = |path: &&String| !ABOVE_INDICATORS.iter().any(|folder| path.starts_with(folder));
        let both = self.files.keys().chain(other.files.keys()).filter(below);
        both.filter(|path| self.files.get(*path) != other.files.get(*path)).cloned().collect()
    }

    /// The scorecard of a role.
    pub fn scorecard(&self, role: Role) -> &Scorecard {
        let [merchant, buyer] = &self.judged.scorecards;
        match role {
            Role::Merchant => merchant,
            Role::Buyer => buyer,
        }
    }

    /// The terms of a role's tiers.
    pub fn terms(&self, role: Role) -> &Terms {
        let [merchant, buyer] = &self.judged.terms;
        match role {
            Role::Merchant => merchant,
            Role::Buyer => buyer,
        }
    }

    /// The policy for requests of a kind, if there is one.
    pub fn policy(&self, kind: RequestKind) -> Option<&Policy> {
        self.judged.policies.get(&kind)
    }

    /// All policies.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.judged.policies.values()
    }

    /// The tiers of a role.
    pub fn tiers(&self, role: Role) -> &Tiers {
        let [merchant, buyer] = &self.judged.tiers;
        match role {
            Role::Merchant => merchant,
            Role::Buyer => buyer,
        }
    }
}

/// The file of notices and deadlines.
const NOTICES: &str = "notices.toml";

/// How tiles are kept. States of another way are made anew from the log: the first one forgot a pair's rows before the end of
/// the month in which they fill its cap.
const TILES: &[u8] = b"tiles 2";

/// Folders of definitions that no indicator depends on.
const ABOVE_INDICATORS: [&str; 6] =
    ["scorecards/", "tiers/", "terms/", "policies/", "labels/", "notices.toml"];

/// At most one policy for each kind of request.
fn policies(
    sources: &[Source<'_>],
    fields: FieldsOf<'_>,
) -> Result<BTreeMap<RequestKind, Policy>, Vec<Problem>> {
    let mut policies = BTreeMap::new();
    let mut problems = Vec::new();
    for source in sources {
        match Policy::parse(source.file, source.text, fields) {
            Ok(policy) => {
                let kind = policy.kind();
                if policies.insert(kind, policy).is_some() {
                    let detail = format!("a second policy for requests of the kind {}", kind.as_str());
                    problems.push(Problem::new(POLICY_INVALID, detail).at(source.file));
                }
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(policies) } else { Err(problems) }
}

fn definitions(sources: &[Source<'_>]) -> Result<Vec<Definition>, Vec<Problem>> {
    let mut definitions = Vec::new();
    let mut problems = Vec::new();
    for source in sources {
        match parse_definitions(source) {
            Ok(found) => definitions.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(definitions) } else { Err(problems) }
}

fn hash_of(files: &BTreeMap<String, Digest>, of: impl Fn(&str) -> bool) -> Digest {
    let lines: String =
        files.iter().filter(|(path, _)| of(path)).map(|(path, hash)| format!("{hash}  {path}\n")).collect();
    Digest::of(&[lines.as_bytes()])
}
