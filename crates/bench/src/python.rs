//! The peers that are Python packages: an environment of their own with pinned versions, and their figures.

use crate::figures::scale;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest version of Python that the pinned packages take, first choice first.
const PROGRAMS: [&str; 5] = ["python3.11", "python3.12", "python3.13", "python3.14", "python3"];

/// One figure of a peer.
pub(crate) struct Told {
    pub(crate) peer: String,
    pub(crate) data: String,
    pub(crate) figure: String,
    /// The median over repeats, or the mean over folds. For a figure by column: a number for each.
    pub(crate) value: Value,
    pub(crate) unit: String,
    /// The lowest and the highest.
    pub(crate) spread: Option<(f64, f64)>,
}

/// The peers, ready to run.
pub(crate) struct Peers {
    python: PathBuf,
    script: PathBuf,
}

impl Peers {
    /// Makes the environment where it is not there yet, below the target folder.
    pub(crate) fn ready() -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let target = own.parent().and_then(Path::parent).ok_or("this program stands in no target folder")?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("scorecard");
        let wanted = source.join("requirements.txt");
        let wanted_text = std::fs::read_to_string(&wanted).map_err(|error| error.to_string())?;
        let folder = target.join("scorecard-peers");
        let (python, made) = (folder.join("bin/python"), folder.join("requirements.txt"));
        if std::fs::read_to_string(&made).is_ok_and(|text| text == wanted_text) {
            return Ok(Peers { python, script: source.join("peers.py") });
        }
        eprintln!("installing the peers into {} (some minutes, once)", folder.display());
        let _ = std::fs::remove_dir_all(&folder);
        let begun = PROGRAMS.iter().any(|program| {
            let made = Command::new(program).args(["-m", "venv"]).arg(&folder).stderr(Stdio::null()).status();
            made.is_ok_and(|status| status.success())
        });
        if !begun {
            return Err("the peers need Python 3.11 or newer with its module venv; install it".to_owned());
        }
        let install = Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&wanted)
            .status();
        match install {
            Ok(status) if status.success() => {}
            _ => return Err("the peers could not be installed; see what pip says above".to_owned()),
        }
        // Last, so that an environment with it is whole.
        std::fs::write(&made, wanted_text).map_err(|error| error.to_string())?;
        Ok(Peers { python, script: source.join("peers.py") })
    }

    /// Writes the data sets into a folder; those whose files are not there are left out.
    pub(crate) fn prepare(&self, data: &Path, work: &Path) -> Result<(), String> {
        let mut command = self.command("prepare", work);
        command.arg("--data").arg(data);
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err("the data sets could not be written".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Measures all that the peers have to show.
    pub(crate) fn run(&self, work: &Path) -> Result<Vec<Told>, String> {
        let mut child =
            self.command("run", work).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let lines = BufReader::new(child.stdout.take().ok_or("the peers have no output")?).lines();
        let told: Result<Vec<Told>, String> =
            lines.map(|line| told(&line.map_err(|error| error.to_string())?)).collect();
        match child.wait() {
            Ok(status) if status.success() => told,
            _ => Err("the peers ended before all was measured".to_owned()),
        }
    }

    fn command(&self, what: &str, work: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-W", "ignore"]).arg(&self.script).arg(what).arg("--work").arg(work);
        if scale() < 1.0 {
            command.arg("--quick");
        }
        command
    }
}

/// A line of what the peers, or a process of ours, print.
pub(crate) fn told(line: &str) -> Result<Told, String> {
    let found: Value = serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))?;
    let text =
        |name: &str| found[name].as_str().map(str::to_owned).ok_or_else(|| format!("{line}: no {name}"));
    let spread = found["spread"][0].as_f64().zip(found["spread"][1].as_f64());
    Ok(Told {
        peer: text("peer")?,
        data: text("data")?,
        figure: text("figure")?,
        value: found["value"].clone(),
        unit: text("unit")?,
        spread,
    })
}

/// The figure of one of them on a set.
pub(crate) fn find<'a>(told: &'a [Told], peer: &str, data: &str, figure: &str) -> Option<&'a Told> {
    told.iter().find(|told| told.peer == peer && told.data == data && told.figure == figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_or_told() {
        let line =
            r#"{"peer": "p", "data": "d", "figure": "AUC", "value": 0.5, "unit": "", "spread": [0.4, 0.6]}"#;
        let read = told(line).unwrap();
        assert_eq!((read.value.as_f64(), read.spread), (Some(0.5), Some((0.4, 0.6))));
        assert!(find(&[read], "p", "d", "AUC").is_some());
        assert!(told(&line.replace("[0.4, 0.6]", "null")).unwrap().spread.is_none());
        assert!(told("{}").is_err() && told("fit").is_err());
    }
}
