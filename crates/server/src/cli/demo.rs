//! The demo: real or made history in, explained scores out, in the terminal and on a page.

use super::args::{Arguments, DemoArgs, ImportArgs, ServeArgs};
use super::data::{open, run_import, serve_until_asked, show};
use super::lists::all_scores;
use super::look::{party, show_explanation};
use super::{Done, OK, out};
use crate::app::{AppError, AsOf, Class, Probity, ScoreAt};
use crate::sample::write_sample;
use probity_credit::event::Role;
use probity_primitives::{Code, Problem};
use std::path::PathBuf;

const DEMO_FAILED: Code = Code::new("demo-failed");

/// Parties shown in the terminal, from each end of the ranking.
const SHOWN: usize = 5;

/// Runs the demo.
pub(super) fn demo(arguments: &Arguments, demo: &DemoArgs) -> Done {
    let mut own = Arguments {
        data: arguments.data.clone(),
        catalogue_dir: arguments.catalogue_dir.clone(),
        catalogue_version: arguments.catalogue_version.clone(),
        currency: arguments.currency.clone(),
        json: arguments.json,
        log_format: arguments.log_format,
        command: super::Command::Doctor,
    };
    if arguments.data == std::path::Path::new("probity-data") {
        own.data = PathBuf::from("probity-demo");
    }
    // Without exchange rates everything is told in the sample's own currency.
    own.currency = own.currency.or_else(|| Some(if demo.sample.is_some() { "BRL" } else { "EUR" }.into()));
    let probity = open(&own)?;
    if probity.event_count() == 0 {
        fill(&probity, demo)?;
    } else {
        out::line(format!(
            "using the {} events of {}; remove that folder to begin anew",
            probity.event_count(),
            own.data.display()
        ));
    }
    for role in Role::ALL {
        ranking(&probity, role)?;
    }
    if demo.no_serve {
        probity.close();
        return Ok(OK);
    }
    out::line(format!("\nThe page is at http://{} (end with Ctrl-C)", demo.listen));
    serve_until_asked(probity, &ServeArgs { listen: demo.listen, body_limit: 16 })
}

fn fill(probity: &Probity, demo: &DemoArgs) -> Result<(), AppError> {
    let failed = |error: std::io::Error| {
        AppError::new(Class::Unavailable, Problem::new(DEMO_FAILED, error.to_string()))
    };
    let import = match &demo.sample {
        Some(folder) => {
            out::line(format!("importing the marketplace sample in {}", folder.display()));
            ImportArgs {
                paths: vec![folder.clone()],
                mapping: Some("olist".into()),
                source: None,
                dry_run: false,
            }
        }
        None => {
            out::line("making a small marketplace");
            let path = probity.folder().join("sample.jsonl");
            let file = std::fs::File::create(&path).map_err(failed)?;
            write_sample(std::io::BufWriter::new(file)).map_err(failed)?;
            ImportArgs { paths: vec![path], mapping: None, source: Some("sample".into()), dry_run: false }
        }
    };
    let report = run_import(probity, &import)?;
    show(&report);
    report.stopped.map_or(Ok(()), Err)
}

/// The ends of a role's ranking, each with the main reason; and the lowest score explained, with its history.
fn ranking(probity: &Probity, role: Role) -> Result<(), AppError> {
    let mut scores = all_scores(probity, role, AsOf::Latest)?;
    scores.sort_by(|(a, _), (b, _)| b.score.cmp(&a.score).then_with(|| a.party.cmp(&b.party)));
    let at = scores.first().map(|(score, _)| score.as_of.clone()).unwrap_or_default();
    out::line(format!("\n{} {}s as of {at}", scores.len(), role.as_str()));
    let worst = SHOWN.max(scores.len().saturating_sub(SHOWN));
    let ends = scores.iter().take(SHOWN).chain(scores.iter().skip(worst));
    let rows = ends.map(|(score, _)| ranked(probity, score)).collect::<Result<Vec<_>, _>>()?;
    out::table(&["party", "score", "range", "tier", "points by dimension", "main reason"], &rows);
    let Some((lowest, _)) = scores.last() else { return Ok(()) };
    let lowest = party(&lowest.party)?;
    out::line(format!("\nThe lowest {}, explained\n", role.as_str()));
    show_explanation(&probity.explain(&lowest, AsOf::Latest)?);
    let history = probity.history(&lowest, AsOf::Latest)?;
    out::line("\nIts scores on record\n");
    if history.is_empty() {
        out::line("none yet: they are recorded at the end of each month");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = history
        .iter()
        .map(|point| {
            let range = format!("{} to {}", point.low, point.high);
            vec![point.as_of.clone(), point.score.to_string(), range, point.tier.clone()]
        })
        .collect();
    out::table(&["as of", "score", "range", "tier"], &rows);
    Ok(())
}

fn ranked(probity: &Probity, score: &ScoreAt) -> Result<Vec<String>, AppError> {
    let dimensions: Vec<String> = score
        .dimensions
        .iter()
        .map(|dimension| format!("{} {:+}", dimension.name, dimension.points))
        .collect();
    let explained = probity.explain(&party(&score.party)?, AsOf::Latest)?;
    let reason = explained.explanation.reasons.first();
    Ok(vec![
        score.party.clone(),
        score.score.to_string(),
        format!("{} to {}", score.low, score.high),
        score.tier.title.clone(),
        dimensions.join(", "),
        reason.map_or_else(|| "none".into(), |reason| format!("{} {}", reason.code, reason.text)),
    ])
}
