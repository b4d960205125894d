//! What a backtest found, as remarks and tables.

use crate::app::{
    Backtested, BecameRow, Example, Grouped, Measured, Reasoned, Requests, Switched, Tally, Way,
};
use probity_primitives::{Currency, Money};

/// A table with its title.
pub(super) struct Shown {
    pub(super) title: &'static str,
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

const OUTCOMES: [&str; 5] = ["approve", "approve_with_limit", "step_up", "review", "decline"];

fn money(minor: i64, currency: Currency) -> String {
    Money { minor, currency }.decimal()
}

fn percent(measured: Option<Measured>) -> String {
    measured.map_or_else(
        || "-".to_owned(),
        |one| format!("{:.1} % ({:.1} to {:.1})", one.value * 100.0, one.low * 100.0, one.high * 100.0),
    )
}

/// What must be known to read the tables.
pub(super) fn remarks(found: &Backtested) -> Vec<String> {
    let policies: Vec<String> = found
        .policies
        .iter()
        .map(|policy| format!("{} ({})", policy.name, policy.hash.get(..12).unwrap_or(&policy.hash)))
        .collect();
    let of = match found.requests {
        Requests::Recorded => "decisions",
        Requests::Orders => "first payments of orders",
    };
    let mut out = vec![
        format!("{}: {} {of} from {} to {}", policies.join(", "), found.compared, found.from, found.to),
        match found.way {
            Way::Records => "Decided again on what stands on record of each decision.".to_owned(),
            Way::States => {
                "Decided again on the parties' states as the log had them at each moment.".to_owned()
            }
        },
    ];
    out.extend(checked(found));
    if found.requests == Requests::Orders {
        out.push("No decision was looked at: what was decided counts as approved.".to_owned());
    }
    for undecided in &found.undecided {
        out.push(format!(
            "{} requests are left out: {} is not on record.",
            undecided.requests, undecided.missing
        ));
    }
    if found.repeated > 0 {
        out.push(format!(
            "{} requests were asked again later for the same order and are left out: the last one counts.",
            found.repeated
        ));
    }
    if found.judged_by_party > 0 {
        out.push(format!(
            "{} requests have no order in the log and are judged by how their parties fared otherwise.",
            found.judged_by_party
        ));
    }
    if found.open_windows > 0 {
        out.push(format!(
            "{} requests are so recent that more may become known of them; what goes badly is known sooner.",
            found.open_windows
        ));
    }
    out
}

fn checked(found: &Backtested) -> Vec<String> {
    let checked = &found.checked;
    let mut out = Vec::new();
    if checked.answers > 0 {
        out.push(format!(
            "Control: {} answers made again by the policy that gave them, {} came out otherwise.",
            checked.answers, checked.answers_differ
        ));
    }
    if checked.seen > 0 {
        out.push(format!(
            "Control: the parties of {} decisions seen again by the definitions that saw them, {} came out otherwise.",
            checked.seen, checked.seen_differ
        ));
    }
    if !checked.examples.is_empty() {
        out.push(format!("Came out otherwise, for example: {}.", checked.examples.join(", ")));
    }
    out
}

/// All tables.
pub(super) fn tables(found: &Backtested, currency: Currency) -> Vec<Shown> {
    let mut out = vec![
        Shown {
            title: "In all",
            header: vec!["", "then", "now", "difference"],
            rows: overall(&found.overall, currency),
        },
        Shown {
            title: "What changed",
            header: vec![
                "",
                "requests",
                "amount",
                "bad",
                "good",
                "nothing",
                "unknown",
                "precision",
                "loss",
                "of good ones",
            ],
            rows: switched(found, currency),
        },
        Shown {
            title: "Then (rows) and now (columns)",
            header: [vec!["then"], OUTCOMES.to_vec()].concat(),
            rows: outcomes(found),
        },
        Shown {
            title: "What the candidate decides, and what became of it",
            header: vec!["now", "good", "bad", "nothing", "unknown"],
            rows: became(&found.became_now),
        },
        Shown {
            title: "What was decided, and what became of it",
            header: vec!["then", "good", "bad", "nothing", "unknown"],
            rows: became(&found.became_then),
        },
        Shown {
            title: "By group",
            header: vec![
                "by",
                "group",
                "requests",
                "approval then",
                "approval now",
                "loss then",
                "loss now",
                "good blocked then",
                "good blocked now",
            ],
            rows: found.groups.iter().map(|grouped| group(grouped, currency)).collect(),
        },
    ];
    if !found.reasons.is_empty() {
        out.push(Shown {
            title: "Why",
            header: vec!["change", "reason", "", "requests", "bad", "good", "unknown", "precision"],
            rows: found.reasons.iter().map(reason).collect(),
        });
    }
    if !found.examples.is_empty() {
        out.push(Shown {
            title: "Examples",
            header: vec!["id", "at", "amount", "then", "now", "because", "became"],
            rows: found.examples.iter().map(|one| example(one, currency)).collect(),
        });
    }
    out
}

fn overall(tally: &Tally, currency: Currency) -> Vec<Vec<String>> {
    let (then, now) = (&tally.then, &tally.now);
    let count = |title: &str, then: u64, now: u64| {
        let difference = i128::from(now) - i128::from(then);
        vec![title.to_owned(), then.to_string(), now.to_string(), format!("{difference:+}")]
    };
    let amount = |title: &str, then: i64, now: i64| {
        let difference = now - then;
        let sign = if difference > 0 { "+" } else { "" };
        let (then, now) = (money(then, currency), money(now, currency));
        vec![title.to_owned(), then, now, format!("{sign}{}", money(difference, currency))]
    };
    vec![
        count("Requests", tally.requests, tally.requests),
        count("Let through", then.granted, now.granted),
        vec!["of all".to_owned(), percent(then.approval), percent(now.approval), String::new()],
        amount("Amount let through", then.through, now.through),
        count("Let through and bad", then.bad, now.bad),
        amount("Loss let through", then.loss, now.loss),
        count("Good customers blocked", then.good_blocked, now.good_blocked),
        amount("what they asked about", then.good_blocked_amount, now.good_blocked_amount),
        count("Bad ones blocked", then.bad_blocked, now.bad_blocked),
    ]
}

fn switched(found: &Backtested, currency: Currency) -> Vec<Vec<String>> {
    let row = |title: &str, one: &Switched| {
        vec![
            title.to_owned(),
            one.requests.to_string(),
            money(one.amount, currency),
            one.bad.to_string(),
            one.good.to_string(),
            one.nothing.to_string(),
            one.unknown.to_string(),
            percent(one.precision),
            money(one.loss, currency),
            money(one.good_amount, currency),
        ]
    };
    vec![
        row("Newly stopped", &found.stopped),
        row("Newly let through", &found.let_through),
        row("Let through with less", &found.cut),
        row("Let through with more", &found.eased),
    ]
}

fn outcomes(found: &Backtested) -> Vec<Vec<String>> {
    let count = |then: &str, now: &str| {
        let own = found.outcomes.iter().find(|row| row.then.as_str() == then && row.now.as_str() == now);
        own.map_or(0, |row| row.requests)
    };
    let row = |then: &str| {
        let counts: Vec<u64> = OUTCOMES.iter().map(|now| count(then, now)).collect();
        (counts.iter().any(|count| *count > 0))
            .then(|| std::iter::once(then.to_owned()).chain(counts.iter().map(u64::to_string)).collect())
    };
    OUTCOMES.iter().filter_map(|then| row(then)).collect()
}

fn became(rows: &[BecameRow]) -> Vec<Vec<String>> {
    let row = |row: &BecameRow| {
        let counts = [row.good, row.bad, row.nothing, row.unknown].map(|count| count.to_string());
        std::iter::once(row.outcome.to_owned()).chain(counts).collect()
    };
    rows.iter().map(row).collect()
}

fn group(grouped: &Grouped, currency: Currency) -> Vec<String> {
    let tally = &grouped.tally;
    vec![
        grouped.by.replace('_', " "),
        grouped.group.clone(),
        tally.requests.to_string(),
        percent(tally.then.approval),
        percent(tally.now.approval),
        money(tally.then.loss, currency),
        money(tally.now.loss, currency),
        tally.then.good_blocked.to_string(),
        tally.now.good_blocked.to_string(),
    ]
}

fn reason(reasoned: &Reasoned) -> Vec<String> {
    let switched = &reasoned.switched;
    vec![
        reasoned.change.replace('_', " "),
        reasoned.code.clone(),
        reasoned.text.clone(),
        switched.requests.to_string(),
        switched.bad.to_string(),
        switched.good.to_string(),
        (switched.nothing + switched.unknown).to_string(),
        percent(switched.precision),
    ]
}

fn example(one: &Example, currency: Currency) -> Vec<String> {
    let because = one.reason_now.as_ref().or(one.reason_then.as_ref());
    vec![
        one.id.clone(),
        one.at.clone(),
        money(one.amount, currency),
        one.then.as_str().to_owned(),
        one.now.as_str().to_owned(),
        because.map_or_else(String::new, |(code, text)| format!("{code} {text}")),
        one.became().to_owned(),
    ]
}
