"""Which data are here, and the data cards."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from aeslib.data.cards import DatasetCard
from aeslib.report.gather import Book
from aeslib.report.parts import LEVELS, grid, inline, item_link, raw, show


def data(book: Book) -> str:
    """What data are on this machine and what they unlock."""
    rows = [[cell(str(name), value) for name, value in row.items()] for row in book.data.to_dict("records")]
    head = [str(name).replace("_", " ") for name in book.data.columns]
    cards = "\n".join(f"data_cards/{card.key}" for card in book.cards)
    about = (
        "Data sets are read from the folder that `AESLIB_DATA` names. Where one is not there, a synthetic stand-in "
        "takes its place and says so. `./run_all.sh data status` prints this table."
    )
    tree = f"```{{toctree}}\n:hidden:\n\n{cards}\n```"
    return "\n\n".join(["# Data", tree, about, raw(grid(head, rows, css="data"))])


def cell(name: str, value: Any) -> str:
    """A cell of that table: keys lead to their cards, levels say what they mean."""
    if name == "key":
        return f'<a href="data_cards/{value}.html">{value}</a>'
    if name == "level":
        return f"<b>{value}</b> {LEVELS[value]}"
    return escape(show(value))


def card_page(card: DatasetCard) -> str:
    """One data card: its facts, then its text."""
    facts = [
        ("task", escape(card.task)),
        ("images", "not known" if card.images is None else f"{card.images:,}"),
        ("scores", f"{card.score_scale[0]:g} to {card.score_scale[1]:g}"),
        ("raters", escape(card.raters)),
        ("splits", "<br>".join(f"{escape(s.family)}, {escape(s.name)}: {_count(s.rows)}" for s in card.splits)),
        ("licence", escape(card.license)),
        ("terms", escape(card.terms)),
        ("cite as", escape(card.citation)),
        ("homepage", f"<code>{escape(card.homepage)}</code>"),
        ("unlocks", " ".join(item_link(item, "../") for item in card.unlocks)),
    ]
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in facts if value)
    steps = "\n".join(f"1. {step}" for step in card.get)
    traps = "\n".join(f"- {trap.what}" for trap in card.traps)
    body = re.sub(r"\A#\s.*\n", "", card.body).strip()
    parts = [f"# {inline(card.title)}", raw(f'<table class="plain facts">{rows}</table>'), body]
    parts += [f"## Steps to get it\n\n{steps}"] if steps else []
    parts += [f"## Known traps\n\n{traps}"] if traps else []
    return "\n\n".join(parts)


def _count(rows: int | None) -> str:
    return "rows not known" if rows is None else f"{rows:,} rows"
