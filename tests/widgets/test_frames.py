import json
import re
from base64 import b64decode
from io import BytesIO

import ipywidgets as widgets
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from PIL import Image

from aeslib.widgets.choose import Choose, Live
from aeslib.widgets.frames import FRAMES, FRAMES_WANTED, Examples, Framed, shown
from aeslib.widgets.tables import TableFilter


def told(**values):
    """A frame that tells what it was drawn with."""
    return json.dumps(values, default=str)


def drawn_with(frame):
    return json.loads(re.search(r"\{.*\}", frame.html)[0])


def test_each_frame_is_what_the_widget_shows_there():
    live = Live(told, a=widgets.IntSlider(2, 0, 3), b=widgets.Dropdown(options=[("one", 1), ("two", 2)]))
    film = live.film()
    assert [(c.name, c.kind, c.words, c.start) for c in film.controls] == [
        ("a", "slider", ["0", "1", "2", "3"], 2), ("b", "menu", ["one", "two"], 0),
    ]  # fmt: skip
    assert film.groups == [[0, 1]]
    assert {tuple(f.at) for f in film.frames} == {(a, b) for a in range(4) for b in range(2)}
    for frame in film.frames:
        assert drawn_with(frame) == {"a": frame.at[0], "b": 1 + frame.at[1]}
        assert frame.said == [str(frame.at[0]), ("one", "two")[frame.at[1]]]
        live.controls["a"].value, live.controls["b"].value = frame.at[0], 1 + frame.at[1]
        assert shown(live) == frame.html


def test_the_first_frame_is_the_start_and_the_widget_is_left_as_it_was():
    live = Live(told, x=widgets.FloatSlider(0.3, min=0, max=3, step=0.1), y=widgets.FloatSlider(1, min=0, max=1))
    before = live.shown.value
    film = live.film()
    assert drawn_with(film.frames[0]) == {"x": 0.3, "y": 1.0}
    assert film.frames[0].at == [control.start for control in film.controls]
    assert film.frames[0].said[0] == film.controls[0].words[film.controls[0].start] == "0.3"
    assert (live.controls["x"].value, live.controls["y"].value, live.shown.value) == (0.3, 1.0, before)
    live.controls["x"].value = 1.0
    assert '"x": 1.0' in live.shown.value, "it still reacts"


def test_a_large_grid_is_walked_one_control_at_a_time_and_drawn_once_a_frame():
    drawn = []

    def draw(**values):
        drawn.append(values)
        return told(**values)

    live = Live(draw, **{name: widgets.IntSlider(5, 0, 10) for name in "abc"})
    drawn.clear()
    film = live.film()
    assert film.groups == [[0], [1], [2]]
    assert len(film.frames) == 1 + 3 * 3
    assert all(sum(k != c.start for k, c in zip(f.at, film.controls, strict=True)) <= 1 for f in film.frames)
    assert len(drawn) == len(film.frames) + 1


@pytest.mark.parametrize(
    ("control", "words", "start"),
    [
        (widgets.Checkbox(True), ["off", "on"], 1),
        (widgets.IntSlider(0, 0, 12, 4), ["0", "4", "8", "12"], 0),
        (widgets.FloatLogSlider(1, base=10, min=-1, max=1, step=0.5), ["0.1", "0.316", "1", "3.16", "10"], 2),
        (widgets.SelectMultiple(options="pqr", value=("p", "q")), ["p, q", "q", "p", "p, q, r"], 0),
        (widgets.ToggleButtons(options={"left": 1, "right": 2}, value=2), ["left", "right"], 1),
        (widgets.SelectionSlider(options=[("stage 1", 4), ("stage 2", 9)]), ["stage 1", "stage 2"], 0),
    ],
)
def test_kinds_of_controls(control, words, start):
    (made,) = Live(told, c=control).film().controls
    assert (made.words, made.start) == (words, start)


def test_a_text_with_examples_gives_one_frame_each():
    live = Live(told, text=Examples({"short": "a", "long": "aaa"}, rows=3))
    film = live.film()
    assert (film.controls[0].words, film.controls[0].kind, film.controls[0].start) == (["short", "long"], "menu", 0)
    assert [drawn_with(frame) for frame in film.frames] == [{"text": "a"}, {"text": "aaa"}]
    assert live.controls["text"].value == "a"


def test_of_a_long_menu_the_first_options_and_where_it_stands_get_frames():
    (made,) = Live(told, n=widgets.Dropdown(options=range(100), value=77)).film().controls
    assert (made.words, made.start) == ([*map(str, range(39)), "77"], 39)


def test_what_cannot_be_listed_gives_one_frame():
    film = Live(told, text=widgets.Textarea("words")).film()
    assert (film.controls, film.groups, len(film.frames)) == ([], [], 1)
    assert drawn_with(film.frames[0]) == {"text": "words"}


class Nested(Framed, widgets.VBox):
    """A slider whose range hangs on a menu."""

    together = (("kind", "which"),)

    def __init__(self):
        self.kind = widgets.Dropdown(options={"few": 2, "many": 8}, description="kind")
        self.which, self.line = widgets.IntSlider(0, 0, 2, description="which"), widgets.HTML()
        super().__init__([self.kind, widgets.HBox([self.which]), self.line])
        self.kind.observe(lambda _: self._choose(), "value")
        self.which.observe(lambda _: self._show(), "value")
        self._choose()

    def _choose(self):
        self.which.value = 0
        self.which.max = self.kind.value
        self._show()

    def _show(self):
        self.line.value = told(kind=self.kind.value, which=self.which.value)


def test_a_control_that_hangs_on_another_is_labelled_with_what_it_came_to():
    frames = {tuple(frame.at): frame for frame in Nested().film().frames}
    assert frames[0, 2].said == ["few", "2"]
    assert frames[1, 2].said == ["many", "8"]
    assert drawn_with(frames[1, 2]) == {"kind": 8, "which": 8}


def figure(shade):
    fig = plt.figure(figsize=(2, 1), dpi=50)
    fig.patch.set_facecolor(str(shade))
    plt.close(fig)
    return fig


def test_pictures_become_small_and_keep_size_and_colour():
    film = Choose({"dark": 0.2, "light": 0.8}, figure, "shade").film()
    for frame, grey in zip(film.frames, (51, 204), strict=True):
        image = Image.open(BytesIO(b64decode(re.search(r'data:image/webp;base64,([^"]+)', frame.html)[1])))
        assert image.size == (100, 50)
        assert abs(image.convert("L").getpixel((50, 25)) - grey) <= 3


def test_frames_are_made_only_when_a_report_is(monkeypatch):
    table = TableFilter(pd.DataFrame({"paper": ["elta", "mtcnn"], "n": [1, 2]}), by=["paper"])
    monkeypatch.delenv(FRAMES_WANTED, raising=False)
    assert FRAMES not in table._repr_mimebundle_()
    monkeypatch.setenv(FRAMES_WANTED, "1")
    bundle = table._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    film = json.loads(json.dumps(bundle[FRAMES]))
    assert film["controls"][0]["words"] == ["any", "elta", "mtcnn"]
    assert "1 of 2 rows" in film["frames"][1]["html"]
