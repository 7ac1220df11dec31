"""Pictures of stand-ins, rendered once and kept as memory-mapped arrays in the user's cache."""

from pathlib import Path

import numpy as np

from aeslib.code import digest, package_modules
from aeslib.data.kept import kept
from aeslib.data.synthetic.distortions import distort
from aeslib.data.synthetic.standins import CAPTIONS, World, world
from aeslib.numerics import numerics
from aeslib.paths import cache_home, reserve
from aeslib.seeding import base_seed

CHUNK = 1200
"""Pictures in memory at once."""


def pictures(key: str, *, size: int, seed: int, px: int, tail: float = 1.0) -> np.ndarray:
    """(N, 3, px, px) uint8, read-only and memory-mapped: row i shows row i of `standin(key, size=…, seed=…, tail=…)`.

    Rendered on first use; a change of the world's code, of packages or of the processor renders anew. Two processes
    that want the same pictures at once wait for each other.

    Raises:
        ParameterError: for an unknown key, or a size, tail or px out of range.
    """
    base = key.removesuffix(CAPTIONS)
    files = [path for path in package_modules() if path.parent.name == "synthetic"]
    moved = f"_{base_seed()}" if base_seed() else ""
    path = cache_home() / "world" / f"{base}-{size}-{seed}{moved}-{tail:g}-{px}-{digest(numerics(), *files)}.npy"
    return kept(path, lambda temporary: _write(temporary, world(base, size, seed, tail), px, seed), files)


def _write(path: Path, w: World, px: int, seed: int) -> None:
    from aeslib.data.synthetic.render import render

    store = np.lib.format.open_memmap(path, "w+", np.uint8, (len(w.scenes), 3, px, px))
    reserve(path)
    for start in range(0, len(store), CHUNK):
        rows = slice(start, start + CHUNK)
        images = render(w.scenes[rows], px).numpy()
        if len(w.parts):
            parts = w.parts[rows]
            images = distort(images, parts["distortion"].to_numpy() - 1, parts["step"].to_numpy() - 1, seed)
        store[rows] = images
    store.flush()
