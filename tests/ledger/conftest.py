"""A copy of the published tables in which a test may alter a number."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from aeslib import published


@pytest.fixture
def alter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, float], None]]:
    """`alter("elta.T1 | AVA | Ours | PLCC", 0.1)`: from now on that cell holds another number."""
    home = tmp_path / "published"
    shutil.copytree(Path(str(published._HERE)), home)
    monkeypatch.setattr(published, "_HERE", home)
    published.table.cache_clear()

    def change(address: str, value: float) -> None:
        item, *labels = (part.strip() for part in address.split("|"))
        labels = labels if len(labels) == 3 else ["", *labels]
        path = home / "tables" / f"{item}.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        cell = (frame[["group", "row", "column"]] == labels).all(axis=1)
        assert cell.sum() == 1
        frame.loc[cell, ["value", "printed"]] = f"{value:g}"
        frame.to_csv(path, index=False)
        published.table.cache_clear()

    yield change
    published.table.cache_clear()
