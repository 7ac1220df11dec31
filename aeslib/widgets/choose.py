"""Figures under controls. Unlike `interact` nothing captures the kernel's output, which headless runs can hang on."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from html import escape
from io import BytesIO
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure

from aeslib.widgets.frames import Framed


def picture(figure: Figure, alt: str) -> str:
    """A figure inside an `img` element, so that a page without a kernel can show it too."""
    file = BytesIO()
    figure.savefig(file, dpi=figure.dpi)
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


class Choose(Framed, widgets.VBox):
    """Pick one of `options`; the figure that `draw` makes of it is shown.

    Args:
        options: words of the menu → what `draw` is given.
        draw: makes the figure.
        description: of the menu.
    """

    def __init__(self, options: Mapping[str, Any], draw: Callable[[Any], Figure], description: str) -> None:
        self.options, self.draw = dict(options), draw
        self.menu, self.shown = widgets.Dropdown(options=list(options), description=description), widgets.HTML()
        super().__init__([self.menu, self.shown])
        self.add_class("aeslib-choose")
        self.menu.observe(lambda _: self._show(), "value")
        self._show()

    def _show(self) -> None:
        self.shown.value = picture(self.draw(self.options[self.menu.value]), str(self.menu.value))


class Live(Framed, widgets.VBox):
    """Controls over what `draw` makes of their values: a figure, or text as HTML.

    Args:
        draw: called with one keyword per control.
        controls: ipywidgets with a `value`; their names are `draw`'s keywords.
    """

    def __init__(self, draw: Callable[..., Figure | str], **controls: widgets.ValueWidget) -> None:
        self.draw, self.controls, self.shown = draw, controls, widgets.HTML()
        super().__init__([*controls.values(), self.shown])
        self.add_class("aeslib-live")
        for name, control in controls.items():
            control.description = control.description or name
            control.observe(lambda _: self._show(), "value")
        self._show()

    def _show(self) -> None:
        made = self.draw(**{name: control.value for name, control in self.controls.items()})
        self.shown.value = picture(made, self.draw.__name__) if isinstance(made, Figure) else made
