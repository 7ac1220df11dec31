"""What a widget shows at some positions of its controls, kept in the executed notebook for pages without a kernel.

Frames are made by the widget itself: its controls are set, and what it then shows is kept. That happens only in the
headless runs that a report is made of (`FRAMES_WANTED` in the environment), never under a reader's hands.
"""

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import product
from typing import Any

import ipywidgets as widgets
import numpy as np
from PIL import Image

FRAMES = "application/vnd.aeslib.frames+json"
FRAMES_WANTED = "AESLIB_FRAMES"
GRID, OPTIONS, MANY = 12, 40, 7
"""Frames of a full grid at most; options of a menu; positions of a slider without company."""
PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class Control:
    """One control as a page shows it."""

    name: str
    kind: str
    """"menu" or "slider"."""
    words: list[str]
    """Of its positions, in their order."""
    start: int
    """The position it had when the cell ended."""


@dataclass(frozen=True)
class Frame:
    """What was shown at one position of each control."""

    at: list[int]
    said: list[str]
    """The value of each control, read back from it."""
    html: str


@dataclass(frozen=True)
class Film:
    """All frames of a widget."""

    controls: list[Control]
    groups: list[list[int]]
    """Controls that move together; those of other groups stay at their start meanwhile."""
    frames: list[Frame]
    """The first is what was shown when the cell ended."""


class Examples(widgets.Textarea):
    """A field for text that begins with the first of some named examples; frames are made of all of them."""

    def __init__(self, examples: Mapping[str, str], **more: Any) -> None:
        self.examples = dict(examples)
        super().__init__(value=next(iter(self.examples.values())), **more)

    @property
    def label(self) -> str:
        """The name of the example that stands in it, or what else stands there."""
        return next((name for name, text in self.examples.items() if text == self.value), str(self.value))


def inside(box: widgets.Widget) -> Iterator[widgets.Widget]:
    """The widgets in a box, in their order."""
    for child in getattr(box, "children", ()):
        yield child
        yield from inside(child)


def shown(box: widgets.Widget) -> str:
    """What the texts and pictures in a box show now; PNG becomes WebP, a fraction of its size."""
    texts = [part.value for part in inside(box) if isinstance(part, widgets.HTML) and part.value]
    return PNG.sub(_webp, "\n".join(f"<div>{text}</div>" for text in texts))


def _webp(found: re.Match[str]) -> str:
    file = BytesIO()
    Image.open(BytesIO(b64decode(found[1]))).save(file, "WEBP", quality=80, method=2)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"


def words_of(control: Any) -> str:
    """Where a control stands, in words."""
    at = control.label if hasattr(control, "label") else control.value
    if isinstance(at, bool):
        return "on" if at else "off"
    if isinstance(at, float):
        return f"{at:.3g}"
    return ", ".join(map(str, at)) or "none" if isinstance(at, tuple) else str(at)


def movable(control: widgets.Widget) -> bool:
    """Whether a control has positions that can be listed."""
    if isinstance(control, widgets.SelectMultiple | widgets.Checkbox | Examples):
        return True
    return hasattr(control, "index") or (isinstance(control, widgets.ValueWidget) and hasattr(control, "max"))


def steps(control: widgets.Widget, most: int) -> int:
    """How many positions of a control get frames."""
    if isinstance(control, widgets.Checkbox):
        return 2
    if isinstance(control, Examples):
        return min(len(control.examples), OPTIONS)
    if isinstance(control, widgets.SelectMultiple):
        return 1 + min(len(control.options), OPTIONS)
    if hasattr(control, "options"):
        return min(len(control.options), OPTIONS)
    values = {round(float(_place(control, k / 1000)), 9) for k in range(1001)}
    return min(len(values), most)


def _place(control: Any, share: float) -> float:
    """The value at a share of a slider's way, on its steps; of its exponent where it has one."""
    low, high, step = float(control.min), float(control.max), float(control.step)
    at = min(low + round(share * (high - low) / step) * step, high) if step else low + share * (high - low)
    if isinstance(control, widgets.FloatLogSlider):
        return float(control.base) ** at
    return round(at) if isinstance(control, widgets.IntSlider) else round(at, 9)


def value_at(control: Any, k: int, count: int) -> Any:
    """The value of a control's position `k` of `count`."""
    if isinstance(control, widgets.Checkbox):
        return bool(k)
    if isinstance(control, Examples):
        return list(control.examples.values())[k]
    if isinstance(control, widgets.SelectMultiple):  # as it is, then with one option more or less
        held, names = control.value, [value for _, value in control._options_full]
        return held if k == 0 else tuple(n for n in names if (n in held) != (n == names[k - 1]))
    if hasattr(control, "options"):
        return control._options_full[k][1]
    return _place(control, k / max(count - 1, 1))


def start_of(control: Any, count: int) -> int:
    """The position that is nearest to where a control stands; there, it is left where it stands."""
    if isinstance(control, widgets.Checkbox):
        return int(control.value)
    if isinstance(control, widgets.SelectMultiple):
        return 0
    if isinstance(control, Examples):
        return min([*control.examples.values(), control.value].index(control.value), count - 1)
    if hasattr(control, "options"):
        return min(int(control.index or 0), count - 1)
    log = np.log if isinstance(control, widgets.FloatLogSlider) else float
    away = [abs(log(value_at(control, k, count)) - log(control.value)) for k in range(count)]
    return int(np.argmin(away))


class Framed(widgets.Box):
    """A box that, when it is displayed in a headless run, leaves its frames beside itself."""

    together: Sequence[Sequence[str]] = ()
    """Descriptions of controls that move together; none: all of them where the grid is small, else each alone."""

    few = 4
    """Positions of a slider beside other controls."""

    def _show(self) -> None:
        raise NotImplementedError

    def film(self) -> Film:
        """Frames at positions of the controls; the widget is left as it was."""
        moved = [one for one in inside(self) if movable(one)]
        counts = [steps(one, self.few if len(moved) > 1 else MANY) for one in moved]
        moved, counts = [m for m, n in zip(moved, counts, strict=True) if n > 1], [n for n in counts if n > 1]
        start = tuple(start_of(one, count) for one, count in zip(moved, counts, strict=True))
        groups, before = self._groups(moved, counts), [one.value for one in moved]
        places = dict.fromkeys([start, *(at for group in groups for at in _walk(group, counts, start))])
        with self._quiet(moved):
            frames = [self._frame(moved, counts, start, before, at) for at in places]
            self._set(moved, before)
        controls = []
        for i, one in enumerate(moved):
            alone = {at[i]: said[i] for at, said in ((f.at, f.said) for f in frames) if _apart(at, start) <= {i}}
            menu = isinstance(one, widgets.Checkbox | Examples) or hasattr(one, "options")
            words = [alone[k] for k in range(counts[i])]
            controls.append(Control(str(one.description), "menu" if menu else "slider", words, start[i]))
        return Film(controls, groups, frames)

    def _groups(self, moved: Sequence[Any], counts: Sequence[int]) -> list[list[int]]:
        if self.together:
            names = [one.description for one in moved]
            return [[names.index(name) for name in group if name in names] for group in self.together]
        if np.prod(counts, dtype=int) <= GRID:
            return [list(range(len(moved)))] if moved else []
        return [[i] for i in range(len(moved))]

    def _frame(
        self,
        moved: Sequence[Any],
        counts: Sequence[int],
        start: Sequence[int],
        before: Sequence[Any],
        at: Sequence[int],
    ) -> Frame:
        self._set(moved, before, {i: (at[i], counts[i]) for i in sorted(_apart(at, start))})
        return Frame(list(at), [words_of(one) for one in moved], shown(self))

    def _set(
        self, moved: Sequence[Any], before: Sequence[Any], to: Mapping[int, tuple[int, int]] | None = None
    ) -> None:
        """Controls as they stood, then some at other positions; in their order, as an early one may set a later one.

        It is drawn once, in the end.
        """
        self.__dict__["_show"] = lambda: None
        for one, value in zip(moved, before, strict=True):
            one.value = value
        for i, (k, count) in (to or {}).items():
            moved[i].value = value_at(moved[i], k, count)
        del self.__dict__["_show"]
        self._show()

    @contextmanager
    def _quiet(self, moved: Sequence[Any]) -> Iterator[None]:
        """Nothing is sent to a page while frames are made; in the end, what changed is."""
        with ExitStack() as held:
            for one in (*moved, *(part for part in inside(self) if isinstance(part, widgets.HTML))):
                held.enter_context(one.hold_sync())
            yield

    def _repr_mimebundle_(self, **asked: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**asked)
        return bundle | {FRAMES: asdict(self.film())} if os.environ.get(FRAMES_WANTED) else bundle


def _walk(group: Sequence[int], counts: Sequence[int], start: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every place of the controls of one group, the others at their start."""
    for places in product(*(range(counts[i]) for i in group)):
        moved: Mapping[int, int] = dict(zip(group, places, strict=True))
        yield tuple(moved.get(i, usual) for i, usual in enumerate(start))


def _apart(at: Sequence[int], start: Sequence[int]) -> set[int]:
    """Which controls are not at their start."""
    return {i for i, (k, usual) in enumerate(zip(at, start, strict=True)) if k != usual}
