//! `zen-engine` as the peer of decision tables. `probity-bench` starts it with a decision model and requests, both JSON.
//!
//! It says `ready` with the milliseconds of loading and compiling, then answers one word a line: `answers on` and
//! `answers off` with the output of every request, with and without its trace; `round on` and `round off` with the
//! nanoseconds that each request took in one pass over all of them. It measures in its own process, so that the pipe costs
//! it nothing.

use serde_json::Value;
use std::future::Future;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use zen_engine::model::GraphContent;
use zen_engine::{Decision, DecisionGraphResponse, EvaluationOptions, Variable};

type Failure = Box<dyn std::error::Error>;

/// A table never waits for anything, so its future is done when it is first asked; no runtime stands in between.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err("the decision waits for something".into()),
    }
}

fn answer(decision: &Decision, request: &Variable, trace: bool) -> Result<DecisionGraphResponse, Failure> {
    let options = EvaluationOptions { trace, ..Default::default() };
    at_once(decision.evaluate_with_opts(request.clone(), options))?
        .map_err(|error| format!("{error:?}").into())
}

fn serve() -> Result<(), Failure> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [model, requests] = paths.as_slice() else {
        return Err("probity-bench-zen MODEL.json REQUESTS.json".into());
    };
    let (model, requests) = (std::fs::read_to_string(model)?, std::fs::read_to_string(requests)?);
    let begun = Instant::now();
    let mut content: GraphContent = serde_json::from_str(&model)?;
    content.compile();
    let decision = Decision::from(content);
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready {:.1}", begun.elapsed().as_secs_f64() * 1e3)?;
    out.flush()?;
    let requests: Vec<Value> = serde_json::from_str(&requests)?;
    let requests: Vec<Variable> = requests.into_iter().map(Variable::from).collect();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (word, trace) = line.split_once(' ').ok_or("a word, and on or off")?;
        let trace = trace == "on";
        match word {
            "answers" => {
                let mut answers = Vec::with_capacity(requests.len());
                for request in &requests {
                    let response = answer(&decision, request, trace)?;
                    if response.trace.is_some() != trace {
                        return Err("the trace is not as it was asked for".into());
                    }
                    answers.push(response.result.to_value());
                }
                writeln!(out, "{}", Value::Array(answers))?;
            }
            "round" => {
                let begun = Instant::now();
                for request in &requests {
                    std::hint::black_box(answer(&decision, request, trace)?);
                }
                writeln!(out, "{}", begun.elapsed().as_secs_f64() * 1e9 / requests.len() as f64)?;
            }
            other => return Err(format!("'{other}' is no word of mine").into()),
        }
        out.flush()?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
