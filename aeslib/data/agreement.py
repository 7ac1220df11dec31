"""How well the raters of a data set agree: with each other, with the crowd and with themselves.

All functions take single ratings with the columns `image_id`, `user_id` and `score`, as `load(key, level="rating")`
gives them. Raters are compared within a *block*: all raters who rated exactly the same images. OASIS beauty has four
blocks of 225 images. Correlations are Spearman's (SRCC); a rater who gives every image the same score has none.

Letters: R raters · N images of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from aeslib.errors import ParameterError
from aeslib.seeding import numpy_generator


@dataclass(frozen=True)
class Block:
    """Raters who all rated the same images."""

    users: tuple[str, ...]
    images: tuple[str, ...]
    scores: np.ndarray
    """(R, N) ratings, one row per user."""


@dataclass(frozen=True)
class Variance:
    """Variance of single ratings by source, in squared units of the score."""

    image: float
    """What raters share: differences between images."""
    rater: float
    """Differences between raters in their mean score (leniency)."""
    rest: float
    """What is left: personal taste together with noise, which one rating per image and rater cannot tell apart."""


def blocks(ratings: pd.DataFrame) -> list[Block]:
    """Return the blocks of raters with equal sets of images, the one with most raters first.

    Args:
        ratings: columns image_id, user_id and score; one row per image and user.

    Raises:
        ParameterError: when a user rated an image twice.
    """
    if ratings.duplicated(["image_id", "user_id"]).any():
        raise ParameterError("a user rated an image twice; agreement needs one rating per image and user.")
    images_of = ratings.groupby("user_id", sort=False)["image_id"].agg(frozenset)
    groups = [ratings[ratings["user_id"].isin(users.index)] for _, users in images_of.groupby(images_of, sort=False)]
    tables = [group.pivot(index="user_id", columns="image_id", values="score") for group in groups]
    tables.sort(key=lambda table: (-len(table), table.columns[0]))
    return [Block(tuple(table.index), tuple(table.columns), table.to_numpy(float)) for table in tables]


def _several(ratings: pd.DataFrame, least: int) -> Iterator[Block]:
    """Yield the blocks, or raise `ParameterError` where one has fewer than `least` raters."""
    for block in blocks(ratings):
        if len(block.users) < least:
            raise ParameterError(
                f"{len(block.users)} rater(s) rated the same {len(block.images)} images; agreement needs {least} or "
                "more raters with exactly the same images."
            )
        yield block


def _standard_ranks(scores: np.ndarray) -> np.ndarray:
    """(R, N) mid-ranks of each row with mean 0 and norm 1, so that SRCC is a product; NaN for constant rows."""
    ranks = rankdata(scores, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(ranks, axis=1, keepdims=True)
    return ranks / np.where(norm > 0, norm, np.nan)


def leave_one_out(ratings: pd.DataFrame) -> pd.Series:
    """Return each rater's SRCC with the mean score of the other raters of the block.

    Args:
        ratings: columns image_id, user_id and score.

    Returns:
        (R,) SRCC by user_id; NaN for raters whose scores, or whose others' means, are constant.

    Raises:
        ParameterError: when a rater shares the set of images with nobody.
    """
    values: dict[str, float] = {}
    for block in _several(ratings, 2):
        others = (block.scores.sum(axis=0) - block.scores) / (len(block.users) - 1)
        agreement = (_standard_ranks(block.scores) * _standard_ranks(others)).sum(axis=1)
        values |= dict(zip(block.users, agreement, strict=True))
    return pd.Series(values, name="SRCC").rename_axis("user_id")


def pairwise(ratings: pd.DataFrame) -> np.ndarray:
    """Return the SRCC of every two raters of the same block, constant raters left out.

    Args:
        ratings: columns image_id, user_id and score.

    Returns:
        (P,) values, each pair of raters once. Their mean weights every pair alike, so large blocks count more.

    Raises:
        ParameterError: when a rater shares the set of images with nobody.
    """
    values = []
    for block in _several(ratings, 2):
        ranks = _standard_ranks(block.scores)
        ranks = ranks[~np.isnan(ranks[:, 0])]
        values.append((ranks @ ranks.T)[np.triu_indices(len(ranks), 1)])
    return np.concatenate(values)


def split_half(ratings: pd.DataFrame, *, halves: int = 100, seed: int = 0) -> np.ndarray:
    """Return the SRCC of the images' mean scores by two halves of the raters, for several random halvings.

    Each block is halved on its own (of an odd number of raters the second half has one more). The means of all blocks'
    images are ranked together. Nothing is corrected for the halved number of raters.

    Args:
        ratings: columns image_id, user_id and score.
        halves: how many times raters are halved at random.
        seed: seed of the halvings.

    Returns:
        (halves,) values.

    Raises:
        ParameterError: when a rater shares the set of images with nobody.
    """
    rng, several = numpy_generator(seed), list(_several(ratings, 2))
    values = np.empty(halves)
    for k in range(halves):
        means = [_half_means(block.scores, rng) for block in several]
        values[k] = np.prod(_standard_ranks(np.concatenate(means, axis=1)), axis=0).sum()
    return values


def _half_means(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(2, N) mean scores of two random halves of the rows."""
    order = rng.permutation(len(scores))
    middle = len(scores) // 2
    return np.stack([scores[order[:middle]].mean(axis=0), scores[order[middle:]].mean(axis=0)])


def retest(pairs: pd.DataFrame) -> pd.Series:
    """Return the SRCC of each rater's first ratings with the second ratings of the same images.

    Args:
        pairs: columns rater, first and second; one row per rater and image.

    Returns:
        (R,) SRCC by rater; NaN for raters with constant scores on either occasion.
    """
    occasions = pairs.groupby("rater")[["first", "second"]]
    values = {rater: np.prod(_standard_ranks(rows.to_numpy(float).T), axis=0).sum() for rater, rows in occasions}
    return pd.Series(values, name="SRCC").rename_axis("rater")


def variance_components(ratings: pd.DataFrame) -> Variance:
    """Return the variances of image, rater and rest, averaged over blocks of equal weight.

    Within a block every rater rated every image once. The components of this crossed random-effects design are
    estimated from its mean squares (ANOVA estimator): rest = MS_rest, image = (MS_image − MS_rest) / R and
    rater = (MS_rater − MS_rest) / N. Differences between blocks are in none of them.

    Args:
        ratings: columns image_id, user_id and score.

    Raises:
        ParameterError: when a block has fewer than two raters or images.
    """
    parts = np.array([_components(block.scores) for block in _several(ratings, 2)])
    image, rater, rest = parts.mean(axis=0)
    return Variance(float(image), float(rater), float(rest))


def _components(scores: np.ndarray) -> tuple[float, float, float]:
    """Return the variances of image, rater and rest of one crossed block (R, N)."""
    raters, images = scores.shape
    if images < 2:
        raise ParameterError("a block has a single image; its variance needs two or more.")
    mean, by_rater, by_image = scores.mean(), scores.mean(axis=1), scores.mean(axis=0)
    rest = ((scores - by_rater[:, None] - by_image + mean) ** 2).sum() / ((raters - 1) * (images - 1))
    image = (raters * by_image.var(ddof=1) - rest) / raters
    rater = (images * by_rater.var(ddof=1) - rest) / images
    return image, rater, rest
