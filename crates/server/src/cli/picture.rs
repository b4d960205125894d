//! Pictures: lines of SVG.

use std::fmt::Write as _;

/// Dark text.
pub(super) const INK: &str = "#222222";
/// Text that stands back.
pub(super) const FAINT: &str = "#666666";
/// Lines that stand back.
pub(super) const GRID: &str = "#dddddd";
/// Background of every second row.
pub(super) const BAND: &str = "#f6f6f4";
/// What is good, or comes first.
pub(super) const GREEN: &str = "#0b6e4f";
/// What is bad, or comes second.
pub(super) const RUST: &str = "#b8500b";

/// A picture in the making.
pub(super) struct Picture(String);

/// Where a text hangs on its point.
#[derive(Clone, Copy)]
pub(super) enum Hang {
    Begin,
    Middle,
    End,
}

/// Text that may stand in HTML and SVG, also inside quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Picture {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
             <title>{}</title>\n<rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n",
            escaped(title)
        ))
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), hang: Hang, colour: &str, text: &str) {
        let anchor = match hang {
            Hang::Begin => "start",
            Hang::Middle => "middle",
            Hang::End => "end",
        };
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{}</text>",
            escaped(text)
        );
    }

    pub(super) fn heading(&mut self, (x, y): (f64, f64), text: &str) {
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"14\" font-weight=\"bold\" fill=\"{INK}\">{}</text>",
            escaped(text)
        );
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, width: f64) {
        let _ = writeln!(
            self.0,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        );
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), colour: &str) {
        let _ = writeln!(self.0, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{colour}\"/>");
    }

    pub(super) fn area(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        let _ = writeln!(
            self.0,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        );
    }

    /// A value with its interval, on one height.
    pub(super) fn interval(&mut self, (low, value, high): (f64, f64, f64), y: f64, colour: &str) {
        self.line((low, y), (high, y), colour, 2.0);
        for end in [low, high] {
            self.line((end, y - 3.5), (end, y + 3.5), colour, 1.5);
        }
        self.dot((value, y), colour);
    }

    pub(super) fn end(self) -> String {
        self.0 + "</svg>\n"
    }
}
