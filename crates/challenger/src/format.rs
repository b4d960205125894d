//! A model as JSON, and back to the last digit.

use crate::ensemble::{Ensemble, Tree};
use crate::input::Input;
use crate::{Error, Model};
use serde::{Deserialize, Serialize};

/// What the file says it is.
const FORMAT: &str = "probity-challenger";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    target: String,
    provenance: Vec<(String, String)>,
    inputs: Vec<Input>,
    base: f64,
    trees: Vec<Tree>,
}

/// Writes a model. Equal models give equal texts.
///
/// # Errors
/// Never for a model of this crate: every figure in one is finite. The error is that of the writer.
pub fn write(model: &Model) -> Result<String, Error> {
    let file = File {
        format: FORMAT.to_owned(),
        version: VERSION,
        target: model.target().to_owned(),
        provenance: model.provenance().to_vec(),
        inputs: model.inputs().to_vec(),
        base: model.ensemble().base(),
        trees: model.ensemble().trees().to_vec(),
    };
    serde_json::to_string(&file).map_err(|error| Error::Model(error.to_string()))
}

/// Reads a model.
///
/// # Errors
/// When the text is not what [`write()`] writes, is of another version, or its trees are none.
pub fn read(text: &str) -> Result<Model, Error> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let head: Head = serde_json::from_str(text).map_err(|error| Error::Model(error.to_string()))?;
    if head.format != FORMAT {
        return Err(Error::Model(format!("its format is {:?}; {FORMAT:?} is expected", head.format)));
    }
    if head.version != VERSION {
        let found = head.version;
        return Err(Error::Model(format!("it is of version {found}; this program reads version {VERSION}")));
    }
    let file: File = serde_json::from_str(text).map_err(|error| Error::Model(error.to_string()))?;
    let ensemble = Ensemble::try_new(file.base, file.trees, file.inputs.len())?;
    Model::try_new(file.target, file.inputs, ensemble, file.provenance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::{Node, Split};
    use crate::input::Encoding;

    fn model() -> Model {
        let split = Split { column: 1, threshold: 0.1, equals: false, missing_left: true, left: 1, right: 2 };
        let tree = Tree {
            nodes: vec![Node::Split(split), Node::Leaf(1.0 / 3.0), Node::Leaf(-f64::MIN_POSITIVE)],
            covers: vec![3.3, 1.1, 2.2],
        };
        let rate = Encoding::Rate { levels: vec![("ä \"x\"".to_owned(), 0.1 + 0.2)], other: 0.07 };
        let inputs = [Encoding::Number, rate, Encoding::Level("x".to_owned()), Encoding::Known]
            .map(|encoding| Input { column: "a".to_owned(), encoding });
        let ensemble = Ensemble::try_new(-2.5, vec![tree], 4).unwrap();
        let provenance = vec![("rows".to_owned(), "7".to_owned())];
        Model::try_new("bad".to_owned(), inputs.to_vec(), ensemble, provenance).unwrap()
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let text = write(&model()).unwrap();
        let back = read(&text).unwrap();
        assert_eq!(back, model());
        assert_eq!(write(&back).unwrap(), text);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let text = write(&model()).unwrap();
        for (text, wanted) in [
            (String::new(), "EOF"),
            ("[]".to_owned(), "invalid"),
            (text[..text.len() - 2].to_owned(), "EOF"),
            (text.replace("probity-challenger", "other"), "format is \"other\""),
            (text.replace("\"version\":1", "\"version\":2"), "version 2"),
            (text.replace("\"column\":1", "\"column\":4"), "column 4; there are 4"),
            (text.replace("\"left\":1", "\"left\":0"), "leads to node 0"),
            (text.replace("\"target\"", "\"goal\""), "goal"),
            (text.replace("-2.5", "1e999"), "out of range"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
