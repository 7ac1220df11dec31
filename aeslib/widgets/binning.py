"""Move the edges of a histogram and watch the published row appear. The view is thin: `compare` does the work."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from io import BytesIO

import ipywidgets as widgets
import numpy as np
import pandas as pd

from aeslib.errors import ParameterError
from aeslib.imbalance import LEFT, RIGHT, Bins, parse_edges
from aeslib.plots.distributions import figure_counts
from aeslib.published.beside import agrees
from aeslib.widgets.frames import Framed

RULES = {"left-closed [a, b)": LEFT, "right-closed (a, b]": RIGHT, "right up to 5, then left": 5.0}


@dataclass(frozen=True)
class Target:
    """A published histogram and the scores that it may have been made from."""

    scores: np.ndarray
    """(N,) in the units of the published edges."""
    edges: tuple[float, ...]
    published: pd.DataFrame
    """Its K lines of `aeslib.published.table`, from the lowest bin to the highest."""


@dataclass(frozen=True)
class Comparison:
    """One choice of bins against the published row."""

    rows: pd.DataFrame
    """A line per bin: bin, here, published, agrees; the last two are missing where K is not the published one."""

    @property
    def line(self) -> str:
        """The verdict in one line."""
        if "agrees" not in self.rows:
            return f"{len(self.rows)} bins: the published row has another number of bins"
        hits = int(self.rows["agrees"].sum())
        if hits == len(self.rows):
            return "matches the published row"
        return f"{hits} of {len(self.rows)} bins match the published row"


def compare(target: Target, bins: Bins) -> Comparison:
    """Count the scores and hold each bin against the published row, at the precision it is printed with."""
    rows = pd.DataFrame({"bin": bins.labels(), "here": bins.count(target.scores)})
    if len(rows) != len(target.published):
        return Comparison(rows)
    cells = zip(rows["here"], target.published["value"], target.published["printed"], strict=True)
    agree = [agrees(here, value, printed) for here, value, printed in cells]
    return Comparison(rows.assign(published=target.published["printed"].to_list(), agrees=agree))


def shifted(edges: tuple[float, ...], share: float) -> tuple[float, ...]:
    """Inner edges moved by a share of the median bin's width; the outer ones stay, so that no score falls out."""
    by = share * float(np.median(np.diff(edges))) if len(edges) > 1 else 0.0
    return (edges[0], *(round(edge + by, 9) for edge in edges[1:-1]), edges[-1])


def _picture(comparison: Comparison, title: str) -> str:
    """The histogram inside an `img` element, so that a page without a kernel can show it too."""
    file = BytesIO()
    figure_counts({title: comparison.rows["here"].to_numpy()}, comparison.rows["bin"].tolist()).savefig(file, dpi=110)
    alt = escape(f"Histogram of {title}: {comparison.rows['here'].tolist()}")
    return f'<img alt="{alt}" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


def _html(rows: pd.DataFrame) -> str:
    shown = rows.assign(agrees=rows["agrees"].map({True: "✓", False: "✗"})) if "agrees" in rows else rows
    return shown.set_index("bin").T.to_html(border=0, classes="aeslib-table")


class BinExplorer(Framed, widgets.VBox):
    """Choose a data set, its edges and the rule for scores on an edge; a line says whether it is published so."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self.targets = targets
        wide = {"style": {"description_width": "110px"}, "layout": {"width": "560px"}}
        self.data = widgets.Dropdown(options=list(targets), description="data", **wide)
        self.edges = widgets.Text(description="edges", continuous_update=False, **wide)
        self.shift = widgets.FloatSlider(
            min=-0.25, max=0.25, step=0.05, description="shift, in bins", readout_format=".2f", **wide
        )
        self.rule = widgets.ToggleButtons(
            options=RULES, description="score on edge", style=wide["style"] | {"button_width": "170px"}
        )
        self.float32 = widgets.Checkbox(description="scores stored as float32", **wide)
        self.line, self.table, self.picture = (widgets.HTML() for _ in range(3))
        super().__init__(
            [self.data, self.edges, self.shift, self.rule, self.float32, self.line, self.table, self.picture]
        )
        self.add_class("aeslib-bins")
        self.data.observe(lambda _: self._reset(), "value")
        for control in (self.edges, self.shift, self.rule, self.float32):
            control.observe(lambda _: self._show(), "value")
        self._reset()

    def _reset(self) -> None:
        edges = self.targets[self.data.value].edges
        self.ready = False
        self.shift.value = 0
        self.edges.value = ", ".join(f"{edge:g}" for edge in edges)
        self.ready = True
        self._show()

    def _show(self) -> None:
        if not self.ready:  # several controls are being set at once
            return
        try:
            edges = shifted(parse_edges(self.edges.value), self.shift.value)
            bins = Bins(edges, self.rule.value, "float32" if self.float32.value else "float64")
            comparison = compare(self.targets[self.data.value], bins)
        except ParameterError as error:
            self.line.value = f"<b>{escape(str(error))}</b>"
            return
        self.line.value = f"<b>{comparison.line}</b>"
        self.table.value = _html(comparison.rows)
        self.picture.value = _picture(comparison, self.data.value)
