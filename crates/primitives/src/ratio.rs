//! Ratios in basis points.

use std::fmt;

/// A ratio in hundredths of a percent: 10,000 is one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BasisPoints(pub i32);

impl BasisPoints {
    /// The whole: 100 %.
    pub const ONE: Self = Self(10_000);
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02} %", size / 100, size % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_as_percent() {
        assert_eq!(BasisPoints(-5).to_string(), "-0.05 %");
        assert_eq!(BasisPoints::ONE.to_string(), "100.00 %");
    }
}
