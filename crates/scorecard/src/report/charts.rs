//! The pictures of a report.

use super::facts::{Facts, Measured};
use super::svg::{Axis, Frame, Hang, Picture, Unit, nice};
use super::text::{count, decimal, percent};
use crate::validation::{Drift, Estimate, Part, RocPoint, Verdict};

/// Scores of good and bad rows of the sample by which the card is judged.
pub(super) fn distribution(facts: &Facts<'_>) -> String {
    let judged = facts.judged();
    let (low, high) = ends(&judged.scores);
    let step = nice((high - low).max(1.0) / 32.0).max(1.0);
    let first = (low / step).floor() * step;
    let bars = (((high - first) / step).floor() as usize + 1).min(200);
    let (mut shares, sums) = (vec![[0.0; 2]; bars], judged.sample.good_and_bad());
    for (row, score) in judged.scores.iter().enumerate() {
        let bar = (((score - first) / step).max(0.0) as usize).min(bars - 1);
        let bad = judged.sample.bad[row];
        shares[bar][usize::from(bad)] += judged.sample.weight_of(row) / if bad { sums.1 } else { sums.0 };
    }
    let most = shares.iter().flatten().copied().fold(0.0, f64::max);
    let frame = Frame::new("Scores of good and bad rows", "score", "share of each class");
    let x = Axis::new(first, first + step * bars as f64, Unit::Number);
    let mut picture = Picture::new(&frame, x, Axis::up_to(most, Unit::Share));
    picture.heights();
    for (bar, share) in shares.iter().enumerate() {
        let from = first + step * bar as f64;
        let (left, right) = (picture.across(from), picture.across(from + step));
        for (place, class, name) in [(0, "good soft", "good"), (1, "bad soft", "bad")] {
            let top = picture.up(share[place]);
            let told = format!("{from} to {}: {} of {name} rows", from + step - 1.0, percent(share[place]));
            picture.area((left, top), ((right - left - 0.6).max(0.8), picture.bottom - top), class, &told);
        }
    }
    picture.places();
    let at = picture.across(f64::from(facts.cut_off));
    picture.line((at, picture.top), (at, picture.bottom), "mark");
    picture.beside((at, picture.top + 12.0), &format!("cut-off {}", facts.cut_off));
    picture.legend(&[("good", "good".to_owned()), ("bad", "bad".to_owned())]);
    picture.end()
}

fn ends(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |ends, value| (ends.0.min(*value), ends.1.max(*value)))
}

/// The classes of the samples that are shown, and their names.
fn classes<'f, 'a>(facts: &'f Facts<'a>) -> Vec<(&'static str, &'f Measured<'a>)> {
    let shown = facts.ends();
    let classes = if shown.len() > 1 { ["first", "last"] } else { ["last", "last"] };
    classes.into_iter().zip(shown).collect()
}

/// ROC curves.
pub(super) fn roc(facts: &Facts<'_>) -> String {
    let share = Axis::new(0.0, 1.0, Unit::Share);
    let frame = Frame::new("ROC curves", "good rows refused", "bad rows refused");
    let mut picture = Picture::new(&frame, share, share);
    picture.heights();
    picture.places();
    picture.curve([(0.0, 0.0), (1.0, 1.0)], "mark");
    let mut legend = Vec::new();
    for (class, sample) in classes(facts) {
        let points = sample.ranked.roc();
        picture.curve(
            points.iter().map(|point| (point.false_positive, point.true_positive)),
            &format!("line {class}"),
        );
        legend.push((class, format!("{} {}", sample.name, decimal(sample.performance.auc.value, 3))));
    }
    picture.legend(&legend);
    picture.end()
}

/// Distributions of good and bad rows over the score, with where they lie furthest apart.
pub(super) fn ks(facts: &Facts<'_>) -> String {
    let judged = facts.judged();
    let (low, high) = ends(&judged.scores);
    let frame = Frame::new("Kolmogorov–Smirnov", "score", "share at or below the score");
    let mut picture =
        Picture::new(&frame, Axis::new(low, high, Unit::Number), Axis::new(0.0, 1.0, Unit::Share));
    picture.heights();
    picture.places();
    let roc = judged.by_score.roc();
    // The curve runs from the lowest score up, in steps.
    let steps = |of: fn(&RocPoint) -> f64| {
        let risen = |pair: &[RocPoint]| [(-pair[1].risk, of(&pair[0])), (-pair[1].risk, of(&pair[1]))];
        std::iter::once((low, 0.0)).chain(roc.windows(2).flat_map(risen)).collect::<Vec<_>>()
    };
    picture.curve(steps(|point| point.true_positive), "line bad");
    picture.curve(steps(|point| point.false_positive), "line good");
    let ks = judged.by_score.ks();
    let at = picture.across(-ks.risk);
    picture.line((at, picture.up(ks.bad_share)), (at, picture.up(ks.good_share)), "strong");
    let middle = (picture.up(ks.bad_share) + picture.up(ks.good_share)) / 2.0;
    picture.beside((at, middle + 4.0), &format!("KS {} at {}", decimal(ks.value, 3), decimal(-ks.risk, 0)));
    picture.legend(&[("good", "good".to_owned()), ("bad", "bad".to_owned())]);
    picture.end()
}

/// Predicted and observed bad rates.
pub(super) fn calibration(facts: &Facts<'_>) -> String {
    let bins = facts.ends().into_iter().flat_map(|sample| &sample.calibration);
    let most = bins.map(|bin| bin.predicted.max(bin.observed.value)).fold(0.0, f64::max);
    let axis = Axis::up_to(most, Unit::Share);
    let frame = Frame::new("Calibration", "predicted bad rate", "observed bad rate");
    let mut picture = Picture::new(&frame, axis, axis);
    picture.heights();
    picture.places();
    picture.curve([(0.0, 0.0), (axis.high, axis.high)], "mark");
    let mut legend = Vec::new();
    for (class, sample) in classes(facts) {
        picture.curve(
            sample.calibration.iter().map(|bin| (bin.predicted, bin.observed.value)),
            &format!("line thin {class}"),
        );
        for bin in &sample.calibration {
            let x = picture.across(bin.predicted);
            picture.upright(x, (bin.observed.low, bin.observed.high), &format!("line {class}"));
            let told = format!(
                "{}: predicted {}, observed {} of {} rows",
                sample.name,
                percent(bin.predicted),
                percent(bin.observed.value),
                count(bin.rows as f64)
            );
            picture.dot((x, picture.up(bin.observed.value)), class, &told);
        }
        legend.push((class, sample.name.to_owned()));
    }
    picture.legend(&legend);
    picture.end()
}

/// Bad rows caught by the share of rows refused.
pub(super) fn gains(facts: &Facts<'_>) -> String {
    let share = Axis::new(0.0, 1.0, Unit::Share);
    let frame = Frame::new("Gains", "rows refused, highest risk first", "bad rows caught");
    let mut picture = Picture::new(&frame, share, share);
    picture.heights();
    picture.places();
    picture.curve([(0.0, 0.0), (1.0, 1.0)], "mark");
    let rate = facts.judged().performance.bad_rate.value;
    picture.curve([(0.0, 0.0), (rate, 1.0), (1.0, 1.0)], "mark");
    let mut legend = Vec::new();
    for (class, sample) in classes(facts) {
        let rate = sample.performance.bad_rate.value;
        let curve = sample.ranked.roc();
        let points = curve.iter().map(|point| {
            (rate * point.true_positive + (1.0 - rate) * point.false_positive, point.true_positive)
        });
        picture.curve(points, &format!("line {class}"));
        legend.push((class, sample.name.to_owned()));
    }
    picture.legend(&legend);
    picture.end()
}

/// Lift of each tenth of rows.
pub(super) fn lift(facts: &Facts<'_>) -> String {
    let all = facts.ends().into_iter().flat_map(|sample| &sample.gains);
    let most = all.map(|gain| gain.lift).fold(1.0, f64::max);
    let frame = Frame::new("Lift", "tenth of rows, highest risk first", "bad rate over the average");
    let mut picture =
        Picture::new(&frame, Axis::new(0.0, 10.0, Unit::Number), Axis::up_to(most, Unit::Number));
    picture.heights();
    let shown = classes(facts);
    let width = 0.8 / shown.len() as f64;
    for (place, (class, sample)) in shown.iter().enumerate() {
        for (part, gain) in sample.gains.iter().enumerate() {
            let left = picture.across(part as f64 + 0.1 + width * place as f64);
            let right = picture.across(part as f64 + 0.1 + width * (place + 1) as f64);
            let top = picture.up(gain.lift);
            let told = format!("{}, tenth {}: lift {}", sample.name, part + 1, decimal(gain.lift, 2));
            picture.area((left, top), (right - left - 1.0, picture.bottom - top), class, &told);
        }
    }
    for part in 0..10 {
        let at = (picture.across(part as f64 + 0.5), picture.bottom + 17.0);
        picture.say(at, Hang::Middle, "faint", &format!("{}", part + 1));
    }
    let (left, right, one) = (picture.left, picture.right, picture.up(1.0));
    picture.line((left, one), (right, one), "mark");
    picture.line((left, picture.bottom), (right, picture.bottom), "axis");
    let legend: Vec<(&str, String)> =
        shown.iter().map(|(class, sample)| (*class, sample.name.to_owned())).collect();
    picture.legend(&legend);
    picture.end()
}

/// A bar to the right for each name. `marks` are figures with a line of their own.
pub(super) fn ladder(
    title: &str,
    across: &str,
    bars: &[(String, f64, &'static str)],
    marks: &[f64],
) -> String {
    let most = bars.iter().map(|bar| bar.1).chain(marks.iter().copied()).fold(0.0, f64::max);
    let least = bars.iter().map(|bar| bar.1).fold(0.0, f64::min);
    let size = (520.0, 58.0 + 20.0 * bars.len() as f64);
    let frame = Frame { size, left: 190.0, ..Frame::new(title, across, "") };
    let y = Axis::new(0.0, bars.len() as f64, Unit::Number);
    let top = Axis::up_to(most * 1.12, Unit::Number).high;
    // A little of the other side, where something lies there.
    let low = if least < -1e-12 { -nice(-least) } else { 0.0 };
    let mut picture = Picture::new(&frame, Axis::new(low, top, Unit::Number), y);
    for mark in marks {
        let at = picture.across(*mark);
        picture.line((at, picture.top), (at, picture.bottom), "mark");
    }
    picture.places();
    let zero = picture.across(0.0);
    for (place, (name, value, class)) in bars.iter().enumerate() {
        let y = picture.up((bars.len() - place) as f64 - 0.5);
        let end = picture.across(*value);
        picture.name((picture.left - 8.0, y + 4.0), Hang::End, name, 27);
        picture.area((zero.min(end), y - 7.0), ((end - zero).abs().max(0.5), 14.0), class, name);
        picture.say((zero.max(end) + 5.0, y + 4.0), Hang::Begin, "faint", &decimal(*value, 3));
    }
    picture.line((zero, picture.top), (zero, picture.bottom), "axis");
    picture.end()
}

/// Stability of the score and each characteristic.
pub(super) fn stability(facts: &Facts<'_>) -> String {
    let class = |drift: &Drift| match drift.verdict {
        Verdict::Stable => "good",
        Verdict::Shifted => "warn",
        Verdict::Unstable => "bad",
    };
    let mut bars: Vec<(String, f64, &'static str)> =
        facts.csi.iter().map(|one| (one.name.clone(), one.drift.value, class(&one.drift))).collect();
    bars.sort_by(|a, b| b.1.total_cmp(&a.1));
    if let Some(drift) = &facts.drift {
        bars.insert(0, ("score".to_owned(), drift.value, class(drift)));
    }
    ladder("Stability", "PSI of the score, CSI of each characteristic", &bars, &[0.1, 0.25])
}

/// What is measured of each part, drawn from left to right: a figure with its interval.
pub(super) fn by_part(title: &str, up: &str, axis: Axis, parts: &[Part], series: &[Series<'_>]) -> String {
    let most = parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
    // Names lie aslant where they would touch.
    let aslant = most as f64 * 6.6 > 450.0 / parts.len().max(1) as f64;
    let below = if aslant { 18.0 + (most.min(16) as f64) * 4.6 } else { 30.0 };
    let frame = Frame { below, size: (520.0, 220.0 + below), ..Frame::new(title, "", up) };
    let mut picture = Picture::new(&frame, Axis::new(0.0, parts.len() as f64, Unit::Number), axis);
    picture.heights();
    let (left, right, bottom) = (picture.left, picture.right, picture.bottom);
    picture.line((left, bottom), (right, bottom), "axis");
    for one in series {
        let found: Vec<(usize, Estimate)> =
            parts.iter().enumerate().filter_map(|(place, part)| Some((place, (one.figure)(part)?))).collect();
        let along = found.iter().map(|(place, estimate)| (*place as f64 + 0.5, estimate.value));
        if one.along {
            picture.curve(along, &format!("line thin {}", one.class));
        }
        for (place, estimate) in &found {
            let x = picture.across(*place as f64 + 0.5);
            picture.upright(x, (estimate.low, estimate.high), &format!("line {}", one.class));
            let told = format!("{}: {} {}", parts[*place].name, one.name, axis_text(axis, estimate.value));
            picture.dot((x, picture.up(estimate.value)), one.class, &told);
        }
    }
    for (place, part) in parts.iter().enumerate() {
        let x = picture.across(place as f64 + 0.5);
        if aslant {
            picture.aslant((x + 3.0, bottom + 14.0), &part.name, 16);
        } else {
            picture.name((x, bottom + 17.0), Hang::Middle, &part.name, 40);
        }
    }
    let legend: Vec<(&str, String)> = series.iter().map(|one| (one.class, one.name.to_owned())).collect();
    picture.legend(&legend);
    picture.end()
}

/// One figure over parts.
pub(super) struct Series<'a> {
    pub(super) class: &'static str,
    pub(super) name: &'a str,
    /// Whether neighbours are joined by a line: they follow each other.
    pub(super) along: bool,
    pub(super) figure: fn(&Part) -> Option<Estimate>,
}

fn axis_text(axis: Axis, value: f64) -> String {
    if axis.unit == Unit::Share { percent(value) } else { decimal(value, 3) }
}

fn exact(value: f64) -> Estimate {
    Estimate { value, low: value, high: value }
}

/// Ranking and bad rates of parts, one picture each; of periods also their drift.
pub(super) fn parts(parts: &[Part], periods: bool) -> Vec<String> {
    let aucs = || parts.iter().filter_map(|part| part.auc);
    let low = aucs().map(|auc| auc.low).fold(0.5, f64::min);
    let rates = parts.iter().filter_map(|part| part.bad_rate).map(|rate| rate.high);
    let most = rates.chain(parts.iter().filter_map(|part| part.predicted)).fold(0.0, f64::max).min(1.0);
    let auc = Series {
        class: "last",
        name: "AUC",
        along: periods,
        figure: |part| part.auc.map(|auc| auc.estimate()),
    };
    let predicted =
        Series { class: "good", name: "predicted", along: periods, figure: |part| part.predicted.map(exact) };
    let observed = Series { class: "bad", name: "observed", along: periods, figure: |part| part.bad_rate };
    let axis = Axis::new((low * 10.0).floor() / 10.0, 1.0, Unit::Number);
    let mut pictures = vec![
        by_part("AUC", "AUC", axis, parts, &[auc]),
        by_part("Bad rate", "bad rate", Axis::up_to(most, Unit::Share), parts, &[predicted, observed]),
    ];
    if periods {
        let drifts = parts.iter().filter_map(|part| part.drift.as_ref()).map(|drift| drift.value);
        let axis = Axis::up_to(drifts.fold(0.3, f64::max), Unit::Number);
        let figure: fn(&Part) -> Option<Estimate> =
            |part| part.drift.as_ref().map(|drift| exact(drift.value));
        pictures.push(by_part(
            "Stability",
            "PSI of the score",
            axis,
            parts,
            &[Series { class: "warn", name: "PSI", along: true, figure }],
        ));
    }
    pictures
}
