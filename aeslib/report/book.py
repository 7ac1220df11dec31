"""Build the report: write Sphinx's sources, let Sphinx make what changed, swap the finished folder in."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aeslib import __version__
from aeslib.errors import StateError
from aeslib.paths import artifacts_dir, exclusive, write_text
from aeslib.report.chapters import tidy
from aeslib.report.files import copy_output
from aeslib.report.gather import Book, gather
from aeslib.report.pages import pages

HERE = Path(__file__).resolve().parent
CONFIG: dict[str, Any] = {
    "project": "Five papers, run again",
    "version": __version__,
    "release": __version__,
    "extensions": ["myst_nb", "aeslib.report.extension"],
    "exclude_patterns": [],
    # notebooks: shown as they were executed, no script from elsewhere
    "nb_execution_mode": "off",
    "nb_ipywidgets_js": {},
    "nb_merge_streams": True,
    "myst_enable_extensions": ["dollarmath", "amsmath", "colon_fence", "html_image"],
    "myst_heading_anchors": 3,
    "myst_update_mathjax": False,
    "html_math_renderer": "mathml",
    "suppress_warnings": ["myst.header", "mystnb.unknown_mime_type", "ref.python"],
    "toc_object_entries": False,
    "add_module_names": False,
    "python_maximum_signature_line_length": 90,
    "python_display_short_literal_types": True,
    # looks; nothing that asks a server
    "html_theme": "furo",
    "html_static_path": [str(HERE / "static")],
    "templates_path": [str(HERE / "templates")],
    "html_css_files": ["report.css"],
    "html_js_files": ["frames.js"],
    "html_show_search_summary": False,
    "html_use_index": False,  # Sphinx forgets index entries of pages that it does not make again
    "html_domain_indices": False,
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_copyright": False,
    "html_theme_options": {"top_of_page_buttons": []},
}


def build(profile: str) -> Path:
    """Make `results/PROFILE/report/` from what the run left in `results/PROFILE`.

    Only pages whose content changed are made again. A reader of the old report is never shown half of the new one.

    Returns:
        The report's first page.

    Raises:
        ParameterError: for an unknown profile.
        DataError: for a damaged record, side-car, figure or ledger; it names the file.
        StateError: when Sphinx could not finish.
    """
    book = gather(profile)
    work = artifacts_dir(profile) / "report"
    with exclusive(work.with_name(".report.lock")):  # runs with other results folders may share the artifacts
        with trusted(work):
            write_sources(book, work)
            run_sphinx(work, book.profile.name)
        return swap_in(book, work / "html") / "index.html"


@contextmanager
def trusted(work: Path) -> Iterator[None]:
    """What an earlier build kept in `work` is used only when that build came to its end."""
    unfinished = work / "unfinished"
    if unfinished.exists():
        for folder in ("html", "doctrees", "source"):  # the mark stays: this may be killed, too
            shutil.rmtree(work / folder, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    yield
    unfinished.unlink()


def sources(book: Book) -> Iterator[tuple[str, str]]:
    """Path and text of every source file of the book."""
    import nbformat

    titles = {str(item): str(title) for item, title in book.items["title"].items()}
    for name, text in pages(book).items():
        yield f"{name}.md", text + "\n"
    for run in book.runs.values():
        if run.source:
            notebook = nbformat.read(run.source, as_version=4)
            saved = [output for output in book.outputs if output.record["notebook"] == run.name]
            yield f"notebooks/{run.name}.ipynb", nbformat.writes(tidy(notebook, run, saved, titles)) + "\n"


def write_sources(book: Book, work: Path) -> None:
    """Write what changed and remove what is no longer wanted with its page, so that Sphinx sees only real changes."""
    wanted, folder = dict(sources(book)), work / "source"
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        place = path.relative_to(folder)
        if place.as_posix() not in wanted:
            path.unlink()
            (work / "html" / place).with_suffix(".html").unlink(missing_ok=True)
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            (work / "doctrees" / name).with_suffix(".doctree").unlink(missing_ok=True)  # Sphinx would ask the clock
            write_text(path, text)


def run_sphinx(work: Path, profile: str) -> None:
    """Build `work/html` from `work/source`, each page with the profile's name; warnings go to standard error."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    source, settings = work / "source", CONFIG | {"html_title": f"{CONFIG['project']}: {profile}"}
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            source, None, work / "html", work / "doctrees", "html", settings, status=None, warning=sys.stderr,
            verbosity=0, parallel=1,
        )  # fmt: skip
        app.build()
    if app.statuscode:
        raise StateError(f"Sphinx ended with status {app.statuscode}; its messages are above.")
    shown = {name for _, name in app.env.images.values()}
    for picture in (work / "html" / "_images").glob("*"):
        if picture.name not in shown:
            picture.unlink()


def swap_in(book: Book, html: Path) -> Path:
    """Copy the built pages and the outputs' files beside the old report, then take its place by renaming."""
    report = book.results / "report"
    for left in book.results.glob(".report-*"):  # by a build that was killed
        shutil.rmtree(left)
    beside = Path(tempfile.mkdtemp(prefix=".report-", dir=book.results))
    try:
        fresh, old = beside / "new", beside / "old"
        shutil.copytree(html, fresh, ignore=shutil.ignore_patterns(".buildinfo*", "objects.inv", "*.map"))
        for name in (name for output in book.outputs for name in output.files.values()):
            copy_output(book.results / name, fresh / "files" / name)
        if report.exists():
            os.rename(report, old)
        os.rename(fresh, report)
    finally:
        shutil.rmtree(beside)
    return report
