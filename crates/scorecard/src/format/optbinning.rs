//! A scorecard from the table of OptBinning, a Python package: `Scorecard.table(style="detailed").to_csv(…)`, or the style
//! `summary`. Read and tried with version 1.0.0 under pandas 2.3 and 3.1, which print lists of categories differently.
//!
//! - Its bounds are rounded to two decimals unless it is fitted with `show_digits=8`; only what stands in the table is known.
//! - The table does not say which values are special: name them with the text of their bin (`Special`, or the key of
//!   `special_codes`).
//! - A category that no bin lists gets what a weight of evidence of zero gives, as the package gives it. The style
//!   `summary` does not say how much that is; there it gets what missing values get.

use super::import::{Csv, Foreign, Row, Taken, card, figure, grouped, interval, line, refused, short};
use crate::bins::Special;
use crate::scale::Scale;
use crate::{Error, Scorecard};
use csv::StringRecord;

/// What the table does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What its scores mean.
    pub meaning: Meaning,
    /// The points that every row starts with: the package's `Scorecard.intercept_`, 0 unless it was made with
    /// `intercept_based`.
    pub base_points: f64,
    /// The values of each special bin, by the bin's text; they hold for every column.
    pub specials: Vec<Special>,
}

/// How scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// `scaling_method="pdo_odds"`: `scorecard_points` at `odds` good to one bad, `pdo` points double them.
    Scale(Scale),
    /// Any other scaling: by the intercept of the fitted logistic regression (`Scorecard.estimator_.intercept_`), together
    /// with the coefficients and weights of evidence of the style `detailed`.
    Intercept(f64),
}

/// A bin of the table with what is needed to know its line of weights of evidence.
struct Bin {
    row: Row,
    evidence: Option<Evidence>,
}

#[derive(Clone, Copy)]
struct Evidence {
    weight: f64,
    coefficient: f64,
}

/// The scorecard of a table. Its score with decimals is [`Scale::score_at`] of its log-odds.
///
/// # Errors
/// When the text is no such table (with the line), bounds do not follow each other, or the scale cannot be found out.
pub fn read(table: &str, options: &Options) -> Result<Scorecard, Error> {
    let csv = Csv::read(table)?;
    let (variable, bin, points) = (csv.needed("Variable")?, csv.needed("Bin")?, csv.needed("Points")?);
    let [count, event, woe, coefficient] =
        ["Count", "Event", "WoE", "Coefficient"].map(|name| csv.column(name));
    let mut rows = Vec::with_capacity(csv.rows().len());
    for record in csv.rows() {
        let optional =
            |column: Option<usize>, name| column.map(|column| figure(record, column, name)).transpose();
        let takes = taken(record.get(bin).unwrap_or_default(), &options.specials)
            .map_err(|what| refused(format!("{}{what}", line(record))))?;
        let row = Row {
            takes,
            points: figure(record, points, "Points")?,
            weight: optional(count, "Count")?.unwrap_or_default(),
            bad: optional(event, "Event")?.unwrap_or_default(),
        };
        let evidence = match (optional(woe, "WoE")?, optional(coefficient, "Coefficient")?) {
            (Some(weight), Some(coefficient)) => Some(Evidence { weight, coefficient }),
            _ => None,
        };
        rows.push((name_of(record, variable)?, Bin { row, evidence }));
    }
    let groups = grouped(rows);
    let round = groups.iter().flat_map(|group| &group.1).all(|bin| bin.row.points.fract() == 0.0);
    let foreign: Vec<Foreign> = groups
        .iter()
        .map(|(name, bins)| {
            let neutral = neutral(bins);
            let neutral = if round { neutral.round() } else { neutral };
            Foreign { name: name.clone(), rows: bins.iter().map(|bin| bin.row.clone()).collect(), neutral }
        })
        .collect();
    let scale = match options.meaning {
        Meaning::Scale(scale) => scale,
        Meaning::Intercept(intercept) => found_scale(&groups, &foreign, options.base_points, intercept)?,
    };
    card(foreign, scale, options.base_points, "OptBinning")
}

fn name_of(record: &StringRecord, variable: usize) -> Result<String, Error> {
    match record.get(variable) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(refused(format!("{}Variable is empty", line(record)))),
    }
}

/// The two regular bins whose weights of evidence lie furthest apart.
fn widest(bins: &[Bin]) -> Option<(f64, f64, Evidence, Evidence)> {
    let regular =
        bins.iter().filter(|bin| matches!(bin.row.takes, Taken::Interval(..) | Taken::Categories(_)));
    let known = regular.filter_map(|bin| Some((bin.row.points, bin.evidence?)));
    let known: Vec<(f64, Evidence)> = known.collect();
    let by_weight =
        |first: &&(f64, Evidence), second: &&(f64, Evidence)| first.1.weight.total_cmp(&second.1.weight);
    let (least, most) = (known.iter().min_by(by_weight)?, known.iter().max_by(by_weight)?);
    (least.1.weight < most.1.weight).then_some((least.0, most.0, least.1, most.1))
}

/// The points at a weight of evidence of zero: points are a straight line over it.
fn neutral(bins: &[Bin]) -> f64 {
    if let Some((least, most, from, to)) = widest(bins) {
        let slope = (most - least) / (to.weight - from.weight);
        return least - slope * from.weight;
    }
    bins.iter().find(|bin| bin.row.takes == Taken::Missing).map_or(0.0, |bin| bin.row.points)
}

/// The scale by which points lie where the coefficients say.
fn found_scale(
    groups: &[(String, Vec<Bin>)],
    foreign: &[Foreign],
    base_points: f64,
    intercept: f64,
) -> Result<Scale, Error> {
    let (mut points, mut log_odds) = (0.0, 0.0);
    for (least, most, from, to) in groups.iter().filter_map(|(_, bins)| widest(bins)) {
        // Every characteristic has the same factor; the wide ones know it best.
        let step = to.coefficient * (to.weight - from.weight);
        points += (most - least).abs();
        log_odds += step.abs();
        if step * (most - least) > 0.0 {
            return Err(refused(
                "more points mean more risk in this table; make it with reverse_scorecard the other way round",
            ));
        }
    }
    if points <= 0.0 || log_odds <= 0.0 {
        return Err(refused(
            "the scale cannot be found out: the table needs the columns WoE and Coefficient (style=\"detailed\")",
        ));
    }
    let score = base_points + foreign.iter().map(|one| one.neutral).sum::<f64>();
    Scale::try_new(score, libm::exp(-intercept), points / log_odds * std::f64::consts::LN_2)
}

fn taken(bin: &str, specials: &[Special]) -> Result<Taken, String> {
    if let Some(special) = specials.iter().find(|special| special.name == bin) {
        return Ok(Taken::Special(special.clone()));
    }
    if bin == "Missing" {
        return Ok(Taken::Missing);
    }
    if let Some(interval) = interval(bin) {
        return Ok(interval);
    }
    if let Some(list) = bin.find('[').map(|start| &bin[start..])
        && let Some(end) = list.rfind(']')
    {
        let pandas = bin.starts_with('<');
        let list = &list[1..end];
        return if pandas { pandas_list(list) } else { numpy_list(list) }.map(Taken::Categories);
    }
    // What is neither an interval nor a list is the name of special codes.
    Ok(Taken::Special(Special { name: bin.to_owned(), values: vec![] }))
}

const CUT_SHORT: &str = "the list of categories is cut short (...): fit the package on columns of dtype object, and raise NumPy's print option `threshold`";

/// A list as pandas 3 prints an array of its texts: quotes inside a text are not told from those around it, so a quote ends a
/// text only before a comma with another text, or at the end.
fn pandas_list(list: &str) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        if rest.starts_with("...") {
            return Err(CUT_SHORT.to_owned());
        }
        let Some(inner) = rest.strip_prefix('\'') else {
            return Err(format!("no category begins at {:?}", short(rest)));
        };
        let ends = |place: &usize| {
            let after = inner[place + 1..].trim_start();
            let next = after.strip_prefix(',').map(str::trim_start);
            after.is_empty() || next.is_some_and(|next| next.starts_with('\'') || next.starts_with("..."))
        };
        let end = inner.match_indices('\'').map(|found| found.0).find(ends);
        let end = end.ok_or_else(|| format!("a category has no closing quote: {:?}", short(inner)))?;
        texts.push(inner[..end].replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r"));
        rest = inner[end + 1..].trim_start().trim_start_matches(',').trim_start();
    }
    Ok(texts)
}

/// A list as Python or NumPy prints it: `'a', 'b'`, `'a' "b's"`, `1 2`, `1.0, 2.0`.
fn numpy_list(list: &str) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    let mut letters = list.chars().peekable();
    while let Some(&letter) = letters.peek() {
        if letter == ',' || letter.is_whitespace() {
            letters.next();
        } else if letter == '\'' || letter == '"' {
            letters.next();
            texts.push(quoted(&mut letters, letter)?);
        } else {
            let mut word = String::new();
            while let Some(letter) = letters.next_if(|letter| *letter != ',' && !letter.is_whitespace()) {
                word.push(letter);
            }
            if word == "..." {
                return Err(CUT_SHORT.to_owned());
            }
            // A number among categories is looked up by its shortest decimal.
            texts.push(word.parse::<f64>().map_or(word, |number| number.to_string()));
        }
    }
    Ok(texts)
}

/// A Python string up to its closing quote.
fn quoted(letters: &mut impl Iterator<Item = char>, quote: char) -> Result<String, String> {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter == quote => return Ok(text),
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(kind @ ('x' | 'u' | 'U')) => {
                    let digits = if kind == 'x' {
                        2
                    } else if kind == 'u' {
                        4
                    } else {
                        8
                    };
                    let code: String = letters.by_ref().take(digits).collect();
                    let letter = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                    text.push(letter.ok_or_else(|| format!("\\{kind}{code} is no character"))?);
                }
                Some(other) => text.push(other),
                None => break,
            },
            letter => text.push(letter),
        }
    }
    Err(format!("a category has no closing quote: {:?}", short(&text)))
}

#[cfg(test)]
mod tests;
