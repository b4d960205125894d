//! From text to tokens, with every bound held before the parser sees anything.
//!
//! Only the keywords of the language reach the parser as keywords; every other word is a plain name, so the
//! parser's many other syntaxes cannot be entered. Length, depth, tokens and operators are bounded here, so the
//! parser's tree (and dropping it) stays shallow on any stack.

use crate::refusal::{NOT_ALLOWED, Refusal, SYNTAX, TOO_DEEP, TOO_LONG};
use crate::value::Columns;
use probity_primitives::problem::{is_format_character, shown};
use probity_primitives::{Code, Problem};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Word};

/// The longest text of an expression, in bytes.
pub const LONGEST_TEXT: usize = 4096;
/// The deepest nesting: of brackets and CASE in the text, of prefixes in a row, and of levels in the tree.
pub const DEEPEST: usize = 32;
/// 500 nodes need at most so many tokens.
const MOST_TOKENS: usize = 2000;
/// A tree of 500 nodes has fewer than 250 binary operators. A chain of operators leans to the left, so this also
/// bounds how deep the parser's tree can be.
const MOST_OPERATORS: usize = 256;

/// A place in the text: line and column, in characters, from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// The place of a parser's location; the start where the parser knows none.
    pub(crate) fn of(location: Location) -> Self {
        let part = |n: u64| u32::try_from(n).unwrap_or(1).max(1);
        Self { line: part(location.line), column: part(location.column) }
    }

    pub(crate) fn refuse(self, problem: Problem) -> Refusal {
        Refusal { line: self.line, column: self.column, problem }
    }

    fn location(self) -> Location {
        Location { line: u64::from(self.line), column: u64::from(self.column) }
    }
}

/// The keywords of the language.
pub(crate) fn keyword(word: &str) -> Option<Keyword> {
    const ALL: [(&str, Keyword); 18] = [
        ("AND", Keyword::AND),
        ("AS", Keyword::AS),
        ("BETWEEN", Keyword::BETWEEN),
        ("CASE", Keyword::CASE),
        ("CAST", Keyword::CAST),
        ("ELSE", Keyword::ELSE),
        ("END", Keyword::END),
        ("FALSE", Keyword::FALSE),
        ("IN", Keyword::IN),
        ("IS", Keyword::IS),
        ("LIKE", Keyword::LIKE),
        ("NOT", Keyword::NOT),
        ("NULL", Keyword::NULL),
        ("OR", Keyword::OR),
        ("THEN", Keyword::THEN),
        ("TRUE", Keyword::TRUE),
        ("UNKNOWN", Keyword::UNKNOWN),
        ("WHEN", Keyword::WHEN),
    ];
    ALL.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, keyword)| *keyword)
}

/// Why a word of SQL that is no column is left out of the language.
fn left_out(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_uppercase().as_str() {
        "SELECT" | "WITH" | "EXISTS" | "UNION" | "FROM" | "WHERE" | "GROUP" | "HAVING" | "LIMIT"
        | "UNNEST" | "ORDER" | "TABLE" | "VALUES" => "an expression reads one row; there are no subqueries",
        "OVER" | "PARTITION" | "FILTER" | "WITHIN" | "DISTINCT" | "ALL" | "ANY" | "SOME" => {
            "an expression reads one row; there are no aggregates or windows"
        }
        "ILIKE" | "RLIKE" | "REGEXP" | "SIMILAR" | "ESCAPE" => {
            "use LIKE, with lower(…) if case does not matter"
        }
        "COLLATE" => "text is compared by code point",
        "DIV" | "XOR" | "AT" | "ARRAY" | "ROW" | "STRUCT" | "LAMBDA" => "it is not part of the language",
        _ => return None,
    })
}

/// Scans a text into tokens with places.
pub(crate) fn scan(text: &str, columns: &dyn Columns) -> Result<Vec<TokenWithSpan>, Refusal> {
    if text.len() > LONGEST_TEXT {
        let problem = Problem::new(TOO_LONG, format!("{} bytes, at most {LONGEST_TEXT}", text.len()));
        return Err(Place::START.refuse(problem.hint("split it into several expressions")));
    }
    let mut scanner = Scanner {
        rest: text.chars().collect(),
        next: 0,
        place: Place::START,
        columns,
        tokens: Vec::new(),
        bounds: Bounds::default(),
    };
    while scanner.token()? {}
    if scanner.tokens.is_empty() {
        return Err(Place::START.refuse(Problem::new(SYNTAX, "the expression is empty")));
    }
    if let Some((place, expected)) = scanner.bounds.open.last() {
        return Err(place.refuse(Problem::new(SYNTAX, format!("there is no {expected} for this"))));
    }
    let span = Span { start: scanner.place.location(), end: scanner.place.location() };
    scanner.tokens.push(TokenWithSpan { token: Token::EOF, span });
    Ok(scanner.tokens)
}

#[derive(Default)]
struct Bounds {
    /// What is open: its place, and what closes it.
    open: Vec<(Place, &'static str)>,
    prefixes: usize,
    operators: usize,
}

struct Scanner<'c> {
    rest: Vec<char>,
    next: usize,
    place: Place,
    columns: &'c dyn Columns,
    tokens: Vec<TokenWithSpan>,
    bounds: Bounds,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.next).copied()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest.get(self.next + 1).copied()
    }

    fn advance(&mut self) {
        if self.peek() == Some('\n') {
            self.place.line += 1;
            self.place.column = 1;
        } else {
            self.place.column += 1;
        }
        self.next += 1;
    }

    fn refuse<T>(
        &self,
        place: Place,
        code: Code,
        detail: impl Into<String>,
        hint: &str,
    ) -> Result<T, Refusal> {
        let problem = Problem::new(code, detail);
        Err(place.refuse(if hint.is_empty() { problem } else { problem.hint(hint) }))
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r')) {
            self.advance();
        }
    }

    /// Scans one token; false at the end of the text.
    fn token(&mut self) -> Result<bool, Refusal> {
        self.skip_space();
        let place = self.place;
        let Some(c) = self.peek() else { return Ok(false) };
        let token = match c {
            '\'' => Token::SingleQuotedString(self.quoted('\'', place)?),
            '"' => self.name(place)?,
            'a'..='z' | 'A'..='Z' | '_' => self.word(place)?,
            '0'..='9' => self.number(place)?,
            '.' if self.peek_second().is_some_and(|c| c.is_ascii_digit()) => self.number(place)?,
            _ => self.symbol(c, place)?,
        };
        self.push(token, place)?;
        Ok(true)
    }

    fn push(&mut self, token: Token, place: Place) -> Result<(), Refusal> {
        if self.tokens.len() >= MOST_TOKENS {
            return self.refuse(place, TOO_LONG, format!("more than {MOST_TOKENS} words and signs"), "");
        }
        let found = if let Token::Word(word) = &token { word.keyword } else { Keyword::NoKeyword };
        let sign = matches!(token, Token::Plus | Token::Minus);
        self.bounds.prefixes = if sign || found == Keyword::NOT { self.bounds.prefixes + 1 } else { 0 };
        match (&token, found) {
            (Token::LParen, _) => self.bounds.open.push((place, ")")),
            (_, Keyword::CASE) => self.bounds.open.push((place, "END")),
            (Token::RParen, _) => self.close(place, ")")?,
            (_, Keyword::END) => self.close(place, "END")?,
            _ => {}
        }
        if self.bounds.open.len() > DEEPEST || self.bounds.prefixes > DEEPEST {
            return self.refuse(place, TOO_DEEP, format!("nested more than {DEEPEST} levels deep"), "");
        }
        let connective = matches!(
            found,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::BETWEEN
        );
        self.bounds.operators += usize::from(is_operator(&token) || connective);
        if self.bounds.operators > MOST_OPERATORS {
            return self.refuse(place, TOO_LONG, format!("more than {MOST_OPERATORS} operators"), "");
        }
        let span = Span { start: place.location(), end: self.place.location() };
        self.tokens.push(TokenWithSpan { token, span });
        Ok(())
    }

    fn close(&mut self, place: Place, by: &'static str) -> Result<(), Refusal> {
        match self.bounds.open.pop() {
            Some((_, expected)) if expected == by => Ok(()),
            Some((_, expected)) => {
                self.refuse(place, SYNTAX, format!("{by} where {expected} was expected"), "")
            }
            None => self.refuse(place, SYNTAX, format!("{by} with nothing open"), ""),
        }
    }

    /// Text up to a closing quote; a doubled quote stands for itself.
    fn quoted(&mut self, quote: char, place: Place) -> Result<String, Refusal> {
        self.advance();
        let mut out = String::new();
        while let Some(c) = self.peek() {
            if c.is_control() || is_format_character(c) {
                let detail = format!("character U+{:04X} inside quotes", u32::from(c));
                return self.refuse(
                    self.place,
                    SYNTAX,
                    detail,
                    "control and invisible characters are not taken",
                );
            }
            self.advance();
            if c == quote {
                if self.peek() != Some(quote) {
                    return Ok(out);
                }
                self.advance();
            }
            out.push(c);
        }
        self.refuse(place, SYNTAX, format!("no closing {quote}"), "")
    }

    fn name(&mut self, place: Place) -> Result<Token, Refusal> {
        let name = self.quoted('"', place)?;
        if name.is_empty() {
            return self.refuse(place, SYNTAX, "an empty name", "");
        }
        Ok(Token::Word(Word { value: name, quote_style: Some('"'), keyword: Keyword::NoKeyword }))
    }

    fn word(&mut self, place: Place) -> Result<Token, Refusal> {
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            word.push(c);
            self.advance();
        }
        if word.eq_ignore_ascii_case("x") || word.eq_ignore_ascii_case("e") || word.eq_ignore_ascii_case("b")
        {
            // `x'00'` would be a name beside a text for us and something else for every SQL reader.
            if self.peek() == Some('\'') {
                return self.refuse(
                    place,
                    NOT_ALLOWED,
                    format!("{word}'…'"),
                    "write plain text in single quotes",
                );
            }
        }
        let keyword = keyword(&word).or_else(|| self.keyword_in_context(&word)).unwrap_or(Keyword::NoKeyword);
        if keyword == Keyword::NoKeyword
            && let Some(why) = left_out(&word)
            && self.columns.column(&word.to_ascii_lowercase()).is_none()
        {
            return self.refuse(
                place,
                NOT_ALLOWED,
                format!("{} is not allowed", word.to_ascii_uppercase()),
                why,
            );
        }
        Ok(Token::Word(Word { value: word, quote_style: None, keyword }))
    }

    /// Words that are keywords only before a text (`INTERVAL '3 days'`) or after AS (`CAST(x AS DOUBLE)`); elsewhere
    /// they are names, since columns are called `timestamp` or `text`.
    fn keyword_in_context(&mut self, word: &str) -> Option<Keyword> {
        let after_as = self
            .tokens
            .last()
            .is_some_and(|last| matches!(&last.token, Token::Word(word) if word.keyword == Keyword::AS));
        let (next, place) = (self.next, self.place);
        self.skip_space();
        let before_text = self.peek() == Some('\'');
        (self.next, self.place) = (next, place);
        Some(match word.to_ascii_uppercase().as_str() {
            "INTERVAL" if before_text => Keyword::INTERVAL,
            "TIMESTAMP" if before_text => Keyword::TIMESTAMP,
            "BIGINT" if after_as => Keyword::BIGINT,
            "DOUBLE" if after_as => Keyword::DOUBLE,
            "BOOLEAN" if after_as => Keyword::BOOLEAN,
            "TEXT" if after_as => Keyword::TEXT,
            _ => return None,
        })
    }

    fn number(&mut self, place: Place) -> Result<Token, Refusal> {
        let mut number = String::new();
        let mut point = false;
        while let Some(c) = self.peek() {
            match c {
                '0'..='9' => {}
                '.' if !point => point = true,
                'e' | 'E' => {
                    number.push('e');
                    self.advance();
                    if let Some(sign @ ('+' | '-')) = self.peek() {
                        number.push(sign);
                        self.advance();
                    }
                    while let Some(digit) = self.peek().filter(char::is_ascii_digit) {
                        number.push(digit);
                        self.advance();
                    }
                    break;
                }
                _ => break,
            }
            number.push(c);
            self.advance();
        }
        let ends = !self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '\''));
        if !ends || !number.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
            let detail = format!("'{}…' is not a number", shown(&number));
            return self.refuse(place, SYNTAX, detail, "numbers are written 3, 0.25 or 1e6");
        }
        Ok(Token::Number(number, false))
    }

    fn symbol(&mut self, c: char, place: Place) -> Result<Token, Refusal> {
        let pair = self.peek_second();
        let (token, length) = match (c, pair) {
            ('-', Some('-')) | ('/', Some('*')) => {
                return self.refuse(
                    place,
                    NOT_ALLOWED,
                    "a comment",
                    "comments stand beside the expression; write - -x with a space",
                );
            }
            ('<', Some('=')) if self.rest.get(self.next + 2) != Some(&'>') => (Token::LtEq, 2),
            ('<', Some('>')) | ('!', Some('=')) => (Token::Neq, 2),
            ('>', Some('=')) => (Token::GtEq, 2),
            ('|', Some('|')) => return self.refuse(place, NOT_ALLOWED, "||", "text cannot be joined"),
            (':', Some(':')) => return self.refuse(place, NOT_ALLOWED, "::", "write CAST(x AS DOUBLE)"),
            ('=', Some('=')) => return self.refuse(place, SYNTAX, "==", "equality is written ="),
            ('&', Some('&')) => return self.refuse(place, SYNTAX, "&&", "write AND"),
            ('<', _) => (Token::Lt, 1),
            ('>', _) => (Token::Gt, 1),
            ('=', _) => (Token::Eq, 1),
            ('+', _) => (Token::Plus, 1),
            ('-', _) => (Token::Minus, 1),
            ('*', _) => (Token::Mul, 1),
            ('/', _) => (Token::Div, 1),
            ('%', _) => (Token::Mod, 1),
            ('(', _) => (Token::LParen, 1),
            (')', _) => (Token::RParen, 1),
            (',', _) => (Token::Comma, 1),
            (';', _) => {
                return self.refuse(place, NOT_ALLOWED, "a semicolon", "one expression, no statements");
            }
            _ => {
                let detail = format!("'{}' is no part of an expression", shown(&c.to_string()));
                return self.refuse(
                    place,
                    SYNTAX,
                    detail,
                    "text stands in single quotes, names with other signs in double quotes",
                );
            }
        };
        for _ in 0..length {
            self.advance();
        }
        Ok(token)
    }
}

fn is_operator(token: &Token) -> bool {
    matches!(
        token,
        Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::LtEq
            | Token::Gt
            | Token::GtEq
    )
}
