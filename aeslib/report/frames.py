"""Frames of a widget as HTML: the first is shown as it is, a small script lets a reader walk through the others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

FRAMES = "application/vnd.aeslib.frames+json"
"""Controls, groups and frames as `aeslib.widgets` leaves them in an executed notebook."""
ALL = 4
"""Controls whose values are all told in a caption; of more, those that were moved."""


def still_frames(film: Mapping[str, Any]) -> str:
    """Controls (hidden until the script finds them), a caption with their values, the first frame, the others."""
    controls, frames = film["controls"], film["frames"]
    groups = escape(json.dumps(film["groups"]))
    start = escape(",".join(str(control["start"]) for control in controls))
    rows = "".join(_control(number, control) for number, control in enumerate(controls))
    moved = "" if len(film["groups"]) < 2 else "<p>One of them moves at a time; the others go back to their start.</p>"
    if [len(group) for group in film["groups"] if len(group) > 1] and moved:
        moved = "<p>Those that belong together move together; the others go back to their start.</p>"
    bar = f'<form class="frame-controls" hidden>{rows}{moved}</form>' if controls else ""
    kept = "".join(
        f'<template data-at="{escape(",".join(map(str, frame["at"])))}" '
        f'data-said="{escape(json.dumps(frame["said"]))}" '
        f'data-words="{escape(caption(controls, frame))}">{frame["html"]}</template>'
        for frame in frames[: len(frames) if controls else 0]
    )
    return (
        f'<div class="frames" data-groups="{groups}" data-start="{start}">{bar}'
        f'<p class="frame-words" aria-live="polite">{escape(caption(controls, frames[0]))}</p>'
        f'<div class="frame">{frames[0]["html"]}</div>{kept}</div>'
    )


def caption(controls: Sequence[Mapping[str, Any]], frame: Mapping[str, Any]) -> str:
    """The values at which a frame was made: "beta 1 · t 0.75"."""
    told = [
        f"{control['name']}: {said}"
        for control, at, said in zip(controls, frame["at"], frame["said"], strict=True)
        if len(controls) <= ALL or at != control["start"]
    ]
    return " · ".join(told) or ("all controls at their start" if controls else "as it was when the chapter ran")


def _control(number: int, control: Mapping[str, Any]) -> str:
    """A slider over the positions, or a menu of them."""
    start, words = control["start"], control["words"]
    named = f'data-control="{number}" aria-label="{escape(control["name"])}"'
    if control["kind"] == "slider":
        field = (
            f'<input type="range" min="0" max="{len(words) - 1}" step="1" value="{escape(str(start))}" {named} '
            f'aria-valuetext="{escape(words[start])}"><output>{escape(words[start])}</output>'
        )
    else:
        options = "".join(
            f'<option value="{k}"{" selected" if k == start else ""}>{escape(word)}</option>'
            for k, word in enumerate(words)
        )
        field = f"<select {named}>{options}</select>"
    return f"<label><span>{escape(control['name'])}</span>{field}</label>"
