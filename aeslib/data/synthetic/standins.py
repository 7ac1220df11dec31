"""Stand-ins: for each data set of the papers a generated one with its scale, columns, splits, crowd and histogram.

They differ in theme mix, camera, rater crowd and criterion. Everything about them is known: the scenes, the criterion,
the raters, and so the ceiling. No picture is rendered here.
"""

import zlib
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.stats import rankdata, spearmanr

from aeslib.data.synthetic.comments import comments
from aeslib.data.synthetic.distortions import KINDS, STEPS, mean_scores
from aeslib.data.synthetic.raters import Crowd, cast, draw_crowd, expected, opinions
from aeslib.data.synthetic.scenes import THEMES, Camera, draw_scenes
from aeslib.data.synthetic.specs import SHARES, SPECS, TASKS, Attribute, Spec
from aeslib.data.synthetic.truth import QUALITIES, beauty, qualities
from aeslib.data.table import LabelTable, Level
from aeslib.errors import ParameterError, unknown
from aeslib.seeding import numpy_generator, remembered

REFERENCE = 4000
"""Scenes behind each calibration."""
ROUNDS = 6
"""Corrections of the map from beauty to opinion; more would fit chance."""
PERCENTS = np.linspace(0, 1, 101)
CAPTIONS = "_captions"
"""Ends the keys of data sets that add comments to another one's images."""


@dataclass(frozen=True)
class World:
    """Everything about one stand-in of N images, V votes and R raters."""

    key: str
    spec: Spec
    scenes: np.ndarray
    """(N,) of type `SCENE`."""
    qualities: np.ndarray
    """(N, Q) what can be seen."""
    crowd: Crowd
    opinion: np.ndarray
    """(N, R) what each rater would say on average, vote units."""
    votes: pd.DataFrame
    """(V rows) image, rater, score (vote units)."""
    split: np.ndarray
    """(N,) split names."""
    ids: np.ndarray
    """(N,) image ids."""
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)
    """TID2013 only: reference, distortion, step of each image."""

    def scaled(self, score: np.ndarray) -> np.ndarray:
        """Vote units to the data set's own."""
        (low, high), (bottom, top) = self.spec.habits.scale, self.spec.range
        return bottom + (score - low) * (top - bottom) / (high - low)

    def mean(self, per_vote: np.ndarray) -> np.ndarray:
        """(N,) means over each image's votes of numbers (V,)."""
        image = self.votes["image"].to_numpy()
        return np.bincount(image, per_vote) / np.bincount(image)

    @property
    def mos(self) -> np.ndarray:
        """(N,) mean votes in the data set's units."""
        return self.scaled(self.mean(self.votes["score"].to_numpy()))


@dataclass(frozen=True)
class Ceiling:
    """How well the best possible model agrees with the mean votes: one that knows everybody's average opinion."""

    plcc: float
    srcc: float


def rng_of(*parts: object) -> np.random.Generator:
    """A generator that depends on all parts, the same on every machine."""
    return numpy_generator([zlib.crc32(repr(part).encode()) for part in parts])


def spec_of(key: str) -> Spec:
    """The stand-in's facts; captions share those of their parent."""
    base = key.removesuffix(CAPTIONS)
    if base not in SPECS:
        raise unknown("stand-in", key, SPECS)
    return SPECS[base]


def target(spec: Spec, share: np.ndarray) -> np.ndarray:
    """Published mean scores at these shares of the images, in vote units."""
    if spec.quantiles:
        score = np.interp(share, SHARES, spec.quantiles)
    else:
        edges, counts = spec.counts
        filled = np.r_[True, np.array(counts) > 0]  # an empty bin adds no share
        score = PchipInterpolator((np.r_[0, np.cumsum(counts)] / np.sum(counts))[filled], np.array(edges)[filled])(
            share
        )
    (low, high), (bottom, top) = spec.habits.scale, spec.range
    return low + (score - bottom) * (high - low) / (top - bottom)


def visible(scenes: np.ndarray, q: np.ndarray) -> np.ndarray:
    """(N, Q + J) qualities, and beauty by the criteria of `TASKS`: what tastes are made of."""
    return np.column_stack([q, *(beauty(scenes, q, SPECS[t].criterion, SPECS[t].appeal) for t in TASKS)])


@dataclass(frozen=True)
class Calibration:
    """What a stand-in owes to `REFERENCE` scenes that no data set uses."""

    beauty: np.ndarray
    level: np.ndarray
    """Knots at `PERCENTS` of the monotone map from beauty to the crowd's opinion (vote units)."""
    centre: np.ndarray
    scale: np.ndarray
    """(Q + J,) means and standard deviations of `visible`."""
    spread: np.ndarray
    """(Q + J, Q + J) covariance of `visible`, criteria standardised."""

    def standard(self, scenes: np.ndarray, q: np.ndarray) -> np.ndarray:
        """(N, Q + J) `visible` about its mean, criteria in standard deviations."""
        seen = visible(scenes, q) - self.centre
        seen[:, len(QUALITIES) :] /= self.scale[len(QUALITIES) :]
        return seen


@remembered(maxsize=None)
def calibration(base: str) -> Calibration:
    """Fit the map from beauty to opinion so that *mean votes* are distributed as published."""
    spec, rng = SPECS[base], rng_of(base, "calibration")
    scenes = draw_scenes(rng, REFERENCE, spec.camera)
    q = qualities(scenes)
    seen = visible(scenes, q)
    known = Calibration(PERCENTS, PERCENTS, seen.mean(0), seen.std(0), np.empty(0))
    standard = known.standard(scenes, q)
    spread = standard.T @ standard / REFERENCE
    own = beauty(scenes, q, spec.criterion, spec.appeal)
    crowd = draw_crowd(rng, spec.raters, base, TASKS if spec.kinds else (), spread)
    likes = standard[:, : len(crowd.tastes)] @ crowd.tastes
    wanted = target(spec, PERCENTS)
    share, level = (rankdata(own) - 0.5) / REFERENCE, wanted
    cell = spec.habits.step / spec.habits.votes[0]  # means are lattice points: spread them over their cells
    for _ in range(ROUNDS):
        votes = cast(rng, opinions(np.interp(share, PERCENTS, level), likes, crowd, spec.habits), spec.habits)
        mean = np.bincount(votes["image"], votes["score"]) / np.bincount(votes["image"])
        missing = wanted - np.quantile(mean + cell * rng.uniform(-0.5, 0.5, REFERENCE), PERCENTS)
        level = np.maximum.accumulate(level + gaussian_filter1d(missing, 2, mode="nearest"))
    return Calibration(np.quantile(own, PERCENTS), level, known.centre, known.scale, spread)


def chosen(rng: np.random.Generator, spec: Spec, known: Calibration, n: int, tail: float) -> np.ndarray:
    """(n,) scenes whose scores are as unbalanced as `tail` says: published density to that power.

    Scenes are picked from a pool, one for each of n equal slices of the wanted distribution; 0 makes the middle 98 %
    of the published range equally frequent.
    """
    pool = draw_scenes(rng, n * (3 if tail == 1 else 24), spec.camera)
    share = np.interp(beauty(pool, qualities(pool), spec.criterion, spec.appeal), known.beauty, PERCENTS)
    slope = np.gradient(known.level, PERCENTS)
    weight = np.maximum(slope, 0.02 * slope.max()) ** (1 - tail)
    if tail < 1:
        weight[[0, -1]] = 0
    mass = np.r_[0, np.cumsum((weight[1:] + weight[:-1]) / 2)]
    wanted = np.interp((np.arange(n) + rng.random(n)) / n, mass / mass[-1], PERCENTS)
    order = np.argsort(share)
    turn = np.arange(n)
    place = np.maximum.accumulate(np.searchsorted(share[order], wanted) - turn) + turn
    return pool[rng.permutation(order[np.minimum(place, len(pool) - n + turn)])]


@remembered(maxsize=4)
def world(key: str, size: int, seed: int, tail: float = 1.0) -> World:
    """Scenes, raters and votes of a stand-in of `size` images (never more than the data set has)."""
    spec, base = spec_of(key), key.removesuffix(CAPTIONS)
    if size < 1 or not 0 <= tail <= 2:
        raise ParameterError(f"a stand-in of size {size} and tail {tail} cannot be made; size >= 1 and 0 <= tail <= 2.")
    n = min(size, spec.images)
    rng = rng_of(base, seed, n, float(tail))
    if base == "tid2013":
        return _distorted(rng, key, spec, n)
    known = calibration(base)
    scenes = chosen(rng, spec, known, n, tail)
    q = qualities(scenes)
    crowd = draw_crowd(rng_of(base, "crowd", seed), spec.raters, base, TASKS if spec.kinds else (), known.spread)
    level = np.interp(beauty(scenes, q, spec.criterion, spec.appeal), known.beauty, known.level)
    likes = known.standard(scenes, q)[:, : len(crowd.tastes)] @ crowd.tastes
    opinion = opinions(level, likes, crowd, spec.habits)
    ids = np.array([f"{base}-{seed}-{i:06d}" for i in range(n)])
    split = _splits(rng, spec, n)
    return World(key, spec, scenes, q, crowd, opinion, _votes(rng, spec, opinion, split == "test"), split, ids)


def _votes(rng: np.random.Generator, spec: Spec, opinion: np.ndarray, test: np.ndarray) -> pd.DataFrame:
    """All votes by image; where test images have raters of their own, nobody sees both kinds."""
    if not spec.test_raters:
        return cast(rng, opinion, spec.habits)
    others = opinion.shape[1] - spec.test_raters
    rows, tested = np.flatnonzero(~test), np.flatnonzero(test)
    few = cast(rng, opinion[rows, :others], spec.habits)
    many = cast(rng, opinion[tested, others:], replace(spec.habits, votes=(spec.test_votes, spec.test_votes)))
    few["image"], many["image"] = rows[few["image"]], tested[many["image"]]
    many["rater"] += others
    return pd.concat([few, many]).sort_values("image", kind="stable", ignore_index=True)


def _splits(rng: np.random.Generator, spec: Spec, n: int) -> np.ndarray:
    names, shares = list(spec.splits), np.array(list(spec.splits.values()))
    return np.array(names)[np.searchsorted(np.cumsum(shares)[:-1], (rng.permutation(n) + 0.5) / n)]


def _distorted(rng: np.random.Generator, key: str, spec: Spec, n: int) -> World:
    """TID2013: 25 references, each in 24 kinds of distortion by 5 steps; n of these 3,000 images."""
    references = draw_scenes(rng, 25, Camera(exposure_spread=0.2, noise=0.01, miss=0, saturation=0.6))
    rows = np.sort(rng.permutation(spec.images)[:n])
    reference, kind, step = np.unravel_index(rows, (25, len(KINDS), STEPS))
    scenes = references[reference]
    q = qualities(scenes)
    crowd = draw_crowd(rng, spec.raters, key, (), np.cov(q.T))
    busy = rankdata(references["texture"])[reference]
    level = mean_scores(kind, step, (busy - 13) / 52**0.5)
    opinion = opinions(level, np.zeros((n, spec.raters)), crowd, spec.habits)
    parts = pd.DataFrame({"reference": [f"I{r + 1:02d}" for r in reference], "distortion": kind + 1, "step": step + 1})
    ids = (parts["reference"] + [f"_{k + 1:02d}_{s + 1}" for k, s in zip(kind, step, strict=True)]).to_numpy(str)
    votes = cast(rng, opinion, spec.habits)
    return World(key, spec, scenes, q, crowd, opinion, votes, _splits(rng, spec, n), ids, parts)


def rated(rng: np.random.Generator, attribute: Attribute, w: World) -> np.ndarray:
    """(V,) votes on one attribute, one by each rater of the image; who likes it also rates it a little higher."""
    image, score = w.votes["image"].to_numpy(), w.votes["score"].to_numpy()
    weights = np.array([attribute.of.get(name, 0.0) for name in QUALITIES])
    answer = w.qualities @ weights
    if attribute.spread:
        known = calibration(w.key.removesuffix(CAPTIONS))
        count = len(QUALITIES)
        sd = np.sqrt(weights @ known.spread[:count, :count] @ weights)
        answer = attribute.spread * (answer - known.centre[:count] @ weights) / sd
    halo = 0.4 * (score - w.mean(score)[image]) / w.spec.habits.spread
    votes = attribute.centre + answer[image] + attribute.doubt * (halo + rng.normal(size=len(image)))
    return np.clip(np.rint(votes / attribute.step) * attribute.step, *attribute.range)


def standin(key: str, *, size: int, seed: int, level: Level = "image", tail: float = 1.0) -> LabelTable:
    """Labels of the generated stand-in for a data set, in its units and columns.

    Args:
        key: a card's key.
        size: images wanted; never more than the data set has.
        seed: another seed is another world.
        level: one row per image, or per rating for the data sets whose users are studied.
        tail: imbalance of the scores: 0 none, 1 as published, 2 extreme.

    Raises:
        ParameterError: for an unknown key, a size or tail out of range, or ratings of a data set that has no users.
    """
    w = world(key, size, seed, tail)
    rng = rng_of(key, seed, size, "attributes")
    attributes = {name: rated(rng, attribute, w) for name, attribute in w.spec.attributes.items()}
    ranges = {name: attribute.range for name, attribute in w.spec.attributes.items()}
    if level == "rating":
        return LabelTable(_ratings(w, attributes), w.spec.range, "rating", attributes=ranges)
    frame = pd.DataFrame({"image_id": w.ids, "split": w.split, "mos": w.mos})
    bins = _histogram(frame, w) if w.spec.publishes_votes else ()
    for name, votes in attributes.items():
        frame[f"attr_{name}"] = w.mean(votes)
    frame["theme"] = np.array(THEMES)[w.scenes["theme"]]
    if key.endswith(CAPTIONS):
        frame["text"] = comments(rng, w.scenes, w.qualities)
    return LabelTable(frame.join(w.parts), w.spec.range, bins=bins, attributes=ranges)


def _histogram(frame: pd.DataFrame, w: World) -> tuple[float, ...]:
    """Add std, n_votes and votes_1 … votes_K; return the K scores."""
    (low, high), step = w.spec.habits.scale, w.spec.habits.step
    bins = np.arange(low, high + step / 2, step)
    place = np.rint((w.votes["score"].to_numpy() - low) / step).astype(int)
    counts = np.bincount(w.votes["image"].to_numpy() * len(bins) + place, minlength=len(frame) * len(bins))
    counts = counts.reshape(len(frame), len(bins))
    frame["n_votes"] = counts.sum(axis=1)
    frame["std"] = np.sqrt(counts @ bins**2 / counts.sum(1) - (counts @ bins / counts.sum(1)) ** 2)
    frame[[f"votes_{k}" for k in range(1, len(bins) + 1)]] = counts
    return tuple(float(score) for score in w.scaled(bins))


def _ratings(w: World, attributes: dict[str, np.ndarray]) -> pd.DataFrame:
    if not w.spec.publishes_users:
        known = ", ".join(key for key, spec in SPECS.items() if spec.publishes_users)
        raise ParameterError(f"{w.key} has no single users; level 'rating' exists for {known}.")
    image = w.votes["image"].to_numpy()
    users = w.crowd.people["user_id"].to_numpy()[w.votes["rater"]]
    frame = pd.DataFrame({"image_id": w.ids[image], "split": w.split[image], "user_id": users})
    frame["score"] = w.scaled(w.votes["score"].to_numpy())
    return frame.assign(**{f"attr_{name}": votes for name, votes in attributes.items()})


def people(key: str, *, size: int, seed: int) -> pd.DataFrame:
    """The raters of a stand-in: persona, kind of taste (`mixture`, `near`, `none`) and, as `ceiling`, the Spearman
    correlation of each one's average opinion with the votes they gave."""
    w = world(key, size, seed)
    votes = w.votes.assign(best=expected(w.opinion, w.spec.habits)[w.votes["image"], w.votes["rater"]])
    ranks = votes.groupby("rater")[["best", "score"]].rank().assign(rater=votes["rater"])
    known = ranks.groupby("rater").apply(lambda one: one["best"].corr(one["score"]))
    return w.crowd.people.assign(ceiling=known.reindex(range(len(w.crowd.people))).to_numpy())


def _may_see(w: World) -> np.ndarray:
    """(N, R) or (1, 1): who could have voted on which image."""
    if not w.spec.test_raters:
        return np.ones((1, 1), bool)
    tester = np.arange(len(w.crowd.lenience)) >= len(w.crowd.lenience) - w.spec.test_raters
    return (w.split == "test")[:, None] == tester


def ceiling(key: str, *, size: int, seed: int, split: str | None = None, tail: float = 1.0) -> Ceiling:
    """The noise ceiling of one split (None: all): the best possible agreement with the mean votes, given the raters."""
    w = world(key, size, seed, tail)
    rows = np.ones(len(w.ids), bool) if split is None else w.split == split
    believed = expected(w.opinion, w.spec.habits)
    best, mos = believed.mean(axis=1, where=_may_see(w))[rows], w.mos[rows]
    return Ceiling(float(np.corrcoef(best, mos)[0, 1]), float(spearmanr(best, mos).statistic))
