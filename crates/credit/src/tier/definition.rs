//! The tiers of a role, read from TOML and checked.

use crate::score::Scorecard;
use crate::score::definition::HIGHEST_SCORE;
use crate::score::findings::Findings;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Digest, Problem};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use toml::Spanned;

/// The code of every refused tiers file, and of tiers that do not fit a scorecard.
pub const TIERS_INVALID: Code = Code::new("tiers-invalid");

/// The most tiers; more than this nobody can tell apart.
pub const MOST_TIERS: usize = 50;

/// The tiers of one role, from the worst to the best. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tiers {
    of: &'static str,
    tiers: Vec<Tier>,
    #[serde(skip)]
    hash: Digest,
}

/// A band of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tier {
    /// Its name, unique among the tiers.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Reached from this score upward.
    pub from: i32,
    /// Kept until the score falls below this; never above `from`.
    pub keep: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    tiers: HeadShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadShape {
    of: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierShape {
    name: Spanned<String>,
    title: Spanned<String>,
    from: Spanned<i64>,
    keep: Spanned<i64>,
}

impl Tiers {
    /// Reads and checks a tiers file. `file` names it in problems.
    ///
    /// # Errors
    /// `tiers-invalid` for everything that is wrong, each with `file:line:column`.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut findings = Findings::new(file, text, TIERS_INVALID);
        let made = read(&mut findings, text);
        findings.end(made)
    }

    /// Checks that these tiers can be given for the scores of a scorecard: the same role, a tier for every score,
    /// and every tier that the scorecard names.
    ///
    /// # Errors
    /// `tiers-invalid` for everything that does not fit; the problems have no place, as two files are meant.
    pub fn fits(&self, scorecard: &Scorecard) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        let mut refuse = |detail: String| problems.push(Problem::new(TIERS_INVALID, detail));
        let card = scorecard.name();
        if self.of != scorecard.of() {
            refuse(format!("the tiers are of a {}, the scorecard '{card}' of a {}", self.of, scorecard.of()));
        }
        let lowest = self.tiers.first().map_or(0, |tier| tier.from);
        let floor = scorecard.scale().floor;
        if lowest > floor {
            refuse(format!(
                "no tier for scores from {floor}, the floor of '{card}', to below {lowest}, where the first tier begins"
            ));
        }
        let ceiling = scorecard.scale().ceiling;
        for tier in self.tiers.iter().filter(|tier| tier.from > ceiling) {
            refuse(format!("no score of '{card}' reaches the tier '{}' from {}", tier.name, tier.from));
        }
        let thin = std::iter::once(scorecard.history().thin_tier.as_str());
        let gates = scorecard.gates().iter().filter_map(|gate| gate.tier.as_deref());
        for name in thin.chain(gates).filter(|name| self.place(name).is_none()) {
            refuse(format!("the scorecard '{card}' names the tier '{}', which is not there", shown(name)));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Whose tiers they are: `merchant` or `buyer`.
    pub fn of(&self) -> &'static str {
        self.of
    }

    /// The tiers from the worst to the best.
    pub fn list(&self) -> &[Tier] {
        &self.tiers
    }

    /// The place of a tier.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.name == name)
    }

    /// The digest of the file's content.
    pub fn hash(&self) -> Digest {
        self.hash
    }
}

fn read(findings: &mut Findings<'_>, text: &str) -> Option<Tiers> {
    let mut tables = findings.tables()?;
    let shapes = findings.items::<TierShape>(&mut tables, "tier", MOST_TIERS);
    let readable = findings.count() == 0;
    let head = findings.rest::<FileShape>(tables);
    if shapes.is_empty() && readable {
        findings.refuse_with(0..0, "there is no tier", "write [[tier]], from the worst to the best");
    }
    let mut tiers: Vec<Tier> = Vec::with_capacity(shapes.len());
    let mut names = HashSet::new();
    for shape in shapes {
        let shape = shape.into_inner();
        let tier = checked(findings, &shape, tiers.last());
        if !names.insert(tier.name.clone()) {
            findings.refuse(shape.name.span(), format!("a second tier '{}'", shown(&tier.name)));
        }
        tiers.push(tier);
    }
    let of = head?.tiers.of;
    let of = match of.get_ref().as_str() {
        "merchant" => "merchant",
        "buyer" => "buyer",
        other => {
            findings.refuse(of.span(), format!("'{}' is neither merchant nor buyer", shown(other)));
            return None;
        }
    };
    Some(Tiers { of, tiers, hash: Digest::of(&[text.as_bytes()]) })
}

fn checked(findings: &mut Findings<'_>, shape: &TierShape, before: Option<&Tier>) -> Tier {
    findings.name(&shape.name);
    findings.text(&shape.title, 200);
    let from = findings.integer("from", &shape.from, (0, HIGHEST_SCORE));
    let keep = findings.integer("keep", &shape.keep, (0, HIGHEST_SCORE));
    if keep > from {
        let hint = "a tier is kept at least as far down as it is reached";
        findings.refuse_with(shape.keep.span(), format!("keep {keep} is above from {from}"), hint);
    }
    if let Some(before) = before {
        let hint = "write the tiers from the worst to the best";
        if from <= before.from {
            let detail = format!("from {from} is not above the {} of '{}'", before.from, before.name);
            findings.refuse_with(shape.from.span(), detail, hint);
        }
        if keep < before.keep {
            let detail = format!("keep {keep} is below the {} of '{}'", before.keep, before.name);
            findings.refuse_with(shape.keep.span(), detail, hint);
        }
    }
    Tier { name: shape.name.get_ref().clone(), title: shape.title.get_ref().clone(), from, keep }
}
