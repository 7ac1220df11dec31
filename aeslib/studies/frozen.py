"""Frozen encoders in the small size: their features are computed once, and what is trained on top takes seconds."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from aeslib.backbones import BACKBONES
from aeslib.code import closure, digest
from aeslib.data.kept import kept
from aeslib.numerics import numerics
from aeslib.paths import artifacts_dir
from aeslib.profiles import Profile
from aeslib.studies.parts import Parts
from aeslib.training import Batches, predict
from aeslib.training.identity import identity
from aeslib.training.pretext import SHARE, pretrained


class Neck(nn.Module):
    """Frozen features to z: two layers, learnt."""

    def __init__(self, features: int, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(features), nn.Linear(features, width), nn.GELU(), nn.Linear(width, width)
        )
        self.num_features = width

    def forward(self, x: Tensor) -> Tensor:
        """z of features x."""
        return self.layers(x)


@lru_cache(maxsize=8)
def start_of(name: str, profile: Profile, share: int = SHARE, seed: int = 0) -> nn.Module:
    """The encoder with its starting weights, for reading only."""
    return pretrained(name, profile, share=share, seed=seed, progress=False).eval().requires_grad_(False)


def features(name: str, data: Batches, profile: Profile, share: int = SHARE, seed: int = 0) -> np.ndarray:
    """(N, d) pooled features, computed once and kept in `artifacts/PROFILE/features/`.

    The key covers the images by content, their rows, and what evaluation does to them.
    """
    modules = ("aeslib.studies.parts", "aeslib.training.pretext", BACKBONES[name].small.__module__)
    images = identity([data.images, data.rows, data.evaluate])
    code = [path for module in modules for path in closure(f"import {module}")]
    start = f"{name} {profile.sizes} {share} {seed}" if seed else f"{name} {profile.sizes} {share}"
    key = digest(start, numerics(code), *data.ids, images, *code)
    path = artifacts_dir(profile.runs) / "features" / f"{name}-{len(data)}-{key}.npy"

    def make(temporary: Path) -> None:
        with temporary.open("wb") as out:
            np.save(out, predict(start_of(name, profile, share, seed), data), allow_pickle=False)

    return np.array(kept(path, make, code))


def with_features(found: Parts, name: str, profile: Profile) -> Parts:
    """The same parts with `features` as another target, and no pictures."""

    def read(data: Batches) -> Batches:
        return blind(replace(data, targets={**data.targets, "features": features(name, data, profile)}))

    return replace(found, train=read(found.train), val=read(found.val), test=read(found.test))


def blind(data: Batches) -> Batches:
    """The same without pictures, for runs that only read features."""
    blank = np.zeros((1, 3, 1, 1), np.uint8)
    return replace(data, images=blank, rows=np.zeros(len(data), int), augment=None, evaluate=None)


def with_targets(found: Parts, make: Callable[[Batches], dict[str, np.ndarray]]) -> Parts:
    """The same parts with other targets."""
    train, val, test = (replace(data, targets=make(data)) for data in (found.train, found.val, found.test))
    return replace(found, train=train, val=val, test=test)
