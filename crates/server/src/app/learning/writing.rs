//! A fit as a scorecard of the catalogue: the text of its file.
//!
//! What a score means, thin files, dimensions and gates are those of the card in force. Points are moved so that a neutral
//! value (what the card in force gives no points for) has none in the new one either: a reason is only given for less than
//! that, so it stays true. Where the card in force does not read an indicator, its mean party is neutral.

use super::super::error::AppError;
use super::rows::{Rows, number, refused};
use super::train::TermRow;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::indicator::Definition;
use probity_credit::score::definition::{Characteristic, NEUTRAL, Reason};
use probity_credit::score::{Chosen, Fitted, HeldOut, Scorecard};
use probity_scorecard::bins::Split;
use probity_scorecard::card::{Attribute, Characteristic as Table};
use probity_scorecard::table::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What a card's file is written from.
pub(super) struct Draft<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) role: Role,
    pub(super) name: &'a str,
    pub(super) title: &'a str,
    pub(super) reasoning: &'a str,
    pub(super) card: &'a probity_scorecard::Scorecard,
    /// The rows it was fitted on.
    pub(super) rows: &'a Rows,
    /// Points that every score is moved by.
    pub(super) moved: i32,
}

/// A characteristic, ready to be written.
struct Written<'a> {
    definition: &'a Definition,
    dimension: String,
    reason: Reason,
    cuts: Vec<f64>,
    /// Title and value of each special value.
    specials: Vec<(String, f64)>,
    /// For every bin points, and share and bad rate of the training rows.
    bins: Vec<(i32, f64, Option<f64>)>,
}

fn text(text: &str) -> String {
    // TOML's basic strings are JSON's; what JSON leaves as it is and TOML refuses no definition holds.
    serde_json::Value::from(text).to_string()
}

impl Draft<'_> {
    fn in_force(&self) -> &Scorecard {
        self.catalogue.scorecard(self.role)
    }

    /// The file and its terms in numbers, most important first.
    ///
    /// # Errors
    /// `training-refused` where the fit cannot be said in the catalogue's form.
    pub(super) fn write(&self, fitted: &Fitted) -> Result<(String, Vec<TermRow>), AppError> {
        let parts = self.card.parts();
        let mut codes: BTreeSet<String> = self.codes();
        let ends = self.in_force().scale();
        let mut shifts = self.shifts(&parts.characteristics)?;
        let base =
            |shifts: &[i32]| parts.base_points.saturating_add(self.moved).saturating_add(shifts.iter().sum());
        // Where that would lift the base points off the scale, the mean party is neutral.
        if !(ends.floor..=ends.ceiling).contains(&base(&shifts)) {
            shifts.fill(0);
        }
        let base = base(&shifts);
        let mut all = Vec::new();
        for (table, shift) in parts.characteristics.iter().zip(shifts) {
            let known = self.known(&table.name);
            all.push(self.written(table, known, shift, &mut codes)?);
        }
        all.sort_by(|a, b| {
            let key =
                |one: &Written<'_>| self.in_force().dimensions().iter().position(|d| d.name == one.dimension);
            key(a).cmp(&key(b)).then_with(|| reach(b).cmp(&reach(a)))
        });
        let mut page = self.head(base, fitted);
        for one in &all {
            characteristic(&mut page, one);
        }
        self.gates(&mut page);
        let mut terms: Vec<TermRow> = all.iter().map(term).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.most - term.least));
        Ok((page, terms))
    }

    /// What the card in force says of an indicator.
    fn known(&self, indicator: &str) -> Option<&Characteristic> {
        self.in_force().characteristics().iter().find(|one| one.indicator == indicator)
    }

    fn values(&self, indicator: &str) -> Result<Vec<f64>, AppError> {
        let column = self.rows.column(indicator)?;
        Ok((0..self.rows.len()).filter_map(|row| number(column, row)).collect())
    }

    /// The points that a neutral value has in each table; they go into the base points.
    fn shifts(&self, tables: &[Table]) -> Result<Vec<i32>, AppError> {
        let shift = |table: &Table| {
            let values = self.values(&table.name)?;
            let neutral = self.known(&table.name).and_then(|known| neutral(known, &values));
            let attribute =
                neutral.and_then(|value| table.attributes.get(table.bins.find(Value::Number(value))));
            Ok(attribute.map_or(0, |attribute| attribute.points))
        };
        tables.iter().map(shift).collect()
    }

    /// Codes that are taken: those of the gates, and of every reason of the card in force.
    fn codes(&self) -> BTreeSet<String> {
        let card = self.in_force();
        let of = card
            .characteristics()
            .iter()
            .map(|one| &one.reason)
            .chain(card.gates().iter().map(|gate| &gate.reason));
        of.map(|reason| reason.code.clone()).collect()
    }

    fn written(
        &self,
        table: &Table,
        known: Option<&Characteristic>,
        shift: i32,
        codes: &mut BTreeSet<String>,
    ) -> Result<Written<'_>, AppError> {
        let unsaid = |what: &str| refused(&probity_scorecard::Error::Fit(format!("{}: {what}", table.name)));
        let definition = self.catalogue.plan.definitions(self.role).find(|one| one.name == table.name);
        let definition = definition.ok_or_else(|| unsaid("is no indicator of the catalogue"))?;
        let Split::Cuts(cuts) = table.bins.split() else { return Err(unsaid("is a column of texts")) };
        let in_force = self.in_force();
        let dimension = match known {
            Some(known) => in_force.dimensions().get(known.dimension).map(|one| one.name.clone()),
            None => in_force
                .dimensions()
                .iter()
                .find(|one| one.name == definition.dimension)
                .map(|one| one.name.clone()),
        };
        let dimension = dimension.or_else(|| in_force.dimensions().first().map(|one| one.name.clone()));
        let values = self.values(&table.name)?;
        let all: f64 = table.attributes.iter().map(|attribute| attribute.weight).sum();
        let bin = |attribute: &Attribute| {
            let share = if all > 0.0 { attribute.weight / all } else { 0.0 };
            let rate = (attribute.weight > 0.0).then(|| attribute.bad / attribute.weight);
            (attribute.points - shift, share, rate)
        };
        let special = |special: &probity_scorecard::bins::Special| {
            Some((special.name.clone(), special.values.first().copied()?))
        };
        Ok(Written {
            definition,
            dimension: dimension.unwrap_or_default(),
            reason: known.map_or_else(|| self.reason(definition, codes), |known| known.reason.clone()),
            cuts: cuts.iter().map(|cut| short(*cut, &values)).collect(),
            specials: table.bins.specials().iter().filter_map(special).collect(),
            bins: table.attributes.iter().map(bin).collect(),
        })
    }

    /// A reason made from an indicator's title, with a code that nobody has.
    fn reason(&self, definition: &Definition, codes: &mut BTreeSet<String>) -> Reason {
        let initial = if self.role == Role::Buyer { 'B' } else { 'M' };
        let code = (1..).map(|number| format!("{initial}T{number:02}")).find(|code| !codes.contains(code));
        let code = code.unwrap_or_default();
        codes.insert(code.clone());
        let title = definition.title.as_str();
        let chinese = self.in_force().characteristics().iter().any(|one| !one.reason.text_zh.is_empty());
        let zh = |text: String| if chinese { text } else { String::new() };
        Reason {
            code,
            text: format!("{title}: not as good as that of most"),
            advice: format!("What it measures: {}", one_line(&definition.description)),
            text_zh: zh(format!("“{title}”一项低于多数参与方")),
            advice_zh: zh(format!("该指标“{title}”的含义见指标说明")),
        }
    }

    fn head(&self, base: i32, fitted: &Fitted) -> String {
        let card = self.in_force();
        let (scale, history) = (card.scale(), card.history());
        let mut page = String::new();
        let _ = write!(
            page,
            "[scorecard]\nname        = {}\nof          = {}\ntitle       = {}\nbase_points = {base}\nreasoning   = \"\"\"\n{}\n\"\"\"\n",
            text(self.name),
            text(card.of()),
            text(self.title),
            self.reasoning.replace('\\', "\\\\").replace("\"\"\"", "'''"),
        );
        let _ = write!(
            page,
            "\n[scorecard.scale]\nscore            = {}\nodds             = {:?}\npoints_to_double = {:?}\nfloor            = {}\nceiling          = {}\n",
            scale.score,
            self.odds(),
            scale.points_to_double,
            scale.floor,
            scale.ceiling
        );
        let _ = write!(
            page,
            "\n[scorecard.history]\nmeasure    = {}\nminimum    = {:?}\nthin_tier  = {}\nhalf_width = {:?}\nk          = {:?}\n",
            text(&history.measure),
            history.minimum,
            text(&history.thin_tier),
            history.half_width,
            history.k
        );
        section(&mut page, fitted);
        for dimension in card.dimensions() {
            let _ = write!(
                page,
                "\n[[dimension]]\nname  = {}\ntitle = {}\n",
                text(&dimension.name),
                text(&dimension.title)
            );
        }
        page
    }

    /// Good parties per bad one at the anchor of the scale, once scores are moved: what they stand for stays what was fitted.
    fn odds(&self) -> f64 {
        let scale = self.in_force().scale();
        let odds = scale.odds * (-f64::from(self.moved) / scale.points_to_double).exp2();
        // Four digits say more than rows can know.
        format!("{odds:.3e}").parse().unwrap_or(odds)
    }

    fn gates(&self, page: &mut String) {
        for gate in self.in_force().gates() {
            let _ =
                write!(page, "\n[[gate]]\nname   = {}\nwhen   = {}\n", text(&gate.name), text(&gate.when));
            if let Some(cap) = gate.cap {
                let _ = writeln!(page, "cap    = {cap}");
            }
            if let Some(tier) = &gate.tier {
                let _ = writeln!(page, "tier   = {}", text(tier));
            }
            let _ = writeln!(page, "reason = {}", reason(&gate.reason));
        }
    }
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

/// The value that the card in force gives no points for, in the middle of the rows that have such a one; none where no row has.
pub(super) fn neutral(known: &Characteristic, values: &[f64]) -> Option<f64> {
    let gives_none = |value: &f64| {
        matches!(known.choose(Some(*value)), Chosen::Attribute(place)
        if known.attributes.get(place).is_some_and(|attribute| attribute.points == NEUTRAL))
    };
    let mut those: Vec<f64> = values.iter().copied().filter(gives_none).collect();
    those.sort_by(f64::total_cmp);
    those.get(those.len() / 2).copied()
}

/// The shortest decimal that divides the values as a cut does.
pub(super) fn short(cut: f64, values: &[f64]) -> f64 {
    let below = values.iter().copied().filter(|value| *value < cut).fold(f64::NEG_INFINITY, f64::max);
    let above = values.iter().copied().filter(|value| *value >= cut).fold(f64::INFINITY, f64::min);
    let divides = |candidate: &f64| below < *candidate && *candidate <= above;
    let candidates = (0..=12).filter_map(|digits| format!("{cut:.digits$}").parse::<f64>().ok());
    candidates.into_iter().find(divides).unwrap_or(cut)
}

fn reach(one: &Written<'_>) -> i32 {
    let points = || one.bins.iter().filter(|(_, share, _)| *share > 0.0).map(|(points, _, _)| *points);
    points().max().unwrap_or(0) - points().min().unwrap_or(0)
}

fn term(one: &Written<'_>) -> TermRow {
    let points = || one.bins.iter().map(|(points, _, _)| *points);
    TermRow {
        indicator: one.definition.name.clone(),
        dimension: one.dimension.clone(),
        attributes: one.cuts.len() + 1,
        least: points().min().unwrap_or(0),
        most: points().max().unwrap_or(0),
    }
}

fn reason(reason: &Reason) -> String {
    let mut line = format!(
        "{{ code = {}, text = {}, advice = {}",
        text(&reason.code),
        text(&reason.text),
        text(&reason.advice)
    );
    if !reason.text_zh.is_empty() {
        let _ =
            write!(line, ", text_zh = {}, advice_zh = {}", text(&reason.text_zh), text(&reason.advice_zh));
    }
    line + " }"
}

/// Share and bad rate of training rows, in four digits; no rate without rows.
fn training(share: f64, rate: Option<f64>) -> String {
    let mut said = format!("share = {share:.4}");
    if let Some(rate) = rate {
        let _ = write!(said, ", bad_rate = {rate:.4}");
    }
    said
}

fn characteristic(page: &mut String, one: &Written<'_>) {
    let _ = write!(
        page,
        "\n[[characteristic]]\nindicator  = {}\ndimension  = {}\nreason     = {}\n",
        text(&one.definition.name),
        text(&one.dimension),
        reason(&one.reason)
    );
    let (missing, regular) = (one.bins.last(), one.cuts.len() + 1);
    if let Some((points, share, rate)) = missing {
        let _ = writeln!(page, "missing    = {points}\nmissing_share = {share:.4}");
        if let Some(rate) = rate {
            let _ = writeln!(page, "missing_bad_rate = {rate:.4}");
        }
    }
    let bounds = one.cuts.iter().map(|cut| format!("below = {cut:?}, ")).chain([String::new()]);
    let attribute = |(bound, (points, share, rate)): (String, &(i32, f64, Option<f64>))| {
        format!("  {{ {bound}points = {points}, {} }},\n", training(*share, *rate))
    };
    let attributes: String = bounds.zip(&one.bins).map(attribute).collect();
    let _ = write!(page, "attributes = [\n{attributes}]\n");
    if !one.specials.is_empty() {
        let special =
            |((title, value), (points, share, rate)): (&(String, f64), &(i32, f64, Option<f64>))| {
                let said = training(*share, *rate);
                format!("  {{ value = {value:?}, points = {points}, title = {}, {said} }},\n", text(title))
            };
        let specials: String = one.specials.iter().zip(one.bins.iter().skip(regular)).map(special).collect();
        let _ = write!(page, "special = [\n{specials}]\n");
    }
}

fn section(page: &mut String, fitted: &Fitted) {
    let list =
        |numbers: &[f64]| numbers.iter().map(|number| format!("{number:?}")).collect::<Vec<_>>().join(", ");
    let _ = write!(
        page,
        "\n# Written by `probity train`; it describes the points below and nothing else.\n[scorecard.fitted]\n\
         label        = {}\nlabel_hash   = {}\ndataset      = {}\nmethod       = {}\nseed         = {}\n\
         from         = {}\nto           = {}\nrows         = {}\nbad          = {}\nscore_cuts   = [{}]\nscore_shares = [{}]\n",
        text(&fitted.label),
        text(&fitted.label_hash),
        text(&fitted.dataset),
        text(&fitted.method),
        fitted.seed,
        text(&fitted.from),
        text(&fitted.to),
        fitted.rows,
        fitted.bad,
        list(&fitted.score_cuts),
        list(&fitted.score_shares),
    );
    if let Some(HeldOut {
        from,
        to,
        rows,
        bad,
        auc,
        champion,
        champion_hash,
        champion_auc,
        difference,
        bad_rate,
        predicted,
    }) = &fitted.held_out
    {
        let _ = write!(
            page,
            "\n[scorecard.fitted.held_out]\nfrom          = {}\nto            = {}\nrows          = {rows}\nbad           = {bad}\n\
             auc           = [{}]\nchampion      = {}\nchampion_hash = {}\nchampion_auc  = [{}]\ndifference    = [{}]\n\
             bad_rate      = [{}]\npredicted     = {predicted:?}\n",
            text(from),
            text(to),
            list(auc),
            text(champion),
            text(champion_hash),
            list(champion_auc),
            list(difference),
            list(bad_rate),
        );
    }
}
