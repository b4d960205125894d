//! Opening, serving, importing.

use super::args::{Arguments, ImportArgs, ServeArgs};
use super::out::{self, Bar};
use super::{Done, OK, PARTIAL};
use crate::app::{
    AppError, Clock, ImportOptions, ImportProgress, Imported, Probity, Stage, activated, chosen_currency,
    embedded_catalogue, folder_catalogue, kept_catalogue, mapping_currency, past_catalogue, rehearse,
    report_in,
};
use crate::http::{ServeOptions, serve as serve_http};
use probity_credit::catalogue::Catalogue;
use probity_primitives::{Code, Currency};
use probity_store::{Reader, SqliteReader};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CATALOGUE_VERSION_READS_ONLY: Code = Code::new("catalogue-version-reads-only");

/// Where the catalogue that is meant comes from.
pub(super) enum Origin {
    /// A folder that was named.
    Named(PathBuf),
    /// Activated for this data folder; its hash and texts.
    Activated(String, BTreeMap<String, String>),
    /// The folder `catalogue` in the data folder.
    Own(PathBuf),
    /// The one in the binary.
    Starter,
}

impl Origin {
    /// Which it is and why, for people.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Named(folder) => format!("from {}, because --catalogue-dir names it", folder.display()),
            Self::Activated(hash, _) => {
                let short = hash.get(..12).unwrap_or(hash);
                format!("because {short} was activated for this data folder")
            }
            Self::Own(folder) => {
                format!("from {}, because it is there and nothing was activated", folder.display())
            }
            Self::Starter => {
                "the starter, because no folder is named, nothing was activated and the data folder has no catalogue of its own"
                    .into()
            }
        }
    }
}

/// Where the catalogue that is meant comes from: a named folder wins, then what was activated, then one in the data folder,
/// then the starter.
pub(super) fn origin(arguments: &Arguments) -> Result<Origin, AppError> {
    if let Some(folder) = arguments.catalogue_dir.clone() {
        return Ok(Origin::Named(folder));
    }
    if let Some((hash, texts)) = activated(&arguments.data)? {
        return Ok(Origin::Activated(hash, texts));
    }
    let own = arguments.data.join("catalogue");
    Ok(if own.is_dir() { Origin::Own(own) } else { Origin::Starter })
}

/// The files of the catalogue that is meant.
fn own_files(arguments: &Arguments) -> Result<BTreeMap<String, String>, AppError> {
    match origin(arguments)? {
        Origin::Named(folder) | Origin::Own(folder) => folder_catalogue(&folder),
        Origin::Activated(_, texts) => Ok(texts),
        Origin::Starter => Ok(embedded_catalogue()),
    }
}

/// The files of a folder, in the reporting currency that the data folder remembers: what is proposed is what would be in force.
pub(super) fn folder_files(
    arguments: &Arguments,
    folder: &Path,
) -> Result<BTreeMap<String, String>, AppError> {
    let mut texts = folder_catalogue(folder)?;
    if let (Some(currency), _) = chosen_currency(&arguments.data)? {
        report_in(&mut texts, currency);
    }
    Ok(texts)
}

/// The same, in the reporting currency that is asked for or that the data folder remembers.
pub(super) fn catalogue_files(arguments: &Arguments) -> Result<BTreeMap<String, String>, AppError> {
    let mut texts = own_files(arguments)?;
    let asked = arguments.currency.as_deref().map(Currency::try_new).transpose()?;
    // A store that cannot be read must not keep anybody from looking at the catalogue.
    let remembered = || chosen_currency(&arguments.data).ok().and_then(|(remembered, _)| remembered);
    if let Some(currency) = asked.or_else(remembered) {
        report_in(&mut texts, currency);
    }
    Ok(texts)
}

/// The files of the version that is named, or of the catalogue that is meant.
pub(super) fn version_files(arguments: &Arguments) -> Result<BTreeMap<String, String>, AppError> {
    match &arguments.catalogue_version {
        Some(version) => kept_catalogue(&arguments.data, version),
        None => catalogue_files(arguments),
    }
}

/// The catalogue in force for a data folder, and the reporting currency that it shall remember: the one asked for, the one
/// it was first used with, or at a first import that of the mapping, unless somebody has written rates for it.
fn in_force(arguments: &Arguments, mapping: Option<&str>) -> Result<(Catalogue, Option<Currency>), AppError> {
    let mut texts = own_files(arguments)?;
    let asked = arguments.currency.as_deref().map(Currency::try_new).transpose()?;
    let (remembered, filled) = chosen_currency(&arguments.data)?;
    let mut chosen = asked.or(remembered);
    let own_rates = texts.get("rates.toml") != embedded_catalogue().get("rates.toml");
    if let Some(mapping) = mapping.filter(|_| chosen.is_none() && !filled && !own_rates) {
        chosen = mapping_currency(&texts, mapping)?;
    }
    if let Some(chosen) = chosen {
        let before = match remembered {
            None if filled => Some(Catalogue::load(texts.clone())?.rates.reporting),
            remembered => remembered,
        };
        if let Some(before) = before.filter(|before| *before != chosen) {
            out::remark(format!(
                "the reporting currency changes from {before} to {chosen}: the tiles are rebuilt from the log"
            ));
        }
        report_in(&mut texts, chosen);
    }
    Ok((Catalogue::load(texts)?, chosen))
}

/// Opens the data folder with the catalogue that is meant.
pub(super) fn open(arguments: &Arguments) -> Result<Probity, AppError> {
    open_for(arguments, None)
}

fn open_for(arguments: &Arguments, mapping: Option<&str>) -> Result<Probity, AppError> {
    if arguments.catalogue_version.is_some() {
        let detail =
            "a catalogue of the past is for commands that look at scores; this one does more than look";
        return Err(AppError::invalid(CATALOGUE_VERSION_READS_ONLY, detail));
    }
    let (catalogue, chosen) = in_force(arguments, mapping)?;
    open_under(arguments, catalogue, chosen)
}

fn open_under(
    arguments: &Arguments,
    catalogue: Catalogue,
    chosen: Option<Currency>,
) -> Result<Probity, AppError> {
    let mut bar = Bar::new();
    let probity = Probity::open_in(&arguments.data, catalogue, Clock::system(), chosen, &mut |done, of| {
        bar.at("reading the log", done, of, false)
    });
    bar.done();
    probity
}

/// Opens a data folder that must be there, and does what fell due since it was last open: timers go off, months that ended
/// go on record.
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
    if probity.is_recording_due() {
        let mut bar = Bar::new();
        let recorded = probity
            .record_scores(probity.clock.now(), &mut |done, of| bar.at("recording scores", done, of, false));
        bar.done();
        recorded?;
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
        open_under(arguments, Catalogue::load(catalogue_files(arguments)?)?, None)?.close();
    }
    drop(reader);
    open_under(arguments, past, None)
}

/// Answers HTTP until asked to stop.
pub(super) fn serve(arguments: &Arguments, serve: &ServeArgs) -> Done {
    let probity = open(arguments)?;
    serve_until_asked(probity, serve)
}

pub(super) fn serve_until_asked(probity: Probity, serve: &ServeArgs) -> Done {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| AppError::internal(error.to_string()))?;
    let options = ServeOptions {
        listen: serve.listen,
        body_limit: serve.body_limit << 20,
        decide_before_recording: serve.decide_before_recording,
        ..ServeOptions::default()
    };
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
    let report = if import.dry_run {
        let (catalogue, _) = in_force(arguments, import.mapping.as_deref())?;
        with_bar(import, &mut |options, progress| {
            rehearse(&arguments.data, &catalogue, &Clock::system(), &import.paths, options, progress)
        })?
    } else {
        let probity = open_for(arguments, import.mapping.as_deref())?;
        let report = run_import(&probity, import);
        probity.close();
        report?
    };
    out::report_memory();
    if arguments.json {
        let mut shown = serde_json::json!(report);
        if let Some(error) = &report.stopped {
            shown["stopped"] = out::problems(error);
        }
        out::json(&shown)?;
    } else {
        show(&report);
    }
    match report.stopped {
        Some(error) => Err(error),
        None => Ok(if report.set_aside > 0 { PARTIAL } else { OK }),
    }
}

pub(super) fn run_import(probity: &Probity, import: &ImportArgs) -> Result<Imported, AppError> {
    with_bar(import, &mut |options, progress| probity.import(&import.paths, options, progress))
}

type Work<'a> = &'a mut dyn FnMut(&ImportOptions, ImportProgress<'_>) -> Result<Imported, AppError>;

fn with_bar(import: &ImportArgs, work: Work<'_>) -> Result<Imported, AppError> {
    let options = ImportOptions { mapping: import.mapping.clone(), source: import.source.clone() };
    let mut bar = Bar::new();
    let report = work(&options, &mut |stage, done, of| {
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
    if report.derived > 0 {
        out::line(format!("{} rows that Probity derives itself skipped: they are made anew", report.derived));
    }
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
            out::line("all of them: probity set-aside; once more: probity set-aside --retry");
        }
    }
}
