"""Pictures for the Taste Lab, the world's or anybody's own, with what the task models say of them."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from aeslib.data.images import decode
from aeslib.data.load import PICTURES
from aeslib.data.synthetic import pictures
from aeslib.data.synthetic.standins import world
from aeslib.data.synthetic.truth import QUALITIES
from aeslib.errors import DataError, unknown
from aeslib.profiles import Profile
from aeslib.studies.parts import side_of
from aeslib.studies.taskvec_photos import photographs
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
"""Pictures in the lab at once."""


def gallery_of(images: np.ndarray, names: tuple[str, ...], profile: Profile) -> Gallery:
    """What the six task models say of pictures (M, 3, S, S) uint8."""
    model, stack = stack_of("large", profile, 0)
    shown = Users(images, (), np.empty(0), np.empty(0), "", "")
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


def own_photos(folder: Path, profile: Profile, most: int = MOST) -> tuple[np.ndarray, Gallery]:
    """Photos of a folder and what lies in it, in order of name; nothing leaves the machine.

    HEIC is read where the package pillow-heif is installed. Damaged files are named in a warning and left out.

    Raises:
        DataError: when there is no such folder, or fewer than five readable photos.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give one that holds your photos.")
    kinds = PICTURES | ({".heic", ".heif"} if _reads_heic() else set())
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in kinds)[:most]
    images, names = [], []
    for path in files:
        try:
            images.append(decode(path, side_of("taskvec", profile), "crop"))
            names.append(path.relative_to(folder).as_posix())
        except DataError as error:
            warnings.warn(f"left out {error}", stacklevel=2)
    if len(images) < 5:
        raise DataError(f"{folder.name} holds {len(images)} readable photos; the lab needs 5 or more.")
    shown = np.stack(images)
    return shown, gallery_of(shown, tuple(names), profile)


def _reads_heic() -> bool:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def photo_lab(profile: Profile, most: int = MOST) -> tuple[np.ndarray, Gallery, Rater] | None:
    """Photographs of OASIS with a rater who has the crowd's taste; None where they are not at hand."""
    there = photographs(profile)
    if there is None:
        return None
    store, beauty = there
    images, felt = np.array(store.array[:most]), beauty[:most]
    return images, gallery_of(images, store.ids[:most], profile), Rater((felt - felt.mean()) / felt.std())
