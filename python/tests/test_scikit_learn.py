"""The estimators in scikit-learn's hands."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import OPTIONS, rows
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from probity_scorecard import Scorecard, WoeTransformer

TEXTS = {"check_classifiers_classes": "which of two texts is the bad one is not guessed at: they are refused"}
WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data": "the same up to the tolerance of the regression, not to seven digits",
}
BY_WOE = WEIGHTS | {
    "check_fit_score_takes_y": "thirty rows without any signal: a card that tells nothing is refused, not made",
    "check_supervised_y_2d": "the same",
}


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (Scorecard(method="additive"), TEXTS),
        (Scorecard(method="woe"), TEXTS | BY_WOE),
        (Scorecard(), TEXTS | WEIGHTS),
        (WoeTransformer(), {}),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks(estimator, expected):
    results = check_estimator(estimator, expected_failed_checks=expected, on_skip=None, on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert not failed
    # What is expected to fail and does not is no reason any more.
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(expected)
    assert sum(result["status"] == "passed" for result in results) >= 50
    assert len(results) == len(list(estimator_checks_generator(estimator)))


def test_it_is_cloned_searched_and_cross_validated():
    frame, bad = rows(1500)
    card = Scorecard(**OPTIONS)
    assert clone(card).get_params() == card.get_params()
    assert cross_val_score(make_pipeline(card), frame, bad, scoring="roc_auc", cv=3).mean() > 0.7
    search = GridSearchCV(Scorecard(method="woe"), {"max_bins": [2, 6]}, scoring="roc_auc", cv=3).fit(frame, bad)
    assert search.best_params_ == {"max_bins": 6}
    calibrated = CalibratedClassifierCV(Scorecard(method="woe"), cv=3).fit(frame, bad)
    assert abs(calibrated.predict_proba(frame)[:, 1].mean() - bad.mean()) < 0.02


def test_weights_count_as_rows():
    frame, bad = rows(1500)
    card = Scorecard(method="additive")
    times = np.arange(len(bad)) % 3
    weighted = clone(card).fit(frame, bad, sample_weight=times)
    repeated = clone(card).fit(frame.loc[frame.index.repeat(times)], bad.repeat(times))
    assert np.allclose(weighted.decision_function(frame), repeated.decision_function(frame))


def test_weights_of_evidence_are_a_step_of_a_pipeline():
    frame, bad = rows()
    unseen, outcome = rows(seed=2)
    pipeline = make_pipeline(WoeTransformer(special={"y": [-9]}), LogisticRegression()).fit(frame, bad)
    assert (
        abs(pipeline.score(unseen, outcome) - Scorecard(method="woe", **OPTIONS).fit(frame, bad).score(unseen, outcome))
        < 0.01
    )
    assert (pipeline[-1].coef_ > 0).all()
    columns = ColumnTransformer([("woe", WoeTransformer(), ["x", "home"])], verbose_feature_names_out=False)
    assert columns.fit(frame, bad).get_feature_names_out().tolist() == ["x", "home"]
    assert columns.transform(unseen).shape == (3000, 2)
    for kind, package in (("pandas", pd), ("polars", pl)):
        step = WoeTransformer().set_output(transform=kind).fit(frame, bad)
        table = step.transform(unseen)
        assert isinstance(table, package.DataFrame) and list(table.columns) == ["x", "y", "home"]
    together = VotingClassifier([("card", Scorecard(method="woe")), ("other", pipeline)], voting="soft").fit(frame, bad)
    assert together.predict_proba(unseen).shape == (3000, 2)


def test_other_labels_are_kept():
    frame, bad = rows()
    for labels in ([False, True], [1, 2], [-1.0, 1.0]):
        y = np.array(labels)[bad]
        card = Scorecard(method="woe").fit(frame, y)
        assert card.classes_.tolist() == labels and card.classes_.dtype == y.dtype
        assert np.array_equal(
            card.predict(frame), np.array(labels)[(card.predict_proba(frame)[:, 1] > 0.5).astype(int)]
        )
        assert 0.6 < card.score(frame, y) <= 1
