"""What is read from a run, and what is said about damaged files."""

import json

import pytest

from aeslib.errors import DataError
from aeslib.report.gather import Run, read_claims, read_outputs, read_runs


@pytest.fixture
def run(tmp_path, monkeypatch, fabricated):
    """`results/smoke` of a run made by hand."""
    monkeypatch.setenv("AESLIB_RESULTS", str(tmp_path / "results"))
    folder = tmp_path / "results" / "smoke"
    fabricated.fabricate(folder)
    return folder


def test_outputs_come_in_the_order_of_the_index(run):
    outputs = read_outputs(run)
    assert [output.stem for output in outputs] == [
        "elta.T4", "elta.F1-aadb", "elta.F1-aadb-histogram", "elta.F1-ava", "mtcnn.T3",
    ]  # fmt: skip
    assert outputs[1].files == {
        "csv": "tables/elta.F1-aadb.csv",
        "tex": "tables/elta.F1-aadb.tex",
        "html": "tables/elta.F1-aadb.html",
        "json": "tables/elta.F1-aadb.json",
    }
    assert [output.synthetic for output in outputs] == [["aadb"], [], [], ["ava"], ["aadb"]]


def test_runs_come_by_name(run):
    runs = read_runs(run)
    assert [(r.name, r.status, r.failed) for r in runs.values()] == [
        ("00_start_here", "done", False),
        ("02_long_tail", "done", False),
        ("14_elta_ablation", "failed", True),
        ("60_claims_ledger", "failed", True),
    ]
    assert runs["02_long_tail"] == Run("02_long_tail", "done", 75.0, 410.0, "", run / "notebooks/02_long_tail.ipynb")
    assert runs["60_claims_ledger"].source is None


def test_what_jupyterlab_leaves_is_no_chapter_and_no_output(run):
    expected = read_outputs(run), read_runs(run)
    for name in ("tables", "figures", "notebooks"):
        (run / name / ".ipynb_checkpoints").mkdir()
        (run / name / ".ipynb_checkpoints" / "elta.T4-checkpoint.json").write_text("{", encoding="utf-8")
    (run / "notebooks" / "02_long_tail-Copy1.ipynb").write_text("{", encoding="utf-8")
    assert (read_outputs(run), read_runs(run)) == expected


def test_a_record_of_another_kind_of_text(run):
    path = run / "notebooks" / "02_long_tail.json"
    path.write_text('{"status": "done", "seconds": "long"}', encoding="utf-8")
    assert fault(read_runs, run) == f"{path}: $.seconds: 'long' is not of type 'number'; delete it and run again."


def test_a_copy_without_record_is_of_unknown_fate(run):
    (run / "notebooks" / "02_long_tail.json").unlink()
    assert read_runs(run)["02_long_tail"].status == "unknown"


def test_an_empty_folder_is_an_empty_run(tmp_path):
    assert (read_outputs(tmp_path), read_runs(tmp_path), read_claims(tmp_path)) == ([], {}, None)


def fault(read, folder):
    with pytest.raises(DataError) as caught:
        read(folder)
    return str(caught.value)


def test_half_a_sidecar(run):
    path = run / "tables" / "mtcnn.T3.json"
    path.write_text('{"item": ', encoding="utf-8")
    assert fault(read_outputs, run) == (
        f"{path}: not JSON (Expecting value: line 1 column 10 (char 9)); delete it and run again."
    )


def test_bytes_that_are_no_text(run):
    path = run / "claims.json"
    path.write_bytes(b"\xff\xfe")
    assert fault(read_claims, run) == (
        f"{path}: not JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte); "
        "delete it and run again."
    )


def test_a_sidecar_that_lost_a_field(run):
    path = run / "tables" / "mtcnn.T3.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["commit"]
    path.write_text(json.dumps(record), encoding="utf-8")
    assert fault(read_outputs, run) == f"{path}: $: 'commit' is a required property; delete it and run again."


def test_a_file_that_is_gone(run):
    (run / "tables" / "mtcnn.T3.csv").unlink()
    assert fault(read_outputs, run) == (
        f"{run}/tables/mtcnn.T3.json lists tables/mtcnn.T3.csv, which is not there; "
        "make it again with `./run_all.sh --only 02_long_tail --force`."
    )


def test_a_sidecar_that_points_outside(run):
    path = run / "tables" / "mtcnn.T3.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["outputs"].append("tables/../../../secret.csv")
    path.write_text(json.dumps(record), encoding="utf-8")
    assert fault(read_outputs, run) == (
        f"'tables/../../../secret.csv' points outside {run}; names must stay inside their folder."
    )


def test_an_item_that_the_index_does_not_know(run):
    path = run / "tables" / "mtcnn.T3.json"
    record = json.loads(path.read_text(encoding="utf-8")) | {"item": "mtcnn.T99"}
    path.write_text(json.dumps(record), encoding="utf-8")
    assert fault(read_outputs, run) == "mtcnn.T3.json: 'mtcnn.T99' is not in the index of items; delete its files."


def test_a_record_without_status(run):
    path = run / "notebooks" / "02_long_tail.json"
    path.write_text("[]", encoding="utf-8")
    assert fault(read_runs, run) == f"{path}: expected a run record with a 'status'; delete it and run again."


def test_a_verdict_that_does_not_exist(run, fabricated):
    path = run / "claims.json"
    claims = [fabricated.CLAIMS[0] | {"verdict": "surely"}]
    path.write_text(json.dumps({"profile": "smoke", "claims": claims}), encoding="utf-8")
    assert fault(read_claims, run) == (
        f"{path}: $.claims[0].verdict: 'surely' is not one of ['exact', 'contradicted', 'holds here', "
        "'does not hold here', 'inconclusive', 'not testable at this size', 'needs data']; delete it and run again."
    )
