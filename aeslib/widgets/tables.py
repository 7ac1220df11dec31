"""Look a table through: one menu for each of some columns, and words that a row must hold."""

from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import pandas as pd

from aeslib.widgets.frames import Framed

ANY = "any"


def matching(frame: pd.DataFrame, chosen: Mapping[str, str], words: str = "") -> pd.DataFrame:
    """Rows with the chosen values that hold every one of the words, in any column and either case."""
    keep = pd.Series(True, frame.index)
    for column, value in chosen.items():
        if value != ANY:
            keep &= frame[column].astype(str) == value
    text = frame.astype(str).agg(" ".join, axis=1).str.lower() if len(frame) else pd.Series(dtype=str)
    for word in words.lower().split():
        keep &= text.str.contains(word, regex=False)
    return frame[keep]


class TableFilter(Framed, widgets.VBox):
    """A table with a menu for each column of `by`, a field for words, and the first `most` rows that match."""

    def __init__(self, frame: pd.DataFrame, by: Sequence[str], *, most: int = 20) -> None:
        self.frame, self.most = frame, most
        self.menus = {
            column: widgets.Dropdown(options=[ANY, *sorted(frame[column].astype(str).unique())], description=column)
            for column in by
        }
        self.words = widgets.Text(description="words", placeholder="all of these words", continuous_update=False)
        self.line, self.table = widgets.HTML(), widgets.HTML()
        super().__init__([widgets.HBox([*self.menus.values(), self.words]), self.line, self.table])
        self.add_class("aeslib-filter")
        for control in (*self.menus.values(), self.words):
            control.observe(lambda _: self._show(), "value")
        self._show()

    def _show(self) -> None:
        found = matching(self.frame, {column: menu.value for column, menu in self.menus.items()}, self.words.value)
        more = f", the first {self.most} shown" if len(found) > self.most else ""
        self.line.value = f"<b>{len(found)} of {len(self.frame)} rows{more}</b>"
        with pd.option_context("display.max_colwidth", None):
            self.table.value = found.head(self.most).to_html(index=False, border=0, classes="aeslib-table")
