//! A compact binary codec: LEB128 integers, zigzag for signed ones, length-prefixed bytes, and text in which long runs
//! of hexadecimal digits take half their length (ids of foreign systems are mostly such runs).

/// Why bytes could not be read: they end early, or hold a value that the writer never makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end inside a value.
    #[error("the bytes end inside a value")]
    Short,
    /// A value that no writer makes (an over-long integer, text that is not UTF-8, an unknown tag).
    #[error("a value that no writer makes")]
    Malformed,
}

/// Appends values to a byte vector.
#[derive(Debug, Default)]
pub struct Writer {
    /// What was written so far.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// One byte.
    pub fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// An unsigned integer, 7 bits a byte.
    pub fn unsigned(&mut self, value: u64) {
        self.wide(u128::from(value));
    }

    /// A signed integer, zigzag.
    pub fn signed(&mut self, value: i64) {
        self.wide_signed(i128::from(value));
    }

    /// An unsigned 128-bit integer.
    pub fn wide(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.bytes.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A signed 128-bit integer, zigzag.
    pub fn wide_signed(&mut self, value: i128) {
        self.wide(((value << 1) ^ (value >> 127)) as u128);
    }

    /// Length, then the bytes.
    pub fn blob(&mut self, value: &[u8]) {
        self.unsigned(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// Text; a run of 8 or more lower-case hexadecimal digits takes half its length.
    pub fn text(&mut self, value: &str) {
        let bytes = value.as_bytes();
        let (mut at, mut plain) = (0, 0);
        // Segments: (length << 2 | hex << 1 | more), then the bytes. At least one segment, so that an empty text has one too.
        while at < bytes.len() {
            let run = hex_run(&bytes[at..]);
            if run >= SHORTEST_RUN {
                if plain < at {
                    self.segment(&bytes[plain..at], false, true);
                }
                self.segment(&bytes[at..at + run], true, at + run < bytes.len());
                at += run;
                plain = at;
            } else {
                at += run.max(1);
            }
        }
        if plain < bytes.len() || bytes.is_empty() {
            self.segment(&bytes[plain..], false, false);
        }
    }

    fn segment(&mut self, bytes: &[u8], hex: bool, more: bool) {
        self.unsigned((bytes.len() as u64) << 2 | u64::from(hex) << 1 | u64::from(more));
        if hex {
            self.bytes.extend(bytes.chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])));
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

/// The shortest run that pays for its own segment header.
const SHORTEST_RUN: usize = 8;

/// Length of the even run of lower-case hexadecimal digits at the start; odd runs lose their last digit.
fn hex_run(bytes: &[u8]) -> usize {
    let run = bytes.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count();
    if run >= SHORTEST_RUN { run & !1 } else { run }
}

fn nibble(digit: u8) -> u8 {
    if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 }
}

/// Reads what [`Writer`] wrote.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// True when everything was read.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, WireError> {
        let (&first, rest) = self.bytes.split_first().ok_or(WireError::Short)?;
        self.bytes = rest;
        Ok(first)
    }

    /// An unsigned integer.
    pub fn unsigned(&mut self) -> Result<u64, WireError> {
        u64::try_from(self.wide()?).map_err(|_| WireError::Malformed)
    }

    /// A signed integer.
    pub fn signed(&mut self) -> Result<i64, WireError> {
        i64::try_from(self.wide_signed()?).map_err(|_| WireError::Malformed)
    }

    /// An unsigned 128-bit integer.
    pub fn wide(&mut self) -> Result<u128, WireError> {
        let mut value = 0_u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            if shift == 126 && part > 3 {
                return Err(WireError::Malformed);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Malformed)
    }

    /// A signed 128-bit integer.
    pub fn wide_signed(&mut self) -> Result<i128, WireError> {
        let value = self.wide()?;
        Ok((value >> 1) as i128 ^ -((value & 1) as i128))
    }

    /// A count of things that follow, each at least one byte long: so a forged count cannot ask for gigabytes.
    pub fn count(&mut self) -> Result<usize, WireError> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| WireError::Malformed)?;
        if count > self.bytes.len() { Err(WireError::Short) } else { Ok(count) }
    }

    /// Length-prefixed bytes.
    pub fn blob(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.count()?;
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        if length > self.bytes.len() {
            return Err(WireError::Short);
        }
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        Ok(taken)
    }

    /// Text.
    pub fn text(&mut self) -> Result<String, WireError> {
        let mut out = Vec::new();
        loop {
            let header = self.unsigned()?;
            let length = usize::try_from(header >> 2).map_err(|_| WireError::Malformed)?;
            if header & 2 == 0 {
                out.extend_from_slice(self.take(length)?);
            } else {
                for byte in self.take(length / 2)? {
                    out.extend(hex(*byte));
                }
            }
            if header & 1 == 0 {
                break;
            }
        }
        String::from_utf8(out).map_err(|_| WireError::Malformed)
    }
}

/// A byte as two hexadecimal digits.
pub(crate) const fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(a: u64, b: i64, c: i128, text in "[0-9a-fxyz./ é]{0,60}", blob: Vec<u8>) {
            let mut writer = Writer::new();
            writer.unsigned(a);
            writer.signed(b);
            writer.wide_signed(c);
            writer.text(&text);
            writer.blob(&blob);
            let mut reader = Reader::new(&writer.bytes);
            prop_assert_eq!(reader.unsigned(), Ok(a));
            prop_assert_eq!(reader.signed(), Ok(b));
            prop_assert_eq!(reader.wide_signed(), Ok(c));
            prop_assert_eq!(reader.text(), Ok(text));
            prop_assert_eq!(reader.blob(), Ok(blob.as_slice()));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn no_bytes_make_the_reader_panic_or_allocate_much(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() && reader.text().is_ok() && reader.wide().is_ok() && reader.blob().is_ok() {}
        }
    }

    #[test]
    fn hexadecimal_ids_take_half() {
        let mut writer = Writer::new();
        writer.text("order.e481f51cbdc54678b7cc49136f2d6af7.placed");
        assert_eq!(writer.bytes.len(), 1 + 6 + 2 + 16 + 1 + 7);
    }
}
