"""Rows whose truth is known, and cards fitted to them."""

import numpy as np
import pandas as pd
import pytest

from probity_scorecard import Scorecard

OPTIONS = dict(special={"y": [-9]}, monotone={"x": "ascending", None: "any"}, name="test")


def rows(n=3000, seed=1):
    """The log-odds rise with x, jump at y > 1 and differ by home; x is missing now and then, y special, home both."""
    dice = np.random.default_rng(seed)
    x, y = dice.normal(size=n), dice.exponential(size=n)
    home = dice.choice(["own", "rent", "other"], size=n, p=[0.5, 0.4, 0.1]).astype(object)
    # What two columns say together, neither says alone.
    log_odds = -3 + x + (y > 1) + np.where(home == "rent", 0.8, 0.0) + 1.5 * ((x > 0) == (y > 1))
    bad = (dice.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    x[dice.random(n) < 0.05] = np.nan
    y[dice.random(n) < 0.05] = -9
    home[dice.random(n) < 0.03] = None
    return pd.DataFrame({"x": x, "y": y, "home": home}), pd.Series(bad, name="bad")


@pytest.fixture(scope="session")
def fitted():
    return Scorecard(method="woe", **OPTIONS).fit(*rows())


@pytest.fixture(scope="session")
def paired():
    return Scorecard(method="additive", pairs=2, **OPTIONS).fit(*rows())
