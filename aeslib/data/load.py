"""`load(key)`: the real data where it is there, its labels where only they are, else the synthetic stand-in."""

from dataclasses import dataclass

from aeslib.data.cards import DatasetCard, load_card
from aeslib.data.table import LabelTable, Level, Source
from aeslib.errors import DataError
from aeslib.paths import data_root


@dataclass(frozen=True)
class Dataset:
    """Labels of one data set with its card and its origin."""

    card: DatasetCard
    table: LabelTable
    source: Source
    """`real`: images and labels; `labels`: the owners' labels only; `synthetic`: our stand-in."""
    detail: str
    """What exactly was read, for provenance: files with digests, or the generator with its seed and size."""

    @property
    def key(self) -> str:
        """The card's key."""
        return self.card.key


def load(key: str, *, family: str | None = None, level: Level = "image", size: int = 4000, seed: int = 0) -> Dataset:
    """Labels of `key` in native units, from the best source at hand.

    Args:
        key: a card's key, such as "aadb".
        family: which family of splits (AVA has several); None: the card's first.
        level: one row per image, or per rating where users are published.
        size: images of the synthetic stand-in; real data are never cut.
        seed: seed of the synthetic stand-in.

    Raises:
        ParameterError: for an unknown key, family or level.
        DataError: when files are there but damaged; never falls back to synthetic then.
    """
    raise DataError(f"not read yet: {load_card(key).key}, {family}, {level}, {size}, {seed}, {data_root()}")
