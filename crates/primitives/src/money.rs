//! Money in integer minor units with an ISO 4217 currency. No floating point comes near it.

use crate::problem::{Code, Problem, shown};
use std::fmt;

/// The code of every refused amount.
pub const AMOUNT_INVALID: Code = Code::new("amount-invalid");
/// The code of every refused currency.
pub const CURRENCY_UNKNOWN: Code = Code::new("currency-unknown");

/// An ISO 4217 currency in use, by its alphabetic code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Currencies in use whose minor unit is a hundredth (ISO 4217 list one).
const HUNDREDTHS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF \
CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR \
MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC \
SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
/// Currencies in use without a minor unit.
const UNITS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// Currencies in use whose minor unit is a thousandth.
const THOUSANDTHS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Currencies in use whose minor unit is a ten-thousandth.
const TEN_THOUSANDTHS: &str = "CLF UYW";

/// Decimal digits of every code of three capitals, made when the program is built: every amount asks for them.
static DIGITS: [u8; CODES] = digits_of_all();
const CODES: usize = 26 * 26 * 26;
const NOT_IN_USE: u8 = u8::MAX;

/// Where a code stands in [`DIGITS`].
const fn place(code: [u8; 3]) -> Option<usize> {
    let [a, b, c] = code;
    if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_uppercase() {
        Some(((a - b'A') as usize * 26 + (b - b'A') as usize) * 26 + (c - b'A') as usize)
    } else {
        None
    }
}

#[expect(clippy::indexing_slicing, reason = "runs when the program is built; an index beyond the end would not build")]
const fn digits_of_all() -> [u8; CODES] {
    let mut table = [NOT_IN_USE; CODES];
    let lists = [UNITS, HUNDREDTHS, THOUSANDTHS, TEN_THOUSANDTHS];
    let digits = [0, 2, 3, 4];
    let mut n = 0;
    while n < lists.len() {
        let list = lists[n].as_bytes();
        let mut at = 0;
        // Codes of three letters with one blank between them.
        while at + 3 <= list.len() {
            if let Some(place) = place([list[at], list[at + 1], list[at + 2]]) {
                table[place] = digits[n];
            }
            at += 4;
        }
        n += 1;
    }
    table
}

impl Currency {
    /// Checks and takes an alphabetic code in capitals.
    ///
    /// # Errors
    /// `currency-unknown` for anything that is not a currency in use, lower case included.
    pub fn try_new(code: &str) -> Result<Self, Problem> {
        let bytes: Option<[u8; 3]> = code.as_bytes().try_into().ok();
        match bytes.map(Self).filter(|currency| currency.digits().is_some()) {
            Some(currency) => Ok(currency),
            None => {
                Err(Problem::new(CURRENCY_UNKNOWN, format!("'{}' is not a currency in use", shown(code)))
                    .hint("an ISO 4217 code in capitals, for example EUR"))
            }
        }
    }

    fn digits(self) -> Option<u32> {
        let digits = DIGITS.get(place(self.0)?)?;
        (*digits != NOT_IN_USE).then_some(u32::from(*digits))
    }

    /// How many decimal digits the minor unit has: 2 for EUR, 0 for JPY, 3 for BHD.
    pub fn exponent(self) -> u32 {
        self.digits().unwrap_or(2)
    }

    /// The alphabetic code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount: minor units of a currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    /// Minor units: cents for EUR, yen for JPY.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// The largest amount taken, in minor units either way: one quadrillion. Nine thousand of them still fit an `i64`.
    pub const LARGEST: i64 = 1_000_000_000_000_000;

    /// From minor units.
    ///
    /// # Errors
    /// `amount-invalid` beyond [`Money::LARGEST`] either way.
    pub fn try_new(minor: i64, currency: Currency) -> Result<Self, Problem> {
        if minor.unsigned_abs() > Self::LARGEST.unsigned_abs() {
            return Err(Problem::new(
                AMOUNT_INVALID,
                format!("{minor} minor units are more than an amount may be"),
            ));
        }
        Ok(Self { minor, currency })
    }

    /// Parses a decimal text such as `12.30` or `-5` exactly: ASCII digits, at most the currency's decimals, never rounded.
    ///
    /// # Errors
    /// `amount-invalid` for exponents, separators, blanks, full-width digits, too many decimals, `-0`, or a size beyond the limit.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Problem> {
        let refuse = |why: &str| {
            Problem::new(AMOUNT_INVALID, format!("'{}' is not an amount in {currency}: {why}", shown(text)))
                .hint("a decimal text such as \"12.30\", or an integer of minor units")
        };
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || (digits.contains('.') && fraction.is_empty()) {
            return Err(refuse("digits are missing"));
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(refuse("only ASCII digits, one point and a leading minus are allowed"));
        }
        let exponent = currency.exponent() as usize;
        // Zeroes beyond the minor unit change nothing: 22.000 is 22.00, but 22.005 would have to be rounded.
        let kept = fraction.get(..exponent.min(fraction.len())).unwrap_or("");
        if fraction.get(kept.len()..).is_some_and(|rest| rest.bytes().any(|b| b != b'0')) {
            return Err(refuse(&format!("it has more than {exponent} decimals")));
        }
        if whole.len() > 16 {
            return Err(refuse("it is too large"));
        }
        let padded = format!("{whole}{kept:0<exponent$}");
        let size: i64 = padded.parse().map_err(|_| refuse("it is too large"))?;
        if negative && size == 0 {
            return Err(refuse("minus zero"));
        }
        Self::try_new(if negative { -size } else { size }, currency).map_err(|_| refuse("it is too large"))
    }

    /// The decimal text without the currency, with all decimals of the minor unit.
    pub fn decimal(&self) -> String {
        let exponent = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_taken_and_refused() {
        let cases = [
            ("12.30", "EUR", Some(1230)),
            ("12.3", "EUR", Some(1230)),
            ("12.300", "EUR", Some(1230)),
            ("0.0", "BRL", Some(0)),
            ("-5", "EUR", Some(-500)),
            ("1500", "JPY", Some(1500)),
            ("1.5", "JPY", None),
            ("1.005", "EUR", None),
            ("1.005", "BHD", Some(1005)),
            ("1e308", "EUR", None),
            ("1e309", "EUR", None),
            ("NaN", "EUR", None),
            ("Infinity", "EUR", None),
            ("1,000", "EUR", None),
            ("1_000", "EUR", None),
            ("１００", "EUR", None),
            ("1234567890123456789012345678901", "EUR", None),
            ("-0", "EUR", None),
            ("", "EUR", None),
            (".5", "EUR", None),
            ("5.", "EUR", None),
            (" 5", "EUR", None),
            ("+5", "EUR", None),
            ("--5", "EUR", None),
        ];
        for (text, currency, minor) in cases {
            let currency = Currency::try_new(currency).unwrap();
            assert_eq!(
                Money::parse(text, currency).ok().map(|money| money.minor),
                minor,
                "{text} {currency}"
            );
        }
    }

    #[test]
    fn currencies_taken_and_refused() {
        for (code, good) in [
            ("EUR", true),
            ("eur", false),
            ("XXX", false),
            ("DEM", false),
            ("", false),
            ("EURO", false),
            ("€€€", false),
        ] {
            assert_eq!(Currency::try_new(code).is_ok(), good, "{code}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_parsed(minor in -Money::LARGEST..=Money::LARGEST, code in prop::sample::select(vec!["EUR", "JPY", "BHD", "CLF"])) {
            let money = Money { minor, currency: Currency::try_new(code).unwrap() };
            prop_assert_eq!(Money::parse(&money.decimal(), money.currency), Ok(money));
        }
    }
}
