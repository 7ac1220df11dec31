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


def pictures(key: str, *, size: int, seed: int, px: int | tuple[int, int], tail: float = 1.0) -> np.ndarray:
    """(N, 3, H, W) uint8, read-only and memory-mapped: row i shows row i of `standin(key, size=…, seed=…, tail=…)`.

    `px` is the side of a square, or (height, width); see `render` for what is equal in all frames. Rendered on first
    use, one file for each frame; a change of the world's code, of packages or of the processor renders anew. Two
    processes that want the same pictures at once wait for each other.

    Raises:
        ParameterError: for an unknown key, or a size, tail or px out of range.
    """
    base = key.removesuffix(CAPTIONS)
    files = [path for path in package_modules() if path.parent.name == "synthetic"]
    moved = f"_{base_seed()}" if base_seed() else ""
    height, width = (px, px) if isinstance(px, int) else px
    side = f"{height}" if height == width else f"{height}x{width}"
    path = cache_home() / "world" / f"{base}-{size}-{seed}{moved}-{tail:g}-{side}-{digest(numerics(), *files)}.npy"
    return kept(path, lambda temporary: _write(temporary, world(base, size, seed, tail), (height, width), seed), files)


def _write(path: Path, w: World, frame: tuple[int, int], seed: int) -> None:
    from aeslib.data.synthetic.render import render

    store = np.lib.format.open_memmap(path, "w+", np.uint8, (len(w.scenes), 3, *frame))
    reserve(path)
    for start in range(0, len(store), CHUNK):
        rows = slice(start, start + CHUNK)
        images = render(w.scenes[rows], frame).numpy()
        if len(w.parts):
            parts = w.parts[rows]
            images = distort(images, parts["distortion"].to_numpy() - 1, parts["step"].to_numpy() - 1, seed)
        store[rows] = images
    store.flush()
