//! Sanctions as stored bytes, so that a party's state need not be made from its events anew.

use super::kind::{Ground, Sanction};
use super::standing::{Change, Imposed, Sanctions};
use probity_primitives::Timestamp;
use probity_primitives::wire::{Reader, WireError, Writer};

fn perhaps(writer: &mut Writer, value: Option<i64>) {
    writer.byte(u8::from(value.is_some()));
    value.into_iter().for_each(|value| writer.signed(value));
}

fn read_perhaps(reader: &mut Reader<'_>) -> Result<Option<i64>, WireError> {
    match reader.byte()? {
        0 => Ok(None),
        1 => Ok(Some(reader.signed()?)),
        _ => Err(WireError::Malformed),
    }
}

fn read_moment(reader: &mut Reader<'_>) -> Result<Timestamp, WireError> {
    Ok(Timestamp::from_millis(reader.signed()?))
}

impl Imposed {
    fn encode(&self, writer: &mut Writer) {
        let moment = |writer: &mut Writer, at: Option<Timestamp>| perhaps(writer, at.map(Timestamp::millis));
        writer.text(&self.id);
        writer.text(self.kind.as_str());
        writer.text(self.ground.as_str());
        writer.text(&self.reason);
        perhaps(writer, self.limit);
        writer.signed(self.told_at.millis());
        writer.signed(self.starts_at.millis());
        moment(writer, self.ends_at);
        writer.signed(self.appeal_by.millis());
        moment(writer, self.appealed_at);
        moment(writer, self.lifted_at);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let moment = |reader: &mut Reader<'_>| Ok(read_perhaps(reader)?.map(Timestamp::from_millis));
        Ok(Self {
            id: reader.text()?.into(),
            kind: Sanction::parse(&reader.text()?).ok_or(WireError::Malformed)?,
            ground: Ground::parse(&reader.text()?).ok_or(WireError::Malformed)?,
            reason: reader.text()?.into(),
            limit: read_perhaps(reader)?,
            told_at: read_moment(reader)?,
            starts_at: read_moment(reader)?,
            ends_at: moment(reader)?,
            appeal_by: read_moment(reader)?,
            appealed_at: moment(reader)?,
            lifted_at: moment(reader)?,
        })
    }
}

impl Sanctions {
    /// Appends them to stored bytes.
    pub fn encode(&self, writer: &mut Writer) {
        writer.unsigned(self.imposed.len() as u64);
        self.imposed.iter().for_each(|imposed| imposed.encode(writer));
        writer.unsigned(self.early.len() as u64);
        for (id, change) in &self.early {
            writer.text(id);
            let (tag, at) = match change {
                Change::Appealed(at) => (0, Some(*at)),
                Change::Rejected => (1, None),
                Change::Lifted(at) => (2, Some(*at)),
            };
            writer.byte(tag);
            at.into_iter().for_each(|at| writer.signed(at.millis()));
        }
    }

    /// From stored bytes.
    ///
    /// # Errors
    /// When the bytes are not what [`Sanctions::encode`] makes.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut sanctions = Self::default();
        for _ in 0..reader.count()? {
            sanctions.imposed.push(Imposed::decode(reader)?);
        }
        for _ in 0..reader.count()? {
            let id = reader.text()?.into();
            let change = match reader.byte()? {
                0 => Change::Appealed(read_moment(reader)?),
                1 => Change::Rejected,
                2 => Change::Lifted(read_moment(reader)?),
                _ => return Err(WireError::Malformed),
            };
            sanctions.early.push((id, change));
        }
        Ok(sanctions)
    }
}
