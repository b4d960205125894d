"""The compiled half. It takes whatever speaks Arrow's C stream interface."""

from collections.abc import Sequence
from typing import Any, Protocol, TypedDict

import pyarrow as pa

class ScorecardError(ValueError):
    """What was refused, where, why, and how to mend it."""

class Stream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class Options(TypedDict):
    name: str
    method: str
    pairs: str | None
    special: Sequence[str]
    monotone: Sequence[str]
    cuts: Sequence[str]
    max_bins: int | None
    min_share: float | None
    prior: float | None
    scale: tuple[float, float, float]
    seed: int

class Rows(TypedDict):
    name: str
    table: Stream
    target: str
    weight: str | None

class Asked(TypedDict):
    title: str
    moment: str
    purpose: str
    limits: Sequence[str]
    cut_off: int | None
    beside: Stream | None
    time: str | None
    segments: Sequence[str]
    groups: Sequence[str]

class Line(TypedDict):
    columns: list[str]
    bins: list[str]
    points: int
    best: int
    shortfall: int
    share: float

class Change(TypedDict):
    bin: str
    gain: int

class Reason(TypedDict):
    column: str
    text: str
    bin: str
    gain: int
    change: Change | None

class SubScore(TypedDict):
    dimension: str
    points: float
    most: float
    least: float

class Explanation(TypedDict):
    score: int
    probability: float
    base_points: int
    lines: list[Line]
    reasons: list[Reason]
    sub_scores: list[SubScore]

class Estimate(TypedDict):
    value: float
    low: float
    high: float

class Comparison(TypedDict):
    first: Estimate
    second: Estimate
    difference: Estimate
    z: float | None
    p: float

class Figures(TypedDict):
    rows: int
    bad_rows: int
    bad_rate: Estimate
    predicted: float
    auc: Estimate
    gini: Estimate
    ks: float
    brier: float
    log_loss: Estimate
    calibration_slope: Estimate | None
    calibration_in_the_large: Estimate

class Card:
    notes: list[str]
    information_values: list[tuple[str, float]]
    inputs: list[str]
    target: str
    intercept: float
    base_points: int
    def __new__(cls, toml: str) -> Card: ...
    @staticmethod
    def from_json(text: str) -> Card: ...
    @staticmethod
    def fit(data: Stream, target: str, weight: str | None, options: Options | dict[str, Any]) -> Card: ...
    @staticmethod
    def weigh(data: Stream, target: str, weight: str | None, options: Options | dict[str, Any]) -> Card: ...
    def score(self, data: Stream) -> pa.RecordBatch: ...
    def contributions(self, data: Stream) -> pa.RecordBatch: ...
    def explain(self, data: Stream) -> Explanation: ...
    def reasons(self, data: Stream) -> list[list[Reason]]: ...
    def performance(self, data: Stream, target: str, weight: str | None) -> Figures: ...
    def report(self, samples: Sequence[Rows], asked: Asked, model_card: bool) -> str: ...
    def table(self) -> pa.RecordBatch: ...
    def pair_table(self) -> pa.RecordBatch: ...
    def to_toml(self) -> str: ...
    def to_json(self) -> str: ...
    def to_sql(self, table: str, keep: Sequence[str]) -> str: ...
    def to_pmml(self, log_odds: bool) -> str: ...

def auc(data: Stream, target: str, weight: str | None) -> Estimate: ...
def compare(data: Stream, target: str, weight: str | None) -> Comparison: ...
