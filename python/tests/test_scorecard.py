"""The package against the command line, scikit-learn's ways, and tables of every kind."""

import csv
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from probity_scorecard import Scorecard, ScorecardError


def rows(n=3000, seed=1):
    """Rows whose truth is known: the log-odds rise with x, jump at y > 1 and differ by home."""
    dice = np.random.default_rng(seed)
    x, y = dice.normal(size=n), dice.exponential(size=n)
    home = dice.choice(["own", "rent", "other"], size=n, p=[0.5, 0.4, 0.1])
    log_odds = -2 + x + (y > 1) + np.where(home == "rent", 0.8, 0.0)
    x[dice.random(n) < 0.05] = np.nan
    y[dice.random(n) < 0.05] = -9
    frame = pd.DataFrame({"x": x, "y": y, "home": home})
    return frame, (dice.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)


OPTIONS = dict(special={"y": [-9]}, monotone="auto", name="test")


@pytest.fixture(scope="module")
def fitted():
    frame, bad = rows()
    return Scorecard(**OPTIONS).fit(frame, bad)


def test_it_ranks_rows_that_it_has_not_seen(fitted):
    frame, bad = rows(seed=2)
    probability = fitted.predict_proba(frame)
    assert probability.shape == (3000, 2) and np.allclose(probability.sum(axis=1), 1)
    assert roc_auc_score(bad, probability[:, 1]) > 0.75
    assert roc_auc_score(bad, -fitted.points(frame)) > 0.75
    assert abs(probability[:, 1].mean() - bad.mean()) < 0.03


def test_every_kind_of_table_gives_the_same(fitted):
    frame, _ = rows(seed=3)
    wanted = fitted.decision_function(frame)
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    for table in (arrow, arrow.to_batches()[0], pl.from_pandas(frame), frame.astype({"home": "category"})):
        assert np.array_equal(fitted.decision_function(table), wanted), type(table)
    numbers = frame[["x", "y"]].to_numpy()
    bad = (frame["x"].fillna(0) > 0.5).astype(int)
    card = Scorecard().fit(numbers, bad)
    assert list(card.feature_names_in_) == ["x0", "x1"]
    assert len(card.points(numbers)) == 3000


def test_the_command_line_gives_the_same_to_the_last_digit(fitted, tmp_path):
    program = os.environ.get("PROBITY")
    if not program:
        pytest.skip("PROBITY names no program")
    frame, bad = rows()
    frame.assign(bad=bad).to_csv(tmp_path / "train.csv", index=False, float_format="%.17g")
    unseen, _ = rows(seed=4)
    unseen.to_csv(tmp_path / "test.csv", index=False, float_format="%.17g")

    def run(*arguments):
        subprocess.run([program, "scorecard", *map(str, arguments)], check=True, cwd=tmp_path)

    run("fit", "train.csv", "--target", "bad", "--special", "y=-9", "--monotone", "auto", "--name", "test", "--out", "card.toml")
    run("score", "card.toml", "test.csv", "--out", "scores.csv")
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        scored = [(int(row["score"]), float(row["probability"])) for row in csv.DictReader(file)]
    ours = Scorecard(**OPTIONS).fit(frame, pd.Series(bad, name="bad"))
    assert ours.to_toml() == (tmp_path / "card.toml").read_text(encoding="utf-8")
    assert scored == list(zip(ours.points(unseen).tolist(), ours.predict_proba(unseen)[:, 1].tolist()))


def test_it_is_kept_and_comes_back(fitted, tmp_path):
    frame, _ = rows(seed=5)
    fitted.save(tmp_path / "card.toml")
    for again in (Scorecard.load(tmp_path / "card.toml"), pickle.loads(pickle.dumps(fitted))):
        assert np.array_equal(again.decision_function(frame), fitted.decision_function(frame))
    assert "CASE" in fitted.to_sql("applicants") and "<Scorecard" in fitted.to_pmml()


def test_it_is_a_classifier_of_scikit_learn(fitted):
    frame, bad = rows(1500)
    card = Scorecard(**OPTIONS)
    assert clone(card).get_params() == card.get_params()
    assert cross_val_score(make_pipeline(card), frame, bad, scoring="roc_auc", cv=3).mean() > 0.7
    weighted = clone(card).fit(frame, bad, sample_weight=np.full(len(bad), 2.0))
    assert abs(weighted.predict_proba(frame)[:, 1].mean() - bad.mean()) < 0.02


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (dict(y=np.zeros(3000)), "= 1; both good and bad"),
        (dict(y=np.full(3000, 2)), "it must be 0 or 1"),
        (dict(options=dict(monotone="sideways")), "sideways"),
        (dict(options=dict(special={"nowhere": [1]})), "nowhere"),
        (dict(X="text"), "is no table"),
    ],
)
def test_what_cannot_be_is_refused_in_words(change, wanted):
    frame, bad = rows()
    card = Scorecard(**change.get("options", {}))
    with pytest.raises(ScorecardError, match=wanted):
        card.fit(change.get("X", frame), change.get("y", bad))


def test_a_table_without_a_column_is_refused(fitted):
    frame, _ = rows()
    with pytest.raises(ScorecardError, match='no column "home"'):
        fitted.points(frame.drop(columns="home"))


def test_the_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    path = Path(__file__).parent.parent / "notebooks" / "scorecard.ipynb"
    notebook = nbformat.read(path, as_version=4)
    client.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
