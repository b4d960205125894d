//! What can be said of simulated worlds and the policies that are rehearsed in them.

use clap::Args;
use std::path::PathBuf;

/// Size of the worlds, who lives in them, and how they are rehearsed.
#[derive(Debug, Args)]
pub struct WorldArgs {
    /// Merchants, those that join later included (default: the world's file).
    #[arg(long)]
    pub merchants: Option<u32>,
    /// Buyers, those that join later included; accomplices come on top.
    #[arg(long)]
    pub buyers: Option<u32>,
    /// Days.
    #[arg(long)]
    pub days: Option<u32>,
    /// Archetypes left out, separated by commas; their parties are ordinary ones instead.
    #[arg(long, value_delimiter = ',', value_name = "ARCHETYPE")]
    pub without: Vec<String>,
    /// Of the cheats only these archetypes, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "ARCHETYPE")]
    pub only: Option<Vec<String>>,
    /// Days between two reviews of everybody's score and tier; timers of orders go off daily.
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    pub review_days: u32,
    /// Threads at work (default: all cores). The numbers are the same whatever it is.
    #[arg(long)]
    pub threads: Option<usize>,
}

/// Options of `whatif`.
#[derive(Debug, Args)]
pub struct WhatifArgs {
    /// What is compared, given twice: a catalogue folder, a scorecard or policy file (it takes the place of the starter's
    /// scorecard of its role, or of its policy for what it decides), or one of the words `starter` and `none` (no score: nobody is stopped, there are no badges).
    #[arg(long = "policy", value_name = "POLICY", required = true)]
    pub policies: Vec<String>,
    /// How many worlds; the same ones under both policies.
    #[arg(long, default_value_t = 20)]
    pub seeds: u32,
    /// The first seed; the others follow it.
    #[arg(long, default_value_t = 1)]
    pub first_seed: u64,
    /// The worlds.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Write the report into this Markdown file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the picture into this folder, as whatif.svg.
    #[arg(long, value_name = "FOLDER")]
    pub svg: Option<PathBuf>,
}

/// Options of `detect`.
#[derive(Debug, Args)]
pub struct DetectArgs {
    /// Seeds that nobody looked at while tuning.
    #[arg(long, value_delimiter = ',', default_value = "101,102,103,104,105", value_name = "SEEDS")]
    pub seeds: Vec<u64>,
    /// Seeds that may be looked at while tuning, reported beside the others.
    #[arg(long, value_delimiter = ',', value_name = "SEEDS")]
    pub tuned_seeds: Vec<u64>,
    /// What scores, and is in force when each world happens a second time: as for `whatif`; files may be several, which take
    /// their places in the starter together. With `none` the starter's score watches and nothing is put in force.
    #[arg(long = "policy", default_value = "starter", value_name = "POLICY")]
    pub policies: Vec<String>,
    /// The worlds.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Write the report into this Markdown file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the pictures into this folder, as detection-merchants.svg and detection-buyers.svg.
    #[arg(long, value_name = "FOLDER")]
    pub svg: Option<PathBuf>,
}
