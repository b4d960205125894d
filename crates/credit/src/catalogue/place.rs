//! Where a definition file belongs, by what it says it is.

use crate::event::Role;
use crate::policy::decides;

/// Heads of files that are of one role, and their folders.
const OF_A_ROLE: [(&str, &str); 3] = [("terms", "terms"), ("tiers", "tiers"), ("scorecard", "scorecards")];

/// The place in a catalogue of a policy, or of terms, tiers or a scorecard of one role; none for a text that is neither, or
/// that cannot be read so far.
pub fn place_of(text: &str) -> Option<String> {
    if let Some(kind) = decides(text) {
        return Some(format!("policies/{}.toml", kind.as_str()));
    }
    let table: toml::Table = text.parse().ok()?;
    OF_A_ROLE.into_iter().find_map(|(head, folder)| {
        let role = Role::parse(table.get(head)?.get("of")?.as_str()?)?;
        Some(format!("{folder}/{}.toml", role.as_str()))
    })
}
