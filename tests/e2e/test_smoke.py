"""What a whole run leaves: every item that counts as done, each file with its origin, a report, the claims."""

import json
from pathlib import Path

import jsonschema
import pytest

from aeslib.cli.keys import notebook_names
from aeslib.cli.records import SCHEMA as RECORD
from aeslib.cli.records import damaged
from aeslib.published import items
from aeslib.results import SCHEMA as PROVENANCE

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(2400)]
SUFFIXES = {"tables": {".csv", ".tex", ".html", ".json"}, "figures": {".svg", ".png", ".json"}}


LOST = {("mtcnn.F14", "eva")}
"""Made from a stand-in although label files are there: the readable copy of EVA holds no attribute votes."""


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


def test_the_report_has_a_page_for_each_notebook(smoke):
    pages = {path.stem for path in (smoke.results / "report").rglob("*.html")}
    assert {"index", *notebook_names()} <= pages


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
