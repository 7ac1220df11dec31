"""How well one rater agrees with the crowd (mtcnn Table 4), counted with the rater in the crowd's mean and without.

Letters: V votes · N images · R raters.
"""

import numpy as np
import pandas as pd

from aeslib.data.synthetic.raters import Habits, on_scale
from aeslib.errors import ParameterError
from aeslib.metrics import srcc
from aeslib.seeding import numpy_generator

GROUPS = {"(0, 100)": (1, 100), "[100, 200)": (100, 200), "[200, inf)": (200, np.inf)}
"""Rows of Table 4 → fewest images and one more than the most."""
FEWEST = 5
"""Images below which a rank correlation says nothing."""


def uneven_votes(opinion: np.ndarray, habits: Habits, *, per_image: int, spread: float, seed: int) -> pd.DataFrame:
    """Votes by raters who are not equally busy; how busy has nothing to do with how good.

    Args:
        opinion: (N, R) what each rater would say on average, vote units.
        habits: of the crowd.
        per_image: raters an image, all different.
        spread: standard deviation of the logarithm of how busy a rater is.
        seed: of the draw.

    Returns:
        Columns image, rater, score (V = N · per_image rows).
    """
    images, raters = opinion.shape
    if per_image > raters:
        raise ParameterError(f"{per_image} raters an image of a crowd of {raters}; lower per_image.")
    rng = numpy_generator(seed)
    busy = rng.normal(0, spread, raters)
    keys = busy + rng.gumbel(size=opinion.shape)  # the largest of these are a draw without replacement
    rater = np.argpartition(-keys, per_image - 1, axis=1)[:, :per_image].ravel()
    image = np.repeat(np.arange(images), per_image)
    said = opinion[image, rater] + habits.mood * rng.normal(size=len(image))
    return pd.DataFrame({"image": image, "rater": rater, "score": on_scale(said, habits)})


def consistency(votes: pd.DataFrame, model: np.ndarray | None = None) -> pd.DataFrame:
    """Agreement of each rater with the mean vote, on the images they rated.

    Args:
        votes: columns image (0 … N − 1), rater, score.
        model: (N,) a model's scores, held against the same means on the same images.

    Returns:
        Index rater; columns images, SRCC (with the rater's own vote in the mean, as the paper has it) and SRCC_out
        (without it); with a model also model and model_out. Raters of fewer than five images are left out.
    """
    by_image = votes.groupby("image")["score"]
    total, count = by_image.transform("sum"), by_image.transform("size")
    if (count < 2).any():
        raise ParameterError("an image with a single vote has no mean without that rater; give every image two votes.")
    table = votes.assign(mean=total / count, others=(total - votes["score"]) / (count - 1))
    made = {}
    for rater, own in table.groupby("rater"):
        if len(own) < FEWEST:
            continue
        said, mean, others = (own[name].to_numpy(float) for name in ("score", "mean", "others"))
        line: dict[str, float] = {"images": len(own), "SRCC": srcc(said, mean), "SRCC_out": srcc(said, others)}
        if model is not None:
            seen = model[own["image"].to_numpy()]
            line |= {"model": srcc(seen, mean), "model_out": srcc(seen, others)}
        made[rater] = line
    return pd.DataFrame.from_dict(made, orient="index", dtype=float).rename_axis("rater")


def grouped(raters: pd.DataFrame) -> pd.DataFrame:
    """Table 4: means over raters by how many images they rated; the paper's first row holds everybody below 100.

    Returns:
        Index GROUPS and "all"; column raters, then the mean of each of `consistency`'s columns but `images`.
    """
    parts = {
        name: raters[raters["images"].between(low, high, inclusive="left")] for name, (low, high) in GROUPS.items()
    }
    parts["all"] = raters
    means = {name: part.drop(columns="images").mean() for name, part in parts.items()}
    return pd.DataFrame(means).T.assign(raters=[len(part) for part in parts.values()])
