//! How a simulated marketplace compares with the real one, as a Markdown page and pictures.

use super::plot::{Frame, bars, curves};
use probity_sim::fit::Fitted;
use probity_sim::marginal::{Data, Marginal};
use std::fmt::Write as _;

/// What was asked, as the page repeats it.
pub(super) struct Asked {
    pub(super) command: String,
    pub(super) delivered_weight: f64,
    pub(super) origin: String,
    pub(super) seeds: Vec<u64>,
    pub(super) splits: u64,
    pub(super) sampled: usize,
}

/// A marginal of the real sample beside simulated ones.
pub(super) struct Compared {
    pub(super) marginal: Marginal,
    pub(super) real: Data,
    pub(super) simulated: Data,
    /// Of each simulated world.
    pub(super) distances: Vec<f64>,
    /// Between halves of the real sample.
    pub(super) halves: f64,
}

/// A distance up to this is small, chance or not: one order in twenty lies elsewhere.
const SMALL: f64 = 0.05;

impl Compared {
    /// The mean over the worlds.
    pub(super) fn distance(&self) -> f64 {
        self.distances.iter().sum::<f64>() / self.distances.len().max(1) as f64
    }

    /// Which distance it is.
    pub(super) fn measure(&self) -> &'static str {
        match self.real {
            Data::Numbers(_) => "Kolmogorov–Smirnov",
            Data::Classes(_) => "total variation",
        }
    }

    /// In a word.
    pub(super) fn verdict(&self) -> &'static str {
        match self.distance() {
            distance if distance <= self.halves => "as alike as halves",
            distance if distance <= SMALL => "close",
            _ => "differs",
        }
    }
}

/// The picture of one.
pub(super) fn picture(one: &Compared) -> String {
    let note = format!(
        "{} {:.3}; between random halves of the real sample {:.3}",
        one.measure(),
        one.distance(),
        one.halves
    );
    let frame = Frame { title: one.marginal.title, axis: one.marginal.axis, note: &note };
    match (&one.real, &one.simulated) {
        (Data::Numbers(real), Data::Numbers(simulated)) => {
            curves(&frame, one.marginal.logarithmic, real, simulated)
        }
        (Data::Classes(real), Data::Classes(simulated)) => {
            bars(&frame, &one.marginal.classes, real, simulated)
        }
        _ => bars(&frame, &[], &[], &[]),
    }
}

/// The page.
pub(super) fn page(asked: &Asked, fitted: &Fitted, compared: &[Compared]) -> String {
    let mut page = String::new();
    head(&mut page, asked, fitted);
    page.push_str(
        "| marginal | real | simulated | distance | | between halves | verdict |\n|---|---|---|---|---:|---:|---|\n",
    );
    for one in compared {
        let _ = writeln!(
            page,
            "| [{}](#{}) | {} | {} | {} | {:.3} | {:.3} | {} |",
            one.marginal.title,
            one.marginal.name,
            in_short(&one.real, one),
            in_short(&one.simulated, one),
            one.measure(),
            one.distance(),
            one.halves,
            one.verdict()
        );
    }
    findings(&mut page, fitted, compared);
    page.push_str("\n## Pictures\n");
    for one in compared {
        let worlds: Vec<String> = one.distances.iter().map(|distance| format!("{distance:.3}")).collect();
        let _ = write!(
            page,
            "\n### {}\n\n![{}: real and simulated](pictures/calibration-{}.svg)\n\n{} {:.3} ({}); between halves {:.3}.\n",
            one.marginal.name,
            one.marginal.title,
            one.marginal.name,
            one.measure(),
            one.distance(),
            worlds.join(", "),
            one.halves
        );
    }
    page
}

fn head(page: &mut String, asked: &Asked, fitted: &Fitted) {
    let market = &fitted.market;
    let seeds: Vec<String> = asked.seeds.iter().map(u64::to_string).collect();
    let _ = write!(
        page,
        "# How well the simulated marketplace fits the real one\n\n\
         Made by\n\n```\n{}\n```\n\n\
         from {}. The sample holds {} orders (each merchant's part of a purchase is one). It has every order that was not\n\
         delivered and one of {} delivered ones, so a delivered order counts {} times wherever orders are counted.\n\n\
         The simulated marketplace has the sample's months ({} days from {}), about its {:.0} orders, {} merchants, {} buyers,\n\
         average merchants and honest buyers alone, and {:.0} % of its parties on the first day, the others joining evenly, as\n\
         the sample's growth suggests. From each simulated world a sample is drawn like the real one (every undelivered order, the\n\
         delivered ones by chance, merchants left out where the real sample names none) and weighed alike. Parameters were fitted\n\
         with one seed; the worlds below have others ({}).\n\n\
         **Distances** run from 0 (the same) to 1 (nothing in common). For numbers it is that of Kolmogorov and Smirnov: the largest\n\
         difference between the shares at or below any number. For classes it is the total variation: the share of orders that\n\
         would have to change class. Distances are means over {} worlds. Beside each stands the mean distance between two random halves\n\
         of the real sample ({} splits): so much is chance. Halves are smaller than the whole, so whole samples of one market would lie\n\
         apart by about 0.7 of that. *As alike as halves*: at most that distance. *Close*: more, but at most {}. *Differs*: more than that.\n\n",
        asked.command,
        asked.origin,
        asked.sampled,
        asked.delivered_weight,
        asked.delivered_weight,
        market.days,
        market.begin,
        market.orders,
        market.merchants,
        market.buyers,
        market.there_at_begin * 100.0,
        seeds.join(", "),
        asked.seeds.len(),
        asked.splits,
        SMALL
    );
}

/// Median and the middle nine tenths, or the heaviest class.
fn in_short(data: &Data, one: &Compared) -> String {
    match data {
        Data::Numbers(sample) => {
            let [low, middle, high] = [0.05, 0.5, 0.95].map(|share| short(sample.quantile(share)));
            format!("{middle} ({low} to {high}) {}", one.marginal.axis)
        }
        Data::Classes(weights) => {
            let sum: f64 = weights.iter().sum();
            let mut ranked: Vec<(usize, f64)> = weights.iter().copied().enumerate().collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
            let named = ranked.iter().take(2).map(|(at, weight)| {
                let class = one.marginal.classes.get(*at).map(String::as_str).unwrap_or_default();
                format!("{class}: {:.1} %", weight / sum.max(1e-300) * 100.0)
            });
            named.collect::<Vec<_>>().join(", ")
        }
    }
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// The table in words, whatever it says.
fn findings(page: &mut String, fitted: &Fitted, compared: &[Compared]) {
    page.push_str("\n## What fits and what does not\n\n");
    for (verdict, words) in [
        ("as alike as halves", "No further away than halves of the sample from each other"),
        ("close", "Further away, but at most one order in twenty lies elsewhere"),
        ("differs", "Different"),
    ] {
        let named: Vec<String> = compared
            .iter()
            .filter(|one| one.verdict() == verdict)
            .map(|one| format!("{} ({:.3})", one.marginal.name, one.distance()))
            .collect();
        let named = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
        let _ = writeln!(page, "- {words}: {named}.");
    }
    for remark in &fitted.remarks {
        let _ = writeln!(page, "- {remark}.");
    }
    let tried: Vec<String> = fitted
        .tried
        .iter()
        .map(|tried| format!("{} ({:.3}, {} merchants)", tried.spread, tried.distance, tried.merchants))
        .collect();
    let _ = write!(
        page,
        "- Spreads of visibility that were tried, with the distance of orders per merchant from the real ones and the merchants at which\n  \
         as many are named in a sample: {}.\n\n\
         Known limits, whatever the distances say:\n\n\
         - Marginals are fitted one by one. Of what goes together only late delivery (transit and promise), handling within and between\n  \
         merchants, and stars by lateness are fitted; weekday and handling, price and category, or size and speed of a merchant are not.\n\
         - Months are those of {} days. A straight line through the orders a day takes growth out; a calendar month that was seen once\n  \
         (most of them) holds that year's accidents too. Months that were not seen count as the mean.\n\
         - A simulated rating never comes before the parcel. In the sample some do, mostly of late ones; they count for stars, not for the\n  \
         time from delivery to rating.\n\
         - A cancellation whose author is unknown counts as the buyer's change of mind. What was paid and never sent counts as stuck.\n\
         - Prices are spread alike in all merchants of a category; real merchants keep to a price range of their own.\n",
        tried.join(", "),
        fitted.market.days
    );
}
