//! A data set as `scorecard/peers.py prepare` writes it, for both sides to read.

use probity_scorecard::table::{Column, MISSING, Values};
use probity_scorecard::{Sample, Table};
use serde_json::Value;
use std::path::Path;

/// How many folds the rows are dealt into.
pub(crate) const FOLDS: u8 = 5;

/// A data set with the fold that holds each row back.
pub(crate) struct Set {
    pub(crate) sample: Sample,
    folds: Vec<u8>,
}

impl Set {
    /// Reads one from its folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let bytes = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let head: Value =
            serde_json::from_slice(&bytes("columns.json")?).map_err(|error| error.to_string())?;
        let rows = head["rows"].as_u64().ok_or("columns.json has no rows")? as usize;
        let columns = head["columns"].as_array().ok_or("columns.json has no columns")?;
        let (bad, folds, data) = (bytes("bad.u8")?, bytes("folds.u8")?, bytes("data.f64")?);
        let (numbers, rest) = data.as_chunks::<8>();
        if rows == 0 || !rest.is_empty() || numbers.len() != rows * columns.len() {
            return Err(format!(
                "{}: data.f64 does not have the size that columns.json says",
                folder.display()
            ));
        }
        if bad.len() != rows || folds.len() != rows {
            return Err(format!("{}: bad.u8 or folds.u8 has not one byte for each row", folder.display()));
        }
        let column = |(head, numbers): (&Value, &[[u8; 8]])| {
            column(head, numbers.iter().map(|number| f64::from_le_bytes(*number)))
        };
        let table = Table::try_new(columns.iter().zip(numbers.chunks_exact(rows)).map(column).collect());
        let sample = Sample {
            table: table.map_err(|error| error.to_string())?,
            target: head["target"].as_str().unwrap_or("bad").to_owned(),
            bad: bad.iter().map(|bad| *bad == 1).collect(),
            weight: None,
            offset: None,
        };
        Ok(Set { sample, folds })
    }

    /// The rows that a fold does not hold back, and those that it does.
    pub(crate) fn fold(&self, fold: u8) -> (Sample, Sample) {
        let rows = |held: bool| -> Vec<usize> {
            (0..self.folds.len()).filter(|row| (self.folds[*row] == fold) == held).collect()
        };
        (self.sample.take(&rows(false)), self.sample.take(&rows(true)))
    }
}

fn column(head: &Value, numbers: impl Iterator<Item = f64>) -> Column {
    let name = head["name"].as_str().unwrap_or_default().to_owned();
    match head["levels"].as_array() {
        None => Column { name, values: Values::Numbers(numbers.collect()) },
        Some(levels) => {
            let levels = levels.iter().map(|level| level.as_str().unwrap_or_default().to_owned()).collect();
            let codes = numbers.map(|code| if code.is_nan() { MISSING } else { code as u32 }).collect();
            Column { name, values: Values::Categories { codes, levels } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("probity-bench-set-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let head = r#"{"rows": 3, "target": "late", "columns": [
            {"name": "x", "levels": null}, {"name": "home", "levels": ["own", "rent"]}]}"#;
        let data: Vec<u8> = [0.5, f64::NAN, -1.0, 1.0, f64::NAN, 0.0]
            .iter()
            .flat_map(|number: &f64| number.to_le_bytes())
            .collect();
        for (name, bytes) in [("columns.json", head.as_bytes()), ("data.f64", &data), ("bad.u8", &[0, 1, 1])]
        {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        std::fs::write(folder.join("folds.u8"), [0, 1, 0]).unwrap();
        let set = Set::read(&folder).unwrap();
        assert_eq!(
            (set.sample.target.as_str(), set.sample.bad.as_slice()),
            ("late", [false, true, true].as_slice())
        );
        let (rest, held) = set.fold(0);
        assert_eq!((rest.rows(), held.rows()), (1, 2));
        let cells = |row: usize| {
            held.table.columns().iter().map(|c| format!("{:?}", c.value(row))).collect::<Vec<_>>()
        };
        assert_eq!(cells(0), ["Number(0.5)", "Category(\"rent\")"]);
        assert_eq!(cells(1), ["Number(-1.0)", "Category(\"own\")"]);
        std::fs::write(folder.join("data.f64"), &data[8..]).unwrap();
        assert!(Set::read(&folder).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
