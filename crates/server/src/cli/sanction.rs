//! Sanctions and notices.

use super::args::Arguments;
use super::data::open_existing;
use super::look::party;
use super::sanction_args::{NoticesArgs, SanctionCommand, SanctionsArgs};
use super::{Done, OK, out};
use crate::app::{
    Appeal, Approval, AsOf, Ending, Notice, Probity, Proposal, SanctionFile, SanctionShown, StandingShown,
};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};

const PARAMETER_INVALID: Code = Code::new("parameter-invalid");

/// Does a step, or shows a sanction.
pub(super) fn sanction(arguments: &Arguments, command: &SanctionCommand) -> Done {
    let proposal = match command {
        SanctionCommand::Propose(asked) => {
            let parties = asked.parties.iter().map(|name| party(name)).collect::<Result<Vec<_>, _>>()?;
            Some(Proposal {
                id: asked.id.clone(),
                parties,
                kind: asked.kind.clone(),
                ground: asked.ground.clone(),
                reason: asked.reason.clone(),
                statement: asked.statement.clone(),
                limit: asked.limit.clone(),
                currency: None,
                ends_at: asked.ends_at.clone(),
                by: asked.by.clone(),
            })
        }
        _ => None,
    };
    let probity = open_existing(arguments)?;
    let done = match command {
        SanctionCommand::Propose(_) => {
            probity.propose_sanction(&proposal.unwrap_or_default()).map(|(file, _)| file)
        }
        SanctionCommand::Approve { id, content, by } => {
            probity.approve_sanction(id, &Approval { content: content.clone(), by: by.clone() })
        }
        SanctionCommand::Appeal { id, party, statement } => {
            probity.appeal_sanction(id, &Appeal { party: party.clone(), statement: statement.clone() })
        }
        SanctionCommand::End { id, how, statement, decided_by, approved_by } => {
            let ending = Ending {
                how: how.clone(),
                statement: statement.clone(),
                decided_by: decided_by.clone(),
                approved_by: approved_by.clone(),
            };
            probity.end_sanction(id, &ending)
        }
        SanctionCommand::Show { id, as_of } => {
            AsOf::parse(as_of).and_then(|as_of| probity.sanction(id, as_of))
        }
    };
    probity.close();
    show(arguments, &done?)
}

fn show(arguments: &Arguments, file: &SanctionFile) -> Done {
    if arguments.json {
        return out::json(file);
    }
    list(&file.sanctions);
    if let Some(content) = file.content.as_ref().filter(|_| file.sanctions.iter().any(is_proposed)) {
        out::line(format!(
            "\nAnother person approves it with\n  probity sanction approve {} --content {content} --by NAME",
            file.id
        ));
    }
    Ok(OK)
}

fn is_proposed(one: &SanctionShown) -> bool {
    one.status == "proposed"
}

fn list(sanctions: &[SanctionShown]) {
    let moment = |at: &Option<String>| at.clone().unwrap_or_else(|| "–".into());
    let row = |one: &SanctionShown| {
        let limit = one.limit.as_ref().map(|limit| format!(" to {limit}")).unwrap_or_default();
        vec![
            one.id.clone(),
            one.party.clone(),
            format!("{}{limit}", one.kind),
            one.ground.clone(),
            one.status.to_owned(),
            moment(&one.starts_at),
            moment(&one.ends_at),
            moment(&one.appeal_by),
        ]
    };
    let rows: Vec<Vec<String>> = sanctions.iter().map(row).collect();
    out::table(&["sanction", "party", "kind", "ground", "status", "from", "until", "appeal until"], &rows);
    for one in sanctions {
        out::line(format!("\n{} {}: {}", one.id, one.reason, one.statement));
        if let Some(appeal) = &one.appeal {
            out::line(format!("appeal: {appeal}"));
        }
        if let (Some(how), Some(answer)) = (&one.how, &one.answer) {
            out::line(format!("{how}: {answer}"));
        }
    }
}

/// A party's sanctions.
pub(super) fn sanctions(arguments: &Arguments, asked: &SanctionsArgs) -> Done {
    let (party, as_of) = (party(&asked.party)?, AsOf::parse(&asked.as_of)?);
    let probity = open_existing(arguments)?;
    let found = probity.sanctions_of(&party, as_of);
    probity.close();
    let found = found?;
    if arguments.json {
        return out::json(&found);
    }
    out::line(format!("{} as of {}: {}", found.party, found.as_of, standing(&found.standing)));
    if !found.sanctions.is_empty() {
        out::line("");
        list(&found.sanctions);
    }
    Ok(OK)
}

fn standing(it: &StandingShown) -> String {
    let limit = it.limit.as_ref().zip(it.currency.as_ref());
    let limit = limit.map(|(limit, currency)| format!("limited to {limit} {currency}"));
    let parts =
        [it.terminated.then(|| "terminated".to_owned()), it.suspended.then(|| "suspended".to_owned()), limit];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing is in force".into() } else { parts.join(", ") }
}

/// The outbox.
pub(super) fn notices(arguments: &Arguments, asked: &NoticesArgs) -> Done {
    if !matches!(asked.to.as_str(), "subject" | "members") {
        let detail = format!("'{}' is neither subject nor members", shown(&asked.to));
        return Err(Problem::new(PARAMETER_INVALID, detail).at("--to").into());
    }
    let probity = open_existing(arguments)?;
    let page = Probity::outbox(&probity, &asked.to, asked.after, asked.limit);
    probity.close();
    let page = page?;
    if arguments.json {
        return out::json(&page);
    }
    page.items.iter().for_each(letter);
    match page.next {
        Some(next) => out::line(format!("more: --after {next}")),
        None => out::line(format!("{} notices", page.items.len())),
    }
    Ok(OK)
}

fn letter(notice: &Notice) {
    out::line(format!("── row {}, {}, to {}, {}", notice.seq, notice.queued_at, notice.to, notice.about));
    out::line(&notice.text_en);
    out::line("");
    out::line(&notice.text_zh);
    out::line("");
}
