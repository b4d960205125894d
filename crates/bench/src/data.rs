//! A data folder, opened in this process.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Party, Role};
use probity_server::app::{Clock, Probity, embedded_catalogue};
use std::path::Path;

/// Opens a data folder in this process.
pub(crate) fn open(data: &Path) -> Result<Probity, String> {
    let catalogue = Catalogue::load(embedded_catalogue()).map_err(|problems| format!("{problems:?}"))?;
    Probity::open(data, catalogue, Clock::system(), &mut |_, _| {}).map_err(|error| error.to_string())
}

/// Up to a thousand parties of a role.
pub(crate) fn parties(probity: &Probity, role: Role) -> Result<Vec<Party>, String> {
    let page = probity.parties(role, 0, 1_000).map_err(|error| error.to_string())?;
    Ok(page.into_iter().map(|(_, party)| party).collect())
}
