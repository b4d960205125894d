//! Opening, serving, importing.

use super::args::{Arguments, ImportArgs, ServeArgs};
use super::out::{self, Bar};
use super::{Done, OK, PARTIAL};
use crate::app::{
    AppError, Clock, ImportOptions, Imported, Probity, Stage, embedded_catalogue, folder_catalogue,
    past_catalogue,
};
use crate::http::{ServeOptions, serve as serve_http};
use probity_credit::catalogue::Catalogue;
use probity_primitives::{Code, Currency};
use probity_store::{Reader, SqliteReader};
use std::collections::BTreeMap;

const CATALOGUE_VERSION_READS_ONLY: Code = Code::new("catalogue-version-reads-only");

/// The files of the catalogue that is meant: a named folder, one in the data folder, or the starter.
pub(super) fn catalogue_files(arguments: &Arguments) -> Result<BTreeMap<String, String>, AppError> {
    let own = arguments.data.join("catalogue");
    let folder = arguments.catalogue_dir.clone().or_else(|| own.is_dir().then_some(own));
    let mut texts = match folder {
        Some(folder) => folder_catalogue(&folder)?,
        None => embedded_catalogue(),
    };
    if let Some(currency) = &arguments.currency {
        Currency::try_new(currency)?;
        if let Some(rates) = texts.get_mut("rates.toml") {
            *rates = in_currency(rates, currency);
        }
    }
    Ok(texts)
}

/// Rates into another reporting currency: those that are there speak of the old one and go.
fn in_currency(rates: &str, currency: &str) -> String {
    let same = rates.lines().any(|line| {
        line.split('#')
            .next()
            .is_some_and(|line| line.replace(' ', "").starts_with(&format!("reporting=\"{currency}\"")))
    });
    if same { rates.to_owned() } else { format!("reporting = \"{currency}\"\n") }
}

/// Opens the data folder with the catalogue that is meant.
pub(super) fn open(arguments: &Arguments) -> Result<Probity, AppError> {
    if arguments.catalogue_version.is_some() {
        let detail =
            "a catalogue of the past is for commands that look at scores; this one does more than look";
        return Err(AppError::invalid(CATALOGUE_VERSION_READS_ONLY, detail));
    }
    let catalogue = Catalogue::load(catalogue_files(arguments)?)?;
    open_under(arguments, catalogue)
}

fn open_under(arguments: &Arguments, catalogue: Catalogue) -> Result<Probity, AppError> {
    let mut bar = Bar::new();
    let probity = Probity::open(&arguments.data, catalogue, Clock::system(), &mut |done, of| {
        bar.at("reading the log", done, of, false)
    });
    bar.done();
    probity
}

/// Opens a data folder that must be there, and lets timers go off that fell due since it was last open.
pub(super) fn open_existing(arguments: &Arguments) -> Result<Probity, AppError> {
    if !arguments.data.exists() {
        return Err(probity_store::StoreError::Missing(arguments.data.display().to_string()).into());
    }
    if let Some(version) = &arguments.catalogue_version {
        return open_in_the_past(arguments, version);
    }
    let probity = open(arguments)?;
    if probity.is_due() {
        probity.settle_and_wait()?;
    }
    Ok(probity)
}

/// Opens a data folder to look at the past under a catalogue that was in force then.
fn open_in_the_past(arguments: &Arguments, version: &str) -> Result<Probity, AppError> {
    let past = past_catalogue(&arguments.data, version)?;
    let mut reader = SqliteReader::open(&arguments.data)?;
    let checkpoint = reader.last_checkpoint()?.map_or(0, |checkpoint| checkpoint.seq);
    if checkpoint < reader.event_count()? {
        // Rows behind the last checkpoint are gone over by the catalogue in force, which knows all of them: an older one
        // would leave out what came later and derive by rules that no longer hold.
        open_under(arguments, Catalogue::load(catalogue_files(arguments)?)?)?.close();
    }
    drop(reader);
    open_under(arguments, past)
}

/// Answers HTTP until asked to stop.
pub(super) fn serve(arguments: &Arguments, serve: &ServeArgs) -> Done {
    let probity = open(arguments)?;
    serve_until_asked(probity, serve)
}

pub(super) fn serve_until_asked(probity: Probity, serve: &ServeArgs) -> Done {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| AppError::internal(error.to_string()))?;
    let options =
        ServeOptions { listen: serve.listen, body_limit: serve.body_limit << 20, ..ServeOptions::default() };
    runtime.block_on(serve_http(probity, options, stop_asked()))?;
    Ok(OK)
}

/// Ends when the process is asked to stop.
async fn stop_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Takes in files.
pub(super) fn import(arguments: &Arguments, import: &ImportArgs) -> Done {
    let probity = open(arguments)?;
    let report = run_import(&probity, import)?;
    probity.close();
    out::report_memory();
    if arguments.json {
        out::json(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.set_aside > 0 { PARTIAL } else { OK })
}

pub(super) fn run_import(probity: &Probity, import: &ImportArgs) -> Result<Imported, AppError> {
    let options = ImportOptions {
        mapping: import.mapping.clone(),
        source: import.source.clone(),
        dry_run: import.dry_run,
    };
    let mut bar = Bar::new();
    let report = probity.import(&import.paths, &options, &mut |stage, done, of| {
        let (what, bytes) = match stage {
            Stage::Staging => ("reading tables", true),
            Stage::Taking => ("taking events", import.mapping.is_none()),
            Stage::Settling => ("settling orders", false),
            Stage::Recording => ("recording scores", false),
        };
        bar.at(what, done, of, bytes);
    });
    bar.done();
    report
}

pub(super) fn show(report: &Imported) {
    let verb = if report.dry_run { "would be taken" } else { "taken" };
    let rate =
        if report.seconds > 0.0 { (report.taken + report.duplicates) as f64 / report.seconds } else { 0.0 };
    out::line(format!(
        "{} events {verb}, {} known before, {} rows set aside; {:.1} s, {rate:.0} events/s",
        report.taken, report.duplicates, report.set_aside, report.seconds
    ));
    if !report.dry_run && report.taken > 0 {
        out::line(format!(
            "{} orders settled, {} scores recorded; {:.1} s",
            report.settled_orders, report.scores_recorded, report.seconds_after
        ));
    }
    if !report.tables.is_empty() {
        let rows: Vec<Vec<String>> = report
            .tables
            .iter()
            .map(|(name, count)| {
                vec![
                    name.clone(),
                    count.rows.to_string(),
                    count.imported.to_string(),
                    count.set_aside.to_string(),
                ]
            })
            .collect();
        out::line("");
        out::table(&["table", "rows", "imported", "set aside"], &rows);
    }
    if report.set_aside > 0 {
        out::line("");
        let rows: Vec<Vec<String>> =
            report.reasons.iter().map(|(code, count)| vec![code.clone(), count.to_string()]).collect();
        out::table(&["set aside because", "rows"], &rows);
        out::line("");
        for shown in &report.first_set_aside {
            out::line(format!("  {}:{}: {}", shown.source, shown.line, shown.reason));
        }
        if !report.dry_run {
            out::line("all of them: probity set-aside");
        }
    }
}
