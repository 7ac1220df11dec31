import pandas as pd
import pytest

from aeslib.widgets.tables import TableFilter, matching

FRAME = pd.DataFrame(
    {"paper": ["elta", "elta", "mtcnn"], "kind": ["table", "figure", "table"], "title": ["Base <b>", "Tail", "A base"]}
)


@pytest.mark.parametrize(
    ("chosen", "words", "rows"),
    [
        ({}, "", [0, 1, 2]),
        ({"paper": "any"}, "BASE", [0, 2]),
        ({"paper": "elta"}, "base", [0]),
        ({"paper": "elta", "kind": "figure"}, "", [1]),
        ({}, "base mtcnn", [2]),
        ({}, "(", []),
    ],
)
def test_rows_match_menus_and_all_words(chosen, words, rows):
    assert matching(FRAME, chosen, words).index.tolist() == rows


def test_an_empty_table_has_no_matches():
    assert matching(FRAME[:0], {"paper": "elta"}, "x").empty


def test_the_view_reacts():
    view = TableFilter(FRAME, ["paper", "kind"], most=2)
    assert view.line.value == "<b>3 of 3 rows, the first 2 shown</b>"
    assert view.menus["paper"].options == ("any", "elta", "mtcnn")
    view.menus["paper"].value = "elta"
    assert view.line.value == "<b>2 of 3 rows</b>"
    view.words.value = "base"
    assert view.line.value == "<b>1 of 3 rows</b>"
    assert "<td>Base &lt;b&gt;</td>" in view.table.value
    assert "Tail" not in view.table.value
