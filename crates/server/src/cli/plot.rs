//! Small pictures of two samples side by side, as SVG.

use probity_sim::weighted::Weighted;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 52.0;
const REAL: &str = "#0b6e4f";
const SIMULATED: &str = "#b8500b";
/// Points of a curve.
const POINTS: usize = 240;

/// What a picture is called, and what its axis across shows.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) axis: &'a str,
    /// A line below the title: the distance.
    pub(super) note: &'a str,
}

/// Text that may stand in a picture.
fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn begin(frame: &Frame<'_>) -> String {
    let (title, axis, note) = (safe(frame.title), safe(frame.axis), safe(frame.note));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>{title}: real and simulated</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"15\" fill=\"#111111\">{title}</text>\n\
         <text x=\"{LEFT}\" y=\"42\" fill=\"#555555\">{note}</text>\n\
         <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#555555\">{axis}</text>\n",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 12.0
    );
    for (name, colour, at) in [("real, weighted", REAL, 230.0), ("simulated", SIMULATED, 100.0)] {
        let across = WIDTH - RIGHT - at;
        let _ = writeln!(
            svg,
            "<rect x=\"{across:.0}\" y=\"12\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"22\" fill=\"#333333\">{name}</text>",
            across + 18.0
        );
    }
    svg
}

/// Where a share stands, when `most` is the highest.
fn height(share: f64, most: f64) -> f64 {
    HEIGHT - BOTTOM - share / most * (HEIGHT - TOP - BOTTOM)
}

/// Lines across, with their shares.
fn lines(svg: &mut String, most: f64) {
    let step = nice(most / 4.0);
    for line in 0..=((most / step + 1e-9) as usize) {
        let share = step * line as f64;
        let at = height(share, most);
        let stroke = if line == 0 { "#555555" } else { "#dddddd" };
        let percent = format!("{:.1}", share * 100.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"{stroke}\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#333333\">{} %</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            percent.trim_end_matches(".0")
        );
    }
}

/// The next of 1, 2, 5, 10, … at or above.
fn nice(value: f64) -> f64 {
    let ten = 10_f64.powf(value.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * ten)
        .find(|step| *step >= value - 1e-12)
        .unwrap_or(10.0 * ten)
}

/// Bars side by side: the share of each class.
pub(super) fn bars(frame: &Frame<'_>, classes: &[String], real: &[f64], simulated: &[f64]) -> String {
    let share = |weights: &[f64], at: usize| {
        weights.get(at).copied().unwrap_or(0.0) / weights.iter().sum::<f64>().max(1e-300)
    };
    let every = (0..classes.len()).flat_map(|at| [share(real, at), share(simulated, at)]);
    let most = every.fold(0.01_f64, f64::max) * 1.08;
    let mut svg = begin(frame);
    lines(&mut svg, most);
    let step = (WIDTH - LEFT - RIGHT) / classes.len().max(1) as f64;
    let wide = step * 0.38;
    for (at, class) in classes.iter().enumerate() {
        let middle = LEFT + step * (at as f64 + 0.5);
        for (weights, colour, from) in [(real, REAL, middle - wide), (simulated, SIMULATED, middle)] {
            let top = height(share(weights, at), most);
            let _ = writeln!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                HEIGHT - BOTTOM - top
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{middle:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#333333\">{}</text>",
            HEIGHT - BOTTOM + 18.0,
            safe(class)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Two curves: the share at or below each number.
pub(super) fn curves(frame: &Frame<'_>, logarithmic: bool, real: &Weighted, simulated: &Weighted) -> String {
    let scale = |value: f64| if logarithmic { value.max(1e-9).log10() } else { value };
    let ends = [real, simulated].map(|sample| (sample.quantile(0.003), sample.quantile(0.997)));
    let low = scale(ends[0].0.min(ends[1].0));
    let high = scale(ends[0].1.max(ends[1].1)).max(low + 1e-6);
    let across = |value: f64| LEFT + (scale(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT);
    let mut svg = begin(frame);
    lines(&mut svg, 1.0);
    for mark in marks(low, high, logarithmic) {
        let at = across(mark);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.0}\" stroke=\"#eeeeee\"/><text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#333333\">{mark}</text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 18.0
        );
    }
    for (sample, colour) in [(real, REAL), (simulated, SIMULATED)] {
        let mut path = String::new();
        for point in 0..=POINTS {
            let share = point as f64 / POINTS as f64;
            let at = across(sample.quantile(share)).clamp(LEFT, WIDTH - RIGHT);
            let _ = write!(path, "{at:.1},{:.1} ", height(share, 1.0));
        }
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.trim_end()
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Numbers to be marked between two ends of the axis.
fn marks(low: f64, high: f64, logarithmic: bool) -> Vec<f64> {
    if !logarithmic {
        let step = nice((high - low) / 10.0);
        let first = (low / step).ceil() as i64;
        return (first..=(high / step) as i64).map(|mark| mark as f64 * step).collect();
    }
    // Marks at 1, 2 and 5 where there is room, else at powers of ten.
    let digits: &[f64] = if high - low < 4.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let tens = (low.floor() as i32)..=(high.ceil() as i32);
    let all =
        tens.flat_map(|ten| digits.iter().map(move |digit| (digit * 10_f64.powi(ten) * 1e6).round() / 1e6));
    all.filter(|mark| (low..=high).contains(&mark.log10())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_marked_at_round_numbers() {
        for (low, high, logarithmic, expected) in [
            (0.0, 1.0, true, vec![1.0, 2.0, 5.0, 10.0]),
            (-1.2, 0.4, true, vec![0.1, 0.2, 0.5, 1.0, 2.0]),
            (-1.0, 4.0, true, vec![0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0]),
            (-33.0, 20.0, false, vec![-30.0, -20.0, -10.0, 0.0, 10.0, 20.0]),
        ] {
            assert_eq!(marks(low, high, logarithmic), expected, "{low} {high}");
        }
    }

    #[test]
    fn pictures_stay_within_their_frame_and_hold_no_markup_of_others() {
        let frame = Frame { title: "a <b> & c", axis: "days", note: "distance 0.1" };
        let sample = Weighted::new([(1.0, 1.0), (2.0, 3.0), (90.0, 1.0)]);
        for svg in [
            curves(&frame, true, &sample, &Weighted::default()),
            curves(&frame, false, &sample, &sample),
            bars(&frame, &["<1".to_owned(), "2".to_owned()], &[1.0, 3.0], &[]),
            bars(&frame, &[], &[], &[]),
        ] {
            assert!(svg.ends_with("</svg>\n") && svg.contains("a &lt;b&gt; &amp; c"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
