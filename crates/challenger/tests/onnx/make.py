"""Makes the models and the answers of the ONNX tests, with what LightGBM, XGBoost and scikit-learn export.

Made once with onnxruntime 1.32.0, onnxmltools 1.16.0, skl2onnx 1.20.0, lightgbm 4.7.0, xgboost 3.2.0 and
scikit-learn 1.9.1; run it again only to add a model: the answers are those of the reference runtime.
"""

import json
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnxmltools
import onnxruntime
import pandas as pd
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as Floats
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
NAMES = list("abcde")
ROWS = 100

dice = np.random.default_rng(7)
whole = dice.normal(size=(2_000, 5)).astype(np.float32)
whole[:, 2] = np.round(np.abs(whole[:, 2]) * 3)
log_odds = 0.8 * whole[:, 0] - 0.5 * whole[:, 1] + 0.3 * whole[:, 2] - 1 + (whole[:, 2] == 4)
bad = (dice.random(len(whole)) < 1 / (1 + np.exp(-log_odds))).astype(int)
gaps = whole.copy()
gaps[dice.random(whole.shape) < 0.08] = np.nan
home = dice.choice(["own", "rent", "free"], len(whole))
frame = pd.DataFrame(whole, columns=NAMES).assign(home=home)

models = {}


def keep(name, model, gapped):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    rows = (gaps if gapped else whole)[:ROWS]
    takes = session.get_inputs()
    if len(takes) == 1:
        given = {takes[0].name: rows}
    else:
        # The last row has a home that no row of the fit had.
        homes = np.append(home[: ROWS - 1], "castle").astype(object)
        given = {each.name: homes[:, None] if each.name == "home" else rows[:, [NAMES.index(each.name)]] for each in takes}
    out = session.run(None, given)[1]
    chances = [each[1] for each in out] if isinstance(out, list) else out[:, 1].tolist()
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())
    models[name] = {"gaps": gapped, "columns": NAMES if len(takes) == 1 else [], "chances": [float(c) for c in chances]}


def boosted(name, model, **options):
    keep(name, onnxmltools.convert_lightgbm(model, initial_types=[("input", Floats([None, 5]))], **options), True)


def sklearn(name, model, gapped, types=None, zipmap=False):
    types = types or [("X", FloatTensorType([None, 5]))]
    keep(name, skl2onnx.convert_sklearn(model, initial_types=types, options={"zipmap": zipmap}), gapped)


trees = lightgbm.LGBMClassifier(n_estimators=8, num_leaves=7, verbose=-1, n_jobs=1).fit(gaps, bad)
boosted("lightgbm", trees, zipmap=False)
boosted("lightgbm-zipmap", trees)
grouped = lightgbm.LGBMClassifier(n_estimators=8, num_leaves=7, verbose=-1, n_jobs=1, max_cat_to_onehot=30)
boosted("lightgbm-categories", grouped.fit(whole, bad, categorical_feature=[2]), zipmap=False)
trees = xgboost.XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1).fit(gaps, bad)
keep("xgboost", onnxmltools.convert_xgboost(trees, initial_types=[("input", Floats([None, 5]))]), True)
linear = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression()).fit(gaps, bad)
sklearn("logistic", linear, True)
sklearn("logistic-zipmap", linear, True, zipmap=True)
sklearn("gradient-boosting", GradientBoostingClassifier(n_estimators=8, random_state=1).fit(whole, bad), False)
sklearn("random-forest", RandomForestClassifier(6, max_depth=4, random_state=1, n_jobs=1).fit(whole, bad), False)
sklearn("hist-gradient-boosting", HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=7).fit(gaps, bad), True)
sklearn("net", make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=60, random_state=1)).fit(whole, bad), False)
each = [("n", StandardScaler(), NAMES), ("c", OneHotEncoder(handle_unknown="ignore"), ["home"])]
types = [(name, FloatTensorType([None, 1])) for name in NAMES] + [("home", StringTensorType([None, 1]))]
linear = make_pipeline(ColumnTransformer(each), LogisticRegression()).fit(frame, bad)
sklearn("columns", linear, False, types)
trees = make_pipeline(ColumnTransformer(each), GradientBoostingClassifier(n_estimators=8, random_state=1)).fit(frame, bad)
sklearn("columns-trees", trees, False, types)

table = {
    "whole": whole[:ROWS].astype(float).tolist(),
    "gaps": [[None if np.isnan(x) else float(x) for x in row] for row in gaps[:ROWS]],
    "home": [*home[: ROWS - 1].tolist(), "castle"],
}
(HERE / "answers.json").write_text(json.dumps({"rows": table, "models": models}), encoding="utf-8")
