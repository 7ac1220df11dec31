"""What a whole run leaves: every item that counts as done, each file with its origin, a report, the claims.

The same run through a real SLURM of one node leaves the same, also when the node dies on the way.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import makers
import nbformat
import pandas as pd
import pytest
from cluster import until
from latex import check_with_tex, read_table

from aeslib.cli.keys import notebook_names
from aeslib.cli.records import SCHEMA as RECORD
from aeslib.cli.records import damaged
from aeslib.paths import ROOT
from aeslib.published import items
from aeslib.report.chapters import STATE, WIDGET, kinds
from aeslib.report.frames import FRAMES
from aeslib.results import SCHEMA as PROVENANCE

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(2400)]
SUFFIXES = {"tables": {".csv", ".tex", ".html", ".json"}, "figures": {".svg", ".png", ".json"}}


LOST = {("mtcnn.F14", "eva")}
"""Made from a stand-in although label files are there: the readable copy of EVA holds no attribute votes."""

REAL = os.environ.get("AESLIB_DATA")


@dataclass
class Run:
    """A finished run: its folder, what it printed, and how to run again."""

    results: Path
    output: str
    env: dict[str, str]
    real: bool

    def again(self, *options: str) -> str:
        return command(self.env, *options)


def words(*options: str) -> list[str]:
    return [sys.executable, "-m", "aeslib", "report", "--profile", "smoke", *options]


def command(env: dict[str, str], *options: str) -> str:
    run = subprocess.run(words(*options), cwd=ROOT, env=env, text=True, capture_output=True, timeout=2300, check=False)
    logs = Path(env["AESLIB_RESULTS"], "smoke", "logs").glob("*.log")
    told = "".join(f"\n== {log.name}\n{log.read_text(encoding='utf-8')[-3000:]}" for log in logs)
    assert run.returncode == 0, run.stdout + run.stderr + told
    return run.stdout


def place(folder: Path, data: Path, *, artifacts: Path, cache: Path) -> dict[str, str]:
    """The environment of a run that keeps all that it makes in these folders."""
    own = {"AESLIB_RESULTS": folder / "results", "AESLIB_DATA": data, "AESLIB_ARTIFACTS": artifacts}
    return os.environ | {name: str(value) for name, value in (own | {"XDG_CACHE_HOME": cache}).items()}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both local runs keep pictures and training runs: the second makes only what its data change."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="session", params=["labels", "no data"])
def smoke(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Run:
    """A run on label files (the owners' where they are, else tiny ones) without their images, and one on nothing."""
    real = request.param == "labels"
    folder = tmp_path_factory.mktemp("smoke")
    data = folder / "data"
    if real and REAL and Path(REAL).is_dir():
        data = Path(REAL).resolve()
    elif real:
        for key in makers.MAKERS:
            makers.make(key, data)
        shutil.rmtree(data / "oasis_beauty" / "images")
    env = place(folder, data, artifacts=shared / "artifacts", cache=shared / "cache")
    return Run(folder / "results" / "smoke", command(env), env, real)


def sidecars(smoke):
    return {path: json.loads(path.read_text()) for kind in SUFFIXES for path in (smoke.results / kind).glob("*.json")}


def test_every_job_is_done(smoke):
    lines = smoke.output.partition("peak MB\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[:2] for line in lines] == [[name, "done"] for name in [*notebook_names(), "report"]]
    assert smoke.output.rstrip().endswith("report/index.html")


def test_each_record_tells_the_truth(smoke, monkeypatch):
    monkeypatch.setenv("AESLIB_RESULTS", str(smoke.results.parent))
    for name in notebook_names():
        record = json.loads((smoke.results / "notebooks" / f"{name}.json").read_text())
        jsonschema.validate(record, json.loads(RECORD.read_text()))
        assert damaged("smoke", record) == ""
        assert f"notebooks/{name}.ipynb" in record["files"]
        assert record["peak_mb"] > 50


def test_the_run_made_what_the_index_promises_and_nothing_else(smoke):
    def files(outputs):
        stems = " ".join(outputs).split()
        return {f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES[stem.partition("/")[0]]}

    promised, listed = files(items().query("status == 'done'")["outputs"]), files(items()["outputs"])
    made = {f"{kind}/{path.name}" for kind in SUFFIXES for path in (smoke.results / kind).iterdir()}
    assert not promised - made
    assert not made - listed  # a part of an item to come is in the index too


def test_each_output_says_where_it_comes_from(smoke):
    found = sidecars(smoke)
    assert found
    for path, record in found.items():
        jsonschema.validate(record, PROVENANCE)
        assert record["profile"] == "smoke"
        assert record["notebook"] in items().loc[record["item"], "notebook"].split()
        assert path.stem == (f"{record['item']}-{record['part']}" if record["part"] else record["item"])


def test_every_table_compiles_and_has_the_cells_of_its_csv(smoke, tmp_path):
    paths = sorted((smoke.results / "tables").glob("*.tex"))
    assert len(paths) >= 80
    for path in paths:
        _, rows = read_table(path.read_text(encoding="utf-8"))
        cells = pd.read_csv(path.with_suffix(".csv"), header=None, dtype=str, keep_default_na=False)
        assert [[bool(cell) for cell in row] for row in rows] == cells.map(bool).to_numpy().tolist(), path.name
    check_with_tex(paths, tmp_path)


def test_what_is_not_a_stand_in_is_there(smoke):
    """Chapters that need pictures take stand-ins also where only labels are; chapters on labels never do."""
    sources = {
        (record["notebook"], record["item"], entry["key"], entry["source"])
        for record in sidecars(smoke).values()
        for entry in record["data"]
    }
    assert sources
    for notebook, item, key, source in sources:
        there = Path(smoke.env["AESLIB_DATA"], key).is_dir() and (item, key) not in LOST
        assert source == "synthetic" or Path(smoke.env["AESLIB_DATA"], key).is_dir(), key
        assert notebook != "02_long_tail" or (source == "synthetic") is not there, key


def test_results_come_from_what_their_runs_have_read(smoke):
    """Also with the owners' labels at hand, results of runs on stand-ins are synthetic, and say so on their face."""
    artifacts = Path(smoke.env["AESLIB_ARTIFACTS"]) / "smoke"
    folders = {path.parent.name.rpartition("-")[2]: path for path in artifacts.glob("*/*/run.json")}
    chapters = set()
    for path, record in sidecars(smoke).items():
        read = [entry for key in record["runs"] for entry in json.loads(folders[key].read_text())["data"]]
        assert bool(read) == bool(record["runs"]), path.name
        assert all(entry in record["data"] for entry in read), path.name
        synthetic = [entry["key"] for entry in record["data"] if entry["source"] == "synthetic"]
        if record["notebook"] != "02_long_tail":  # all others work on images, and there are none
            assert len(synthetic) == len(record["data"]), path.name
        if synthetic and path.parent.name == "tables":
            table = pd.read_csv(path.with_suffix(".csv"))
            assert (table["data"] == "synthetic").any(), path.name
        if read:
            chapters.add(record["notebook"])
    assert {name[0] for name in chapters} == set("12345")


def test_the_report_has_a_page_for_each_notebook(smoke):
    pages = {path.stem for path in (smoke.results / "report").rglob("*.html")}
    assert {"index", *notebook_names()} <= pages


def test_nothing_that_is_passed_on_says_where_it_was_made(smoke):
    """Logs and Snakemake's own notes stay on the machine; a path can begin anywhere but inside base64."""
    folders = (ROOT, Path.home(), smoke.results.parent, Path(smoke.env["AESLIB_DATA"]))
    here = re.compile("(?<![A-Za-z0-9+/])(?:" + "|".join(re.escape(str(folder)) for folder in folders) + ")(?=[/\"'])")
    files = [
        path for path in smoke.results.rglob("*") if path.suffix in {".ipynb", ".json", ".html", ".csv", ".svg", ".js"}
    ]
    kept = [path for path in files if not {"logs", ".snakemake"} & {*path.parts}]
    assert len(kept) > 300
    assert [path for path in kept if here.search(path.read_text(encoding="utf-8"))] == []


def test_claims_are_judged_and_counted(smoke):
    claims = json.loads((smoke.results / "claims.json").read_text())["claims"]
    assert len(claims) >= 100
    counts = [f"{sum(c['verdict'] == verdict for c in claims)} {verdict}" for verdict in {c["verdict"] for c in claims}]
    (line,) = [line for line in smoke.output.splitlines() if line.startswith("Claims: ")]
    assert sorted(line.removeprefix("Claims: ").split(", ")) == sorted(counts)


def test_a_second_run_does_nothing(smoke):
    output = smoke.again()
    assert " done " not in output
    assert output.count(" unchanged ") == len(notebook_names()) + 1


# --- every widget has frames in its executed copy, and on its page they move without a kernel ---


def films(path):
    """The films of an executed notebook; None for a widget without one. Progress bars are no widgets here."""
    notebook = nbformat.read(path, as_version=4)
    state = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [
        data.get(FRAMES)
        for data in outputs
        if WIDGET in data and not any("Progress" in kind for kind in kinds(data[WIDGET]["model_id"], state))
    ]


def test_each_widget_leaves_frames(smoke):
    found = {name: films(smoke.results / "notebooks" / f"{name}.ipynb") for name in notebook_names()}
    assert sum(map(len, found.values())) >= 25
    assert [name for name, made in found.items() if None in made] == []
    assert [name for name, made in found.items() if not all(film["controls"] for film in made)] == []
    still = {name for name, made in found.items() for film in made if len({f["html"] for f in film["frames"]}) == 1}
    assert still <= {"24_aesmamba_personal_prompts"}  # after an epoch on few pictures the network is deaf to persons
    for film in (film for made in found.values() for film in made):
        assert all(frame["html"] for frame in film["frames"])
        assert all(len(frame["said"]) == len(film["controls"]) for frame in film["frames"])


@pytest.mark.browser
def test_every_control_of_every_chapter_moves_without_a_kernel(smoke, chromium):
    page, said = chromium.new_page(), []
    page.on("console", lambda message: said.append((page.url, message.text)))
    page.on("pageerror", lambda error: said.append((page.url, str(error))))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else said.append((page.url, request.url)),
    )
    for name in notebook_names():
        kept = films(smoke.results / "notebooks" / f"{name}.ipynb")
        page.goto(f"{(smoke.results / 'report').as_uri()}/notebooks/{name}.html")
        shown = page.locator(".frames")
        assert shown.count() == len(kept), name
        for place, film in enumerate(kept):
            move_each(shown.nth(place), film, name)
    page.close()
    assert said == []


def move_each(shown, film, name):
    """Move each control to its other end; words and frame must become those of that place."""
    for number, control in enumerate(film["controls"]):
        field = shown.locator(f"[data-control='{number}']")
        away = 0 if control["start"] else len(control["words"]) - 1
        for k in (away, control["start"]):
            field.fill(str(k)) if control["kind"] == "slider" else field.select_option(str(k))
            at = [k if i == number else other["start"] for i, other in enumerate(film["controls"])]
            (frame,) = (frame for frame in film["frames"] if frame["at"] == at)
            told = shown.locator(".frame-words").inner_text()
            assert told == shown.locator(f"template[data-at='{','.join(map(str, at))}']").get_attribute("data-words")
            if control["kind"] == "slider":
                assert shown.locator("output").all_inner_texts()
            assert shown.locator(".frame").evaluate(
                "(frame, html) => { const t = document.createElement('template'); t.innerHTML = html; "
                "return t.innerHTML === frame.innerHTML; }", frame["html"],
            ), (name, control["name"], k)  # fmt: skip


# --- the same through SLURM ---

ON_SLURM = ("--cluster", "slurm", "--partition", "main")
TIMED = {"taskvec.T5": ("metric", "FPS")}
"""Stem of a table → column and value of the rows that show pictures per second: no two runs share those."""


def saved(results):
    """Contents of all tables and figures with their side-cars, less what is timed."""
    files = [path for kind in SUFFIXES for path in (results / kind).iterdir()]
    same = {path.name: path.read_bytes() for path in files if path.stem not in TIMED}
    for stem, (column, value) in TIMED.items():
        table = pd.read_csv(results / "tables" / f"{stem}.csv")
        assert 0 < (table[column] != value).sum() < len(table)
        same[stem] = table[table[column] != value].to_csv().encode()
    return same


@pytest.mark.parametrize("smoke", ["no data"], indirect=True)
def test_the_whole_run_through_slurm_is_equal_also_when_its_node_dies(smoke, slurm, tmp_path):
    """The node dies in the middle; with `--resume` the run ends complete, and as the undisturbed local one."""
    there, middle = tmp_path / "results" / "smoke", len(notebook_names()) // 2
    cache = Path(smoke.env["XDG_CACHE_HOME"])  # pictures of the world; all trainings are its own
    env = place(tmp_path, tmp_path / "nothing", artifacts=tmp_path / "artifacts", cache=cache) | slurm.env
    run = subprocess.Popen(
        words(*ON_SLURM), cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        until(lambda: len(list(there.glob("notebooks/*.json"))) >= middle, 900)
        slurm.kill_node()
        slurm.start("slurmd", "-D")
        output = run.communicate(timeout=1800)[0]
    finally:
        run.kill()
    lost = re.findall(r"^(\S+) +FAILED ", output, re.MULTILINE)
    assert run.returncode == 1, output
    assert lost
    slurm.until_idle()
    again = command(env, *ON_SLURM, "--resume")
    assert set(lost) <= set(re.findall(r"^(\S+) +done ", again, re.MULTILINE))

    records = [json.loads((there / "notebooks" / f"{name}.json").read_text()) for name in notebook_names()]
    assert {record["status"] for record in records} == {"done"}
    ours, theirs = saved(smoke.results), saved(there)
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} == set()
    mine, other = (json.loads((r / "claims.json").read_text())["claims"] for r in (smoke.results, there))
    assert {c["id"]: c["verdict"] for c in mine} == {c["id"]: c["verdict"] for c in other}
    pages = [{page.name for page in (r / "report").rglob("*.html")} for r in (smoke.results, there)]
    assert pages[0] == pages[1]
