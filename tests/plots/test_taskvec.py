"""Figures of taskvec: what is drawn is what the numbers say."""

import pandas as pd
import pytest

from aeslib.plots import taskvec as plots


def test_the_band_of_permuted_vectors_is_as_wide_at_both_ends_as_between():
    rows = pd.DataFrame(
        {"mean": 0.1, "low": -0.1, "high": 0.3, "null low": [-0.2, -0.1, -0.3], "null high": [0.2, 0.3, 0.1]},
        index=["first", "middle", "last"],
    )
    (ax,) = plots.figure_layers(rows).axes
    assert [bar.get_width() for bar in ax.patches] == [1, 1, 1]
    assert [bar.get_x() + bar.get_width() / 2 for bar in ax.patches] == [0, 1, 2]
    assert [bar.get_y() for bar in ax.patches] == rows["null low"].tolist()
    assert [bar.get_y() + bar.get_height() for bar in ax.patches] == pytest.approx(rows["null high"].tolist())
    assert ax.get_xlim() == (-0.5, 2.5)
