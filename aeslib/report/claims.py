"""The claims page: every claim with its verdict, to be filtered."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aeslib.ledger.core import JUDGES
from aeslib.report.gather import Book, Output
from aeslib.report.parts import NOT_JUDGED, VERDICTS, chip, code_type, grid, item_link, link, plural, raw


def claims(book: Book) -> str:
    """All claims in a table that can be filtered."""
    head = "---\nhide-toc: true\n---\n\n# Claims"
    if not book.claims:
        return f"{head}\n\nThe claims are **{NOT_JUDGED}**: the ledger has not run for this profile."
    legend = "".join(f"<li>{chip(v, book.verdicts[v])} {VERDICTS[v][1]}</li>" for v in VERDICTS if book.verdicts[v])
    behind = {output.stem: output for output in book.outputs}
    rows = "".join(claim_row(claim, behind) for claim in book.claims)
    titles = ("verdict", "claim", "published", "here", "why", "how")
    top = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return "\n\n".join(
        [
            head,
            f"{len(book.claims)} claims of the five papers, each judged by code from numbers, labels or runs of the "
            f"**{book.profile.name}** profile.",
            raw(
                f'<ul class="verdicts">{legend}</ul>{filters(book.claims)}<div class="wide">'
                f'<table class="claims plain"><thead><tr>{top}</tr></thead><tbody>\n{rows}</tbody></table></div>'
                '<script src="_static/claims.js"></script>'
            ),
            *controls(book.controls),
        ]
    )


def controls(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table of positive controls with its heading; nothing where the ledger has none."""
    if not rows:
        return []
    head = ("control", "study", "put in", "found", "passed")
    cells = [
        (escape(row["control"]), f"<code>{escape(row['study'])}</code>", escape(row["put_in"]), effect(row),
         escape(row["passed"]))
        for row in rows
    ]  # fmt: skip
    return [
        "## Positive controls",
        "An effect put in on purpose, which the comparison must find. Where one is missed (*no*), no claim that rests "
        "on the comparison is testable.",
        raw(grid(head, cells)),
    ]


def effect(row: Mapping[str, Any]) -> str:
    """Return the effect that was found of a control, with its interval."""
    return "" if row["found"] is None else f"{row['found']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"


def filters(rows: Sequence[Mapping[str, Any]]) -> str:
    """The row of selects and the text field above the claims."""
    fields = []
    for name in ("paper", "verdict", "kind", "item"):
        values = list(dict.fromkeys(row[name] for row in rows if row[name]))
        order = list(VERDICTS).index if name == "verdict" else values.index
        options = "".join(f'<option value="{escape(v)}">{escape(v)}</option>' for v in sorted(values, key=order))
        fields.append(f'<label>{name} <select name="{name}"><option value="">all</option>{options}</select></label>')
    return (
        f'<form class="filters" id="filters">{"".join(fields)}<label>text <input type="search" name="text" '
        'autocomplete="off"></label><button type="reset">show all</button><output id="shown" aria-live="polite">'
        f"{plural(len(rows), 'claim')}</output></form>"
    )


def claim_row(claim: Mapping[str, Any], behind: Mapping[str, Output]) -> str:
    """One claim; `data-*` attributes are what the filters look at."""
    tags = " ".join(f'data-{key}="{escape(claim[key] or "")}"' for key in ("paper", "verdict", "kind", "item"))
    item = item_link(claim["item"]) if claim["item"] else ""
    where = " · ".join(filter(None, (f"<code>{escape(claim['id'])}</code>", item, escape(claim["place"]))))
    cells = {
        "verdict": chip(claim["verdict"]),
        "claim": f'{escape(claim["claim"])}<br><span class="where">{where}</span>',
        "published": escape(claim["published"]),
        "here": here(claim),
        "why": code_type(claim["why"]),
        "how": how(claim, behind),
    }
    body = "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in cells.items())
    return f'<tr id="{escape(claim["id"])}" {tags}>{body}</tr>\n'


def here(claim: Mapping[str, Any]) -> str:
    """Our number; for an experiment also the effect with its interval and the number of seeds."""
    parts = [escape(claim["ours"])]
    if claim["effect"] is not None:
        interval = "" if claim["low"] is None else f" [{claim['low']:.3g}, {claim['high']:.3g}]"
        parts.append(f"effect {claim['effect']:.3g}{interval}")
    if claim["seeds"]:
        parts.append(plural(int(claim["seeds"]), "seed"))
    if claim["data"] == "synthetic":
        parts.append('<span class="badge">synthetic</span>')
    return "<br>".join(filter(None, parts))


def how(claim: Mapping[str, Any], behind: Mapping[str, Output]) -> str:
    """The rule that judged it, from what, and links to the chapters and runs that made it."""
    rule = JUDGES.get(claim["judge"])
    told = (inspect.getdoc(rule) or "").partition("\n")[0] if rule else ""
    source = {"": "", "real": "real pictures", "labels": "the owners' labels", "synthetic": "stand-ins"}[claim["data"]]
    based = claim["basis"] + (f", {source}" if source else "")
    parts = [f"<code>{escape(claim['judge'])}</code>: {code_type(told)}", escape(based)]
    for stem in (name.rpartition("/")[2] for name in claim["inputs"] if name.startswith("result:")):
        if stem in behind:
            output = behind[stem]
            chapter, runs = output.record["notebook"], plural(len(output.record["runs"]), "run")
            parts.append(
                f"{link(f'notebooks/{chapter}.html', escape(chapter))}: "
                f"{link('files/' + output.files['json'], f'{escape(stem)}, {runs}')}"
            )
    return "<br>".join(parts)
