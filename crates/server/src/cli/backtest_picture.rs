//! Pictures of a backtest: approval and losses by group; outcomes, and what became of them.

use super::picture::{BAND, FAINT, GREEN, GRID, Hang, INK, Picture, RUST};
use crate::app::{Backtested, BecameRow, Grouped};
use probity_primitives::{Currency, Money};

const WIDTH: f64 = 900.0;
const ROW: f64 = 26.0;
const TOP: f64 = 96.0;
/// Where the shares begin and end, and where the losses do.
const SHARES: (f64, f64) = (230.0, 530.0);
const LOSSES: (f64, f64) = (570.0, 790.0);

/// Approval with its interval, and what was lost, of each group: then above now.
pub(super) fn of_groups(found: &Backtested, currency: Currency) -> String {
    let groups: Vec<&Grouped> = found.groups.iter().filter(|group| group.by != "category").collect();
    let height = TOP + ROW * groups.len() as f64 + 40.0;
    let mut picture = Picture::new(WIDTH, height, "Backtest: approval and losses by group");
    picture.heading((16.0, 26.0), "Approval and losses by group, then and now");
    for (x, colour, word) in [(16.0, GREEN, "then"), (90.0, RUST, "now")] {
        picture.dot((x + 5.0, 46.0), colour);
        picture.text((x + 15.0, 50.0), Hang::Begin, INK, word);
    }
    picture.text((170.0, 50.0), Hang::Begin, FAINT, "bars over approvals: 95 % intervals (Wilson)");
    picture.text((SHARES.0, TOP - 18.0), Hang::Begin, FAINT, "let through, % of requests");
    picture.text((LOSSES.0, TOP - 18.0), Hang::Begin, FAINT, &format!("loss let through, {currency}"));
    let bottom = TOP + ROW * groups.len() as f64;
    for place in (0..groups.len()).step_by(2) {
        picture.area((10.0, TOP + ROW * place as f64), (WIDTH - 20.0, ROW), BAND);
    }
    let share = |value: f64| SHARES.0 + value * (SHARES.1 - SHARES.0);
    for step in 0..=4 {
        let value = f64::from(step) / 4.0;
        picture.line((share(value), TOP), (share(value), bottom), GRID, 1.0);
        picture.text((share(value), bottom + 16.0), Hang::Middle, FAINT, &format!("{:.0}", value * 100.0));
    }
    let losses = groups.iter().flat_map(|group| [group.tally.then.loss, group.tally.now.loss]);
    let most = losses.max().unwrap_or(0).max(1) as f64;
    let mut by = "";
    for (place, group) in groups.iter().enumerate() {
        let y = TOP + ROW * (place as f64 + 0.5);
        let name = format!("{} {}", group.by.replace('_', " "), group.group);
        let hang = if group.by == by { FAINT } else { INK };
        by = group.by;
        picture.text((SHARES.0 - 12.0, y + 4.0), Hang::End, hang, &name);
        for (stood, colour, up) in [(&group.tally.then, GREEN, -5.0), (&group.tally.now, RUST, 5.0)] {
            if let Some(approval) = stood.approval {
                let ends = (share(approval.low), share(approval.value), share(approval.high));
                picture.interval(ends, y + up, colour);
            }
            let length = stood.loss as f64 / most * (LOSSES.1 - LOSSES.0);
            picture.area((LOSSES.0, y + up - 4.0), (length, 8.0), colour);
            let text = Money { minor: stood.loss, currency }.decimal();
            picture.text((LOSSES.0 + length + 6.0, y + up + 4.0), Hang::Begin, colour, &text);
        }
    }
    picture.end()
}

const CELL: (f64, f64) = (120.0, 34.0);
const NAMES: f64 = 170.0;

/// A colour between white and another, by how much of it there is.
fn shade(of: (u32, u32, u32), share: f64) -> String {
    let mix = |full: u32| {
        let full = f64::from(full);
        (255.0 + (full - 255.0) * share.clamp(0.0, 1.0).sqrt() * 0.8).round() as u32
    };
    format!("#{:02x}{:02x}{:02x}", mix(of.0), mix(of.1), mix(of.2))
}

struct Grid<'a> {
    title: &'a str,
    columns: Vec<&'a str>,
    rows: Vec<(&'a str, Vec<u64>)>,
    /// Column whose counts are bad.
    bad: Option<usize>,
}

fn grid(picture: &mut Picture, top: f64, grid: &Grid<'_>) -> f64 {
    picture.heading((16.0, top + 14.0), grid.title);
    let head = top + 42.0;
    for (place, column) in grid.columns.iter().enumerate() {
        picture.text(
            (NAMES + CELL.0 * (place as f64 + 0.5), head),
            Hang::Middle,
            FAINT,
            &column.replace('_', " "),
        );
    }
    let all: u64 = grid.rows.iter().flat_map(|(_, counts)| counts).sum();
    for (place, (name, counts)) in grid.rows.iter().enumerate() {
        let y = head + 10.0 + CELL.1 * place as f64;
        picture.text((NAMES - 10.0, y + 22.0), Hang::End, INK, &name.replace('_', " "));
        for (column, count) in counts.iter().enumerate() {
            let colour = if grid.bad == Some(column) { (184, 80, 11) } else { (11, 110, 79) };
            let x = NAMES + CELL.0 * column as f64;
            let share = *count as f64 / all.max(1) as f64;
            picture.area((x + 1.0, y + 1.0), (CELL.0 - 2.0, CELL.1 - 2.0), &shade(colour, share));
            picture.text((x + CELL.0 / 2.0, y + 22.0), Hang::Middle, INK, &count.to_string());
        }
    }
    head + 10.0 + CELL.1 * grid.rows.len() as f64 + 26.0
}

const OUTCOMES: [&str; 5] = ["approve", "approve_with_limit", "step_up", "review", "decline"];

/// Outcome then by outcome now, and what became of what the candidate decides.
pub(super) fn of_outcomes(found: &Backtested) -> String {
    let count = |then: &str, now: &str| {
        let own = found.outcomes.iter().find(|row| row.then.as_str() == then && row.now.as_str() == now);
        own.map_or(0, |row| row.requests)
    };
    let rows: Vec<(&str, Vec<u64>)> =
        OUTCOMES.iter().map(|then| (*then, OUTCOMES.iter().map(|now| count(then, now)).collect())).collect();
    let became = |row: &BecameRow| (row.outcome, vec![row.good, row.bad, row.nothing, row.unknown]);
    let became: Vec<(&str, Vec<u64>)> = found.became_now.iter().map(became).collect();
    let height = 40.0 + CELL.1 * (rows.len() + became.len()) as f64 + 190.0;
    let mut picture = Picture::new(NAMES + CELL.0 * 5.0 + 30.0, height, "Backtest: outcomes");
    let columns = OUTCOMES.to_vec();
    let top =
        grid(&mut picture, 20.0, &Grid { title: "Then (rows) and now (columns)", columns, rows, bad: None });
    let columns = vec!["good", "bad", "nothing", "unknown"];
    let title = "What the candidate decides (rows), and what became of it";
    grid(&mut picture, top, &Grid { title, columns, rows: became, bad: Some(1) });
    picture.end()
}
