"""Scorecards from data, with scikit-learn's interface, over the same Rust code as ``probity scorecard``.

>>> from probity_scorecard import Scorecard
>>> card = Scorecard(monotone="auto", pairs="auto", special=[-9, -8, -7]).fit(X, y)
>>> card.predict_proba(X)[:, 1]     # the probability of bad
>>> card.points(X)                  # the score: higher is better
>>> card.save("card.toml")          # the file that `probity scorecard score` reads
"""

from ._core import ScorecardError
from ._measures import auc, compare_auc
from ._scorecard import Scorecard
from ._woe import WoeTransformer

__all__ = ["Scorecard", "ScorecardError", "WoeTransformer", "auc", "compare_auc"]
