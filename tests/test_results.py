import json
import re
from dataclasses import dataclass, replace

import makers
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from latex import check_with_tex, read_table

from aeslib.data import load, pictured
from aeslib.data.sources import Origin
from aeslib.errors import ParameterError
from aeslib.paths import results_dir
from aeslib.profiles import PROFILES
from aeslib.results import start
from aeslib.studies.core import Outcome, Study, run_study

SMOKE = replace(PROFILES["smoke"], images=40)


def test_long_cells_are_saved_whole():
    text = "a sentence that is a good deal longer than the fifty characters which pandas shows"
    start("02_long_tail", profile="smoke", seed=0).save(item="elta.F1", table=pd.DataFrame({"why": [text]}))
    folder = results_dir("smoke") / "tables"
    assert all(text in (folder / f"elta.F1{suffix}").read_text() for suffix in (".csv", ".html", ".tex"))


def test_counts_stay_whole_where_some_are_missing():
    table = pd.DataFrame({"row": ["ours", "theirs"], "score": [0.5, None], "seeds": [5, None]})
    shown = start("02_long_tail", profile="smoke", seed=0).save(item="elta.F1", table=table)
    assert shown is table
    folder = results_dir("smoke") / "tables"
    assert (folder / "elta.F1.csv").read_text() == "row,score,seeds\nours,0.5,5\ntheirs,,\n"
    html = (folder / "elta.F1.html").read_text()
    assert re.findall("<td>(.*)</td>", html) == ["ours", "0.5", "5", "theirs", "", ""]
    assert r"ours & 0.500000 & 5 \\" in (folder / "elta.F1.tex").read_text()
    assert r"theirs &  &  \\" in (folder / "elta.F1.tex").read_text()


@pytest.mark.parametrize("caption", ["", "50% of a_b & #1: SRCC ρ ≤ 0.9 · {x} $y$ ~ ^ \\alpha"])
def test_a_saved_table_compiles(caption, tmp_path):
    table = pd.DataFrame({"score_range": ["[0, 1)", "50 %", "τ → c²"], "count_%": [1, 2, 3]}).set_index("score_range")
    start("02_long_tail", profile="smoke", seed=0).save(item="elta.F1", part="a-b", table=table, caption=caption)
    path = results_dir("smoke") / "tables" / "elta.F1-a-b.tex"
    title, rows = read_table(path.read_text(encoding="utf-8"))
    assert title == f"elta.F1-a-b {caption}".strip().replace("ρ ≤", r"\rho \le").replace("·", r"\cdot")
    assert rows[:3] == [["score_range", "count_%"], ["[0, 1)", "1"], ["50 %", "2"]]
    check_with_tex([path], tmp_path)


@pytest.mark.parametrize("part", ["../x", "a b", "-a", "<b>", "A"])
def test_a_part_is_a_word_before_anything_is_written(part):
    with pytest.raises(ParameterError) as caught:
        start("02_long_tail", profile="smoke", seed=0).save(item="elta.F1", part=part, table=pd.DataFrame())
    assert (
        str(caught.value) == f"save('elta.F1'): part is {part!r}; expected words of a-z and 0-9 such as 'aadb-counts'."
    )
    assert not results_dir("smoke").exists()


def test_a_side_car_says_what_computed_the_digits():
    start("02_long_tail", profile="smoke", seed=0).save(item="elta.F1", table=pd.DataFrame({"row": [1]}))
    record = json.loads((results_dir("smoke") / "tables" / "elta.F1.json").read_text())
    assert {"torch", "timm", "scipy", "pillow"} <= set(record["versions"])
    assert re.match(r"\S+, torch \S+, oneDNN (on|off), BLAS \S+", record["processor"])


# --- the source of a result is what its runs have read ---


@dataclass(frozen=True)
class Cell:
    seed: int = 0


@pytest.fixture
def eva(tmp_path, monkeypatch):
    """The owners' labels of EVA without an image, and the keys of runs on its stand-in."""
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    makers.make("eva", tmp_path / "data")

    def run(cell, profile, checkpoint):
        return Outcome({"mean": float(pictured("eva", size=profile.images).table.mos.mean())}, {"x": np.zeros(1)})

    study = Study("toy.eva", lambda _: [Cell(0), Cell(1)], run, ("eva",))
    return list(run_study(study, SMOKE, progress=False).frame["key"])


def saved(stem, kind="tables"):
    return json.loads((results_dir("smoke") / kind / f"{stem}.json").read_text())


def test_a_table_of_runs_on_a_stand_in_is_synthetic_although_labels_are_there(eva):
    chapter = start("42_mtcnn_eva", profile="smoke", seed=0)
    chapter.save(item="mtcnn.T8", table=pd.DataFrame({"row": ["ours"], "here": [0.5]}), runs=eva)
    assert saved("mtcnn.T8")["data"] == [vars(Origin("eva", "synthetic", pictured("eva", size=40).detail))]
    folder = results_dir("smoke") / "tables"
    assert (folder / "mtcnn.T8.csv").read_text() == "row,here,data\nours,0.5,synthetic\n"
    assert "[synthetic stand-in]" in (folder / "mtcnn.T8.tex").read_text()


def test_a_figure_of_runs_on_a_stand_in_has_a_badge(eva):
    figure = plt.figure()
    start("42_mtcnn_eva", profile="smoke", seed=0).save(item="mtcnn.F10", figure=figure, runs=eva)
    assert [text.get_text() for text in figure.texts] == ["synthetic"]
    assert [entry["source"] for entry in saved("mtcnn.F10", "figures")["data"]] == ["synthetic"]


def test_a_chapter_cannot_claim_another_source_than_its_runs(eva):
    chapter = start("42_mtcnn_eva", profile="smoke", seed=0)
    message = (
        "eva: data= says 'labels', but the runs have read 'synthetic'. Leave it out of data=: what runs have read is "
        "taken from their records."
    )
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        chapter.save(item="mtcnn.T8", table=pd.DataFrame({"row": [1]}), data=[load("eva")], runs=eva)
    assert not (results_dir("smoke") / "tables" / "mtcnn.T8.csv").exists()


def test_what_the_chapter_looked_at_joins_what_its_runs_have_read(eva):
    other = Origin("oasis_beauty", "real", "four photographs")
    table = pd.DataFrame({"row": [1]})
    same = pictured("eva", size=40)
    start("42_mtcnn_eva", profile="smoke", seed=0).save(item="mtcnn.T8", table=table, data=[same, other], runs=eva)
    assert [(entry["key"], entry["source"]) for entry in saved("mtcnn.T8")["data"]] == [
        ("eva", "synthetic"), ("oasis_beauty", "real"),
    ]  # fmt: skip


def test_an_unknown_run_is_refused():
    with pytest.raises(ParameterError, match=r"^no run with the key 'abc' in"):
        start("42_mtcnn_eva", profile="smoke", seed=0).save(
            item="mtcnn.T8", table=pd.DataFrame({"row": [1]}), runs=["abc"]
        )


def test_a_table_that_states_the_source_by_row_does_not_hide_a_stand_in():
    nb = start("42_mtcnn_eva", profile="smoke", seed=0)
    with pytest.raises(ParameterError, match="column 'data' calls no row synthetic, but it was made from a stand-in"):
        nb.save(item="mtcnn.T8", table=pd.DataFrame({"data": ["labels"]}), data=[pictured("eva", size=40)])
    nb.save(item="mtcnn.T8", table=pd.DataFrame({"data": ["labels", "synthetic"]}), data=[pictured("eva", size=40)])
    assert pd.read_csv(results_dir("smoke") / "tables" / "mtcnn.T8.csv")["data"].tolist() == ["labels", "synthetic"]
