import pandas as pd

from aeslib.paths import results_dir
from aeslib.results import start


def test_long_cells_are_saved_whole():
    text = "a sentence that is a good deal longer than the fifty characters which pandas shows"
    start("02_long_tail", profile="smoke", seed=0).save(item="elta.F1", table=pd.DataFrame({"why": [text]}))
    folder = results_dir("smoke") / "tables"
    assert all(text in (folder / f"elta.F1{suffix}").read_text() for suffix in (".csv", ".html", ".tex"))
