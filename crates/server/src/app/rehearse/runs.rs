//! Many worlds on many threads: seeds are handed out one by one, results come back in the order of the seeds.

use super::super::error::AppError;
use super::platform::{Rehearsal, Reviews};
use super::policy::Policy;
use super::told::Lived;
use probity_sim::setting::Setting;
use probity_sim::world::run;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Which worlds are rehearsed, and how.
#[derive(Debug, Clone)]
pub struct Worlds {
    /// The setting that all have in common.
    pub setting: Setting,
    /// One world for each seed.
    pub seeds: Vec<u64>,
    /// Days between two reviews of everybody.
    pub review_days: u32,
    /// Threads at work.
    pub threads: usize,
}

/// A world under a policy.
#[derive(Debug, Clone)]
pub struct Rehearsed<T> {
    /// The seed.
    pub seed: u64,
    /// What was made of each policy's run, in the order of the policies.
    pub by_policy: Vec<T>,
}

/// Told as days go by, over all worlds: days done, days in all.
pub type RehearseProgress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Lets every world happen under every policy and keeps what `take` makes of each.
///
/// # Errors
/// The first, in the order of the seeds, of those that stopped a world.
pub(in super::super) fn rehearse<T: Send>(
    worlds: &Worlds,
    policies: &[Policy],
    progress: RehearseProgress<'_>,
    take: &(dyn Fn(u64, &Policy, Lived) -> T + Sync),
) -> Result<Vec<Rehearsed<T>>, AppError> {
    let jobs: Vec<(u64, &Policy)> =
        worlds.seeds.iter().flat_map(|seed| policies.iter().map(|policy| (*seed, policy))).collect();
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    let (next, days) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let total = jobs.len() as u64 * u64::from(worlds.setting.world.size.days);
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((seed, policy)) = jobs.get(place) else { break };
            let day = || progress(days.fetch_add(1, Ordering::Relaxed) as u64 + 1, total);
            let lived = one(worlds, *seed, policy, &day).map(|lived| take(*seed, policy, lived));
            let failed = lived.is_err();
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, lived));
            if failed {
                next.store(jobs.len(), Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = worlds.threads.clamp(1, jobs.len().max(1));
        (1..threads).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    let mut results =
        done.into_iter().map(|(_, lived)| lived).collect::<Result<Vec<T>, AppError>>()?.into_iter();
    let together = |seed: &u64| {
        let by_policy: Vec<T> = policies.iter().filter_map(|_| results.next()).collect();
        Rehearsed { seed: *seed, by_policy }
    };
    Ok(worlds.seeds.iter().map(together).collect())
}

fn one(worlds: &Worlds, seed: u64, policy: &Policy, day: &dyn Fn()) -> Result<Lived, AppError> {
    let mut platform = Rehearsal::new(policy, &worlds.setting, Reviews::Every(worlds.review_days))?;
    run(&worlds.setting, seed, &mut platform, &mut |_, _, _| day())?;
    Ok(platform.end())
}
