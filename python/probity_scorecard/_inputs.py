"""Which columns a fitted estimator reads, and where it finds them in another table."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.utils.validation import check_is_fitted

from ._core import ScorecardError
from ._tables import arrow, names_of


class Inputs:
    """Columns are found by name, so their order does not matter and others may stand beside them; in an array by place."""

    _card: Any

    def _remember(self, X: Any, table: pa.Table) -> None:
        names = names_of(X)
        if names is not None:
            self.feature_names_in_ = np.asarray(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.n_features_in_ = table.num_columns
        self._columns = table.column_names

    def _inputs(self, X: Any) -> pa.Table:
        check_is_fitted(self)
        table = arrow(X)
        given, fitted = names_of(X) is not None, hasattr(self, "feature_names_in_")
        if given and (fitted or set(self._card.inputs) <= set(table.column_names)):
            # What is not there is named by the crate. Other columns are not handed over: it might refuse what they hold.
            wanted = [place for place, name in enumerate(table.column_names) if name in self._card.inputs]
            return table.select(wanted) if wanted else table
        kind = type(self).__name__
        if table.num_columns != self.n_features_in_:
            raise ScorecardError(
                f"table: X has {table.num_columns} features, but {kind} is expecting {self.n_features_in_} features as input"
            )
        if fitted:
            warnings.warn(
                f"X does not have valid feature names, but {kind} was fitted with feature names", stacklevel=4
            )
        elif given:
            warnings.warn(f"X has feature names, but {kind} was fitted without feature names", stacklevel=4)
        return table.rename_columns(self._columns)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_card")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags
