"""Which data are here, and the data cards."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby

from aeslib.data.cards import DatasetCard
from aeslib.paths import data_root
from aeslib.report.gather import Book
from aeslib.report.parts import LEVELS, code_type, grid, inline, inline_code, item_link, link, raw


def data(book: Book) -> str:
    """What data are on this machine and what they unlock."""
    about = (
        "Data sets are read from the folder that `AESLIB_DATA` names. Where one is not there, a synthetic stand-in "
        "takes its place and says so. `./run_all.sh data status` prints this table."
    )
    cards = "\n".join(f"{card.key} <data_cards/{card.key}>" for card in book.cards)
    tree = f"```{{toctree}}\n:hidden:\n\n{cards}\n```"
    head = ("data set", "here", "rows (first family)", "images", "families of splits", "unlocks", "note")
    return "\n\n".join(["# Data", tree, about, raw(f'<div class="wide">{grid(head, rows(book))}</div>')])


def rows(book: Book) -> Iterable[list[str]]:
    """A row for each data set; the owner's folders are named from `AESLIB_DATA` on."""
    for row in book.data.to_dict("records"):
        yield [
            link(f"data_cards/{row['key']}.html", escape(row["key"])),
            LEVELS[row["level"]],
            f"{row['rows']:,}" if row["rows"] else "",
            f"{row['images']:,}" if row["images"] else "",
            escape(row["families"]),
            " ".join(map(item_link, row["unlocks"].split())),
            code_type(row["note"].replace(str(data_root()), "AESLIB_DATA")),
        ]


def card_page(card: DatasetCard) -> str:
    """One data card: its facts, its text, then what it says about columns and files."""
    steps = "\n".join(f"1. {inline_code(step)}" for step in card.get)
    traps = "\n".join(f"- {inline_code(trap.what)}" for trap in card.traps)
    columns = raw(grid(("column", "range", "meaning"), column_rows(card)))
    files = raw(grid(("file", "kind", "rows", "SHA-256"), file_rows(card), css="files"))
    parts = [f"# {inline(card.title)}", raw(facts(card)), re.sub(r"\A#\s.*\n", "", card.body).strip()]
    named = {"Known traps": traps, "Steps to get it": steps, "Label columns": columns, "Files": files}
    return "\n\n".join(parts + [f"## {name}\n\n{text}" for name, text in named.items() if text])


def facts(card: DatasetCard) -> str:
    """What the front matter says, as a table."""
    told = {
        "key": f"<code>{escape(card.key)}</code>",
        "task": escape(card.task),
        "images": count(card.images),
        "scores": f"{card.score_scale[0]:g} to {card.score_scale[1]:g}",
        "raters": escape(card.raters),
        "splits": splits(card),
        "licence": escape(card.license),
        "terms": escape(card.terms),
        "cite as": escape(card.citation),
        "homepage": f"<code>{escape(card.homepage)}</code>",
        "unlocks": " ".join(item_link(item, "../") for item in card.unlocks),
    }
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{text}</td></tr>' for name, text in told.items() if text)
    return f'<table class="plain facts">{rows}</table>'


def splits(card: DatasetCard) -> str:
    """A line for each family of splits."""
    families = groupby(card.splits, key=lambda split: split.family)
    lines = (
        f"{escape(name)}: {', '.join(f'{escape(s.name)} {count(s.rows)}' for s in group)}" for name, group in families
    )
    return "<br>".join(lines)


def column_rows(card: DatasetCard) -> Iterable[list[str]]:
    """Label columns with their ranges."""
    for column in card.columns:
        span = f"{column.range[0]:g} to {column.range[1]:g}" if column.range else ""
        yield [f"<code>{escape(column.name)}</code>", span, escape(column.meaning)]


def file_rows(card: DatasetCard) -> Iterable[list[str]]:
    """The owners' files with what is known of them."""
    for file in card.files:
        rows = "" if file.rows is None else f"{file.rows:,}"
        yield [f"<code>{escape(file.path)}</code>", file.kind, rows, f"<code>{escape(file.sha256 or '')}</code>"]


def count(number: int | None) -> str:
    """A number of things, or that it is not known."""
    return "not known" if number is None else f"{number:,}"
