//! How well the score foretold: dates, options, and where the answer goes.

use super::args::{Arguments, Every, ForetellArgs};
use super::data::open_existing;
use super::foretell_page::{Asked, interval, page, picture};
use super::out::{self, Bar};
use super::{Done, OK};
use crate::app::{AppError, AsOf, ForetellOptions, Foretold, ForetoldAt, Period, Probity};
use probity_primitives::{Code, Day, Duration, Problem, Timestamp};
use std::path::Path;

const FORETELL_INVALID: Code = Code::new("foretell-invalid");
const EXPORT_FAILED: Code = Code::new("export-failed");
/// Months of history before the first score, when no date is given.
const FIRST_MONTHS: i32 = 3;

/// Answers `foretell`.
pub(super) fn foretell(arguments: &Arguments, asked: &ForetellArgs) -> Done {
    let horizon = Duration::parse(&asked.horizon)?;
    let delivered_weight = weight(&asked.weight, FORETELL_INVALID)?;
    let (from, to) = (asked.from.as_deref().map(day).transpose()?, asked.to.as_deref().map(day).transpose()?);
    let probity = open_existing(arguments)?;
    let answer = span(&probity, from, to, horizon).and_then(|(from, to)| {
        let options = ForetellOptions { dates: dates(from, to, asked.every), horizon, delivered_weight };
        let mut bar = Bar::new();
        let foretold = probity.foretell(&options, &mut |done, of| bar.at("scoring", done, of, false));
        bar.done();
        Ok((foretold?, from, to))
    });
    probity.close();
    let (foretold, from, to) = answer?;
    if let Some(out) = &asked.out {
        let every = if asked.every == Every::Month { "month" } else { "quarter" };
        let command = format!(
            "probity --data DIR foretell --from {from} --to {to} --every {every} --horizon {} --weight {} --out {}",
            asked.horizon,
            asked.weight,
            shown_path(out)
        );
        let told = Asked { command, horizon: asked.horizon.clone(), delivered_weight };
        write(out, &told, &foretold)?;
    }
    if arguments.json {
        return out::json(&foretold);
    }
    show(&foretold);
    Ok(OK)
}

/// The file as the page names it: its folder's name and its own, nothing of the machine it was made on.
pub(super) fn shown_path(out: &Path) -> String {
    if out.is_relative() {
        out.display().to_string()
    } else {
        out.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn write(to: &Path, asked: &Asked, foretold: &Foretold) -> Result<(), AppError> {
    let failed = |error: std::io::Error| {
        AppError::from(Problem::new(EXPORT_FAILED, error.to_string()).at(to.display().to_string()))
    };
    let pictures = to.parent().unwrap_or(Path::new("")).join("pictures");
    std::fs::create_dir_all(&pictures).map_err(failed)?;
    std::fs::write(pictures.join("foretell.svg"), picture(foretold)).map_err(failed)?;
    std::fs::write(to, page(asked, foretold)).map_err(failed)?;
    out::remark(format!("written: {} and {}", to.display(), pictures.join("foretell.svg").display()));
    Ok(())
}

fn show(foretold: &Foretold) {
    let row = |name: &str, at: &ForetoldAt| {
        let mut row = vec![
            name.to_owned(),
            at.orders.to_string(),
            at.merchants.to_string(),
            format!("{:.1} %", at.bad_share * 100.0),
        ];
        match &at.rankings {
            Some(rankings) => {
                row.extend([&rankings.score, &rankings.rating, &rankings.difference].map(interval))
            }
            None => row.push("all ended alike".into()),
        }
        row
    };
    let mut rows: Vec<Vec<String>> =
        foretold.dates.iter().map(|at| row(at.date.as_deref().unwrap_or_default(), at)).collect();
    rows.push(row("all, within dates", &foretold.within));
    rows.push(row("all, across dates", &foretold.across));
    out::table(
        &["scored at the end of", "orders", "merchants", "bad", "score", "mean rating", "difference"],
        &rows,
    );
}

/// The weight of delivered orders; anything else is refused with this code.
pub(super) fn weight(text: &str, code: Code) -> Result<f64, AppError> {
    let number = text.strip_prefix("delivered=").and_then(|number| number.parse::<f64>().ok());
    number.filter(|weight| weight.is_finite() && *weight > 0.0 && *weight <= 1e6).ok_or_else(|| {
        let detail = format!("'{}' is no weight", probity_primitives::problem::shown(text));
        Problem::new(code, detail).hint("delivered=18.65: a number above 0").into()
    })
}

fn day(text: &str) -> Result<Day, AppError> {
    let moment = Timestamp::parse(&format!("{text}T00:00:00Z")).ok().filter(|_| text.len() == 10);
    moment.map(Timestamp::day).ok_or_else(|| {
        let detail = format!("'{}' is no day", probity_primitives::problem::shown(text));
        Problem::new(FORETELL_INVALID, detail).hint("a day such as 2017-03-31").into()
    })
}

/// From the given days, or from what the history allows.
fn span(
    probity: &Probity,
    from: Option<Day>,
    to: Option<Day>,
    horizon: Duration,
) -> Result<(Day, Day), AppError> {
    let latest = probity.moment(AsOf::Latest)?;
    let to = to.unwrap_or_else(|| latest.plus(Duration(-horizon.0)).day());
    let from = match from {
        Some(from) => from,
        None => {
            let first = probity.events(1, 1_000)?;
            let first = first.iter().filter_map(|row| Timestamp::parse(&row.known_at).ok()).min();
            Period(Period::of(first.unwrap_or(latest)).0 + FIRST_MONTHS).end().day()
        }
    };
    if from > to {
        let detail = format!("the span from {from} to {to} is empty");
        return Err(Problem::new(FORETELL_INVALID, detail)
            .hint("--from before --to, both inside the history")
            .into());
    }
    Ok((from, to))
}

/// The ends of months or quarters within a span.
fn dates(from: Day, to: Day, every: Every) -> Vec<Day> {
    let months = from.month()..=to.month();
    let wanted = months.filter(|month| every == Every::Month || (month + 1) % 3 == 0);
    wanted.map(|month| Period(month).end().day()).filter(|day| *day >= from && *day <= to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_days_taken_and_refused() {
        for (text, expected) in [
            ("delivered=18.65", Some(18.65)),
            ("delivered=1", Some(1.0)),
            ("delivered=0", None),
            ("delivered=NaN", None),
            ("delivered=-1", None),
            ("lost=2", None),
            ("", None),
        ] {
            assert_eq!(weight(text, FORETELL_INVALID).ok(), expected, "{text}");
        }
        for (text, taken) in [("2017-03-31", true), ("2017-02-30", false), ("2017-03", false), ("", false)] {
            assert_eq!(day(text).ok().map(|day| day.to_string()).as_deref() == Some(text), taken, "{text}");
        }
    }

    #[test]
    fn dates_are_ends_of_months_within_the_span() {
        let day = |text| day(text).unwrap();
        let shown = |from, to, every| {
            dates(day(from), day(to), every).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            shown("2017-11-30", "2018-02-27", Every::Month),
            ["2017-11-30", "2017-12-31", "2018-01-31"]
        );
        assert_eq!(
            shown("2017-11-30", "2018-06-30", Every::Quarter),
            ["2017-12-31", "2018-03-31", "2018-06-30"]
        );
        assert!(shown("2018-02-01", "2018-02-27", Every::Month).is_empty());
    }
}
