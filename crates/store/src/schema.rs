//! The schema and its migrations: forward only, each in a database transaction of its own, each known by its digest.

use crate::error::{AtPlace, StoreError};
use probity_primitives::Digest;
use rusqlite::{Connection, TransactionBehavior};

/// Marks a database as ours (`PRAGMA application_id`): "PROB".
pub(crate) const APPLICATION: i32 = 0x5052_4F42;

/// One step of the schema. Once released, it never changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// The schema's version after this step; the first is 1.
    pub(crate) version: u32,
    /// What is executed.
    pub(crate) sql: &'static str,
}

/// All steps, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: include_str!("schema/v1.sql") },
    Migration { version: 2, sql: include_str!("schema/v2.sql") },
    Migration { version: 3, sql: include_str!("schema/v3.sql") },
    Migration { version: 4, sql: include_str!("schema/v4.sql") },
];

/// The oldest version that can be read as it stands: for audits, backups and restores made before it is brought forward.
pub(crate) const OLDEST_READ: u32 = 1;

/// The version that this release reads and writes.
pub(crate) fn newest(migrations: &[Migration]) -> u32 {
    migrations.last().map_or(0, |step| step.version)
}

fn place() -> String {
    "schema".into()
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection.pragma_query_value(None, name, |row| row.get(0)).at(place)
}

/// What a database file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Empty,
    /// Tables of somebody else.
    Foreign,
    /// Our schema of this version.
    Ours(u32),
}

/// Looks what a database file holds.
pub(crate) fn found(connection: &Connection) -> Result<Found, StoreError> {
    let application = pragma(connection, "application_id")?;
    if application == i64::from(APPLICATION) {
        let version = pragma(connection, "user_version")?;
        return u32::try_from(version)
            .map(Found::Ours)
            .map_err(|_| StoreError::damaged(place(), "a negative version"));
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).at(place)?;
    Ok(if tables == 0 && application == 0 { Found::Empty } else { Found::Foreign })
}

/// True when a store was brought forward to a version; a reader may meet an older one.
pub(crate) fn has_reached(connection: &Connection, wanted: u32) -> Result<bool, StoreError> {
    Ok(matches!(found(connection)?, Found::Ours(version) if version >= wanted))
}

/// Brings the schema to the newest version; does nothing when it is there.
///
/// # Errors
/// `store-newer`; `store-damaged` when an applied step is not the one this release knows.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let known = newest(migrations);
    let version = match found(connection)? {
        Found::Ours(version) => version,
        Found::Empty => 0,
        Found::Foreign => {
            return Err(StoreError::NotOurs(String::new(), "a database of another program".into()));
        }
    };
    if version > known {
        return Err(StoreError::Newer { found: version, known });
    }
    for step in migrations {
        if step.version > version {
            apply(connection, *step)?;
        } else {
            check(connection, *step)?;
        }
    }
    Ok(())
}

fn apply(connection: &mut Connection, step: Migration) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).at(place)?;
    if step.version == 1 {
        transaction.pragma_update(None, "application_id", APPLICATION).at(place)?;
        transaction
            .execute_batch(
                "CREATE TABLE migration (version INTEGER PRIMARY KEY, digest BLOB NOT NULL) STRICT",
            )
            .at(place)?;
    }
    transaction.execute_batch(step.sql).at(place)?;
    transaction
        .execute("INSERT INTO migration (version, digest) VALUES (?1, ?2)", (step.version, digest(step).0))
        .at(place)?;
    transaction.pragma_update(None, "user_version", step.version).at(place)?;
    transaction.commit().at(place)
}

fn check(connection: &Connection, step: Migration) -> Result<(), StoreError> {
    let applied: [u8; 32] = connection
        .query_row("SELECT digest FROM migration WHERE version = ?1", [step.version], |row| row.get(0))
        .at(|| format!("migration {}", step.version))?;
    if applied == digest(step).0 {
        Ok(())
    } else {
        Err(StoreError::damaged(
            format!("migration {}", step.version),
            "another step was applied under this version",
        ))
    }
}

fn digest(step: Migration) -> Digest {
    Digest::of(&[step.sql.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step of the tests' own in place of the second.
    const V2: Migration = Migration {
        version: 2,
        sql: "ALTER TABLE record ADD COLUMN kind INTEGER; UPDATE record SET kind = 7;",
    };

    fn version_1() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &MIGRATIONS[..1]).unwrap();
        connection.execute("INSERT INTO record (name, bytes) VALUES ('a', x'00')", []).unwrap();
        connection
    }

    #[test]
    fn released_steps_never_change() {
        // Stores out there were made by exactly these texts.
        let digests: Vec<String> = MIGRATIONS.iter().map(|step| digest(*step).to_string()).collect();
        assert_eq!(
            digests,
            [
                "45af18cf0851d652a6e0031c76e953f46bd50680f3e07a22209cfef18260325d",
                "d351867a8bae345101c8095a3bd8cfa327dd8f09f131712708f1c2bf7a6126e7",
                "5bd9f1d4d4fde6e108f4c432d434aaf9d7d3fc14522547572ddda979cdb951da",
                "165520a599a4fdd07f780ea7953c84d2bd32e28995afc7056d186164684daf6d",
            ]
        );
        assert!(MIGRATIONS.iter().zip(1..).all(|(step, version)| step.version == version));
    }

    #[test]
    fn an_old_store_is_brought_forward_with_its_rows() {
        let mut connection = version_1();
        migrate(&mut connection, &[MIGRATIONS[0], V2]).unwrap();
        assert_eq!(found(&connection).unwrap(), Found::Ours(2));
        let kind: i64 = connection.query_row("SELECT kind FROM record", [], |row| row.get(0)).unwrap();
        assert_eq!(kind, 7);
        migrate(&mut connection, &[MIGRATIONS[0], V2]).unwrap();
    }

    #[test]
    fn a_newer_store_is_refused() {
        let mut connection = version_1();
        migrate(&mut connection, &[MIGRATIONS[0], V2]).unwrap();
        let refused = migrate(&mut connection, &MIGRATIONS[..1]).unwrap_err();
        assert_eq!(refused, StoreError::Newer { found: 2, known: 1 });
    }

    #[test]
    fn a_step_that_fails_in_the_middle_leaves_the_old_version() {
        let mut connection = version_1();
        let broken = Migration { version: 2, sql: "DELETE FROM record; CREATE TABLE log (x INTEGER);" };
        migrate(&mut connection, &[MIGRATIONS[0], broken]).unwrap_err();
        assert_eq!(found(&connection).unwrap(), Found::Ours(1));
        let records: i64 = connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap();
        assert_eq!(records, 1);
        migrate(&mut connection, &[MIGRATIONS[0], V2]).unwrap();
    }

    #[test]
    fn a_step_that_was_edited_after_its_release_is_noticed() {
        let mut connection = version_1();
        let edited = Migration { version: 1, sql: "SELECT 1" };
        assert_eq!(migrate(&mut connection, &[edited]).unwrap_err().code().as_str(), "store-damaged");
    }

    #[test]
    fn a_database_of_another_program_is_not_touched() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert_eq!(migrate(&mut connection, MIGRATIONS).unwrap_err().code().as_str(), "store-not-ours");
    }
}
