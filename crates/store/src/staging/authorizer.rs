//! What a mapping's SQL may do: read staged tables and call functions that depend on nothing but their arguments.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Functions whose answer changes from run to run, or that reach outside the database. `now` inside a date function cannot be seen here.
const DENIED: [&str; 14] = [
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "fts3_tokenizer",
    "random",
    "randomblob",
    "changes",
    "total_changes",
    "last_insert_rowid",
    "current_timestamp",
    "current_date",
    "current_time",
    "sqlite_compileoption_get",
];

fn judge(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Read { table_name, .. } if !table_name.starts_with("sqlite_") => Authorization::Allow,
        AuthAction::Function { function_name } => {
            let denied = DENIED.iter().any(|name| function_name.eq_ignore_ascii_case(name));
            if denied { Authorization::Deny } else { Authorization::Allow }
        }
        _ => Authorization::Deny,
    }
}

/// While it lives, the connection may only read.
pub(super) struct ReadOnly<'c>(&'c Connection);

impl<'c> ReadOnly<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        connection.authorizer(Some(judge))?;
        Ok(Self(connection))
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        // Fails only while another hook runs, which cannot be here; the connection would then stay read-only, the safe side.
        let _ = self.0.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    }
}
