"""Change a generated scene and see it judged anew; meet its raters. Views are thin: `see` and `meet` do the work."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO

import ipywidgets as widgets
import numpy as np
import pandas as pd
from PIL import Image
from scipy.stats import spearmanr

from aeslib.data import load_card
from aeslib.data.synthetic.raters import LENIENCE, expected
from aeslib.data.synthetic.render import render
from aeslib.data.synthetic.scenes import SCENE, THEMES
from aeslib.data.synthetic.specs import SPECS
from aeslib.data.synthetic.standins import World, calibration
from aeslib.data.synthetic.truth import QUALITIES, beauty, qualities
from aeslib.errors import ParameterError, unknown
from aeslib.widgets.frames import Framed

BADGE = '<b style="background:#8a3ffc;color:white;border-radius:3px;padding:1px 6px">synthetic</b>'
CONTROLS: dict[str, tuple[float, float, float, str]] = {
    "exposure": (-2, 2, 0.1, "exposure (stops)"),
    "contrast": (0, 1, 0.05, "contrast"),
    "saturation": (0, 1, 0.05, "saturation"),
    "accent": (0, 0.5, 0.02, "hue distance (turns)"),
    "haze": (0, 1, 0.05, "haze"),
    "miss": (0, 1, 0.05, "missed focus"),
    "defocus": (0, 1, 0.05, "soft background"),
    "motion": (0, 1, 0.05, "motion blur"),
    "noise": (0, 1, 0.05, "sensor noise"),
    "x": (0.1, 0.9, 0.02, "subject, across"),
    "y": (0.1, 0.9, 0.02, "subject, down"),
    "size": (0.08, 0.38, 0.01, "subject's radius"),
    "counter": (0, 1, 0.05, "counterweight"),
    "clutter": (0, 1, 0.05, "clutter"),
    "repetition": (1, 6, 1, "copies of subject"),
    "symmetry": (0, 1, 1, "mirror symmetry"),
}
"""Column of a scene → lowest, highest, step, words of its slider."""


@dataclass(frozen=True)
class View:
    """A scene as it is seen and judged."""

    picture: np.ndarray
    """(3, S, S) uint8."""
    qualities: dict[str, float]
    """What can be seen, 0-1 each."""
    scores: dict[str, float]
    """Expected mean vote of each crowd, in its data set's units."""


def crowd_score(key: str, scenes: np.ndarray) -> np.ndarray:
    """(N,) mean vote that a large crowd of the stand-in `key` would give, in the data set's units.

    Tastes and leniences average out to 0 over a crowd, so only their spread is left, which counts at the scale's ends.

    Raises:
        ParameterError: for an unknown stand-in, or TID2013's, whose scores are about distortions.
    """
    judged = [name for name in SPECS if name != "tid2013"]
    if key not in judged:
        raise unknown("crowd that judges scenes", key, judged)
    spec, known = SPECS[key], calibration(key)
    level = np.interp(beauty(scenes, qualities(scenes), spec.criterion, spec.appeal), known.beauty, known.level)
    spread = float(np.hypot(spec.habits.shared, spec.habits.spread * LENIENCE**0.5))
    votes = expected(level[:, None], replace(spec.habits, shared=spread))[:, 0]
    (low, high), (bottom, top) = spec.habits.scale, spec.range
    return bottom + (votes - low) * (top - bottom) / (high - low)


def changed(scene: np.ndarray, changes: Mapping[str, float]) -> np.ndarray:
    """(1,) the scene with other values in some columns; `ParameterError` for a column or value that cannot be."""
    new = np.array([scene], SCENE)
    for name, value in changes.items():
        if name not in CONTROLS:
            raise unknown("slider", name, CONTROLS)
        low, high = CONTROLS[name][:2]
        if not low <= value <= high:
            raise ParameterError(f"{name} is {value}; expected {low} to {high}.")
        new[name] = value
    return new


def see(scene: np.ndarray, changes: Mapping[str, float], crowds: Sequence[str], px: int = 224) -> View:
    """One scene, changed: its picture, its qualities, and what each crowd makes of it."""
    new = changed(scene, changes)
    seen = dict(zip(QUALITIES, qualities(new)[0].tolist(), strict=True))
    return View(render(new, px).numpy()[0], seen, {key: float(crowd_score(key, new)[0]) for key in crowds})


@dataclass(frozen=True)
class Meeting:
    """One rater: who they are, what they like more than others do, and on which pictures it shows."""

    person: pd.Series
    likes: dict[str, float]
    """Spearman's ρ of each quality with what this rater thinks beyond the crowd; strongest first."""
    more: np.ndarray
    less: np.ndarray
    """Rows of the pictures that this rater likes most beyond the crowd, and least."""
    votes: pd.Series
    """How often each score was given."""


def meet(w: World, who: int, pictures: int = 5) -> Meeting:
    """Rater `who` (0 …) of a stand-in; `ParameterError` when there is no such rater."""
    if not 0 <= who < len(w.crowd.people):
        raise ParameterError(f"there is no rater {who}; {w.key} has 0 to {len(w.crowd.people) - 1}.")
    beyond = w.opinion[:, who] - w.opinion.mean(1)
    varied = {name: seen for name, seen in zip(QUALITIES, w.qualities.T, strict=True) if np.ptp(seen) > 0}
    rho = {name: float(spearmanr(seen, beyond).statistic) for name, seen in varied.items()}
    order = np.argsort(beyond)
    given = w.votes.loc[w.votes["rater"] == who, "score"].value_counts().sort_index()
    likes = dict(sorted(rho.items(), key=lambda one: -abs(one[1])))
    return Meeting(w.crowd.people.iloc[who], likes, order[::-1][:pictures], order[:pictures], given)


def image(picture: np.ndarray, alt: str, width: int) -> str:
    """A (3, S, S) uint8 picture inside an `img` element, so that a page without a kernel can show it too."""
    file = BytesIO()
    Image.fromarray(picture.transpose(1, 2, 0)).save(file, "PNG")
    code = b64encode(file.getvalue()).decode()
    return f'<img alt="{escape(alt)}" width="{width}" src="data:image/png;base64,{code}">'


def bars(values: Mapping[str, float], before: Mapping[str, float] | None = None, *, low: float = 0) -> str:
    """Numbers from `low` to 1 as lengths from 0, with a mark where they were before."""
    lines = []
    for name, value in values.items():
        start, end = (100 * (at - low) / (1 - low) for at in sorted((0, value)))
        strip = _block(start, end - start, "#0072B2" if value >= 0 else "#D55E00")
        if before is not None:
            strip += _block(100 * (before[name] - low) / (1 - low), 1, "black")
        track = f'<div style="position:relative;width:150px;height:11px;background:#e5e5e5">{strip}</div>'
        lines.append(f'<tr><td>{escape(name)}</td><td>{track}</td><td align="right">{value:.2f}</td></tr>')
    return f'<table style="line-height:1.25;font-size:12px">{"".join(lines)}</table>'


def _block(left: float, width: float, colour: str) -> str:
    return f'<div style="position:absolute;left:{left:.1f}%;width:{width:.1f}%;height:11px;background:{colour}"></div>'


class SceneSliders(Framed, widgets.HBox):
    """Pick a scene, move its sliders; picture, qualities and the crowds' scores follow. Marks say where they were."""

    def __init__(self, scenes: np.ndarray, crowds: Sequence[str]) -> None:
        self.scenes = scenes
        self.crowds = {key: load_card(key).title.partition(":")[0] for key in crowds}
        wide = {"style": {"description_width": "130px"}, "layout": {"width": "330px", "height": "26px"}}
        there = [theme for k, theme in enumerate(THEMES) if k in scenes["theme"]]
        self.theme = widgets.Dropdown(options=there, description="theme", **wide)
        self.number = widgets.IntSlider(description="which scene", **wide)
        self.sliders = {
            name: widgets.FloatSlider(min=low, max=high, step=step, description=words, **wide)
            for name, (low, high, step, words) in CONTROLS.items()
        }
        self.back = widgets.Button(description="as it was", layout=wide["layout"])
        self.shown = widgets.HTML()
        super().__init__([widgets.VBox([self.theme, self.number, *self.sliders.values(), self.back]), self.shown])
        self.add_class("aeslib-scene")
        self.theme.observe(lambda _: self._choose(), "value")
        self.number.observe(lambda _: self._reset(), "value")
        self.back.on_click(lambda _: self._reset())
        for slider in self.sliders.values():
            slider.observe(lambda _: self._show(), "value")
        self._choose()

    @property
    def scene(self) -> np.ndarray:
        """The chosen scene, unchanged."""
        return self.scenes[self.scenes["theme"] == THEMES.index(self.theme.value)][self.number.value]

    def _choose(self) -> None:
        self.ready = False
        self.number.value = 0
        self.number.max = int((self.scenes["theme"] == THEMES.index(self.theme.value)).sum()) - 1
        self._reset()

    def _reset(self) -> None:
        self.ready = False  # several sliders are being set at once
        self.before = see(self.scene, {}, list(self.crowds))
        for name, slider in self.sliders.items():
            slider.value = float(np.clip(self.scene[name], slider.min, slider.max))
        self.start = {name: slider.value for name, slider in self.sliders.items()}
        self.ready = True
        self._show()

    def _show(self) -> None:
        if not self.ready:
            return
        moved = {name: slider.value for name, slider in self.sliders.items() if slider.value != self.start[name]}
        view = see(self.scene, moved, list(self.crowds))
        cells = [
            f"<tr><td>{escape(self.crowds[key])}, {SPECS[key].range[0]:g} to {SPECS[key].range[1]:g}</td>"
            f'<td align="right"><b>{now:.2f}</b></td><td align="right">{now - self.before.scores[key]:+.2f}</td></tr>'
            for key, now in view.scores.items()
        ]
        told = ", ".join(f"{self.crowds[key]} {now:.2f}" for key, now in view.scores.items())
        alt = f"{self.theme.value} {self.number.value}, judged {told}"
        head = "<tr><th>crowd</th><th>score</th><th>change</th></tr>"
        scores = f'<table style="font-size:12px">{head}{"".join(cells)}</table>'
        left = f"{BADGE}<br>{image(view.picture, alt, 224)}{scores}"
        right = bars(view.qualities, self.before.qualities)
        self.shown.value = f'<div style="display:flex;gap:16px"><div>{left}</div><div>{right}</div></div>'


class RaterExplorer(Framed, widgets.VBox):
    """Choose a kind of taste and a rater of it; see persona, likes and the pictures they see with other eyes."""

    def __init__(self, w: World) -> None:
        self.world = w
        wide = {"style": {"description_width": "110px"}, "layout": {"width": "420px"}}
        self.kind = widgets.Dropdown(options=sorted(w.crowd.people["kind"].unique()), description="kind", **wide)
        self.number = widgets.IntSlider(description="which rater", **wide)
        self.shown = widgets.HTML()
        super().__init__([self.kind, self.number, self.shown])
        self.add_class("aeslib-raters")
        self.kind.observe(lambda _: self._choose(), "value")
        self.number.observe(lambda _: self._show(), "value")
        self._choose()

    @property
    def who(self) -> int:
        """Row of the chosen rater."""
        return int(np.flatnonzero(self.world.crowd.people["kind"] == self.kind.value)[self.number.value])

    def _choose(self) -> None:
        self.number.value = 0
        self.number.max = int((self.world.crowd.people["kind"] == self.kind.value).sum()) - 1
        self._show()

    def _show(self) -> None:
        found = meet(self.world, self.who)
        person = found.person[[bool(value) for value in found.person]].to_frame().to_html(
            header=False, border=0, classes="aeslib-table", float_format="{:.2f}".format
        )  # fmt: skip
        given = ", ".join(f"{score:g}: {count}" for score, count in found.votes.items())
        strips = [f"{words}<br>{self._strip(rows)}" for words, rows in
                  (("likes more than the crowd", found.more), ("likes less than the crowd", found.less))]  # fmt: skip
        likes = f"leaning to each quality<br>{bars(dict(list(found.likes.items())[:8]), low=-1)}"
        self.shown.value = (
            f'{BADGE} votes given: {given}<div style="display:flex;gap:20px"><div>{person}</div><div>{likes}</div>'
            f"<div>{'<br>'.join(strips)}</div></div>"
        )

    def _strip(self, rows: np.ndarray) -> str:
        scenes = self.world.scenes[rows]
        named = [THEMES[theme] for theme in scenes["theme"]]
        return " ".join(image(one, name, 80) for one, name in zip(render(scenes, 80).numpy(), named, strict=True))
