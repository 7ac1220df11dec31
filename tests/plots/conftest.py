"""What every picture has to be."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def _no_open_figure() -> None:
    """Close what a test of another folder left open in this process."""
    plt.close("all")


@pytest.fixture
def check_figure() -> Callable[[Figure], None]:
    """Fails where a figure is still open in pyplot or something sticks out of it."""

    def check(figure: Figure) -> None:
        assert plt.get_fignums() == []
        figure.draw_without_rendering()
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert -0.01 <= box.x0 <= box.x1 <= width + 0.01
        assert -0.01 <= box.y0 <= box.y1 <= height + 0.01

    return check
