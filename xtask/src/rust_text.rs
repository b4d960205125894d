//! A Rust source seen as code without its comments and strings: enough to find names and measure lengths,
//! without a parser and its build time.

use std::ops::Range;

/// A string literal and where it starts (byte offset).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Offset of its first byte, prefix (`r`, `b`) included.
    pub(crate) at: usize,
    /// The text between the quotes, escapes as written.
    pub(crate) text: String,
}

/// A path such as `crate::money::Money`, groups of a `use` spelled out one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// Offset of the path's first byte; for a member of a group, of the member.
    pub(crate) at: usize,
    /// The path's segments.
    pub(crate) segments: Vec<String>,
}

/// A function and the lines it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its `fn`, counted from 1.
    pub(crate) line: usize,
    /// Lines from its `fn` to its closing brace, both counted.
    pub(crate) lines: usize,
}

/// One source file, scanned.
#[derive(Debug)]
pub(crate) struct RustText {
    /// The source with comments and literals blanked out, byte for byte as long; a `"` marks where a string started.
    pub(crate) code: String,
    /// The string literals in order.
    pub(crate) literals: Vec<Literal>,
    tests: Vec<Range<usize>>,
}

impl RustText {
    /// Scans a source. A file that rustc would refuse gives some answer, never an error: rustc tells the rest.
    pub(crate) fn scan(source: &str) -> Self {
        let mut scanner =
            Scanner { source: source.as_bytes(), code: source.as_bytes().to_vec(), literals: vec![] };
        scanner.run();
        // Only whole characters were blanked, so this never replaces anything.
        let code = String::from_utf8_lossy(&scanner.code).into_owned();
        let tests = test_regions(&code);
        Self { code, literals: scanner.literals, tests }
    }

    /// Whether the offset lies in code that exists only under `#[cfg(test)]`.
    pub(crate) fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|region| region.contains(&at))
    }

    /// The line of an offset, counted from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        let end = at.min(self.code.len());
        self.code.as_bytes().iter().take(end).filter(|&&b| b == b'\n').count() + 1
    }

    /// The literal that starts at this offset.
    pub(crate) fn literal_at(&self, at: usize) -> Option<&Literal> {
        self.literals.iter().find(|literal| literal.at == at)
    }

    /// Every path in the code, `use` groups spelled out.
    pub(crate) fn mentions(&self) -> Vec<Mention> {
        let bytes = self.code.as_bytes();
        let mut found = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let starts = is_ident_start(byte(bytes, at)) && (at == 0 || !is_ident(byte(bytes, at - 1)));
            at = if starts { read_path(bytes, at, &[], &mut found) } else { at + 1 };
        }
        found
    }

    /// The functions with a body, nested ones included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let bytes = self.code.as_bytes();
        let mut found = Vec::new();
        for at in words(&self.code, "fn") {
            let name = ident_at(bytes, skip_space(bytes, at + 2));
            let Some(end) = (!name.is_empty()).then(|| item_end(bytes, at)).flatten() else { continue };
            if byte(bytes, end - 1) == b'}' {
                let line = self.line(at);
                found.push(Function { name, line, lines: self.line(end - 1) - line + 1 });
            }
        }
        found
    }

    /// Modules declared with `mod name` outside any braces, in order, with whether they exist only for tests.
    pub(crate) fn top_modules(&self) -> Vec<(String, bool)> {
        let bytes = self.code.as_bytes();
        let outside = |at: usize| depth_at(bytes, at) == 0;
        let named = |at: usize| (ident_at(bytes, skip_space(bytes, at + 3)), self.is_test(at));
        words(&self.code, "mod")
            .filter(|&at| outside(at))
            .map(named)
            .filter(|(name, _)| !name.is_empty())
            .collect()
    }
}

/// Where `word` stands on its own in the code.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = at.checked_sub(1).map_or(b' ', |before| byte(bytes, before));
        !is_ident(before) && !is_ident(byte(bytes, at + word.len()))
    })
}

struct Scanner<'a> {
    source: &'a [u8],
    code: Vec<u8>,
    literals: Vec<Literal>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.source.len() {
            at = match (self.peek(at), self.peek(at + 1)) {
                (b'/', b'/') => self.blank(at, self.find_from(at, b'\n')),
                (b'/', b'*') => self.blank(at, self.block_comment_end(at)),
                (b'"', _) => self.string(at, at),
                (b'r', b'"' | b'#') if self.starts_prefix(at) => self.raw_string(at),
                (b'\'', _) => self.quote(at),
                _ => at + 1,
            };
        }
    }

    fn peek(&self, at: usize) -> u8 {
        byte(self.source, at)
    }

    /// Whether an `r` at this place can be the prefix of a raw string: no identifier ends in it, except the prefixes `br` and `cr`.
    fn starts_prefix(&self, at: usize) -> bool {
        let free = |at: usize| at == 0 || !is_ident(self.peek(at - 1));
        free(at) || (matches!(self.peek(at - 1), b'b' | b'c') && free(at - 1))
    }

    fn find_from(&self, at: usize, wanted: u8) -> usize {
        self.source.iter().skip(at).position(|&b| b == wanted).map_or(self.source.len(), |n| at + n)
    }

    fn block_comment_end(&self, start: usize) -> usize {
        let (mut at, mut depth) = (start, 0_usize);
        while at < self.source.len() {
            match (self.peek(at), self.peek(at + 1)) {
                (b'/', b'*') => (at, depth) = (at + 2, depth + 1),
                (b'*', b'/') if depth == 1 => return at + 2,
                (b'*', b'/') => (at, depth) = (at + 2, depth - 1),
                _ => at += 1,
            }
        }
        self.source.len()
    }

    /// A plain string whose opening quote stands at `quote`.
    fn string(&mut self, start: usize, quote: usize) -> usize {
        let mut at = quote + 1;
        while at < self.source.len() && self.peek(at) != b'"' {
            at += if self.peek(at) == b'\\' { 2 } else { 1 };
        }
        self.literal(start, quote + 1, at.min(self.source.len()), 1)
    }

    /// A raw string, or a raw identifier such as `r#type`.
    fn raw_string(&mut self, start: usize) -> usize {
        let hashes = self.source.iter().skip(start + 1).take_while(|&&b| b == b'#').count();
        let open = start + 1 + hashes;
        if self.peek(open) != b'"' {
            return open;
        }
        let mut at = open + 1;
        while at < self.source.len() {
            let closed = self.peek(at) == b'"' && (1..=hashes).all(|n| self.peek(at + n) == b'#');
            if closed {
                break;
            }
            at += 1;
        }
        self.literal(start, open + 1, at, 1 + hashes)
    }

    fn literal(&mut self, start: usize, from: usize, to: usize, closing: usize) -> usize {
        let text =
            self.source.get(from..to).map(|t| String::from_utf8_lossy(t).into_owned()).unwrap_or_default();
        self.literals.push(Literal { at: start, text });
        let end = self.blank(start, (to + closing).min(self.source.len()));
        if let Some(mark) = self.code.get_mut(start) {
            *mark = b'"';
        }
        end
    }

    /// A character literal, or a lifetime.
    fn quote(&mut self, start: usize) -> usize {
        if self.peek(start + 1) == b'\\' {
            let end = self.find_from(start + 3, b'\'') + 1;
            return self.blank(start, end.min(self.source.len()));
        }
        let width = match self.peek(start + 1) {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        let is_character = self.peek(start + 1 + width) == b'\'';
        if is_character { self.blank(start, start + width + 2) } else { start + 1 }
    }

    fn blank(&mut self, from: usize, to: usize) -> usize {
        for b in self.code.iter_mut().take(to).skip(from).filter(|b| **b != b'\n') {
            *b = b' ';
        }
        to.max(from + 1)
    }
}

fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(b' ')
}

fn is_ident_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

fn is_ident(b: u8) -> bool {
    is_ident_start(b) || b.is_ascii_digit()
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    at + bytes.iter().skip(at).take_while(|b| b.is_ascii_whitespace()).count()
}

fn ident_at(bytes: &[u8], at: usize) -> String {
    let ident: Vec<u8> = bytes.iter().skip(at).take_while(|&&b| is_ident(b)).copied().collect();
    String::from_utf8_lossy(&ident).into_owned()
}

fn depth_at(bytes: &[u8], at: usize) -> usize {
    bytes.iter().take(at).fold(0, |depth: usize, b| match b {
        b'{' => depth + 1,
        b'}' => depth.saturating_sub(1),
        _ => depth,
    })
}

/// Where the item that starts at `start` ends: behind its closing brace, or behind its semicolon.
fn item_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, b) in bytes.iter().enumerate().skip(start) {
        match b {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b'{' if brackets == 0 || braces > 0 => braces += 1,
            b'}' if braces == 1 => return Some(at + 1),
            b'}' => braces = braces.saturating_sub(1),
            b';' if braces == 0 && brackets == 0 => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn test_regions(code: &str) -> Vec<Range<usize>> {
    let bytes = code.as_bytes();
    let mut regions = Vec::new();
    for mark in ["#[cfg(test)]", "#[cfg(all(test,"] {
        for (at, _) in code.match_indices(mark) {
            regions.push(at..item_end(bytes, at + mark.len()).unwrap_or(bytes.len()));
        }
    }
    if code.contains("#![cfg(test)]") {
        regions.push(0..bytes.len());
    }
    regions
}

/// Reads the path at `at` behind `prefix`, spells groups out, and returns the offset behind it.
fn read_path(bytes: &[u8], start: usize, prefix: &[String], found: &mut Vec<Mention>) -> usize {
    let mut segments = prefix.to_vec();
    let mut at = start;
    loop {
        let segment = ident_at(bytes, at);
        at += segment.len();
        segments.push(segment);
        let separated = byte(bytes, at) == b':' && byte(bytes, at + 1) == b':';
        match (separated, byte(bytes, at + 2)) {
            (true, next) if is_ident_start(next) => at += 2,
            (true, b'{') => return read_group(bytes, at + 3, &segments, found),
            _ => break,
        }
    }
    found.push(Mention { at: start, segments });
    at
}

fn read_group(bytes: &[u8], start: usize, prefix: &[String], found: &mut Vec<Mention>) -> usize {
    let mut at = start;
    while at < bytes.len() {
        at = skip_space(bytes, at);
        match byte(bytes, at) {
            b'}' => return at + 1,
            // `Name as Other`: the new name is no path.
            b'a' if ident_at(bytes, at) == "as" => {
                at = skip_space(bytes, at + 2);
                at += ident_at(bytes, at).len().max(1);
            }
            b if is_ident_start(b) => at = read_path(bytes, at, prefix, found),
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        let mentions = RustText::scan(source).mentions();
        mentions.into_iter().map(|m| m.segments.join("::")).filter(|p| p.contains("::")).collect()
    }

    #[test]
    fn comments_and_literals_are_blanked_and_nothing_else() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x{\"}", '{', '\'', b"}")"#, r#"f("      ,    ,     , b"  )"#),
            ("r#\"}\"}\"# r#type 'a: &'a str", "\"        r#type 'a: &'a str"),
            ("br\"{\" 'é' '\\u{7b}' x", "b\"               x"),
        ];
        for (source, code) in cases {
            let scanned = RustText::scan(source);
            assert_eq!(scanned.code.len(), source.len(), "{source}");
            let squeezed = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(squeezed(&scanned.code), squeezed(code), "{source}");
        }
    }

    #[test]
    fn hostile_ends_of_file_do_not_panic() {
        for source in [
            "\"",
            "'",
            "'\\",
            "r#",
            "r#\"",
            "/*",
            "/",
            "fn",
            "fn x",
            "use a::{",
            "use a::{b",
            "mod",
            "é",
            "'é",
            "b'",
            "}}}{",
        ] {
            let scanned = RustText::scan(source);
            let seen = (scanned.mentions(), scanned.functions(), scanned.top_modules());
            assert!(seen.0.len() <= source.len(), "{source}");
        }
    }

    #[test]
    fn groups_are_spelled_out() {
        let source = "use crate::{a::B, c::{D as E, f}, self};\nlet x = std::fs::read(y);";
        assert_eq!(
            paths(source),
            ["crate::a::B", "crate::c::D", "crate::c::f", "crate::self", "std::fs::read"]
        );
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let source =
            "fn a(x: [u8; 2]) -> u8 {\n    \"}\";\n    1\n}\ntrait T { fn b(); }\nlet f: fn(u8);\nfn c() {}";
        let found = RustText::scan(source).functions();
        let seen: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(seen, [("a", 1, 4), ("c", 7, 1)]);
    }

    #[test]
    fn test_code_is_known() {
        let source = "mod a;\n#[cfg(test)]\nmod tests { fn x() {} }\nmod b;\n#[cfg(test)]\nmod broken;\nmod c { mod d; }";
        let modules = RustText::scan(source).top_modules();
        let seen: Vec<_> = modules.iter().map(|(name, test)| (name.as_str(), *test)).collect();
        assert_eq!(seen, [("a", false), ("tests", true), ("b", false), ("broken", true), ("c", false)]);
    }
}
