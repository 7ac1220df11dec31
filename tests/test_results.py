import json
import re

import pandas as pd
import pytest
from latex import check_with_tex, read_table

from aeslib.errors import ParameterError
from aeslib.paths import results_dir
from aeslib.results import start


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
