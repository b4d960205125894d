//! What was measured, beside the peers and the targets.

use super::ways::{CHALLENGER, CHALLENGER_200, CHOSEN, CLASSICAL, HELD, PAIRED, READABLE, SINGLE};
use super::{SETS, SYNTHETIC, SYNTHETIC_FIT};
use crate::figures::Figure;
use crate::python::{Told, find};

const DEFAULT: &str = "optbinning";
const MONOTONE: &str = "optbinning, monotone";
const BOOSTED: &str = "lightgbm";
const TUNED: &str = "lightgbm, tuned";
const BOOSTED_200: &str = "lightgbm, 200 × 31";
/// The pinned packages, of which those that are measured are named.
const PINNED: &str = include_str!("../../scorecard/requirements.txt");
const NAMED: [&str; 5] = ["optbinning", "lightgbm", "scikit-learn", "numpy", "pandas"];

const FITTING: &str = "Fitting";
const RANKING: &str = "Ranking rows not seen";
const READING: &str = "Reading the card";
const SCORING: &str = "Scoring";

/// Where a table ends to be read on one page: lines, and columns of points across it.
const LINES: u64 = 50;
const ACROSS: u64 = 16;

/// The tables.
pub(super) fn figures(told: &[Told]) -> Vec<Figure> {
    let view = View(told);
    let versions =
        NAMED.iter().filter_map(|name| PINNED.lines().find(|line| line.starts_with(&format!("{name}=="))));
    let versions = versions.collect::<Vec<_>>().join(", ").replace("==", " ");
    let mut figures = vec![Figure::told("the peers", versions, "one thread each, as ours".to_owned())];
    for (section, found) in [
        (FITTING, view.fitting()),
        (RANKING, view.ranking()),
        (READING, view.reading()),
        (SCORING, view.scoring()),
    ] {
        figures.extend(found.into_iter().map(|figure| figure.under(section)));
    }
    figures
}

/// What both sides told.
struct View<'a>(&'a [Told]);

/// Mean and standard error of the differences of AUC in the same folds.
struct Paired {
    mean: f64,
    error: f64,
}

impl View<'_> {
    fn told(&self, who: &str, data: &str, figure: &str) -> Option<&Told> {
        find(self.0, who, data, figure)
    }

    fn number(&self, who: &str, data: &str, figure: &str) -> Option<f64> {
        self.told(who, data, figure)?.value.as_f64()
    }

    /// Some peers on a set, those that were measured.
    fn beside(&self, peers: &[&str], data: &str, figure: &str) -> String {
        let peer =
            |peer: &&str| self.told(peer, data, figure).map(|found| format!("{peer}: {}", shown(found)));
        peers.iter().filter_map(peer).collect::<Vec<_>>().join("; ")
    }

    /// Ours beside peers, and nothing asked of it.
    fn plain(&self, what: &str, who: &str, data: &str, figure: &str, peers: &[&str]) -> Option<Figure> {
        let ours = self.told(who, data, figure)?;
        Some(Figure::told(what, shown(ours), self.beside(peers, data, figure)))
    }

    fn fitting(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for data in [SETS[0], SETS[1], SETS[2], SETS[3], SYNTHETIC_FIT] {
            let name = title(data);
            // What a fit costs is asked for where there are many rows; what it costs at most, on the largest.
            let asked = [SETS[0], SYNTHETIC_FIT].contains(&data);
            for (who, peer) in [(CLASSICAL, DEFAULT), (HELD, MONOTONE)] {
                let what = format!("{name}: {who}");
                figures.extend(self.times_less(&what, (who, peer), data, "fit", asked.then_some(20.0)));
                let least = (data == SYNTHETIC_FIT).then_some(2.0);
                figures.extend(self.memory(&what, (who, peer), data, least));
            }
            figures.extend(self.information(&name, data));
            for who in [SINGLE, READABLE, CHOSEN, CHALLENGER] {
                let what = format!("{name}: {who}");
                figures.extend(self.plain(&what, who, data, "fit", &[BOOSTED, TUNED]));
                if [READABLE, CHALLENGER].contains(&who) {
                    figures.extend(self.memory(&what, (who, BOOSTED), data, None));
                }
            }
        }
        let what = format!("{}: {CHALLENGER_200}", title(SYNTHETIC_FIT));
        figures.extend(self.plain(&what, CHALLENGER_200, SYNTHETIC_FIT, "fit", &[BOOSTED_200]));
        figures
    }

    /// How many times less than a peer's ours is.
    fn times_less(
        &self,
        what: &str,
        (who, peer): (&str, &str),
        data: &str,
        figure: &str,
        least: Option<f64>,
    ) -> Option<Figure> {
        let (ours, theirs) = (self.told(who, data, figure)?, self.told(peer, data, figure)?);
        let times = theirs.value.as_f64()? / ours.value.as_f64()?;
        let measured = format!("{}, {times:.1} times less", shown(ours));
        let beside = format!("{peer}: {}", shown(theirs));
        Some(match least {
            None => Figure::told(what, measured, beside),
            Some(least) => {
                Figure::new(what, measured, beside, &format!("≥ {least} times less"), times >= least)
            }
        })
    }

    /// Resident memory at the peak of a fit: above what was there with the data, and in all.
    fn memory(
        &self,
        what: &str,
        (who, peer): (&str, &str),
        data: &str,
        least: Option<f64>,
    ) -> Option<Figure> {
        let of = |who: &str| -> Option<(f64, f64)> {
            let peak = self.number(who, data, "fit, memory at peak")?;
            Some((peak - self.number(who, data, "fit, memory before")?, peak))
        };
        let (ours, theirs) = (of(who)?, of(peer)?);
        let words = |(above, all): (f64, f64)| format!("{above:.0} MB above the data, {all:.0} MB in all");
        let (what, beside) = (format!("{what}, its memory"), format!("{peer}: {}", words(theirs)));
        Some(match least {
            None => Figure::told(&what, words(ours), beside),
            Some(times) => {
                let met = ours.0 * times < theirs.0 && ours.1 * times < theirs.1;
                Figure::new(&what, words(ours), beside, "both less than half", met)
            }
        })
    }

    fn information(&self, name: &str, data: &str) -> Option<Figure> {
        let (ours, theirs) = (
            self.number(HELD, data, "information value")?,
            self.number(MONOTONE, data, "information value")?,
        );
        let mut measured = format!("{ours:.4} nats, {:+.4}", ours - theirs);
        let columns = |who: &str| {
            self.told(who, data, "information value by column").and_then(|told| told.value.as_object())
        };
        if let (Some(ours), Some(theirs)) = (columns(HELD), columns(MONOTONE)) {
            let gap = |name: &String| Some(ours.get(name)?.as_f64()? - theirs.get(name)?.as_f64()?);
            let gaps = ours.keys().filter_map(|name| Some((name, gap(name)?)));
            let lower: Vec<_> = gaps.filter(|(_, gap)| *gap < -5e-5).collect();
            let words =
                lower.iter().map(|(name, gap)| format!("{name} {gap:+.4}")).collect::<Vec<_>>().join(", ");
            measured += &match lower.len() {
                0 => format!("; of none of {} columns lower", ours.len()),
                count => format!("; lower of {count} of {} columns: {words}", ours.len()),
            };
        }
        let beside = format!("{MONOTONE}: {theirs:.4} nats");
        let what = format!("{name}: information value of all columns, the same constraints");
        Some(Figure::new(&what, measured, beside, "no less", ours >= theirs))
    }

    fn ranking(&self) -> Vec<Figure> {
        let peers = [DEFAULT, MONOTONE, BOOSTED, TUNED];
        let mut figures = Vec::new();
        for data in SETS.into_iter().chain([SYNTHETIC]) {
            for who in [CLASSICAL, SINGLE, READABLE, CHOSEN, CHALLENGER] {
                let what = format!("{}: AUC, {who}", title(data));
                let Some(auc) = self.told(who, data, "AUC") else { continue };
                let whole = self.number(who, data, "AUC of whole points");
                let whole = whole.map_or(String::new(), |whole| format!(", by whole points {whole:.4}"));
                let measured = format!("{}{whole}", shown(auc));
                // The peers are the same beside each: they are told once.
                let first = figures.last().is_none_or(|(set, _)| *set != data);
                let beside = if first { self.beside(&peers, data, "AUC") } else { String::new() };
                figures.push((data, Figure::told(&what, measured, beside)));
            }
            // Few rows bear no pairs, and whether they bear shapes is for a trial to say.
            let readable = if data == SETS[3] { CHOSEN } else { READABLE };
            let over_cards = [(SETS[0], 0.004), (SETS[1], 0.010), (SETS[3], 0.0)];
            let over_trees = [(SETS[0], -0.003), (SETS[1], -0.003), (SETS[2], -0.003)];
            let of = |list: &[(&str, f64)]| list.iter().find(|one| one.0 == data).map(|one| one.1);
            for (peers, least) in [(&[DEFAULT, MONOTONE][..], of(&over_cards)), (&[TUNED], of(&over_trees))] {
                figures.extend(self.difference(readable, peers, data, least).map(|figure| (data, figure)));
            }
        }
        figures.into_iter().map(|(_, figure)| figure).collect()
    }

    /// Ours against the best of some peers, fold by fold.
    fn difference(&self, who: &str, peers: &[&str], data: &str, least: Option<f64>) -> Option<Figure> {
        let auc = |peer: &&&str| self.number(peer, data, "AUC").unwrap_or(f64::NEG_INFINITY);
        let peer = peers.iter().max_by(|one, other| auc(one).total_cmp(&auc(other)))?;
        let Paired { mean, error } = self.paired(who, peer, data)?;
        let what = format!("{}: AUC, {who} less {peer}", title(data));
        let measured = format!("{mean:+.4} ± {error:.4}");
        let beside =
            format!("{:.4} less {:.4}", self.number(who, data, "AUC")?, self.number(peer, data, "AUC")?);
        Some(match least {
            None => Figure::told(&what, measured, beside),
            // Folds of 140 rows tell no more than their error.
            Some(least) if data == SETS[3] => {
                Figure::new(&what, measured, beside, "≥ 0 or within its error of it", mean + error >= least)
            }
            Some(least) => Figure::new(&what, measured, beside, &format!("≥ {least:+.3}"), mean >= least),
        })
    }

    fn paired(&self, who: &str, peer: &str, data: &str) -> Option<Paired> {
        let of = |who: &str| -> Option<Vec<f64>> {
            self.told(who, data, "AUC by fold")?
                .value
                .as_array()?
                .iter()
                .map(serde_json::Value::as_f64)
                .collect()
        };
        let differences: Vec<f64> =
            of(who)?.iter().zip(of(peer)?).map(|(ours, theirs)| ours - theirs).collect();
        let folds = differences.len() as f64;
        if folds < 2.0 {
            return None;
        }
        let mean = differences.iter().sum::<f64>() / folds;
        let squares: f64 = differences.iter().map(|one| (one - mean).powi(2)).sum();
        Some(Paired { mean, error: (squares / (folds - 1.0) / folds).sqrt() })
    }

    fn reading(&self) -> Vec<Figure> {
        const WRONG: &str = "wrong-signed coefficients";
        let mut figures = Vec::new();
        for data in SETS.into_iter().chain([SYNTHETIC_FIT]) {
            for who in [CLASSICAL, HELD, READABLE, CHOSEN] {
                let Some(wrong) = self.number(who, data, WRONG) else { continue };
                let what = format!("{}: wrong-signed coefficients, {who}", title(data));
                let peer = |peer: &&str| Some(format!("{peer}: {:.0}", self.number(peer, data, WRONG)?));
                let beside = [DEFAULT, MONOTONE].iter().filter_map(peer).collect::<Vec<_>>().join("; ");
                figures.push(Figure::new(&what, format!("{wrong:.0}"), beside, "0", wrong < 0.5));
            }
            for who in [CLASSICAL, READABLE, CHOSEN] {
                figures.extend(self.tables(who, data));
            }
        }
        figures
    }

    /// How large a card is.
    fn tables(&self, who: &str, data: &str) -> Option<Figure> {
        let sizes: Vec<u64> = self
            .told(who, data, "its tables")?
            .value
            .as_array()?
            .iter()
            .filter_map(serde_json::Value::as_u64)
            .collect();
        let [characteristics, pairs, longest, rows, columns, points] = sizes[..] else { return None };
        let beside = format!("{characteristics} characteristics and {pairs} pairs, {points} points in all");
        let measured = match pairs {
            0 => format!("{longest} lines"),
            _ => format!("{longest} lines; of a pair {rows} × {columns}"),
        };
        let met = longest <= LINES && rows <= LINES && columns <= ACROSS;
        let target = format!("≤ {LINES} lines, of a pair ≤ {LINES} × {ACROSS}");
        Some(Figure::new(
            &format!("{}: the largest table, {who}", title(data)),
            measured,
            beside,
            &target,
            met,
        ))
    }

    fn scoring(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for who in [CLASSICAL, PAIRED, CHALLENGER_200] {
            let of = |figure: &str| self.told(who, SYNTHETIC, figure);
            let peers = [BOOSTED_200, DEFAULT];
            let beside = |figure: &str| self.beside(&peers, SYNTHETIC, figure);
            let card = who != CHALLENGER_200;
            if let Some(rate) = of("score, all rows") {
                let what = format!("a million rows of 20 columns, {who}");
                let beside = beside("score, all rows");
                let theirs = self.number(BOOSTED_200, SYNTHETIC, "score, all rows");
                let times = rate.value.as_f64().zip(theirs).map(|(ours, theirs)| ours / theirs);
                figures.push(match times {
                    Some(times) if card => {
                        let measured = format!("{}, {times:.0} times LightGBM's", shown(rate));
                        Figure::new(&what, measured, beside, "≥ 10 times LightGBM's", times >= 10.0)
                    }
                    _ => Figure::told(&what, shown(rate), beside),
                });
            }
            if let Some(one) = of("score, one row") {
                let (what, beside) = (format!("one row, {who}"), beside("score, one row"));
                figures.push(match one.value.as_f64() {
                    Some(micros) if card => {
                        Figure::new(&what, shown(one), beside, "< 1 CPU µs", micros < 1.0)
                    }
                    _ => Figure::told(&what, shown(one), beside),
                });
            }
            let reasons = of("score, one row with reasons");
            figures.extend(reasons.map(|reasons| {
                Figure::told(&format!("one row with its reasons, {who}"), shown(reasons), String::new())
            }));
        }
        figures
    }
}

/// A set as people call it.
fn title(data: &str) -> String {
    match data {
        "give-me-some-credit" => "Give Me Some Credit",
        "taiwan" => "Taiwan",
        "heloc" => "HELOC",
        "german" => "German",
        SYNTHETIC_FIT => "synthetic, seven in ten",
        other => other,
    }
    .to_owned()
}

/// A figure in words, with the lowest and the highest where they differ.
fn shown(told: &Told) -> String {
    let Some(value) = told.value.as_f64() else { return "not measured".to_owned() };
    let digits = match (told.unit.as_str(), value) {
        ("", _) => 4,
        (_, 100.0..) => 0,
        (_, 10.0..) => 1,
        (_, 1.0..) => 2,
        _ => 3,
    };
    let unit = if told.unit.is_empty() { String::new() } else { format!(" {}", told.unit) };
    match told.spread {
        Some((low, high)) if low < high => {
            format!("{value:.digits$}{unit} ({low:.digits$} to {high:.digits$})")
        }
        _ => format!("{value:.digits$}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Verdict, table};
    use serde_json::{Value, json};

    fn line(peer: &str, data: &str, figure: &str, value: Value, unit: &str) -> Told {
        Told {
            peer: peer.to_owned(),
            data: data.to_owned(),
            figure: figure.to_owned(),
            value,
            unit: unit.to_owned(),
            spread: None,
        }
    }

    fn check(told: Vec<Told>, wanted: &[&str], missed: usize) {
        let figures = figures(&told);
        let text = table(&figures);
        for wanted in wanted {
            assert!(text.contains(wanted), "no {wanted} in\n{text}");
        }
        assert_eq!(
            figures.iter().filter(|figure| figure.verdict == Verdict::NotMet).count(),
            missed,
            "{text}"
        );
    }

    #[test]
    fn folds_are_compared_in_pairs_with_the_better_peer() {
        let auc = |peer: &str, data: &str, folds: [f64; 3]| {
            let mean = folds.iter().sum::<f64>() / 3.0;
            [line(peer, data, "AUC", json!(mean), ""), line(peer, data, "AUC by fold", json!(folds), "")]
        };
        let told = |data: &str, who: &str| {
            let ours = auc(who, data, [0.812, 0.822, 0.838]);
            let peers = [auc(DEFAULT, data, [0.80, 0.81, 0.82]), auc(MONOTONE, data, [0.70, 0.71, 0.72])];
            peers
                .into_iter()
                .chain([ours, auc(TUNED, data, [0.82, 0.83, 0.84])])
                .flatten()
                .collect::<Vec<_>>()
        };
        let wanted =
            ["optbinning | +0.0140 ± 0.0020 | 0.8240 less 0.8100 | ≥ +0.004 | met |", "| -0.0060 ± 0.0020 |"];
        check(told("give-me-some-credit", READABLE), &wanted, 1);
        check(told("taiwan", READABLE), &["| ≥ +0.010 | met |", "| ≥ -0.003 | **NOT MET** |"], 1);
        check(told("german", CHOSEN), &["| ≥ 0 or within its error of it | met |"], 0);
        check(told("german", READABLE), &[], 0);
    }

    #[test]
    fn fits_cards_and_scores_stand_beside_their_targets() {
        let fit = |who: &str, seconds: f64, before: f64, peak: f64| {
            [
                ("fit", seconds, "CPU s"),
                ("fit, memory before", before, "MB"),
                ("fit, memory at peak", peak, "MB"),
            ]
            .map(|(figure, value, unit)| line(who, SYNTHETIC_FIT, figure, json!(value), unit))
        };
        let mut told: Vec<Told> = [fit(CLASSICAL, 1.0, 100.0, 200.0), fit(DEFAULT, 21.0, 300.0, 501.0)]
            .into_iter()
            .flatten()
            .collect();
        told.extend(
            [(HELD, 0.74), (MONOTONE, 0.75)]
                .map(|(who, value)| line(who, SYNTHETIC_FIT, "information value", json!(value), "nats")),
        );
        told.push(line(CLASSICAL, SYNTHETIC_FIT, "wrong-signed coefficients", json!(1.0), ""));
        told.push(line(PAIRED, SYNTHETIC_FIT, "its tables", json!([20, 3, 30, 10, 17, 900]), ""));
        told.push(line(READABLE, SYNTHETIC_FIT, "its tables", json!([20, 3, 30, 10, 17, 900]), ""));
        told.push(line(PAIRED, SYNTHETIC, "score, all rows", json!(2e6), "rows per CPU s"));
        told.push(line(BOOSTED_200, SYNTHETIC, "score, all rows", json!(1e5), "rows per CPU s"));
        told.push(line(PAIRED, SYNTHETIC, "score, one row", json!(0.5), "CPU µs"));
        let wanted = [
            "| 1.00 CPU s, 21.0 times less | optbinning: 21.0 CPU s | ≥ 20 times less | met |",
            "| 100 MB above the data, 200 MB in all | optbinning: 201 MB above the data, 501 MB in all |",
            "| 0.7400 nats, -0.0100 | optbinning, monotone: 0.7500 nats | no less | **NOT MET** |",
            "our classical card | 1 |  | 0 | **NOT MET** |",
            "| 30 lines; of a pair 10 × 17 | 20 characteristics and 3 pairs, 900 points in all |",
            "20 times LightGBM's | lightgbm, 200 × 31: 100000 rows per CPU s | ≥ 10 times LightGBM's | met |",
            "| 0.500 CPU µs |",
            "optbinning 1.0.0, lightgbm",
        ];
        check(told, &wanted, 3);
    }
}
