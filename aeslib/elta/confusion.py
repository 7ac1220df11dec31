"""How confused are features? A set whose classes and scores are distributed alike; measures and maps (elta A.3).

Letters: K classes, and as many score intervals · N pictures · z features.
"""

import numpy as np

from aeslib.errors import ParameterError
from aeslib.seeding import moved


def matched(theme: np.ndarray, interval: np.ndarray, k: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of a set in which the n-th theme has as many pictures as the n-th score interval.

    Themes and intervals are taken in order of how many pictures they have; the largest such set is found by linear
    programming over the counts of (theme, interval), then the pictures are drawn.

    Args:
        theme: (N,) names.
        interval: (N,) 0 … k - 1.
        k: how many themes to choose.
        size: pictures wanted at most.
        rng: draws them.

    Raises:
        ParameterError: when there are fewer than k themes.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    names, counts = np.unique(theme, return_counts=True)
    if len(names) < k:
        raise ParameterError(f"{len(names)} themes for {k} score intervals; pass pictures of {k} themes at least.")
    by_size = names[np.argsort(-counts, kind="stable")][:k]
    order = np.argsort(-np.bincount(interval, minlength=k), kind="stable")
    cells = [[np.flatnonzero((theme == t) & (interval == i)) for i in order] for t in by_size]
    available = np.array([[len(rows) for rows in line] for line in cells], float)
    alike = np.zeros((k, k, k))
    for n in range(k):  # pictures of theme n less pictures of interval n
        alike[n, n, :] += 1
        alike[n, :, n] -= 1
    limits = [LinearConstraint(alike.reshape(k, -1), 0, 0), LinearConstraint(np.ones((1, k * k)), 0, size)]
    found = milp(-np.ones(k * k), constraints=limits, bounds=Bounds(0, available.ravel()), integrality=np.ones(k * k))
    take = np.rint(found.x).astype(int).reshape(k, k)
    drawn = [rng.permutation(cells[a][b])[: take[a, b]] for a in range(k) for b in range(k)]
    return np.sort(np.concatenate(drawn))


def neighbour_agreement(z: np.ndarray, label: np.ndarray, neighbours: int = 10) -> float:
    """Mean share of each picture's nearest neighbours in feature space that have its label."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=min(neighbours, len(z) - 1) + 1).fit(z).kneighbors(z, return_distance=False)
    return float((label[near[:, 1:]] == label[:, None]).mean())


def map_of(z: np.ndarray) -> np.ndarray:
    """(N, 2) t-SNE of features, each axis in 0–1 (PCA start, seed 0)."""
    from sklearn.manifold import TSNE

    flat = TSNE(2, init="pca", random_state=moved(0), perplexity=min(30, (len(z) - 1) / 3)).fit_transform(z)
    return (flat - flat.min(0)) / np.maximum(np.ptp(flat, 0), 1e-12)
