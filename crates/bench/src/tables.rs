//! Decision tables against `zen-engine` on the same rows and requests.
//!
//! The peer is a process of its own (`crates/bench/zen`), because its crates may not come into this workspace; it times
//! itself, so the pipe to it costs it nothing. Answers are compared before anything is timed.

use crate::client::Folder;
use crate::figures::{Figure, median, middle, scaled};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::policy::{Applied, Facts, Policy, Request, RequestKind, Side};
use probity_credit::score::Scored;
use probity_primitives::Timestamp;
use probity_server::app::embedded_catalogue;
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The tables' rows: a small one, and that of the DMCommunity challenge of February 2021.
const ROWS: [usize; 2] = [100, 16_369];
const ROUNDS: usize = 9;
const REQUESTS: u64 = 2_000;

/// A row: a blank asks nothing. Amounts are whole units.
struct Line {
    category: Option<usize>,
    method: Option<usize>,
    above: Option<u32>,
    reserve: u32,
}

/// The values that each of the two columns is asked for.
fn side(rows: usize) -> usize {
    (1..).find(|side| side * (2 * side + 1) + 1 >= rows).unwrap_or(1)
}

/// For each pair of values a row with a threshold and one without; for each category a row for any method; a last one for all.
fn lines(rows: usize) -> Vec<Line> {
    let side = side(rows);
    let mut lines = Vec::with_capacity(rows);
    for a in 0..side {
        for b in 0..side {
            let above = 100 + (a * 37 + b * 101) as u32 % 800;
            lines.push((Some(a), Some(b), Some(above)));
            lines.push((Some(a), Some(b), None));
        }
        lines.push((Some(a), None, Some(500)));
    }
    lines.truncate(rows - 1);
    lines.push((None, None, None));
    let one =
        |(n, (category, method, above))| Line { category, method, above, reserve: n as u32 * 7 % 10_001 };
    lines.into_iter().enumerate().map(one).collect()
}

/// The table as a policy of ours. A payout has no buyer and no method, so a payment is asked about.
fn policy(lines: &[Line]) -> String {
    let cell = |name: &str, value: Option<usize>| value.map_or_else(String::new, |n| format!("{name}{n}"));
    let row = |(n, line): (usize, &Line)| {
        let above = line.above.map_or_else(String::new, |above| format!("> {above}.00"));
        let (outcome, reason) = if n % 2 == 0 { ("approve", "") } else { ("decline", "R1") };
        let (category, method) = (cell("c", line.category), cell("m", line.method));
        let reserve = line.reserve;
        format!(
            "  [\"{category}\", \"{method}\", \"{above}\", \"{outcome}\", \"{reason}\", \"{reserve}\"],\n"
        )
    };
    let rows: String = lines.iter().enumerate().map(row).collect();
    format!(
        "[policy]\nname = \"wide\"\ndecides = \"payment\"\ntitle = \"Wide\"\nreasoning = \"A look-up.\"\ntime_to_live = \"15m\"\n\
         [[reason]]\ncode = \"R1\"\ntext = \"No\"\nadvice = \"Ask\"\ntext_zh = \"不\"\nadvice_zh = \"问\"\n\
         [[table]]\nname = \"t\"\ntitle = \"T\"\nhit = \"first\"\ninputs = [\"category\", \"method\", \"amount\"]\n\
         outputs = [\"outcome\", \"reason\", \"reserve\"]\nrows = [\n{rows}]\n"
    )
}

/// The table as a decision model of the peer.
fn model(lines: &[Line]) -> Value {
    let text =
        |name: &str, value: Option<usize>| value.map_or_else(String::new, |n| format!("\"{name}{n}\""));
    let row = |(n, line): (usize, &Line)| {
        json!({
            "_id": format!("r{n}"),
            "c": text("c", line.category),
            "m": text("m", line.method),
            "a": line.above.map_or_else(String::new, |above| format!("> {above}")),
            "o": if n % 2 == 0 { "\"approve\"" } else { "\"decline\"" },
            "r": line.reserve.to_string(),
            "n": n.to_string(),
        })
    };
    let rows: Vec<Value> = lines.iter().enumerate().map(row).collect();
    let column = |id: &str, field: &str| json!({ "id": id, "name": field, "field": field });
    json!({
        "nodes": [
            { "id": "in", "name": "in", "type": "inputNode", "content": {} },
            { "id": "dt", "name": "dt", "type": "decisionTableNode", "content": {
                "hitPolicy": "first",
                "inputs": [column("c", "category"), column("m", "method"), column("a", "amount")],
                "outputs": [column("o", "outcome"), column("r", "reserve"), column("n", "row")],
                "rules": rows,
            } },
            { "id": "out", "name": "out", "type": "outputNode", "content": {} },
        ],
        "edges": [
            { "id": "e1", "sourceId": "in", "targetId": "dt" },
            { "id": "e2", "sourceId": "dt", "targetId": "out" },
        ],
    })
}

/// What is asked: values of the table, some that it does not know, some missing.
fn asked(rows: usize, count: u64) -> Vec<(Option<String>, Option<String>, u32)> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut dice = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    let side = side(rows);
    let mut one = |name: &str| match dice(side + 2) {
        n if n <= side => Some(format!("{name}{n}")),
        _ => None,
    };
    let pairs: Vec<_> = (0..count).map(|_| (one("c"), one("m"))).collect();
    pairs.into_iter().map(|(category, method)| (category, method, 1 + dice(1_200) as u32)).collect()
}

fn request(category: Option<&str>, method: Option<&str>, amount: u32) -> Request {
    Request {
        kind: RequestKind::Payment,
        at: Timestamp::from_millis(0),
        merchant: None,
        buyer: None,
        amount: None,
        reporting: Some(i64::from(amount) * 100),
        category: category.map(Into::into),
        method: method.map(Into::into),
        order: None,
        attributes: Vec::new(),
    }
}

fn apply(policy: &Policy, request: &Request, scored: &Scored) -> Applied {
    let side = Side {
        scored,
        values: &[],
        tier: "trusted",
        known: true,
        exposure: 0,
        payment_limit: 0,
        sanction_limit: None,
        suspended: false,
        terminated: false,
    };
    let (merchant, buyer) = (Some(side), Some(side));
    policy.apply(&Facts { fields: policy.fields(), request, merchant, buyer, pair_exposure: 0 })
}

/// An answer as the peer gives it.
fn told(applied: &Applied) -> Value {
    json!({
        "outcome": applied.outcome.map(|outcome| outcome.as_str()),
        "reserve": applied.reserve,
        "row": applied.held.first().map(|held| held.rule),
    })
}

/// The peer as a process of its own; ended when dropped.
struct Peer {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Milliseconds of loading and compiling.
    loaded: f64,
}

/// The peer's program beside this one; built when it is not there or not of these sources.
fn program() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.parent().and_then(Path::parent).ok_or("this program stands in no target folder")?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("zen/Cargo.toml");
    let built = Command::new("cargo")
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .status()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if built.success() {
        Ok(own.with_file_name(format!("probity-bench-zen{}", std::env::consts::EXE_SUFFIX)))
    } else {
        Err("the peer could not be built".into())
    }
}

impl Peer {
    fn start(program: &Path, model: &Path, requests: &Path) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args([model, requests])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let (asks, answers) = child.stdin.take().zip(child.stdout.take()).ok_or("the peer has no pipes")?;
        let mut peer = Self { child, asks, answers: BufReader::new(answers), loaded: f64::NAN };
        let ready = peer.line()?;
        let loaded = ready.strip_prefix("ready ").and_then(|text| text.parse().ok());
        peer.loaded = loaded.ok_or_else(|| format!("'{ready}' is not ready"))?;
        Ok(peer)
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => Err("the peer ended".into()),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn ask(&mut self, what: &str) -> Result<String, String> {
        writeln!(self.asks, "{what}").map_err(|error| error.to_string())?;
        self.line()
    }

    /// Microseconds that each request took in one pass.
    fn round(&mut self, trace: &str) -> Result<f64, String> {
        let nanos = self.ask(&format!("round {trace}"))?;
        nanos.parse::<f64>().map(|nanos| nanos / 1e3).map_err(|_| format!("'{nanos}' is no time"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Microseconds of each round.
struct Times {
    ours: Vec<f64>,
    traced: Vec<f64>,
    bare: Vec<f64>,
    /// Milliseconds until the table could be asked.
    load: f64,
    peer_load: f64,
    looked_at: f64,
}

fn measured(folder: &Folder, program: &Path, rows: usize) -> Result<Times, String> {
    let lines = lines(rows);
    let mut texts = embedded_catalogue();
    // Policies are read at the end of a catalogue; what the same catalogue takes without the table is taken off.
    let begun = Instant::now();
    Catalogue::load(texts.clone()).map_err(|problems| format!("{problems:?}"))?;
    let without = begun.elapsed().as_secs_f64() * 1e3;
    texts.insert("policies/payment.toml".into(), policy(&lines));
    let begun = Instant::now();
    let catalogue = Catalogue::load(texts).map_err(|problems| format!("{problems:?}"))?;
    let load = begun.elapsed().as_secs_f64() * 1e3 - without;
    let policy = catalogue.policy(RequestKind::Payment).ok_or("the table is not there")?;
    let asked = asked(rows, scaled(REQUESTS));
    let requests: Vec<Request> = asked
        .iter()
        .map(|(category, method, amount)| request(category.as_deref(), method.as_deref(), *amount))
        .collect();
    let (model_file, asked_file) = (folder.0.join("model.json"), folder.0.join("requests.json"));
    let written: Vec<Value> = asked
        .iter()
        .map(|(category, method, amount)| json!({ "category": category, "method": method, "amount": amount }))
        .collect();
    std::fs::write(&model_file, model(&lines).to_string()).map_err(|error| error.to_string())?;
    std::fs::write(&asked_file, Value::Array(written).to_string()).map_err(|error| error.to_string())?;
    let mut peer = Peer::start(program, &model_file, &asked_file)?;

    let scored = catalogue.scorecard(Role::Buyer).score(&[]);
    let answers: Vec<Applied> = requests.iter().map(|request| apply(policy, request, &scored)).collect();
    let own = Value::Array(answers.iter().map(told).collect()).to_string();
    for trace in ["on", "off"] {
        if peer.ask(&format!("answers {trace}"))? != own {
            return Err(format!("the two tables of {rows} rows do not answer alike, trace {trace}"));
        }
    }
    let looked_at =
        answers.iter().map(|applied| f64::from(applied.looked_at)).sum::<f64>() / answers.len() as f64;
    let mut times =
        Times { ours: vec![], traced: vec![], bare: vec![], load, peer_load: peer.loaded, looked_at };
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        for request in &requests {
            black_box(apply(policy, black_box(request), &scored));
        }
        let ours = begun.elapsed().as_secs_f64() * 1e6 / requests.len() as f64;
        let (traced, bare) = (peer.round("on")?, peer.round("off")?);
        // The first round warms both up.
        if round > 0 {
            times.ours.push(ours);
            times.traced.push(traced);
            times.bare.push(bare);
        }
    }
    Ok(times)
}

/// How many times longer the peer took, round by round.
fn ratios(times: &Times, peer: &[f64]) -> Vec<f64> {
    times.ours.iter().zip(peer).map(|(ours, peer)| peer / ours).collect()
}

/// Tables of two sizes, each beside the peer on the same rows and requests.
pub(crate) fn tables() -> Result<Vec<Figure>, String> {
    let program = program()?;
    let folder = Folder::new("tables")?;
    let mut figures = Vec::new();
    for rows in ROWS {
        let times = measured(&folder, &program, rows)?;
        let (traced, bare) = (ratios(&times, &times.traced), ratios(&times, &times.bare));
        figures.push(Figure::new(
            &format!("a decision table of {rows} rows, trace on"),
            format!("{} µs, {:.1} rows looked at", middle(&times.ours, 2), times.looked_at),
            format!(
                "zen-engine, the same rows and requests, precompiled, trace on: {} µs, {} times as long",
                middle(&times.traced, 2),
                middle(&traced, 1)
            ),
            "≥ 2 times faster",
            median(&traced) >= 2.0,
        ));
        figures.push(Figure::told(
            &format!("the same {rows} rows; our trace is always on"),
            format!("{} µs", middle(&times.ours, 2)),
            format!(
                "zen-engine, trace off: {} µs, {} times as long",
                middle(&times.bare, 2),
                middle(&bare, 1)
            ),
        ));
        // A small table is read within what reading the rest of the catalogue varies by.
        if rows > 1_000 {
            figures.push(Figure::told(
                &format!("reading {rows} rows: types, coverage and rows in vain checked, index made"),
                format!("{:.0} ms", times.load),
                format!("zen-engine, reading and compiling, nothing checked: {:.0} ms", times.peer_load),
            ));
        }
    }
    Ok(figures)
}
