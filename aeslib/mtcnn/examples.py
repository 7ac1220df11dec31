"""Which pictures to show: from the lowest true score to the highest, the best or the worst predicted of each tenth."""

import numpy as np

from aeslib.errors import ParameterError


def per_decile(truth: np.ndarray, pred: np.ndarray, *, worst: bool = False, parts: int = 10) -> np.ndarray:
    """(parts,) rows, one per equal share of the images in order of truth: the one with the least (or largest) error.

    The paper picks by hand "the most successful predictions ranging from low to high"; this picks by rule.
    """
    if len(truth) < parts:
        raise ParameterError(f"{len(truth)} images cannot be cut into {parts} parts; pass parts={len(truth)} or fewer.")
    error = np.abs(pred - truth) * (-1 if worst else 1)
    return np.array([rows[error[rows].argmin()] for rows in np.array_split(np.argsort(truth, kind="stable"), parts)])
