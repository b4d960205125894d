"""Options as the command line spells them, so that one parser reads both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from ._core import ScorecardError

#: A trend for all columns, or by column; the key ``None`` stands for all others.
Trends = str | Mapping[str | None, str] | None
#: Values for all columns, or by column.
Values = Iterable[float] | Mapping[str | None, Iterable[float]] | None
#: Cuts by column.
Cuts = Mapping[str, Iterable[float]] | None


def spelled(
    *,
    name: str = "scorecard",
    method: str = "woe",
    pairs: str | int | None = None,
    special: Values = None,
    monotone: Trends = None,
    cuts: Cuts = None,
    max_bins: int | None = None,
    min_share: float | None = None,
    prior: float | None = None,
    scale: Iterable[float] = (600.0, 30.0, 50.0),
    seed: int = 7,
) -> dict[str, Any]:
    """The options, as the compiled half takes them."""
    scale = tuple(_number("scale", part) for part in _iterable("scale", scale))
    if len(scale) != 3:
        raise ScorecardError(
            "option scale: score of the anchor, its odds good to bad, points that double them: (600, 30, 50)"
        )
    return {
        "name": str(name),
        "method": str(method),
        "pairs": None if pairs is None else str(pairs),
        "special": _per_column("special", special, _numbers),
        "monotone": _per_column("monotone", monotone, _text),
        "cuts": _per_column("cuts", cuts, _numbers),
        "max_bins": None if max_bins is None else _whole("max-bins", max_bins),
        "min_share": None if min_share is None else _number("min-share", min_share),
        "prior": None if prior is None else _number("prior", prior),
        "scale": scale,
        "seed": _whole("seed", seed),
    }


def names(option: str, values: Any) -> list[str]:
    """A list of texts; a single text is a mistake, not a list of its letters."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ScorecardError(f"option {option}: {values!r} is no list of texts")
    return [_text(option, value) for value in values]


def _number(option: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ScorecardError(f"option {option}: {value!r} is no number") from error


def _whole(option: str, value: Any) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool) and 0 <= int(value) < 2**63:
        return int(value)
    raise ScorecardError(f"option {option}: {value!r} is no whole number from 0 up")


def _iterable(option: str, values: Any) -> Iterable[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ScorecardError(f"option {option}: {values!r} is no list of numbers")
    return values


def _numbers(option: str, values: Any) -> str:
    # A number's shortest text is read back to the same bits.
    numbers = [
        repr(_number(option, value)) for value in ([values] if isinstance(values, Real) else _iterable(option, values))
    ]
    if not numbers:
        raise ScorecardError(f"option {option}: an empty list; leave it out")
    return ",".join(numbers)


def _text(option: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ScorecardError(f"option {option}: {value!r} is no text")


def _per_column(option: str, setting: Any, text: Callable[[str, Any], str]) -> list[str]:
    """A setting for every column, or by column."""
    if setting is None:
        return []
    if isinstance(setting, Mapping):
        of = ((column, text(option, value)) for column, value in setting.items())
        return [value if column is None else f"{column}={value}" for column, value in of]
    return [text(option, setting)]
