"""The package and the command line give the same, to the last byte of the file and the last digit of a score."""

import csv
import os
import subprocess

import numpy as np
import pandas as pd
import pytest
from conftest import rows

from probity_scorecard import Scorecard, auc

PROBITY = os.environ.get("PROBITY")
pytestmark = pytest.mark.skipif(not PROBITY, reason="PROBITY names no program")

CASES = {
    "woe": (
        dict(method="woe", special={"y": [-9]}, monotone={"x": "ascending", None: "any"}),
        ["--method", "woe", "--special", "y=-9", "--monotone", "x=ascending", "--monotone", "any"],
    ),
    "by hand": (
        dict(
            method="woe",
            special=[-9],
            cuts={"x": [-0.5, 0.1]},
            max_bins=4,
            min_share=0.07,
            prior=0.02,
            scale=(500, 20, 40),
        ),
        ["--method", "woe", "--special", "-9", "--cuts", "x=-0.5,0.1", "--max-bins", "4", "--min-share", "0.07"]
        + ["--prior", "0.02", "--scale", "500,20,40"],
    ),
    "additive with pairs": (
        dict(method="additive", special={"y": [-9]}, monotone="auto", pairs=2, seed=11),
        ["--method", "additive", "--special", "y=-9", "--monotone", "auto", "--pairs=2", "--seed", "11"],
    ),
    "left open": (dict(pairs="auto", special=[-9]), ["--pairs", "--special", "-9"]),
}


def probity(folder, *arguments):
    run = subprocess.run([PROBITY, "scorecard", *arguments], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    frame, bad = rows()
    weight = pd.Series(np.random.default_rng(9).integers(1, 9, len(bad)) / 8, name="w")
    frame.assign(bad=bad).to_csv(folder / "train.csv", index=False)
    frame.assign(bad=bad, w=weight).to_csv(folder / "weighted.csv", index=False)
    rows(seed=4)[0].to_csv(folder / "unseen.csv", index=False)
    return folder


def scores(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [(int(row["score"]), float(row["probability"])) for row in csv.DictReader(file)]


@pytest.mark.parametrize("case", CASES)
def test_fit_and_score(case, folder):
    options, arguments = CASES[case]
    frame, bad = rows()
    ours = Scorecard(name="test", **options).fit(frame, bad)
    if "pairs" in case:
        assert ours.pair_table().num_rows > 0
    probity(folder, "fit", "train.csv", "--target", "bad", "--name", "test", "--out", "card.toml", *arguments)
    # Bytes: no line may end otherwise.
    assert ours.to_toml().encode() == (folder / "card.toml").read_bytes()
    probity(folder, "score", "card.toml", "unseen.csv", "--out", "scores.csv")
    unseen, _ = rows(seed=4)
    given = list(zip(ours.points(unseen).tolist(), ours.predict_proba(unseen)[:, 1].tolist(), strict=True))
    assert given == scores(folder / "scores.csv")
    ours.save(folder / "ours.toml")
    probity(folder, "score", "ours.toml", "unseen.csv", "--out", "again.csv")
    assert (folder / "again.csv").read_bytes() == (folder / "scores.csv").read_bytes()
    assert np.array_equal(Scorecard.load(folder / "card.toml").points(unseen), ours.points(unseen))


@pytest.mark.parametrize("method", ["woe", "additive"])
def test_fit_with_weights(method, folder):
    frame, bad = rows()
    weight = pd.read_csv(folder / "weighted.csv")["w"]
    ours = Scorecard(name="test", method=method).fit(frame, bad, sample_weight=weight)
    probity(
        folder,
        "fit",
        "weighted.csv",
        "--target",
        "bad",
        "--weight",
        "w",
        "--name",
        "test",
        "--method",
        method,
        "--out",
        "w.toml",
    )
    assert ours.to_toml().encode() == (folder / "w.toml").read_bytes()


@pytest.mark.parametrize("form", ["json", "sql", "pmml", "pmml-log-odds"])
def test_exports(form, folder, fitted):
    fitted.save(folder / "exported.toml")
    probity(folder, "export", "exported.toml", "--as", form, "--out", f"card.{form}")
    ours = {
        "json": fitted.to_json,
        "sql": fitted.to_sql,
        "pmml": fitted.to_pmml,
        "pmml-log-odds": lambda: fitted.to_pmml(log_odds=True),
    }[form]()
    assert ours.encode() == (folder / f"card.{form}").read_bytes()


def test_reasons_and_figures(folder, fitted):
    import json

    fitted.save(folder / "reasons.toml")
    probity(folder, "score", "reasons.toml", "unseen.csv", "--reasons", "--out", "reasons.csv")
    with open(folder / "reasons.csv", newline="", encoding="utf-8") as file:
        wanted = [[text for place in range(1, 5) if (text := row[f"reason_{place}"])] for row in csv.DictReader(file)]
    told = fitted.reasons(rows(seed=4)[0])
    assert [[f"{reason['text']}: {reason['bin']} ({-reason['gain']:+})" for reason in row] for row in told] == wanted
    frame, bad = rows()
    arguments = [
        "--method",
        "woe",
        "--special",
        "y=-9",
        "--monotone",
        "x=ascending",
        "--monotone",
        "any",
        "--out",
        "c.toml",
    ]
    judged = json.loads(probity(folder, "fit", "train.csv", "--target", "bad", *arguments, "--json"))["judged"][0]
    figures = fitted.performance(frame, bad)
    assert (figures["auc"], figures["ks"], figures["brier"], figures["log_loss"]["value"]) == (
        {"value": judged["auc"], "low": judged["auc_low"], "high": judged["auc_high"]},
        judged["ks"],
        judged["brier"],
        judged["log_loss"],
    )
    assert auc(bad, fitted.decision_function(frame)) == figures["auc"]
