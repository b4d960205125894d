//! A scorecard in force, watched.

use super::args::Arguments;
use super::changes::shown;
use super::data::version_files;
use super::dataset::moment;
use super::learning_args::MonitorArgs;
use super::learning_tables::{drift, parts, ranged};
use super::lists::role;
use super::monitor_page::page;
use super::out::{self, Bar};
use super::rehearse::write;
use super::{Done, FAILED, OK};
use crate::app::{AsOf, Clock, MonitorOptions, Monitored, OutcomeCount, monitor as watch};
use probity_credit::catalogue::Catalogue;
use probity_primitives::Duration;

/// Answers `monitor`.
pub(super) fn monitor(arguments: &Arguments, asked: &MonitorArgs) -> Done {
    let given = |text: &Option<String>| text.as_deref().map(moment).transpose();
    let options = MonitorOptions {
        of: role(&asked.of)?,
        as_of: AsOf::parse(&asked.as_of)?,
        label: asked.label.clone(),
        every: Duration::parse(&asked.every)?,
        from: given(&asked.from)?,
        reference: given(&asked.reference)?,
    };
    let catalogue = Catalogue::load(version_files(arguments)?)?;
    let mut bar = Bar::new();
    let now = Clock::system().now();
    let found = watch(&arguments.data, catalogue, now, &options, &mut |what, done, of| {
        bar.at(what, done, of, false);
    });
    bar.done();
    let found = found?;
    if let Some(to) = &asked.report {
        write(to, &page(&found))?;
    }
    shown(arguments, &found, || tell(&found))?;
    Ok(if asked.alarm && !found.alarms.is_empty() { FAILED } else { OK })
}

fn tell(found: &Monitored) {
    let card = &found.card;
    let short = card.hash.get(..12).unwrap_or(&card.hash);
    out::line(format!("{} ({short}) as of {}: {} parties", card.name, found.as_of, found.parties));
    let tiers: Vec<Vec<String>> =
        found.tiers.iter().map(|(tier, parties)| vec![tier.clone(), parties.to_string()]).collect();
    out::table(&["tier", "parties"], &tiers);
    if let Some(against) = &found.against {
        out::line(format!("\nagainst {against}"));
        drift(&found.drift);
    }
    if !found.decisions.is_empty() {
        out::line("\ndecisions");
        let rows: Vec<Vec<String>> = found.decisions.iter().map(decided).collect();
        out::table(&["month", "asked", "decisions", "let through", ""], &rows);
    }
    if let Some(label) = &found.label {
        out::line(format!("\n{label}, vintages whose label is over"));
        parts(&found.vintages);
    }
    if let Some(performance) = &found.performance {
        let validated =
            found.validated_auc.map_or_else(String::new, |auc| format!("; held out {}", ranged(auc)));
        out::line(format!("AUC of all vintages {}{validated}", ranged(performance.auc_by_party)));
    }
    found.remarks.iter().for_each(out::line);
    for alarm in &found.alarms {
        out::line(format!("{}: {}: {}", alarm.level, alarm.what, alarm.detail));
    }
    if found.alarms.is_empty() {
        out::line("nothing wants looking at");
    }
}

fn decided(one: &OutcomeCount) -> Vec<String> {
    let rate = one.rate.map_or_else(
        || "-".to_owned(),
        |rate| format!("{:.1} % ({:.1} to {:.1})", 100.0 * rate.value, 100.0 * rate.low, 100.0 * rate.high),
    );
    vec![one.month.clone(), one.request.clone(), one.decisions.to_string(), one.approved.to_string(), rate]
}
