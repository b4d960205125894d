//! Checks: the catalogue, the log, the whole installation.

use super::args::{Arguments, AuditArgs, AuditCommand, CatalogueArgs, CatalogueCommand};
use super::changes;
use super::data::{catalogue_files, open, origin};
use super::dataset;
use super::out::{self, Bar};
use super::trial;
use super::{Done, FAILED, OK};
use crate::app::{AppError, Class, change_texts, embedded_catalogue, folder_catalogue, kept_catalogue};
use probity_credit::catalogue::{Catalogue, check_cases};
use probity_credit::event::{Role, fields_page, json_schema};
use probity_primitives::{Code, Duration, Problem};
use probity_store::error::STORE_IN_USE;
use probity_store::{Broken, Reader, SqliteReader};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

const EVENT_UNKNOWN_TYPE: Code = Code::new("event-unknown-type");
const CATALOGUE_UNWRITABLE: Code = Code::new("catalogue-unwritable");
const CLOCK_BEHIND: Code = Code::new("clock-behind");
const LOG_BROKEN: Code = Code::new("log-broken");

/// Rows at the end of the log that the doctor reads.
const LOOKED_AT: u64 = 1_000;

/// The catalogue.
pub(super) fn catalogue(arguments: &Arguments, asked: &CatalogueArgs) -> Done {
    if let Some(done) = changes::change(arguments, &asked.what) {
        return done;
    }
    match &asked.what {
        CatalogueCommand::Shadow(asked) => trial::shadow(arguments, asked),
        CatalogueCommand::Split(asked) => trial::split(arguments, asked),
        CatalogueCommand::Check { folder } => {
            let texts = folder.as_deref().map_or_else(|| catalogue_files(arguments), folder_catalogue)?;
            let catalogue = Catalogue::load(texts)?;
            let failed = check_cases(&catalogue);
            if !failed.is_empty() {
                return Err(failed.into());
            }
            if arguments.json {
                return out::json(
                    &serde_json::json!({"hash": catalogue.hash.to_string(), "files": catalogue.files.iter().map(|(path, hash)| (path.clone(), hash.to_string())).collect::<std::collections::BTreeMap<_, _>>()}),
                );
            }
            let count = |role| catalogue.plan.names(role).len();
            out::line(format!(
                "{} event types, {} merchant and {} buyer indicators, {} labels: good",
                catalogue.vocabulary.len(),
                count(Role::Merchant),
                count(Role::Buyer),
                catalogue.labels.list().len()
            ));
            out::line(format!("version {}", catalogue.hash));
            Ok(OK)
        }
        CatalogueCommand::Events { markdown } => event_types(arguments, *markdown),
        CatalogueCommand::Indicators => {
            let catalogue = Catalogue::load(catalogue_files(arguments)?)?;
            let all: Vec<_> =
                Role::ALL.into_iter().flat_map(|role| catalogue.plan.definitions(role)).collect();
            if arguments.json {
                return out::json(&all.iter().map(|one| serde_json::json!({"name": one.name, "of": one.of.as_str(), "title": one.title, "dimension": one.dimension, "unit": one.unit, "better": one.better, "description": one.description, "source": one.source})).collect::<Vec<_>>());
            }
            let rows: Vec<Vec<String>> = all
                .iter()
                .map(|one| {
                    vec![one.of.as_str().into(), one.dimension.clone(), one.name.clone(), one.title.clone()]
                })
                .collect();
            out::table(&["of", "dimension", "indicator", ""], &rows);
            Ok(OK)
        }
        CatalogueCommand::Labels => dataset::labels(arguments),
        CatalogueCommand::Schema { event_type } => {
            let catalogue = Catalogue::load(catalogue_files(arguments)?)?;
            let kind = catalogue.vocabulary.find(event_type).ok_or_else(|| {
                AppError::invalid(EVENT_UNKNOWN_TYPE, format!("'{event_type}' is not declared"))
            })?;
            out::json(&json_schema(catalogue.vocabulary.get(kind)))
        }
        CatalogueCommand::Versions => versions(arguments),
        CatalogueCommand::Write { version: None, to } => write_files(arguments, &embedded_catalogue(), to),
        CatalogueCommand::Write { version: Some(version), to } => {
            let kept = kept_catalogue(&arguments.data, version);
            let texts = kept.or_else(|_| change_texts(&arguments.data, version))?;
            write_files(arguments, &texts, to)
        }
        // Answered above.
        _ => Ok(OK),
    }
}

/// The event types, as a table or as a page with all fields.
fn event_types(arguments: &Arguments, markdown: bool) -> Done {
    let catalogue = Catalogue::load(catalogue_files(arguments)?)?;
    if markdown {
        out::line(fields_page(&catalogue.vocabulary).trim_end());
        return Ok(OK);
    }
    let rows: Vec<Vec<String>> = catalogue
        .vocabulary
        .iter()
        .map(|(_, kind)| {
            vec![
                kind.name.clone(),
                kind.title.clone(),
                if kind.derived { "derived".into() } else { String::new() },
                kind.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(" "),
            ]
        })
        .collect();
    if arguments.json {
        return out::json(&catalogue.vocabulary.iter().map(|(_, kind)| serde_json::json!({"type": kind.name, "title": kind.title, "description": kind.description, "derived": kind.derived, "adverse": kind.adverse})).collect::<Vec<_>>());
    }
    out::table(&["type", "title", "", "fields"], &rows);
    Ok(OK)
}

/// The catalogues that were ever in force on the data folder, or challenged what was.
fn versions(arguments: &Arguments) -> Done {
    let in_force = Catalogue::load(catalogue_files(arguments)?)?.hash;
    let versions = SqliteReader::open(&arguments.data)?.catalogue_versions()?;
    if arguments.json {
        return out::json(&versions.iter().map(|version| serde_json::json!({"hash": version.hash.to_string(), "first_used": version.first_used.to_string(), "in_force": version.hash == in_force})).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|version| {
            let now = if version.hash == in_force { "in force" } else { "" };
            vec![version.hash.to_string(), version.first_used.to_string(), now.to_owned()]
        })
        .collect();
    out::table(&["catalogue", "first used", ""], &rows);
    Ok(OK)
}

fn write_files(arguments: &Arguments, texts: &BTreeMap<String, String>, to: &Path) -> Done {
    let failed = |error: std::io::Error| {
        let problem = Problem::new(CATALOGUE_UNWRITABLE, error.to_string()).at(to.display().to_string());
        AppError::new(Class::Unavailable, problem)
    };
    if to.exists() {
        return Err(Problem::new(CATALOGUE_UNWRITABLE, "the folder exists already; nothing is overwritten")
            .at(to.display().to_string())
            .into());
    }
    let count = texts.len();
    for (path, text) in texts {
        let file = to.join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&file, text).map_err(failed)?;
    }
    if arguments.json {
        return out::json(&serde_json::json!({"to": to, "files": count}));
    }
    out::remark(format!("written to {}; use it with --catalogue-dir", to.display()));
    Ok(OK)
}

/// The log.
pub(super) fn audit(arguments: &Arguments, asked: &AuditArgs) -> Done {
    let AuditCommand::Verify = asked.what;
    let mut bar = Bar::new();
    let mut reader = SqliteReader::open(&arguments.data)?;
    let verified = reader.verify(&mut |done, of| bar.at("verifying", done, of, false));
    bar.done();
    match verified {
        Ok(verified) => {
            if arguments.json {
                return out::json(
                    &serde_json::json!({"rows": verified.rows, "hash": verified.hash.to_string(), "checkpoints": verified.checkpoints, "derived": verified.derived}),
                );
            }
            out::line(format!(
                "{} rows, {} checkpoints and {} other records are as they were written",
                verified.rows, verified.checkpoints, verified.derived
            ));
            out::line(format!("chain hash {}", verified.hash));
            Ok(OK)
        }
        Err(Broken::Unread(error)) => Err(error.into()),
        Err(broken) => Err(AppError::new(
            Class::Internal,
            Problem::new(LOG_BROKEN, broken.to_string())
                .hint("restore a backup; keep this folder as evidence"),
        )),
    }
}

/// What a clock behind the log means, in words.
fn clock_shown(behind: Option<Duration>) -> Result<String, AppError> {
    match behind {
        None => Ok("not behind the log".into()),
        Some(behind) => Err(Problem::new(
            CLOCK_BEHIND,
            format!("it stands {} s behind the newest row of the log", behind.0 / 1_000),
        )
        .hint("set it right; until it has caught up, rows are recorded at that row's moment")
        .into()),
    }
}

/// What the doctor says about one thing.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    good: bool,
    detail: String,
}

impl Finding {
    fn of(what: &'static str, result: Result<String, AppError>) -> Self {
        match result {
            Ok(detail) => Self { what, good: true, detail },
            Err(error) => Self { what, good: false, detail: error.to_string() },
        }
    }
}

/// The whole installation.
pub(super) fn doctor(arguments: &Arguments) -> Done {
    let version =
        catalogue_files(arguments).and_then(|texts| Ok(Catalogue::load(texts)?)).and_then(|catalogue| {
            Ok(format!("version {}, {}", catalogue.hash.short(), origin(arguments)?.told()))
        });
    let mut findings = vec![Finding::of("catalogue", version)];
    let there = arguments.data.exists();
    let folder = arguments.data.display();
    let folder = if there {
        folder.to_string()
    } else {
        format!("{folder} does not exist yet; it is made at the first use")
    };
    findings.push(Finding::of("data folder", Ok(folder)));
    if there {
        match SqliteReader::open(&arguments.data) {
            Ok(mut reader) => findings.extend(read_only(&mut reader)),
            Err(error) => findings.push(Finding::of("log", Err(error.into()))),
        }
        findings.extend(writable(arguments));
    }
    let good = findings.iter().all(|finding| finding.good);
    if arguments.json {
        out::json(&serde_json::json!({"good": good, "checks": findings}))?;
    } else {
        for finding in &findings {
            let word = if finding.good { "ok   " } else { "FAIL " };
            out::line(format!("{word} {}: {}", finding.what, finding.detail));
        }
    }
    Ok(if good { OK } else { FAILED })
}

/// What can be looked at beside a process that has the folder.
fn read_only(reader: &mut SqliteReader) -> [Finding; 4] {
    let count = reader.event_count().map(|count| format!("{count} events"));
    let newest = reader.last().and_then(|(last, _)| {
        let rows = reader.range(last.saturating_sub(LOOKED_AT - 1).max(1), LOOKED_AT as usize)?;
        Ok(format!("the last {} are as they were written", rows.len()))
    });
    let checkpoint = reader.last_checkpoint().map(|checkpoint| {
        checkpoint
            .map_or("none yet".into(), |checkpoint| format!("row {} at {}", checkpoint.seq, checkpoint.at))
    });
    let aside = reader
        .set_asides(0, 1_000)
        .map(|items| if items.len() == 1_000 { "1000 or more".into() } else { items.len().to_string() });
    [
        Finding::of("log", count.map_err(AppError::from)),
        Finding::of("newest rows", newest.map_err(AppError::from)),
        Finding::of("last checkpoint", checkpoint.map_err(AppError::from)),
        Finding::of("set aside", aside.map_err(AppError::from)),
    ]
}

/// Whether the folder opens for writing; that a running process holds it is as it should be.
fn writable(arguments: &Arguments) -> Vec<Finding> {
    let found = match open(arguments) {
        Ok(probity) => {
            let newest = probity.latest().map_or("none".into(), |latest| latest.to_string());
            let detail = format!("{} events, newest {newest}", probity.event_count());
            let clock = Finding::of("clock", probity.clock_behind().and_then(clock_shown));
            probity.close();
            return vec![Finding::of("opens for writing", Ok(detail)), clock];
        }
        Err(error) if error.problems.iter().any(|problem| problem.code == STORE_IN_USE) => {
            let detail = "a running process holds the folder; the checks above only read beside it";
            Finding::of("in use", Ok(detail.into()))
        }
        Err(error) => Finding::of("opens for writing", Err(error)),
    };
    vec![found]
}
