"""A full disk, a read-only one, two at once, a clock that jumps, damaged caches, data that change under a cache."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import makers
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from aeslib import results
from aeslib.cli import keys, notebook, records, run
from aeslib.data import load
from aeslib.data.images import open_store
from aeslib.data.sources import origin_of
from aeslib.data.synthetic import pictures
from aeslib.errors import StateError
from aeslib.paths import ROOT, artifacts_dir, cache_home, results_dir, write_text
from aeslib.profiles import PROFILES
from aeslib.studies import core, frozen
from aeslib.studies.parts import parts
from aeslib.training import pretext
from aeslib.training.checkpoint import read_weights, save_weights

SMOKE = replace(PROFILES["smoke"], images=60, test_images=20, pretext_images=96, epochs=1)


@dataclass(frozen=True)
class Cell:
    """One run of a toy study."""

    seed: int


def compute(cell: Cell, profile: Any, checkpoint: Path) -> core.Outcome:
    rng = np.random.default_rng(cell.seed)
    return core.Outcome({"SRCC": rng.random()}, {"pred": rng.random(60_000)})


TOY = core.Study("toy.faults", lambda _: [Cell(0), Cell(1)], compute)


def numbers(found: core.Results) -> tuple[list[float], bytes]:
    """What runs found: their metrics and the bytes of their arrays."""
    return found.frame["SRCC"].tolist(), found.stacked("pred").tobytes()


# --- what is written: each gives what came out, so that it can be compared ---


def a_study() -> object:
    return numbers(core.run_study(TOY, SMOKE, progress=False))


def a_table() -> object:
    made = results.start("14_elta_ablation", profile="smoke", seed=0)
    frame = pd.DataFrame({"a": np.arange(9_000)})
    made.save(item="elta.T4", table=frame, data=[])
    return {path.name: path.read_bytes() for path in sorted(results_dir("smoke").glob("tables/[!.]*"))}


def a_stand_in() -> object:
    return pictures("ava", size=40, seed=0, px=64).tobytes()


def a_store(place: Path | None = None) -> object:
    folder = place or Path(os.environ["DRILL_PICTURES"])
    paths = {f"p{k}": folder / f"{k}.png" for k in range(30)}
    if not folder.is_dir():
        for k, path in enumerate(paths.values()):
            makers.jpeg(path, k, (40, 30))
    return open_store(paths, size=64, progress=False).array.tobytes()


def some_weights() -> object:
    path = artifacts_dir("smoke") / "weights.safetensors"
    save_weights(path, {"a": torch.arange(200_000.0)}, {"note": 1})
    weights, note = read_weights(path)  # the file's own bytes are not: safetensors puts notes in any order
    return weights["a"].numpy().tobytes(), note


WRITERS: dict[str, Callable[[], object]] = {
    "study": a_study, "table": a_table, "stand-in": a_stand_in, "store": a_store, "weights": some_weights,
}  # fmt: skip


@pytest.fixture(autouse=True)
def pictures_to_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILL_PICTURES", str(tmp_path / "in"))


def move_to(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is written goes there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    monkeypatch.setenv("AESLIB_RESULTS", str(place / "results"))
    monkeypatch.setenv("AESLIB_ARTIFACTS", str(place / "artifacts"))


def refused(call: Callable[[], object], why: str) -> None:
    """The whole message of the error, its path apart."""
    with pytest.raises(StateError) as caught:
        call()
    path, colon, rest = str(caught.value).partition(" cannot be written: ")
    assert colon
    assert Path(path).is_absolute()
    assert rest == (
        f"{why}. Make room, or name other folders with AESLIB_RESULTS, AESLIB_ARTIFACTS, AESLIB_TASTE and "
        "XDG_CACHE_HOME; what is finished is kept."
    )


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_told_and_the_next_run_with_room_is_right(name, disk, monkeypatch):
    undisturbed = WRITERS[name]()
    place = disk("size=48k" if name == "table" else "size=300k")
    move_to(place, monkeypatch)
    refused(WRITERS[name], "No space left on device")
    refused(WRITERS[name], "No space left on device")  # and what the first left does not mislead the second
    disk("size=20m")
    assert WRITERS[name]() == undisturbed
    assert not [path for path in place.rglob(".*") if path.is_file() and path.name not in {".lock", ".claims"}]


@pytest.mark.parametrize("name", WRITERS)
def test_a_read_only_disk_is_told_and_what_it_holds_is_read(name, disk, monkeypatch):
    place = disk("size=20m")
    move_to(place, monkeypatch)
    disk("ro")
    refused(WRITERS[name], "Read-only file system")
    disk("rw")
    made = WRITERS[name]()
    disk("ro")
    if name in {"study", "stand-in", "store"}:
        assert WRITERS[name]() == made
    else:
        refused(WRITERS[name], "Read-only file system")


def report(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {
        "AESLIB_RESULTS": place / "results",
        "AESLIB_ARTIFACTS": place / "artifacts",
        "XDG_CACHE_HOME": place / "cache",
    }
    command = [sys.executable, "-m", "aeslib", "report", "--profile", "smoke", "--only", "00*", *words]
    env = os.environ | {name: str(path) for name, path in own.items()}
    return subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=False, timeout=300)


def test_a_whole_run_on_a_read_only_disk_says_so(disk):
    place = disk("size=1m,ro")
    done = report(place)
    assert done.returncode == 1
    assert done.stderr == (
        f"aeslib: {place}/cache/aeslib/jupyter cannot be written: Read-only file system. Make room, or name other "
        "folders with AESLIB_RESULTS, AESLIB_ARTIFACTS, AESLIB_TASTE and XDG_CACHE_HOME; what is finished is kept.\n"
    )


def test_a_whole_run_on_a_full_disk_says_so(disk):
    place = disk("size=16k")
    done = report(place)
    assert done.returncode == 1
    assert f"\n  no room on the disk of {place}/results/smoke; make some, what is finished is kept\n" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


# --- two at once ---


def _at_once(name: str) -> object:
    return WRITERS[name]()


@pytest.mark.parametrize("name", WRITERS)
def test_two_at_once_end_with_the_same(name):
    a_store()  # the pictures
    with multiprocessing.get_context("fork").Pool(3) as pool:
        first, *others = pool.map(_at_once, [name] * 3)
    assert others == [first] * 2
    assert WRITERS[name]() == first


# --- the clock ---


@pytest.mark.parametrize("years", [-20, 20])
def test_a_clock_that_jumps_while_a_notebook_runs(years, monkeypatch):
    """Its record is written all the same, and lists the claims that it wrote, whatever their time says."""
    claims = results_dir("smoke") / "claims.json"
    now = time.time()

    def job() -> None:
        write_text(claims, json.dumps({"notebook": "60_x"}))
        os.utime(claims, (now + years * 3e7,) * 2)
        monkeypatch.setattr(time, "time", lambda: now + years * 3e7)

    assert records.run_job("smoke", "60_x", job, lambda: notebook.saved_files("smoke", "60_x"), {}) == 0
    record = records.read_record("smoke", "60_x")
    assert record is not None
    assert list(record["files"]) == ["claims.json"]
    assert record["seconds"] >= 0


def test_times_of_files_decide_nothing_but_whether_to_look_again(tmp_path, monkeypatch):
    """Everything made long ago or in the future: runs and pictures are the same, and nothing is computed again."""
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    makers.make("aadb", tmp_path / "data")
    study = replace(TOY, data=("aadb",))
    key, made, shown = core.run_key(study, Cell(0), SMOKE), a_study(), a_stand_in()
    monkeypatch.setattr(core, "compute", lambda *_: pytest.fail("computed again"))
    for when in (1, 5e9):
        for path in [*artifacts_dir("smoke").rglob("*"), *(tmp_path / "data").rglob("*")]:
            os.utime(path, (when, when))
        assert core.run_key(study, Cell(0), SMOKE) == key
        assert a_study() == made
        for path in cache_home().rglob("*"):
            os.utime(path, (when, when))
        assert a_stand_in() == shown  # made again


# --- damaged caches ---


def damage(path: Path, how: str) -> None:
    """Change a file in the way named."""
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
        return
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]
    path.write_bytes({"empty": b"", "half": data[:middle], "one bit": flipped, "other": b"\x00" * len(data)}[how])


@pytest.mark.parametrize("how", ["gone", "empty", "half", "one bit", "other"])
@pytest.mark.parametrize("name", ["study", "stand-in", "store"])
def test_a_damaged_cache_is_made_again(name, how):
    made = WRITERS[name]()
    files = [path for top in (cache_home(), artifacts_dir("smoke")) for path in top.rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix != ".lock" and path.name not in {".lock", ".claims"}]
    assert len(files) >= 2
    for path in files:
        damage(path, how)
        assert WRITERS[name]() == made, path


@pytest.mark.parametrize("how", ["gone", "empty", "half", "one bit", "other"])
def test_damaged_weights_and_features_are_made_again(how):
    frozen.start_of.cache_clear()
    data = parts("ava", SMOKE).val
    first = frozen.features("cnn", data, SMOKE)
    kept = artifacts_dir("smoke")
    weights = next((kept / "pretext").glob("*.safetensors"))
    before = {name: value.clone() for name, value in read_weights(weights)[0].items()}  # else mapped from the file
    damage(weights, how)
    pretext.pretrained("cnn", SMOKE, share=pretext.SHARE, progress=False)
    after = read_weights(weights)[0]
    assert all(torch.equal(after[name], value) for name, value in before.items())
    for path in [*(kept / "features").glob("*.npy"), *(kept / "features").glob("*.seal")]:
        damage(path, how)
        np.testing.assert_array_equal(frozen.features("cnn", data, SMOKE), first)


def test_a_changed_weight_is_told(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(path, {"a": torch.ones(4)}, {"n": 1})
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(StateError) as caught:
        read_weights(path)
    assert str(caught.value) == f"{path} is damaged (its contents were changed); delete it, it will be made again."


def test_a_changed_run_is_told():
    folder = next(iter(core.run_study(TOY, SMOKE, progress=False).folders.values()))
    record = json.loads((folder / "run.json").read_text())
    record["metrics"]["SRCC"] = 0.999
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(StateError) as caught:
        core.read_run(folder)
    assert str(caught.value) == (
        f"{folder.name} is not a whole run (its record was changed); delete it, it will be made again."
    )


PLAN = keys.Plan("smoke", {"01_one": "0a"}, "0b", {})


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda place: None, ""),
        (lambda place: (place / "notebooks/01_one.json").write_text("{"), "not run yet"),
        (lambda place: (place / "notebooks/01_one.json").write_text('{"status": "done"}'), "not run yet"),
        (lambda place: (place / "notebooks/01_one.json").write_bytes(b"\xff[" * 9999), "not run yet"),
        (lambda place: (place / ".done/01_one.0a").unlink(), "did not finish last time"),
        (lambda place: (place / "claims.json").write_text("[["), "claims.json is missing or changed"),
        (lambda place: (place / "claims.json").unlink(), "claims.json is missing or changed"),
    ],
)
def test_a_job_whose_traces_are_damaged_runs_again(harm, why, capsys):
    place = results_dir("smoke")
    write_text(place / "claims.json", '{"claims": []}')
    records.run_job("smoke", "01_one", lambda: None, lambda: [place / "claims.json"], {})
    write_text(PLAN.marker("01_one"), "")
    harm(place)
    assert run.reason(PLAN, "01_one", force=False) == why
    run.show_claims(place)
    assert ("damaged" in capsys.readouterr().out) == ("claims" in why and (place / "claims.json").exists())


# --- what changes under a cache ---


def swapped(path: Path, data: bytes) -> None:
    """Other content of the same size and with the same time: only the disk's own index tells."""
    before = path.stat()
    assert len(data) == before.st_size
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_label_file_that_changes_under_a_cache(tmp_path, monkeypatch):
    root = tmp_path / "data"
    monkeypatch.setenv("AESLIB_DATA", str(root))
    path = makers.make("aadb", root) / "imgListTestNewRegression_.csv"
    study = replace(TOY, data=("koniq10k", "aadb"))
    makers.make("koniq10k", root)
    monkeypatch.setattr(core, "describe_source", lambda key, size: origin_of(load(key)))  # labels alone, no pictures
    whole, key, mos = list(keys.fingerprint(root)), core.run_key(study, Cell(0), SMOKE), load("aadb").table.mos
    text = path.read_bytes()
    swapped(path, text.replace(b",0.75\n", b",0.25\n").replace(b",0.8\n", b",0.2\n"))
    assert path.read_bytes() != text
    assert list(keys.fingerprint(root)) != whole
    assert core.run_key(study, Cell(0), SMOKE) != key
    assert load("aadb").table.mos.tolist() != mos.tolist()


def test_a_picture_that_changes_under_a_cache(tmp_path, monkeypatch):
    root = tmp_path / "data"
    monkeypatch.setenv("AESLIB_DATA", str(root))
    folder = makers.make("oasis_beauty", root)
    for path in folder.glob("images/*.jpg"):  # BMP: pictures of one size are files of one size
        Image.open(path).resize((70, 70)).save(path, "BMP")
    study = replace(TOY, data=("oasis_beauty",))

    def see() -> tuple[str, list[str], bytes, np.ndarray]:
        data = parts("oasis_beauty", SMOKE)
        seen = frozen.features("cnn", replace(data.test, rows=np.arange(len(data.test.images)),
                               ids=[f"{k}" for k in range(len(data.test.images))], targets={}), SMOKE)  # fmt: skip
        return core.run_key(study, Cell(0), SMOKE), list(keys.fingerprint(root)), data.test.images.tobytes(), seen

    before = see()
    again = see()
    assert before[:3] == again[:3]
    path = next(iter(sorted(folder.glob("images/*.jpg"))))
    negative = bytearray(path.read_bytes())
    negative[60:] = bytes(255 - value for value in negative[60:])
    swapped(path, bytes(negative))
    after = see()
    assert load("oasis_beauty").source == "real"
    assert not any(old == new for old, new in zip(before[:3], after[:3], strict=True))
    assert not np.array_equal(before[3], after[3])


def test_a_picture_file_that_would_start_a_program_is_refused(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.warns(UserWarning, match="1 of 1 pictures could not be read"):
        store = open_store({"a": path}, size=16, progress=False)
    assert store.unreadable["a"].startswith("a.jpg: not a whole picture (cannot identify image file")


def test_pages_of_the_report_are_made_again_although_the_clock_went_back(tmp_path, monkeypatch):
    from aeslib.report import book

    page = "# First\n\nOne.\n\n```{toctree}\nother\n```\n"
    texts = {"index.md": page, "other.md": "# Other\n\nOld words.\n"}
    monkeypatch.setattr(book, "sources", lambda _: iter(texts.items()))
    plain = {"project": "p", "extensions": ["myst_nb"], "nb_execution_mode": "off", "html_theme": "basic"}
    monkeypatch.setattr(book, "CONFIG", plain)
    work = tmp_path / "work"

    def build() -> str:
        with book.trusted(work):
            book.write_sources(SimpleNamespace(), work)  # type: ignore[arg-type]
            for path in (work / "source").glob("*.md"):
                if "New" in path.read_text():
                    os.utime(path, (1e9, 1e9))
            book.run_sphinx(work, "smoke")
        return (work / "html" / "other.html").read_text()

    assert "Old words" in build()
    texts["other.md"] = "# Other\n\nNew words.\n"
    assert "New words" in build()
    shutil.rmtree(work)
