//! Tables in HTML.

use super::text::{escaped, short};
use std::fmt::Write as _;

/// One cell.
pub(super) enum Cell {
    /// A text on the left.
    Left(String),
    /// A figure on the right.
    Right(String),
    /// A figure on the right, and a remark after it that stands back.
    Noted(String, String),
    /// A figure and a bar from one share of its width to another, of a class; and where zero is.
    Bar { figure: String, from: f64, to: f64, class: &'static str, zero: Option<f64> },
}

/// The longest text of a cell that is shown whole.
const LONGEST: usize = 160;

impl Cell {
    pub(super) fn left(text: impl Into<String>) -> Cell {
        Cell::Left(text.into())
    }

    pub(super) fn right(text: impl Into<String>) -> Cell {
        Cell::Right(text.into())
    }

    /// A bar from zero on, of a value among others up to `most`.
    pub(super) fn bar(figure: String, value: f64, most: f64, class: &'static str) -> Cell {
        Cell::Bar { figure, from: 0.0, to: if most > 0.0 { value / most } else { 0.0 }, class, zero: None }
    }

    /// A bar to either side of zero, among values from `low` to `high`.
    pub(super) fn both_ways(
        figure: String,
        value: f64,
        (low, high): (f64, f64),
        class: &'static str,
    ) -> Cell {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let width = if high > low { high - low } else { 1.0 };
        let (zero, at) = (-low / width, (value - low) / width);
        Cell::Bar { figure, from: zero.min(at), to: zero.max(at), class, zero: Some(zero) }
    }

    fn write(&self, html: &mut String) {
        let _ = match self {
            Cell::Left(text) if text.chars().count() > LONGEST => {
                write!(
                    html,
                    "<td class=\"l\" title=\"{}\">{}</td>",
                    escaped(text),
                    escaped(&short(text, LONGEST))
                )
            }
            Cell::Left(text) => write!(html, "<td class=\"l\">{}</td>", escaped(text)),
            Cell::Right(text) => write!(html, "<td>{}</td>", escaped(text)),
            Cell::Noted(text, note) => {
                write!(html, "<td>{}<small>{}</small></td>", escaped(text), escaped(note))
            }
            Cell::Bar { figure, from, to, class, zero } => {
                let (from, to) = (from.clamp(0.0, 1.0) * 100.0, to.clamp(0.0, 1.0) * 100.0);
                let zero = zero.map_or_else(String::new, |zero| {
                    format!("<em style=\"left:{:.1}%\"></em>", zero.clamp(0.0, 1.0) * 100.0)
                });
                write!(
                    html,
                    "<td>{}<span class=\"bar\"><i class=\"{class}\" style=\"left:{from:.1}%;width:{:.1}%\"></i>{zero}</span></td>",
                    escaped(figure),
                    to - from
                )
            }
        };
    }
}

/// A table: its heads, and which columns hold texts on the left; then its rows.
pub(super) fn table(left: &[usize], heads: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut html = String::from("<div class=\"scroll\"><table><thead><tr>");
    for (column, head) in heads.iter().enumerate() {
        let class = if left.contains(&column) { " class=\"l\"" } else { "" };
        let _ = write!(html, "<th{class}>{}</th>", escaped(head));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            cell.write(&mut html);
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody></table></div>\n"
}
