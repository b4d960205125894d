//! What became of the same worlds with the policies in force, as tables and in words.

use super::detect_tables::{Asked, Table, markdown, money, percent, set_name};
use crate::app::{CheatsStopped, Measured, RoleStopped, SeedsSeen};
use std::fmt::Write as _;

fn roles(seen: &SeedsSeen) -> Option<[(&'static str, &RoleStopped); 2]> {
    let [merchants, buyers] = seen.in_force.as_ref()?;
    Some([("merchants", merchants), ("buyers", buyers)])
}

/// A mean of minor units, in whole units.
fn amount(asked: &Asked, measured: Option<&Measured>) -> String {
    measured.map_or_else(|| "none".into(), |one| money(one.value.round() as i64, asked.currency))
}

fn interval(asked: &Asked, measured: Option<&Measured>) -> String {
    let end = |value: f64| money(value.round() as i64, asked.currency);
    measured.map_or_else(|| "none".into(), |one| format!("{} to {}", end(one.low), end(one.high)))
}

/// Whether a difference is sure: its interval does not hold zero.
fn verdict(difference: Option<&Measured>) -> &'static str {
    match difference {
        Some(one) if one.high < 0.0 => "less",
        Some(one) if one.low > 0.0 => "more",
        Some(one) if one.low < one.high => "not told apart",
        _ => "",
    }
}

/// What cheats of a role cost when nothing follows and with the policies in force; none where that was not asked for.
pub(super) fn rows_of_stopped(asked: &Asked, role: &str, seen: &[SeedsSeen]) -> Option<Table> {
    let header = vec![
        "archetype",
        "seeds",
        "acted",
        "harm, nothing in force",
        "harm, in force",
        "difference",
        "95 % interval",
        "",
        "out of trade",
        "median days",
        "sanctioned",
    ];
    let mut all: Vec<(String, usize, Vec<String>)> = Vec::new();
    for (set, one) in seen.iter().enumerate() {
        let (_, of) = roles(one)?.into_iter().find(|(name, _)| *name == role)?;
        let harm = |harm: &[Option<Measured>; 2], difference: Option<&Measured>| {
            let [none, acts] = harm.each_ref().map(|one| amount(asked, one.as_ref()));
            let by = amount(asked, difference);
            [none, acts, by, interval(asked, difference), verdict(difference).to_owned()]
        };
        for kind in &of.cheats {
            let CheatsStopped { archetype, parties, difference, stopped, median_days, sanctioned, .. } = kind;
            let mut row = vec![archetype.clone(), set_name(asked, set).into(), parties.to_string()];
            row.extend(harm(&kind.harm, difference.as_ref()));
            let days = median_days.map_or("never".into(), |days| format!("{days:.0}"));
            row.extend([percent(stopped.as_ref()), days, percent(sanctioned.as_ref())]);
            all.push((archetype.clone(), set, row));
        }
        let acted: usize = of.cheats.iter().map(|kind| kind.parties).sum();
        let mut row = vec![format!("all {role}"), set_name(asked, set).into(), acted.to_string()];
        row.extend(harm(&of.harm, of.difference.as_ref()));
        row.extend(["", "", ""].map(str::to_owned));
        // Behind every name.
        all.push(("~".into(), set, row));
    }
    all.sort_by(|(a, set, _), (b, other, _)| a.cmp(b).then(set.cmp(other)));
    Some((header, all.into_iter().map(|(_, _, row)| row).collect()))
}

/// Honest parties with the policies in force.
pub(super) fn rows_of_honest_stopped(asked: &Asked, seen: &[SeedsSeen]) -> Option<Table> {
    let header = vec!["honest", "seeds", "parties", "ever out of trade", "ever sanctioned"];
    let mut rows = Vec::new();
    for place in 0..2 {
        for (set, one) in seen.iter().enumerate() {
            let (role, of) = *roles(one)?.get(place)?;
            let fine = |share: Option<&Measured>| {
                share.map_or("none".into(), |one| {
                    format!("{:.2} % ({:.2} to {:.2})", one.value * 100.0, one.low * 100.0, one.high * 100.0)
                })
            };
            rows.push(vec![
                role.to_owned(),
                set_name(asked, set).into(),
                of.honest.parties.to_string(),
                fine(of.honest.stopped.as_ref()),
                fine(of.honest.sanctioned.as_ref()),
            ]);
        }
    }
    Some((header, rows))
}

/// The section of the page; nothing where the policies were not put in force.
pub(super) fn section(page: &mut String, asked: &Asked, seen: &[SeedsSeen]) {
    let Some(honest) = rows_of_honest_stopped(asked, seen) else { return };
    let _ = write!(
        page,
        "\n## With the policies in force: `{}`\n\n\
         Each world happened once more with the same seed: the policies answered every payment and payout, terms applied, and\n\
         sanctions that a rule asked for were started and lifted by nobody. A finding of fraud ends the relation at once. Harm is\n\
         the mean of a world, in {}; the difference is paired world by world, its interval Student's t. **out of trade**: share of\n\
         those that acted that could take no payment at some time at or after their first bad act, by a sanction, a gate or their\n\
         tier; **median days** from that act, over those; **sanctioned**: a limit, suspension or termination took effect. Cheats\n\
         that find no victims in one place look for others, so an archetype's harm can also grow. Harm by stolen cards and by\n\
         payments to oneself stands with the merchant and with the buyer.\n",
        asked.policy, asked.currency
    );
    if let Some(last) = seen.last().and_then(roles) {
        page.push('\n');
        for (role, of) in last {
            let [none, acts] = of.harm.each_ref().map(|one| amount(asked, one.as_ref()));
            let _ = writeln!(
                page,
                "- **Harm by {role}**: {none} a world when nothing follows, {acts} with the policies in force; difference {} ({}).",
                amount(asked, of.difference.as_ref()),
                interval(asked, of.difference.as_ref())
            );
        }
        for (role, of) in last {
            let share = |one: Option<Measured>| one.map_or(0.0, |one| one.value * 100.0);
            let _ = writeln!(
                page,
                "- **Honest {role}**: {:.2} % ever out of trade, {:.2} % ever sanctioned.",
                share(of.honest.stopped),
                share(of.honest.sanctioned)
            );
        }
    }
    for role in ["merchants", "buyers"] {
        let _ = write!(page, "\n### Cheating {role}: what they cost\n\n");
        if let Some(table) = rows_of_stopped(asked, role, seen) {
            markdown(page, &table);
        }
    }
    page.push_str("\n### Honest parties\n\n");
    markdown(page, &honest);
}
