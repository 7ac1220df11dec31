from types import SimpleNamespace

import pandas as pd
import pytest

from aeslib.errors import ParameterError
from aeslib.published.beside import agrees, beside, last_place

LABELS, STAND_IN = (SimpleNamespace(key="eva", source=source) for source in ("labels", "synthetic"))


@pytest.mark.parametrize(
    ("printed", "unit"), [("506", 1), ("10,073", 1), ("7K", 1000), ("0.70", 0.01), ("−1.5", 0.1), ("23.5M", 1e5)]
)
def test_the_last_printed_digit_has_a_unit(printed, unit):
    assert last_place(printed) == pytest.approx(unit)


def test_half_a_unit_either_way_agrees():
    assert agrees(0.6999, 0.70, "0.70")
    assert agrees(0.705, 0.70, "0.70")
    assert not agrees(0.7051, 0.70, "0.70")
    assert agrees(1338, 1000, "1K")
    assert not agrees(1768, 1000, "1K")
    assert not agrees(507, 506, "506")
    assert not agrees(1, 1, "one")


def test_rows_come_with_verdicts():
    here = pd.DataFrame({"Minimum": [2.645], "Maximum": [9.0323]}, index=["Overall"])
    shown = beside("mtcnn.T7", here, LABELS)
    assert shown.to_dict("list") == {
        "row": ["Overall"] * 2,
        "column": ["Minimum", "Maximum"],
        "published": ["1.764", "9.032"],
        "here": [2.645, 9.0323],
        "verdict": ["contradicted", "exact"],
    }
    for data, complete in ((STAND_IN, True), (LABELS, False)):
        assert set(beside("mtcnn.T7", here, data, complete=complete)["verdict"]) == {"needs data (eva)"}


def test_a_number_that_is_not_printed_is_said_not_to_be():
    here = pd.DataFrame({"SRCC": [0.8, 0.89]}, index=["Quality", "Composition and depth"])
    shown = beside("mtcnn.F14", here, STAND_IN, group="a")
    assert shown["verdict"].tolist() == ["not printed", "needs data (eva)"]


def test_a_row_that_is_not_in_the_paper_is_refused():
    with pytest.raises(ParameterError) as error:
        beside("mtcnn.T7", pd.DataFrame({"Minimum": [1.0]}, index=["Overal"]), LABELS)
    assert str(error.value) == (
        "no row of mtcnn.T7 named 'Overal'. Did you mean 'Overall'? "
        "Known: Overall, Light and color, Composition and depth, Quality, Semantics."
    )
