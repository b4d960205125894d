"""Scorecards from data, with scikit-learn's interface, over the same Rust code as ``probity scorecard``.

>>> from probity_scorecard import Scorecard
>>> card = Scorecard(monotone="auto", pairs="auto", special=[-9, -8, -7]).fit(X, y)
>>> card.predict_proba(X)[:, 1]     # the probability of bad
>>> card.points(X)                  # the score: higher is better
>>> card.save("card.toml")          # the file that `probity scorecard score` reads
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from . import _core

__all__ = ["Scorecard", "ScorecardError"]

#: What the crate refuses: its text says what, where and how to mend it.
ScorecardError = _core.ScorecardError

# Names that no column of data is likely to bear; a clash is refused by the crate ("two columns are called ...").
_TARGET, _WEIGHT = "__bad__", "__weight__"


class Scorecard(ClassifierMixin, BaseEstimator):
    """A scorecard: points for each attribute of each characteristic, fitted to rows known to be bad (1) or not (0).

    Parameters
    ----------
    method : {"auto", "woe", "additive"}
        Weight of evidence in optimal bins with a logistic regression, an additive model, or what cross-validation finds better.
    monotone : str or mapping
        How the bad rate may run over the values: "any", "auto", "ascending", "descending", "monotone", "peak", "valley"; a
        mapping gives some columns a trend of their own (the key ``None`` stands for all others).
    special : list of float or mapping
        Values with a meaning of their own, each in a bin for itself; of every column, or a mapping from column to values.
    pairs : None, "auto" or int
        Whether pairs of columns count together, and how many at most.
    cuts : mapping
        Cuts given by hand, by column.
    max_bins, min_share : int, float
        The most bins of a column, and the smallest share of rows in one.
    prior : float
        The share of bad in the population, where the rows were drawn with another one.
    scale : tuple
        Score of the anchor, its odds good to bad, and the points that double them.
    seed : int
        What chance begins with: folds and bags.
    name : str
        The scorecard's name.

    Attributes
    ----------
    classes_ : ndarray
        ``[0, 1]``.
    feature_names_in_ : ndarray
        The columns it was fitted on.
    notes_ : list of str
        What the fit has to say: columns left out, trends that could not be kept, and why.
    """

    def __init__(
        self,
        *,
        method: str = "auto",
        monotone: str | Mapping[str | None, str] | None = None,
        special: Iterable[float] | Mapping[str, Iterable[float]] | None = None,
        pairs: str | int | None = None,
        cuts: Mapping[str, Iterable[float]] | None = None,
        max_bins: int | None = None,
        min_share: float | None = None,
        prior: float | None = None,
        scale: tuple[float, float, float] = (600.0, 30.0, 50.0),
        seed: int = 7,
        name: str = "scorecard",
    ) -> None:
        self.method = method
        self.monotone = monotone
        self.special = special
        self.pairs = pairs
        self.cuts = cuts
        self.max_bins = max_bins
        self.min_share = min_share
        self.prior = prior
        self.scale = scale
        self.seed = seed
        self.name = name

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Scorecard:
        """Fits to the rows of a pandas, polars or Arrow table, or of a NumPy array; ``y`` is 1 where a row turned out bad."""
        table = _arrow(X)
        names = table.column_names
        target = _TARGET if getattr(y, "name", None) is None else str(y.name)
        table = table.append_column(target, pa.array(np.asarray(y).astype("float64")))
        if sample_weight is not None:
            table = table.append_column(_WEIGHT, pa.array(np.asarray(sample_weight, dtype="float64")))
        self._card = _core.Card.fit(
            table,
            target,
            weight=None if sample_weight is None else _WEIGHT,
            method=self.method,
            monotone=_per_column(self.monotone, str),
            special=_per_column(self.special, _numbers),
            pairs=None if self.pairs is None else str(self.pairs),
            cuts=_per_column(self.cuts, _numbers),
            max_bins=self.max_bins,
            min_share=self.min_share,
            prior=self.prior,
            scale=tuple(float(part) for part in self.scale),
            seed=self.seed,
            name=self.name,
        )
        self.feature_names_in_ = np.asarray(names, dtype=object)
        return self._fitted()

    def _fitted(self) -> Scorecard:
        self.classes_ = np.array([0, 1])
        self.notes_ = self._card.notes
        self.n_features_in_ = len(getattr(self, "feature_names_in_", self._card.inputs))
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """The log-odds of bad, a row each."""
        return self._scored(X)[0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities of good and of bad, a row each."""
        bad = self._scored(X)[1]
        return np.column_stack([1.0 - bad, bad])

    def predict(self, X: Any) -> np.ndarray:
        """1 where bad is likelier than good. A scorecard is better used with a cut-off of your own on its points."""
        return (self._scored(X)[1] > 0.5).astype(int)

    def points(self, X: Any) -> np.ndarray:
        """The scores in points, a row each; higher is better."""
        return self._scored(X)[2]

    def explain(self, X: Any, row: int = 0) -> dict:
        """Why a row has its score: what each characteristic gives, and the main reasons."""
        check_is_fitted(self, "_card")
        return self._card.explain(_arrow(X), row)

    def report(self, X: Any, y: Any, sample_weight: Any = None) -> str:
        """One self-contained HTML page that judges the scorecard by these rows."""
        check_is_fitted(self, "_card")
        table = _arrow(X).append_column(_TARGET, pa.array(np.asarray(y).astype("float64")))
        if sample_weight is not None:
            table = table.append_column(_WEIGHT, pa.array(np.asarray(sample_weight, dtype="float64")))
        return self._card.report(table, _TARGET, None if sample_weight is None else _WEIGHT)

    def to_toml(self) -> str:
        """The scorecard as the file that the command line reads and writes."""
        check_is_fitted(self, "_card")
        return self._card.to_toml()

    def to_json(self) -> str:
        """The same for programs."""
        check_is_fitted(self, "_card")
        return self._card.to_json()

    def to_sql(self, table: str = "input", keep: Iterable[str] = ()) -> str:
        """One SELECT that scores a table, with the columns of ``keep`` beside the scores."""
        check_is_fitted(self, "_card")
        return self._card.to_sql(table, list(keep))

    def to_pmml(self, log_odds: bool = False) -> str:
        """PMML 4.4: of the points with their reason codes, or of the log-odds with the probability."""
        check_is_fitted(self, "_card")
        return self._card.to_pmml(log_odds)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the TOML file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.to_toml())

    @classmethod
    def from_toml(cls, text: str) -> Scorecard:
        """A fitted scorecard from the text of its file."""
        card = cls()
        card._card = _core.Card.from_toml(text)
        return card._fitted()

    @classmethod
    def load(cls, path: str | os.PathLike) -> Scorecard:
        """A fitted scorecard from its file."""
        with open(path, encoding="utf-8") as file:
            return cls.from_toml(file.read())

    def _scored(self, X: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        check_is_fitted(self, "_card")
        log_odds, probability, points = self._card.score(_arrow(X))
        return np.frombuffer(log_odds).copy(), np.frombuffer(probability).copy(), np.frombuffer(points, dtype="int32").copy()

    def __getstate__(self) -> dict:
        state = dict(self.__dict__)
        if "_card" in state:
            state["_card"] = state["_card"].to_toml()
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if isinstance(state.get("_card"), str):
            self._card = _core.Card.from_toml(state["_card"])


def _arrow(X: Any) -> pa.Table:
    """Any table as Arrow; a NumPy array's columns are called x0, x1, … as scikit-learn calls them."""
    if isinstance(X, pa.Table):
        return X
    if isinstance(X, pa.RecordBatch):
        return pa.Table.from_batches([X])
    if isinstance(X, np.ndarray):
        if X.ndim != 2:
            raise ScorecardError(f"table: an array of {X.ndim} dimensions; a table has two")
        return pa.table({f"x{place}": X[:, place] for place in range(X.shape[1])})
    if isinstance(X, Mapping):
        return pa.table(dict(X))
    if type(X).__module__.split(".")[0] == "pandas":
        return pa.Table.from_pandas(X, preserve_index=False)
    if hasattr(X, "__arrow_c_stream__"):
        return pa.table(X)
    raise ScorecardError(f"table: a {type(X).__name__} is no table; give a pandas, polars or Arrow table, or a NumPy array")


def _numbers(values: Any) -> str:
    return ",".join(repr(float(value)) for value in ([values] if np.isscalar(values) else values))


def _per_column(setting: Any, text: Any) -> list[str]:
    """A setting for every column, or by column, as the command line spells it."""
    if setting is None:
        return []
    if isinstance(setting, Mapping):
        return [text(value) if column is None else f"{column}={text(value)}" for column, value in setting.items()]
    return [text(setting)]
