//! Fits the honest marketplace of the simulator to a sample of a real one.

use super::args::{Arguments, CalibrateArgs, ImportArgs};
use super::calibrate_page::{Asked, Compared, page, picture};
use super::data::{catalogue_files, open, run_import};
use super::foretell::{shown_path, weight};
use super::out::{self, Bar};
use super::{Done, OK};
use crate::app::AppError;
use probity_primitives::{Code, Problem};
use probity_sim::fit::{Fitted, Market, fit, world_of};
use probity_sim::honest::Honest;
use probity_sim::marginal::{Data, all};
use probity_sim::observed::{Observed, Sampling};
use probity_sim::setting::Setting;
use std::path::{Path, PathBuf};

const CALIBRATE_INVALID: Code = Code::new("calibrate-invalid");
const EXPORT_FAILED: Code = Code::new("export-failed");
/// Seeds of the worlds that the sample is compared with lie this far from that of the fit.
const OTHER_SEEDS: u64 = 1_000;
/// Splits of the sample into halves.
const SPLITS: u64 = 20;

/// Answers `calibrate`.
pub(super) fn calibrate(arguments: &Arguments, asked: &CalibrateArgs) -> Done {
    let delivered = weight(&asked.weight, CALIBRATE_INVALID)?;
    if delivered < 1.0 {
        let detail = format!("a delivered order cannot stand for {delivered} orders, less than itself");
        return Err(Problem::new(CALIBRATE_INVALID, detail).hint("delivered=18.65: a number from 1").into());
    }
    if !asked.sample.is_dir() {
        let detail = format!("'{}' is not a folder", asked.sample.display());
        return Err(Problem::new(CALIBRATE_INVALID, detail).hint("--sample FOLDER of the tables").into());
    }
    let texts = catalogue_files(arguments)?;
    let text = |path: &str| texts.get(path).map(String::as_str).unwrap_or_default();
    let base = Setting::read(text("worlds/marketplace.toml"), text("worlds/honest.toml"))?;
    let (sample, sampling) = observed(arguments, asked, &base, delivered)?;
    let mut bar = Bar::new();
    let fitted = fit(&sample, &sampling, &base, asked.seed, &mut |done, of| {
        bar.at("fitting", done, of, false);
    });
    bar.done();
    let fitted = fitted?;
    let compared = compare(&sample, &sampling, &base, &fitted, asked)?;
    let told = Asked {
        command: command(asked),
        delivered_weight: delivered,
        origin: asked.origin.clone(),
        seeds: seeds(asked),
        splits: SPLITS,
        sampled: sample.len(),
    };
    if let Some(out) = &asked.out {
        write(out, &text_of(&told, &fitted.honest)?)?;
    }
    if let Some(report) = &asked.report {
        write_report(report, &told, &fitted, &compared)?;
    }
    out::report_memory();
    if arguments.json {
        return out::json(&answer(&fitted, &compared));
    }
    show(&fitted, &compared);
    Ok(OK)
}

/// Seeds of the worlds that the sample is compared with.
fn seeds(asked: &CalibrateArgs) -> Vec<u64> {
    (0..asked.worlds).map(|nth| asked.seed.wrapping_add(OTHER_SEEDS + nth)).collect()
}

/// The command as the files repeat it, without what belongs to the machine.
fn command(asked: &CalibrateArgs) -> String {
    let mut command = format!(
        "probity calibrate --sample FOLDER --mapping {} --weight {} --seed {} --worlds {}",
        shown_path(Path::new(&asked.mapping)),
        asked.weight,
        asked.seed,
        asked.worlds
    );
    for (option, path) in [("--out", &asked.out), ("--report", &asked.report)] {
        if let Some(path) = path {
            command.push_str(&format!(" {option} {}", shown_path(path)));
        }
    }
    command
}

/// A folder for the time of the import, gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, AppError> {
        let folder = std::env::temp_dir().join(format!("probity-calibrate-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The orders of the sample: imported into a store of their own and read back.
fn observed(
    arguments: &Arguments,
    asked: &CalibrateArgs,
    base: &Setting,
    delivered: f64,
) -> Result<(Vec<Observed>, Sampling), AppError> {
    let scratch = Scratch::new()?;
    let own = Arguments {
        data: scratch.0.join("data"),
        catalogue_dir: arguments.catalogue_dir.clone(),
        catalogue_version: None,
        currency: Some(base.currency()?.to_string()),
        json: arguments.json,
        log_format: arguments.log_format,
        command: super::Command::Doctor,
    };
    let probity = open(&own)?;
    let import = ImportArgs {
        paths: vec![asked.sample.clone()],
        mapping: Some(asked.mapping.clone()),
        source: None,
        dry_run: false,
    };
    let imported = run_import(&probity, &import);
    let observed = imported.and_then(|_| probity.observed(delivered));
    probity.close();
    observed
}

/// The sample beside samples drawn alike from simulated worlds of its size.
fn compare(
    sample: &[Observed],
    sampling: &Sampling,
    base: &Setting,
    fitted: &Fitted,
    asked: &CalibrateArgs,
) -> Result<Vec<Compared>, AppError> {
    let market: &Market = &fitted.market;
    let setting = world_of(base, &fitted.honest, market)?;
    let mut bar = Bar::new();
    let mut drawn: Vec<Vec<Observed>> = Vec::new();
    for (done, seed) in (0..).zip(seeds(asked)) {
        bar.at("simulating", done, asked.worlds, false);
        drawn.push(sampling.draw(&market.lived(&setting, seed), seed, 0));
    }
    bar.done();
    let within: Vec<Observed> = sample.iter().filter(|order| market.holds(order)).copied().collect();
    let compared = all().into_iter().map(|marginal| {
        let real = marginal.of(&within);
        let simulated: Vec<Data> = drawn.iter().map(|drawn| marginal.of(drawn)).collect();
        let distances: Vec<f64> = simulated.iter().map(|simulated| real.distance(simulated)).collect();
        let halves = marginal.between_halves(&within, asked.seed, SPLITS);
        let first = simulated.into_iter().next().unwrap_or_else(|| marginal.of(&[]));
        Compared { marginal, real, simulated: first, distances, halves }
    });
    Ok(compared.collect())
}

/// The parameters' file: where they are from, then the parameters.
fn text_of(asked: &Asked, honest: &Honest) -> Result<String, AppError> {
    Ok(format!(
        "# How honest trade looks in numbers. Made by\n#   {}\n# from {}.\n\
         # It holds figures about the sample as a whole (counts, quantiles and fits), no row of it. How well they fit stands in\n\
         # docs/CALIBRATION.md; what each means, in docs/guides/calibrate.md. Nothing here is set by hand.\n\n{}",
        asked.command,
        asked.origin,
        honest.text()?
    ))
}

fn failed(path: &Path, error: &std::io::Error) -> AppError {
    Problem::new(EXPORT_FAILED, error.to_string()).at(path.display().to_string()).into()
}

fn write(path: &Path, text: &str) -> Result<(), AppError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    std::fs::write(path, text).map_err(|error| failed(path, &error))?;
    out::remark(format!("written: {}", path.display()));
    Ok(())
}

fn write_report(to: &Path, asked: &Asked, fitted: &Fitted, compared: &[Compared]) -> Result<(), AppError> {
    let pictures = to.parent().unwrap_or(Path::new("")).join("pictures");
    for one in compared {
        write(&pictures.join(format!("calibration-{}.svg", one.marginal.name)), &picture(one))?;
    }
    write(to, &page(asked, fitted, compared))
}

fn answer(fitted: &Fitted, compared: &[Compared]) -> serde_json::Value {
    let market = &fitted.market;
    let marginals = compared.iter().map(|one| {
        serde_json::json!({
            "name": one.marginal.name,
            "measure": one.measure(),
            "distance": one.distance(),
            "distances": one.distances,
            "between_halves": one.halves,
        })
    });
    let tried = fitted.tried.iter().map(|tried| {
        serde_json::json!({"visibility_spread": tried.spread, "merchants": tried.merchants, "distance": tried.distance})
    });
    serde_json::json!({
        "honest": fitted.honest,
        "market": {
            "begin": market.begin.to_string(),
            "days": market.days,
            "orders": market.orders,
            "merchants": market.merchants,
            "buyers": market.buyers,
            "there_at_begin": market.there_at_begin,
        },
        "tried": tried.collect::<Vec<_>>(),
        "remarks": fitted.remarks,
        "marginals": marginals.collect::<Vec<_>>(),
    })
}

fn show(fitted: &Fitted, compared: &[Compared]) {
    let market = &fitted.market;
    out::line(format!(
        "a market of {:.0} orders in {} days, {} merchants and {} buyers; visibility spread {}",
        market.orders, market.days, market.merchants, market.buyers, fitted.honest.demand.visibility_spread
    ));
    fitted.remarks.iter().for_each(out::line);
    let rows: Vec<Vec<String>> = compared
        .iter()
        .map(|one| {
            vec![
                one.marginal.name.to_owned(),
                one.measure().to_owned(),
                format!("{:.3}", one.distance()),
                format!("{:.3}", one.halves),
                one.verdict().to_owned(),
            ]
        })
        .collect();
    out::table(&["marginal", "measure", "distance", "between halves", "verdict"], &rows);
}
