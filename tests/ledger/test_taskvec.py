"""The judge of the cosines, on tables that a chapter might save."""

import pandas as pd
import pytest

from aeslib.ledger.core import judge
from aeslib.ledger.evidence import saved
from aeslib.published.claims import claim

LINE = {"pairs": 15, "mean": 0.15, "lowest": -0.02, "highest": 0.27, "null low": -0.01, "null high": 0.02}


@pytest.mark.parametrize(("outside", "verdict"), [(0, "holds here"), (12, "does not hold here")])
def test_orthogonal_means_no_more_overlap_than_chance(outside, verdict):
    path = saved("default", "taskvec.F4-band")
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([LINE | {"outside the band": outside}]).to_csv(path, index=False)
    found = judge(claim("taskvec.qualitative.run-f4-orthogonal"))
    assert (found["verdict"], found["basis"]) == (verdict, "experiment")
    assert found["why"] == (
        "The 15 cosines run from -0.02 to 0.27, mean 0.15; those of permuted vectors from -0.010 to 0.020, and "
        f"{outside} pairs lie outside. One set of vectors."
    )
