//! The wire format of protocol buffers, as far as ONNX uses it.
//!
//! Nothing is copied before it is asked for, lengths are checked against what is there, and nesting is that of the schema:
//! a file can make the reader hold no more than a small multiple of its own size.

use crate::Error;

/// A field's value as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
}

/// The fields of a message, in their order.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

pub(super) fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

fn broken() -> Error {
    Error::Onnx("the file is cut off or damaged, or no ONNX file".to_owned())
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Field<'a>), Error> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.take(8)?.try_into().map_err(|_| broken())?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| broken())?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed32(self.take(4)?.try_into().map_err(|_| broken())?),
            _ => return Err(broken()),
        };
        Ok((key >> 3, value))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(broken)?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Error> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(broken())
    }
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Error> {
        if let Field::Bytes(bytes) = self { Ok(bytes) } else { Err(broken()) }
    }

    pub(super) fn text(self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::Onnx("a text in it is not UTF-8".to_owned()))
    }

    pub(super) fn integer(self) -> Result<i64, Error> {
        // Negative numbers stand in their two's complement.
        if let Field::Varint(value) = self { Ok(value as i64) } else { Err(broken()) }
    }

    pub(super) fn float(self) -> Result<f32, Error> {
        if let Field::Fixed32(bytes) = self { Ok(f32::from_le_bytes(bytes)) } else { Err(broken()) }
    }

    /// Adds one number, or all of a packed list.
    pub(super) fn integers(self, to: &mut Vec<i64>) -> Result<(), Error> {
        match self {
            Field::Bytes(bytes) => {
                let mut packed = fields(bytes);
                while !packed.rest.is_empty() {
                    to.push(packed.varint()? as i64);
                }
            }
            single => to.push(single.integer()?),
        }
        Ok(())
    }

    /// Adds one number, or all of a packed list.
    pub(super) fn floats(self, to: &mut Vec<f64>) -> Result<(), Error> {
        match self {
            Field::Bytes(bytes) => floats(bytes, to),
            single => {
                to.push(f64::from(single.float()?));
                Ok(())
            }
        }
    }

    /// Adds one number of double width, or all of a packed list.
    pub(super) fn doubles(self, to: &mut Vec<f64>) -> Result<(), Error> {
        match self {
            Field::Bytes(bytes) => doubles(bytes, to),
            Field::Fixed64(bytes) => {
                to.push(f64::from_le_bytes(bytes));
                Ok(())
            }
            _ => Err(broken()),
        }
    }
}

/// Adds numbers of 32 bits that stand one behind the other.
pub(super) fn floats(bytes: &[u8], to: &mut Vec<f64>) -> Result<(), Error> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    to.extend(numbers.iter().map(|number| f64::from(f32::from_le_bytes(*number))));
    if rest.is_empty() { Ok(()) } else { Err(broken()) }
}

/// Adds numbers of 64 bits that stand one behind the other.
pub(super) fn doubles(bytes: &[u8], to: &mut Vec<f64>) -> Result<(), Error> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    to.extend(numbers.iter().map(|number| f64::from_le_bytes(*number)));
    if rest.is_empty() { Ok(()) } else { Err(broken()) }
}

/// Adds whole numbers of 64 bits that stand one behind the other.
pub(super) fn integers(bytes: &[u8], to: &mut Vec<f64>) -> Result<(), Error> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    to.extend(numbers.iter().map(|number| i64::from_le_bytes(*number) as f64));
    if rest.is_empty() { Ok(()) } else { Err(broken()) }
}
