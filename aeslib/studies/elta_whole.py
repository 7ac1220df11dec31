"""The modules of `elta` where there is something to repair: the whole network is trained, on scores with a long tail.

In `aeslib.studies.elta` the small size trains a neck on a frozen encoder whose pretext has regressed the qualities that
beauty is made of, and training scores are no more unbalanced than test scores. Here a CNN is trained end to end from a
pretext of themes only, on a stand-in for AVA with an extreme tail (`tail=2`: the published density squared), and judged
on one whose scores are equally frequent (`tail=0`), as in deep imbalanced regression [yang2021delving].

All rows take the same number of optimiser steps: those of two rounds, by one learning-rate schedule. So "longer", which
other comparisons need as a row, is the base itself; the one row that is not equal is "none, one round", the base with
half of the steps. The positive control is the base trained on as many balanced images: what it gains in the few-shot
part is what a perfect remedy of the tail would gain.

The study is of the small size alone, and its grid is empty in the paper profile: real images have no `tail`, and there
`elta.ablation` and `elta.comparison` train the whole network already, on AVA as it is published.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from torch import nn

from aeslib.backbones import ScoreModel
from aeslib.data.sources import Origin, cached, stand_in_origin
from aeslib.elta.objective import Elta, RankSim
from aeslib.elta.tfa import TFA
from aeslib.imbalance import SHOTS, shots
from aeslib.metrics import Statistic, weighted_masked_mae, weighted_srcc
from aeslib.profiles import Profile
from aeslib.seeding import hash_seed, seeded
from aeslib.studies.core import Outcome, Results, Study
from aeslib.studies.effects import drawn, lines
from aeslib.studies.elta import Trained, lfds
from aeslib.studies.parts import FRESH, Parts, side_of, stand_in
from aeslib.training import Batches, FitConfig, fit
from aeslib.training.fit import Objective
from aeslib.training.pretext import SHARE, pretrained

KEY = "ava"
LONG, BALANCED = 2.0, 0.0
"""`tail` of the training images, and of the images that are judged and of the control's training images."""
PER_IMAGE = 8
"""One training image for so many of the profile's: what fits into the time of this study."""
BATCH = 32
RATE = 2e-3
"""Peak learning rate; 1e-3 and 3e-3 gave the base the same error on validation."""
BIN = 0.25
"""Width in points of the score bins whose training images make a score many-, medium- or few-shot."""
TRIAL_SEEDS = (100, 101, 102)
"""Seeds of the trials on validation; no study trains with them."""
TRIAL_IMAGES = 77
"""Seed of the trials' images."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One run: the base model, with modules of ELTA or another method for unbalanced scores."""

    method: Literal["", "L&FDS", "RankSim"] = ""
    n: int = 0
    """Mixed samples of TFA a batch; 0: off."""
    tau1: float = TFA.tau1
    flsa: float = 0.0
    """Weight of the alignment; 0: off."""
    width: float = BIN
    """Of the score bins of L&FDS, in points."""
    gamma: float = 0.0
    """Weight of RankSim."""
    tail: float = LONG
    """Imbalance of the training scores."""
    rounds: int = 2
    images: int = 0
    """Seed of the images."""
    seed: int = 0


TRIALS = {
    "TFA": [Whole(n=n, tau1=tau1) for tau1 in (0.1, 0.2, 0.5) for n in (4, 8, 16) if (n, tau1) != (4, 0.1)],
    "FLSA": [Whole(flsa=weight) for weight in (0.03, 0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 30.0)],
    "L&FDS": [Whole(method="L&FDS", width=width) for width in (0.05, 0.07, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0)],
    "RankSim": [Whole(method="RankSim", gamma=g) for g in (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)],
}
"""Eight settings of each method, tried with three seeds: `run_study("elta.whole_trials", profile)` repeats that. Those
with the smallest mean absolute error on balanced validation images, to three digits, are in `ROWS`; for RankSim three
weights up to 3e-4 tied, and the largest of them was taken."""
ROWS = {
    "none": Whole(),
    "none, one round": Whole(rounds=1),
    "TFA": Whole(n=8, tau1=0.1),
    "FLSA": Whole(flsa=5.0),
    "TFA+FLSA": Whole(n=8, tau1=0.1, flsa=5.0),
    "L&FDS": Whole(method="L&FDS", width=0.07),
    "RankSim": Whole(method="RankSim", gamma=3e-4),
}
"""Rows of the table. TFA+FLSA has the settings of both."""
CONTROL = "balanced images"
"""Name of the positive control."""


# --- data ---


@cached(maxsize=3)
def splits(profile: Profile, tail: float, seed: int) -> Parts:
    """Return a stand-in for AVA: training images with this `tail`, balanced images to validate and to judge on.

    Args:
        profile: sizes.
        tail: imbalance of the training scores, as in `standin`.
        seed: of the training images; the others have seeds of their own.
    """
    side = side_of("elta", profile)

    def images(size: int, seed: int, tail: float = BALANCED) -> Batches:
        data = stand_in(KEY, size, seed, side, BATCH, tail)
        return replace(data, targets={"score": data.targets["score"], "target": data.targets["hist"]})

    train = images(profile.images // PER_IMAGE, seed, tail)
    val, test = images(profile.test_images // 2, seed + FRESH // 2), images(profile.test_images, seed + FRESH)
    bins = tuple(float(score) for score in range(1, 11))
    detail = origin(profile, tail, seed).detail
    return Parts(KEY, train, val, test, bins, (), (bins[0], bins[-1]), "synthetic", detail)


def origin(profile: Profile, tail: float = LONG, seed: int = 0) -> Origin:
    """Describe the training images: always a stand-in, since real images have no `tail`."""
    return stand_in_origin(KEY, size=profile.images // PER_IMAGE, seed=seed, tail=tail)


# --- one run ---


def train_model(run: Whole, profile: Profile) -> Trained:
    """Train the whole network of one run."""
    data = splits(profile, run.tail, run.images)
    with seeded(hash_seed(run.seed, 1)):
        encoder = pretrained("cnn", profile, share=SHARE, themes_only=True, progress=False)
        trained = Trained(ScoreModel(encoder, data.bins), data, "image")
    objective, after = objective_of(run, trained)
    fit(trained.model, objective, data.train, config_of(run, profile), validate=after, progress="")
    return trained


def config_of(run: Whole, profile: Profile) -> FitConfig:
    """Return how a run is trained: as many passes over the images as its rounds have, the same for every method."""
    return FitConfig(epochs=run.rounds * profile.epochs, lr=RATE, schedule="cosine", seed=run.seed)


def objective_of(run: Whole, trained: Trained) -> tuple[Objective, Callable[[nn.Module], float] | None]:
    """Return the objective of a run, and what has to happen after each of its epochs."""
    if run.method == "RankSim":
        return RankSim(gamma=run.gamma), None
    if run.method == "L&FDS":
        return lfds(trained, trained.data.train, run.width)
    return Elta(tfa=TFA(n=run.n, tau1=run.tau1) if run.n else None, flsa=run.flsa), None


def compute(run: Whole, profile: Profile, _: Path) -> Outcome:
    """Train one run and judge it on the balanced test images."""
    trained = train_model(run, profile)
    truth, pred = trained.data.test.targets["score"], trained.scores(trained.data.test)
    return Outcome(errors(pred, truth, run, profile), {"pred": pred, "truth": truth})


def errors(pred: np.ndarray, truth: np.ndarray, run: Whole, profile: Profile) -> dict[str, float]:
    """Return the values of `statistics` on all images; the long tail says what is few-shot, for the control too."""
    train, weights = long_tail(profile, run.images), np.ones((1, len(truth)))
    return {name: float(value(pred, truth, weights)[0]) for name, value in statistics(train, truth).items()}


def long_tail(profile: Profile, seed: int = 0) -> np.ndarray:
    """Return the (M,) training scores with the long tail."""
    return splits(profile, LONG, seed).train.targets["score"]


def compute_trial(run: Whole, profile: Profile, _: Path) -> Outcome:
    """Train one trial and judge it on the balanced validation images; test images are never seen."""
    trained = train_model(run, profile)
    val = trained.data.val
    return Outcome(errors(trained.scores(val), val.targets["score"], run, profile))


# --- parts of the scale ---


def edges_of(train: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the edges of bins of width `BIN` that hold all scores of the training and the judged images."""
    low = np.floor(min(train.min(), truth.min()) / BIN)
    high = np.floor(max(train.max(), truth.max()) / BIN) + 1
    return BIN * np.arange(low, high + 1)


def shots_of(train: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return for each judged image whether its score is many-, medium- or few-shot in training.

    Args:
        train: (M,) training scores.
        truth: (N,) scores of the judged images.

    Returns:
        (N,) names from `imbalance.SHOTS`.
    """
    edges = edges_of(train, truth)
    return shots(np.histogram(train, edges)[0])[np.digitize(truth, edges) - 1]


def statistics(train: np.ndarray, truth: np.ndarray) -> dict[str, Statistic]:
    """Return SRCC, MAE, and MAE in each part of the scale, by name."""
    shot = shots_of(train, truth)
    masks = {"MAE": np.ones(len(truth), bool)} | {f"MAE {name}": shot == name for name in SHOTS}
    return {"SRCC": weighted_srcc} | {name: partial(weighted_masked_mae, inside=m) for name, m in masks.items()}


@dataclass(frozen=True)
class Setting:
    """Rows that were trained and judged on the same images, such as those of one table."""

    rows: Mapping[str, np.ndarray]
    """Name → (S, N) predictions, the same seeds in the same order; "none" is the base."""
    truth: np.ndarray
    """(N,) scores of the judged images."""
    train: np.ndarray
    """(M,) scores of the training images that say which scores are few-shot."""

    def compare(self, resamples: int, seed: int = 0) -> pd.DataFrame:
        """Compare all rows with the base, as `effects` does, by the values of `statistics`.

        Args:
            resamples: of the bootstrap.
            seed: of the bootstrap.
        """
        draws = drawn(self.rows, self.truth, resamples, statistics(self.train, self.truth), seed)
        table = lines(draws, base="none", seed=seed)
        return table.drop(columns=["group", "published", "published change", "verdict"])

    def bins(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the edges of K bins (K + 1,), training images (K,), names from `imbalance.SHOTS`, test images."""
        edges = edges_of(self.train, self.truth)
        train, test = (np.histogram(scores, edges)[0] for scores in (self.train, self.truth))
        return edges, train, shots(train), test


def setting_of(runs: Results, profile: Profile) -> Setting:
    """Return the runs of `elta.whole` by row, the control among them."""
    rows = {name: runs.stacked("pred", **fields(run)) for name, run in named_runs().items()}
    truth = runs.arrays(runs.frame["key"].iloc[0])["truth"]
    return Setting(rows, truth, long_tail(profile))


def named_runs() -> dict[str, Whole]:
    """Return the rows of the table and the control, by name."""
    return ROWS | {CONTROL: Whole(tail=BALANCED)}


def fields(run: Whole) -> dict[str, Any]:
    """Return what selects the runs of one row: its fields without the seed."""
    return {name: value for name, value in asdict(run).items() if name != "seed"}


# --- the grids ---


def grid(profile: Profile) -> list[Whole]:
    """Return all rows and the control with every seed of the profile; none in paper size."""
    seeds = range(profile.seeds if profile.size == "small" else 0)
    return [replace(run, seed=seed) for run in named_runs().values() for seed in seeds]


def trials(_: Profile) -> list[Whole]:
    """Return the settings of `TRIALS` and the base, with seeds and on images that no study uses."""
    runs = [Whole(), *(run for settings in TRIALS.values() for run in settings)]
    return [replace(run, seed=seed, images=TRIAL_IMAGES) for run in runs for seed in TRIAL_SEEDS]


PARTS = tuple(f"MAE {name}" for name in SHOTS)
STUDY = Study("elta.whole", grid, compute, (origin,), PARTS)
TRIAL_STUDY = Study("elta.whole_trials", trials, compute_trial, (origin,), PARTS)
