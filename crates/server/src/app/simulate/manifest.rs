//! `world.json`: what a folder's world is, and the SHA-256 of each of its files.

use probity_sim::setting::Setting;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file of events, in either form.
pub(super) const EVENTS_PARQUET: &str = "events.parquet";
pub(super) const EVENTS_JSONL: &str = "events.jsonl";
/// The truth.
pub(super) const TRUTH: &str = "truth.parquet";
/// The two files that the world was set by.
pub(super) const WORLD_TOML: &str = "world.toml";
pub(super) const HONEST_TOML: &str = "honest.toml";
/// The manifest.
pub(super) const MANIFEST: &str = "world.json";

/// What is said about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileInfo {
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// How much there is of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldCounts {
    /// Events.
    pub events: u64,
    /// Orders.
    pub orders: u64,
    /// Merchants, those under new names included.
    pub merchants: u64,
    /// Buyers, accomplices included.
    pub buyers: u64,
    /// Events of each type.
    pub by_type: BTreeMap<String, u64>,
    /// Parties of each archetype.
    pub by_archetype: BTreeMap<String, u64>,
}

/// `world.json`. The same command gives the same bytes: no moment and no machine stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of Probity that made it.
    pub probity: String,
    /// Title of the world.
    pub title: String,
    /// What chance begins with.
    pub seed: u64,
    /// Merchants asked for.
    pub merchants: u32,
    /// Buyers asked for.
    pub buyers: u32,
    /// Days.
    pub days: u32,
    /// The first day.
    pub begin: String,
    /// The currency of all amounts.
    pub currency: String,
    /// Archetypes that were turned off.
    pub switched_off: Vec<String>,
    /// How much there is.
    pub counts: WorldCounts,
    /// All files but this one.
    pub files: BTreeMap<String, FileInfo>,
}

impl Manifest {
    pub(super) fn new(setting: &Setting, seed: u64, counts: WorldCounts) -> Self {
        let world = &setting.world;
        let off = world.merchants.iter().filter(|(_, kind)| kind.off).map(|(name, _)| name.clone());
        let switched_off =
            off.chain(world.buyers.iter().filter(|(_, kind)| kind.off).map(|(name, _)| name.clone()));
        Self {
            probity: env!("CARGO_PKG_VERSION").into(),
            title: world.title.clone(),
            seed,
            merchants: world.size.merchants,
            buyers: world.size.buyers,
            days: world.size.days,
            begin: world.begin.clone(),
            currency: world.currency.clone(),
            switched_off: switched_off.collect(),
            counts,
            files: BTreeMap::new(),
        }
    }
}
