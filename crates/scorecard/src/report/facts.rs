//! Everything that a report shows, measured once.

use super::{Named, Options};
use crate::bins::Bins;
use crate::card::Characteristic;
use crate::validation::{
    Auc, CalibrationBin, CharacteristicDrift, Drift, Estimate, Fairness, Finding, Gain, Influence, Part,
    Performance, Ranked, ScoreBins, Smallest, TrendCheck, auc, by_part, calibration_bins, csi, fairness,
    gains, leakage, sensitivity, share, trends,
};
use crate::{Error, Sample, Scorecard};

/// What a report shows.
pub(super) struct Facts<'a> {
    pub(super) card: &'a Scorecard,
    pub(super) options: &'a Options,
    pub(super) samples: Vec<Measured<'a>>,
    /// The lowest score that is approved.
    pub(super) cut_off: i32,
    /// Of the last sample's scores against the first's; none when there is one sample.
    pub(super) drift: Option<Drift>,
    pub(super) csi: Vec<CharacteristicDrift>,
    /// Where the drift's bins begin.
    pub(super) score_cuts: Vec<f64>,
    /// Of the last sample, in falling order of what the card loses.
    pub(super) influences: Vec<Influence>,
    pub(super) trends: Vec<TrendCheck>,
    pub(super) leaks: Vec<Finding>,
    pub(super) fairness: Vec<(&'a str, Fairness)>,
    pub(super) segments: Vec<(&'a str, Vec<Part>)>,
    pub(super) reasons: Vec<Reason>,
}

/// A sample with its measures.
pub(super) struct Measured<'a> {
    pub(super) name: &'a str,
    pub(super) sample: &'a Sample,
    pub(super) scores: Vec<f64>,
    pub(super) performance: Performance,
    /// AUC of the integer score.
    pub(super) points: Auc,
    /// Ranked by log-odds of bad.
    pub(super) ranked: Ranked,
    /// Ranked by score: risk is minus the score.
    pub(super) by_score: Ranked,
    pub(super) calibration: Vec<CalibrationBin>,
    pub(super) gains: Vec<Gain>,
    /// Measures of each period, if it has any.
    pub(super) periods: Vec<Part>,
}

/// How often a column is the main reason for a score.
pub(super) struct Reason {
    pub(super) name: String,
    /// The reason as rows are told it.
    pub(super) text: String,
    /// The mean of what scores would gain were the column alone at its best.
    pub(super) cost: f64,
    /// The share of rows that it costs the most points.
    pub(super) first: f64,
    /// The same among bad rows.
    pub(super) first_of_bad: f64,
}

/// One bin of a characteristic in one sample.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) share: f64,
    pub(super) bad_rate: Option<Estimate>,
    /// ln of the share of bad rows over that of good ones; none where either is empty.
    pub(super) woe: Option<f64>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        card: &'a Scorecard,
        samples: &'a [Named<'_>],
        options: &'a Options,
    ) -> Result<Self, Error> {
        let (Some(reference), Some(judged)) = (samples.first(), samples.last()) else {
            return Err(Error::Sample("a report needs at least one sample".to_owned()));
        };
        for (place, named) in samples.iter().enumerate() {
            if samples[..place].iter().any(|other| other.name == named.name) {
                return Err(Error::Sample(format!("two samples are called {:?}; rename one", named.name)));
            }
        }
        let bins = score_bins(reference)?;
        let measured = samples
            .iter()
            .map(|named| Measured::new(named, &bins).map_err(|error| in_sample(named.name, error)))
            .collect::<Result<Vec<_>, _>>()?;
        let last = &measured[measured.len() - 1];
        let cut_off = options.cut_off.unwrap_or(-last.by_score.ks().risk as i32 + 1);
        let several = samples.len() > 1;
        let by_score = ScoreBins::try_new(&scores(reference), reference.sample.weight.as_deref(), 10)?;
        let weight = judged.sample.weight.as_deref();
        let mut influences = sensitivity(card, judged.sample)?;
        influences.sort_by(|a, b| b.without.difference.value.total_cmp(&a.without.difference.value));
        let after = judged.periods.as_ref().map(|periods| periods.later_half());
        let mut leaks = leakage(judged.sample, after.as_deref(), &options.leakage)?;
        // A column that the card does not read can do no harm.
        leaks.retain(|leak| card.inputs().contains(&leak.column));
        let risk = log_odds(judged);
        let approved: Vec<bool> = judged.scored.iter().map(|scored| scored.score >= cut_off).collect();
        let bad = &judged.sample.bad;
        let of_groups = judged.groups.iter().map(|(name, division)| {
            Ok((name.as_str(), fairness(&risk, &approved, bad, weight, division, None, Smallest::default())?))
        });
        let of_segments = judged
            .segments
            .iter()
            .map(|(name, division)| Ok((name.as_str(), by_part(&risk, bad, weight, division, None)?)));
        Ok(Facts {
            card,
            options,
            cut_off,
            drift: several.then(|| by_score.drift(&scores(judged), weight)).transpose()?,
            score_cuts: by_score.cuts,
            csi: if several { csi(card, reference.sample, judged.sample)? } else { Vec::new() },
            trends: trends(card, judged.sample, &options.trends)?,
            reasons: reasons(card, judged.sample)?,
            fairness: of_groups.collect::<Result<_, Error>>()?,
            segments: of_segments.collect::<Result<_, Error>>()?,
            influences,
            leaks,
            samples: measured,
        })
    }

    /// The sample that others are held against.
    pub(super) fn reference(&self) -> &Measured<'a> {
        &self.samples[0]
    }

    /// The sample by which the card is judged.
    pub(super) fn judged(&self) -> &Measured<'a> {
        &self.samples[self.samples.len() - 1]
    }

    /// Those two, or the one there is.
    pub(super) fn ends(&self) -> Vec<&Measured<'a>> {
        if self.samples.len() > 1 { vec![self.reference(), self.judged()] } else { vec![self.judged()] }
    }

    pub(super) fn title(&self) -> &str {
        match (self.options.title.is_empty(), self.card.parts().name.is_empty()) {
            (false, _) => &self.options.title,
            (true, false) => &self.card.parts().name,
            (true, true) => "Scorecard",
        }
    }
}

impl<'a> Measured<'a> {
    fn new(named: &Named<'a>, bins: &ScoreBins) -> Result<Self, Error> {
        let (bad, weight) = (&named.sample.bad, named.sample.weight.as_deref());
        if named.scored.len() != bad.len() {
            let (scored, rows) = (named.scored.len(), bad.len());
            return Err(Error::Sample(format!(
                "there are {scored} scores for {rows} rows; give one of each a row"
            )));
        }
        let risk = log_odds(named);
        let scores = scores(named);
        let by_score: Vec<f64> = scores.iter().map(|score| -score).collect();
        let probabilities: Vec<f64> = named.scored.iter().map(|scored| scored.probability()).collect();
        let ranked = Ranked::try_new(&risk, bad, weight)?;
        let periods = named.periods.as_ref().map(|periods| by_part(&risk, bad, weight, periods, Some(bins)));
        Ok(Measured {
            name: named.name,
            sample: named.sample,
            performance: Performance::of_log_odds(&risk, bad, weight)?,
            points: auc(&by_score, bad, weight)?,
            gains: ranked.gains(10)?,
            ranked,
            by_score: Ranked::try_new(&by_score, bad, weight)?,
            calibration: calibration_bins(&probabilities, bad, weight, 10)?,
            periods: periods.transpose()?.unwrap_or_default(),
            scores,
        })
    }

    /// The bins of a characteristic, as they are filled here. The column is there: scoring and sensitivity have read it.
    pub(super) fn cells(&self, characteristic: &Characteristic) -> Vec<Cell> {
        cells(self.sample, &characteristic.name, &characteristic.bins)
    }
}

fn in_sample(name: &str, error: Error) -> Error {
    match error {
        Error::Sample(text) => Error::Sample(format!("{name:?}: {text}")),
        other => other,
    }
}

fn log_odds(named: &Named<'_>) -> Vec<f64> {
    named.scored.iter().map(|scored| scored.log_odds).collect()
}

fn scores(named: &Named<'_>) -> Vec<f64> {
    named.scored.iter().map(|scored| f64::from(scored.score)).collect()
}

fn score_bins(named: &Named<'_>) -> Result<ScoreBins, Error> {
    ScoreBins::try_new(&log_odds(named), named.sample.weight.as_deref(), 10)
        .map_err(|error| in_sample(named.name, error))
}

fn cells(sample: &Sample, name: &str, bins: &Bins) -> Vec<Cell> {
    let empty = Cell { share: 0.0, bad_rate: None, woe: None };
    let Ok(column) = sample.table.column(name) else { return vec![empty; bins.count()] };
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); bins.count()];
    for (row, bin) in bins.find_all(column).into_iter().enumerate() {
        rows[usize::from(bin)].push(row);
    }
    let (all_good, all_bad) = sample.good_and_bad();
    let of = |rows: &Vec<usize>| {
        let weight: Vec<f64> = rows.iter().map(|&row| sample.weight_of(row)).collect();
        let bad: Vec<bool> = rows.iter().map(|&row| sample.bad[row]).collect();
        let all: f64 = weight.iter().sum();
        let bads: f64 = weight.iter().zip(&bad).filter(|(_, bad)| **bad).map(|(weight, _)| weight).sum();
        Cell {
            share: all / (all_good + all_bad),
            // Rows that weigh nothing have no rate.
            bad_rate: share(&bad, Some(&weight)).ok(),
            woe: (bads > 0.0 && all - bads > 0.0)
                .then(|| libm::log(bads / all_bad) - libm::log((all - bads) / all_good)),
        }
    };
    rows.iter().map(of).collect()
}

/// How often each column is the first reason of a row, and what it costs, as rows are told it one by one.
fn reasons(card: &Scorecard, sample: &Sample) -> Result<Vec<Reason>, Error> {
    let told = |name: &str| {
        let own = card.parts().characteristics.iter().find(|own| own.name == name);
        own.filter(|own| !own.reason.is_empty()).map_or(name, |own| &own.reason).to_owned()
    };
    let costs: Vec<Vec<i32>> =
        card.inputs().iter().map(|name| gains(card, sample, name)).collect::<Result<_, _>>()?;
    let reason = |name: &String| Reason {
        name: name.clone(),
        text: told(name),
        cost: 0.0,
        first: 0.0,
        first_of_bad: 0.0,
    };
    let mut found: Vec<Reason> = card.inputs().iter().map(reason).collect();
    let (good, bad) = sample.good_and_bad();
    for row in 0..sample.rows() {
        let weight = sample.weight_of(row);
        for (reason, costs) in found.iter_mut().zip(&costs) {
            reason.cost += weight * f64::from(costs[row]) / (good + bad);
        }
        // Of equal ones the first in the card comes first: the last maximum from the end.
        let worst = (0..costs.len()).rev().max_by_key(|column| costs[*column][row]);
        if let Some(worst) = worst.filter(|worst| costs[*worst][row] > 0) {
            found[worst].first += weight / (good + bad);
            found[worst].first_of_bad += if sample.bad[row] { weight / bad } else { 0.0 };
        }
    }
    found.sort_by(|a, b| b.first.total_cmp(&a.first));
    Ok(found)
}
