"""Pictures for the Taste Lab, the world's or anybody's own, with what the task models say of them."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from aeslib.data.cards import drawable
from aeslib.data.image_files import walk_images
from aeslib.data.images import decode
from aeslib.data.synthetic import pictures
from aeslib.data.synthetic.standins import world
from aeslib.data.synthetic.truth import QUALITIES
from aeslib.errors import DataError, ParameterError, unknown
from aeslib.profiles import Profile
from aeslib.studies.parts import side_of
from aeslib.studies.taskvec_photos import KEY, photographs
from aeslib.studies.taskvec_tasks import stack_of
from aeslib.studies.taskvec_views import IMAGES, PEOPLE, Users, alone, scores_of
from aeslib.taskvec.lab import Gallery, Rater
from aeslib.taskvec.solve import tangent

TASTES: Mapping[str, Mapping[str, float]] = {
    "quiet": {"simplicity": 1.0, "vivid": -1.0, "light": 0.5},
    "bold": {"vivid": 1.2, "contrast": 1.0, "object": 0.4},
    "technical": {"sharp": 1.0, "clean": 1.0, "light": 0.6},
    "dark": {"light": -1.0, "contrast": 0.8, "depth": 0.6},
}
"""Known tastes of simulated raters: weights on what a generated picture shows."""
MOST = 300
"""Images in the lab at once, unless the user names another limit."""
FEWEST = 5
"""Images that the lab needs."""


def gallery_of(images: np.ndarray, names: tuple[str, ...], profile: Profile) -> Gallery:
    """What the six task models say of pictures (M, 3, S, S) uint8."""
    model, stack = stack_of("large", profile, 0)
    shown = Users(images, (), np.empty(0), np.empty(0), "", "", "")
    zero = np.stack([scores_of(model, stack.merged(alone(stack, i)), shown) for i in range(stack.n)])
    known = tangent(model, stack, shown.batch, len(images), torch.full(stack.shape, 1 / stack.n))
    return Gallery(names, zero.mean(0), known.value.numpy(), known.slope.numpy())


def generated(profile: Profile, taste: str = "dark", most: int = MOST) -> tuple[np.ndarray, Gallery, Rater]:
    """The first pictures of REAL-CUR's stand-in, and a simulated rater with one of `TASTES`."""
    if taste not in TASTES:
        raise unknown("taste", taste, TASTES)
    images = np.array(pictures("real_cur", size=IMAGES, seed=PEOPLE, px=side_of("taskvec", profile))[:most])
    felt = world("real_cur", IMAGES, PEOPLE).qualities[:most] @ [TASTES[taste].get(name, 0.0) for name in QUALITIES]
    names = tuple(f"generated {k + 1}" for k in range(len(images)))
    return images, gallery_of(images, names, profile), Rater((felt - felt.mean()) / felt.std())


def draw_order(names: Sequence[str], seed: int = 0) -> list[int]:
    """Return all positions in an order in which each name has the same chance of each place.

    The order follows a digest of the name and of `seed`. So where names are added later, the first positions are
    mostly those of the names that came first before.
    """
    rank = [hashlib.sha256(f"{seed} {name}".encode(errors="surrogateescape")).digest() for name in names]
    return sorted(range(len(names)), key=rank.__getitem__)


def check_limit(limit: int) -> None:
    """Raise `ParameterError` for a limit below the images that the lab needs."""
    if limit < FEWEST:
        raise ParameterError(f"limit is {limit}; the lab needs {FEWEST} images or more.")


def draw_note(count: int, total: int, damaged: int = 0, noun: str = "photos") -> str:
    """Return in words how many of how many images the lab shows, and how they were chosen."""
    note = f"{count} of {total} {noun} are shown"
    if count + damaged < total:
        note += ", drawn at random, each with the same chance (limit= sets how many)"
    return note + (f"; {damaged} could not be read." if damaged else ".")


def own_photos(folder: Path, profile: Profile, limit: int = MOST, seed: int = 0) -> tuple[np.ndarray, Gallery]:
    """Return photos of a folder and what lies in it; nothing leaves the machine.

    Hidden files are skipped; damaged files are named in a warning and left out.

    Args:
        folder: with at least 5 readable photos, at any depth.
        profile: says at which side they are read.
        limit: of the photos that are read; of more, so many are drawn at random (`draw_order`).
        seed: of the draw.

    Returns:
        (M, 3, S, S) uint8 and the gallery; its note says how many of how many photos these are.

    Raises:
        DataError: when there is no such folder, or fewer than five readable photos.
        ParameterError: when the limit is below five.
    """
    check_limit(limit)
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give one that holds your photos.")
    names = [name for name, _ in walk_images(folder)]
    images: dict[str, np.ndarray] = {}
    damaged = 0
    for k in draw_order(names, seed):
        if len(images) == limit:
            break
        try:
            images[names[k]] = decode(folder / names[k], side_of("taskvec", profile), "crop")
        except DataError as error:
            warnings.warn(f"left out {error}", stacklevel=2)
            damaged += 1
    if len(images) < FEWEST:
        raise DataError(f"{folder.name} holds {len(images)} readable photos; the lab needs {FEWEST} or more.")
    note, draw = draw_note(len(images), len(names), damaged), tuple(sorted(images))
    pixels = np.stack([images[name] for name in draw])
    return pixels, replace(gallery_of(pixels, draw, profile), note=note)


def photo_lab(profile: Profile, limit: int = MOST, seed: int = 0) -> tuple[np.ndarray, Gallery, Rater] | None:
    """Return photographs of OASIS, drawn by `draw_order`, with a rater of the crowd's taste; None without them.

    Photographs of hidden themes (`drawable`) are left out before the draw; the gallery's note says how many.
    """
    check_limit(limit)
    there = photographs(profile)
    if there is None:
        return None
    ids, images, beauty = there
    visible = drawable(KEY, ids)
    rows = np.sort([k for k in draw_order(ids, seed) if visible[k]][:limit])
    images, felt = images[rows], beauty[rows]
    gallery = gallery_of(images, tuple(ids[k] for k in rows), profile)
    note = draw_note(len(rows), int(visible.sum()), noun="photographs of OASIS")
    if hidden := int((~visible).sum()):
        note += f" {hidden} more show nudity, violence or corpses and are left out."
    return images, replace(gallery, note=note), Rater((felt - felt.mean()) / felt.std())
