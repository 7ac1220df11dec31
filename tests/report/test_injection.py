"""Text from files is shown as text: a script planted in any field of any file runs on no page of the report."""

import json
import re
import shutil
from collections.abc import Iterator
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aeslib.cli.review import page
from aeslib.data.cards import load_card
from aeslib.errors import DataError
from aeslib.paths import ROOT
from aeslib.report import gather, gpu, growth, speed
from aeslib.report.extension import inward
from aeslib.report.files import check_drawing, plain_table
from aeslib.report.parts import address, admonition, fenced, inline, inline_code

pytestmark = pytest.mark.filterwarnings("ignore:'myst_parser:PendingDeprecationWarning")
SCRIPT = "<script>window.planted = 1</script>"
PLANT = (
    f' planted {SCRIPT} "><img src=planted onerror="window.planted = 1"> \' onclick=\'window.planted = 1 '
    '[x](javascript:window.planted) <a href="javascript:window.planted">x</a> href=//planted src=//planted '
    f"` {{raw}}`x` $\\frac{{1}}{{2}}$ &lt;b&gt;\n\n:::\n::::\n\n```{{raw}} html\n{SCRIPT}\n```\n\n"
    f":::{{raw}} html\n{SCRIPT}\n:::\n"
)
Path_ = tuple[Any, ...]


class Active(HTMLParser):
    """Collects what would run on a page because of the plant, and whether its text is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.active: list[str] = []
        self.script = self.shown = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.script = tag == "script"
        for name, value in attrs:
            handler = name.startswith("on") or "planted" in name
            address = name in {"href", "src"} and re.match(r"\s*(javascript:|planted|//)", value or "")
            self.active += [f"<{tag} {name}={value!r}>"] if handler or address else []

    def handle_endtag(self, tag):
        self.script = False

    def handle_data(self, data):
        self.shown |= "planted" in data
        self.active += [data] if self.script and "planted" in data else []


def texts(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Yield the place of every text in a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from texts(part, (*path, key))
    if isinstance(value, str):
        yield path


def plant(value: Any, path: Path_) -> Any:
    """Return a copy with the plant added to the text at `path`."""
    copy = deepcopy(value)
    part = copy
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] += PLANT
    return copy


def plant_file(path: Path, read: Any) -> tuple[int, int]:
    """Plant in each text of a JSON file that its reader lets through; return how many were, and how many refused."""
    record = json.loads(path.read_text(encoding="utf-8"))
    taken = refused = 0
    for place in list(texts(record)):
        planted = plant(record, place)
        path.write_text(json.dumps(planted), encoding="utf-8")
        fault = ""
        try:
            read()
        except DataError as error:
            fault = str(error)
        assert not fault or path.name in fault
        record, taken, refused = (record, taken, refused + 1) if fault else (planted, taken + 1, refused)
    path.write_text(json.dumps(record), encoding="utf-8")
    return taken, refused


def plant_run(folder: Path) -> dict[str, tuple[int, int]]:
    """Plant in all files of a run; return the counts by file."""
    counts = {}
    for path in sorted(folder.glob("*/*.json")):
        read = gather.read_runs if path.parent.name == "notebooks" else gather.read_outputs
        counts[path.name] = plant_file(path, lambda read=read: read(folder))
    counts["claims.json"] = plant_file(folder / "claims.json", lambda: gather.read_claims(folder))
    for path in folder.glob("tables/*.csv"):
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        cell = '"' + PLANT.replace('"', '""') + '"'
        path.write_text("\n".join([f"{head},{cell}", *(f"{row},{cell}" for row in rows)]), encoding="utf-8")
    for path in folder.glob("tables/*.html"):
        html = path.read_text(encoding="utf-8").replace("<td>", f"<td onclick='window.planted = 1'>{PLANT}", 1)
        path.write_text(html + PLANT, encoding="utf-8")
    for name in ("97_x<script>window.planted=1<", "98_x' onclick='window.planted=1"):
        (folder / "notebooks" / f"{name}.json").write_text('{"status": "done"}', encoding="utf-8")
    return counts


@pytest.fixture(scope="module")
def planted(fabricated: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict]]:
    """The report over a run with the plant in every text, and how many texts of each file took it or were refused."""
    root = tmp_path_factory.mktemp("planted")
    folder = root / "results" / "smoke"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AESLIB_RESULTS", str(root / "results"))
        fabricated.fabricate(folder)
        counts = plant_run(folder)
        for module, name in ((speed, "results"), (growth, "growth"), (gpu, "gpu")):
            copy = Path(shutil.copy(ROOT / "benchmarks" / f"{name}.json", root))
            patch.setattr(module, "results_file", lambda copy=copy: copy)
            reader = lambda copy=copy, module=module: gather.check(gather.read_json(copy), module.SCHEMA, copy)  # noqa: E731
            counts[copy.name] = plant_file(copy, reader)
        patch.setattr(gather, "load_card", planted_card)
        yield fabricated.make(root), counts


def planted_card(key: str) -> Any:
    """A data card with the plant in each text of its front matter but its key and its items; the prose is ours."""
    card = load_card(key)
    fields = card.model_dump(exclude={"body"})
    for place in list(texts({k: v for k, v in fields.items() if k not in {"key", "unlocks"}})):
        if "kind" not in place:
            fields = plant(fields, place)
    return type(card)(**fields, body=card.body)


@pytest.mark.slow
def test_no_page_runs_what_was_planted(planted):
    report, counts = planted
    pages = {path.relative_to(report).as_posix(): Active(path.read_text("utf-8")) for path in report.rglob("*.html")}
    assert {name: active.active for name, active in pages.items() if active.active} == {}
    told = {name for name, active in pages.items() if active.shown}
    expected = {"claims", "speed", "growth", "environment", "gallery", "items/elta", "notebooks/14_elta_ablation"}
    assert {f"{name}.html" for name in expected} | {"data_cards/ava.html"} <= told
    assert {name: taken for name, (taken, _) in counts.items() if taken == 0} == {}
    assert counts["elta.T4.json"][1] >= 8, "item, part, notebook, profile, outputs and the data set's key are refused"
    assert not [path for path in report.rglob("*") if "97_x" in path.name]


@pytest.mark.slow
@pytest.mark.browser
def test_no_browser_runs_what_was_planted(planted, chromium):
    report, _ = planted
    tab = chromium.new_page()
    for path in sorted(report.rglob("*.html")):
        if "api" not in path.parts and "_static" not in path.parts:
            tab.goto(path.as_uri())
            assert tab.evaluate("window.planted") is None, path.name
    tab.close()


def test_no_field_of_a_receipt_runs():
    claim = {"id": "a", "claim": "b", "place": "c", "verdict": "exact", "published": "d", "ours": "e", "why": "f",
             "data": "g", "effect": None}  # fmt: skip
    receipt = {
        "target": "elta.T1", "made": "2026", "seconds": 1.0, "profile": "smoke", "evidence": "e",
        "code": {"commit": "c", "package": "p"}, "environment": {"python": "3"}, "claims": [claim],
        "items": {"elta.T1": {"tables/elta.T1.csv": "0" * 64}}, "tables": {},
    }  # fmt: skip
    for place in texts(receipt):
        copy = plant(receipt, place)
        if "items" in place:
            copy["items"] = {PLANT: {PLANT: PLANT}}
        active = Active(page(copy))
        assert active.active == [], place


def test_a_sidecar_with_a_script_for_a_key_is_refused(fabricated, tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_RESULTS", str(tmp_path))
    fabricated.fabricate(tmp_path / "smoke")
    path = tmp_path / "smoke" / "tables" / "mtcnn.T3.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["data"][0]["key"] = SCRIPT
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        gather.read_outputs(tmp_path / "smoke")
    assert str(caught.value) == (
        f"{path}: $.data[0].key: '{SCRIPT}' does not match '^[a-z0-9_]+$'; delete it and run again."
    )


def test_a_sidecar_lists_the_files_of_its_name(fabricated, tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_RESULTS", str(tmp_path))
    fabricated.fabricate(tmp_path / "smoke")
    path = tmp_path / "smoke" / "figures" / "elta.F1-ava.json"
    name = "figures/x' onclick='1.svg"
    shutil.copy(path.with_suffix(".svg"), tmp_path / "smoke" / name)
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(record | {"outputs": [name]}), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        gather.read_outputs(tmp_path / "smoke")
    assert str(caught.value) == (
        f"{path} lists {name}; expected figures/elta.F1-ava.svg, figures/elta.F1-ava.png in elta.F1-ava.json. "
        "Delete it and run again."
    )


def test_an_executed_copy_that_was_changed_is_not_shown(fabricated, tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_RESULTS", str(tmp_path))
    fabricated.fabricate(tmp_path / "smoke")
    path = tmp_path / "smoke" / "notebooks" / "02_long_tail.json"
    record = json.loads(path.read_text(encoding="utf-8")) | {"files": {"notebooks/02_long_tail.ipynb": "0" * 64}}
    path.write_text(json.dumps(record), encoding="utf-8")
    run = gather.read_runs(tmp_path / "smoke")["02_long_tail"]
    assert (run.status, run.source) == ("changed since its run", None)


def test_a_saved_table_keeps_its_cells_and_nothing_else():
    table = (
        '<table border="0" class="dataframe aeslib-table"><tr style="text-align: right;"><th>a &lt; b</th></tr></table>'
    )
    assert plain_table(table) == table.replace('border="0" ', "")
    assert plain_table(f"<table><td onclick='x' style='background: url(x)'>5{SCRIPT}<img src=x></td></table>") == (
        "<table><td>5window.planted = 1</td></table>"
    )


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.mark.parametrize(
    ("inner", "fault"),
    [
        ("<script>x</script>", "holds <script>, which no saved figure does"),
        ('<g onload="x"/>', "<g> has onload='x', which no saved figure has"),
        ('<a xlink:href="javascript:x"/>', "<a> has href='javascript:x', which no saved figure has"),
        ("<foreignObject/>", "holds <foreignObject>, which no saved figure does"),
        ("<", "not SVG (not well-formed (invalid token): line 1, column 84)"),
    ],
)
def test_a_drawing_only_draws(tmp_path, inner, fault):
    path = tmp_path / "x.svg"
    path.write_text(SVG.format('<use xlink:href="#a"/><image href="data:image/png;base64,AA"/>'), encoding="utf-8")
    check_drawing(path)
    path.write_text(SVG.format(inner), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        check_drawing(path)
    assert str(caught.value) == f"{path}: {fault}; delete it and run again."


def test_text_is_escaped_for_its_place():
    assert inline("a\n::: <b> [x](y) &amp; {r}`x`") == r"a \:\:\: \<b\> \[x\](y) \&amp; \{r\}\`x\`"
    assert inline_code("run `a <b>` now *x* `") == r"run `a <b>` now \*x\* \`"
    assert address("javascript:x\"'<") == "javascript%3Ax%22%27%3C"
    assert address("../items/elta.html#elta-t1") == "../items/elta.html#elta-t1"
    assert fenced("a ```` b") == "`````text\na ```` b\n`````"
    assert admonition("T", "a\n:::::\nb", css="c") == "::::::{admonition} T\n:class: c\n\na\n:::::\nb\n::::::"


@pytest.mark.parametrize(
    "html",
    [
        '<img alt=" src=//x" title=" onclick=1 ">',
        "<td>see href=//x</td>",
        "<i data-words=' href=//x' data-said=\"y\">a @import b; url(//x)</i>",
    ],
)
def test_text_that_looks_like_an_attribute_stays(html):
    assert inward(html) == html


def test_addresses_that_run_code_go():
    assert inward('<a href=" JavaScript:x">y</a>') == "<a>y</a>"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('<?xml-stylesheet type="text/xsl" href="#x"?><svg xmlns="http://www.w3.org/2000/svg"/>', "the instruction"),
        ("<svg xmlns='http://www.w3.org/2000/svg'><style>@import 'http://x/y.css'</style></svg>", "from elsewhere"),
        ("<svg xmlns='http://www.w3.org/2000/svg'><g fill='url(http://x/y#a)'/></svg>", "has fill="),
        (
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/XSL/Transform'><x:if/></svg>",
            "<if>",
        ),
    ],
)
def test_a_drawing_that_loads_or_transforms_is_refused(tmp_path, text, why):
    (tmp_path / "a.svg").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(why)):
        check_drawing(tmp_path / "a.svg")


def test_a_drawing_that_names_its_own_parts_passes(tmp_path):
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><g clip-path='url( #a)'/></svg>")
    check_drawing(tmp_path / "a.svg")
