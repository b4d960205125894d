//! Hashes of what is stored: the chain of the log and the seals of everything else.

use crate::contract::Key;
use crate::error::StoreError;
use probity_primitives::{Digest, Timestamp};

/// Bytes of a seal: enough that damage goes unseen once in 2⁶⁴.
pub(crate) const SEAL: usize = 8;

/// The chain hash of a row of the log. `before` is the hash of the row before it, [`Digest::ZERO`] for the first.
pub(crate) fn chain(before: &Digest, seq: u64, recorded_at: Timestamp, key: &Key, body: &[u8]) -> Digest {
    Digest::of(&[
        &before.0,
        &seq.to_be_bytes(),
        &recorded_at.millis().to_be_bytes(),
        key,
        &(body.len() as u64).to_be_bytes(),
        body,
    ])
}

/// The seal of a row: its table, the identity under which it is looked up, its content.
pub(crate) fn seal(table: &str, identity: &[u8], content: &[u8]) -> [u8; SEAL] {
    let digest = Digest::of(&[
        table.as_bytes(),
        &(identity.len() as u64).to_be_bytes(),
        identity,
        &(content.len() as u64).to_be_bytes(),
        content,
    ]);
    let mut out = [0; SEAL];
    out.copy_from_slice(&digest.0[..SEAL]);
    out
}

/// Content with its seal behind it.
pub(crate) fn sealed(table: &str, identity: &[u8], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + SEAL);
    out.extend_from_slice(content);
    out.extend_from_slice(&seal(table, identity, content));
    out
}

/// The content of sealed bytes.
pub(crate) fn unsealed<'b>(
    table: &str,
    identity: &[u8],
    bytes: &'b [u8],
    place: impl FnOnce() -> String,
) -> Result<&'b [u8], StoreError> {
    let content = bytes.len().checked_sub(SEAL).and_then(|length| bytes.split_at_checked(length));
    match content {
        Some((content, stored)) if stored == seal(table, identity, content) => Ok(content),
        _ => Err(StoreError::damaged(place(), "it does not match its checksum")),
    }
}
