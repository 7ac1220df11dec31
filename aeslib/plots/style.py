"""One look for all pictures: set once, when this module is first imported. Colours stay apart for colour-blind eyes."""

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#8C6D31", "#56B4E9", "#767676",
)  # fmt: skip
"""Okabe and Ito's palette (yellow, too light on white, is a brown here)."""
HERE, PUBLISHED, TAIL, BODY = BLUE, GREY, RED, SKY
"""What a colour means wherever it can: computed here, printed in a paper, the tail of a scale, its middle."""
DIVERGING, SEQUENTIAL = "RdBu_r", "cividis"

STYLE: dict[str, object] = {
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "svg.hashsalt": "aeslib",  # the same picture is the same file
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, SKY, GREY]),
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "image.cmap": SEQUENTIAL,
}
plt.style.use(STYLE)


def draw_intervals(
    ax: Axes,
    place: ArrayLike,
    value: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    color: str,
    fmt: str = "o",
    size: float = 5,
    label: str | None = None,
    across: bool = False,
) -> None:
    """Draw values as marks and their intervals as lines from low to high, also where a value lies outside its own.

    Args:
        ax: where to draw.
        place: (N,) positions on the other axis.
        value: (N,) values; NaN draws nothing.
        low: (N,) lower ends.
        high: (N,) upper ends.
        color: of marks and lines.
        fmt: matplotlib's letters for mark and line.
        size: of the marks, in points.
        label: for the legend.
        across: values lie on the horizontal axis instead of the vertical one.
    """
    (ax.hlines if across else ax.vlines)(place, low, high, color=color, lw=1)
    ax.plot(*((value, place) if across else (place, value)), fmt, color=color, ms=size, label=label)


def finish(figure: Figure) -> Figure:
    """Lay the figure out once and for all and close it: whoever saves or shows it next draws, and arranges nothing."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    plt.close(figure)
    return figure
