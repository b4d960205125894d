"""Measures of risks, whatever model they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import _core
from ._tables import TARGET, WEIGHT, target, vector, weights

if TYPE_CHECKING:
    from ._core import Comparison, Estimate


def auc(y_true: Any, y_score: Any, sample_weight: Any = None) -> Estimate:
    """The area under the ROC curve with DeLong's interval of 95 %; higher scores mean more risk of bad (1)."""
    table, weight = _table(y_true, sample_weight, risk=y_score)
    return _core.auc(table, TARGET, weight)


def compare_auc(y_true: Any, first: Any, second: Any, sample_weight: Any = None) -> Comparison:
    """The areas of two scores of the same rows, and DeLong's paired test of their difference."""
    table, weight = _table(y_true, sample_weight, first=first, second=second)
    return _core.compare(table, TARGET, weight)


def _table(y_true: Any, sample_weight: Any, **risks: Any) -> tuple[pa.Table, str | None]:
    columns = {name: vector(name, risk).astype("float64") for name, risk in risks.items()}
    columns[TARGET] = target(y_true)[1]
    if sample_weight is not None:
        columns[WEIGHT] = weights(sample_weight, len(columns[TARGET]))
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise _core.ScorecardError(f"sample: lengths differ: {told}")
    return pa.table(columns), None if sample_weight is None else WEIGHT
