"""The first page, how the chapters fared, and the environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from importlib import metadata

from aeslib.published import PAPERS
from aeslib.report.api import project
from aeslib.report.chapters import run_note
from aeslib.report.gather import CHANGED, Book, Run
from aeslib.report.parts import (
    NOT_JUDGED,
    TITLES,
    VERDICTS,
    admonition,
    chip,
    grid,
    inline,
    item_link,
    link,
    minutes,
    plural,
    raw,
)

CHANGED_COPY = (
    "The executed copy is not the one that the run left, so it is not shown here; `./run_all.sh` makes it again."
)


def index(book: Book) -> str:
    """What this is, how far it is, what held."""
    verdicts = book.verdicts
    head = ("paper", "items made", *(chip(verdict) for verdict in VERDICTS if verdicts[verdict]))
    return "\n\n".join(
        [
            "---\nhide-toc: true\n---",
            "# Five image-aesthetics papers, run again",
            "One command runs the numbered notebooks, remakes the tables and figures of five papers, and says claim by "
            f"claim what held. This report is what the **{book.profile.name}** profile left behind.",
            synthetic_box(book),
            raw(tiles(book)),
            "## What held",
            raw(verdict_bar(verdicts)) if book.claims else f"The claims are **{NOT_JUDGED}**: the ledger has not run.",
            "## Paper by paper",
            raw(f'<div class="wide">{grid(head, paper_rows(book))}</div>'),
            "Paper keys are used all through the book; an item such as `elta.T1` is Table 1 of that paper.",
            toctree(book),
        ]
    )


def synthetic_box(book: Book) -> str:
    """The banner that says which data are stand-ins."""
    if not book.synthetic:
        return ""
    names = ", ".join(map(inline, book.synthetic))
    body = (
        f"Where real data of {names} are not on this machine, stand-ins take their place. What is made from them is "
        "marked *synthetic* on its face; it shows that the method runs, not what the paper measured. "
        "[Data](data.md) says how to get the real ones."
    )
    return admonition("Some results rest on synthetic stand-ins", body, css="warning")


def tiles(book: Book) -> str:
    """Four figures at a glance."""
    failed = sum(run.failed for run in book.runs.values())
    levels = Counter(book.data["level"])
    facts = (
        (f"{len(book.made)} of {len(book.items)}", "tables and figures made", "gallery.html"),
        (str(len(book.claims or [])), "claims judged", "claims.html"),
        (str(len(book.runs)), "chapters" + (f", {failed} failed" if failed else " run"), "notebooks/index.html"),
        (f"{levels['real'] + levels['labels']} of {len(book.data)}", "data sets with real labels", "data.html"),
    )
    cells = (f'<a class="tile" href="{to}"><b>{number}</b><span>{what}</span></a>' for number, what, to in facts)
    return f'<div class="tiles">{"".join(cells)}</div>'


def verdict_bar(verdicts: Counter[str]) -> str:
    """Shares of the verdicts as a bar, then each with its count, linked to the filtered claims."""
    there = [verdict for verdict in VERDICTS if verdicts[verdict]]
    bar = "".join(
        f'<span class="v-{v.replace(" ", "-")}" style="flex-grow:{verdicts[v]}" title="{v}: {verdicts[v]}"></span>'
        for v in there
    )
    links = "".join(
        f'<li><a href="claims.html#verdict={v.replace(" ", "+")}">{chip(v, verdicts[v])}</a> {VERDICTS[v][1]}</li>'
        for v in there
    )
    return f'<div class="bar" aria-hidden="true">{bar}</div><ul class="verdicts">{links}</ul>'


def paper_rows(book: Book) -> Iterable[list[str]]:
    """Per paper, and for the claims across papers: items made and verdicts."""
    shown = [verdict for verdict in VERDICTS if book.verdicts[verdict]]
    for paper in dict.fromkeys([*PAPERS, *(claim["paper"] for claim in book.claims or [])]):
        of_paper = book.items[book.items["paper"] == paper].index
        made = sum(item in book.made for item in of_paper)
        counts = Counter(claim["verdict"] for claim in book.claims or [] if claim["paper"] == paper)
        known = paper in TITLES
        name = f'<a href="items/{paper}.html">{TITLES[paper]}</a> <code>{paper}</code>' if known else "across papers"
        yield [name, f"{made} of {len(of_paper)}" if known else "", *(str(counts[v] or "") for v in shown)]


def toctree(book: Book) -> str:
    """The book's contents, for the side bar."""
    groups = {
        "Results": ["gallery", "claims", *(f"{paper} <items/{paper}>" for paper in PAPERS)],
        "Chapters": ["course", "Overview <notebooks/index>", *(f"notebooks/{name}" for name in book.runs)],
        "Behind it": ["data", "speed", "growth", "environment", "licences", "api/index"],
    }
    blocks = (
        "```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(names) + "\n```"
        for caption, names in groups.items()
    )
    return "\n\n".join(blocks)


def chapters(book: Book) -> str:
    """How each notebook fared."""
    if not book.runs:
        return "# Chapters\n\nNo notebook has been run for this profile."
    rows = []
    for run in book.runs.values():
        saved = sorted({output.item for output in book.outputs if output.record["notebook"] == run.name})
        links = " ".join(item_link(item, "../") for item in saved)
        took = minutes(run.seconds) if run.seconds is not None else ""
        memory = f"{run.peak_mb:.0f} MB" if run.peak_mb is not None else ""
        problem = f"<br><code>{escape(run.error.strip().splitlines()[-1])}</code>" if run.error.strip() else ""
        mark = "✗ failed" if run.failed else escape(run.status)
        rows.append([link(f"{run.name}.html", escape(run.name)), f"{mark}{problem}", took, memory, links])
    table = grid(("chapter", "status", "time", "peak memory", "items saved"), rows)
    return f"# Chapters\n\n{plural(len(book.runs), 'executed notebook')}, in reading order.\n\n{raw(table)}"


def never_started(run: Run) -> str:
    """The page of a notebook without an executed copy."""
    absent = "There is no executed copy of this notebook."
    return f"# {run.name}\n\n{run_note(run)}\n\n{absent if run.status != CHANGED else CHANGED_COPY}"


def environment(book: Book) -> str:
    """With what it was made: profile, code, packages."""
    from aeslib.results import commit, versions

    commits = sorted({output.record["commit"] for output in book.outputs})
    mixed = (
        ":::{caution}\nThe outputs come from more than one version of the code. `./run_all.sh --force` makes them all "
        "anew.\n:::"
    )
    facts = [("report made at commit", commit()), ("outputs made at", ", ".join(commits) or "no outputs")]
    facts += [(name, version) for name, version in versions().items() if name in {"python", "aeslib", "platform"}]
    settings = [(name, f"<code>{escape(str(value))}</code>") for name, value in asdict(book.profile).items()]
    return "\n\n".join(
        [
            "# Environment",
            raw(grid(("what", "value"), [(name, f"<code>{escape(value)}</code>") for name, value in facts])),
            mixed if len(commits) > 1 else "",
            "## Profile",
            raw(grid(("setting", "value"), settings)),
            "## Packages",
            "Pinned in `pyproject.toml`; `requirements.txt` locks these and all they need, with hashes.",
            raw(grid(("package", "pinned", "installed"), package_rows())),
        ]
    )


def package_rows() -> Iterable[tuple[str, str, str]]:
    """Direct dependencies with their pinned and installed versions, a difference in bold."""
    for pin in project()["project"]["dependencies"]:
        name, _, pinned = pin.partition("==")
        have = metadata.version(name.partition("[")[0])
        yield escape(name), escape(pinned), escape(have) if have == pinned else f"<b>{escape(have)}</b>"
