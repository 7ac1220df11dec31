"""How the settings of ELTA, L&FDS and RankSim are chosen for the small size: eleven each, by SRCC on validation.

All are trained on AVA for both rounds, as the rows of the tables are, at seeds that no table uses, and judged on the
validation images of `search_set`. One round is not enough to see which settings hold: RankSim at 0.03 is its best after
one and breaks down in the second. Nobody sees a test image. `choices` says what is best; the constants of
`aeslib.studies.elta` follow it, as the comments there tell.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from aeslib.profiles import Profile
from aeslib.studies.core import Outcome, Study, run_study
from aeslib.studies.elta import (
    COUNTS,
    KEYS,
    WEIGHTS,
    Cell,
    extra_round,
    first_round,
    modules,
    scores_of,
    search_set,
)

SEEDS = (100, 101, 102)
"""Far from those of every table; they start from the three pretexts."""
BINS = tuple((width, sigma) for width in (0.1, 0.25, 0.5, 1.0) for sigma in (1.0, 2.0, 4.0) if width * sigma < 4)
"""Width of the score bins of L&FDS in points, and of its smoothing in bins."""
GAMMAS = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 100.0)
"""Weights of RankSim."""
FIELDS = {"TFA": ["n"], "FLSA": ["flsa"], "L&FDS": ["width", "sigma"], "RankSim": ["gamma"]}
"""Method → fields of a `Cell` that are chosen for it."""


def method_of(cell: Cell) -> str:
    """Return whose setting a run tries; the modules of ELTA are chosen one by one."""
    return cell.method or ("TFA" if cell.mix else "FLSA")


def grid(profile: Profile) -> list[Cell]:
    """Return eleven settings of ELTA (five of TFA, six of FLSA), of L&FDS and of RankSim, at each seed."""
    cells = [Cell(**modules(profile, "TFA") | {"n": n}) for n in COUNTS] + [Cell(flsa=weight) for weight in WEIGHTS]
    cells += [Cell(method="L&FDS", width=width, sigma=sigma) for width, sigma in BINS]
    cells += [Cell(method="RankSim", gamma=gamma) for gamma in GAMMAS]
    return [replace(cell, seed=seed) for cell in cells for seed in SEEDS]


def run(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """Train both rounds, without pseudo-labels, and judge the model on validation images."""
    trained = extra_round(cell, profile, first_round(cell, profile), pseudo=False)
    images = search_set(cell.data, cell.host, profile, cell.pretext)
    return Outcome(scores_of(trained.scores(images), images.targets["score"]))


def choices(profile: Profile) -> pd.DataFrame:
    """Return every setting that was tried, with its mean SRCC over the seeds, the best of each method first."""
    frame = run_study(TUNING, profile).frame
    frame["tries"] = [method_of(Cell(**{name: row[name] for name in ("method", "mix")})) for _, row in frame.iterrows()]
    rows = []
    for method, fields in FIELDS.items():
        means = frame[frame["tries"] == method].groupby(fields)["SRCC"].mean().sort_values(ascending=False)
        rows += [{"method": method, "setting": setting, "SRCC": value} for setting, value in means.items()]
    return pd.DataFrame(rows)


TUNING = Study("elta.tuning", grid, run, data=KEYS)
