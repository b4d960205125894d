//! Our ways from a sample to something that scores.

use probity_challenger::model::Model as Trees;
use probity_challenger::options::{Options as TreeOptions, Stopping};
use probity_scorecard::additive::{self, Pairs};
use probity_scorecard::binning::{Constraints, Objective, Trend};
use probity_scorecard::fit::{self, Asked};
use probity_scorecard::{Sample, Scorecard, Table, woe};

pub(super) const CLASSICAL: &str = "our classical card";
/// Bins under what OptBinning asks of its own: at most 20, each of at least 5 %, all of one direction.
pub(super) const HELD: &str = "our classical card, OptBinning's constraints";
pub(super) const SINGLE: &str = "our additive card, no pairs";
pub(super) const READABLE: &str = "our additive card with pairs";
/// What `probity scorecard fit` makes when it is asked for pairs and for no kind of card.
pub(super) const CHOSEN: &str = "our card, its kind chosen";
/// As many pairs as a fit takes at most by default, whatever they are worth: the dearest card to score by.
pub(super) const PAIRED: &str = "our additive card, 20 pairs";
pub(super) const CHALLENGER: &str = "our challenger";
/// As many trees of as many leaves as the peer whose scoring is timed.
pub(super) const CHALLENGER_200: &str = "our challenger, 200 × 31";

/// What a way leads to.
pub(super) enum Model {
    Card(Box<Scorecard>),
    Trees(Box<Trees>),
}

impl Model {
    pub(super) fn card(&self) -> Option<&Scorecard> {
        match self {
            Model::Card(card) => Some(card),
            Model::Trees(_) => None,
        }
    }

    /// The log-odds of bad of each row.
    pub(super) fn log_odds(&self, table: &Table) -> Result<Vec<f64>, String> {
        match self {
            Model::Card(card) => {
                let scored = card.score(table).map_err(|error| error.to_string())?;
                Ok(scored.iter().map(|scored| scored.log_odds).collect())
            }
            Model::Trees(trees) => trees.score(table).map_err(|error| error.to_string()),
        }
    }
}

/// One way: its name, and how it goes.
pub(super) type Way = (&'static str, fn(&Sample) -> Result<Model, String>);

pub(super) const WAYS: [Way; 8] = [
    (CLASSICAL, |sample| classical(sample, &woe::Options::for_rows(sample.rows()))),
    (HELD, |sample| classical(sample, &woe::Options { constraints: held(), ..woe::Options::default() })),
    (SINGLE, |sample| by_additive(sample, Pairs::Exactly(0))),
    (READABLE, |sample| by_additive(sample, additive::Options::default().pairs)),
    (CHOSEN, chosen),
    (PAIRED, |sample| by_additive(sample, Pairs::Exactly(20))),
    (CHALLENGER, |sample| challenger(sample, &TreeOptions::default())),
    (CHALLENGER_200, |sample| {
        let of_the_peer = TreeOptions {
            stopping: Stopping::Never,
            rounds: 200,
            learning_rate: 0.1,
            leaves: 31,
            depth: 64,
            row_share: 1.0,
            column_share: 1.0,
            ..TreeOptions::default()
        };
        challenger(sample, &of_the_peer)
    }),
];

/// OptBinning's constraints with `auto_asc_desc`, in our words. What its pre-bins must hold, its bins hold; a bin has some
/// of each kind, for its pre-bins without are joined.
pub(super) fn held() -> Constraints {
    Constraints {
        trend: Trend::Monotone,
        max_bins: 20,
        min_share: 0.05,
        min_good: 1.0,
        min_bad: 1.0,
        objective: Objective::InformationValue,
        penalty: 0.0,
        rare: 0.0,
        smoothing: 0.0,
        ..Constraints::default()
    }
}

fn classical(sample: &Sample, options: &woe::Options) -> Result<Model, String> {
    let fitted = woe::fit(sample, options).map_err(|error| error.to_string())?;
    Ok(Model::Card(Box::new(fitted.card)))
}

fn by_additive(sample: &Sample, pairs: Pairs) -> Result<Model, String> {
    let options = additive::Options { pairs, ..additive::Options::default() };
    let fitted = additive::fit(sample, &options).map_err(|error| error.to_string())?;
    Ok(Model::Card(Box::new(fitted.card)))
}

fn chosen(sample: &Sample) -> Result<Model, String> {
    let asked = Asked {
        name: "chosen",
        method: "auto",
        pairs: Some("auto"),
        scale: (600.0, 30.0, 50.0),
        seed: 1,
        ..Asked::default()
    };
    let fitted = fit::Options::try_from_asked(&asked)
        .and_then(|options| fit::fit(sample, &options, &mut |_, _, _| {}))
        .map_err(|error| error.to_string())?;
    Ok(Model::Card(Box::new(fitted.card)))
}

fn challenger(sample: &Sample, options: &TreeOptions) -> Result<Model, String> {
    let trees = probity_challenger::fit::fit(sample, options).map_err(|error| error.to_string())?;
    Ok(Model::Trees(Box::new(trees)))
}
