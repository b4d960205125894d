//! What the score sees of known cheats: options, and where the answer goes.

use super::args::Arguments;
use super::detect_page::{page, picture};
use super::detect_stopped::{rows_of_honest_stopped, rows_of_stopped};
use super::detect_tables::{Asked, rows_of_honest, rows_of_reach, rows_of_separation};
use super::rehearse::{SharedBar, policies, refuse, repeated, seen_from, shown_path, worlds, write};
use super::rehearse_args::DetectArgs;
use super::{Done, OK, out};
use crate::app::{Scoring, SeedsSeen, detect as look};

/// Answers `detect`.
pub(super) fn detect(arguments: &Arguments, asked: &DetectArgs) -> Done {
    let in_force = asked.policies != ["none"];
    let starter = ["starter".to_owned()];
    let policy = policies(if in_force { &asked.policies } else { &starter }, Scoring::Watches)?;
    let Some(catalogue) = &policy.catalogue else {
        return Err(refuse("--policy none beside others", "none stands alone"));
    };
    let sets: Vec<Vec<u64>> = [asked.tuned_seeds.clone(), asked.seeds.clone()]
        .into_iter()
        .filter(|seeds| !seeds.is_empty())
        .collect();
    let worlds = worlds(arguments, &asked.world, sets.concat())?;
    let bar = SharedBar::new();
    let seen = look(&worlds, &policy, in_force, &sets, &|done, of| bar.at(done, of));
    bar.done();
    let seen = seen?;
    let named = Asked {
        command: command(asked, &repeated(&worlds, &asked.world)),
        tuned: !asked.tuned_seeds.is_empty(),
        size: worlds.setting.world.size,
        review_days: worlds.review_days,
        currency: worlds.setting.currency()?,
        pictures: asked.svg.as_ref().zip(asked.out.as_ref()).map(|(svg, out)| seen_from(out, svg)),
        catalogue: catalogue.hash.to_string(),
        policy: policy.name.clone(),
    };
    if let Some(folder) = &asked.svg {
        for (file, role) in [("detection-merchants.svg", "merchants"), ("detection-buyers.svg", "buyers")] {
            write(&folder.join(file), &picture(&named, role, &seen))?;
        }
    }
    if let Some(to) = &asked.out {
        write(to, &page(&named, &seen))?;
    }
    if arguments.json {
        return out::json(&seen);
    }
    show(&named, &seen);
    Ok(OK)
}

fn command(asked: &DetectArgs, worlds: &str) -> String {
    let list = |seeds: &[u64]| seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    let mut said = format!("probity detect --seeds {}", list(&asked.seeds));
    if !asked.tuned_seeds.is_empty() {
        said += &format!(" --tuned-seeds {}", list(&asked.tuned_seeds));
    }
    for policy in asked.policies.iter().filter(|policy| *policy != "starter") {
        said += &format!(" --policy {}", shown_path(policy.as_ref()));
    }
    said += &format!(" {worlds}");
    for (name, path) in [("--out", &asked.out), ("--svg", &asked.svg)] {
        said += &path.as_ref().map_or_else(String::new, |path| format!(" {name} {}", shown_path(path)));
    }
    said
}

fn show(named: &Asked, seen: &[SeedsSeen]) {
    for role in ["merchants", "buyers"] {
        let (header, rows) = rows_of_separation(named, role, seen);
        out::line(format!(
            "\nCheating {role}: how well they are told apart from honest ones of the same age and size\n"
        ));
        out::table(&header, &rows);
        let (header, rows) = rows_of_reach(named, role, seen);
        out::line(format!(
            "\nCheating {role}: when they come to a gate or the lowest tier, and what they cost\n"
        ));
        out::table(&header, &rows);
        let (header, rows) = rows_of_honest(named, role, seen);
        out::line(format!("\nHonest {role}: how often they stand low\n"));
        out::table(&header, &rows);
        if let Some((header, rows)) = rows_of_stopped(named, role, seen) {
            out::line(format!("\nCheating {role}: what they cost with the policies in force\n"));
            out::table(&header, &rows);
        }
    }
    if let Some((header, rows)) = rows_of_honest_stopped(named, seen) {
        out::line("\nHonest parties with the policies in force\n");
        out::table(&header, &rows);
    }
}
