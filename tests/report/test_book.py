"""The finished report: self-contained, whole, described, and made again only where something changed."""

import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import nbformat
import pandas as pd
import pytest

from aeslib.errors import DataError
from aeslib.paths import ROOT
from aeslib.published import items
from aeslib.report.parts import VERDICTS, state_of

pytestmark = pytest.mark.filterwarnings("ignore:'myst_parser:PendingDeprecationWarning")
LOADING = re.compile(
    r"""(?:@import\s*(?:url\()?|url\(|(?:fetch|import|importScripts|open)\(|\.(?:src|href)\s*=)\s*["'`]?\s*(?:https?:)?//""",
    re.IGNORECASE,
)


class Page(HTMLParser):
    """What a page points to, its anchors, its pictures and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.pictures: list[dict[str, str | None]] = []
        self.values: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append((tag, named))
        self.ids |= {named["id"]} if named.get("id") else set()
        self.pictures += [named] if tag == "img" else []
        self.values += [(name, value or "") for name, value in attrs]
        self.targets += [named[name] for name in ("href", "src") if named.get(name)]

    def handle_data(self, data):
        self.text += data

    def with_class(self, name):
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


@pytest.fixture(scope="module")
def pages(report):
    return {
        path.relative_to(report).as_posix(): Page(path) for path in report.rglob("*.html") if "files" not in path.parts
    }


def test_no_page_names_an_address_to_load_from(pages):
    outside = re.compile(r"\s*(?:[a-z]+:)?//|mailto:", re.IGNORECASE)
    found = [
        (name, attribute, value)
        for name, page in pages.items()
        for attribute, value in page.values
        if outside.match(value) and not attribute.startswith("xmlns")
    ]
    assert len(pages) > 30
    assert found == []


def test_no_style_script_or_drawing_loads_from_elsewhere(report):
    texts = [path for path in report.rglob("*") if path.suffix in {".html", ".css", ".js", ".svg"}]
    assert len([path for path in texts if path.suffix == ".js"]) >= 5
    assert [path for path in texts if LOADING.search(path.read_text(encoding="utf-8"))] == []
    assert not re.search(r'(?:href|src)="(?:https?:)?//', "".join(p.read_text(encoding="utf-8") for p in texts))


def test_every_link_and_picture_leads_to_something(report, pages):
    broken = []
    for name, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme == "data":
                continue
            path = (report / name).parent / unquote(parts.path) if parts.path else report / name
            known = pages.get(path.resolve().relative_to(report).as_posix())
            anchored = not parts.fragment or "=" in parts.fragment or known is None or parts.fragment in known.ids
            if not path.is_file() or not anchored:
                broken.append((name, target))
    assert broken == []


def test_every_picture_has_words(pages):
    assert [picture for page in pages.values() for picture in page.pictures if not picture.get("alt")] == []
    chapter = pages["notebooks/02_long_tail.html"].pictures
    assert "Picture made by the cell under “Counting”" in [picture["alt"] for picture in chapter]


def test_nothing_tells_on_which_machine_it_was_made(report):
    texts = (path for path in report.rglob("*") if path.suffix in {".html", ".css", ".js", ".json", ".svg"})
    here = (str(ROOT), str(report.parents[2]), str(Path.home()) + "/")
    assert [path for path in texts if any(word in path.read_text(encoding="utf-8") for word in here)] == []


def test_the_first_page_says_how_far_it_is(pages):
    page = pages["index.html"]
    words = " ".join(page.text.split())
    assert f"3 of {len(items())}tables and figures made" in words
    assert "4claims judged" in words
    assert "4chapters, 2 failed" in words
    assert "Some results rest on synthetic stand-ins" in words
    assert "Where real data of aadb, ava are not on this machine, stand-ins take their place." in words


def test_the_gallery_shows_every_item(report, pages):
    page = pages["gallery.html"]
    assert len(page.with_class("item")) == len(items()) == 90
    assert len(page.with_class("missing")) == 87
    assert len(page.with_class("badge")) == 3
    files = {target for target in page.targets if target.startswith("files/")}
    assert files == {
        f"files/{path.relative_to(report / 'files').as_posix()}" for path in (report / "files").rglob("*.*")
    }
    assert len(files) == 3 * 4 + 2 * 3


def test_an_item_tells_its_origin(pages):
    words = " ".join(pages["items/elta.html"].text.split())
    assert "F1 · How many images each score range holds in four data sets" in words
    assert "data aadblabels only: generator seed 0, 400 images" in words
    assert "runselta.ablation/abc" in words
    left_out = " ".join(pages["items/taskvec.html"].text.split())
    assert "Not in this run. Chapter: 30_taskvec_similarity." in left_out
    book = SimpleNamespace(made={}, items=pd.DataFrame({"status": ["done", "to come"]}, index=["elta.T1", "elta.T2"]))
    assert [state_of(book, item) for item in book.items.index] == ["not in this run", "to come"]


def test_claims_carry_what_the_filters_need(pages):
    rows = [attrs for tag, attrs in pages["claims.html"].tags if tag == "tr" and "data-verdict" in attrs]
    assert [(row["data-paper"], row["data-verdict"], row["data-item"]) for row in rows] == [
        ("elta", "exact", "elta.F1"),
        ("elta", "holds here", "elta.T4"),
        ("mtcnn", "contradicted", "mtcnn.T1"),
        ("cross", "needs data", ""),
    ]
    words = " ".join(pages["claims.html"].text.split())
    assert "Each module helps: <b>SRCC</b> rises." in words
    assert "0.712effect 0.0123 [0.004, 0.021]5 seedssynthetic" in words


def test_every_verdict_of_the_ledger_has_a_mark():
    schema = json.loads((ROOT / "aeslib" / "ledger" / "claims.schema.json").read_text(encoding="utf-8"))
    assert list(VERDICTS) == [*schema["$defs"]["claim"]["properties"]["verdict"]["enum"], "stale"]


def test_a_failed_chapter_says_so(pages):
    words = " ".join(pages["notebooks/14_elta_ablation.html"].text.split())
    assert "This chapter failed after 3.0 s · peak 99 MB StateError: no runs" in words
    assert "stopped here" not in words
    assert "ParameterError: SEED is 'x'" in pages["notebooks/60_claims_ledger.html"].text
    assert "✗ failedStateError: no runs" in pages["notebooks/index.html"].text


def test_a_chapter_has_formulas_widgets_and_links(report, pages):
    page = pages["notebooks/02_long_tail.html"]
    tags = [tag for tag, _ in page.tags]
    assert tags.count("math") == 2
    assert "as (1) says" in page.text
    assert "the owners’ page https://example.org/aadb and https://example.org/plain" in page.text
    assert len(page.with_class("live")) == 5
    assert len(page.with_class("frames")) == 3
    assert "../data_cards/aadb.html" in page.targets
    assert "../items/elta.html#elta-f1" in page.targets
    assert "mathjax" not in (report / "notebooks" / "02_long_tail.html").read_text(encoding="utf-8").lower()


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def results(report, tmp_path):
    """A copy of the run, to change and build again."""
    shutil.copytree(report.parents[1], tmp_path / "results")
    return tmp_path / "results" / "smoke"


@pytest.fixture
def rebuild(report, results, fabricated):
    """Build the changed run over what the first build kept."""
    return lambda: fabricated.make(results.parents[1], report.parents[2] / "artifacts")


def written(report: Path) -> dict[str, int]:
    folder = report.parents[2] / "artifacts" / "smoke" / "report" / "html"
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*.html")}


def test_a_build_without_complaint(report):
    assert (report.parents[2] / "complaints.txt").read_text(encoding="utf-8") == ""


def change(path: Path) -> None:
    """Another word and another picture."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += " Also *bullfinch*."
    pixel = notebook.cells[4].outputs[0].data["image/png"]
    notebook.cells[4].outputs[0].data["image/png"] = pixel[:-12] + "AAAA" + pixel[-8:]
    nbformat.write(notebook, path)


@pytest.mark.slow
def test_only_what_changed_is_made_again_and_comes_out_as_if_made_anew(report, results, rebuild, fabricated):
    change(results / "notebooks" / "02_long_tail.ipynb")
    before = written(report)
    first = digests(rebuild())
    changed = {name for name, when in written(report).items() if before.get(name) != when}
    assert "notebooks/02_long_tail.html" in changed
    assert not {name for name in changed if name.startswith(("data_cards/", "items/"))}
    assert digests(fabricated.make(results.parents[1])) == first


def test_nothing_is_made_again_when_nothing_changed(report, rebuild):
    rebuild()
    before = written(report)
    rebuild()
    pages = {name for name, when in written(report).items() if before[name] != when}
    assert pages <= {"search.html"}


def test_no_claims_yet_and_a_chapter_that_went(results, rebuild):
    (results / "claims.json").unlink()
    for path in (results / "notebooks").glob("14_*"):
        path.unlink()
    made = rebuild()
    assert "not judged yet" in Page(made / "index.html").text
    assert "not judged yet" in Page(made / "claims.html").text
    assert not (made / "notebooks" / "14_elta_ablation.html").exists()


@pytest.mark.slow
def test_what_a_killed_build_left_is_not_read(report, results, rebuild):
    work = report.parents[2] / "artifacts" / "smoke" / "report"
    rebuild()
    half = work / "html" / "claims.html"
    half.write_text(half.read_text(encoding="utf-8")[:500], encoding="utf-8")
    (work / "unfinished").touch()
    (results / ".report-x" / "new").mkdir(parents=True)
    made = rebuild()
    assert (made / "claims.html").read_text(encoding="utf-8") == (report / "claims.html").read_text(encoding="utf-8")
    assert not (results / ".report-x").exists()


def test_a_damaged_run_leaves_the_old_report(results, rebuild):
    old = digests(results / "report")
    (results / "claims.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"claims\.json: not JSON \(Expecting property name"):
        rebuild()
    assert digests(results / "report") == old
    assert [path.name for path in results.glob(".*")] == []
