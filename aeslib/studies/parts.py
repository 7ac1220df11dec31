"""Training, validation and test pictures of one data set, real or synthetic, in the form that `fit` takes.

Real data keep their published splits. A stand-in is a world without end: its pictures are split into training and
validation, and it is tested on fresh pictures of another seed, so that tests are as sharp as the profile wants.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from aeslib.data import LabelTable, load_card, pictured
from aeslib.data.load import synthetic
from aeslib.data.synthetic import pictures
from aeslib.data.table import Source
from aeslib.data.transforms import RECIPES, mirror
from aeslib.profiles import Profile
from aeslib.seeding import numpy_generator
from aeslib.training import Batches

Change = Callable[[Tensor], Tensor] | None

FRESH = 1000
"""Added to the seed of a stand-in for its test pictures."""
VALIDATION = 0.1
"""Share of the training pictures held out where no validation split is published."""
TEST = 0.14
"""Share of real pictures to be judged on where no test split is published: 570 of EVA's 4,070 (mtcnn 5.2.1)."""


@dataclass(frozen=True)
class Parts:
    """Pictures with `score` (native units), `hist` (where votes are published) and `attributes`."""

    key: str
    train: Batches
    val: Batches
    test: Batches
    bins: tuple[float, ...]
    """Score of each histogram bin; where no votes are published, ten points across the scale."""
    attributes: tuple[str, ...]
    score_range: tuple[float, float]
    source: Source
    detail: str


def parts(key: str, profile: Profile, *, seed: int = 0, batch_size: int = 32, paper: str = "mtcnn") -> Parts:
    """Return the images to learn from and to be judged on; rows without a readable image are left out.

    Args:
        key: a card's key.
        profile: sizes.
        seed: of the stand-in and of the validation draw.
        batch_size: pictures a step.
        paper: whose recipe cuts real pictures; those of a stand-in are only mirrored.

    Raises:
        DataError: where labels are at hand without images and the profile takes no stand-in for them, or where too
            many images are missing or unreadable.
    """
    found, side = pictured(key, size=profile.images, seed=seed, stand_in=profile.stand_ins), side_of(paper, profile)
    table = found.table
    if found.source == "real":
        recipe = RECIPES[paper].at(side)
        found, store = found.decoded(size=recipe.store, fit=recipe.fit)
        table, judged = found.table, tested(found.table, seed)
        rows = store.rows(table.frame["image_id"])
        whole = batches(table, store.array, batch_size, recipe.train, recipe.evaluate, rows)
        held = held_out(table, seed) & ~judged
        learn = ~judged & ~held
        test = whole.take(np.flatnonzero(judged))
    else:
        whole = stand_in(key, profile.images, seed, side, batch_size)
        held = held_out(table, seed)
        learn = ~held
        test = stand_in(key, profile.test_images, seed + FRESH, side, batch_size)
    train, val = whole.take(np.flatnonzero(learn)), whole.take(np.flatnonzero(held))
    low, high = table.score_range
    bins = table.bins or tuple(float(score) for score in np.linspace(low, high, 10))
    return Parts(key, train, val, test, bins, tuple(table.attributes), (low, high), found.source, found.detail)


def side_of(paper: str, profile: Profile) -> int:
    """Side in pixels that a paper's networks see: the profile's, no more than its recipe says (some take no other)."""
    return min(profile.image_size, RECIPES[paper].side)


def stand_in(key: str, size: int, seed: int, side: int, batch_size: int = 32, tail: float = 1.0) -> Batches:
    """Return all images of a stand-in with their targets; `tail` is the imbalance of its scores, as in `standin`."""
    table = synthetic(load_card(key), size=size, seed=seed, level="image", tail=tail).table
    return batches(table, pictures(key, size=size, seed=seed, px=side, tail=tail), batch_size, mirror, None)


def tested(table: LabelTable, seed: int) -> np.ndarray:
    """(N,) mask of test rows: the published split where there is one, else a random share."""
    published = table.frame["split"].to_numpy() == "test"
    if published.any():
        return published
    return numpy_generator([seed, 78]).permutation(len(table)) < max(1, round(TEST * len(table)))


def held_out(table: LabelTable, seed: int) -> np.ndarray:
    """(N,) mask of validation rows: the published split where there is one, else a random tenth."""
    published = table.frame["split"].to_numpy() == "validation"
    if published.any():
        return published
    return numpy_generator([seed, 77]).random(len(table)) < VALIDATION


def batches(
    table: LabelTable,
    shown: np.ndarray,
    batch_size: int,
    train: Change,
    evaluate: Change,
    rows: np.ndarray | None = None,
) -> Batches:
    """All rows of a table with their pictures (`rows` of `shown`; None: the same order) and what to learn."""
    targets: dict[str, np.ndarray] = {"score": table.mos.astype(np.float32)}
    if table.bins:
        votes = table.votes()
        targets["hist"] = (votes / votes.sum(1, keepdims=True)).astype(np.float32)
    if table.attributes:
        targets["attributes"] = table.frame[[f"attr_{name}" for name in table.attributes]].to_numpy(np.float32)
    return Batches(shown, targets, table.frame["image_id"].tolist(), batch_size, train, evaluate, rows)


def repeated(train: Batches, share: float, seed: int) -> Batches:
    """Return a random share of the images, each repeated until there are as many rows as before.

    A model trained on them takes as many steps and must end worse: the positive control of comparisons of methods.

    Args:
        train: N images to learn from.
        share: of them that is kept, in (0, 1].
        seed: of the choice.
    """
    kept = numpy_generator([seed, 14]).permutation(len(train))[: max(1, round(share * len(train)))]
    return train.take(np.resize(kept, len(train)))
