//! Changes of the catalogue: proposing, comparing, approving, activating, going back.

use super::args::{Arguments, CatalogueCommand};
use super::data::{catalogue_files, folder_files, open_existing};
use super::out;
use super::{Done, FAILED, OK};
use crate::app::{
    Activation, AppError, Change, ChangeState, Changed, FileChange, Probity, change_texts, changes,
    difference, share_text,
};
use probity_store::SqliteReader;
use serde::Serialize;
use std::path::Path;

/// Answers a command about changes; none for any other.
pub(super) fn change(arguments: &Arguments, asked: &CatalogueCommand) -> Option<Done> {
    Some(match asked {
        CatalogueCommand::Propose { folder, by, note } => propose(arguments, folder, by, note.as_deref()),
        CatalogueCommand::Diff { first, second } => diff(arguments, first, second.as_deref()),
        CatalogueCommand::Approve { hash, by } => with(arguments, |probity| {
            let change = probity.approve(hash, by)?;
            shown(arguments, &change, || {
                out::remark(format!("approved by {}: {}", change.by, change.catalogue));
                out::remark("it may be activated for 72 hours");
            })
        }),
        CatalogueCommand::Activate { hash, by } => with(arguments, |probity| {
            let activation = probity.activate(hash, by)?;
            in_force(arguments, &activation)
        }),
        CatalogueCommand::Rollback { to, by } => with(arguments, |probity| {
            let activation = probity.roll_back(to.as_deref(), by)?;
            in_force(arguments, &activation)
        }),
        CatalogueCommand::Log => log(arguments),
        _ => return None,
    })
}

pub(super) fn with(arguments: &Arguments, work: impl FnOnce(&Probity) -> Done) -> Done {
    let probity = open_existing(arguments)?;
    let done = work(&probity);
    probity.close();
    done
}

pub(super) fn shown(arguments: &Arguments, value: &impl Serialize, say: impl FnOnce()) -> Done {
    if arguments.json {
        return out::json(value);
    }
    say();
    Ok(OK)
}

fn in_force(arguments: &Arguments, activation: &Activation) -> Done {
    shown(arguments, activation, || {
        out::remark(format!("in force from the next start on: {}", activation.catalogue));
        out::remark(format!("before: {}; `probity catalogue rollback` goes back to it", activation.before));
        if arguments.catalogue_dir.is_some() {
            out::remark("--catalogue-dir is given and wins over it: leave it away");
        }
    })
}

fn propose(arguments: &Arguments, folder: &Path, by: &str, note: Option<&str>) -> Done {
    let texts = folder_files(arguments, folder)?;
    with(arguments, |probity| {
        let proposal = probity.propose(texts, by, note.unwrap_or_default())?;
        let good = proposal.state == ChangeState::Tested;
        shown(arguments, &proposal, || {
            out::line(format!("{} {}", proposal.state.as_str(), proposal.catalogue));
            proposal.reasons.iter().for_each(|reason| out::line(format!("  {reason}")));
        })?;
        Ok(if good { OK } else { FAILED })
    })
}

fn diff(arguments: &Arguments, first: &str, second: Option<&str>) -> Done {
    let first = change_texts(&arguments.data, first)?;
    // One alone is compared with what is in force: what would it change?
    let (first, second) = match second {
        Some(second) => (first, change_texts(&arguments.data, second)?),
        None => (catalogue_files(arguments)?, first),
    };
    let found = difference(&first, &second);
    shown(arguments, &found, || {
        let row = |one: &FileChange| {
            vec![
                one.path.clone(),
                one.change.to_owned(),
                format!("+{}", one.lines_added),
                format!("-{}", one.lines_removed),
                one.definitions.join(", "),
            ]
        };
        out::table(&["file", "", "lines", "", "definitions"], &found.iter().map(row).collect::<Vec<_>>());
    })
}

fn log(arguments: &Arguments) -> Done {
    let all = changes(&mut SqliteReader::open(&arguments.data).map_err(AppError::from)?)?;
    shown(arguments, &all, || {
        let row = |one: &Change| {
            let (what, detail) = match &one.changed {
                Changed::Tested { note } => ("proposed, tested", note.clone()),
                Changed::Refused { reasons } => {
                    ("proposed, refused", reasons.lines().next().unwrap_or_default().to_owned())
                }
                Changed::Approved => ("approved", String::new()),
                Changed::Shadowed => ("in shadow", String::new()),
                Changed::Split { of, share } => ("given a share", share_text(*share, of)),
                Changed::TrialStopped => ("trial stopped", String::new()),
                Changed::Activated { before, back } => {
                    let what = if *back { "rolled back to" } else { "activated" };
                    (what, format!("before: {}", before.get(..12).unwrap_or(before)))
                }
            };
            let hash = one.catalogue.get(..12).unwrap_or(&one.catalogue).to_owned();
            vec![one.number.to_string(), one.at.to_string(), hash, what.to_owned(), one.by.clone(), detail]
        };
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        out::table(&["", "at", "catalogue", "", "by", ""], &rows);
    })
}
