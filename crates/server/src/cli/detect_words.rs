//! The detection report in words, whatever it says.

use super::detect_tables::{Asked, role_of, set_name};
use crate::app::{CheatsSeen, HonestSeen, Measured, SeedsSeen};
use std::fmt::Write as _;

/// What was done.
pub(super) fn method(page: &mut String, asked: &Asked, seen: &[SeedsSeen]) {
    let events: u64 = seen.iter().map(|one| one.events).sum();
    let seeds = |place: usize, one: &SeedsSeen| {
        let list = one.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        format!("the {} seeds are {list}", set_name(asked, place))
    };
    let sets: Vec<String> = seen.iter().enumerate().map(|(place, one)| seeds(place, one)).collect();
    let _ = write!(
        page,
        "# What the score sees of known cheats\n\n\
         Made by\n\n```\n{}\n```\n\n\
         Real data never says which merchant meant to vanish. Simulated worlds do. In each of these worlds {} merchants and {}\n\
         buyers trade for {} days ({events} events in all worlds together), and every event goes through the same code that\n\
         scores live. Everybody is scored every {} days. The score only watches: nobody is stopped, no badge is shown, so that\n\
         what would have followed is seen.{}\n\nIn the tables {}.{}\n\n",
        asked.command,
        asked.size.merchants,
        asked.size.buyers,
        asked.size.days,
        asked.review_days,
        match seen.iter().any(|one| one.in_force.is_some()) {
            true => " What becomes of the same worlds with the policies in force stands at the end.",
            false => "",
        },
        sets.join(",\n"),
        if asked.tuned {
            "\nA card may be tuned with an eye on the first only; the others say what it is worth."
        } else {
            ""
        }
    );
    page.push_str(
        "- **acted**: parties that did something meant ill and were scored afterwards.\n\
         - **Told apart**: the area under the curve (AUC). Each cheat, so many days after its first bad act, is set against\n  \
         honest parties of the same world, at the same review, in the same band of tenure (ends 90, 180, 365, 730 days) and of\n  \
         matured orders (ends 1, 5, 15, 40), at most 40 of them by lot; the figure is the mean share of them that stand higher,\n  \
         ties half. 0.5 is a coin, below 0.5 cheats stand *higher*. In brackets the 95 % interval of a bootstrap over parties\n  \
         (500 resamplings: persons or rings behind the cheats with all their accounts, and honest parties within their world).\n  \
         With fewer than ten persons such an interval is too narrow.\n\
         - **reached**: came to a gate or into the lowest tier at or after the first bad act; interval by Wilson. **median days**\n  \
         is counted from the first bad act, over those that did. **low before**: stood there already at the review before it.\n\
         - **told of**: the platform was told by somebody that the party broke the rules (an established violation, which is an\n  \
         event like others). **reached untold**: came there before that, or without it: what conduct alone gave away.\n\
         - **Harm**: what victims had lost before anybody made up for it. **until then** is harm of orders placed before the\n  \
         party was reached, all of it for those that never were; **after it** is the share that stopping at once would have saved.\n\
         - **Honest** means that no ill was meant. Slow and overwhelmed shops do ship late, over-borrowers and the delinquent by\n  \
         shock do not pay: standing low can be right about them. About the others it is an error.\n\
         - Archetypes, their shares and their parameters are assumptions (`catalogue/worlds/marketplace.toml`); cheats are far\n  \
         more common here than on an orderly marketplace. AUC and shares of an archetype do not depend on how common it is,\n  \
         except through the platform's means; sums of harm do.\n",
    );
}

/// What decides how an archetype is spoken of: the set of seeds nobody tuned on, else the only one.
fn judged<'a>(role: &str, seen: &'a [SeedsSeen]) -> &'a [CheatsSeen] {
    seen.last().map_or(&[], |last| role_of(last, role).cheats.as_slice())
}

/// Persons behind cheats below which an interval says too little.
const FEW: usize = 8;

/// The separation after 90 days, where enough persons stand behind it.
fn area_of(kind: &CheatsSeen) -> Option<Measured> {
    kind.separation.iter().find(|at| at.days == Some(90) && at.persons >= FEW).and_then(|at| at.area)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// The tables in words.
pub(super) fn findings(page: &mut String, asked: &Asked, seen: &[SeedsSeen]) {
    let _ = writeln!(
        page,
        "Judged by the {} seeds, 90 days after the first bad act:\n",
        set_name(asked, seen.len().saturating_sub(1))
    );
    for role in ["merchants", "buyers"] {
        about_cheats(page, role, judged(role, seen));
    }
    for role in ["merchants", "buyers"] {
        if let Some(last) = seen.last() {
            about_honest(page, role, &role_of(last, role).honest);
        }
    }
    if let [first, last] = seen {
        differences(page, first, last);
    }
}

fn about_cheats(page: &mut String, role: &str, kinds: &[CheatsSeen]) {
    let with = |which: &dyn Fn(&Measured) -> bool| {
        let chosen = kinds.iter().filter_map(|kind| Some((kind, area_of(kind)?)));
        let chosen = chosen.filter(|(_, area)| which(area));
        list(
            &chosen.map(|(kind, area)| format!("{} ({:.2})", kind.archetype, area.value)).collect::<Vec<_>>(),
        )
    };
    let _ = writeln!(
        page,
        "- **{role}, seen**, surely better than three in four: {}.",
        with(&|area| area.low > 0.75)
    );
    let _ = writeln!(
        page,
        "- **{role}, seen in part**, surely better than a coin, not surely better than three in four: {}.",
        with(&|area| area.low > 0.5 && area.low <= 0.75)
    );
    let _ = writeln!(
        page,
        "- **{role}, not seen**, not surely better than a coin: {}.",
        with(&|area| area.low <= 0.5 && area.high >= 0.5)
    );
    let _ = writeln!(
        page,
        "- **{role}, mistaken for good**, surely ranked above honest ones of their age and size: {}.",
        with(&|area| area.high < 0.5)
    );
    let none: Vec<String> =
        kinds.iter().filter(|kind| area_of(kind).is_none()).map(|kind| kind.archetype.clone()).collect();
    if !none.is_empty() {
        let _ = writeln!(
            page,
            "- {role} of whom too few (under {FEW} persons) can be compared at that age: {}.",
            list(&none)
        );
    }
    let missed = kinds.iter().filter(|kind| kind.reached.is_some_and(|share| share.value < 0.2));
    let missed: Vec<String> = missed
        .map(|kind| {
            format!("{} ({:.0} %)", kind.archetype, kind.reached.map_or(0.0, |share| share.value) * 100.0)
        })
        .collect();
    let _ = writeln!(
        page,
        "- **{role} that hardly ever come to a gate or the lowest tier** (under a fifth): {}.",
        list(&missed)
    );
    let leaning = kinds.iter().filter(|kind| {
        let value = |share: Option<Measured>| share.map_or(0.0, |share| share.value);
        value(kind.reached) >= 0.2 && value(kind.untold) < value(kind.reached) / 2.0
    });
    let leaning: Vec<String> = leaning.map(|kind| kind.archetype.clone()).collect();
    let _ = writeln!(
        page,
        "- {role} of which most are stopped only because somebody told the platform: {}.",
        list(&leaning)
    );
    about_harm(page, role, kinds);
}

fn about_harm(page: &mut String, role: &str, kinds: &[CheatsSeen]) {
    let (harm, until) =
        kinds.iter().fold((0, 0), |(harm, until), kind| (harm + kind.harm, until + kind.harm_until));
    if harm > 0 {
        let mut late: Vec<&CheatsSeen> = kinds.iter().filter(|kind| kind.harm_until > 0).collect();
        late.sort_by_key(|kind| std::cmp::Reverse(kind.harm_until));
        let late: Vec<String> = late
            .iter()
            .take(3)
            .map(|kind| format!("{} ({:.0} %)", kind.archetype, 100.0 * kind.harm_until as f64 / harm as f64))
            .collect();
        let _ = writeln!(
            page,
            "- Of all harm by {role}, {:.0} % is done before they are reached, most of it by: {}.",
            100.0 * until as f64 / harm as f64,
            list(&late)
        );
    }
}

fn about_honest(page: &mut String, role: &str, kinds: &[HonestSeen]) {
    let share = |share: Option<Measured>| share.map_or(0.0, |share| share.value) * 100.0;
    let Some(all) = kinds.iter().find(|kind| kind.archetype.is_empty()) else { return };
    let mut worse: Vec<&HonestSeen> = kinds
        .iter()
        .filter(|kind| {
            !kind.archetype.is_empty() && share(kind.ever_low) > 2.0 * share(all.ever_low).max(0.05)
        })
        .collect();
    worse.sort_by(|a, b| share(b.ever_low).total_cmp(&share(a.ever_low)));
    let worse: Vec<String> =
        worse.iter().map(|kind| format!("{} ({:.1} %)", kind.archetype, share(kind.ever_low))).collect();
    let _ = writeln!(
        page,
        "- **Honest {role} wrongly low**: {:.1} % ever stood at a gate or in the lowest tier, {:.1} % in the lowest tier. More \
         than twice as often: {}.",
        share(all.ever_low),
        share(all.ever_lowest),
        list(&worse)
    );
}

/// Archetypes whose two sets of seeds do not agree within their intervals.
fn differences(page: &mut String, first: &SeedsSeen, last: &SeedsSeen) {
    let mut apart = Vec::new();
    for role in ["merchants", "buyers"] {
        for kind in &role_of(first, role).cheats {
            let other = role_of(last, role).cheats.iter().find(|other| other.archetype == kind.archetype);
            let areas = area_of(kind).zip(other.and_then(area_of));
            if areas.is_some_and(|(one, other)| one.high < other.low || other.high < one.low) {
                apart.push(kind.archetype.clone());
            }
        }
    }
    let _ = writeln!(
        page,
        "- The two sets of seeds disagree beyond their intervals on: {}. With this many archetypes one or two do so by chance.",
        list(&apart)
    );
}
