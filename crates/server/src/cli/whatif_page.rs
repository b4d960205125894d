//! What `whatif` found, as rows, a Markdown page and a picture.

use super::picture::{BAND, FAINT, GREEN, GRID, Hang, INK, Picture, RUST};
use crate::app::{Counted, MeasureCompared, Measured, Wanted, WhatIf};
use probity_primitives::Currency;
use probity_sim::setting::Size;
use std::fmt::Write as _;

/// What was asked, as the page repeats it.
pub(super) struct Asked {
    pub(super) command: String,
    pub(super) size: Size,
    pub(super) review_days: u32,
    pub(super) currency: Currency,
    /// The folder of the picture as the page names it.
    pub(super) picture: Option<String>,
    /// The policies' names.
    pub(super) names: [String; 2],
}

/// What a difference means, where that is sure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Better,
    Worse,
    Changed,
    Unsure,
    /// Nothing to compare, or nothing changed in any world.
    Nothing,
}

fn verdict(measure: &MeasureCompared) -> Verdict {
    let Some(difference) = measure.difference else { return Verdict::Nothing };
    if difference.low == 0.0 && difference.high == 0.0 {
        return Verdict::Nothing;
    }
    let (less, more) = (difference.high < 0.0, difference.low > 0.0);
    match (less, more, measure.wanted) {
        (false, false, _) => Verdict::Unsure,
        (_, _, Wanted::Neither) => Verdict::Changed,
        (true, _, Wanted::Lower) | (_, true, Wanted::Higher) => Verdict::Better,
        _ => Verdict::Worse,
    }
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Changed => "changed",
            Self::Unsure => "not told apart",
            Self::Nothing => "",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Better => GREEN,
            Self::Worse => RUST,
            Self::Changed => INK,
            Self::Unsure | Self::Nothing => "#8a8a8a",
        }
    }
}

fn shown(value: f64, counted: Counted, currency: Currency, signed: bool) -> String {
    let sign = if signed && value > 0.0 { "+" } else { "" };
    match counted {
        Counted::Money => format!("{sign}{:.0}", value / 10_f64.powi(currency.exponent() as i32)),
        Counted::Share if signed => format!("{sign}{:.1} points", value * 100.0),
        Counted::Share => format!("{:.1} %", value * 100.0),
        Counted::Days => format!("{sign}{value:.1}"),
    }
}

/// The rows of the table: measure, both policies, the difference, its interval, what it means.
pub(super) fn rows(asked: &Asked, found: &WhatIf) -> Vec<Vec<String>> {
    let row = |measure: &MeasureCompared| {
        let show = |value: f64, signed| shown(value, measure.counted, asked.currency, signed);
        let [a, b] =
            measure.by_policy.map(|one| one.map_or_else(|| "none".to_owned(), |one| show(one.value, false)));
        let difference = measure.difference.map_or_else(|| "none".to_owned(), |one| show(one.value, true));
        let interval = measure
            .difference
            .map_or_else(String::new, |one| format!("{} to {}", show(one.low, true), show(one.high, true)));
        vec![measure.title.clone(), a, b, difference, interval, verdict(measure).word().to_owned()]
    };
    found.measures.iter().map(row).collect()
}

/// The page.
pub(super) fn page(asked: &Asked, found: &WhatIf) -> String {
    let [a, b] = &asked.names;
    let mut page = format!(
        "# What if: {b} in place of {a}\n\n\
         Made by\n\n```\n{}\n```\n\n\
         {} simulated worlds, each lived twice with the same seed: once under A ({a}), once under B ({b}). In each {} merchants\n\
         and {} buyers trade for {} days. Every event goes through the code that scores live, and every order is asked\n\
         for: the payment policy answers it with the scores of that moment, limits and exposure counted. Every {} days everybody is\n\
         scored, and the tier decides which badge buyers see, when merchants are paid, what is kept in reserve, and the discounts.\n\
         Whoever is found out is out of trade. So reputation moves sales, and what a policy prevents does not happen. Amounts are\n\
         in {}.\n\n\
         Figures are means over worlds. The difference is B less A, paired world by world; the interval is Student's t at 95 %\n\
         over the {} worlds. \"Not told apart\" says that the interval holds 0. With this many rows, one in twenty falls\n\
         outside by chance.\n",
        asked.command,
        found.seeds.len(),
        asked.size.merchants,
        asked.size.buyers,
        asked.size.days,
        asked.review_days,
        asked.currency,
        found.seeds.len(),
    );
    if let Some(folder) = &asked.picture {
        let _ = write!(page, "\n![Differences with intervals]({folder}/whatif.svg)\n");
    }
    let mut group = "";
    for (measure, row) in found.measures.iter().zip(rows(asked, found)) {
        if measure.group != group {
            group = measure.group;
            let head = group.get(..1).unwrap_or_default().to_uppercase() + group.get(1..).unwrap_or_default();
            let _ = write!(
                page,
                "\n## {head}\n\n| measure | A: {a} | B: {b} | B − A | 95 % interval | |\n|---|---:|---:|---:|---|---|\n"
            );
        }
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
    page.push_str(&words());
    page
}

fn words() -> String {
    "\n## What the words mean\n\n\
     - **Harm**: what victims of cheats had lost before anybody made up for it: what was paid for nothing, taken back falsely\n  \
     or given away. **Net losses of the platform**: what it laid out for merchants and never got back, and credit written off.\n\
     - **Sales** count what was paid, vouchers included; honest orders are those that both sides meant.\n\
     - **Compensation**: refunds that the merchant's balance did not cover and the guarantee fund bore.\n\
     - **Reserve**: part of what merchants earned, kept for 90 days. **Discounts** to buyers are paid by the platform, on top of\n  \
     its other costs; lower fees of merchants show in the fees.\n\
     - **Turned away**: what orders would have brought that were declined, given up at a further proof, or cut to a limit.\n\
     - **The circle** compares each merchant with itself: the same shops in the same worlds, told apart by the tier in which they\n  \
     end under the policy that has tiers (B, if both have). Which tier that is depends on how they did, so a good tier's sales\n  \
     hold some luck; the difference between the columns is what the policy does.\n\
     - **Wrongly limited**: honest parties that could not trade at some time, or ever stood in the lowest tier.\n\
     - **Caught**: cheats that came to a gate, into the lowest tier or out of trade at or after their first bad act, of all\n  \
     that acted; the days are counted from that act. Under `none` nobody is scored, so nobody is caught.\n\
     - The worlds are assumptions; see `docs/guides/whatif.md` for what such a comparison can and cannot say.\n"
        .to_owned()
}

const WIDTH: f64 = 860.0;
const ROW: f64 = 22.0;
const LEFT: f64 = 330.0;
const RIGHT: f64 = 690.0;

/// A row of the picture: its measure, and the difference on the panel's scale.
type Shown<'a> = (&'a MeasureCompared, Measured);

/// Differences with intervals: money in percent of A, shares in points, days.
pub(super) fn picture(asked: &Asked, found: &WhatIf) -> String {
    let panels = [
        (Counted::Money, "Money: change in % of A"),
        (Counted::Share, "Shares: change in percentage points"),
        (Counted::Days, "Days"),
    ];
    let panels: Vec<(&str, Vec<Shown<'_>>)> =
        panels.into_iter().map(|(counted, title)| (title, on_scale(found, counted))).collect();
    let panels: Vec<_> = panels.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    let count: usize = panels.iter().map(|(_, rows)| rows.len()).sum();
    let height = 84.0 + panels.len() as f64 * 62.0 + count as f64 * ROW;
    let [a, b] = &asked.names;
    let mut picture = Picture::new(WIDTH, height, &format!("What if: {b} in place of {a}"));
    picture.heading((16.0, 26.0), &format!("What if: {b} (B) in place of {a} (A)"));
    picture.text(
        (16.0, 46.0),
        Hang::Begin,
        FAINT,
        &format!(
            "B less A, means over {} worlds, paired; bars: 95 % intervals by Student's t, cut at the edges",
            found.seeds.len()
        ),
    );
    let mut x = 16.0;
    for verdict in [Verdict::Better, Verdict::Worse, Verdict::Changed, Verdict::Unsure] {
        picture.dot((x + 5.0, 62.0), verdict.colour());
        picture.text((x + 15.0, 66.0), Hang::Begin, INK, verdict.word());
        x += 90.0;
    }
    let mut top = 92.0;
    for (title, rows) in &panels {
        top = panel(&mut picture, asked, top, title, rows);
    }
    picture.end()
}

/// The differences of one kind on the scale of its panel. Money without any under A has no percentage and no row.
fn on_scale(found: &WhatIf, counted: Counted) -> Vec<Shown<'_>> {
    found.measures.iter().filter(|measure| measure.counted == counted).filter_map(scaled).collect()
}

fn scaled(measure: &MeasureCompared) -> Option<Shown<'_>> {
    let factor = match measure.counted {
        Counted::Money => 100.0 / measure.by_policy[0].map(|a| a.value).filter(|value| *value > 0.0)?,
        Counted::Share => 100.0,
        Counted::Days => 1.0,
    };
    let one = measure.difference?;
    Some((measure, Measured { value: one.value * factor, low: one.low * factor, high: one.high * factor }))
}

/// A step of the scale: 1, 2 or 5 times a power of ten, so that a span has three to eight of them.
fn step(span: f64) -> f64 {
    let raw = span.max(1e-9) / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= raw).unwrap_or(raw)
}

fn panel(picture: &mut Picture, asked: &Asked, top: f64, title: &str, rows: &[Shown<'_>]) -> f64 {
    // A wild interval must not flatten the others: the scale ends at twice the largest value, bars are cut there.
    let most = rows.iter().map(|(_, one)| one.value.abs()).fold(0.0_f64, f64::max).max(0.1) * 2.0;
    let ends = rows.iter().flat_map(|(_, one)| [one.low.max(-most), one.high.min(most)]);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    let step = step(high - low);
    let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
    let x = |value: f64| LEFT + (value.clamp(low, high) - low) / (high - low).max(1e-9) * (RIGHT - LEFT);
    picture.heading((16.0, top + 14.0), title);
    let (first, bottom) = (top + 26.0, top + 26.0 + ROW * rows.len() as f64);
    for place in (0..rows.len()).step_by(2) {
        picture.area((10.0, first + ROW * place as f64), (WIDTH - 20.0, ROW), BAND);
    }
    let count = ((high - low) / step).round() as usize;
    for place in 0..=count {
        let value = low + step * place as f64;
        let zero = value.abs() < step / 1e6;
        picture.line((x(value), first), (x(value), bottom), if zero { FAINT } else { GRID }, 1.0);
        let digits = usize::from(step < 1.0) + usize::from(step < 0.1);
        let value = if zero { 0.0 } else { value };
        picture.text(
            (x(value), bottom + 14.0),
            Hang::Middle,
            FAINT,
            &format!("{value:+.digits$}").replace("+0", "0"),
        );
    }
    for (place, (measure, one)) in rows.iter().enumerate() {
        let y = first + ROW * (place as f64 + 0.5);
        let verdict = verdict(measure);
        picture.text((LEFT - 16.0, y + 4.0), Hang::End, INK, &measure.title);
        picture.interval((x(one.low), x(one.value), x(one.high)), y, verdict.colour());
        let difference = measure.difference.map_or(0.0, |one| one.value);
        let mut text = shown(difference, measure.counted, asked.currency, true);
        if measure.counted == Counted::Money {
            let _ = write!(text, " {} ({:+.0} %)", asked.currency, one.value);
        }
        picture.text((RIGHT + 14.0, y + 4.0), Hang::Begin, verdict.colour(), &text);
    }
    bottom + 36.0
}

#[cfg(test)]
mod tests {
    use super::step;

    #[test]
    fn scales_have_round_steps() {
        for (span, expected) in
            [(10.0, 2.0), (7.0, 2.0), (100.0, 20.0), (0.4, 0.1), (26.0, 10.0), (0.0, 2e-10)]
        {
            assert!((step(span) - expected).abs() < expected * 1e-6, "{span}: {}", step(span));
        }
    }
}
