"""Tables, targets and weights of every kind as Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from ._core import ScorecardError

#: What a target is called that has no name of its own, and what weights are called in errors.
TARGET, WEIGHT = "bad", "sample_weight"


def names_of(X: Any) -> list[str] | None:
    """The names of a table's columns; ``None`` where they have none: in arrays, and where names are numbers."""
    if isinstance(X, Mapping):
        names = list(X)
    elif isinstance(X, (pa.Table, pa.RecordBatch)):
        names = X.schema.names
    elif hasattr(X, "columns"):
        names = list(X.columns)
    elif hasattr(X, "__arrow_c_stream__"):
        names = pa.RecordBatchReader.from_stream(X).schema.names
    else:
        return None
    return names if all(isinstance(name, str) for name in names) else None


def arrow(X: Any) -> pa.Table:
    """Any table as Arrow; columns without a name are called x0, x1, … as scikit-learn calls them."""
    if sparse.issparse(X):
        raise ScorecardError("table: a sparse matrix cannot be used; give a dense table: X.toarray()")
    if isinstance(X, pa.RecordBatch):
        table = pa.Table.from_batches([X])
    elif isinstance(X, pa.Table):
        table = X
    elif isinstance(X, Mapping):
        table = _table({str(name): _column(name, values) for name, values in X.items()})
    elif _is_pandas(X) and X.ndim == 2:
        # Two columns may bear one name; the crate refuses that in words of its own.
        names = [str(name) for name in X.columns]
        columns = [_column(name, X.iloc[:, place]) for place, name in enumerate(names)]
        table = pa.Table.from_arrays(columns, names=names) if names else pa.table({})
        if not names:
            raise _empty((len(X), 0))
    elif hasattr(X, "__arrow_c_stream__"):
        try:
            table = pa.table(X)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise ScorecardError(f"table: {error}") from error
    else:
        table = _array(X)
    if table.num_columns == 0 or table.num_rows == 0:
        raise _empty(table.shape)
    return table


def columns_beside(X: Any, names: list[str], time: str | None) -> pa.Table:
    """Some columns of a table; moments in the column of time are told by their days, so that periods are months."""
    table = arrow(X)
    for name in names:
        if name not in table.column_names:
            raise ScorecardError(f"there is no column {name!r}; the columns are {', '.join(table.column_names)}")
    table = table.select(list(dict.fromkeys(names)))
    if time is not None and pa.types.is_temporal(table[time].type):
        place = table.column_names.index(time)
        table = table.set_column(place, time, table[time].cast(pa.date32(), safe=False).cast(pa.string()))
    return table


def with_target(table: pa.Table, y: Any, sample_weight: Any) -> tuple[pa.Table, str, str | None]:
    """The table with its target and weights, and their names."""
    name, values = target(y)
    table = _appended(table, name, values)
    if sample_weight is None:
        return table, name, None
    return _appended(table, WEIGHT, weights(sample_weight, table.num_rows)), name, WEIGHT


def target(y: Any) -> tuple[str, pa.Array]:
    """The name of a target and its values, 1 where a row turned out bad; see :func:`classes_of`."""
    name = getattr(y, "name", None)
    name = TARGET if name is None or name == "" else str(name)
    classes = classes_of(y)
    values = vector("y", y)
    # As it is where it is 0 or 1 or holds what it must not: the crate says what is wrong with it.
    return name, _column(name, values if classes is None else values == classes[1])


def classes_of(y: Any) -> np.ndarray | None:
    """The two classes of a target, the good one first: of two numbers the greater is the bad one. None: not two."""
    if y is None:
        raise ScorecardError(
            "sample: fitting requires y to be passed, but the target y is None: 1 where a row turned out bad"
        )
    values = vector("y", y)
    if (
        values.dtype.kind == "O"
        and (flags := [value for value in values if value is not None])
        and isinstance(flags[0], bool)
    ):
        values = np.array(flags)
    if values.dtype.kind in "OUST" and any(isinstance(value, str) for value in values):
        raise ScorecardError(
            "sample: the target y holds texts; give 1 where a row turned out bad, 0 elsewhere: y == 'bad'"
        )
    if values.dtype.kind not in "biuf" or (values.dtype.kind == "f" and np.isnan(values).any()):
        return None
    kind = type_of_target(values)
    if kind not in ("binary", "multiclass"):
        raise ScorecardError(f"sample: Unknown label type: {kind}. Give 1 where a row turned out bad, 0 elsewhere")
    classes = np.unique(values)
    if len(classes) > 2:
        raise ScorecardError(
            f"sample: Only binary classification is supported. The type of the target is {kind}: "
            "give 1 where a row turned out bad, 0 elsewhere"
        )
    return classes if len(classes) == 2 else None


def weights(sample_weight: Any, rows: int) -> pa.Array:
    """Weights, one for each row; a single number counts for all."""
    if np.isscalar(sample_weight):
        sample_weight = np.full(rows, sample_weight)
    return pa.array(vector(WEIGHT, sample_weight).astype("float64"))


def vector(name: str, values: Any) -> np.ndarray:
    """One dimension of values."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        values = values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy()
    try:
        return column_or_1d(values, warn=True)
    except ValueError as error:
        raise ScorecardError(f"sample: {name}: {error}") from error


def _appended(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    if len(values) != table.num_rows:
        raise ScorecardError(f"table: {name!r} has {len(values)} values, the table has {table.num_rows} rows")
    if name in table.column_names:
        raise ScorecardError(
            f"table: there is a column {name!r} as well as {'a target' if name != WEIGHT else 'weights'} of that name: "
            "drop the column, or rename one"
        )
    return table.append_column(name, values)


def _table(columns: dict[str, Any]) -> pa.Table:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise ScorecardError(f"table: columns differ in their rows: {told}")
    return pa.table(columns)


def _array(X: Any) -> pa.Table:
    if not isinstance(X, (np.ndarray, list, tuple)) and not hasattr(X, "__array__"):
        hint = "; collect() it first" if hasattr(X, "collect") else ""
        raise ScorecardError(
            f"table: a {type(X).__name__} is no table; give a pandas, polars or Arrow table, a dictionary of columns, "
            f"or a NumPy array{hint}"
        )
    try:
        X = np.asarray(X)
    except ValueError as error:
        raise ScorecardError(f"table: {error}") from error
    if X.dtype.kind == "c":
        raise ScorecardError("table: Complex data not supported; a column holds numbers or texts")
    if X.ndim != 2:
        raise ScorecardError(
            f"table: Expected 2D array, got {X.ndim}D array instead. Reshape your data: X.reshape(-1, 1) makes one column, "
            "X.reshape(1, -1) one row"
        )
    if 0 in X.shape:
        raise _empty(X.shape)
    return pa.table({f"x{place}": _column(f"x{place}", X[:, place]) for place in range(X.shape[1])})


def _empty(shape: tuple[int, int]) -> ScorecardError:
    what = f"{shape[0]} sample(s)" if shape[1] else f"{shape[1]} feature(s)"
    return ScorecardError(f"table: Found array with {what} (shape={tuple(shape)}) while a minimum of 1 is required.")


def _is_pandas(X: Any) -> bool:
    return type(X).__module__.split(".")[0] == "pandas" and hasattr(X, "iloc")


def _plain(series: Any) -> Any:
    """A series of pandas without what Arrow has no word for."""
    kind = series.dtype
    if hasattr(kind, "categories"):
        # Categories other than texts and numbers (intervals, flags, moments) are told by their texts.
        categories = kind.categories
        if categories.dtype.kind not in "iuf" and not all(isinstance(category, str) for category in categories):
            return series.cat.rename_categories([str(category) for category in categories])
    elif str(kind).startswith("Sparse"):
        return series.sparse.to_dense()
    return series


def _column(name: Any, values: Any) -> Any:
    """A column as Arrow; what is missing in pandas' eyes is missing."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if _is_pandas(values):
        values = _plain(values)
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        # NaN is missing for the crate as it is; a mask of nulls would cost a copy.
        return pa.array(values.astype("float64") if values.dtype.itemsize > 8 else values)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise ScorecardError(
            f"table: column {name!r} is neither of numbers nor of texts ({error}); convert it, for example by astype(str), "
            "or leave it out"
        ) from error
