"""Small parts that several pages are put together from; Markdown and HTML as text.

What comes from a file is escaped for the place where it goes: by `html.escape` in HTML and its attributes, by `inline`
in Markdown, by `address` in links, by `fenced` where it is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from aeslib.report.gather import Book, Output

TITLES = {
    "elta": "ELTA: an enhancer against the long tail",
    "aesmamba": "AesMamba: universal assessment with state space models",
    "taskvec": "Personalised assessment by task vectors",
    "mtcnn": "Multi-task convolutional network",
    "aestheticnet": "AestheticNet: architecture search meets computational aesthetics",
}
VERDICTS = {
    "exact": ("=", "recomputed and equal"),
    "contradicted": ("≠", "the papers' own numbers disagree"),
    "holds here": ("✓", "an experiment of this profile supports it"),
    "does not hold here": ("✗", "an experiment of this profile speaks against it"),
    "inconclusive": ("≈", "the interval leaves both open"),
    "not testable at this size": ("∅", "an effect of the published size could not be seen by this profile"),
    "needs data": ("⤓", "data that are not here would be needed"),
    "stale": ("↻", "what it was judged from has changed or is gone: judge again"),
}
"""Verdict → its symbol and its meaning, in the order in which pages list them."""
NOT_JUDGED = "not judged yet"
LEVELS = {"real": "images and labels", "labels": "labels only", "none": "not here", "synthetic": "stand-in"}
FORMATS = {"csv": "CSV", "tex": "LaTeX", "html": "HTML", "svg": "SVG", "png": "PNG", "json": "provenance"}


def raw(html: str) -> str:
    """HTML passed through untouched (the fence is longer than any run of backticks inside)."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", html)), default=0))
    return f"{fence}{{raw}} html\n{html}\n{fence}"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]], *, css: str = "") -> str:
    """An HTML table; the cells are HTML already."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="table"><table class="plain {css}">'
        f"<thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def chip(verdict: str, count: int | None = None) -> str:
    """A verdict with a symbol and words, so that colour is never the only sign."""
    number = "" if count is None else f" <b>{count}</b>"
    css = verdict.replace(" ", "-")
    mark = f'<span class="mark" aria-hidden="true">{VERDICTS[verdict][0]}</span>'
    return f'<span class="chip v-{escape(css)}">{mark}{escape(verdict)}{number}</span>'


def minutes(seconds: float) -> str:
    """A duration as people say it: "0.4 s", "12 s", "3 min 05 s"."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s"


def plural(number: int, word: str) -> str:
    """ "1 notebook", "2 notebooks"."""
    return f"{number} {word}" + ("" if number == 1 else "s")


def anchor(item: str) -> str:
    """The item's target on its paper's page: "elta.F1" → "elta-f1"."""
    return item.replace(".", "-").lower()


def inline(text: str) -> str:
    """Return plain text that Markdown leaves as it is, on one line: no character of it opens markup or a block."""
    return _marks(" ".join(text.split()))


def inline_values(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a JSON object whose texts are `inline`."""
    return {name: inline(value) if isinstance(value, str) else value for name, value in record.items()}


def _marks(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|$&~^:@!])", r"\\\1", text)


def inline_code(text: str) -> str:
    """Return `inline(text)`, but what stands between backticks stays code."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if part[:1] == "`" and part[-1:] == "`" and len(part) > 2 else _marks(part) for part in parts)


def address(path: str) -> str:
    """Return a path of the report (with its `#target`) for `href` and `src`: never another scheme, never a quote."""
    return escape(quote(path, safe="/#"))


def link(path: str, label: str) -> str:
    """Return a link to a path of the report; the label is HTML already."""
    return f'<a href="{address(path)}">{label}</a>'


def fenced(text: str) -> str:
    """Return text as a Markdown block that shows it as it is: the fence is longer than any inside."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def admonition(title: str, body: str, *, css: str) -> str:
    """Return a box around Markdown; its fence is longer than any run of colons inside."""
    fence = ":" * max(3, 1 + max(map(len, re.findall(":+", body)), default=0))
    return f"{fence}{{admonition}} {title}\n:class: {css}\n\n{body}\n{fence}"


def code_type(text: str) -> str:
    """Text as HTML, what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def item_link(item: str, up: str = "") -> str:
    """A link to the item's section."""
    return link(f"{up}items/{item.partition('.')[0]}.html#{anchor(item)}", escape(item))


def file_links(output: Output, up: str = "") -> str:
    """Links to all files of one output."""
    links = (link(f"{up}files/{path}", FORMATS[suffix]) for suffix, path in output.files.items())
    return f'<span class="files">{" ".join(links)}</span>'


def synthetic_badge(outputs: Sequence[Output]) -> str:
    """The badge of outputs that stand-ins were used for."""
    keys = sorted({key for output in outputs for key in output.synthetic})
    names = escape(", ".join(keys))
    return f'<span class="badge" title="made from stand-ins of {names}">synthetic</span>' if keys else ""


def state_of(book: Book, item: str) -> str:
    """ "made", "to come", or "not in this run" for an item that a fuller run makes."""
    if item in book.made:
        return "made"
    return "not in this run" if book.items.loc[item, "status"] == "done" else "to come"
