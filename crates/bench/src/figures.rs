//! Figures and their table.

/// One measured figure beside what it must reach.
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) beside: String,
    pub(crate) target: String,
    pub(crate) met: bool,
}

impl Figure {
    pub(crate) fn new(what: &str, measured: String, beside: String, target: &str, met: bool) -> Self {
        Self { what: what.into(), measured, beside, target: target.into(), met }
    }
}

/// Prints a Markdown table.
pub(crate) fn print(figures: &[Figure]) {
    println!("| what | measured | beside it | must reach | |");
    println!("|---|---|---|---|---|");
    for figure in figures {
        let met = if figure.met { "met" } else { "NOT MET" };
        println!("| {} | {} | {} | {} | {met} |", figure.what, figure.measured, figure.beside, figure.target);
    }
}

/// The value in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value at a share of the sorted list.
pub(crate) fn rank(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// Lowest and highest, as a text.
pub(crate) fn spread(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{low:.0} to {high:.0}")
}

/// How large everything is: 1 unless `PROBITY_BENCH_SCALE` says otherwise.
pub(crate) fn scaled(size: u64) -> u64 {
    let scale =
        std::env::var("PROBITY_BENCH_SCALE").ok().and_then(|text| text.parse::<f64>().ok()).unwrap_or(1.0);
    ((size as f64 * scale) as u64).max(1_000)
}
