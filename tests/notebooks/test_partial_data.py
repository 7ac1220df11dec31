"""The chapters on labels run with whatever files are at hand, and say what they used."""

from pathlib import Path
from typing import Any

import makers
import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest

from aeslib.data import families, load
from aeslib.paths import ROOT


def run(chapter: str) -> dict[str, Any]:
    """Run the code of a chapter in the smoke profile, and return its variables."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    names: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(compile(cell.source.replace('"default"', '"smoke"'), cell.id, "exec"), names)
    plt.close("all")
    return names


@pytest.fixture
def votes_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AVA as its owners publish it: the votes and no list of splits."""
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    makers.make("ava_owners", tmp_path / "other")
    folder = tmp_path / "data" / "ava"
    folder.mkdir(parents=True)
    (tmp_path / "other" / "ava" / "AVA.txt").rename(folder / "AVA.txt")
    return folder


def test_the_data_cards_are_shown_with_the_owners_votes_alone(votes_only):
    ava = run("01_data_cards")["sets"]["ava"]
    assert (ava.source, ava.family, len(ava.table)) == ("labels", "counts", 40)


def test_the_long_tail_counts_the_owners_votes_and_calls_no_part_of_a_list_evidence(votes_only):
    names = run("02_long_tail")
    ava = names["sets"]["ava"]
    assert (ava.source, ava.family, len(ava.table)) == ("labels", "counts", 40)
    assert names["t1"].set_index("row")["verdict"]["AVA"] == "needs data (ava)"
    assert set(names["f1"].query("row == 'AVA'")["verdict"]) == {"needs data (ava)"}


def test_the_long_tail_takes_a_stand_in_for_a_list_without_scores(votes_only):
    makers.lines(votes_only / "ilgnet" / "AVA1_train.txt", ["953001.jpg 1", "953002.jpg 0"])
    makers.lines(votes_only / "ilgnet" / "AVA1_val.txt", ["953003.jpg 1"])
    (votes_only / "AVA.txt").unlink()
    assert not load("ava").table.scored
    assert families("ava") == ["ilgnet"]
    names = run("02_long_tail")
    assert (names["sets"]["ava"].source, names["lists"]["ava"].source) == ("synthetic", "labels")
    assert isinstance(names["always"], pd.DataFrame)
