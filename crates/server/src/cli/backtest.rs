//! A policy on the platform's own past: options, and where the answer goes.

use super::args::Arguments;
use super::backtest_args::{BacktestArgs, RequestsAsked};
use super::backtest_picture::{of_groups, of_outcomes};
use super::backtest_tables::{Shown, remarks, tables};
use super::data::version_files;
use super::out::{self, Bar};
use super::rehearse::{seen_from, shown_path, write};
use super::{Done, OK};
use crate::app::{AppError, BacktestOptions, Backtested, Requests, backtest as decide_again};
use probity_credit::catalogue::{Catalogue, place_of};
use probity_credit::policy::{RequestKind, decides};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Currency, Duration, Problem, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const INVALID: Code = Code::new("backtest-invalid");

/// The largest definition file that is read, in bytes.
const LARGEST_FILE: u64 = 4 << 20;
/// Examples of each kind of change at most.
const MOST_EXAMPLES: usize = 1_000;

/// Answers `backtest`.
pub(super) fn backtest(arguments: &Arguments, asked: &BacktestArgs) -> Done {
    let options = options(asked)?;
    let (catalogue, kinds) = candidate(arguments, asked)?;
    let currency = catalogue.rates.reporting;
    let options = BacktestOptions { kinds, ..options };
    let mut bar = Bar::new();
    let found = decide_again(&arguments.data, catalogue, &options, &mut |what, done, of| {
        bar.at(what, done, of, false)
    });
    bar.done();
    let found = found?;
    out::report_memory();
    if let Some(folder) = &asked.svg {
        write(&folder.join("backtest-groups.svg"), &of_groups(&found, currency))?;
        write(&folder.join("backtest-outcomes.svg"), &of_outcomes(&found))?;
    }
    if let Some(to) = &asked.out {
        write(to, &page(asked, to, &found, currency))?;
    }
    if arguments.json {
        return out::json(&found);
    }
    for remark in remarks(&found) {
        out::line(remark);
    }
    for Shown { title, header, rows, .. } in tables(&found, currency) {
        out::line(format!("\n{title}"));
        out::table(&header, &rows);
    }
    Ok(OK)
}

fn refuse(detail: impl Into<String>, hint: &str) -> AppError {
    Problem::new(INVALID, detail).hint(hint).into()
}

fn options(asked: &BacktestArgs) -> Result<BacktestOptions, AppError> {
    if asked.examples > MOST_EXAMPLES {
        return Err(refuse(format!("--examples {}", asked.examples), "at most 1000 of each kind of change"));
    }
    Ok(BacktestOptions {
        from: asked.from.as_deref().map_or(Ok(Timestamp::EARLIEST), |text| moment(text, false))?,
        to: moment(&asked.to, true)?,
        within: Duration::parse(&asked.within)?,
        kinds: Vec::new(),
        requests: match asked.requests {
            RequestsAsked::Recorded => Requests::Recorded,
            RequestsAsked::Orders => Requests::Orders,
        },
        from_states: asked.from_states,
        segment: asked.segment.clone(),
        examples: asked.examples,
    })
}

/// A moment, or the beginning or end of a day; the end of the log only where something ends.
fn moment(text: &str, ends: bool) -> Result<Timestamp, AppError> {
    if ends && matches!(text, "latest" | "now") {
        return Ok(Timestamp::LATEST);
    }
    let day = Timestamp::parse(&format!("{text}T00:00:00Z")).ok().filter(|_| text.len() == 10);
    match day.map(Timestamp::day) {
        Some(day) => Ok(if ends { day.end() } else { day.start() }),
        None => Timestamp::parse(text).map_err(|_| {
            let hint =
                "a day such as 2026-03-01 or a moment such as 2026-03-01T12:00:00Z; --to also takes latest";
            refuse(format!("'{}' is neither a day nor a moment", shown(text)), hint)
        }),
    }
}

/// The catalogue in force with the files that are to be tried, and the kinds of request that are decided again: those of the
/// policies given, or all when anything else changes.
fn candidate(arguments: &Arguments, asked: &BacktestArgs) -> Result<(Catalogue, Vec<RequestKind>), AppError> {
    let mut texts = version_files(arguments)?;
    let mut given = BTreeMap::new();
    let mut kinds = Vec::new();
    let files = [
        ("policies", &asked.policies),
        ("terms", &asked.terms),
        ("scorecards", &asked.scorecards),
        ("tiers", &asked.tiers),
    ];
    for (folder, paths) in files {
        for path in paths {
            let text = read(path)?;
            let place = place(folder, &text, path)?;
            if let Some(kind) = decides(&text) {
                // Whatever its file is called, the policy in force for these requests goes.
                texts.retain(|known, text| !known.starts_with("policies/") || decides(text) != Some(kind));
                kinds.push(kind);
            }
            if let Some(other) = given.insert(place.clone(), path) {
                let detail = format!("{} and {} are both {place}", other.display(), path.display());
                return Err(refuse(detail, "give one file for each"));
            }
            texts.insert(place, text);
        }
    }
    if given.keys().any(|place| !place.starts_with("policies/")) {
        kinds.clear();
    }
    let catalogue = Catalogue::load(texts).map_err(|mut problems| {
        for problem in &mut problems {
            let file = given.iter().find(|(place, _)| problem.at.starts_with(place.as_str()));
            if let Some((place, path)) = file {
                problem.at = problem.at.replacen(place.as_str(), &path.display().to_string(), 1);
            }
        }
        problems
    })?;
    Ok((catalogue, kinds))
}

fn read(path: &Path) -> Result<String, AppError> {
    let failed = |why: String| AppError::from(Problem::new(INVALID, why).at(path.display().to_string()));
    let size = path.metadata().map_err(|error| failed(error.to_string()))?.len();
    if size > LARGEST_FILE {
        return Err(failed(format!("it has {size} bytes, more than {LARGEST_FILE}")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

/// Where a file belongs. One that does not say what it is goes where it was meant to, and is refused there with its place.
fn place(folder: &str, text: &str, path: &Path) -> Result<String, AppError> {
    match place_of(text) {
        Some(place) if place.starts_with(folder) => Ok(place),
        Some(place) => {
            let detail = format!("{} belongs to {place}", path.display());
            Err(refuse(
                detail,
                "--policy takes policies, --terms terms, --scorecard scorecards, --tiers tiers",
            ))
        }
        None if folder == "policies" => Ok("policies/candidate.toml".to_owned()),
        None => Ok(format!("{folder}/merchant.toml")),
    }
}

fn command(asked: &BacktestArgs) -> String {
    let mut said = "probity backtest".to_owned();
    let files = [
        ("policy", &asked.policies),
        ("terms", &asked.terms),
        ("scorecard", &asked.scorecards),
        ("tiers", &asked.tiers),
    ];
    for (name, paths) in files {
        paths.iter().for_each(|path| said += &format!(" --{name} {}", shown_path(path)));
    }
    said += &asked.from.as_ref().map_or_else(String::new, |from| format!(" --from {from}"));
    said += &format!(" --to {} --within {}", asked.to, asked.within);
    if asked.requests == RequestsAsked::Orders {
        said += " --requests orders";
    }
    said += &asked.segment.as_ref().map_or_else(String::new, |segment| format!(" --segment \"{segment}\""));
    said += if asked.from_states { " --from-states" } else { "" };
    for (name, path) in [("--out", &asked.out), ("--svg", &asked.svg)] {
        said += &path.as_ref().map_or_else(String::new, |path| format!(" {name} {}", shown_path(path)));
    }
    said
}

fn page(asked: &BacktestArgs, to: &Path, found: &Backtested, currency: Currency) -> String {
    let mut page = format!("# Backtest\n\nMade by\n\n```\n{}\n```\n\n", command(asked));
    for remark in remarks(found) {
        let _ = writeln!(page, "- {remark}");
    }
    if let Some(folder) = asked.svg.as_deref().map(|svg| seen_from(to, svg)) {
        let _ = write!(
            page,
            "\n![Approval and losses by group]({folder}/backtest-groups.svg)\n\n\
             ![Outcomes then and now, and what became of them]({folder}/backtest-outcomes.svg)\n"
        );
    }
    for Shown { title, header, rows, .. } in tables(found, currency) {
        let rule = header.iter().map(|_| "---").collect::<Vec<_>>().join("|");
        let _ = write!(page, "\n## {title}\n\n| {} |\n|{rule}|\n", header.join(" | "));
        for row in rows {
            let row: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(page, "| {} |", row.join(" | "));
        }
    }
    page.push_str(WORDS);
    page
}

const WORDS: &str = "\n## What the words mean\n\n\
- **Then** is what was decided, **now** what the candidate decides of the same request as of the same moment, with what was\n  \
open as it was: what else would have been open had the candidate decided all along nobody knows. `probity whatif` lives that.\n\
- **Let through**: approved, approved up to a limit, or after a further proof. The amount let through stops at the limit.\n\
- **Good**: the order matured without a defect, or the instalments came. **Bad**: fraud reported, a lost dispute, a claim upheld,\n  \
never delivered, found counterfeit, cancelled by the seller, written off. **Nothing**: not paid, cancelled by the buyer, not used.\n\
- **Loss**: the largest amount that any such fact of the order names, and no more than was let through.\n\
- A request that was not let through has no order. It is judged by how its buyer and its merchant fared otherwise within the\n  \
window: bad if a fraud, an abuse or a violation of either became known, or many of the merchant's orders went wrong; good if the\n  \
buyer had at least one order that went well. That is a guess about a customer, not about the order that never was.\n\
- Intervals are Wilson's at 95 %. They say what chance does, not what a change of the market does.\n";

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_are_days_or_moments() {
        let at = |text: &str, ends: bool| moment(text, ends).map(|at| at.to_string()).ok();
        assert_eq!(at("2026-03-01", false).as_deref(), Some("2026-03-01T00:00:00Z"));
        assert_eq!(at("2026-03-01", true).as_deref(), Some("2026-03-01T23:59:59.999Z"));
        assert_eq!(at("2026-03-01T12:00:00+01:00", true).as_deref(), Some("2026-03-01T11:00:00Z"));
        assert!(at("latest", true).is_some());
        for (text, ends) in [("latest", false), ("yesterday", true), ("2026-02-30", true), ("", false)] {
            assert_eq!(at(text, ends), None, "{text}");
        }
    }
}
