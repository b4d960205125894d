"""What a scorecard does, and what it refuses."""

import copy
import pickle
import sqlite3
import threading
import time

import numpy as np
import pandas as pd
import pytest
from conftest import OPTIONS, rows
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from probity_scorecard import Scorecard, ScorecardError, WoeTransformer, auc, compare_auc


def test_it_ranks_rows_that_it_has_not_seen(fitted, paired):
    frame, bad = rows(seed=2)
    for card in (fitted, paired):
        probability = card.predict_proba(frame)
        assert probability.shape == (3000, 2) and np.allclose(probability.sum(axis=1), 1)
        assert roc_auc_score(bad, probability[:, 1]) > 0.7
        assert roc_auc_score(bad, -card.points(frame)) > 0.7
        assert abs(probability[:, 1].mean() - bad.mean()) < 0.03
    assert auc(bad, paired.decision_function(frame))["value"] > auc(bad, fitted.decision_function(frame))["value"]


def test_it_is_kept_and_comes_back_to_the_last_bit(fitted, paired, tmp_path):
    frame, _ = rows(seed=5)
    for card in (fitted, paired):
        card.save(tmp_path / "card.toml")
        card.save(tmp_path / "card.json")
        again = [Scorecard.load(tmp_path / "card.toml"), Scorecard.load(tmp_path / "card.json")]
        again += [pickle.loads(pickle.dumps(card)), copy.deepcopy(card)]
        for other in again:
            assert other.to_toml() == card.to_toml()
            assert np.array_equal(other.decision_function(frame), card.decision_function(frame))
        assert again[2].notes_ == card.notes_ and again[2].get_params() == card.get_params()


def test_what_it_tells_adds_up(paired):
    frame, bad = rows(seed=6)
    contributions = paired.contributions(frame)
    total = np.full(len(frame), paired.intercept_)
    for column in contributions.columns:
        total = total + column.to_numpy()
    assert np.array_equal(total, paired.decision_function(frame))
    assert contributions.num_columns == 3 + len(
        set(zip(*(paired.pair_table()[name].to_pylist() for name in ("first", "second"))))
    )
    told = paired.explain(frame, 7)
    assert (
        told["score"] == paired.points(frame)[7] == told["base_points"] + sum(line["points"] for line in told["lines"])
    )
    assert told["probability"] == paired.predict_proba(frame)[7, 1]
    assert told["reasons"] == paired.reasons(frame)[7]
    assert sum(paired.table()["weight"].to_pylist()) == pytest.approx(3 * len(frame))
    figures = paired.performance(frame, bad)
    assert figures["auc"]["value"] == pytest.approx(roc_auc_score(bad, paired.decision_function(frame)), abs=1e-12)
    assert figures["auc"]["low"] < figures["auc"]["value"] < figures["auc"]["high"] and figures["rows"] == len(frame)


def test_a_database_gives_the_same_scores(paired):
    frame, _ = rows(seed=7)
    with sqlite3.connect(":memory:") as base:
        frame.assign(place=range(len(frame))).to_sql("applicants", base, index=False)
        scored = base.execute(
            f"SELECT score FROM ({paired.to_sql('applicants', keep=['place'])}) ORDER BY place"
        ).fetchall()
    assert [score for (score,) in scored] == paired.points(frame).tolist()


def test_the_report_is_one_page(fitted):
    frame, bad = rows(seed=9)
    months = pd.date_range("2024-01-01", "2024-06-30", periods=len(frame))
    frame = frame.assign(month=months, sex=np.where(np.arange(len(frame)) % 2, "f", "m"))
    page = fitted.report(
        frame, bad, train=rows(), time="month", segments=["home"], groups=["sex"], title="A <b> title", cut_off=450
    )
    assert page.lower().startswith("<!doctype html>") and "A &lt;b&gt; title" in page and "training rows" in page
    assert "2024-02" in page and "http" not in page.replace("http://www.w3.org", "")
    assert page == fitted.report(
        frame, bad, train=rows(), time="month", segments=["home"], groups=["sex"], title="A <b> title", cut_off=450
    )
    card = fitted.report(frame, bad, form="model-card", purpose="To test.", limits=["It is made up."])
    assert card.startswith("# ") and "To test." in card and "It is made up." in card
    for options, wanted in (
        (dict(form="pdf"), "'pdf' is none of"),
        (dict(segments="home"), "no list of texts"),
        (dict(groups=["age"]), "no column 'age'; the columns are x, y, home"),
        (dict(train=(frame, bad), name="training rows"), "training rows"),
    ):
        with pytest.raises(ScorecardError, match=wanted):
            fitted.report(frame, bad, **options)


def test_weights_of_evidence():
    frame, bad = rows()
    step = WoeTransformer(special={"y": [-9]}).fit(frame, bad)
    woe = step.transform(frame)
    assert woe.shape == (3000, 3) and np.isfinite(woe).all()
    assert step.get_feature_names_out().tolist() == ["x", "y", "home"]
    assert list(step.information_values_) == ["x", "y", "home"] and min(step.information_values_.values()) > 0
    # By hand, with the twenty rows that each bin is lent.
    special = frame["y"] == -9
    good, odds = (1 - bad).sum(), bad.sum() / (1 - bad).sum()
    lent = 20 * bad.mean(), 20 * (1 - bad.mean())
    wanted = np.log((bad[special].sum() + lent[0]) / ((1 - bad)[special].sum() + lent[1])) - np.log(odds)
    assert np.allclose(woe[special, 1], wanted, atol=1e-12) and good > 0
    again = pickle.loads(pickle.dumps(step))
    assert np.array_equal(again.transform(frame), woe) and again.table() == step.table()


def test_two_scores_are_compared_on_the_same_rows(fitted, paired):
    frame, bad = rows(seed=8)
    told = compare_auc(bad, paired.decision_function(frame), fitted.decision_function(frame))
    assert told["difference"]["value"] == pytest.approx(told["first"]["value"] - told["second"]["value"])
    assert told["difference"]["low"] > 0 and told["p"] < 0.05
    assert auc(bad, [0.5] * len(bad), sample_weight=2)["value"] == 0.5


def test_other_threads_run_meanwhile():
    frame, bad = rows(100_000)
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    Scorecard(method="additive").fit(frame, bad)
    took = time.perf_counter() - start
    done.set()
    thread.join()
    # Were the interpreter held, there would be none in the middle of the fit.
    assert sum(0.3 * took < at - start < 0.9 * took for at in ticks) > 3, took


FRAME, BAD = rows()


@pytest.mark.parametrize(
    ("X", "y", "options", "wanted"),
    [
        (FRAME, np.zeros(3000), {}, r'no row has "bad" = 1, so there is one class only; both good'),
        (FRAME, np.full(3000, 2), {}, "is 2 in row 1; it must be 0 or 1"),
        (FRAME, BAD * 0.5, {}, "Unknown label type: continuous"),
        (FRAME, BAD.map({0: "good", 1: "bad"}), {}, "holds texts; give 1"),
        (FRAME, BAD.where(BAD.index != 4), {}, "is missing in row 5"),
        (FRAME, np.arange(3000) % 3, {}, "Only binary classification"),
        (FRAME, BAD[:10], {}, "'bad' has 10 values, the table has 3000 rows"),
        (FRAME, None, {}, "y is None"),
        (FRAME.assign(bad=BAD), BAD, {}, "'bad' as well as a target"),
        (FRAME, BAD, dict(monotone="sideways"), '"sideways" is none of any'),
        (FRAME, BAD, dict(special={"nowhere": [1]}), 'no column "nowhere"; the columns are x, y, home'),
        (FRAME, BAD, dict(special="-9"), "'-9' is no list of numbers"),
        (FRAME, BAD, dict(special=[]), "an empty list"),
        (FRAME, BAD, dict(special=["a"]), "'a' is no number"),
        (FRAME, BAD, dict(cuts={"x": [2, 1]}), "do not ascend"),
        (FRAME, BAD, dict(cuts={"home": [1]}), 'column "home" holds texts'),
        (FRAME, BAD, dict(method="tree"), '"tree" is none of auto'),
        (FRAME, BAD, dict(pairs="many"), '"many" is neither'),
        (FRAME, BAD, dict(pairs=-1), "pairs"),
        (FRAME, BAD, dict(max_bins=1), "at least 2"),
        (FRAME, BAD, dict(max_bins=-1), "whole number"),
        (FRAME, BAD, dict(max_bins=2.5), "whole number"),
        (FRAME, BAD, dict(prior=1.5), "no share"),
        (FRAME, BAD, dict(scale=(600, 30)), "score of the anchor"),
        (FRAME, BAD, dict(scale=(600, 30, -1)), "scale"),
        (FRAME, BAD, dict(seed=-1), "seed"),
        ("text", BAD, {}, "a str is no table"),
        (None, BAD, {}, "a NoneType is no table"),
        (FRAME[["x"]].to_numpy().ravel(), BAD, {}, "Reshape your data"),
        (FRAME[[]], BAD, {}, "0 feature"),
        (FRAME[:0], BAD[:0], {}, "0 sample"),
        (pd.concat([FRAME, FRAME[["x"]]], axis=1), BAD, {}, 'two columns are called "x"'),
        (FRAME.assign(x=[[1]] * 3000), BAD, {}, '"x" is of type List'),
        (FRAME.assign(x=["a", 1] * 1500), BAD, {}, "'x' is neither of numbers nor of texts"),
        (FRAME[["x"]].assign(x=1.0), BAD, dict(method="woe"), "no column tells good from bad"),
    ],
)
def test_what_cannot_be_is_refused_in_words(X, y, options, wanted):
    with pytest.raises(ScorecardError, match=wanted):
        Scorecard(**options).fit(X, y)


def test_a_weight_is_checked():
    for weight, wanted in (
        (-BAD, '"sample_weight" is -1 in row'),
        (BAD[:9], "has 9 values"),
        (BAD * 0, "the weight zero"),
    ):
        with pytest.raises(ScorecardError, match=wanted):
            Scorecard().fit(FRAME, BAD, sample_weight=weight)


def test_a_table_that_does_not_fit_is_refused(fitted):
    with pytest.raises(ScorecardError, match='no column "home"; the columns are x, y'):
        fitted.points(FRAME.drop(columns="home"))
    with pytest.raises(ScorecardError, match='"x" holds texts'):
        fitted.points(FRAME.assign(x="a"))
    with pytest.raises(ScorecardError, match="2 features, but Scorecard is expecting 3"):
        fitted.points(FRAME[["x", "y"]].to_numpy())
    with pytest.raises(ScorecardError, match="there is no row 3000; it has 3000"):
        fitted.explain(FRAME, 3000)
    with pytest.raises(NotFittedError):
        Scorecard(**OPTIONS).points(FRAME)
    with pytest.raises(ScorecardError, match="line 1"):
        Scorecard.from_toml("no scorecard")
    with pytest.raises(ScorecardError, match="line 1"):
        Scorecard.from_json("no scorecard")
