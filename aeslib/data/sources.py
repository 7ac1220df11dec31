"""Which data sets a value was computed from, recorded while it is computed.

`load`, `pictured` and `synthetic` note what they return. A block under `recording` collects
these notes, and `cached` repeats them when it returns a value that was computed before: the second run of a process
notes the same as the first.

with recording() as sources:
    data = pictured("aadb")
list(sources)  # [Origin(key="aadb", source="synthetic", detail="synthetic stand-in for AADB: …")]
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from aeslib.data.cards import load_card
from aeslib.data.table import Source
from aeslib.seeding import base_seed, remembered

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """One data set as it was read or generated."""

    key: str
    source: Source
    detail: str
    """Files with digests, or the generator with its seed and size."""


class HasOrigin(Protocol):
    """Anything that names its data set: a `Dataset`, `Parts`, `Users` or `Origin`."""

    @property
    def key(self) -> str:
        """The card's key."""

    @property
    def source(self) -> Any:
        """One of "real", "labels", "synthetic"."""

    @property
    def detail(self) -> str:
        """What exactly was read or generated."""


Sources = dict[Origin, None]
"""Origins in the order of their first use."""
_recorded: ContextVar[Sources | None] = ContextVar("recorded", default=None)


def origin_of(data: HasOrigin) -> Origin:
    """Return the origin that an object states."""
    return Origin(data.key, data.source, data.detail)


def stand_in_origin(key: str, *, size: int, seed: int, tail: float = 1.0) -> Origin:
    """Return the origin of a stand-in of `size` images; `tail` is named where the scores are not as published."""
    title, shape = load_card(key).title, "" if tail == 1 else f", tail {tail:g}"
    moved = f", base seed {base_seed()}" if base_seed() else ""
    return Origin(key, "synthetic", f"synthetic stand-in for {title}: size {size}, seed {seed}{shape}{moved}")


@contextmanager
def recording() -> Iterator[Sources]:
    """Collect the origin of every data set that is read or generated in the block, and in nothing around it."""
    sources: Sources = {}
    token = _recorded.set(sources)
    try:
        yield sources
    finally:
        _recorded.reset(token)


def note(*origins: Origin) -> None:
    """Add origins to those that the innermost `recording` collects; outside of any, do nothing."""
    sources = _recorded.get()
    if sources is not None:
        sources.update(dict.fromkeys(origins))


def cached(maxsize: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator like `seeding.remembered` that repeats the notes of a computed value whenever it is used.

    That alone would hide from the second run of a process which data its value was computed from.
    """

    def decorate(compute: Callable[P, T]) -> Callable[P, T]:
        @remembered(maxsize)
        def value_and_sources(*args: Any, **options: Any) -> tuple[T, Iterable[Origin]]:
            with recording() as sources:
                value = compute(*args, **options)
            return value, tuple(sources)

        @wraps(compute)
        def repeat_notes(*args: P.args, **options: P.kwargs) -> T:
            value, sources = value_and_sources(*args, **options)
            note(*sources)
            return value

        repeat_notes.cache_clear = value_and_sources.cache_clear  # type: ignore[attr-defined]
        return repeat_notes

    return decorate
