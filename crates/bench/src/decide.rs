//! Decisions in process and over HTTP.

use crate::client::{Folder, Server, post};
use crate::crowd::{self, Met};
use crate::data::{open, parties};
use crate::figures::{Figure, median, middle, rank, scaled};
use crate::import::SHOPS;
use crate::peer::{bare_loop, rows};
use crate::score::filled;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Party, Role};
use probity_server::app::{Clock, Form, Probity, embedded_catalogue};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
/// Decisions per second that must be reached.
const RATE: f64 = 12_000.0;
/// Decisions of one commit in process: what a commit costs is spread over them.
const TOGETHER: usize = 500;
type Texts = BTreeMap<String, String>;

/// Rules beside those of the starter's payment policy, of which there are 15: none of them holds, all are looked at.
const MORE_RULES: usize = 25;

/// The starter catalogue with a payment policy of 40 rules.
fn forty_rule_texts(probity: &Probity) -> Result<Texts, String> {
    let mut texts = embedded_catalogue();
    let names: Vec<String> =
        probity.catalogue().plan.definitions(Role::Merchant).map(|it| it.name.clone()).collect();
    let rules: String = (0..MORE_RULES)
        .filter_map(|n| Some((n, names.get(n % names.len().max(1))?)))
        .map(|(n, name)| {
            format!(
                "[[table.rule]]\nname = \"more_{n}\"\nwhen = \"merchant_{name} > 1000000{n} AND NOT buyer_thin\"\nreserve = 1\n"
            )
        })
        .collect();
    let policy = texts.get_mut("policies/payment.toml").ok_or("no payment policy")?;
    policy.push_str(&format!(
        "[[table]]\nname = \"more\"\ntitle = \"More\"\nhit = \"all\"\nadds_only = true\n{rules}"
    ));
    Ok(texts)
}

/// The same, loaded.
pub(crate) fn forty_rules(probity: &Probity) -> Result<Catalogue, String> {
    Catalogue::load(forty_rule_texts(probity)?).map_err(|problems| format!("{problems:?}"))
}

pub(crate) fn form(merchant: &Party, buyer: &Party) -> Form {
    Form {
        kind: "payment".into(),
        merchant: Some(merchant.id.to_string()),
        buyer: Some(buyer.id.to_string()),
        amount: Some("0.01".into()),
        ..Form::default()
    }
}

/// Who answers beside the catalogue in force.
#[derive(Clone, Copy)]
enum Beside {
    Nobody,
    /// Its scorecards are others, so it scores again; nearly all its answers are the same.
    Agreeing,
    /// Its answers stand a minute longer: each of them is another, and recorded.
    Differing,
}

impl Beside {
    const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "in",
            Self::Agreeing => "agreeing",
            Self::Differing => "differing",
        }
    }

    fn change(self, texts: &mut Texts) {
        for (path, text) in texts.iter_mut() {
            match self {
                Self::Agreeing if path.starts_with("scorecards/") => {
                    *text = text.replace("base_points = 600", "base_points = 601");
                }
                Self::Differing if path == "policies/payment.toml" => {
                    *text = text.replace("time_to_live = \"30m\"", "time_to_live = \"31m\"");
                }
                _ => {}
            }
        }
    }
}

/// Microseconds of a decision of parties in memory, its share of the recording included.
fn in_process(data: &Path, beside: Beside) -> Result<Vec<f64>, String> {
    let told = |error: probity_server::app::AppError| error.to_string();
    let probity = open(data)?;
    let mut texts = forty_rule_texts(&probity)?;
    probity.close();
    let catalogue = Catalogue::load(texts.clone()).map_err(|problems| format!("{problems:?}"))?;
    let probity = Probity::open(data, catalogue, Clock::system(), &mut |_, _| {}).map_err(told)?;
    let challenges = !matches!(beside, Beside::Nobody);
    if challenges {
        beside.change(&mut texts);
        texts.retain(|path, _| !path.ends_with(".cases.toml"));
        let proposal = probity.propose(texts, "bench", "").map_err(told)?;
        probity.shadow(&proposal.catalogue, "bench").map_err(told)?;
    }
    let (merchants, buyers) = (parties(&probity, Role::Merchant)?, parties(&probity, Role::Buyer)?);
    let mut times = Vec::new();
    for round in 0..20 {
        let mut asked = Vec::with_capacity(TOGETHER);
        for n in 0..TOGETHER {
            let at = round * TOGETHER + n;
            let (Some(merchant), Some(buyer)) =
                (merchants.get(at % merchants.len()), buyers.get(at % buyers.len()))
            else {
                continue;
            };
            let key = format!("{}-{at}", beside.name());
            asked.push(
                probity
                    .asked(&form(merchant, buyer), Some(&key), "bench")
                    .map_err(|error| error.to_string())?,
            );
        }
        let begun = Instant::now();
        let decided = probity.decide_and_wait(asked).map_err(|error| error.to_string())?;
        let took = begun.elapsed().as_secs_f64() * 1e6 / TOGETHER as f64;
        if decided.iter().any(Result::is_err) {
            return Err("a request was refused".into());
        }
        // The first rounds read the parties from the store.
        if round >= 4 {
            times.push(took);
        }
    }
    if challenges {
        probity.stop_trial("bench").map_err(told)?;
        let trial = probity.trial(None).map_err(told)?;
        let as_named = match beside {
            Beside::Differing => trial.different == trial.compared,
            _ => trial.same * 10 > trial.compared * 9,
        };
        if trial.compared == 0 || !as_named {
            return Err(format!("the challenger did not do as it should: {trial:?}"));
        }
    }
    probity.close();
    Ok(times)
}

fn requests(data: &Path, round: usize, each: usize) -> Result<Vec<Vec<Vec<u8>>>, String> {
    let probity = open(data)?;
    let (merchants, buyers) = (parties(&probity, Role::Merchant)?, parties(&probity, Role::Buyer)?);
    probity.close();
    let one = |at: usize| {
        let (merchant, buyer) = (merchants.get(at % merchants.len())?, buyers.get(at % buyers.len())?);
        let body = format!(
            r#"{{"kind":"payment","merchant":"{}","buyer":"{}","amount":"0.01","order":"o-{round}-{at}","key":"k-{round}-{at}"}}"#,
            merchant.id, buyer.id
        );
        Some(post("/v1/decisions", &body))
    };
    Ok((0..CLIENTS).map(|client| (0..each).filter_map(|n| one(client * each + n)).collect()).collect())
}

#[derive(Default)]
struct Rounds {
    rates: Vec<f64>,
    tails: Vec<f64>,
    /// 99th percentile of the wait at the rate that must be reached.
    paced: Vec<f64>,
    trivial: Vec<f64>,
    trivial_tails: Vec<f64>,
    /// Microseconds of the server's processor time for an answer.
    work: Vec<f64>,
}

fn over_http(data: &Path, early: bool) -> Result<Rounds, String> {
    let each = (scaled(64_000) as usize / CLIENTS).max(20);
    let mut out = Rounds::default();
    let written = |rounds: std::ops::Range<usize>| -> Result<Vec<_>, String> {
        rounds.map(|round| requests(data, round + if early { 100 } else { 0 }, each)).collect()
    };
    let (asked, paced) = (written(0..ROUNDS + 1)?, written(50..50 + ROUNDS)?);
    let server = Server::start_with(data, if early { &["--decide-before-recording"] } else { &[] })?;
    for (round, asked) in asked.iter().enumerate() {
        // A body of the same size that is read, parsed and answered, and asks for nothing.
        let nothing = post("/v1/decisions/batch", &format!("[{}]", " ".repeat(120)));
        let bare = crowd::send(server.address, &vec![vec![nothing; each]; CLIENTS])?;
        let before = server.worked();
        let met: Met = crowd::send(server.address, asked)?;
        // The first round reads the parties from the store.
        if round > 0 {
            out.work.push((server.worked() - before) * 1e6 / met.waits.len() as f64);
            out.rates.push(met.rate());
            out.tails.push(rank(&met.waits, 0.99));
            out.trivial.push(bare.rate());
            out.trivial_tails.push(rank(&bare.waits, 0.99));
        }
    }
    for asked in &paced {
        out.paced.push(rank(&crowd::paced(server.address, asked, RATE)?.waits, 0.99));
    }
    Ok(out)
}

/// A decision in process, beside those without a challenger.
fn together(what: &'static str, times: &[f64], alone: &[f64]) -> Figure {
    Figure::new(
        what,
        format!("{:.0} µs, p99 {:.0} µs", median(times), rank(times, 0.99)),
        format!(
            "its share of recording {TOGETHER} in one commit included; {:+.0} µs beside no challenger",
            median(times) - median(alone)
        ),
        "< 100 µs",
        median(times) < 100.0,
    )
}

/// Decisions in process, over HTTP with the record before the answer, and with the record after it.
pub(crate) fn decisions() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("decide")?;
    let data = filled(&folder, 200_000, SHOPS)?;
    let times = in_process(&data, Beside::Nobody)?;
    let agreeing = in_process(&data, Beside::Agreeing)?;
    let differing = in_process(&data, Beside::Differing)?;
    let durable = over_http(&data, false)?;
    let last = rows(&data, scaled(64_000))?;
    let bare = bare_loop(&folder.0, &last, CLIENTS)?;
    let early = over_http(&data, true)?;
    let beside = |rounds: &Rounds| {
        format!(
            "the same server's POST of nothing: {} requests/s, p99 {:.1} ms; the server's processor time a decision: {:.0} µs",
            middle(&rounds.trivial, 0),
            median(&rounds.trivial_tails),
            median(&rounds.work)
        )
    };
    Ok(vec![
        together("one payment decision in process, 40 rules, both parties in memory", &times, &times),
        together("the same with a challenger in shadow that scores again and agrees", &agreeing, &times),
        together(
            "the same with a challenger whose every answer is another, and recorded",
            &differing,
            &times,
        ),
        Figure::new(
            "POST /v1/decisions, on record before the answer, 64 clients",
            format!("{} decisions/s", middle(&durable.rates, 0)),
            format!(
                "{}; bare SQLite loop, the same rows, 64 a commit: {:.0} rows/s",
                beside(&durable),
                bare.rate
            ),
            "≥ 12,000/s",
            median(&durable.rates) >= RATE,
        ),
        Figure::new(
            "its p99",
            format!("{} ms", middle(&durable.tails, 1)),
            format!(
                "a bare commit of 64 rows median {:.1} ms, p99 {:.1} ms",
                median(&bare.commits),
                rank(&bare.commits, 0.99)
            ),
            "< 10 ms",
            median(&durable.tails) < 10.0,
        ),
        Figure::told(
            "POST /v1/decisions, on record after the answer, 64 clients as fast as they can",
            format!("{} decisions/s, p99 {} ms", middle(&early.rates, 0), middle(&early.tails, 1)),
            beside(&early),
        ),
        Figure::new(
            "its p99 at 12,000 decisions/s",
            format!("{} ms", middle(&early.paced, 1)),
            format!("on record before the answer, at the same rate: {} ms", middle(&durable.paced, 1)),
            "< 3 ms",
            median(&early.paced) < 3.0,
        ),
    ])
}
