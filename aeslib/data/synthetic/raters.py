"""Raters: who votes in the generated world, why they differ, and their votes.

A rater has a persona (Big Five, artistic and photographic level, age band) and a taste: weights of their own that
depend on the persona in the way `PERSONA_WEIGHTS` says, plus what is theirs alone. Means, histograms and per-user
lists are all made from the same votes.
Letters: N images · R raters · V votes · Q qualities · J known criteria.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from aeslib.data.synthetic.truth import QUALITIES

LEVELS = ("beginner", "competent", "proficient", "expert")
AGES = ("18-21", "22-25", "26-29", "30-34", "35-40")
TRAITS = ("O", "C", "E", "A", "N")
KINDS = ("mixture", "near", "none")
MOOD, LENIENCE = 0.45, 0.55
"""Shares of the variance of single votes: chance, and (what taste leaves of it) strictness."""

PERSONA_WEIGHTS: dict[str, dict[str, float]] = {
    "O": {"harmony": 0.8, "motion": 0.8, "content": -1.2},
    "C": {"simplicity": 0.8, "sharp": 0.7, "symmetry": 0.6},
    "E": {"vivid": 1.5, "content": 0.8},
    "A": {"light": 0.7, "depth": 0.6, "contrast": -0.9},
    "N": {"vivid": -0.9, "contrast": -0.9, "depth": 0.4},
    "art": {"vivid": -1.4, "contrast": 1.0, "harmony": 0.6, "balance": 0.5},
    "photo": {"sharp": 1.1, "clean": 1.1, "light": 0.6, "content": -1.2, "thirds": 0.4},
    "age": {"contrast": -0.7, "vivid": 0.5},
}
"""How much more a quality weighs per standard deviation of a trait: how taste depends on the persona."""
OWN_TASTE = 0.5
"""Standard deviation of each quality's weight that no persona explains."""


@dataclass(frozen=True)
class Crowd:
    """R raters."""

    people: pd.DataFrame
    """One row each: user_id, age (AGES), artExperience, photographyExperience (LEVELS), personality-O … -N (1 to 10),
    kind (KINDS), near (a key or ""), mix_KEY (share of that criterion in the taste)."""
    tastes: np.ndarray
    """(Q + J, R) likes per quality and per known criterion; their mean over the crowd is 0."""
    lenience: np.ndarray
    """(R,) standing strictness, mean 0 and about unit variance."""


def draw_crowd(rng: np.random.Generator, n: int, prefix: str, known: tuple[str, ...], spread: np.ndarray) -> Crowd:
    """n raters of the crowd `prefix`.

    Args:
        rng: source of chance.
        n: how many.
        prefix: begins their names.
        known: keys of criteria that tastes are made of (kinds `mixture` and `near`); empty: kind is "none".
        spread: (Q + J, Q + J) covariance of qualities and known criteria over images: tastes are made equally strong.
    """
    traits = np.clip(np.rint(rng.normal(6, 1.7, (n, 5))), 1, 10)
    art, photo = (rng.choice(4, n, p=[0.35, 0.35, 0.2, 0.1]) for _ in range(2))
    age = rng.choice(len(AGES), n)
    standard = np.column_stack([(traits - 6) / 1.7, (art - 1) / 0.95, (photo - 1) / 0.95, (age - 2) / 1.4])
    kind, near, mixture = _kinds(rng, n, len(known))
    people = pd.DataFrame({"user_id": [f"{prefix}-{i:04d}" for i in range(n)], "age": np.array(AGES)[age]})
    people["artExperience"], people["photographyExperience"] = np.array(LEVELS)[art], np.array(LEVELS)[photo]
    people[[f"personality-{trait}" for trait in TRAITS]] = traits.astype(int)
    people["kind"], people["near"] = kind, np.array([*known, ""])[near]
    people[[f"mix_{key}" for key in known]] = mixture
    tastes = _tastes(standard, rng.normal(0, OWN_TASTE, (n, len(QUALITIES))), mixture, spread)
    lenience = rng.normal(0, 1, n)
    return Crowd(people, tastes, lenience - lenience.mean())


def _kinds(rng: np.random.Generator, n: int, known: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kind, index of the nearest criterion (-1: none) and (n, J) shares of the known criteria (a mixture has two)."""
    if not known:
        return np.full(n, "none"), np.full(n, -1), np.zeros((n, 0))
    kind = rng.choice(KINDS, n, p=[0.4, 0.3, 0.3])
    near = np.where(kind == "near", rng.integers(0, known, n), -1)
    pair = rng.permuted(np.tile(np.arange(known), (n, 1)), axis=1)[:, :2]
    share = rng.uniform(0.35, 0.65, n)[:, None]
    mixture = share * np.eye(known)[pair[:, 0]] + (1 - share) * np.eye(known)[pair[:, 1]]
    mixture[kind == "near"] = np.eye(known)[near[kind == "near"]]
    mixture[kind == "none"] = 0
    return kind, near, mixture


def _tastes(standard: np.ndarray, own: np.ndarray, mixture: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(Q + J, R): persona and own weights on qualities, a third as strong beside known criteria.

    Those with and those without known criteria balance each among themselves: the crowd's opinion stays its middle.
    """
    weights = np.array([[row.get(name, 0.0) for name in QUALITIES] for row in PERSONA_WEIGHTS.values()])
    personal = (standard @ weights + own).T
    personal /= np.sqrt(_variance(personal, spread))
    mixed = mixture.sum(axis=1) > 0
    tastes = np.concatenate([personal * np.where(mixed, 0.35, 1), mixture.T])
    alone = 1 in (mixed.sum(), (~mixed).sum())  # nobody to balance one person: then all do
    for group in [np.full(len(mixed), True)] if alone else [mixed, ~mixed]:
        if group.any():
            tastes[:, group] -= tastes[:, group].mean(axis=1, keepdims=True)
            tastes[:, group] /= np.sqrt(_variance(tastes[:, group], spread).mean())
    return tastes


def _variance(tastes: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(R,) variance over images of what tastes (K, R) say, from the first K rows and columns of `spread`."""
    return (tastes * (spread[: len(tastes), : len(tastes)] @ tastes)).sum(axis=0)


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a crowd votes, in vote units."""

    scale: tuple[float, float]
    step: float = 1.0
    votes: tuple[int, int] = (5, 5)
    """Fewest and most votes an image gets."""
    spread: float = 1.0
    """Standard deviation of single votes about the image's mean."""
    personal: float = 0.35
    """Share of that variance that is taste, at most `LENIENCE`."""
    shared: float = 0.0
    """Standard deviation of what chance gives all voters of one image together: the contest, the neighbours."""

    @property
    def mood(self) -> float:
        """Standard deviation of what is left to chance in one vote."""
        return self.spread * MOOD**0.5


def opinions(level: np.ndarray, likes: np.ndarray, crowd: Crowd, habits: Habits) -> np.ndarray:
    """(N, R) what each rater would say on average: the crowd's level (N,), their taste (N, R), their lenience."""
    lenient = np.sqrt(LENIENCE - habits.personal) * crowd.lenience
    return level[:, None] + habits.spread * (np.sqrt(habits.personal) * likes + lenient)


def cast(rng: np.random.Generator, opinion: np.ndarray, habits: Habits) -> pd.DataFrame:
    """(V rows) votes on the scale's steps: columns image (0 to N - 1), rater (0 to R - 1), score.

    Each image's raters are R's residues of an arithmetic sequence: all different, everybody equally busy.
    """
    n, crowd = opinion.shape
    count = np.minimum(np.asarray(rng.integers(habits.votes[0], habits.votes[1] + 1, n)), crowd)
    image = np.repeat(np.arange(n), count)
    turn = np.arange(len(image)) - np.repeat(np.cumsum(count) - count, count)
    start = np.asarray(rng.integers(0, crowd, n))
    stride = np.asarray(rng.choice([k for k in range(1, crowd + 1) if np.gcd(k, crowd) == 1], n))
    rater = (start[image] + turn * stride[image]) % crowd
    common = np.asarray(rng.normal(size=n))
    chance = habits.shared * common[image] + habits.mood * rng.normal(size=len(image))
    return pd.DataFrame({"image": image, "rater": rater, "score": on_scale(opinion[image, rater] + chance, habits)})


def on_scale(opinion: np.ndarray, habits: Habits) -> np.ndarray:
    """Opinions rounded to the steps of the scale."""
    return np.clip(np.rint(opinion / habits.step) * habits.step, *habits.scale)


def expected(opinion: np.ndarray, habits: Habits) -> np.ndarray:
    """Opinions (N, R) to the mean votes they lead to, chance integrated out exactly."""
    low, high = habits.scale
    edges = np.arange(low, high, habits.step) + habits.step / 2
    chance = np.hypot(habits.mood, habits.shared)
    total = np.full(opinion.shape, float(low))
    for edge in edges:
        total += habits.step * ndtr((opinion - edge) / chance)
    return total
