//! Training sets: options, and what is said of what was written. And the labels that there are.

use super::args::Arguments;
use super::data::{catalogue_files, version_files};
use super::dataset_args::DatasetArgs;
use super::out::{self, Bar};
use super::{Done, OK};
use crate::app::{AppError, Counts, Dataset, DatasetOptions, WantedIndicators, When, dataset as build};
use probity_credit::catalogue::Catalogue;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Duration, Problem, Timestamp};

const INVALID: Code = Code::new("dataset-invalid");

/// Answers `dataset`.
pub(super) fn dataset(arguments: &Arguments, asked: &DatasetArgs) -> Done {
    let options = options(asked)?;
    let catalogue = Catalogue::load(version_files(arguments)?)?;
    let mut bar = Bar::new();
    let built = build(&arguments.data, catalogue, &options, &mut |what, done, of| {
        bar.at(what, done, of, false);
    });
    bar.done();
    let built = built?;
    out::report_memory();
    if arguments.json {
        return out::json(&built);
    }
    tell(&built);
    Ok(OK)
}

fn refuse(detail: impl Into<String>, hint: &str) -> AppError {
    Problem::new(INVALID, detail).hint(hint).into()
}

/// A moment, or a day's end.
pub(super) fn moment(text: &str) -> Result<Timestamp, AppError> {
    let day = Timestamp::parse(&format!("{text}T00:00:00Z")).ok().filter(|_| text.len() == 10);
    match day {
        Some(day) => Ok(day.day().end()),
        None => Timestamp::parse(text).map_err(|_| {
            let hint = "a day such as 2026-03-01, which stands for its end, or a moment such as 2026-03-01T12:00:00Z";
            refuse(format!("'{}' is neither a day nor a moment", shown(text)), hint)
        }),
    }
}

fn options(asked: &DatasetArgs) -> Result<DatasetOptions, AppError> {
    let given = |text: &Option<String>| text.as_deref().map(moment).transpose();
    let when = if asked.at.is_empty() {
        let every = Duration::parse(&asked.every)?;
        let to = asked.to.clone().filter(|to| to != "latest");
        When::Every { from: given(&asked.from)?, to: given(&to)?, every }
    } else {
        When::At(asked.at.iter().map(|text| moment(text)).collect::<Result<_, _>>()?)
    };
    let indicators = match asked.indicators.as_slice() {
        [word] if word == "scorecard" => WantedIndicators::Scorecard,
        [word] if word == "all" => WantedIndicators::All,
        names => WantedIndicators::Named(names.to_vec()),
    };
    Ok(DatasetOptions {
        label: asked.label.clone(),
        when,
        indicators,
        keep_good: asked.keep_good,
        to: asked.out.clone(),
    })
}

fn tell(built: &Dataset) {
    let label = &built.label;
    out::line(format!(
        "{}: {} ({} days, and {} more for what is reported late)",
        label.name, label.title, label.within_days, label.report_days
    ));
    let row = |what: &str, counts: &Counts| {
        let share = if counts.rows == 0 {
            String::new()
        } else {
            format!("{:.2} %", 100.0 * counts.bads as f64 / counts.rows as f64)
        };
        let numbers = [counts.rows, counts.bads];
        let others = [counts.indeterminate, counts.excluded, counts.not_eligible, counts.not_kept];
        let texts = numbers.into_iter().map(|number| number.to_string());
        let texts = texts.chain([share]).chain(others.into_iter().map(|number| number.to_string()));
        std::iter::once(what.to_owned()).chain(texts).collect::<Vec<String>>()
    };
    // Before anything was observed a moment has nobody to tell of.
    let empty = |counts: &Counts| counts.known == counts.not_eligible;
    let (without, with): (Vec<_>, Vec<_>) = built.moments.iter().partition(|moment| empty(&moment.counts));
    let mut rows: Vec<Vec<String>> = with.iter().map(|moment| row(&moment.as_of, &moment.counts)).collect();
    rows.push(row("all", &built.total));
    let header = ["as of", "rows", "bad", "", "indeterminate", "excluded", "not eligible", "not kept"];
    out::table(&header, &rows);
    if !without.is_empty() {
        out::line(format!("at {} more moments nobody was eligible", without.len()));
    }
    if built.total.bad_unknown > 0 {
        out::line(format!(
            "of {} the condition had no value, and counts as not bad",
            built.total.bad_unknown
        ));
    }
    let left_out = match built.left_out.as_slice() {
        [] => None,
        [one] => Some(format!("1 moment is left out, {}", one.as_of)),
        [first, .., last] => {
            let many = built.left_out.len();
            Some(format!("{many} moments are left out, {} to {}", first.as_of, last.as_of))
        }
    };
    if let Some(left_out) = left_out {
        out::line(format!("label in the future: {left_out}; the log ends at {}", built.latest));
    }
    if built.total.bads == 0 || built.total.bads == built.total.rows {
        out::remark("all rows are of one class: nothing can be learned from them");
    }
    out::remark(format!("written: {}, {} columns of indicators", built.out, built.indicators.len()));
}

/// The labels of the catalogue.
pub(super) fn labels(arguments: &Arguments) -> Done {
    let catalogue = Catalogue::load(catalogue_files(arguments)?)?;
    let all = catalogue.labels.list();
    if arguments.json {
        let text =
            |expression: Option<&probity_expression::Expression>| expression.map(|one| one.text().to_owned());
        return out::json(&all.iter().map(|label| serde_json::json!({
            "name": label.name(), "of": label.of().as_str(), "title": label.title(), "reasoning": label.reasoning().trim(),
            "within_days": label.within().0 / Duration::days(1).0, "report_days": label.report().0 / Duration::days(1).0,
            "observe": text(label.observe()), "exclude": text(label.exclude()), "bad": label.bad().text().trim(),
            "indeterminate": text(label.indeterminate()), "file": label.file(), "hash": label.hash().to_string(),
        })).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|label| {
            let days = format!("{}d", label.within().0 / Duration::days(1).0);
            vec![label.of().as_str().into(), label.name().into(), days, label.title().into()]
        })
        .collect();
    out::table(&["of", "label", "within", ""], &rows);
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_day_stands_for_its_end() {
        let at = |text: &str| moment(text).map(|at| at.to_string()).ok();
        assert_eq!(at("2026-03-01").as_deref(), Some("2026-03-01T23:59:59.999Z"));
        assert_eq!(at("2026-03-01T12:00:00+01:00").as_deref(), Some("2026-03-01T11:00:00Z"));
        for text in ["latest", "2026-02-30", "", "2026-3-1"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
