//! Pictures: SVG without a colour of its own; its classes take them from the page, light or dark.

use super::text::{decimal, escaped, short};
use std::fmt::Write as _;

/// Where a text hangs on its point.
#[derive(Clone, Copy)]
pub(super) enum Hang {
    Begin,
    Middle,
    End,
}

/// What an axis's figures are.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Number,
    Share,
}

/// An axis from one figure to another.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) unit: Unit,
}

impl Axis {
    pub(super) fn new(low: f64, high: f64, unit: Unit) -> Axis {
        let high = if high > low { high } else { low + 1.0 };
        Axis { low, high, unit }
    }

    /// From zero to a round figure that holds the highest one.
    pub(super) fn up_to(highest: f64, unit: Unit) -> Axis {
        let highest = if highest.is_finite() && highest > 0.0 { highest } else { 1.0 };
        let step = nice(highest / 4.0);
        Axis::new(0.0, (highest / step - 1e-9).ceil() * step, unit)
    }

    /// Round figures within it.
    pub(super) fn marks(&self) -> Vec<f64> {
        let step = nice((self.high - self.low) / 5.0);
        let (first, last) =
            ((self.low / step - 1e-9).ceil() as i64, (self.high / step + 1e-9).floor() as i64);
        (first..=last).map(|mark| mark as f64 * step).collect()
    }

    pub(super) fn label(&self, value: f64) -> String {
        let (value, scale) = if self.unit == Unit::Share { (value * 100.0, 100.0) } else { (value, 1.0) };
        let step = nice((self.high - self.low) / 5.0) * scale;
        let decimals = (0..4)
            .find(|decimals| (step * 10_f64.powi(*decimals)).fract().abs() < 1e-6)
            .unwrap_or(4) as usize;
        let text = decimal(value, decimals);
        if self.unit == Unit::Share { format!("{text} %") } else { text }
    }
}

/// The next of 1, 2, 5, 10, … at or above.
pub(super) fn nice(value: f64) -> f64 {
    let ten = 10_f64.powi(libm::floor(libm::log10(value.max(1e-9))) as i32);
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * ten)
        .find(|step| *step >= value * (1.0 - 1e-9))
        .unwrap_or(10.0 * ten)
}

/// A picture in the making, with room for a plot between its margins.
pub(super) struct Picture {
    text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    x: Axis,
    y: Axis,
}

/// The size of a plot, and what its axes are called.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) size: (f64, f64),
    /// Room on the left.
    pub(super) left: f64,
    /// Room for marks and the axis's name below.
    pub(super) below: f64,
    pub(super) across: &'a str,
    pub(super) up: &'a str,
}

impl<'a> Frame<'a> {
    pub(super) fn new(title: &'a str, across: &'a str, up: &'a str) -> Frame<'a> {
        Frame { title, size: (520.0, 300.0), left: 52.0, below: 44.0, across, up }
    }
}

impl Picture {
    pub(super) fn new(frame: &Frame<'_>, x: Axis, y: Axis) -> Picture {
        let (width, height) = frame.size;
        let mut picture = Picture {
            text: format!(
                "<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">\n",
                escaped(frame.title)
            ),
            left: frame.left,
            right: width - 22.0,
            top: if frame.up.is_empty() { 8.0 } else { 24.0 },
            bottom: height - frame.below,
            x,
            y,
        };
        picture.say((4.0, 14.0), Hang::Begin, "faint", frame.up);
        let middle = (picture.left + picture.right) / 2.0;
        picture.say((middle, height - 6.0), Hang::Middle, "faint", frame.across);
        picture
    }

    pub(super) fn across(&self, value: f64) -> f64 {
        let share = ((value - self.x.low) / (self.x.high - self.x.low)).clamp(0.0, 1.0);
        self.left + share * (self.right - self.left)
    }

    pub(super) fn up(&self, value: f64) -> f64 {
        let share = ((value - self.y.low) / (self.y.high - self.y.low)).clamp(0.0, 1.0);
        self.bottom - share * (self.bottom - self.top)
    }

    /// Lines across at round heights, with their figures.
    pub(super) fn heights(&mut self) {
        for mark in self.y.marks() {
            let at = self.up(mark);
            self.line((self.left, at), (self.right, at), "grid");
            let label = self.y.label(mark);
            self.say((self.left - 6.0, at + 4.0), Hang::End, "faint", &label);
        }
    }

    /// Figures below the plot, at round places.
    pub(super) fn places(&mut self) {
        for mark in self.x.marks() {
            let at = self.across(mark);
            self.line((at, self.bottom), (at, self.bottom + 4.0), "grid");
            let label = self.x.label(mark);
            self.say((at, self.bottom + 17.0), Hang::Middle, "faint", &label);
        }
        self.line((self.left, self.bottom), (self.right, self.bottom), "axis");
    }

    pub(super) fn say(&mut self, (x, y): (f64, f64), hang: Hang, class: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match hang {
            Hang::Begin => "start",
            Hang::Middle => "middle",
            Hang::End => "end",
        };
        let _ = writeln!(
            self.text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
            escaped(text)
        );
    }

    /// A remark beside an upright line, on the side where there is more room.
    pub(super) fn beside(&mut self, (x, y): (f64, f64), text: &str) {
        let (hang, x) =
            if x > (self.left + self.right) / 2.0 { (Hang::End, x - 6.0) } else { (Hang::Begin, x + 6.0) };
        self.say((x, y), hang, "ink", text);
    }

    /// A name that may be long: cut to so many characters, the whole of it shown where the reader points.
    pub(super) fn name(&mut self, at: (f64, f64), hang: Hang, text: &str, most: usize) {
        let whole = text.chars().count() <= most;
        if !whole {
            let _ = write!(self.text, "<g><title>{}</title>", escaped(text));
        }
        self.say(at, hang, "ink", &short(text, most));
        self.text.push_str(if whole { "" } else { "</g>\n" });
    }

    /// A name that leans to the left below its place.
    pub(super) fn aslant(&mut self, (x, y): (f64, f64), text: &str, most: usize) {
        let (whole, shown) = (escaped(text), escaped(&short(text, most)));
        let _ = writeln!(
            self.text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" class=\"faint\" transform=\"rotate(-40 {x:.1} {y:.1})\">{shown}<title>{whole}</title></text>"
        );
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let _ = writeln!(
            self.text,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>"
        );
    }

    /// A line through figures. Those that would not be seen apart are left out.
    pub(super) fn curve(&mut self, points: impl IntoIterator<Item = (f64, f64)>, class: &str) {
        let mut path = String::new();
        let mut last: Option<(f64, f64)> = None;
        let places: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| (self.across(x), self.up(y))).collect();
        for (place, &(x, y)) in places.iter().enumerate() {
            let near = last.is_some_and(|(last_x, last_y)| (x - last_x).abs() + (y - last_y).abs() < 1.0);
            if !near || place + 1 == places.len() {
                let _ = write!(path, "{x:.1},{y:.1} ");
                last = Some((x, y));
            }
        }
        let _ = writeln!(self.text, "<polyline points=\"{}\" class=\"{class}\"/>", path.trim_end());
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), class: &str, told: &str) {
        let _ = writeln!(
            self.text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" class=\"{class}\"><title>{}</title></circle>",
            escaped(told)
        );
    }

    pub(super) fn area(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str, told: &str) {
        let _ = writeln!(
            self.text,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"{class}\"><title>{}</title></rect>",
            width.max(0.0),
            height.max(0.0),
            escaped(told)
        );
    }

    /// An upright interval.
    pub(super) fn upright(&mut self, x: f64, (low, high): (f64, f64), class: &str) {
        self.line((x, self.up(low)), (x, self.up(high)), class);
    }

    /// Which colour is which: classes and names, in a row at the top right.
    pub(super) fn legend(&mut self, entries: &[(&str, String)]) {
        let mut x = self.right;
        for (class, name) in entries.iter().rev() {
            let name = short(name, 34);
            x -= name.chars().count() as f64 * 6.3 + 4.0;
            self.say((x, 14.0), Hang::Begin, "ink", &name);
            x -= 15.0;
            self.area((x, 5.0), (10.0, 10.0), class, "");
            x -= 12.0;
        }
    }

    pub(super) fn end(self) -> String {
        self.text + "</svg>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_marked_at_round_figures() {
        for (axis, marks, labels) in [
            (Axis::new(0.0, 1.0, Unit::Share), 6, ["0 %", "100 %"]),
            (Axis::new(353.0, 712.0, Unit::Number), 4, ["400", "700"]),
            (Axis::up_to(0.034, Unit::Share), 5, ["0 %", "4 %"]),
            (Axis::new(-0.2, 0.15, Unit::Number), 4, ["−0.2", "0.1"]),
            (Axis::up_to(f64::NAN, Unit::Number), 6, ["0.0", "1.0"]),
            (Axis::new(3.0, 3.0, Unit::Number), 6, ["3.0", "4.0"]),
        ] {
            let got = axis.marks();
            let ends = [got[0], got[got.len() - 1]].map(|mark| axis.label(mark));
            assert_eq!((got.len(), ends.each_ref().map(String::as_str)), (marks, labels));
        }
    }

    #[test]
    fn texts_are_harmless_and_long_names_are_cut() {
        let mut picture = Picture::new(
            &Frame::new("<t>", "<x>", "<y>"),
            Axis::new(0.0, 1.0, Unit::Number),
            Axis::new(0.0, 1.0, Unit::Number),
        );
        picture.name((0.0, 0.0), Hang::Begin, "<script>alert(1)</script> and so on", 12);
        picture.curve((0..10_000).map(|x| (f64::from(x) / 1e4, 0.5)), "good");
        let svg = picture.end();
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;aler"), "{svg}");
        assert!(svg.len() < 10_000, "a curve has no more points than can be seen: {}", svg.len());
    }
}
