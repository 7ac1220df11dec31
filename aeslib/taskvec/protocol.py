"""How personal models are judged: K images of a user to learn from, all others to be tested on (taskvec 4.1, 4.4).

The SRCC is taken user by user, then averaged over users; ranks of different users are never mixed. The last step of
every training is judged, never the best on test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aeslib.errors import ParameterError
from aeslib.metrics import srcc
from aeslib.seeding import numpy_generator

SHOTS = (10, 100)


@dataclass(frozen=True)
class Collection:
    """What one user rated."""

    name: str
    rows: np.ndarray
    """(N,) rows of the pictures."""
    scores: np.ndarray
    """(N,) ratings on the template's scale."""


@dataclass(frozen=True)
class Trial:
    """One draw of one user's images."""

    user: int
    support: np.ndarray
    """(K,) places among the user's images."""
    test: np.ndarray


def trials(users: Sequence[Collection], shots: int, count: int, seed: int) -> list[Trial]:
    """`count` independent draws per user, users first: [user 0 draw 0, user 0 draw 1, …].

    Raises:
        ParameterError: for fewer than two shots, or a user with too few images to be tested on three.
    """
    if shots < 2:
        raise ParameterError(f"{shots}-shot: a preference needs at least 2 rated images.")
    made = []
    for number, user in enumerate(users):
        if len(user.rows) < shots + 3:
            raise ParameterError(f"user {user.name!r} rated {len(user.rows)} images; {shots}-shot needs {shots + 3}.")
        for draw in range(count):
            order = numpy_generator([seed, shots, number, draw]).permutation(len(user.rows))
            made.append(Trial(number, order[:shots], order[shots:]))
    return made


def agreement(pred: np.ndarray, users: Sequence[Collection], trial: Trial, part: str = "test") -> float:
    """SRCC of predictions (N,) for the user's images with the ratings, on one part of them."""
    chosen = trial.support if part == "support" else trial.test
    return float(srcc(pred[chosen], users[trial.user].scores[chosen]))
