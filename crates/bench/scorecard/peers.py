"""The scorecard benchmark's peers: OptBinning and LightGBM, measured on one thread, each measurement in a process of its own.

    peers.py prepare --data FOLDER --work FOLDER [--quick]   writes the data sets, for both sides to read
    peers.py run --work FOLDER [--quick]                     measures, one JSON object a line on standard output

A data set is a folder in WORK:

    columns.json  {"rows": n, "target": "bad", "columns": [{"name": …, "levels": null or [text, …]}, …]}, target not among them
    data.f64      little-endian numbers, one column behind the other, NaN missing; a category is its place among the levels
    bad.u8        the target, a byte for each row
    folds.u8      which of five folds holds a row back, a byte for each row: stratified, seed 42

A line of `run`: peer, data (the set), figure, value, unit, spread (lowest and highest over repeats, or over folds), and
repeats. Times are CPU seconds of the process, user and system; memory is resident, before the work and at its peak.
"""

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

SETS = {
    "give-me-some-credit": "give-me-some-credit/train.csv",
    "taiwan": "taiwan-default/train.csv",
    "heloc": "heloc/train.csv",
    "german": "german-credit/train.csv",
}
SYNTHETIC = "synthetic"
# The first seven in ten of its rows, on which fits are timed.
SYNTHETIC_FIT = "synthetic-fit"
FOLDS = 5
SEED = 42

# One thread each, and the kernels that a current numpy chooses by itself.
ONE_THREAD = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT"]
UNSET = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]

# What LightGBM is tuned over, by the AUC of a fifth of the training rows, on which it also stops.
GRID = [
    {"learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 20, "reg_lambda": 0.0},
    {"learning_rate": 0.03, "num_leaves": 15, "min_child_samples": 50, "reg_lambda": 5.0},
    {"learning_rate": 0.03, "num_leaves": 7, "min_child_samples": 50, "reg_lambda": 5.0},
    {"learning_rate": 0.03, "num_leaves": 4, "min_child_samples": 20, "reg_lambda": 1.0},
]
SAMPLED = {"subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.7}


# --- The data sets ---------------------------------------------------------------------------------------------------


def synthetic(rows):
    """The recipe: three latents, twenty columns, 8 % missing in three of them; the generator is PCG64 with SEED."""
    import numpy as np

    dice = np.random.Generator(np.random.PCG64(SEED))
    latent = dice.standard_normal((3, rows))
    shapes = [
        lambda v: v,
        np.exp,
        lambda v: np.round(4 * np.abs(v)),
        lambda v: 1 / (1 + np.exp(-v)),
        lambda v: v**3,
    ]
    columns = [shapes[j % 5](0.5 * latent[j % 3] + dice.standard_normal(rows)) for j in range(20)]
    log_odds = (
        -3.2
        + 0.6 * latent[0]
        - 0.5 * latent[1]
        + 0.35 * np.abs(latent[2])
        + 0.25 * (columns[2] > 4)
        + 0.3 * np.tanh(columns[0]) * (columns[1] > 1)
    )
    bad = dice.random(rows) < 1 / (1 + np.exp(-log_odds))
    for j in (3, 7, 11):
        columns[j][dice.random(rows) < 0.08] = np.nan
    return [(f"x{j}", None, columns[j]) for j in range(20)], bad


def table(path):
    """The columns of a CSV file: numbers where every cell is one or empty, else categories in the order of first appearance."""
    import numpy as np

    with open(path, newline="", encoding="utf-8") as file:
        names, *rows = list(csv.reader(file))
    columns, bad = [], None
    for place, name in enumerate(names):
        cells = [row[place] for row in rows]
        try:
            levels, values = None, [float(cell) if cell else float("nan") for cell in cells]
        except ValueError:
            levels = list(dict.fromkeys(cell for cell in cells if cell))
            codes = {level: code for code, level in enumerate(levels)}
            values = [codes[cell] if cell else float("nan") for cell in cells]
        values = np.array(values, dtype="<f8")
        if name == "bad":
            bad = values == 1
        else:
            columns.append((name, levels, values))
    return columns, bad


def write(folder, columns, bad):
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    folder.mkdir(parents=True, exist_ok=True)
    folds = np.zeros(len(bad), dtype="u1")
    parts = StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=SEED).split(bad, bad)
    for fold, (_, held) in enumerate(parts):
        folds[held] = fold
    with open(folder / "data.f64", "wb") as file:
        for _, _, values in columns:
            file.write(values.astype("<f8").tobytes())
    (folder / "bad.u8").write_bytes(bad.astype("u1").tobytes())
    (folder / "folds.u8").write_bytes(folds.tobytes())
    head = [{"name": name, "levels": levels} for name, levels, _ in columns]
    text = json.dumps({"rows": len(bad), "target": "bad", "columns": head}, ensure_ascii=False)
    # Last, so that a folder with it is whole.
    (folder / "columns.json").write_text(text, encoding="utf-8")


def prepare(data, work, quick):
    for name, path in SETS.items():
        if not (data / path).is_file():
            print(f"{name}: there is no {data / path}; left out", file=sys.stderr)
            continue
        write(work / name, *table(data / path))
    rows = 20_000 if quick else 1_000_000
    columns, bad = synthetic(rows)
    write(work / SYNTHETIC, columns, bad)
    first = rows * 7 // 10
    write(work / SYNTHETIC_FIT, [(name, levels, values[:first]) for name, levels, values in columns], bad[:first])


class Set:
    """A data set as it lies in WORK."""

    def __init__(self, folder):
        import numpy as np

        head = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
        self.names = [column["name"] for column in head["columns"]]
        self.levels = {column["name"]: column["levels"] for column in head["columns"] if column["levels"] is not None}
        self.values = np.fromfile(folder / "data.f64", dtype="<f8").reshape(len(self.names), head["rows"])
        self.bad = np.fromfile(folder / "bad.u8", dtype="u1").astype(int)
        self.folds = np.fromfile(folder / "folds.u8", dtype="u1")

    def frame(self, coded=False):
        """A frame with texts for categories, or with pandas' own categories."""
        import numpy as np
        import pandas as pd

        columns = {}
        for name, values in zip(self.names, self.values):
            if name not in self.levels:
                columns[name] = values
            elif coded:
                codes = np.where(np.isnan(values), -1, values).astype(int)
                columns[name] = pd.Categorical.from_codes(codes, self.levels[name])
            else:
                levels = np.array(self.levels[name] + [None], dtype=object)
                columns[name] = levels[np.where(np.isnan(values), -1, values).astype(int)]
        return pd.DataFrame(columns)


# --- The peers -------------------------------------------------------------------------------------------------------


def scorecard(data, frame, bad, trend):
    """OptBinning's scorecard with its defaults, or with every column of numbers held to one direction."""
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    numbers = [name for name in data.names if name not in data.levels]
    held = {name: {"monotonic_trend": trend} for name in numbers} if trend else None
    process = BinningProcess(data.names, categorical_variables=list(data.levels), binning_fit_params=held)
    points = {"min": 300, "max": 850}
    card = Scorecard(process, LogisticRegression(max_iter=1000), scaling_method="min_max", scaling_method_params=points)
    return card.fit(frame, bad)


def information(card, data):
    """Each column's information value, as its binning table has it."""
    found = {}
    for name in data.names:
        table = card.binning_process_.get_binned_variable(name).binning_table
        table.build()
        found[name] = float(table.iv)
    return found


def boosted(frame, bad, parameters=None, stop=None):
    import lightgbm

    fixed = {"n_jobs": 1, "verbose": -1, "random_state": SEED, "deterministic": True, "force_row_wise": True}
    model = lightgbm.LGBMClassifier(**fixed, **(parameters or {}))
    if stop is None:
        return model.fit(frame, bad)
    quiet = [lightgbm.early_stopping(100, verbose=False)]
    return model.fit(frame, bad, eval_set=[stop], eval_metric="auc", callbacks=quiet)


def tuned(frame, bad):
    """The best of GRID on a fifth of the rows, then all rows with as many trees as were best there."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    rest, held, bad_rest, bad_held = train_test_split(frame, bad, test_size=0.2, stratify=bad, random_state=SEED)
    found = []
    for parameters in GRID:
        model = boosted(rest, bad_rest, {"n_estimators": 3000, **SAMPLED, **parameters}, (held, bad_held))
        trees = {"n_estimators": max(model.best_iteration_, 1)}
        found.append((roc_auc_score(bad_held, model.predict_proba(held)[:, 1]), trees | SAMPLED | parameters))
    return boosted(frame, bad, max(found, key=lambda pair: pair[0])[1])


PEERS = {
    "optbinning": lambda data, frame, bad: scorecard(data, frame, bad, None),
    "optbinning, monotone": lambda data, frame, bad: scorecard(data, frame, bad, "auto_asc_desc"),
    "lightgbm": lambda data, frame, bad: boosted(frame, bad),
    "lightgbm, tuned": lambda data, frame, bad: tuned(frame, bad),
    "lightgbm, 200 × 31": lambda data, frame, bad: boosted(frame, bad, {"n_estimators": 200, "num_leaves": 31}),
}


# --- Measuring -------------------------------------------------------------------------------------------------------


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident(field):
    """VmRSS (now) or VmHWM (at its peak since it was last cleared), in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")


def clear_peak():
    Path("/proc/self/clear_refs").write_text("5")


def imports(peer):
    """A peer's code is loaded, its threads are started and its first call is made before anything is timed."""
    import numpy as np
    import pandas as pd

    dice = np.random.default_rng(1)
    frame, bad = pd.DataFrame({"x": dice.standard_normal(500)}), np.arange(500) % 2

    class Small:
        names, levels = ["x"], {}

    PEERS[peer if peer != "lightgbm, tuned" else "lightgbm"](Small, frame, bad)


def measure_fit(peer, data):
    imports(peer)
    frame = data.frame(coded=peer.startswith("lightgbm"))
    clear_peak()
    before, begun = resident("VmRSS"), cpu()
    model = PEERS[peer](data, frame, data.bad)
    figures = {
        "fit": (cpu() - begun, "CPU s"),
        "fit, memory before": (before, "MB"),
        "fit, memory at peak": (resident("VmHWM"), "MB"),
    }
    if peer.startswith("optbinning"):
        columns = information(model, data)
        figures["information value"] = (sum(columns.values()), "nats")
        # Its weights of evidence are those of good, so a coefficient of the log-odds of bad must not be above zero.
        figures["wrong-signed coefficients"] = (float((model.estimator_.coef_ > 0).sum()), "")
        figures["information value by column"] = (columns, "nats")
    return figures


def measure_auc(peer, data):
    from sklearn.metrics import roc_auc_score

    frame = data.frame(coded=peer.startswith("lightgbm"))
    # A million rows tell enough in one fold.
    folds = range(1 if len(data.bad) > 500_000 else FOLDS)
    found = []
    for fold in folds:
        rest, held = data.folds != fold, data.folds == fold
        model = PEERS[peer](data, frame[rest].reset_index(drop=True), data.bad[rest])
        found.append(float(roc_auc_score(data.bad[held], model.predict_proba(frame[held])[:, 1])))
    return {"AUC": (statistics.mean(found), "", [min(found), max(found)]), "AUC by fold": (found, "")}


def measure_score(peer, data):
    """Scoring all rows, and one row at a time, with a model fitted on the first 100,000."""
    frame = data.frame(coded=peer.startswith("lightgbm"))
    model = PEERS[peer](data, frame[:100_000], data.bad[:100_000])
    if peer.startswith("lightgbm"):
        rows, calls = frame.to_numpy(), 2_000
        score, one = model.booster_.predict, lambda row: model.booster_.predict(rows[row : row + 1])
    else:
        rows, calls = frame, 100
        score, one = model.score, lambda row: model.score(frame[row : row + 1])
    score(rows[:1_000])
    begun = cpu()
    score(rows)
    rate = len(frame) / (cpu() - begun)
    for row in range(5):
        one(row)
    begun = cpu()
    for row in range(calls):
        one(row)
    return {"score, all rows": (rate, "rows per CPU s"), "score, one row": ((cpu() - begun) / calls * 1e6, "CPU µs")}


KINDS = {"fit": measure_fit, "auc": measure_auc, "score": measure_score}


def measure(work, kind, peer, name):
    data = Set(work / name)
    figures = KINDS[kind](peer, data)
    print(json.dumps({figure: list(value) for figure, value in figures.items()}))


# --- The run ---------------------------------------------------------------------------------------------------------


def child(work, kind, peer, name):
    """One measurement in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key not in UNSET}
    environment |= {key: "1" for key in ONE_THREAD}
    words = [sys.executable, "-W", "ignore", __file__, "measure", "--work", str(work), kind, peer, name]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    # cvxpy, which OptBinning brings along, talks on standard output when it is loaded.
    last = done.stdout.strip().splitlines()[-1:] or [""]
    if done.returncode != 0 or not last[0].startswith("{"):
        sys.exit(f"{kind} of {peer} on {name} failed:\n{done.stderr[-2000:]}")
    return json.loads(last[0])


def tell(peer, name, figure, found):
    """The median of what the repeats found, with the lowest and the highest; of a list, the first."""
    value, unit, *spread = found[0]
    if isinstance(value, float):
        values = [measured[0] for measured in found]
        value = statistics.median(values)
        spread = spread or [[min(values), max(values)]]
    line = {"peer": peer, "data": name, "figure": figure, "value": value, "unit": unit}
    line |= {"spread": spread[0] if spread else None, "repeats": len(found)}
    print(json.dumps(line, ensure_ascii=False), flush=True)


def plan(names, quick):
    """What is measured: kind, peer, set, repeats."""
    fits = ["optbinning", "optbinning, monotone", "lightgbm", "lightgbm, tuned"]
    for name in names:
        for peer in fits:
            large = name == SYNTHETIC
            fitted = SYNTHETIC_FIT if large else name
            # Tuning a million rows takes minutes and tells nothing about a scorecard.
            if large and peer == "lightgbm, tuned":
                continue
            yield "fit", peer, fitted, 1 if quick or peer == "lightgbm, tuned" else 3
            yield "auc", peer, name, 1
    if SYNTHETIC in names:
        yield "fit", "lightgbm, 200 × 31", SYNTHETIC_FIT, 1
        for peer in ["optbinning", "lightgbm, 200 × 31"]:
            yield "score", peer, SYNTHETIC, 1 if quick else 3


def run(work, quick):
    names = [name for name in [*SETS, SYNTHETIC] if (work / name / "columns.json").is_file()]
    if not names:
        sys.exit(f"there is no data set in {work}; run `prepare` first")
    if quick:
        names = [name for name in names if name in ("german", SYNTHETIC)]
    for kind, peer, name, repeats in plan(names, quick):
        begun = time.monotonic()
        found = [child(work, kind, peer, name) for _ in range(repeats)]
        for figure in found[0]:
            tell(peer, name, figure, [measured[figure] for measured in found])
        print(f"{kind} of {peer} on {name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "run", "measure"):
        command = commands.add_parser(name)
        command.add_argument("--work", type=Path, required=True)
        command.add_argument("--quick", action="store_true")
        if name == "prepare":
            command.add_argument("--data", type=Path, required=True)
        if name == "measure":
            command.add_argument("kind", choices=KINDS)
            command.add_argument("peer", choices=PEERS)
            command.add_argument("name")
    asked = parser.parse_args()
    if asked.command == "prepare":
        prepare(asked.data, asked.work, asked.quick)
    elif asked.command == "run":
        run(asked.work, asked.quick)
    else:
        measure(asked.work, asked.kind, asked.peer, asked.name)


if __name__ == "__main__":
    main()
