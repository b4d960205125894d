"""Tables of every kind give the same scorecard and the same scores."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import OPTIONS, rows

from probity_scorecard import Scorecard, ScorecardError, WoeTransformer

FRAME, BAD = rows()
ARROW = pa.Table.from_pandas(FRAME, preserve_index=False)
SAME = {
    "text": FRAME.astype({"home": "str"})
    if int(pd.__version__.split(".")[0]) > 2
    else FRAME.astype({"home": "string"}),
    "category": FRAME.astype({"home": "category"}),
    "nullable": FRAME.convert_dtypes(),
    "arrow-backed": FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "another index": FRAME.set_index(np.arange(len(FRAME))[::-1]),
    "arrow": ARROW,
    "batch": ARROW.combine_chunks().to_batches()[0],
    "batches": pa.concat_tables([ARROW.slice(0, 1000), ARROW.slice(1000)]),
    "dictionary": ARROW.set_column(2, "home", ARROW["home"].dictionary_encode()),
    "polars": pl.from_arrow(ARROW),
    "polars category": pl.from_arrow(ARROW).with_columns(pl.col("home").cast(pl.Categorical)),
    "polars enum": pl.from_arrow(ARROW).with_columns(pl.col("home").cast(pl.Enum(["rent", "own", "other"]))),
    "mapping": {name: FRAME[name].to_numpy() for name in FRAME},
    "lists": {name: FRAME[name].to_list() for name in FRAME},
    "other columns, another order": FRAME.assign(id=[[1]] * len(FRAME))[["home", "id", "y", "x"]],
}


@pytest.mark.parametrize("kind", SAME)
def test_every_kind_of_table_gives_the_same(kind, fitted):
    assert np.array_equal(fitted.decision_function(SAME[kind]), fitted.decision_function(FRAME))
    if "other columns" not in kind:
        again = Scorecard(method="woe", **OPTIONS).fit(SAME[kind], BAD)
        assert again.to_toml() == fitted.to_toml()
        assert again.feature_names_in_.tolist() == ["x", "y", "home"]


@pytest.mark.parametrize(
    "target",
    [
        BAD.to_numpy(),
        BAD.to_list(),
        BAD.astype(bool),
        BAD.astype("Int64"),
        BAD.astype("boolean"),
        BAD.astype(float),
        BAD.astype(bool).astype(object),
        pl.Series("bad", BAD.to_numpy()),
        pa.array(BAD.to_numpy()),
        pa.chunked_array([BAD.to_numpy()[:9], BAD.to_numpy()[9:]]),
    ],
    ids=lambda target: f"{type(target).__module__.split('.')[0]} {getattr(target, 'dtype', '')}",
)
def test_every_kind_of_target_gives_the_same(target, fitted):
    card = Scorecard(method="woe", **OPTIONS).fit(FRAME, target)
    assert card.to_toml() == fitted.to_toml()
    assert set(card.predict(FRAME).tolist()) == {0, 1}


def test_the_target_keeps_its_name():
    card = Scorecard(method="woe").fit(FRAME.assign(bad=1), BAD.rename("default"))
    assert 'target = "default"' in card.to_toml()


def test_an_array_is_read_by_place():
    numbers = FRAME[["x", "y"]].to_numpy()
    card = Scorecard(method="woe").fit(numbers, BAD)
    assert not hasattr(card, "feature_names_in_") and card.n_features_in_ == 2
    for kind in (
        numbers,
        np.asfortranarray(numbers),
        numbers.astype(object),
        numbers.tolist(),
        FRAME[["x", "y"]].set_axis([0, 1], axis=1),
    ):
        assert np.array_equal(card.points(kind), card.points(numbers))
    with pytest.warns(UserWarning, match="X has feature names, but Scorecard was fitted without"):
        assert np.array_equal(card.points(FRAME[["x", "y"]]), card.points(numbers))
    named = Scorecard(method="woe").fit(FRAME[["x", "y"]], BAD)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Scorecard was fitted with"):
        assert np.array_equal(named.points(numbers), named.points(FRAME[["x", "y"]]))


@pytest.mark.parametrize(
    ("values", "bins"),
    [
        (pd.Series([True, False]), ["below 1", "1 or more"]),
        (pd.Series([True, False], dtype="boolean"), ["below 1", "1 or more"]),
        (pd.Series([7, 3]).astype("category"), ["3", "7"]),
        (pd.Series([0.5, 3.0]).astype("category"), ["0.5", "3"]),
        (pd.Series([True, False]).astype("category"), ["False", "True"]),
        (pd.cut(pd.Series([1.0, 3.0]), [0, 2, 4]), ["(0, 2]", "(2, 4]"]),
        (pd.Series(pd.to_datetime(["1970-01-02", "1970-01-01"])), None),
        (pd.Series([1, 0], dtype="Sparse[int64]"), ["below 1", "1 or more"]),
        (pd.Series([1, 0], dtype="int8"), ["below 1", "1 or more"]),
        (pd.Series([1, 0], dtype="float32"), ["below 1", "1 or more"]),
        (np.array([1, 0], dtype="float16"), ["below 1", "1 or more"]),
        (np.array([1, 0], dtype="longdouble"), ["below 1", "1 or more"]),
        (np.array(["a", "b"]), ["a", "b"]),
        (pl.Series([1, None]), None),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_every_type_of_column_has_its_meaning(values, bins):
    # The first value is the worse one.
    place = np.array([0, 1] * 100)
    bad = (np.arange(200) % 10 < 5).astype(int) * (1 - place) + (np.arange(200) % 10 == 1) * place
    if isinstance(values, pd.Series):
        column = values.iloc[place].reset_index(drop=True)
    else:
        column = values.gather(place) if isinstance(values, pl.Series) else values[place]
    step = WoeTransformer(monotone="any").fit({"v": column}, bad)
    assert step.transform({"v": column})[0, 0] > step.transform({"v": column})[1, 0]
    if bins is not None:
        told = [text.removesuffix(", any other") for text in step.table()["bin"].to_pylist() if text != "missing"]
        assert sorted(told) == sorted(bins)


def test_what_is_no_table_is_refused():
    lazy = pl.LazyFrame({"x": [1.0, 2.0]})
    for table, wanted in (
        (lazy, r"collect\(\) it first"),
        (7, "a int is no table"),
        ({"x": [1.0], "y": [1.0, 2.0]}, "differ in their rows"),
    ):
        with pytest.raises(ScorecardError, match=wanted):
            Scorecard().fit(table, [0, 1])
