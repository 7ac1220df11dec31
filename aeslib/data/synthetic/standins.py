"""Stand-ins: for each data set of the papers a generated one with its scale, columns, splits, crowd and histogram.

They differ in theme mix, camera, rater crowd and criterion. Everything about them is known: the scenes, the criterion,
the raters, and so the ceiling.
"""

import zlib
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from aeslib.data.synthetic.raters import Crowd, cast, draw_crowd, expected, opinions
from aeslib.data.synthetic.scenes import THEMES, draw_scenes
from aeslib.data.synthetic.specs import SHARES, SPECS, TASKS, Attribute, Spec
from aeslib.data.synthetic.truth import QUALITIES, beauty, qualities
from aeslib.data.table import LabelTable, Level
from aeslib.errors import ParameterError, unknown

REFERENCE = 6000
"""Scenes behind each calibration."""
PERCENTS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class World:
    """Everything about one stand-in."""

    key: str
    spec: Spec
    scenes: np.ndarray
    qualities: np.ndarray
    """(N, Q) what can be seen."""
    crowd: Crowd
    opinion: np.ndarray
    """(N, R) what each rater would say on average, vote units."""
    votes: pd.DataFrame
    """One row per vote: image, rater, score (vote units)."""
    split: np.ndarray

    def scaled(self, score: np.ndarray) -> np.ndarray:
        """Vote units to the data set's own."""
        (low, high), (bottom, top) = self.spec.habits.scale, self.spec.range
        return bottom + (np.asarray(score) - low) * (top - bottom) / (high - low)

    @property
    def mos(self) -> np.ndarray:
        """(N,) mean votes in the data set's units."""
        return self.scaled(self.votes.groupby("image")["score"].mean().to_numpy())


@dataclass(frozen=True)
class Ceiling:
    """How well the best possible model, one that knows everybody's average opinion, agrees with the mean votes."""

    plcc: float
    srcc: float


def rng_of(*parts: object) -> np.random.Generator:
    """A generator that depends on all parts, the same on every machine."""
    return np.random.default_rng([zlib.crc32(repr(part).encode()) for part in parts])


def spec_of(key: str) -> Spec:
    """The stand-in's facts; captions share those of their parent."""
    base = key.removesuffix("_captions")
    if base not in SPECS:
        raise unknown("stand-in", key, [*SPECS, "ava_captions", "photonet_captions"])
    return SPECS[base]


def target(spec: Spec, share: np.ndarray) -> np.ndarray:
    """Published mean scores at these shares of the images, in vote units."""
    if spec.quantiles:
        score = np.interp(share, SHARES, spec.quantiles)
    else:
        assert spec.counts is not None
        edges, counts = spec.counts
        score = np.interp(share, np.r_[0, np.cumsum(counts)] / np.sum(counts), edges)
    (low, high), (bottom, top) = spec.habits.scale, spec.range
    return low + (score - bottom) * (high - low) / (top - bottom)


@dataclass(frozen=True)
class Calibration:
    """Turns beauty into the crowd's opinion so that mean votes are distributed as published."""

    beauty: np.ndarray
    level: np.ndarray
    """Knots of the monotone map, beauty to vote units."""
    centre: np.ndarray
    scale: np.ndarray
    """(J + Q,) mean and spread of the known criteria and qualities over the reference scenes."""

    def levels(self, beauty: np.ndarray) -> np.ndarray:
        """(N,) opinions of the crowd."""
        return np.interp(beauty, self.beauty, self.level)


def known_beauty(scenes: np.ndarray, q: np.ndarray) -> np.ndarray:
    """(N, J) beauty by the criteria of `TASKS`."""
    return np.stack([beauty(scenes, q, SPECS[t].criterion, SPECS[t].appeal) for t in TASKS], axis=1)


def likes(scenes: np.ndarray, q: np.ndarray, own: np.ndarray, crowd: Crowd, kinds: bool) -> np.ndarray:
    """(N, R) how much more each rater likes each image than the crowd; mean 0 over the crowd, about unit variance."""
    taste = (q - q.mean(0)) @ crowd.tastes.T
    if kinds:
        known = known_beauty(scenes, q)
        known = (known - known.mean(0)) / known.std(0)
        taste = 0.35 * taste / taste.std(0) + known @ crowd.mixtures.T + (crowd.mixtures.sum(1) == 0) * taste
    taste = (taste - taste.mean(0)) / taste.std(0)
    taste = taste - taste.mean(1, keepdims=True)
    return taste / taste.std()


@cache
def calibration(base: str) -> Calibration:
    """The calibration of a stand-in, from `REFERENCE` scenes that no data set uses."""
    spec = SPECS[base]
    rng = rng_of(base, "calibration")
    scenes = draw_scenes(rng, REFERENCE, spec.camera)
    q = qualities(scenes)
    own = beauty(scenes, q, spec.criterion, spec.appeal)
    crowd = crowd_of(base, seed=-1)
    taste = likes(scenes, q, own, crowd, spec.kinds)
    share = (rankdata(own) - 0.5) / len(own)
    wanted = target(spec, PERCENTS)
    level = wanted.copy()
    for _ in range(12):
        opinion = opinions(np.interp(share, PERCENTS, level), taste, crowd, spec.habits)
        mean = cast(rng, opinion, spec.habits).groupby("image")["score"].mean().to_numpy()
        level = np.maximum.accumulate(level + 0.7 * (wanted - np.quantile(mean, PERCENTS)))
    return Calibration(np.quantile(own, PERCENTS), level, q.mean(0), q.std(0))


def crowd_of(base: str, seed: int) -> Crowd:
    """The raters of a stand-in."""
    spec = SPECS[base]
    return draw_crowd(rng_of(base, "crowd", seed), spec.raters, f"{base}-u", TASKS, spec.kinds)


@lru_cache(maxsize=4)
def world(key: str, size: int, seed: int) -> World:
    """Scenes, raters and votes of a stand-in of `size` images (never more than the data set has)."""
    spec = spec_of(key)
    base = key.removesuffix("_captions")
    n = min(size, spec.images)
    if n < 1:
        raise ParameterError(f"a stand-in of {size} images cannot be made; size must be at least 1.")
    rng = rng_of(key, seed, n)
    scenes = draw_scenes(rng, n, spec.camera)
    q = qualities(scenes)
    known = calibration(base)
    own = beauty(scenes, q, spec.criterion, spec.appeal)
    crowd = crowd_of(base, seed)
    opinion = opinions(known.levels(own), likes(scenes, q, own, crowd, spec.kinds), crowd, spec.habits)
    votes = cast(rng, opinion, spec.habits)
    names, share = list(spec.splits), np.array(list(spec.splits.values()))
    split = np.array(names)[np.searchsorted(np.cumsum(share)[:-1], (rng.permutation(n) + 0.5) / n)]
    return World(key, spec, scenes, q, crowd, opinion, votes, split)


def rated(rng: np.random.Generator, attribute: Attribute, q: np.ndarray, known: Calibration) -> np.ndarray:
    """(N,) mean votes on one attribute."""
    weights = np.array([attribute.of.get(name, 0.0) for name in QUALITIES])
    raw = q @ weights
    if attribute.spread:
        scale = np.sqrt(((known.scale * weights) ** 2).sum())
        raw = attribute.spread * (q - known.centre) @ weights / scale
    votes = attribute.centre + raw[:, None] + rng.normal(0, attribute.doubt, (len(q), attribute.votes))
    return np.clip(np.rint(votes / attribute.step) * attribute.step, *attribute.range).mean(axis=1)


def standin(key: str, *, size: int, seed: int, level: Level = "image") -> LabelTable:
    """Labels of the generated stand-in for a data set, in its units and columns.

    Args:
        key: a card's key.
        size: images wanted; never more than the data set has.
        seed: another seed is another world.
        level: one row per image, or per rating where the data set publishes users.
    """
    w = world(key, size, seed)
    ids = np.array([f"{key}-{seed}-{i:06d}" for i in range(len(w.scenes))])
    if level == "rating":
        return _ratings(w, ids)
    frame = pd.DataFrame({"image_id": ids, "split": w.split, "mos": w.mos})
    grouped = w.votes.groupby("image")["score"]
    (low, high), (bottom, top) = w.spec.habits.scale, w.spec.range
    frame["std"] = grouped.std(ddof=0).to_numpy() * (top - bottom) / (high - low)
    frame["n_votes"] = grouped.size().to_numpy()
    bins = _add_histogram(frame, w) if w.spec.publishes_votes else ()
    known, rng = calibration(key.removesuffix("_captions")), rng_of(key, seed, len(ids), "attributes")
    for name, attribute in w.spec.attributes.items():
        frame[f"attr_{name}"] = rated(rng, attribute, w.qualities, known)
    frame["theme"] = np.array(THEMES)[w.scenes["theme"]]
    return LabelTable(frame, w.spec.range, "image", bins, {n: a.range for n, a in w.spec.attributes.items()})


def _add_histogram(frame: pd.DataFrame, w: World) -> tuple[float, ...]:
    habits = w.spec.habits
    low, high = habits.scale
    bins = np.arange(low, high + habits.step / 2, habits.step)
    place = np.rint((w.votes["score"] - low) / habits.step).astype(int)
    counts = np.zeros((len(frame), len(bins)))
    np.add.at(counts, (w.votes["image"].to_numpy(), place.to_numpy()), 1)
    for k in range(len(bins)):
        frame[f"votes_{k + 1}"] = counts[:, k]
    return tuple(float(v) for v in w.scaled(bins))


def _ratings(w: World, ids: np.ndarray) -> LabelTable:
    if not w.spec.publishes_users:
        raise ParameterError(f"{w.key} publishes no single users; ask for level='image'.")
    image = w.votes["image"].to_numpy()
    users = w.crowd.people["user_id"].to_numpy()[w.votes["rater"]]
    frame = pd.DataFrame({"image_id": ids[image], "split": w.split[image], "user_id": users})
    frame["score"] = w.scaled(w.votes["score"].to_numpy())
    return LabelTable(frame, w.spec.range, "rating")


def ceiling(key: str, *, size: int, seed: int) -> Ceiling:
    """The noise ceiling: correlation of everybody's average opinion with the mean of the votes that were cast."""
    w = world(key, size, seed)
    best, mos = expected(w.opinion, w.spec.habits), w.mos
    return Ceiling(float(np.corrcoef(best, mos)[0, 1]), float(spearmanr(best, mos).statistic))
