"""The gallery of all items, and for each paper a page with its items in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from aeslib.published import PAPERS
from aeslib.report.files import plain_table
from aeslib.report.gather import Book, Output
from aeslib.report.parts import (
    LEVELS,
    TITLES,
    address,
    anchor,
    chip,
    file_links,
    inline,
    link,
    plural,
    raw,
    state_of,
    synthetic_badge,
)

if TYPE_CHECKING:
    import pandas as pd


def gallery(book: Book) -> str:
    """All items as cards, paper by paper, the missing ones greyed."""
    states = Counter(state_of(book, item) for item in book.items.index)
    counts = ", ".join(f"{states[state]} {state}" for state in ("made", "not in this run", "to come") if states[state])
    parts = ["# Gallery", f"All {len(book.items)} numbered tables and figures of the five papers: {counts}."]
    parts += [raw('<label><input type="checkbox" id="only-made"> only what is made</label>')] if book.made else []
    for paper in PAPERS:
        of_paper = book.items[book.items["paper"] == paper]
        cards = "".join(card_of(book, item, str(row["title"])) for item, row in of_paper.iterrows())
        parts += [f"## {TITLES[paper]}", raw(f'<ul class="gallery wide">{cards}</ul>')]
    return "\n\n".join(parts)


def card_of(book: Book, item: Any, title: str) -> str:
    """One card of the gallery."""
    outputs, state = book.made.get(item, []), state_of(book, item)
    if not outputs:
        return (
            f'<li class="item missing"><div class="thumb empty"><span>{state}</span></div>'
            f'<p class="name"><code>{escape(item)}</code></p><p>{escape(title)}</p></li>'
        )
    target = f"items/{item.partition('.')[0]}.html#{anchor(item)}"
    files = "".join(f"<li>{escape(output.stem)} {file_links(output)}</li>" for output in outputs)
    return (
        f'<li class="item"><a class="thumb" href="{address(target)}">{thumbnail(book, outputs, title)}</a>'
        f'<p class="name"><code>{escape(item)}</code> {synthetic_badge(outputs)}</p>'
        f"<p>{link(target, escape(title))}</p>"
        f'<ul class="parts">{files}</ul></li>'
    )


def thumbnail(book: Book, outputs: Sequence[Output], title: str) -> str:
    """The first figure as a small picture, else the corner of the first table."""
    figure = next((output for output in outputs if output.kind == "figure"), None)
    if figure:
        return f'<img src="{address("files/" + figure.files["png"])}" alt="{escape(title)}" loading="lazy">'
    import pandas as pd

    frame = pd.read_csv(book.results / outputs[0].files["csv"], nrows=8, dtype=str, keep_default_na=False)
    return corner(frame.iloc[:, :6])


def corner(frame: pd.DataFrame) -> str:
    """A table's first rows as decoration (hidden from screen readers; the link's text says what it is)."""
    rows = [list(map(str, frame.columns)), *frame.to_numpy().tolist()]
    body = "".join("<tr>" + "".join(f"<td>{escape(cell[:18])}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table aria-hidden="true">{body}</table><span class="sr">table</span>'


def items_of(book: Book, paper: str) -> str:
    """One paper's items in full: pictures, tables, files, claims and provenance."""
    parts = [f"# {TITLES[paper]}", f"Tables and figures of `{paper}`, as this run made them."]
    for item, row in book.items[book.items["paper"] == paper].iterrows():
        number = str(item).partition(".")[2]
        parts += [f"({anchor(str(item))})=\n## {number} · {inline(str(row['title']))}"]
        outputs = book.made.get(str(item), [])
        parts += [raw(output_block(book, output)) for output in outputs]
        if not outputs:
            where = f" Chapter: {row['notebook']}." if row["notebook"] else ""
            parts += [raw(f'<p class="missing">{state_of(book, str(item)).capitalize()}.{escape(where)}</p>')]
        about = [claim for claim in book.claims or [] if claim["item"] == item]
        if about:
            lines = "".join(
                f"<li>{chip(c['verdict'])} {link('../claims.html#' + c['id'], escape(c['claim']))}</li>" for c in about
            )
            parts += [
                raw(f'<details class="fold"><summary>{plural(len(about), "claim")}</summary><ul>{lines}</ul></details>')
            ]
    return "\n\n".join(parts)


def output_block(book: Book, output: Output) -> str:
    """One output: the thing itself, its files, its origin."""
    caption = escape(output.record["caption"])
    title = escape(str(book.items.loc[output.item, "title"]))
    if output.kind == "figure":
        svg = address("../files/" + output.files["svg"])
        body = f'<a href="{svg}"><img src="{svg}" alt="{caption or title}" loading="lazy"></a>'
    else:
        table = plain_table((book.results / output.files["html"]).read_text(encoding="utf-8"))
        body = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(output.stem)}">{table}</div>'
    return (
        f'<figure class="output">{body}<figcaption><b>{escape(output.stem)}</b> {synthetic_badge([output])} '
        f"{caption}<br>{file_links(output, '../')}</figcaption>{origin(output)}</figure>"
    )


def origin(output: Output) -> str:
    """Provenance, folded."""
    record = output.record
    facts = [
        ("chapter", link(f"../notebooks/{record['notebook']}.html", escape(record["notebook"]))),
        ("profile, seed", escape(f"{record['profile']}, {record['seed']}")),
        ("commit", f"<code>{escape(record['commit'])}</code>"),
        *(
            ("data " + link(f"../data_cards/{d['key']}.html", escape(d["key"])),
             f"{LEVELS[d['source']]}: {escape(d['detail'])}")
            for d in record["data"]
        ),
        ("runs", "<br>".join(map(escape, record["runs"])) or "none: computed in the chapter"),
        ("versions", escape(", ".join(f"{name} {version}" for name, version in record["versions"].items()))),
        ("processor", escape(record.get("processor", "not recorded"))),
    ]  # fmt: skip
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in facts)
    return f'<details class="fold"><summary>Where it comes from</summary><table class="plain">{rows}</table></details>'
