"""A scorecard as a classifier of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from . import _core
from ._inputs import Inputs
from ._options import Cuts, Trends, Values, names, spelled
from ._tables import arrow, classes_of, columns_beside, with_target

if TYPE_CHECKING:
    from ._core import Asked, Explanation, Figures, Reason, Rows


class Scorecard(ClassifierMixin, Inputs, BaseEstimator):
    """A scorecard: points for each attribute of each characteristic, fitted to rows known to be bad (1) or not (0).

    Parameters
    ----------
    method : {"auto", "woe", "additive"}
        Weight of evidence in optimal bins with a logistic regression, an additive model, or what cross-validation finds better.
    monotone : str or mapping
        How the bad rate may run over the values: "any", "auto", "ascending", "descending", "monotone", "peak", "valley"; a
        mapping gives some columns a trend of their own (the key ``None`` stands for all others). Columns of numbers only.
    special : list of float or mapping
        Values with a meaning of their own, each in a bin for itself; of every column, or a mapping from column to values.
    pairs : None, "auto" or int
        Whether pairs of columns count together, and how many at most. Additive models only.
    cuts : mapping
        Cuts given by hand, by column. Weight of evidence only.
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
        The two values of the target, the bad one second: ``[0, 1]``, or what other numbers or flags there were.
    feature_names_in_ : ndarray
        The columns it was fitted on, where they have names.
    n_features_in_ : int
        How many there were.
    notes_ : list of str
        What the fit has to say: columns left out, trends that could not be kept, and why.
    """

    def __init__(
        self,
        *,
        method: str = "auto",
        monotone: Trends = None,
        special: Values = None,
        pairs: str | int | None = None,
        cuts: Cuts = None,
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
        """Fits to the rows of a pandas, polars or Arrow table, a dictionary of columns or an array.

        ``y`` is 1 (or true) where a row turned out bad; of two other numbers the greater one is bad, and texts are refused
        rather than guessed at. The name of ``y`` becomes the target's in the scorecard.
        """
        options = spelled(**self.get_params(deep=False))
        columns = arrow(X)
        table, target, weight = with_target(columns, y, sample_weight)
        self._card = _core.Card.fit(table, target, weight, options)
        self._remember(X, columns)
        classes = classes_of(y)
        self.classes_ = np.array([0, 1]) if classes is None else classes
        self.notes_ = self._card.notes
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """The log-odds of bad, a row each."""
        return self._scored(X, "log_odds")

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities of good and of bad, a row each."""
        bad = self._scored(X, "probability")
        return np.column_stack([1.0 - bad, bad])

    def predict(self, X: Any) -> np.ndarray:
        """Bad where that is likelier than good. A scorecard is better used with a cut-off of your own on its points."""
        bad = self._scored(X, "log_odds") > 0.0
        return self.classes_[bad.astype(int)]

    def points(self, X: Any) -> np.ndarray:
        """The scores in points, a row each; higher is better."""
        return self._scored(X, "score")

    def contributions(self, X: Any) -> pa.Table:
        """What each characteristic and each pair adds to the log-odds of bad of each row: a column each.

        With ``intercept_`` they add up to the log-odds before calibration.
        """
        return pa.Table.from_batches([self._card_of().contributions(self._inputs(X))])

    def explain(self, X: Any, row: int = 0) -> Explanation:
        """Why a row has its score: what each characteristic gives, and the main reasons with what would change them."""
        card, table = self._card_of(), self._inputs(X)
        if not 0 <= row < table.num_rows:
            raise _core.ScorecardError(f"table: there is no row {row}; it has {table.num_rows}, counted from 0")
        return card.explain(table.slice(row, 1))

    def reasons(self, X: Any) -> list[list[Reason]]:
        """The columns that cost each row the most points, the worst first; at most four of a row."""
        return self._card_of().reasons(self._inputs(X))

    def performance(self, X: Any, y: Any, sample_weight: Any = None) -> Figures:
        """How well it tells the bad rows of this table from the good ones, with intervals of 95 %."""
        table, target, weight = with_target(self._inputs(X), y, sample_weight)
        return self._card_of().performance(table, target, weight)

    def report(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        name: str = "test rows",
        train: tuple[Any, ...] | None = None,
        time: str | None = None,
        segments: Iterable[str] = (),
        groups: Iterable[str] = (),
        cut_off: int | None = None,
        title: str = "",
        purpose: str = "",
        limits: Iterable[str] = (),
        moment: str = "",
        form: str = "html",
    ) -> str:
        """One self-contained HTML page that judges the scorecard by these rows, or a model card in Markdown.

        Parameters
        ----------
        X, y, sample_weight : the rows to judge by
        name : str
            What they are called.
        train : tuple
            The rows it was fitted on, to compare with: ``(X, y)`` or ``(X, y, sample_weight)``.
        time : str
            A column of ``X`` with moments, years or months: figures by period.
        segments, groups : list of str
            Columns of ``X``: figures for each of their values; of groups, whether the score is fair between them.
        cut_off : int
            The lowest score that is approved; without it the one at which good and bad lie furthest apart.
        title, purpose, limits, moment : str, str, list of str, str
            What no figure knows: a title, what the card is for, what limits it, when the report was made.
        form : {"html", "model-card"}
        """
        card = self._card_of()
        if form not in ("html", "model-card"):
            raise _core.ScorecardError(f"option form: {form!r} is none of html, model-card")
        samples = [] if train is None else [self._sample("training rows", *train)]
        samples.append(self._sample(name, X, y, sample_weight))
        segments, groups = names("segments", segments), names("groups", groups)
        beside = [*([] if time is None else [time]), *segments, *groups]
        asked: Asked = {
            "title": title,
            "moment": moment,
            "purpose": purpose,
            "limits": names("limits", limits),
            "cut_off": cut_off,
            "beside": columns_beside(X, beside, time) if beside else None,
            "time": time,
            "segments": segments,
            "groups": groups,
        }
        return card.report(samples, asked, form == "model-card")

    def _sample(self, name: str, X: Any, y: Any, sample_weight: Any = None) -> Rows:
        table, target, weight = with_target(self._inputs(X), y, sample_weight)
        return {"name": name, "table": table, "target": target, "weight": weight}

    @property
    def intercept_(self) -> float:
        """Log-odds of bad before any attribute counts."""
        return self._card_of().intercept

    @property
    def base_points_(self) -> int:
        """Points before any attribute counts."""
        return self._card_of().base_points

    def table(self) -> pa.Table:
        """A row for each bin of each characteristic: its points, its log-odds, the weight of its rows and of the bad ones."""
        return pa.Table.from_batches([self._card_of().table()])

    def pair_table(self) -> pa.Table:
        """The same for each cell of each pair."""
        return pa.Table.from_batches([self._card_of().pair_table()])

    def to_toml(self) -> str:
        """The scorecard as the file that the command line reads and writes."""
        return self._card_of().to_toml()

    def to_json(self) -> str:
        """The same for programs."""
        return self._card_of().to_json()

    def to_sql(self, table: str = "input", keep: Iterable[str] = ()) -> str:
        """One SELECT that scores a table, with the columns of ``keep`` beside the scores."""
        return self._card_of().to_sql(table, list(keep))

    def to_pmml(self, log_odds: bool = False) -> str:
        """PMML 4.4: of the points with their reason codes, or of the log-odds with the probability."""
        return self._card_of().to_pmml(log_odds)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the file that the command line reads: JSON where its name ends so, else TOML."""
        text = self.to_json() if _is_json(path) else self.to_toml()
        # Newlines as they are: the file is the command line's to the last byte on every system.
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scorecard:
        """A fitted scorecard from its file: JSON where its name ends so, else TOML."""
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        return cls.from_json(text) if _is_json(path) else cls.from_toml(text)

    @classmethod
    def from_toml(cls, text: str) -> Scorecard:
        """A fitted scorecard from the text of its file."""
        return cls._of(_core.Card(text))

    @classmethod
    def from_json(cls, text: str) -> Scorecard:
        """The same from its JSON."""
        return cls._of(_core.Card.from_json(text))

    @classmethod
    def _of(cls, card: _core.Card) -> Scorecard:
        made = cls()
        made._card = card
        made.classes_ = np.array([0, 1])
        made.notes_ = card.notes
        made._columns = card.inputs
        made.feature_names_in_ = np.asarray(card.inputs, dtype=object)
        made.n_features_in_ = len(card.inputs)
        return made

    def _card_of(self) -> _core.Card:
        check_is_fitted(self)
        return self._card

    def _scored(self, X: Any, column: str) -> np.ndarray:
        scored = self._card_of().score(self._inputs(X))
        # A copy: what comes over is read-only.
        return np.array(scored.column(column))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _is_json(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).lower().endswith(".json")
