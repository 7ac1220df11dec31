"""The Taste Lab's arithmetic: what was rated, what that says of a taste, and what to ask next.

A taste is a change w of the coefficients around the crowd's merge. To first order the score of picture i is
f_i + ⟨x_i, w⟩ with x_i the slopes at the merge. Every rating orders pairs of pictures (Bradley-Terry, taskvec Eq 3),
w has a normal prior, and its posterior is taken as normal around its mode (Laplace). Beyond Eq 3 all of this is ours.

Letters: M pictures · D coefficients (tasks × layers) · P ordered pairs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.special import expit

from aeslib.errors import DataError, ParameterError
from aeslib.metrics import STATISTICS, Interval, bootstrap, srcc
from aeslib.paths import write_text
from aeslib.seeding import numpy_generator

PRIOR = 0.5
"""Standard deviation of each coefficient's change; chosen on raters of another seed."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


@dataclass(frozen=True)
class Session:
    """What somebody has said so far, in order; never changed in place, so that undo is simple."""

    events: tuple[tuple[str, str, float | str], ...] = ()
    """("rate", picture, score) and ("duel", winner, loser)."""

    def rate(self, picture: str, score: float) -> "Session":
        """With one more rating; a picture rated anew has its last score."""
        if not np.isfinite(score):
            raise ParameterError(f"the score of {picture!r} is {score}; expected a number.")
        return replace(self, events=(*self.events, ("rate", picture, float(score))))

    def duel(self, winner: str, loser: str) -> "Session":
        """With one more preference."""
        if winner == loser:
            raise ParameterError(f"{winner!r} cannot be compared with itself.")
        return replace(self, events=(*self.events, ("duel", winner, loser)))

    def undo(self) -> "Session":
        """Without the last answer; the same when there is none."""
        return replace(self, events=self.events[:-1])

    def first(self, count: int) -> "Session":
        """As it was after that many answers."""
        return replace(self, events=self.events[:count])

    def __len__(self) -> int:
        return len(self.events)

    @property
    def ratings(self) -> dict[str, float]:
        """Picture → its last score."""
        return {picture: float(score) for kind, picture, score in self.events if kind == "rate"}

    @property
    def seen(self) -> set[str]:
        """Pictures in any answer."""
        duels = {str(loser) for kind, _, loser in self.events if kind == "duel"}
        return {picture for _, picture, _ in self.events} | duels

    def pairs(self, row: Mapping[str, int]) -> np.ndarray:
        """(P, 2) rows (preferred, other): every two pictures with different scores, and every duel."""
        rated = [(row[name], score) for name, score in self.ratings.items() if name in row]
        made = [(a, b) if s > t else (b, a) for k, (a, s) in enumerate(rated) for b, t in rated[:k] if s != t]
        made += [(row[w], row[str(x)]) for kind, w, x in self.events if kind == "duel" and w in row and x in row]
        return np.array(made, int).reshape(-1, 2)

    def save(self, path: Path) -> None:
        """As JSON, atomically."""
        write_text(path, json.dumps({"taste lab": 1, "events": self.events}, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Session":
        """From JSON; `DataError` when the file is no session of the lab."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            session = cls()
            for kind, picture, other in found["events"]:
                if not isinstance(picture, str):
                    raise TypeError(f"{picture!r:.40} is no picture's name")
                session = session.rate(picture, float(other)) if kind == "rate" else session.duel(picture, str(other))
        except (OSError, ValueError, OverflowError, RecursionError, KeyError, TypeError) as error:
            raise DataError(f"{path.name} is no saved session of the Taste Lab ({error}); choose another.") from error
        return session


@dataclass(frozen=True)
class Gallery:
    """Pictures of the lab with what the task models say of them."""

    names: tuple[str, ...]
    crowd: np.ndarray
    """(M,) mean score of the task models: nobody's taste in particular."""
    value: np.ndarray
    """(M,) scores of the uniform merge."""
    slope: np.ndarray
    """(M, n, L) of the merge in the coefficients."""
    note: str = ""
    """Which images these are and how they were chosen, in words for the user."""
    row: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.crowd) == len(self.value) == len(self.slope):
            raise ParameterError(f"{len(self.names)} names, {len(self.crowd)} scores, {len(self.slope)} slopes.")
        object.__setattr__(self, "row", {name: k for k, name in enumerate(self.names)})

    @property
    def x(self) -> np.ndarray:
        """(M, D) slopes."""
        return self.slope.reshape(len(self.names), -1).astype(float)


@dataclass(frozen=True)
class Taste:
    """What is known after some answers."""

    scores: np.ndarray
    """(M,) personal scores."""
    change: np.ndarray
    """(D,) most probable change of the coefficients."""
    covariance: np.ndarray
    """(D, D) of it."""

    def coefficients(self, shape: tuple[int, int]) -> np.ndarray:
        """(n, L) coefficients: the crowd's 1/n and the change."""
        return 1 / shape[0] + self.change.reshape(shape)


def infer(gallery: Gallery, pairs: np.ndarray, prior: float = PRIOR) -> Taste:
    """The taste after P ordered pairs, by Newton's method on a convex loss (a few milliseconds).

    Pairs from one rated list are not independent: together they count as much as there are pictures in them.
    """
    x, size = gallery.x, gallery.slope[0].size
    precision, w = np.eye(size) / prior**2, np.zeros(size)
    if not len(pairs):
        return Taste(gallery.value.astype(float), w, np.linalg.inv(precision))
    gap, difference = gallery.value[pairs[:, 0]] - gallery.value[pairs[:, 1]], x[pairs[:, 0]] - x[pairs[:, 1]]
    share = min(1.0, len(np.unique(pairs)) / len(pairs))
    for _ in range(25):
        wrong = expit(-(gap + difference @ w))  # probability of the other answer
        slope = w / prior**2 - share * difference.T @ wrong
        curve = precision + share * (difference.T * (wrong * (1 - wrong))) @ difference
        step = np.linalg.solve(curve, slope)
        w = w - step
        if np.abs(step).max() < 1e-8:
            break
    return Taste(gallery.value + x @ w, w, np.linalg.inv(curve))


def entropy(p: np.ndarray) -> np.ndarray:
    """Of a coin, in bits."""
    q = np.clip(p, 1e-12, 1 - 1e-12)
    return -(q * np.log2(q) + (1 - q) * np.log2(1 - q))


def information(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Bits that a duel is expected to tell: entropy of its outcome less the mean entropy given the taste.

    Args:
        mean: expected difference of the two scores.
        variance: of that difference under the taste's posterior.
    """
    p = expit(mean[..., None] + np.sqrt(variance)[..., None] * NODES)
    weight = WEIGHTS / WEIGHTS.sum()
    return entropy(p @ weight) - entropy(p) @ weight


def next_duel(gallery: Gallery, taste: Taste, rng: np.random.Generator, tried: int = 400) -> tuple[str, str]:
    """The most telling of some random pairs."""
    if len(gallery.names) < 2:
        raise ParameterError(f"{len(gallery.names)} pictures; a duel needs two.")
    a = rng.integers(0, len(gallery.names), tried)
    b = (a + rng.integers(1, len(gallery.names), tried)) % len(gallery.names)
    difference = gallery.x[a] - gallery.x[b]
    variance = ((difference @ taste.covariance) * difference).sum(1)
    best = int(information(taste.scores[a] - taste.scores[b], variance).argmax())
    return gallery.names[a[best]], gallery.names[b[best]]


def next_picture(gallery: Gallery, taste: Taste, session: Session) -> str | None:
    """The picture not yet seen whose rating is expected to tell most against those rated; None when all are rated.

    A rating orders the picture against each one rated before: its information is the mean over those duels. The first
    picture is the one that the crowd finds most middling.
    """
    left = [k for k, name in enumerate(gallery.names) if name not in session.seen]
    if not left:
        return None
    known = [gallery.row[name] for name in session.ratings if name in gallery.row]
    if not known:
        return gallery.names[left[int(np.abs(gallery.crowd[left] - np.median(gallery.crowd)).argmin())]]
    x = gallery.x
    difference = x[left][:, None] - x[known][None]  # (left, known, D)
    variance = ((difference @ taste.covariance) * difference).sum(-1)
    told = information(taste.scores[left][:, None] - taste.scores[known][None], variance).mean(1)
    return gallery.names[left[int(told.argmax())]]


@dataclass(frozen=True)
class Rater:
    """A simulated person: a true opinion of every picture, and how consistent they are."""

    opinion: np.ndarray
    """(M,) what they would say on average, in standard deviations."""
    noise: float = 0.3

    def rate(self, row: int, rng: np.random.Generator, steps: int = 5) -> float:
        """A score from 1 to `steps`."""
        felt = self.opinion[row] + self.noise * rng.normal()
        return float(np.clip(np.rint((steps + 1) / 2 + felt * steps / 4), 1, steps))

    def prefers(self, a: int, b: int, rng: np.random.Generator) -> bool:
        """Whether they take the first of two."""
        return bool(self.opinion[a] - self.opinion[b] + self.noise * rng.normal() * 2**0.5 > 0)


def simulate(gallery: Gallery, rater: Rater, count: int, seed: int = 0, *, duels: bool = False) -> Session:
    """A session of `count` answers by a simulated rater, each question chosen as for a person."""
    rng, session = numpy_generator(seed), Session()
    for _ in range(count):
        taste = infer(gallery, session.pairs(gallery.row))
        if duels:
            a, b = next_duel(gallery, taste, rng)
            first = rater.prefers(gallery.row[a], gallery.row[b], rng)
            session = session.duel(a, b) if first else session.duel(b, a)
        else:
            picture = next_picture(gallery, taste, session)
            if picture is None:
                break
            session = session.rate(picture, rater.rate(gallery.row[picture], rng))
    return session


def margin(gallery: Gallery, session: Session, truth: np.ndarray, resamples: int = 1000) -> tuple[Interval, Interval]:
    """SRCC of personal scores with the truth on pictures not seen, and its lead over the crowd's, with intervals."""
    rest = np.array([k for k, name in enumerate(gallery.names) if name not in session.seen])
    personal = infer(gallery, session.pairs(gallery.row)).scores[rest]
    own = bootstrap(STATISTICS["SRCC"], personal, truth[rest], resamples=resamples)
    lead = bootstrap(STATISTICS["SRCC"], personal, truth[rest], minus=gallery.crowd[rest], resamples=resamples)
    return own, lead


def curve(
    gallery: Gallery, session: Session, sizes: Sequence[int], truth: np.ndarray | None = None
) -> list[dict[str, float]]:
    """Learning curve: after the first k answers, SRCC on pictures not seen by then, with its interval.

    Args:
        gallery: the pictures.
        session: all answers.
        sizes: the k; those that leave fewer than five pictures to be judged on are left out.
        truth: (M,) true opinions of a simulated rater; None: a person's own later ratings are the judge.
    """
    made = []
    for k in sizes:
        past = session.first(k)
        later = {n: s for n, s in session.ratings.items() if n not in past.seen and n in gallery.row}
        if truth is None:
            rest, wanted = [gallery.row[n] for n in later], np.array(list(later.values()))
        else:
            rest = [i for i, name in enumerate(gallery.names) if name not in past.seen]
            wanted = truth[rest]
        if len(rest) >= 5 and k <= len(session):
            scores = infer(gallery, past.pairs(gallery.row)).scores[rest]
            found = bootstrap(STATISTICS["SRCC"], scores, wanted, resamples=300)
            made.append({"answers": k, "here": found.value, "low": found.low, "high": found.high,
                         "crowd": float(srcc(gallery.crowd[rest], wanted))})  # fmt: skip
    return made


def differences(gallery: Gallery, taste: Taste, count: int = 4) -> tuple[list[str], list[str]]:
    """Pictures that this taste ranks most above the crowd, and most below it."""
    places = [scores.argsort().argsort() for scores in (taste.scores, gallery.crowd)]
    order = np.argsort(places[0] - places[1])
    return [gallery.names[k] for k in order[::-1][:count]], [gallery.names[k] for k in order[:count]]


def ranking(gallery: Gallery, scores: np.ndarray, count: int = 6) -> list[str]:
    """The best pictures under these scores."""
    return [gallery.names[k] for k in np.argsort(-scores, kind="stable")[:count]]
