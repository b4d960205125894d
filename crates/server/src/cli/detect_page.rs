//! What `detect` found, as a Markdown page and pictures.

use super::detect_stopped::section;
use super::detect_tables::{
    Asked, cheats, markdown, rows_of_honest, rows_of_reach, rows_of_separation, set_name,
};
use super::detect_words::{findings, method};
use super::picture::{BAND, FAINT, GREEN, GRID, Hang, INK, Picture, RUST};
use crate::app::SeedsSeen;
use std::fmt::Write as _;

/// The page.
pub(super) fn page(asked: &Asked, seen: &[SeedsSeen]) -> String {
    let mut page = String::new();
    method(&mut page, asked, seen);
    page.push_str("\n## In plain words\n\n");
    findings(&mut page, asked, seen);
    for (role, one) in [("merchants", "merchant"), ("buyers", "buyer")] {
        let _ = write!(page, "\n## Cheating {role}: how well the score tells them apart\n\n");
        markdown(&mut page, &rows_of_separation(asked, role, seen));
        if let Some(folder) = &asked.pictures {
            let _ = write!(
                page,
                "\n![What the {one} score sees of each archetype]({folder}/detection-{role}.svg)\n"
            );
        }
        let _ =
            write!(page, "\n## Cheating {role}: when, and at what cost\n\nHarm in {}.\n\n", asked.currency);
        markdown(&mut page, &rows_of_reach(asked, role, seen));
        let _ = write!(page, "\n## Honest {role}: how often they stand low\n\n");
        markdown(&mut page, &rows_of_honest(asked, role, seen));
    }
    section(&mut page, asked, seen);
    let _ = write!(page, "\nCatalogue `{}`.\n", asked.catalogue.get(..16).unwrap_or_default());
    page
}

const WIDTH: f64 = 860.0;
const ROW: f64 = 34.0;
const TOP: f64 = 92.0;
const NAMES: f64 = 150.0;
/// Left and right end of the areas under the curve, and of the shares.
const AREAS: (f64, f64) = (160.0, 480.0);
const SHARES: (f64, f64) = (550.0, 835.0);

/// The area under the curve 90 days after the first bad act, and the share that came to a gate or the lowest tier.
pub(super) fn picture(asked: &Asked, role: &str, seen: &[SeedsSeen]) -> String {
    let all = cheats(role, seen);
    let mut names: Vec<&str> = all.iter().map(|(_, kind)| kind.archetype.as_str()).collect();
    names.dedup();
    let height = TOP + ROW * names.len() as f64 + 40.0;
    let mut picture =
        Picture::new(WIDTH, height, &format!("What the score sees of cheating {role}, by archetype"));
    picture.heading((10.0, 24.0), &format!("What the score sees of cheating {role}"));
    let shift = |set: usize| (set as f64 - (seen.len() as f64 - 1.0) / 2.0) * 11.0;
    for (place, name) in names.iter().enumerate() {
        let y = TOP + ROW * (place as f64 + 0.5);
        if place % 2 == 0 {
            picture.area((10.0, y - ROW / 2.0), (WIDTH - 20.0, ROW), BAND);
        }
        picture.text((NAMES, y + 4.0), Hang::End, INK, &name.replace('_', " "));
    }
    scale(
        &mut picture,
        AREAS,
        height - 36.0,
        "area under the curve, 90 days after the first bad act",
        |at| format!("{at:.1}"),
    );
    scale(&mut picture, SHARES, height - 36.0, "share that came to a gate or the lowest tier", |at| {
        format!("{:.0} %", at * 100.0)
    });
    let coin = (AREAS.0 + AREAS.1) / 2.0;
    picture.line((coin, TOP), (coin, height - 40.0), FAINT, 1.0);
    for (set, kind) in &all {
        let Some(place) = names.iter().position(|name| *name == kind.archetype) else { continue };
        let (y, colour) = (TOP + ROW * (place as f64 + 0.5) + shift(*set), colour(asked, *set));
        let at_90 = kind.separation.iter().find(|at| at.days == Some(90)).and_then(|at| at.area);
        for (measured, (left, right)) in [(at_90, AREAS), (kind.reached, SHARES)] {
            let x = |value: f64| left + value * (right - left);
            match measured {
                Some(one) => picture.interval((x(one.low), x(one.value), x(one.high)), y, colour),
                None => picture.text((left + 6.0, y + 4.0), Hang::Begin, FAINT, "nobody to compare"),
            }
        }
    }
    for (set, _) in seen.iter().enumerate() {
        let x = WIDTH - 330.0 + 170.0 * set as f64;
        picture.dot((x, 20.0), colour(asked, set));
        let name = format!("{} seeds", set_name(asked, set));
        picture.text((x + 10.0, 24.0), Hang::Begin, INK, &name);
    }
    picture.text((10.0, 44.0), Hang::Begin, FAINT, "Bars: 95 % intervals. 0.5: a coin; 1: every cheat stands below every honest party of its age and size.");
    picture.end()
}

fn colour(asked: &Asked, set: usize) -> &'static str {
    if set_name(asked, set) == "tuning" { RUST } else { GREEN }
}

/// A scale from 0 to 1 with lines down to `bottom`.
fn scale(
    picture: &mut Picture,
    (left, right): (f64, f64),
    bottom: f64,
    title: &str,
    shown: impl Fn(f64) -> String,
) {
    picture.text(((left + right) / 2.0, TOP - 26.0), Hang::Middle, INK, title);
    for step in 0..=5 {
        let value = f64::from(step) / 5.0;
        let x = left + value * (right - left);
        picture.line((x, TOP), (x, bottom - 4.0), GRID, 1.0);
        picture.text((x, TOP - 8.0), Hang::Middle, FAINT, &shown(value));
        picture.text((x, bottom + 14.0), Hang::Middle, FAINT, &shown(value));
    }
}
