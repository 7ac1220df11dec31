"""Where weights lie: in `$AESLIB_WEIGHTS` under any name, else in the cache folder under a name with their digest."""

import hashlib
from functools import lru_cache
from pathlib import Path

from aeslib.archives import sha256
from aeslib.errors import DataError, StateError
from aeslib.paths import named_weights, state, walk, weights_home
from aeslib.weights.cards import Content, File, WeightCard, load_card

SHORT = 12
"""Digits of a digest that a kept file's name carries."""


def kept_path(card: WeightCard, file: File) -> Path:
    """Return the place in the cache folder of one of a card's files."""
    suffix = ".safetensors" if file.safetensors else Path(file.path).suffix
    return weights_home() / f"{card.key}-{(file.content.sha256 or 'unknown')[:SHORT]}{suffix}"


def in_named_folder(content: Content) -> Path | None:
    """Return the file in `$AESLIB_WEIGHTS`, under any name, that has this digest."""
    folder = named_weights()
    for place, names in walk(folder) if folder else ():
        for path in (Path(place, name) for name in names):
            if path.stat().st_size == content.bytes and _sha256(path, state(path)) == content.sha256:
                return path
    return None


@lru_cache(256)
def _sha256(path: Path, _: str) -> str:
    """Digest of a file in one state; computed anew when that changes."""
    return sha256(path)


def locate(card: WeightCard, file: File) -> Path | None:
    """Return where one of a card's files lies, whole or damaged; None: nowhere."""
    if card.source.kind == "hub":
        from huggingface_hub import try_to_load_from_cache

        path = try_to_load_from_cache(card.source.name, file.path)
        return Path(path) if isinstance(path, str) else None
    cache = kept_path(card, file)
    return in_named_folder(file.content) or (cache if cache.is_file() else None)


def is_whole(path: Path, content: Content) -> bool:
    """Whether a file has the digest of its card; where the card knows none, that of its name in the hub's cache."""
    expected = content.sha256 or path.resolve().name  # the hub's client names a large file after its SHA-256
    return _sha256(path, state(path)) == expected


def available(name: str) -> bool:
    """Whether `load(name)` or `text_encoder(name)` will find whole weights on this machine.

    Raises:
        ParameterError: unknown name.
    """
    card = load_card(name)
    paths = [(locate(card, file), file.content) for file in card.files]
    return all(path is not None and is_whole(path, content) for path, content in paths)


def read(card: WeightCard) -> list[bytes]:
    """Return the contents of a card's files, in the card's order, each compared with its digest.

    Raises:
        StateError: one is not on this machine.
        DataError: one is damaged.
    """
    return [_read(card, file) for file in card.files]


def _read(card: WeightCard, file: File) -> bytes:
    path = locate(card, file)
    if path is None:
        raise StateError(f"the weights of {card.title} are not here: `./run_all.sh weights fetch {card.key}`.")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    expected = file.content.sha256 or path.resolve().name
    if digest != expected:
        raise DataError(
            f"{path} has sha256 {digest[:SHORT]}…, expected {expected[:SHORT]}…: it is damaged. Get it again: "
            f"`./run_all.sh weights fetch {card.key}`."
        )
    return data
