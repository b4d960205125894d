//! A window over a stream of bytes that knows physical lines and never grows beyond one row's limit.

use std::io::{self, Read};

use crate::row::LONGEST_ROW;
use crate::source::Bytes;

const CHUNK: usize = 256 << 10;

/// Where a physical line lies, in bytes from the start of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// `content` ends before the line's end (LF or CRLF); the next line starts at `next`.
    Found { content: usize, next: usize },
    /// The row would be longer than [`LONGEST_ROW`].
    TooLong,
    /// No byte left.
    End,
}

pub(crate) struct Window {
    source: Bytes,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    done: bool,
}

impl Window {
    pub(crate) fn new(source: Bytes) -> Self {
        Self { source, buffer: vec![0; 2 * CHUNK], start: 0, end: 0, done: false }
    }

    /// The unread bytes from the start of the window, `len` of them or fewer at the end of the file.
    pub(crate) fn bytes(&self, len: usize) -> &[u8] {
        let end = self.end.min(self.start.saturating_add(len));
        self.buffer.get(self.start..end).unwrap_or_default()
    }

    /// Moves the start of the window forward.
    pub(crate) fn consume(&mut self, len: usize) {
        self.start = self.end.min(self.start.saturating_add(len));
    }

    /// The physical line that begins `from` bytes behind the start of the window.
    pub(crate) fn line(&mut self, from: usize) -> io::Result<Line> {
        let mut searched = from;
        loop {
            let unread = self.buffer.get(self.start..self.end).unwrap_or_default();
            let rest = unread.get(searched..).unwrap_or_default();
            if let Some(n) = memchr::memchr(b'\n', rest) {
                let at = searched + n;
                if at > LONGEST_ROW {
                    return Ok(Line::TooLong);
                }
                let carriage = at > from && unread.get(at - 1) == Some(&b'\r');
                return Ok(Line::Found { content: at - usize::from(carriage), next: at + 1 });
            }
            let len = unread.len();
            if len > LONGEST_ROW {
                return Ok(Line::TooLong);
            }
            searched = searched.max(len);
            if !self.fill()? {
                return Ok(if len > from { Line::Found { content: len, next: len } } else { Line::End });
            }
        }
    }

    /// Drops everything up to and including the next line feed without keeping it; says how many bytes that were.
    pub(crate) fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let unread = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(n) = memchr::memchr(b'\n', unread) {
                self.start += n + 1;
                return Ok(skipped + n as u64 + 1);
            }
            skipped += unread.len() as u64;
            self.start = self.end;
            if !self.fill()? {
                return Ok(skipped);
            }
        }
    }

    /// Reads more bytes behind the window; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        if self.done {
            return Ok(false);
        }
        if self.start > 0 && self.buffer.len() - self.end < CHUNK {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // Grows only while one row fills it, so at most to LONGEST_ROW and a chunk or two.
        if self.buffer.len() - self.end < CHUNK {
            self.buffer.resize(self.end + 2 * CHUNK, 0);
        }
        loop {
            match self.source.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => {
                    self.done = true;
                    return Ok(false);
                }
                Ok(n) => {
                    self.end += n;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_lf_or_crlf_or_the_end() {
        let mut window = Window::new(Box::new(&b"ab\r\nc\n\nlast"[..]));
        assert_eq!(window.line(0).unwrap(), Line::Found { content: 2, next: 4 });
        assert_eq!(window.line(4).unwrap(), Line::Found { content: 5, next: 6 });
        window.consume(6);
        assert_eq!(window.line(0).unwrap(), Line::Found { content: 0, next: 1 });
        window.consume(1);
        assert_eq!(window.line(0).unwrap(), Line::Found { content: 4, next: 4 });
        assert_eq!(window.bytes(4), b"last");
        window.consume(4);
        assert_eq!(window.line(0).unwrap(), Line::End);
    }

    #[test]
    fn a_line_without_end_is_never_held() {
        let endless = io::repeat(b'x').take(40 << 20).chain(&b"\nok\n"[..]);
        let mut window = Window::new(Box::new(endless));
        assert_eq!(window.line(0).unwrap(), Line::TooLong);
        assert_eq!(window.skip_line().unwrap(), (40 << 20) + 1);
        assert_eq!(window.line(0).unwrap(), Line::Found { content: 2, next: 3 });
        assert!(window.buffer.len() < 4 << 20);
    }
}
