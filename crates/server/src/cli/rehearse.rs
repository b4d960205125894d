//! Worlds and policies as the command line names them, and where reports of them go.

use super::args::Arguments;
use super::data::catalogue_files;
use super::out::{self, Bar};
use super::rehearse_args::WorldArgs;
use crate::app::{AppError, Policy, Scoring, Worlds, embedded_catalogue, folder_catalogue};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::policy::decides;
use probity_credit::score::Scorecard;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use probity_sim::setting::Setting;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const POLICY_INVALID: Code = Code::new("rehearsal-policy-invalid");
const REHEARSAL_INVALID: Code = Code::new("rehearsal-invalid");
const EXPORT_FAILED: Code = Code::new("export-failed");

/// Seeds of one command at most: beyond them intervals hardly shrink.
const MOST_SEEDS: usize = 1_000;
/// The largest scorecard file that is read, in bytes; the scorecard's own limit is lower.
const LARGEST_FILE: u64 = 4 << 20;

/// An option of a rehearsal that cannot be.
pub(super) fn refuse(detail: impl Into<String>, hint: &str) -> AppError {
    Problem::new(REHEARSAL_INVALID, detail).hint(hint).into()
}

/// The worlds that are asked for, made by the catalogue in force, or by the starter where that has none.
pub(super) fn worlds(arguments: &Arguments, asked: &WorldArgs, seeds: Vec<u64>) -> Result<Worlds, AppError> {
    let mut texts = embedded_catalogue();
    texts.extend(catalogue_files(arguments)?.into_iter().filter(|(path, _)| path.starts_with("worlds/")));
    let text = |path: &str| texts.get(path).map(String::as_str).unwrap_or_default();
    let mut setting = Setting::read(text("worlds/marketplace.toml"), text("worlds/honest.toml"))?;
    let size = &mut setting.world.size;
    size.merchants = asked.merchants.unwrap_or(size.merchants);
    size.buyers = asked.buyers.unwrap_or(size.buyers);
    size.days = asked.days.unwrap_or(size.days);
    setting.check()?;
    setting.choose(asked.only.as_deref(), &asked.without)?;
    if seeds.len() > MOST_SEEDS {
        return Err(refuse(format!("{} seeds", seeds.len()), "at most 1000"));
    }
    let mut sorted = seeds.clone();
    sorted.sort_unstable();
    if let Some(twice) =
        sorted.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first())
    {
        let hint = "the same world twice would count as two; name each seed once";
        return Err(refuse(format!("seed {twice} stands twice"), hint));
    }
    if asked.review_days == 0 {
        return Err(refuse("--review-days 0", "at least 1: scores are taken at the end of days"));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = asked.threads.unwrap_or(cores);
    if threads == 0 {
        return Err(refuse("--threads 0", "at least 1"));
    }
    Ok(Worlds { setting, seeds, review_days: asked.review_days, threads })
}

/// A policy by its word, its catalogue folder, its scorecard file or its policy file.
pub(super) fn policy(word: &str, scoring: Scoring) -> Result<Policy, AppError> {
    let path = Path::new(word);
    let catalogue = match word {
        "none" => None,
        "starter" => Some(Catalogue::load(embedded_catalogue())?),
        _ if path.is_dir() => Some(load(folder_catalogue(path)?, |at| path.join(at).display().to_string())?),
        _ if path.is_file() => Some(with_files(&[path])?),
        _ => {
            let detail = format!("there is no folder or file '{}'", shown(word));
            let hint =
                "a catalogue folder, a scorecard file, a policy file, or one of the words starter and none";
            return Err(Problem::new(POLICY_INVALID, detail).hint(hint).into());
        }
    };
    Ok(Policy { name: word.to_owned(), catalogue: catalogue.map(Arc::new), scoring })
}

/// Loads a catalogue; places in its problems are named as `named` says.
fn load(texts: BTreeMap<String, String>, named: impl Fn(&str) -> String) -> Result<Catalogue, Vec<Problem>> {
    Catalogue::load(texts).map_err(|mut problems| {
        problems.iter_mut().filter(|one| !one.at.is_empty()).for_each(|one| one.at = named(&one.at));
        problems
    })
}

/// A file as it takes its place in the starter: where that is, and its text.
fn placed(path: &Path) -> Result<(String, String), AppError> {
    let failed =
        |why: String| AppError::from(Problem::new(POLICY_INVALID, why).at(path.display().to_string()));
    let size = path.metadata().map_err(|error| failed(error.to_string()))?.len();
    if size > LARGEST_FILE {
        return Err(failed(format!("it has {size} bytes, more than {LARGEST_FILE}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let place = match decides(&text) {
        Some(kind) => format!("policies/{}.toml", kind.as_str()),
        None => format!("scorecards/{}.toml", scored_by(&text, &path.display().to_string())?.as_str()),
    };
    Ok((place, text))
}

/// The starter with other scorecards, or other policies for requests of some kinds.
fn with_files(paths: &[&Path]) -> Result<Catalogue, AppError> {
    let mut texts = embedded_catalogue();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for path in paths {
        let (place, text) = placed(path)?;
        if names.insert(place.clone(), path.display().to_string()).is_some() {
            let detail = format!("{} takes a place that another file has taken", path.display());
            return Err(refuse(detail, "one file for each role's scorecard and each kind of request"));
        }
        texts.insert(place, text);
    }
    let named = |at: &str| {
        let own = names.iter().find(|(place, _)| at.starts_with(place.as_str()));
        own.map_or_else(|| at.to_owned(), |(place, file)| at.replacen(place, file, 1))
    };
    Ok(load(texts, named)?)
}

/// Whose card a scorecard is stands in the card; one that cannot be read is told with the fewest complaints.
fn scored_by(text: &str, file: &str) -> Result<Role, AppError> {
    let starter = Catalogue::load(embedded_catalogue())?;
    let mut wrong: Option<Vec<Problem>> = None;
    for role in Role::ALL {
        match Scorecard::parse(file, text, starter.plan.names(role)) {
            Ok(card) if card.of() == role.as_str() => return Ok(role),
            Ok(_) => {}
            Err(problems) => {
                wrong = Some(match wrong {
                    Some(fewer) if fewer.len() <= problems.len() => fewer,
                    _ => problems,
                });
            }
        }
    }
    Err(wrong.unwrap_or_default().into())
}

/// Several files that together take their places in the starter, or one policy by its word.
pub(super) fn policies(words: &[String], scoring: Scoring) -> Result<Policy, AppError> {
    if let [word] = words {
        return policy(word, scoring);
    }
    let paths: Vec<&Path> = words.iter().map(Path::new).collect();
    if let Some(word) = paths.iter().find(|path| !path.is_file()) {
        let detail = format!("'{}' is no file", shown(&word.display().to_string()));
        let hint = "several policies are files that take their places in the starter together";
        return Err(Problem::new(POLICY_INVALID, detail).hint(hint).into());
    }
    let catalogue = Some(Arc::new(with_files(&paths)?));
    Ok(Policy { name: words.join(" "), catalogue, scoring })
}

/// A bar that many threads may move.
pub(super) struct SharedBar(Mutex<Bar>);

impl SharedBar {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Bar::new()))
    }

    pub(super) fn at(&self, done: u64, of: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).at("days lived", done, of, false);
    }

    pub(super) fn done(self) {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).done();
    }
}

/// Writes a report; the folders above it are made.
pub(super) fn write(to: &Path, text: &str) -> Result<(), AppError> {
    let failed = |error: std::io::Error| {
        AppError::from(Problem::new(EXPORT_FAILED, error.to_string()).at(to.display().to_string()))
    };
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(to, text).map_err(failed)?;
    out::remark(format!("written: {}", to.display()));
    Ok(())
}

/// A folder's pictures as a page beside it or above it names them: nothing of the machine it was made on.
pub(super) fn seen_from(page: &Path, folder: &Path) -> String {
    let above = page.parent().unwrap_or(Path::new(""));
    match folder.strip_prefix(above) {
        Ok(below) if folder.is_relative() == page.is_relative() => below.display().to_string(),
        _ => folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

/// A path as a report repeats it in its command.
pub(super) fn shown_path(path: &Path) -> String {
    if path.is_relative() {
        path.display().to_string()
    } else {
        path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The options of the worlds as a report repeats them.
pub(super) fn repeated(worlds: &Worlds, asked: &WorldArgs) -> String {
    let size = worlds.setting.world.size;
    let mut said = format!("--merchants {} --buyers {} --days {}", size.merchants, size.buyers, size.days);
    if !asked.without.is_empty() {
        said += &format!(" --without {}", asked.without.join(","));
    }
    if let Some(only) = &asked.only {
        said += &format!(" --only {}", only.join(","));
    }
    if asked.review_days != 7 {
        said += &format!(" --review-days {}", asked.review_days);
    }
    said
}
