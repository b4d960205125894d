//! Making a world, and checking one.

use super::args::{Arguments, SimulateArgs, SimulateCommand, WorldFormat};
use super::{Done, FAILED, OK, out};
use crate::app::{
    AppError, EventFormat, Manifest, SimulateOptions, World, WorldFiles, embedded_catalogue,
    folder_catalogue, simulate as make, verify_world,
};
use probity_primitives::{Code, Problem};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

const WORLD_UNREADABLE: Code = Code::new("world-unreadable");
const WORLD_BROKEN: Code = Code::new("simulate-world-broken");

/// Violations shown in the terminal.
const SHOWN: usize = 20;

/// Makes a world or checks one.
pub(super) fn simulate(arguments: &Arguments, simulate: &SimulateArgs) -> Done {
    if let Some(SimulateCommand::Verify { folder }) = &simulate.what {
        let begun = Instant::now();
        let world = read_back(folder)?;
        return show(arguments, &world.manifest, Some(&world), folder, begun);
    }
    let Some(folder) = &simulate.out else { return Err(AppError::internal("there is no folder to write")) };
    let files = world_files(arguments, simulate)?;
    let options = SimulateOptions {
        merchants: simulate.merchants,
        buyers: simulate.buyers,
        days: simulate.days,
        seed: simulate.seed,
        only: simulate.only.clone(),
        without: simulate.without.clone(),
        format: match simulate.format {
            WorldFormat::Parquet => EventFormat::Parquet,
            WorldFormat::Jsonl => EventFormat::JsonLines,
        },
        threads: simulate
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |count| count.get().min(8))),
    };
    let begun = Instant::now();
    let mut bar = out::Bar::new();
    let manifest =
        make(&files, &options, folder, &mut |day, of| bar.at("days", day.into(), of.into(), false))?;
    bar.done();
    let world = if simulate.verify { Some(read_back(folder)?) } else { None };
    out::report_memory();
    show(arguments, &manifest, world.as_ref(), folder, begun)
}

fn read_back(folder: &Path) -> Result<World, AppError> {
    let mut bar = out::Bar::new();
    let world = verify_world(folder, &mut |bytes, of| bar.at("reading back", bytes, of, true))?;
    bar.done();
    Ok(world)
}

/// The files of a world in the catalogue in force.
pub(super) fn catalogue_world(arguments: &Arguments) -> Result<WorldFiles, AppError> {
    let catalogue: BTreeMap<String, String> = match &arguments.catalogue_dir {
        Some(folder) => folder_catalogue(folder)?,
        None => embedded_catalogue(),
    };
    Ok(WorldFiles::of(&catalogue))
}

fn world_files(arguments: &Arguments, simulate: &SimulateArgs) -> Result<WorldFiles, AppError> {
    let mut files = catalogue_world(arguments)?;
    for (given, text) in [(&simulate.world, &mut files.world), (&simulate.honest, &mut files.honest)] {
        if let Some(path) = given {
            *text = std::fs::read_to_string(path).map_err(|error| {
                Problem::new(WORLD_UNREADABLE, error.to_string()).at(path.display().to_string())
            })?;
        }
    }
    Ok(files)
}

fn show(
    arguments: &Arguments,
    manifest: &Manifest,
    world: Option<&World>,
    folder: &Path,
    begun: Instant,
) -> Done {
    let seconds = begun.elapsed().as_secs_f64();
    let broken = world.filter(|world| world.audit.violated > 0);
    if arguments.json {
        let mut answer = json!({"folder": folder, "world": manifest, "seconds": seconds});
        if let (Some(world), Some(members)) = (world, answer.as_object_mut()) {
            members.insert("verified".into(), verified(world));
        }
        out::json(&answer)?;
    } else {
        let counts = &manifest.counts;
        out::line(format!(
            "{}, seed {}: {} events, {} orders, {} merchants and {} buyers in {}",
            manifest.title,
            manifest.seed,
            counts.events,
            counts.orders,
            counts.merchants,
            counts.buyers,
            folder.display()
        ));
        out::line(format!("{seconds:.1} s, {:.0} events a second", counts.events as f64 / seconds.max(1e-9)));
        if let Some(world) = world.filter(|world| world.audit.violated == 0) {
            out::line(balance(world));
        }
    }
    match broken {
        Some(world) => {
            tell_broken(arguments, world);
            Ok(FAILED)
        }
        None => Ok(OK),
    }
}

/// Where the money of a world is, in one line.
fn balance(world: &World) -> String {
    let money = &world.audit.money;
    format!(
        "every law holds. In minor units of {}: {} paid + {} paid in by merchants + {} lost = {} refunded + {} charged back + \
         {} paid out + {} fees + {} held + {} owed",
        world.manifest.currency,
        money.paid,
        money.topped_up,
        money.lost,
        money.refunded,
        money.charged_back,
        money.paid_out,
        money.fees,
        money.held,
        money.owed
    )
}

fn verified(world: &World) -> Value {
    let audit = &world.audit;
    let violations: Vec<Value> = audit
        .violations
        .iter()
        .map(|violation| json!({"about": violation.about, "detail": violation.detail}))
        .collect();
    let money = &audit.money;
    json!({
        "violated": audit.violated,
        "violations": violations,
        "money": {
            "paid": money.paid.to_string(), "topped_up": money.topped_up.to_string(), "lost": money.lost.to_string(),
            "refunded": money.refunded.to_string(), "charged_back": money.charged_back.to_string(),
            "paid_out": money.paid_out.to_string(), "fees": money.fees.to_string(), "held": money.held.to_string(),
            "owed": money.owed.to_string(),
        },
    })
}

fn tell_broken(arguments: &Arguments, world: &World) {
    let audit = &world.audit;
    let mut problems: Vec<Problem> = audit
        .violations
        .iter()
        .take(SHOWN)
        .map(|violation| Problem::new(WORLD_BROKEN, violation.detail.clone()).at(violation.about.clone()))
        .collect();
    if audit.violated > SHOWN as u64 {
        let detail = format!("{} more violations", audit.violated - SHOWN as u64);
        problems.push(Problem::new(WORLD_BROKEN, detail));
    }
    out::failure(arguments, &problems.into());
}
