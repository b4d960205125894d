//! Figures and their table.

use std::path::Path;

/// Where the table stands in a page.
const BEGIN: &str = "<!-- table: written by cargo xtask bench --out -->";
const END: &str = "<!-- end of table -->";

/// What a figure comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    NotMet,
    /// Measured, and held against nothing.
    Told,
}

/// One measured figure, its peer or limit in the same run, and what it must reach.
pub(crate) struct Figure {
    /// The heading under which it stands; empty: none.
    section: &'static str,
    what: String,
    measured: String,
    beside: String,
    target: String,
    pub(crate) verdict: Verdict,
}

impl Figure {
    pub(crate) fn new(what: &str, measured: String, beside: String, target: &str, met: bool) -> Self {
        let verdict = if met { Verdict::Met } else { Verdict::NotMet };
        Self { section: "", what: what.into(), measured, beside, target: target.into(), verdict }
    }

    /// One that nothing is asked of.
    pub(crate) fn told(what: &str, measured: String, beside: String) -> Self {
        let verdict = Verdict::Told;
        Self { section: "", what: what.into(), measured, beside, target: String::new(), verdict }
    }

    /// The same under a heading.
    pub(crate) fn under(self, section: &'static str) -> Self {
        Self { section, ..self }
    }
}

/// A Markdown table for each stretch of figures under one heading.
pub(crate) fn table(figures: &[Figure]) -> String {
    const HEAD: &str =
        "| what | measured | peer or limit in the same run | must reach | |\n|---|---|---|---|---|\n";
    let mut out = if figures.is_empty() { HEAD.to_owned() } else { String::new() };
    for together in figures.chunk_by(|one, next| one.section == next.section) {
        if let Some(Figure { section, .. }) = together.first()
            && !section.is_empty()
        {
            out.push_str(&format!("\n### {section}\n\n"));
        }
        out.push_str(HEAD);
        for Figure { what, measured, beside, target, verdict, .. } in together {
            let verdict = match verdict {
                Verdict::Met => "met",
                Verdict::NotMet => "**NOT MET**",
                Verdict::Told => "",
            };
            out.push_str(&format!("| {what} | {measured} | {beside} | {target} | {verdict} |\n"));
        }
    }
    out
}

/// What stands before and after the marks of a page.
fn around(page: &Path) -> Result<(String, String), String> {
    let old = std::fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))?;
    let parts = old.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let parts = parts.map(|(before, after)| (before.to_owned(), after.to_owned()));
    parts.ok_or_else(|| format!("{} lacks the lines '{BEGIN}' and '{END}' to write between", page.display()))
}

/// Whether a page can be written into; asked before the work begins.
pub(crate) fn is_marked(page: &Path) -> Result<(), String> {
    around(page).map(drop)
}

/// Puts text between the marks of a page.
pub(crate) fn write_into(page: &Path, text: &str) -> Result<(), String> {
    let (before, after) = around(page)?;
    std::fs::write(page, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))
        .map_err(|error| format!("{}: {error}", page.display()))
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    rank(values, 0.5)
}

/// The value at a share of the sorted list.
pub(crate) fn rank(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// The median, with the lowest and the highest behind it.
pub(crate) fn middle(values: &[f64], digits: usize) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.digits$} ({low:.digits$} to {high:.digits$})", median(values))
}

/// How large everything is: 1 unless `PROBITY_BENCH_SCALE` says otherwise.
pub(crate) fn scale() -> f64 {
    std::env::var("PROBITY_BENCH_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

/// A number of events at that scale.
pub(crate) fn scaled(size: u64) -> u64 {
    ((size as f64 * scale()) as u64).max(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ranks_are_those_of_the_sorted_list() {
        for (values, share, expected) in [
            (&[3.0, 1.0, 2.0][..], 0.5, 2.0),
            (&[4.0, 1.0, 3.0, 2.0], 0.5, 3.0),
            (&[5.0, 1.0, 9.0, 2.0], 0.99, 9.0),
            (&[7.0], 1.0, 7.0),
        ] {
            assert_eq!(rank(values, share).to_bits(), f64::to_bits(expected), "{values:?} {share}");
        }
        assert_eq!(middle(&[2.0, 1.0, 3.25], 1), "2.0 (1.0 to 3.2)");
    }

    #[test]
    fn a_table_goes_between_the_marks_and_nowhere_else() {
        let page = std::env::temp_dir().join(format!("probity-bench-page-{}.md", std::process::id()));
        std::fs::write(&page, format!("above\n{BEGIN}\nold\n{END}\nbelow\n")).unwrap();
        let figures = [
            Figure::new("a", "1".into(), "2".into(), "3", false),
            Figure::told("b", "4".into(), String::new()),
            Figure::told("c", "5".into(), String::new()).under("Of its own"),
        ];
        write_into(&page, &table(&figures)).unwrap();
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.starts_with("above\n") && text.ends_with("\nbelow\n"), "{text}");
        assert!(text.contains("| a | 1 | 2 | 3 | **NOT MET** |\n| b | 4 |  |  |  |\n"), "{text}");
        assert!(
            text.contains("|\n\n### Of its own\n\n| what |") && text.contains("| c | 5 |  |  |  |\n"),
            "{text}"
        );
        assert!(!text.contains("old"));
        std::fs::write(&page, "no marks").unwrap();
        assert!(write_into(&page, "x").is_err());
        std::fs::remove_file(&page).unwrap();
    }
}
