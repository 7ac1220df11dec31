"""Times and tables as people read them."""

import pytest

from aeslib.cli import progress
from aeslib.cli.keys import Plan
from aeslib.cli.progress import Progress, duration, seconds_left, show_table
from aeslib.paths import results_dir


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")])
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("due", "spent", "lanes", "took", "left"),
    [
        (["a", "b"], {}, 1, {}, 40),
        (["a", "b"], {}, 2, {}, 30),  # the longer of the two
        (["a", "b"], {"b": 25}, 1, {}, 15),
        (["a", "new"], {}, 1, {}, 30),  # a new one counts as the average, 20
        (["a"], {"a": 99}, 1, {}, 0),
        (["b"], {}, 1, {"a": 20}, 60),  # all take twice as long today
        (["b"], {}, 1, {"new": 20}, 30),
    ],
)
def test_seconds_left(due, spent, lanes, took, left):
    assert seconds_left(due, spent, {"a": 10, "b": 30}, lanes, took) == left


def test_table(capsys):
    show_table(
        [
            {"name": "02_long_tail", "status": "done", "seconds": 12.34, "peak_mb": 345.6, "error": ""},
            {"name": "03", "status": "FAILED", "seconds": None, "peak_mb": None, "error": "ValueError: a\n b"},
        ]
    )
    assert capsys.readouterr().out == (
        "\nnotebook      status      seconds   peak MB\n"
        "02_long_tail  done           12.3       346\n"
        "03            FAILED            -         -\n"
        "  ValueError: a b\n\n"
    )


def test_a_log_says_now_and_then_what_goes_on(capsys, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(progress.time, "time", lambda: now)
    shown = Progress(Plan("smoke", {"02_long_tail": ""}, "", {}), ["02_long_tail"], {"02_long_tail": 200.0}, 2)
    running = results_dir("smoke") / ".run" / "02_long_tail.cell"
    running.parent.mkdir(parents=True)
    running.write_text("cell 3/9", encoding="utf-8")
    shown.update()
    now += progress.QUIET - 1
    shown.update()
    now += 1
    shown.update()
    shown.update()
    assert capsys.readouterr().out.splitlines() == [
        "[0/1] starting · 0 s, about 3 min 20 s left",
        "[0/1] 02_long_tail cell 3/9 · 1 min 00 s, about 2 min 20 s left",
    ]
