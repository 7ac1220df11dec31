"""How each paper cuts and turns its pictures (methods 1.1, 2.5, 3.2, 4.2, 5.4).

A recipe works on batches (B, 3, S, S) in 0–1 whose side S is `store`; normalisation belongs to the encoder.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from aeslib.data.images import Fit, ImageStore
from aeslib.errors import ParameterError, unknown
from aeslib.seeding import seeded_generator


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What happens between the stored picture and the network."""

    store: int
    """Side at which pictures are stored."""
    side: int
    """Side that the network sees."""
    fit: Fit = "squash"
    random_crop: bool = False
    """Training takes a random `side` × `side` part; else the whole picture is resized."""
    centre: bool = False
    """Evaluation takes the centre part; else the whole picture is resized."""
    flip: bool = True

    def at(self, side: int) -> "Recipe":
        """The same recipe for another network side, proportions kept."""
        return replace(self, store=max(side, round(self.store * side / self.side)), side=side)

    def train(self, image: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B 3 T T"]:
        """Return the augmented batch; draws from torch's default generator, which `fit` seeds."""
        self._check(image)
        image = crop(image, self.side, random=True) if self.random_crop else resize(image, self.side)
        return mirror(image) if self.flip else image

    def evaluate(self, image: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B 3 T T"]:
        """The batch as tests see it: nothing random."""
        self._check(image)
        return crop(image, self.side, random=False) if self.centre else resize(image, self.side)

    def _check(self, image: Tensor) -> None:
        if image.shape[-2:] != (self.store, self.store):
            raise ParameterError(
                f"pictures are {tuple(image.shape[-2:])}, this recipe stores {self.store} × {self.store}; "
                f"open the store with size={self.store}, fit={self.fit!r}."
            )


RECIPES = {
    "elta": Recipe(store=300, side=256, random_crop=True),
    "aesmamba": Recipe(store=256, side=224, random_crop=True),
    "taskvec": Recipe(store=256, side=224, fit="crop", centre=True),
    "mtcnn": Recipe(store=256, side=256),
    "aestheticnet": Recipe(store=256, side=224, fit="pad", flip=False),
}


def get_recipe(paper: str) -> Recipe:
    """That paper's recipe; `ParameterError` names the nearest key."""
    if paper not in RECIPES:
        raise unknown("recipe", paper, RECIPES)
    return RECIPES[paper]


def resize(image: Float[Tensor, "B 3 S S"], side: int) -> Float[Tensor, "B 3 T T"]:
    """Bicubic, antialiased, kept in 0–1."""
    if image.shape[-1] == side:
        return image
    return interpolate(image, (side, side), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def crop(image: Float[Tensor, "B 3 S S"], side: int, *, random: bool) -> Float[Tensor, "B 3 T T"]:
    """One `side` × `side` part of each picture: at a random place of its own, or the centre."""
    room = image.shape[-1] - side
    if not random:
        start = room // 2
        return image[..., start : start + side, start : start + side]
    chance = seeded_generator(image.device)
    top, left = torch.randint(0, room + 1, (2, len(image), 1), generator=chance, device=image.device)
    steps = torch.arange(side, device=image.device)
    picture = torch.arange(len(image), device=image.device)[:, None, None]
    return image.permute(0, 2, 3, 1)[picture, (top + steps)[:, :, None], (left + steps)[:, None, :]].permute(0, 3, 1, 2)


def mirror(image: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B 3 S S"]:
    """Each picture left–right with probability ½."""
    chosen = torch.rand(len(image), 1, 1, 1, generator=seeded_generator(image.device), device=image.device) < 0.5
    return torch.where(chosen, image.flip(-1), image)


def same_shape(store: ImageStore, rows: list[int], short_side: int) -> list[tuple[list[int], Tensor]]:
    """Pictures of a padded store at their own aspect, short side `short_side`, grouped into batches of one shape.

    Returns:
        (rows, (b, 3, h, w) float in 0–1) per shape; shapes are rounded to multiples of 8 so that groups are few.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        height, width = store.shapes[row]
        scale = short_side / min(height, width)
        target = tuple(max(short_side, 8 * round(side * scale / 8)) for side in (height, width))
        groups.setdefault((target[0], target[1]), []).append(row)
    made = []
    for target, members in groups.items():
        pictures = [torch.from_numpy(store.picture(row).copy())[None].float() / 255 for row in members]
        sized = [interpolate(p, target, mode="bicubic", antialias=True, align_corners=False) for p in pictures]
        made.append((members, torch.cat(sized).clamp(0, 1)))
    return made
