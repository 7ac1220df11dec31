"""One look for all pictures: set once, when this module is first imported. Colours stay apart for colour-blind eyes."""

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

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


def finish(figure: Figure) -> Figure:
    """Lay the figure out once and for all and close it: whoever saves or shows it next draws, and arranges nothing."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    plt.close(figure)
    return figure
