//! What can be said on the command line about trials.

use clap::Args;

/// Options of `catalogue shadow`.
#[derive(Debug, Args)]
pub struct ShadowArgs {
    /// The hash of a tested catalogue, or its beginning.
    #[arg(value_name = "HASH", required_unless_present = "stop", conflicts_with = "stop")]
    pub hash: Option<String>,
    /// End the trial that runs.
    #[arg(long)]
    pub stop: bool,
    /// Who does it.
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

/// Options of `catalogue split`.
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// The hash of an approved catalogue, or its beginning.
    #[arg(value_name = "HASH", required_unless_present = "stop", conflicts_with = "stop")]
    pub hash: Option<String>,
    /// The challenger's share, such as 20% or 0.5%.
    #[arg(long, required_unless_present = "stop", conflicts_with = "stop", value_parser = share)]
    pub share: Option<u32>,
    /// Whose parties are divided: buyer or merchant.
    #[arg(long, value_name = "ROLE", default_value = "buyer")]
    pub of: String,
    /// End the trial that runs.
    #[arg(long)]
    pub stop: bool,
    /// Who does it.
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

/// Options of `shadow`.
#[derive(Debug, Args)]
pub struct TrialArgs {
    /// A trial by its number, instead of the newest.
    #[arg(long, value_name = "NUMBER")]
    pub trial: Option<u64>,
    /// List at most so many of the answers that would have been others, newest first.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// Days after a decision within which something must have become known to count.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3660))]
    pub within: i64,
    /// List the trials that there were, and nothing else.
    #[arg(long, conflicts_with_all = ["trial", "limit", "within"])]
    pub all: bool,
}

/// A percentage with at most two digits behind the point, in basis points.
fn share(text: &str) -> Result<u32, String> {
    let wrong = || format!("'{text}' is not a share; write 20% or 0.5%");
    let number = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim_end();
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 2 || !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    format!("{whole}{part:0<2}").parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_read_to_the_basis_point() {
        let check = |text: &str, wanted: Option<u32>| assert_eq!(share(text).ok(), wanted, "{text}");
        check("20%", Some(2_000));
        check("0.5%", Some(50));
        check("0.01 %", Some(1));
        check("100%", Some(10_000));
        check("0%", Some(0));
        for wrong in ["20", "%", "0.001%", "-5%", "1e2%", "1.%5", "2000%", ".5%", ""] {
            check(wrong, None);
        }
    }
}
