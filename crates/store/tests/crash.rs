//! Processes that die and disks that fail in the middle of the work. The test binary runs itself as the victim.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod workload;

use probity_store::Store;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use workload::{Random, open, prove, rounds, write};

const FOLDER: &str = "PROBITY_TEST_VICTIM_FOLDER";
/// How many batches a victim writes when nothing stops it.
const MOST: u64 = 2_000;
const MOST_NAME: &str = "PROBITY_TEST_VICTIM_BATCHES";

/// Not a test by itself: what the child process does. Writes batches and tells each one that was acknowledged.
#[test]
fn victim() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let mut store = match open(Path::new(&folder)) {
        Ok(store) => store,
        Err(error) => return println!("\nrefused {}", error.code()),
    };
    store.drain_at(60);
    store.drain_aside().unwrap();
    let first = store.reader().and_then(|mut reader| probity_store::Reader::event_count(&mut reader));
    let first = match first {
        Ok(rows) => rows / workload::EVENTS,
        Err(error) => return println!("\nrefused {}", error.code()),
    };
    for n in first..first + rounds(MOST_NAME, MOST) {
        match write(&mut store, n) {
            Ok(()) => println!("\nacknowledged {}", n + 1),
            Err(error) => {
                println!("\nrefused {}", error.code());
                let again = store.begin().map(|_| ()).map_err(|error| error.code().as_str());
                return println!("\nafterwards {again:?}");
            }
        }
    }
}

fn victim_command() -> Vec<String> {
    let own = std::env::current_exe().unwrap().display().to_string();
    vec![own, "victim".into(), "--exact".into(), "--nocapture".into(), "--test-threads=1".into()]
}

fn start(command: &[String], folder: &Path, most: u64) -> Child {
    Command::new(&command[0])
        .args(&command[1..])
        .env(FOLDER, folder)
        .env(MOST_NAME, most.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The last acknowledged batch and what else the victim told.
fn told(child: &mut Child) -> (u64, Vec<String>) {
    let (mut acknowledged, mut rest) = (0, Vec::new());
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.split_once(' ') {
            Some(("acknowledged", n)) => acknowledged = n.parse().unwrap_or(acknowledged),
            Some(("refused" | "afterwards", _)) => rest.push(line),
            _ => {}
        }
    }
    (acknowledged, rest)
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let mut random = Random(rounds("PROBITY_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let mut present = 0;
    for round in 0..rounds("PROBITY_KILL_ROUNDS", 20) {
        let mut child = start(&victim_command(), folder.path(), MOST);
        std::thread::sleep(Duration::from_millis(5 + random.below(150)));
        child.kill().unwrap();
        let (acknowledged, rest) = told(&mut child);
        child.wait().unwrap();
        assert_eq!(rest, [""; 0], "round {round}");
        // The proof writes a batch of its own, acknowledged as well.
        present = prove(folder.path(), acknowledged.max(present)) + 1;
    }
    println!("{present} batches after all rounds");
    assert!(present > 20);
}

/// What can fail, and how far apart the positions are at which it does, so that they spread over a run of two batches for
/// each position: a batch means at least one synchronisation and six writes.
const FAILING: [(&str, u64); 2] = [("fsync,fdatasync", 2), ("pwrite64,write", 11)];

/// A command that runs the victim and lets one call on a file of the store fail.
fn failing(calls: &str, position: u64, folder: &Path) -> Vec<String> {
    let mut command: Vec<String> = ["strace", "-f", "-qq", "-o", "/dev/null"].map(String::from).into();
    // Only calls on the store's files: what the victim tells must get through.
    for name in ["", "probity.db", "probity.db-wal", "checkpoints", "checkpoints.part"] {
        command.extend(["-P".to_owned(), folder.join(name).display().to_string()]);
    }
    let inject = format!("inject={calls}:error=EIO:when={position}");
    command.extend(["-e".to_owned(), format!("trace={calls}"), "-e".to_owned(), inject]);
    command.extend(victim_command());
    command
}

#[test]
fn after_a_failed_write_or_synchronisation_nothing_is_acknowledged() {
    let probe = Command::new("strace").args(["-f", "-e", "trace=none", "true"]).output();
    if !probe.is_ok_and(|out| out.status.success()) {
        assert!(std::env::var_os("PROBITY_TEST_PROGRAMS").is_none(), "strace is missing or does not work");
        return println!("skipped: strace cannot be used here");
    }
    let positions = rounds("PROBITY_EIO_ROUNDS", 25);
    for (calls, apart) in FAILING {
        let (mut failed, mut ignored) = (0, 0);
        for round in 0..positions {
            let position = round * apart + 1;
            let folder = tempfile::tempdir().unwrap();
            let mut child = start(&failing(calls, position, folder.path()), folder.path(), positions * 2);
            let (acknowledged, rest) = told(&mut child);
            child.wait().unwrap();
            match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                // While it commits: refused, and refused ever after.
                ["refused store-failed", "afterwards Err(\"store-failed\")"] => failed += 1,
                // While it opens.
                ["refused store-failed"] => {}
                // SQLite does not look at the answer when it synchronises the folder; we do so again ourselves before the
                // first acknowledgement. Or there are not so many calls.
                [] => ignored += 1,
                _ => panic!("{calls} {position}: {rest:?}"),
            }
            prove(folder.path(), acknowledged);
        }
        println!(
            "{calls}: {failed} failures met a running store, {ignored} calls were beyond the end or ignored"
        );
        assert!(failed > 0 && ignored <= 3, "{calls}: {failed} failed, {ignored} ignored");
    }
}
