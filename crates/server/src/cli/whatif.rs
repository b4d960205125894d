//! Two policies over the same worlds: options, and where the answer goes.

use super::args::Arguments;
use super::rehearse::{SharedBar, policy, refuse, repeated, seen_from, shown_path, worlds, write};
use super::rehearse_args::WhatifArgs;
use super::whatif_page::{Asked, page, picture, rows};
use super::{Done, OK, out};
use crate::app::{AppError, Policy, Scoring, compare};

/// Answers `whatif`.
pub(super) fn whatif(arguments: &Arguments, asked: &WhatifArgs) -> Done {
    let policies = policies(&asked.policies)?;
    if asked.seeds < 2 {
        return Err(refuse(
            format!("--seeds {}", asked.seeds),
            "at least 2: one world says nothing of how much worlds differ",
        ));
    }
    let seeds: Vec<u64> = (0..u64::from(asked.seeds)).map(|n| asked.first_seed.wrapping_add(n)).collect();
    let worlds = worlds(arguments, &asked.world, seeds)?;
    let bar = SharedBar::new();
    let found = compare(&worlds, &policies, &|done, of| bar.at(done, of));
    bar.done();
    let found = found?;
    let named = Asked {
        command: command(asked, &repeated(&worlds, &asked.world)),
        size: worlds.setting.world.size,
        review_days: worlds.review_days,
        currency: worlds.setting.currency()?,
        picture: asked.svg.as_ref().zip(asked.out.as_ref()).map(|(svg, out)| seen_from(out, svg)),
        names: named(&policies),
    };
    if let Some(folder) = &asked.svg {
        write(&folder.join("whatif.svg"), &picture(&named, &found))?;
    }
    if let Some(to) = &asked.out {
        write(to, &page(&named, &found))?;
    }
    if arguments.json {
        return out::json(&found);
    }
    let [a, b] = &named.names;
    out::table(&["", a, b, "difference", "95 % interval", ""], &rows(&named, &found));
    out::line(format!(
        "\nA is {a}, B is {b}; means over {} worlds of each. Difference: B less A, paired world by world; 95 % interval by Student's t.",
        found.seeds.len()
    ));
    Ok(OK)
}

fn policies(words: &[String]) -> Result<[Policy; 2], AppError> {
    let [a, b] = words else {
        let count = words.len();
        let many = if count == 1 { "one policy".to_owned() } else { format!("{count} policies") };
        return Err(refuse(many, "give --policy twice: what there is and what there might be"));
    };
    if a == b {
        return Err(refuse(
            format!("both policies are '{a}'"),
            "the same policy in the same world gives the same",
        ));
    }
    Ok([policy(a, Scoring::Acts)?, policy(b, Scoring::Acts)?])
}

/// Names short enough for the head of a column: of a path its last part, unless both end alike.
fn named(policies: &[Policy; 2]) -> [String; 2] {
    let short = policies.each_ref().map(|policy| shown_last(&policy.name));
    let [a, b] = &short;
    if a == b { policies.each_ref().map(|policy| shown_path(policy.name.as_ref())) } else { short }
}

fn shown_last(word: &str) -> String {
    std::path::Path::new(word)
        .file_name()
        .map_or_else(|| word.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn command(asked: &WhatifArgs, worlds: &str) -> String {
    let policies: Vec<String> =
        asked.policies.iter().map(|word| format!("--policy {}", shown_path(word.as_ref()))).collect();
    let mut said = format!("probity whatif {} --seeds {}", policies.join(" "), asked.seeds);
    if asked.first_seed != 1 {
        said += &format!(" --first-seed {}", asked.first_seed);
    }
    said += &format!(" {worlds}");
    for (name, path) in [("--out", &asked.out), ("--svg", &asked.svg)] {
        said += &path.as_ref().map_or_else(String::new, |path| format!(" {name} {}", shown_path(path)));
    }
    said
}
