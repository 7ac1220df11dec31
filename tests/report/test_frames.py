"""Frames of a widget as HTML."""

from html import unescape

from nbformat.v4 import new_code_cell, new_notebook, new_output

from aeslib.report.chapters import WIDGET, tidy
from aeslib.report.frames import FRAMES, caption, still_frames
from aeslib.report.gather import Run


def control(name, words, start=0, kind="slider"):
    return {"name": name, "kind": kind, "words": words, "start": start}


FILM = {
    "controls": [control('a "<b>"', ["0", "1"], 1), control("m", ["<low>", "high"], 0, "menu")],
    "groups": [[0], [1]],
    "frames": [
        {"at": [1, 0], "said": ["1", "<low>"], "html": "<i>first</i>"},
        {"at": [0, 0], "said": ["0", "<low>"], "html": "<i>second</i>"},
    ],
}


def test_names_and_values_are_escaped_and_frames_are_kept_as_they_are():
    made = still_frames(FILM)
    assert "<b>" not in made
    assert "<low>" not in made
    assert made.count("<i>second</i>") == 1
    assert made.count("<i>first</i>") == 2, "shown, and kept to come back to"
    assert 'a "<b>": 0 · m: <low>' in unescape(made)
    assert "One of them moves at a time" in made


def test_the_caption_of_many_controls_tells_what_was_moved():
    many = [control(name, ["0", "1"]) for name in "abcde"]
    assert caption(many, {"at": [0, 1, 0, 0, 0], "said": list("01000")}) == "b: 1"
    assert caption(many, {"at": [0] * 5, "said": ["0"] * 5}) == "all controls at their start"


def test_a_widget_with_frames_is_shown_once():
    data = {WIDGET: {"model_id": "gone"}, "text/plain": "Live()", FRAMES: FILM}
    cell = new_code_cell("w", outputs=[new_output("display_data", data=data)])
    (shown,) = tidy(new_notebook(cells=[cell]), Run("x", "done", 1.0, 1.0), [], {}).cells[-1].outputs
    assert list(shown.data) == ["text/html"]
    assert shown.data["text/html"].count('class="frames"') == 1
    assert "./run_all.sh lab" in shown.data["text/html"]
