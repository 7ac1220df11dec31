import re

import pandas as pd

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
