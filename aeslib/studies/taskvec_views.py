"""Users of `taskvec`, and what the task models say of their pictures.

Users belong to worlds that no task was trained on: the stand-ins for REAL-CUR and AADB, and new people with new
pictures of the stand-in for Flickr-AES. Where real pictures with their raters are at hand, those are the users.

Letters: n tasks · M pictures · U users.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from aeslib.data import describe_source, pictured
from aeslib.data.load import Dataset
from aeslib.data.sources import cached
from aeslib.data.synthetic import pictures
from aeslib.data.synthetic.standins import people
from aeslib.data.transforms import RECIPES
from aeslib.profiles import Profile
from aeslib.studies.core import Outcome, Reads, Study, run_study
from aeslib.studies.parts import side_of
from aeslib.studies.taskvec_tasks import sets, stack_of, start_model, tower_features
from aeslib.taskvec.network import Which
from aeslib.taskvec.protocol import Collection
from aeslib.taskvec.solve import Tangent, tangent
from aeslib.taskvec.tasks import TASKS, on_template
from aeslib.taskvec.vectors import TaskStack
from aeslib.training import Batches

WORLDS = {"real_cur": 14, "aadb": 22, "flickr_aes": 37}
"""Where users come from → how many the paper tests (4.1)."""
PEOPLE = 2000
"""Seed of the users' worlds: other people and other pictures than any task has seen."""
IMAGES = 4000
"""Pictures of a users' world in every profile: with fewer nobody rates more than a hundred."""
LEAST = 110
"""Ratings a user must have given (the paper's users have 105 to 222)."""


@dataclass(frozen=True)
class Users:
    """People of one world with the pictures that they rated."""

    images: np.ndarray
    """(M, 3, S, S) uint8."""
    people: tuple[Collection, ...]
    kind: np.ndarray
    """(U,) "mixture", "near" or "none" of known criteria; empty words for real people."""
    ceiling: np.ndarray
    """(U,) SRCC of each one's average opinion with the ratings given; NaN for real people."""
    key: str
    source: str
    detail: str

    def batch(self, part: slice | np.ndarray) -> Tensor:
        """(m, 3, S, S) in 0–1."""
        return torch.from_numpy(np.array(self.images[part])).float() / 255


def plain(images: np.ndarray) -> Batches:
    """Pictures without labels."""
    return Batches(images, {}, [""] * len(images), 256)


def how_many(key: str, profile: Profile) -> int:
    """Users tested: those of the paper, few in the smallest profile."""
    return WORLDS[key] if profile.seeds > 1 else min(4, WORLDS[key])


@cached(maxsize=2)
def users_of(key: str, profile: Profile) -> Users:
    """The users of one world: real people with their real pictures where they are, else the stand-in's."""
    found = rated(key, PEOPLE, profile)
    if "test" in set(found.table.frame["split"]) and key == "flickr_aes":
        found = found.split("test")
    found, images_of = decoded(found, PEOPLE, profile)
    frame = found.table.frame
    enough = frame.groupby("user_id").size()
    names = sorted(enough[enough >= LEAST].index)[: how_many(key, profile)]
    frame = frame[frame["user_id"].isin(names)]
    ids = sorted(frame["image_id"].unique())
    row = {image: k for k, image in enumerate(ids)}
    scores = on_template(frame["score"].to_numpy(), found.table.score_range)
    who, rows = frame["user_id"].to_numpy(), frame["image_id"].map(row).to_numpy()
    everybody = tuple(Collection(name, rows[who == name], scores[who == name]) for name in names)
    shown = images_of(ids)
    if found.source == "real":
        blank = np.full(len(names), "")
        return Users(shown, everybody, blank, np.full(len(names), np.nan), key, found.source, found.detail)
    known = people(key, size=IMAGES, seed=PEOPLE).set_index("user_id").loc[names]
    kind, best = known["kind"].to_numpy(str), known["ceiling"].to_numpy()
    return Users(shown, everybody, kind, best, key, found.source, found.detail)


def rated(key: str, seed: int, profile: Profile, split: str = "") -> Dataset:
    """Single ratings of real pictures where they (and those of that split) are at hand, else the stand-in's."""
    return pictured(key, level="rating", size=IMAGES, seed=seed, split=split, stand_in=profile.stand_ins)


def ratings_of(key: str, seed: int = PEOPLE, split: str = "") -> Reads:
    """Return what describes the source of `rated` with the same arguments, for a study's `data`."""
    return lambda _: describe_source(key, level="rating", size=IMAGES, seed=seed, split=split)


def decoded(data: Dataset, seed: int, profile: Profile) -> tuple[Dataset, Callable[[Sequence[str]], np.ndarray]]:
    """Return the ratings whose image can be read, and a function from M ids to their (M, 3, S, S) uint8 images.

    `seed` is the stand-in's.
    """
    side = side_of("taskvec", profile)
    if data.source == "real":
        data, store = data.decoded(size=side, fit=RECIPES["taskvec"].fit)
        return data, store.images

    def generated(ids: Sequence[str]) -> np.ndarray:
        places = [int(image.rpartition("-")[2]) for image in ids]
        return pictures(data.key, size=IMAGES, seed=seed, px=side)[places]

    return data, generated


# --- what task models say of the users' pictures ---


@dataclass(frozen=True, kw_only=True)
class View:
    """One world seen by one set of task models."""

    world: str = "real_cur"
    which: Which = "large"
    seed: int = 0


@dataclass(frozen=True)
class Seen:
    """What one set of task models says of M pictures."""

    zero: np.ndarray
    """(n, M) scores of each task model."""
    features: np.ndarray
    """(M, d) of the tower before any task."""
    tangent: Tangent


def scores_of(model: nn.Module, weights: dict[str, Tensor], users: Users, chunk: int = 256) -> np.ndarray:
    """(M,) scores of all pictures under these weights."""
    count, made = len(users.images), []
    with torch.inference_mode():
        for start in range(0, count, chunk):
            shown = users.batch(slice(start, min(start + chunk, count)))
            made.append(functional_call(model, weights, (shown,)))
    return torch.cat(made).numpy()


def alone(stack: TaskStack, task: int) -> Tensor:
    """(n, L) coefficients that give one task model exactly."""
    return torch.eye(stack.n)[task][:, None].expand(stack.shape)


def look(view: View, profile: Profile, checkpoint: Path) -> Outcome:
    """Scores of every task model, frozen features, and scores with slopes of the uniform merge."""
    users, (model, stack) = users_of(view.world, profile), stack_of(view.which, profile, view.seed)
    zero = np.stack([scores_of(model, stack.merged(alone(stack, i)), users) for i in range(stack.n)])
    features = tower_features(start_model(view.which, profile, view.seed), plain(users.images))
    centre = torch.full(stack.shape, 1 / stack.n)
    known = tangent(model, stack, users.batch, len(users.images), centre)
    arrays = {"zero": zero, "features": features, "value": known.value.numpy(), "slope": known.slope.numpy()}
    return Outcome({}, arrays)


def all_views(profile: Profile) -> list[View]:
    """Every world by the large models."""
    return [View(world=world, seed=seed) for world in WORLDS for seed in range(sets(profile))]


USERS = tuple(ratings_of(key) for key in WORLDS)
"""The readings behind `users_of`."""
VIEWS = Study("taskvec.views", all_views, look, (*TASKS, *USERS), reads=("seeds",))


@cached(maxsize=2)
def seen(view: View, profile: Profile) -> Seen:
    """A view from its run."""
    runs = run_study(replace(VIEWS, grid=lambda _: [view]), profile, progress=False)
    arrays = runs.arrays(runs.frame["key"].item())
    value, slope = (torch.from_numpy(arrays[name]) for name in ("value", "slope"))
    return Seen(
        arrays["zero"], arrays["features"], Tangent(value, slope, torch.full(slope.shape[1:], 1 / slope.shape[1]))
    )
