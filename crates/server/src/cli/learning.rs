//! Scorecards that the platform's own history teaches: training, validating, comparing, approving.

use super::args::Arguments;
use super::changes::{shown, with};
use super::data::version_files;
use super::learning_args::{ApproveArgs, CompareArgs, TrainArgs, ValidateArgs};
use super::learning_tables::{described, drift, figures, parts};
use super::lists::role;
use super::out::{self, Bar};
use super::rehearse::write;
use super::{Done, FAILED, OK};
use crate::app::{
    AppError, Approved, Compared, MovedRow, Step, SwapRow, TrainOptions, Trained, ValidateOptions, Validated,
    compare_cards, train as fit, validate as examine,
};
use probity_credit::catalogue::Catalogue;
use probity_primitives::Duration;

/// Work that reads a file and tells how far it is.
fn reading<T>(work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> Result<T, AppError>) -> Result<T, AppError> {
    let mut bar = Bar::new();
    let done = work(&mut |done, of| bar.at("reading", done, of, true));
    bar.done();
    done
}

/// Answers `train`.
pub(super) fn train(arguments: &Arguments, asked: &TrainArgs) -> Done {
    let options = TrainOptions {
        label: asked.label.clone(),
        dataset: asked.dataset.clone(),
        test: asked.test.clone(),
        method: asked.method.into(),
        indicators: asked.indicators.clone(),
        without: asked.without.clone(),
        holdout: asked.holdout,
        embargo: asked.embargo.as_deref().map(Duration::parse).transpose()?,
        aligned: !asked.keep_scale,
        seed: asked.seed,
        name: asked.name.clone(),
    };
    let catalogue = Catalogue::load(version_files(arguments)?)?;
    let trained = reading(|progress| fit(&catalogue, &options, progress))?;
    write(&asked.out, &trained.text)?;
    if let Some(to) = &asked.report {
        let options = ValidateOptions {
            card: Some(asked.out.clone()),
            of: role(trained.of)?,
            dataset: asked.test.clone().unwrap_or_else(|| asked.dataset.clone()),
            segments: Vec::new(),
        };
        write(to, &reading(|progress| crate::app::card_report(&catalogue, &options, progress))?.html)?;
    }
    shown(arguments, &trained, || tell_trained(&trained))
}

fn tell_trained(trained: &Trained) {
    let on = &trained.fitted_on;
    out::line(format!(
        "{} ({}): {} rows of {} parties, {} bad, {} to {}",
        trained.name, trained.method, on.rows, on.parties, on.bad, on.from, on.to
    ));
    out::line("on parties left out in turn:");
    let figure = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.4}"));
    let row = |one: &crate::app::TriedRow| {
        vec![one.method.to_owned(), one.counts.to_owned(), figure(one.log_loss), figure(one.auc)]
    };
    out::table(&["model", "counting", "log loss", "AUC"], &trained.tried.iter().map(row).collect::<Vec<_>>());
    let row = |term: &crate::app::TermRow| {
        let numbers = [term.attributes.to_string(), term.least.to_string(), term.most.to_string()];
        [term.dimension.clone(), term.indicator.clone()].into_iter().chain(numbers).collect()
    };
    out::table(
        &["dimension", "characteristic", "attributes", "least", "most"],
        &trained.terms.iter().map(row).collect::<Vec<_>>(),
    );
    for left in &trained.left_out {
        out::line(format!("left out: {}, {}", left.indicator, left.why));
    }
    if let (Some(held), Some(own), Some(champion), Some(paired)) =
        (&trained.held_out, &trained.performance, &trained.champion, &trained.paired)
    {
        out::line(format!(
            "\nheld out: {} rows of {} parties, {} bad, {} to {}; {} rows between are in neither",
            held.rows, held.parties, held.bad, held.from, held.to, trained.embargoed
        ));
        figures(&[(&trained.name, own), (&trained.champion_name, champion)], Some(paired));
    }
    trained.remarks.iter().for_each(out::line);
    out::remark(format!("scorecard {}", trained.hash));
}

/// Answers `validate`.
pub(super) fn validate(arguments: &Arguments, asked: &ValidateArgs) -> Done {
    let options = ValidateOptions {
        card: asked.card.clone(),
        of: role(&asked.of)?,
        dataset: asked.dataset.clone(),
        segments: asked.segment.clone(),
    };
    let catalogue = Catalogue::load(version_files(arguments)?)?;
    let found = reading(|progress| examine(&catalogue, &options, progress))?;
    if asked.report.is_some() || asked.model_card.is_some() {
        let pages = reading(|progress| crate::app::card_report(&catalogue, &options, progress))?;
        for (to, text) in [(&asked.report, &pages.html), (&asked.model_card, &pages.model_card)] {
            if let Some(to) = to {
                write(to, text)?;
            }
        }
    }
    shown(arguments, &found, || tell_validated(&found))
}

fn tell_validated(found: &Validated) {
    out::line(described(&found.card, &found.dataset));
    let mut cards = vec![(found.card.name.as_str(), &found.performance)];
    if let (Some(champion), Some(performance)) = (&found.champion, &found.champion_performance) {
        cards.push((champion.name.as_str(), performance));
    }
    figures(&cards, found.paired.as_ref());
    out::line("\nmoment by moment");
    parts(&found.vintages);
    if !found.segments.is_empty() {
        out::line("\nsegments");
        parts(&found.segments);
    }
    if !found.drift.is_empty() {
        out::line("\nagainst the rows it was fitted on");
        drift(&found.drift);
    }
    for leak in &found.leakage {
        out::line(format!("may know the future: {} ({}): {}", leak.indicator, leak.suspicion, leak.why));
    }
    for trend in &found.trends {
        if let Some(broken) = &trend.broken {
            out::line(format!("breaks its trend: {}: {broken}", trend.indicator));
        }
        for place in &trend.reversed {
            out::line(format!("runs against the data: {}, {place}", trend.indicator));
        }
    }
    if let Some(column) = found.score_column.filter(|column| column.differ == 0) {
        out::line(format!("the set's own {} scores are those of the card in force", column.rows));
    }
    found.remarks.iter().for_each(out::line);
}

/// Answers `compare`.
pub(super) fn compare(arguments: &Arguments, asked: &CompareArgs) -> Done {
    let catalogue = Catalogue::load(version_files(arguments)?)?;
    let cards = (asked.first.as_path(), asked.second.as_deref());
    let found = reading(|progress| compare_cards(&catalogue, cards, &asked.dataset, progress))?;
    shown(arguments, &found, || tell_compared(&found, asked.limit))
}

fn tell_compared(found: &Compared, limit: usize) {
    out::line(described(&found.first, &found.dataset));
    let cards = [
        (found.first.name.as_str(), &found.first_performance),
        (found.second.name.as_str(), &found.second_performance),
    ];
    figures(&cards, Some(&found.paired));
    out::line(format!(
        "\nwho reaches a tier: under both cards, under {} alone, under {} alone",
        found.first.name, found.second.name
    ));
    let share =
        |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.2} %", 100.0 * rate));
    let row = |one: &SwapRow| {
        vec![
            one.tier.clone(),
            one.from.to_string(),
            format!("{:.0}", one.both),
            share(one.both_bad),
            format!("{:.0}", one.swapped_in),
            share(one.swapped_in_bad),
            format!("{:.0}", one.swapped_out),
            share(one.swapped_out_bad),
        ]
    };
    out::table(
        &["tier", "from", "both", "bad", "swapped in", "bad", "swapped out", "bad"],
        &found.swaps.iter().map(row).collect::<Vec<_>>(),
    );
    out::line(format!(
        "\n{} of {} parties change tier, by their last row",
        found.moved_in_all, found.parties
    ));
    let row = |one: &MovedRow| {
        let side = |tier: &str, score: i32| format!("{tier} ({score})");
        vec![
            one.party.clone(),
            side(&one.from, one.from_score),
            side(&one.to, one.to_score),
            if one.bad { "bad" } else { "good" }.to_owned(),
        ]
    };
    let rows: Vec<_> = found.moved.iter().take(limit).map(row).collect();
    if !rows.is_empty() {
        out::table(&["party", &found.second.name, &found.first.name, "turned out"], &rows);
    }
    found.remarks.iter().for_each(out::line);
}

/// Answers `approve`.
pub(super) fn approve(arguments: &Arguments, asked: &ApproveArgs) -> Done {
    with(arguments, |probity| {
        let done =
            probity.approve_card(&asked.card, &asked.by, asked.force_reason.as_deref(), asked.activate)?;
        shown(arguments, &done, || tell_approved(&done))?;
        Ok(if done.step == Step::Refused { FAILED } else { OK })
    })
}

fn tell_approved(done: &Approved) {
    let short = done.catalogue.get(..12).unwrap_or(&done.catalogue);
    match done.step {
        Step::Proposed => {
            out::line(format!("proposed: {} in the catalogue {}", done.card.name, done.catalogue));
            out::line(format!("  {}", done.note));
            out::remark("a second person approves it with the same command");
        }
        Step::Refused => {
            out::line(format!("refused: {} in the catalogue {}", done.card.name, done.catalogue));
            done.reasons.iter().for_each(|reason| out::line(format!("  {reason}")));
        }
        Step::Approved => {
            out::line(format!("approved: {} in the catalogue {}", done.card.name, done.catalogue));
            out::remark(format!(
                "`probity catalogue activate {short} --by …` puts it in force within 72 hours"
            ));
        }
        Step::Activated => {
            out::line(format!(
                "in force from the next start on: {} in the catalogue {}",
                done.card.name, done.catalogue
            ));
            let before = done.before.as_deref().unwrap_or_default();
            out::remark(format!("before: {before}; `probity catalogue rollback --by …` goes back to it"));
        }
    }
}
