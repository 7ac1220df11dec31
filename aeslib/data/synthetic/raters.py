"""Raters: who votes in the generated world, why they differ, and their votes.

A rater has a persona (Big Five, artistic and photographic level, age band) and a taste: weights of their own that
depend on the persona in the way `PERSONA_WEIGHTS` says, plus what is theirs alone. Means, histograms and per-user
lists are all made from the same votes.
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

PERSONA_WEIGHTS: dict[str, dict[str, float]] = {
    "O": {"harmony": 0.5, "motion": 0.5, "object": -0.4},
    "C": {"symmetry": 0.7, "simplicity": 0.5},
    "E": {"vivid": 0.8, "content": 0.4},
    "A": {"light": 0.4, "depth": 0.3, "contrast": -0.3},
    "N": {"vivid": -0.4, "balance": 0.5, "contrast": -0.4},
    "artistic": {"harmony": 0.8, "balance": 0.6, "vivid": -0.6},
    "photographic": {"sharp": 0.6, "clean": 0.7, "thirds": 0.7, "content": -0.5},
    "age": {"contrast": -0.4, "vivid": 0.3},
}
"""Change of a quality's weight per standard deviation of a trait: how taste depends on the persona."""


@dataclass(frozen=True)
class Crowd:
    """R raters: personas, kinds and tastes."""

    people: pd.DataFrame
    """One row each: user_id, kind, near, O, C, E, A, N (1-10), artistic, photographic (LEVELS), age (AGES)."""
    tastes: np.ndarray
    """(R, Q) weights on the qualities that are the rater's own, personas' part included."""
    mixtures: np.ndarray
    """(R, J) shares of the known criteria in the taste; zero for kind `none`."""
    lenience: np.ndarray
    """(R,) standing offset in vote units' standard deviations."""

    def __len__(self) -> int:
        return len(self.people)


def draw_crowd(rng: np.random.Generator, n: int, prefix: str, criteria: tuple[str, ...], kinds: bool) -> Crowd:
    """n raters; with `kinds` their tastes are mixtures of known criteria, near one, or near none of them."""
    traits = np.clip(np.rint(rng.normal(6, 1.7, (n, 5))), 1, 10).astype(int)
    art, photo = (rng.choice(4, n, p=[0.35, 0.35, 0.2, 0.1]) for _ in range(2))
    age = rng.choice(len(AGES), n)
    kind = rng.choice(KINDS, n, p=[0.4, 0.3, 0.3]) if kinds else np.full(n, "none")
    mixtures = rng.dirichlet(np.full(len(criteria), 0.6), n)
    nearest = rng.integers(len(criteria), size=n)
    mixtures[kind == "near"] = 0.1 / len(criteria) + 0.9 * np.eye(len(criteria))[nearest[kind == "near"]]
    mixtures[kind == "none"] = 0
    people = pd.DataFrame(traits, columns=list(TRAITS))
    people.insert(0, "user_id", [f"{prefix}{i:04d}" for i in range(n)])
    people["artistic"], people["photographic"] = np.array(LEVELS)[art], np.array(LEVELS)[photo]
    people["age"], people["kind"] = np.array(AGES)[age], kind
    people["near"] = np.where(kind == "near", np.array(criteria)[nearest], "")
    standard = np.column_stack([(traits - 6) / 1.7, (art - 1) / 0.95, (photo - 1) / 0.95, (age - 2) / 1.4])
    tastes = standard @ persona_matrix() + rng.normal(0, 0.35, (n, len(QUALITIES)))
    return Crowd(people, tastes, mixtures, rng.normal(0, 1, n))


def persona_matrix() -> np.ndarray:
    """(8, Q) `PERSONA_WEIGHTS` as a matrix."""
    return np.array([[row.get(name, 0.0) for name in QUALITIES] for row in PERSONA_WEIGHTS.values()])


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
    """Share of that variance that is taste; the rest is mood (0.45) and lenience."""


def opinions(level: np.ndarray, likes: np.ndarray, crowd: Crowd, habits: Habits) -> np.ndarray:
    """(N, R) what each rater would say on average: the image's level, their taste, their lenience.

    Args:
        level: (N,) the crowd's opinion in vote units.
        likes: (N, R) how much more each rater likes each image than the crowd does, mean 0 and variance 1.
        crowd: the R raters.
        habits: how they vote.
    """
    lenient = np.sqrt(max(0.55 - habits.personal, 0.0)) * (crowd.lenience - crowd.lenience.mean())
    return level[:, None] + habits.spread * (np.sqrt(habits.personal) * likes + lenient)


def mood(habits: Habits) -> float:
    """Standard deviation of what is left to chance in one vote."""
    return habits.spread * float(np.sqrt(1 - max(habits.personal, 0.55)))


def cast(rng: np.random.Generator, opinion: np.ndarray, habits: Habits) -> pd.DataFrame:
    """Votes on the scale's steps: columns image (0 to N - 1), rater (0 to R - 1), score."""
    n, crowd = opinion.shape
    low, high = habits.votes
    count = np.minimum(rng.integers(low, high + 1, n), crowd)
    image = np.repeat(np.arange(n), count)
    turn = np.arange(len(image)) - np.repeat(np.cumsum(count) - count, count)
    start = np.asarray(rng.integers(crowd, size=n))
    stride = np.asarray(rng.choice([k for k in range(1, crowd + 1) if np.gcd(k, crowd) == 1], n))
    rater = (start[image] + turn * stride[image]) % crowd
    score = on_scale(opinion[image, rater] + rng.normal(0, mood(habits), len(image)), habits)
    return pd.DataFrame({"image": image, "rater": rater, "score": score})


def on_scale(opinion: np.ndarray, habits: Habits) -> np.ndarray:
    """Opinions rounded to the steps of the scale."""
    return np.clip(np.rint(opinion / habits.step) * habits.step, *habits.scale)


def expected(opinion: np.ndarray, habits: Habits) -> np.ndarray:
    """(N,) the mean vote if everybody in the crowd voted for ever: the best any model can know."""
    low, high = habits.scale
    edges = np.arange(low, high, habits.step) + habits.step / 2
    total = np.full(len(opinion), float(low))
    for edge in edges:
        total += habits.step * ndtr((opinion - edge) / mood(habits)).mean(axis=1)
    return total
