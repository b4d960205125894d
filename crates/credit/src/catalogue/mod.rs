//! Everything the catalogue's files define, read, checked and joined.

mod regime;
#[cfg(test)]
pub(crate) mod tests;

use crate::event::{MarkTypes, Rates, Role, Vocabulary};
use crate::indicator::{Definition, Plan, parse_definitions};
use crate::order::{Clocks, Words};
use crate::score::Scorecard;
use crate::source::Source;
use crate::tier::Tiers;
use probity_primitives::{Code, Digest, Problem};
use regime::Regime;
use std::collections::BTreeMap;

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
    /// Compiled indicators.
    pub plan: Plan,
    scorecards: [Scorecard; 2],
    tiers: [Tiers; 2],
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

impl Catalogue {
    /// Reads a catalogue from its files: path below the catalogue folder, and text.
    ///
    /// # Errors
    /// Every problem found, each with `file:line:column`.
    pub fn load(texts: BTreeMap<String, String>) -> Result<Self, Vec<Problem>> {
        let sources: Vec<Source<'_>> =
            texts.iter().filter(|(path, _)| counts(path)).map(|(file, text)| Source { file, text }).collect();
        let one = |path: &str| {
            let missing =
                || vec![Problem::new(CATALOGUE_FILE_MISSING, format!("the catalogue has no {path}"))];
            sources.iter().find(|source| source.file == path).copied().ok_or_else(missing)
        };
        let below = |folder: &str| {
            sources.iter().filter(|source| source.file.starts_with(folder)).copied().collect::<Vec<_>>()
        };
        let alone = |problem: Problem| vec![problem];

        let regime = Regime::parse(&one("regime.toml")?).map_err(alone)?;
        let rates = Rates::parse(&one("rates.toml")?).map_err(alone)?;
        let clocks = Clocks::parse(&one("orders.toml")?).map_err(alone)?;
        let vocabulary = Vocabulary::parse(&below("events/"), regime.prohibited)?;
        let words = Words::resolve(&vocabulary)?;
        let marks = MarkTypes::resolve(&vocabulary);
        let plan = Plan::compile(
            definitions(&below("indicators/"))?,
            &vocabulary,
            &rates,
            &sources,
            regime.score_use_days,
        )?;
        let scorecard = |role: Role| {
            let source = one(&format!("scorecards/{}.toml", role.as_str()))?;
            Scorecard::parse(source.file, source.text, plan.names(role))
        };
        let tiers = |role: Role| {
            let source = one(&format!("tiers/{}.toml", role.as_str()))?;
            Tiers::parse(source.file, source.text)
        };
        let scorecards = [scorecard(Role::Merchant)?, scorecard(Role::Buyer)?];
        let tiers = [tiers(Role::Merchant)?, tiers(Role::Buyer)?];
        for (tiers, scorecard) in tiers.iter().zip(&scorecards) {
            tiers.fits(scorecard)?;
        }
        let files: BTreeMap<String, Digest> = sources
            .iter()
            .map(|source| (source.file.to_owned(), Digest::of(&[source.text.as_bytes()])))
            .collect();
        let hash = hash_of(&files, |_| true);
        let plan_hash =
            hash_of(&files, |path| !path.starts_with("scorecards/") && !path.starts_with("tiers/"));
        Ok(Self {
            vocabulary,
            rates,
            clocks,
            words,
            marks,
            plan,
            scorecards,
            tiers,
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

    /// The scorecard of a role.
    pub fn scorecard(&self, role: Role) -> &Scorecard {
        let [merchant, buyer] = &self.scorecards;
        match role {
            Role::Merchant => merchant,
            Role::Buyer => buyer,
        }
    }

    /// The tiers of a role.
    pub fn tiers(&self, role: Role) -> &Tiers {
        let [merchant, buyer] = &self.tiers;
        match role {
            Role::Merchant => merchant,
            Role::Buyer => buyer,
        }
    }
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
