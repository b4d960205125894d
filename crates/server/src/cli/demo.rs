//! The demo: real or made history in, explained scores out, in the terminal and on a page.

use super::args::{Arguments, DemoArgs, ImportArgs, ServeArgs};
use super::data::{open, run_import, serve_until_asked, show};
use super::language::Language;
use super::lists::all_scores;
use super::look::{party, show_explanation};
use super::simulate::catalogue_world;
use super::{Done, OK, out};
use crate::app::{
    AppError, AsOf, EventFormat, MerchantTruth, Probity, ScoreAt, SimulateOptions, WorldFiles, merchants_of,
    simulate,
};
use probity_credit::event::Role;
use std::path::PathBuf;

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
    let files = catalogue_world(arguments)?;
    // Without exchange rates everything is told in the data's own currency.
    let currency = match demo.sample {
        Some(_) => "BRL".into(),
        None => small_world().setting(&files)?.world.currency,
    };
    own.currency = own.currency.or(Some(currency));
    let probity = open(&own)?;
    if probity.event_count() == 0 {
        fill(&probity, demo, &files)?;
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
    if demo.sample.is_none() {
        who_was_who(&probity)?;
    }
    if demo.no_serve {
        probity.close();
        return Ok(OK);
    }
    out::line(format!("\nThe page is at http://{} (end with Ctrl-C)", demo.listen));
    serve_until_asked(
        probity,
        &ServeArgs { listen: demo.listen, body_limit: 16, decide_before_recording: false },
    )
}

/// The demo's own world: small enough to be imported in seconds, with some cheats of each kind.
fn small_world() -> SimulateOptions {
    SimulateOptions {
        merchants: Some(120),
        buyers: Some(2_500),
        days: Some(300),
        seed: 7,
        only: None,
        without: Vec::new(),
        format: EventFormat::Parquet,
        threads: 1,
    }
}

/// Where a demo's own world lies.
fn world_folder(probity: &Probity) -> PathBuf {
    probity.folder().join("world")
}

fn fill(probity: &Probity, demo: &DemoArgs, files: &WorldFiles) -> Result<(), AppError> {
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
            let (world, options) = (world_folder(probity), small_world());
            // A demo that was cut off while it imported has its world already.
            if merchants_of(&world).is_err() {
                let manifest = simulate(files, &options, &world, &mut |_, _| {})?;
                out::line(format!(
                    "made a marketplace of {} merchants and {} buyers over {} days, some of whom cheat",
                    manifest.counts.merchants, manifest.counts.buyers, manifest.days
                ));
            }
            let paths = vec![world.join("events.parquet")];
            ImportArgs { paths, mapping: None, source: None, dry_run: false }
        }
    };
    let report = run_import(probity, &import)?;
    show(&report);
    report.stopped.map_or(Ok(()), Err)
}

/// Archetypes whose most telling merchant is shown, and what a telling one of them has: the best score, or did most harm.
const TELLING: [(&str, bool); 5] =
    [("good", true), ("overwhelmed", false), ("counterfeiter", false), ("exit_scam", false), ("ring", false)];

/// The truth beside the score, for five merchants of a world whose truth is known.
fn who_was_who(probity: &Probity) -> Result<(), AppError> {
    // An older demo folder has no world beside its events.
    let Ok(truths) = merchants_of(&world_folder(probity)) else { return Ok(()) };
    let scores = all_scores(probity, Role::Merchant, AsOf::Latest)?;
    let mut rows = Vec::new();
    for (archetype, best) in TELLING {
        let of_kind = truths.iter().filter(|truth| truth.archetype == archetype);
        let scored = of_kind.filter_map(|truth| Some((truth, score_of(&scores, truth)?)));
        let telling = scored.max_by_key(|(truth, score)| {
            let first = if best { i64::from(score.score) } else { truth.harm.1 };
            (first, std::cmp::Reverse(score.score))
        });
        if let Some((truth, score)) = telling {
            let (orders, lost) = truth.harm;
            rows.push(vec![
                score.party.clone(),
                truth.archetype.replace('_', " "),
                if truth.cheats { "cheats" } else { "honest" }.to_owned(),
                score.score.to_string(),
                score.tier.title.clone(),
                orders.to_string(),
                format!("{}.{:02}", lost / 100, lost % 100),
            ]);
        }
    }
    out::line("\nWho was who: what only the simulator knows\n");
    out::table(&["party", "archetype", "means to", "score", "tier", "bad orders", "buyers lost"], &rows);
    Ok(())
}

fn score_of<'a, T>(scores: &'a [(ScoreAt, T)], truth: &MerchantTruth) -> Option<&'a ScoreAt> {
    scores.iter().map(|(score, _)| score).find(|score| score.party == format!("merchant:{}", truth.id))
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
    show_explanation(&probity.explain(&lowest, AsOf::Latest)?, Language::En);
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
