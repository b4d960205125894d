//! Making a world: the simulator's events and the truth about them, written into a folder that holds all of it or nothing.

mod columns;
mod lines;
mod truth;
mod manifest;
mod record;
mod place;
mod verify;
mod who;

pub use manifest::{FileInfo, Manifest, WorldCounts};
pub use verify::{VerifyProgress, World, verify_world};
pub use who::{MerchantTruth, merchants_of};

use super::error::AppError;
use super::files::embedded_catalogue;
use manifest::{EVENTS_JSONL, EVENTS_PARQUET, HONEST_TOML, MANIFEST, TRUTH, WORLD_TOML};
use place::{Place, failed};
use probity_intake::hashed::Hashed;
use probity_primitives::{Code, Problem};
use probity_sim::setting::Setting;
use probity_sim::world;
use record::Recorder;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

const SIMULATE_INVALID: Code = Code::new("simulate-invalid");

/// Threads at most; more would only wait.
const MOST_THREADS: usize = 64;

/// The two files that a world is set by.
#[derive(Debug, Clone)]
pub struct WorldFiles {
    /// `worlds/marketplace.toml` or one like it.
    pub world: String,
    /// `worlds/honest.toml` or one like it.
    pub honest: String,
}

impl WorldFiles {
    /// Those of a catalogue; the starter catalogue's where it has none.
    pub fn of(catalogue: &BTreeMap<String, String>) -> Self {
        let starter = embedded_catalogue();
        let file =
            |name: &str| catalogue.get(name).or_else(|| starter.get(name)).cloned().unwrap_or_default();
        Self { world: file("worlds/marketplace.toml"), honest: file("worlds/honest.toml") }
    }
}

/// The form of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventFormat {
    /// `events.parquet`.
    Parquet,
    /// `events.jsonl`.
    JsonLines,
}

/// What to simulate, beside the files.
#[derive(Debug, Clone)]
pub struct SimulateOptions {
    /// Merchants, instead of the file's number.
    pub merchants: Option<u32>,
    /// Buyers, instead of the file's number.
    pub buyers: Option<u32>,
    /// Days, instead of the file's number.
    pub days: Option<u32>,
    /// What chance begins with.
    pub seed: u64,
    /// Of the archetypes that cheat, only these.
    pub only: Option<Vec<String>>,
    /// None of these archetypes.
    pub without: Vec<String>,
    /// The form of the events.
    pub format: EventFormat,
    /// Threads; changes no byte.
    pub threads: usize,
}

impl SimulateOptions {
    /// The setting that the files and these options make.
    ///
    /// # Errors
    /// `world-invalid` with what cannot be.
    pub fn setting(&self, files: &WorldFiles) -> Result<Setting, AppError> {
        let mut setting = Setting::read(&files.world, &files.honest)?;
        let size = &mut setting.world.size;
        size.merchants = self.merchants.unwrap_or(size.merchants);
        size.buyers = self.buyers.unwrap_or(size.buyers);
        size.days = self.days.unwrap_or(size.days);
        setting.choose(self.only.as_deref(), &self.without)?;
        setting.check()?;
        if !(1..=MOST_THREADS).contains(&self.threads) {
            let detail = format!("{} threads: from 1 to {MOST_THREADS}", self.threads);
            return Err(Problem::new(SIMULATE_INVALID, detail).into());
        }
        Ok(setting)
    }
}

/// Told at the end of each day: days done, and how many there are.
pub type SimulateProgress<'a> = &'a mut dyn FnMut(u32, u32);

/// Makes a world and writes it into a folder that does not exist or is empty.
///
/// # Errors
/// `world-invalid` for a world that cannot be, `simulate-folder-taken` for a folder with something in it or somebody else at
/// work, `simulate-write-failed` when the disk refuses. After each of them the folder is as it was.
pub fn simulate(
    files: &WorldFiles,
    options: &SimulateOptions,
    folder: &Path,
    progress: SimulateProgress<'_>,
) -> Result<Manifest, AppError> {
    let setting = options.setting(files)?;
    let place = Place::take(folder)?;
    let events = match options.format {
        EventFormat::Parquet => EVENTS_PARQUET,
        EventFormat::JsonLines => EVENTS_JSONL,
    };
    let (event_file, truth_file) = (place.create(events)?, place.create(TRUTH)?);
    let here = |error: io::Error| failed(folder, &error);
    let mut recorder = match options.format {
        EventFormat::Parquet => Recorder::parquet(&setting, event_file, truth_file, options.threads),
        EventFormat::JsonLines => Recorder::lines(&setting, event_file, truth_file),
    }
    .map_err(here)?;
    world::run(&setting, options.seed, &mut recorder, &mut |day, of, _| progress(day, of)).map_err(here)?;
    let (counts, event_info, truth_info) = recorder.finish().map_err(here)?;

    let mut manifest = Manifest::new(&setting, options.seed, counts);
    let digest = format!("{}  {events}\n", event_info.sha256);
    let beside = format!("{events}.sha256");
    manifest.files.insert(events.into(), event_info);
    manifest.files.insert(TRUTH.into(), truth_info);
    for (name, text) in
        [(WORLD_TOML, files.world.as_str()), (HONEST_TOML, &files.honest), (beside.as_str(), &digest)]
    {
        manifest.files.insert(name.into(), write_small(&place, name, text)?);
    }
    let text =
        serde_json::to_string_pretty(&manifest).map_err(|error| AppError::internal(error.to_string()))?;
    write_small(&place, MANIFEST, &format!("{text}\n"))?;
    // The manifest comes last: a folder without one is no world.
    place.complete(&[events, &beside, TRUTH, WORLD_TOML, HONEST_TOML, MANIFEST])?;
    Ok(manifest)
}

fn write_small(place: &Place, name: &str, text: &str) -> Result<FileInfo, AppError> {
    let file = place.create(name)?;
    let written = |mut out: Hashed<std::fs::File>| {
        out.write_all(text.as_bytes())?;
        let (file, bytes, sha256) = out.into_parts();
        file.sync_all().map(|()| FileInfo { bytes, sha256 })
    };
    written(Hashed::new(file)).map_err(|error| failed(&place.unfinished(name), &error))
}

/// Makes a world for nobody: what a disk has no part in. With `encodes` the rows are made and encoded as Parquet on one thread and
/// then thrown away; without, not even that. Says how many events there were.
///
/// # Errors
/// `world-invalid`.
pub fn simulate_nowhere(
    files: &WorldFiles,
    options: &SimulateOptions,
    encodes: bool,
) -> Result<u64, AppError> {
    let setting = options.setting(files)?;
    if !encodes {
        let Ok(events) = world::run(&setting, options.seed, &mut Unheard, &mut |_, _, _| {});
        return Ok(events);
    }
    let nowhere = |error: io::Error| AppError::internal(error.to_string());
    let mut recorder = Recorder::parquet(&setting, io::sink(), io::sink(), 1).map_err(nowhere)?;
    world::run(&setting, options.seed, &mut recorder, &mut |_, _, _| {}).map_err(nowhere)
}

/// Nobody listens.
struct Unheard;

impl probity_sim::platform::Platform for Unheard {
    type Error = std::convert::Infallible;

    fn event(&mut self, event: &probity_sim::event::Event) -> Result<(), Self::Error> {
        std::hint::black_box(event);
        Ok(())
    }
}
