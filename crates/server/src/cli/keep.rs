//! Keeping: backup and restore.

use super::args::Arguments;
use super::out::{self, Bar};
use super::{Done, OK};
use probity_store::{Reader, SqliteReader};
use std::path::Path;

/// Copies the data folder; also while a server has it open.
pub(super) fn backup(arguments: &Arguments, to: &Path) -> Done {
    let mut bar = Bar::new();
    let mut reader = SqliteReader::open(&arguments.data)?;
    reader.backup(to, &mut |done, of| bar.at("copying", done, of, false))?;
    bar.done();
    if arguments.json {
        let (rows, hash) = SqliteReader::open(to)?.last()?;
        return out::json(&serde_json::json!({"to": to, "rows": rows, "hash": hash.to_string()}));
    }
    out::remark(format!("backed up to {}", to.display()));
    Ok(OK)
}

/// Brings a backup into the data folder.
pub(super) fn restore(arguments: &Arguments, from: &Path) -> Done {
    let mut bar = Bar::new();
    probity_store::restore(from, &arguments.data, &mut |done, of| bar.at("restoring", done, of, false))?;
    bar.done();
    if arguments.json {
        let (rows, hash) = SqliteReader::open(&arguments.data)?.last()?;
        return out::json(&serde_json::json!({"to": arguments.data, "rows": rows, "hash": hash.to_string()}));
    }
    out::remark(format!("restored to {}", arguments.data.display()));
    Ok(OK)
}
