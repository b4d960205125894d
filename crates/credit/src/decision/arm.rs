//! A split: a share of the parties is answered by a challenger, the others by the catalogue in force. On which side a party
//! falls follows from its name alone, so it is always the same one, and a growing share only adds parties.

use super::record::InTrial;
use crate::event::Role;
use probity_primitives::Digest;

/// A share of everything, in basis points.
const ALL: u32 = 10_000;

/// The side on which a party falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// Answered by the catalogue in force.
    Live,
    /// Answered by the challenger.
    Challenger,
}

impl Arm {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Live, Self::Challenger];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Challenger => "challenger",
        }
    }

    /// The arm of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arm| arm.as_str() == name)
    }
}

/// How parties are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// Whose parties are divided. A request in which none of them takes part is answered by the catalogue in force.
    pub of: Role,
    /// The challenger's share, in basis points.
    pub share: u32,
}

/// Where a party stands on the line that a split cuts: the first eight bytes, as a big-endian number, of the SHA-256 over
/// the salt, a line feed, and the party as people write it (`buyer:ID`).
fn place(salt: &str, party: &str) -> u64 {
    let digest = Digest::of(&[salt.as_bytes(), b"\n", party.as_bytes()]);
    digest.0.iter().take(8).fold(0, |place, byte| place << 8 | u64::from(*byte))
}

impl Split {
    /// The arm of a party. The salt is the challenger's hash: another challenger divides the parties anew.
    pub fn arm(self, salt: &str, party: &str) -> Arm {
        // place / 2^64 < share / 10,000, without a fraction.
        let below = u128::from(place(salt, party)) * u128::from(ALL) < u128::from(self.share) << 64;
        if below { Arm::Challenger } else { Arm::Live }
    }
}

impl InTrial {
    /// Whether the party that it names falls on the side that it names.
    pub fn holds(&self) -> bool {
        let role = self.party.split_once(':').and_then(|(role, _)| Role::parse(role));
        let arm = role.map(|of| Split { of, share: self.share }.arm(&self.challenger, &self.party));
        arm.is_some_and(|arm| arm.as_str() == self.arm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "5dce6e09f27a";

    #[test]
    fn a_party_stands_where_it_stood() {
        let check = |salt: &str, party: &str, wanted: u64| assert_eq!(place(salt, party), wanted, "{party}");
        // sha256sum of "SALT\nPARTY", the first 16 digits.
        check(SALT, "buyer:b-1", 0x9adb_a36c_6981_2174);
        check(SALT, "buyer:b-2", 0xb4e4_9654_3c2b_4ed1);
        check(SALT, "merchant:b-1", 0x5a78_01a4_06aa_7c1a);
        check("", "buyer:", 0x1b5d_7396_04a2_1a1f);
        check("another", "buyer:b-1", 0xbcd2_a489_24d8_a8fc);
    }

    #[test]
    fn a_growing_share_only_adds_parties() {
        let shares = [0, 1, 500, 2_000, 5_000, 9_999, 10_000];
        for number in 0..10_000 {
            let party = format!("buyer:b-{number}");
            let arms: Vec<Arm> = shares
                .iter()
                .map(|share| Split { of: Role::Buyer, share: *share }.arm(SALT, &party))
                .collect();
            assert!(arms.is_sorted(), "{party}: {arms:?}");
            assert_eq!((arms.first(), arms.last()), (Some(&Arm::Live), Some(&Arm::Challenger)), "{party}");
        }
    }

    #[test]
    fn parties_are_spread_evenly_and_anew_under_another_salt() {
        // 100,000 parties in 100 equal parts: chi-squared with 99 degrees of freedom passes 148.2 once in a thousand times.
        let check = |salt: &str| {
            let mut counts = [0_u32; 100];
            for number in 0..100_000_u32 {
                let part = (u128::from(place(salt, &format!("merchant:{number}"))) * 100) >> 64;
                if let Some(count) = counts.get_mut(part as usize) {
                    *count += 1;
                }
            }
            let off: f64 = counts.iter().map(|count| (f64::from(*count) - 1_000.0).powi(2) / 1_000.0).sum();
            assert!(off < 148.2, "{salt}: {off}");
        };
        check(SALT);
        check("another");
        let half = Split { of: Role::Buyer, share: 5_000 };
        let same = (0..10_000).map(|number| format!("buyer:{number}"));
        let same = same.filter(|party| half.arm(SALT, party) == half.arm("another", party)).count();
        // Half of them by chance; six standard deviations are 300.
        assert!((4_700..5_300).contains(&same), "{same}");
    }

    #[test]
    fn what_a_record_says_of_its_arm_is_checked() {
        let party = "buyer:b-1".to_owned();
        let arm = Split { of: Role::Buyer, share: 5_000 }.arm(SALT, &party);
        let right =
            InTrial { trial: 4, challenger: SALT.into(), party, share: 5_000, arm: arm.as_str().into() };
        assert!(right.holds());
        let other = Arm::ALL.into_iter().find(|other| *other != arm).map(Arm::as_str).unwrap_or_default();
        assert!(!InTrial { arm: other.into(), ..right.clone() }.holds());
        assert!(!InTrial { party: "nobody".into(), ..right.clone() }.holds());
        assert!(!InTrial { arm: "both".into(), ..right }.holds());
    }
}
