"""Weights of evidence as a step of a pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import check_is_fitted

from . import _core
from ._inputs import Inputs
from ._options import Cuts, Trends, Values, spelled
from ._tables import arrow, with_target


class WoeTransformer(OneToOneFeatureMixin, TransformerMixin, Inputs, BaseEstimator):
    """Puts in each value's place the weight of evidence of its bin, as risk: above zero where bad is likelier than elsewhere.

    The bins are the optimal ones that ``Scorecard(method="woe")`` begins with, under the same options; see there. Numbers and
    categories go in, numbers without gaps come out: missing and special values have bins of their own, small bins are drawn to
    zero. The bins are fitted to the target, so cross-validate a pipeline as a whole, not what comes out of this step.

    Attributes
    ----------
    information_values_ : dict
        The information value of each column.
    feature_names_in_ : ndarray
        The columns it was fitted on, where they have names.
    n_features_in_ : int
        How many there were.
    notes_ : list of str
        What could not be binned as asked.
    """

    def __init__(
        self,
        *,
        monotone: Trends = None,
        special: Values = None,
        cuts: Cuts = None,
        max_bins: int | None = None,
        min_share: float | None = None,
    ) -> None:
        self.monotone = monotone
        self.special = special
        self.cuts = cuts
        self.max_bins = max_bins
        self.min_share = min_share

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> WoeTransformer:
        """Finds the bins of every column; ``y`` is 1 (or true) where a row turned out bad."""
        options = spelled(**self.get_params(deep=False))
        columns = arrow(X)
        table, target, weight = with_target(columns, y, sample_weight)
        self._card = _core.Card.weigh(table, target, weight, options)
        self._remember(X, columns)
        self.information_values_ = dict(self._card.information_values)
        self.notes_ = self._card.notes
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The weights of evidence, a column each, in the order of the fit."""
        check_is_fitted(self)
        columns = self._card.contributions(self._inputs(X)).columns
        return np.column_stack([np.asarray(column) for column in columns])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # It is no classifier, but its target is one's: of two classes.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

    def table(self) -> pa.Table:
        """A row for each bin of each column: its weight of evidence, the weight of its rows and of the bad ones."""
        check_is_fitted(self)
        table = pa.Table.from_batches([self._card.table()]).drop_columns(["points"])
        return table.rename_columns(["column", "bin", "woe", "weight", "bad"])
