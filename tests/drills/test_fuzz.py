"""Every reader on more than 100,000 damaged inputs: only errors of ours, nothing written outside, nothing unpickled.

Each reader gets good inputs that are flipped, cut, spliced and salted with what readers choke on, from a fixed seed;
hypothesis adds values of every JSON kind. An audit hook watches what Python opens for writing, starts or unpickles.
"""

import ast
import gzip
import io
import json
import os
import random
import re
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import makers
import nbformat
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from aeslib import code
from aeslib.aesmamba import release
from aeslib.aestheticnet.genotype import PDARTS, Genotype
from aeslib.archives import unpack
from aeslib.cli import notebook, records, review
from aeslib.data import images
from aeslib.data._pictures import image_fault
from aeslib.data.adapters import ADAPTERS
from aeslib.data.adapters.reading import find
from aeslib.data.cards import parse_card
from aeslib.errors import AeslibError
from aeslib.ledger import core as ledger
from aeslib.paths import ROOT
from aeslib.profiles import PROFILES
from aeslib.published import claims
from aeslib.report import gather
from aeslib.studies import core
from aeslib.taskvec import TaskVector
from aeslib.taskvec.lab import Session
from aeslib.training.checkpoint import load_checkpoint, read_weights, save_checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:::(?!aeslib)")]
SEED = 20_260
LEAST = 100_000

# --- what damages ----------------------------------------------------------------------------------------------------

SALT = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b'"', b"'", b",", b"=", b"\t", b" ", b"[", b"{", b"}", b"]", b":",
    b"-", b"nan", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-400", b"9" * 400, b"-" + b"9" * 5000,
    b"0x10", b"1_000", b"0.5", b"true", b"null", b"99999999999999999999", b"-1", b"1.5", b"\xc2\xa0", "é".encode(),
    "٣".encode(),
    "\u202e".encode(), "\U0001f600".encode(), b"\\ud800", b"\xed\xa0\x80", b"../../x", b"/etc/passwd", b"..\\..\\x",
    b"C:x", b"a/" * 3000, b"x" * 300, b"[" * 3000, b'{"a":' * 3000, b"!!python/object/apply:os.system ['true']",
    b"!!timestamp x", b"2026-99-99", b"!!int x", b"!!binary x", b"&a [*a]", b"*a", b"<<: x", b"? [a]\n: b", b"---\n",
    b"%PDF", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"<html>", b"F8_E4M3", b"F64", b"BOOL", b"U64",
    b"cos\nsystem\n(S'true'\ntR.", b"\x80\x04\x95", b"__proto__", b"\n\n\n",
]  # fmt: skip


def damaged(rng: random.Random, samples: list[bytes]) -> bytes:
    """One of the samples with one to four damages."""
    made = bytearray(rng.choice(samples))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made) + 1)
        to = min(len(made), at + rng.choice((1, 1, 2, 4, 16, 64, 256)))
        match rng.randrange(9):
            case 0:
                made[at:to] = rng.randbytes(to - at)
            case 1:
                if at < len(made):
                    made[at] ^= 1 << rng.randrange(8)
            case 2:
                del made[at:]
            case 3:
                del made[at:to]
            case 4:
                made[at:at] = made[at:to]
            case 5:
                other = rng.choice(samples)
                start = rng.randrange(len(other) + 1)
                made[at:to] = other[start : start + rng.choice((1, 8, 64, 1024))]
            case 6:
                made[at:at] = rng.choice(SALT)
            case _:  # a word or number becomes something else
                words = [m.span() for m in re.finditer(rb"[\w.+-]+", bytes(made[at : at + 400]))]
                if words:
                    start, end = rng.choice(words)
                    made[at + start : at + end] = rng.choice(SALT)
    return bytes(made)


# --- what watches ----------------------------------------------------------------------------------------------------

WATCHED: list[list[str] | Path] = []
"""The folder that may be written and the list of what went wrong, while watching."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "socket.connect"}
PATHS = {"os.rename": 2, "os.link": 2, "os.symlink": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "os.chmod": 1,
         "os.truncate": 1, "shutil.rmtree": 1, "shutil.copyfile": 2, "shutil.move": 2}  # fmt: skip


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Hooks stay for good: this one does nothing but while `watching`."""
    if not WATCHED:
        return
    folder, wrong = WATCHED
    assert isinstance(wrong, list)
    if event in STARTS or event in {"pickle.find_class", "marshal.loads"}:
        wrong.append(f"{event}{arguments}")
        return
    if event == "open":
        path, mode, flags = arguments
        names = [path] if (flags or 0) & WRITES or set(mode or "") & set("wax+") else []
    else:
        within = arguments[-1:] > (-1,) if event in PATHS and event[:3] == "os." and event != "os.truncate" else False
        names = [] if within else list(arguments[: PATHS.get(event, 0)])  # within a folder that was opened before
    for name in names:
        if isinstance(name, str | bytes | os.PathLike):
            place = os.path.abspath(os.fsdecode(name))
            if place != os.devnull and not place.startswith(f"{folder}{os.sep}") and place != str(folder):
                wrong.append(f"{event} {place}")


sys.addaudithook(hook)


@contextmanager
def watching(folder: Path) -> Iterator[list[str]]:
    """What is written outside `folder`, started or unpickled in this block."""
    wrong: list[str] = []
    WATCHED[:] = [folder, wrong]
    try:
        yield wrong
    finally:
        WATCHED.clear()


def test_the_watcher_sees(tmp_path):
    import pickle
    import subprocess

    (tmp_path / "in").mkdir()
    with watching(tmp_path / "in") as wrong:
        (tmp_path / "in" / "fine").write_text("x")
        (tmp_path / "in" / "fine").rename(tmp_path / "in" / "other")
        assert not wrong
        (tmp_path / "outside").write_text("x")
        (tmp_path / "in" / "other").rename(tmp_path / "out")
        os.close(os.open(tmp_path / "low", os.O_CREAT | os.O_WRONLY))
        subprocess.run(["true"], check=True)
        pickle.loads(pickle.dumps(Counter))
    found = " ".join(wrong)
    for word in ("outside", "os.rename", "low", "subprocess.Popen", "pickle.find_class"):
        assert word in found


# --- the readers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """A reader, good inputs for it, and how many damaged ones it gets."""

    samples: Callable[[Path], list[bytes]]
    """Good inputs; may prepare the folder."""
    read: Callable[[bytes, Path], object]
    count: int


def a_card(_: Path) -> list[bytes]:
    short = """---
key: tiny
title: A tiny set
task: score
images: 10
score_scale: [1, 10]
vote_bins: [1, 2.5]
raters: "5 people"
splits: [{name: train, rows: 8}, {family: other, name: test, rows: null}]
columns: [{name: score, range: [0, 1]}]
license: none
terms: none
citation: none
homepage: https://example.org
files:
  - {path: a.csv, kind: labels, required: true, sha256: null, bytes: 12, rows: 3, url: "https://example.org/a.csv"}
get: [ask]
unlocks: [elta.T1]
traps: [{what: w, test: t}]
---
Prose.
"""
    return [short.encode(), short.replace("tiny", "other").encode()]


def read_card(data: bytes, folder: Path) -> None:
    with suppress(UnicodeDecodeError):  # files are decoded by load_card, see the test below
        parse_card(data.decode(), name="tiny.md")


def some_claims(_: Path) -> list[bytes]:
    text = (ROOT / "aeslib" / "published" / "claims.yaml").read_text()
    entries = re.split(r"(?m)^(?=- )", text)[1:]
    return ["".join(entries[k : k + 2]).encode() for k in range(0, 120, 7)]


def read_claims(data: bytes, folder: Path) -> None:
    with suppress(UnicodeDecodeError):
        for claim in claims.parse(data.decode(), name="claims.yaml"):
            ledger.bind(claim)


def genotypes(_: Path) -> list[bytes]:
    return [PDARTS.to_json().encode()]


def read_genotype(data: bytes, folder: Path) -> None:
    found = Genotype.from_json(data.decode("utf-8", "replace"))
    assert Genotype.from_json(found.to_json()) == found
    assert all(type(source) is int for _, source in (*found.normal, *found.reduce))


def sessions(folder: Path) -> list[bytes]:
    path = folder / "session.json"
    Session().rate("a.jpg", 3).rate("b.jpg", 5).duel("a.jpg", "c.jpg").rate("a.jpg", 4.5).save(path)
    return [path.read_bytes()]


def read_session(data: bytes, folder: Path) -> None:
    path = put(folder / "session.json", data)
    found = Session.load(path)
    found.pairs({"a.jpg": 0, "b.jpg": 1, "c.jpg": 2})
    assert found.seen >= found.ratings.keys()


@dataclass(frozen=True)
class Cell:
    """One run of a toy study."""

    seed: int
    name: str = "a"
    sizes: tuple[int, ...] = (1, 2)


def toy_run(cell: Cell, profile: Any, checkpoint: Path) -> core.Outcome:
    return core.Outcome({"SRCC": 0.5 + cell.seed / 8}, {"pred": np.arange(4.0) + cell.seed})


TOY = core.Study("toy.cells", lambda _: [Cell(0), Cell(1)], toy_run)


def runs(name: str) -> Callable[[Path], list[bytes]]:
    def good(folder: Path) -> list[bytes]:
        found = core.run_study(TOY, PROFILES["smoke"], progress=False)
        return [(place / name).read_bytes() for place in found.folders.values()]

    return good


def read_run(name: str) -> Callable[[bytes, Path], None]:
    """A damaged run is found out, or holds exactly the numbers that were saved."""

    def read(data: bytes, folder: Path) -> None:
        place = folder / "artifacts" / "smoke" / "toy.cells"
        run = next(path for path in sorted(place.iterdir()) if path.name[0] != ".")
        good = (run / name).read_bytes()
        try:
            put(run / name, data)
            if core.is_whole(run):
                row = core.flat(core.read_run(run))
                assert row["SRCC"] == 0.5 + row["seed"] / 8
            core.flat(core.read_run(run))
        finally:
            put(run / name, good)

    return read


def job_records(folder: Path) -> list[bytes]:
    (folder / "results/smoke/notebooks").mkdir(parents=True, exist_ok=True)
    (folder / "results/smoke/notebooks/01_one.ipynb").write_text("{}")
    files = lambda: [folder / "results/smoke/notebooks/01_one.ipynb"]  # noqa: E731
    records.run_job("smoke", "01_one", lambda: None, files, {"PROFILE": "smoke", "SEED": 0})
    return [records.record_path("smoke", "01_one").read_bytes()]


def read_job_record(data: bytes, folder: Path) -> None:
    put(records.record_path("smoke", "01_one"), data)
    found = records.read_record("smoke", "01_one")
    if found is not None:
        records.damaged("smoke", found)
        assert found["status"] in {"done", "failed"}
        assert isinstance(found["seconds"], int | float)


def receipts(_: Path) -> list[bytes]:
    one = next(c for c in claims.claims() if c.judge == "mean_of")
    about = [ledger.judge(one)]
    made = {
        "target": one.id, "made": "2026-01-01T00:00:00+00:00", "seconds": 1.0, "profile": "smoke", "evidence": "none",
        "code": {"commit": "x", "package": "y"}, "environment": {"python": "3"}, "claims": about,
        "items": {"elta.T4": {"tables/elta.T4.csv": "0" * 64}}, "tables": {"tables/elta.T4.csv": [["a"], ["1.5"]]},
    }  # fmt: skip
    return [json.dumps(made, indent=1).encode()]


def read_receipt(data: bytes, folder: Path) -> None:
    found = review.read(put(folder / "receipt.json", data))
    list(review.differences(found, found, 0.01))
    review.page(found)


def judged(_: Path) -> list[bytes]:
    outcomes = [ledger.judge(one) for one in claims.claims() if one.judge == "mean_of"][:2]
    return [json.dumps({"profile": "smoke", "claims": outcomes}, indent=1).encode()]


def read_judged(data: bytes, folder: Path) -> None:
    path = put(folder / "claims.json", data)
    for read in (ledger.read, lambda _: gather.read_claims(path.parent)):
        with suppress(AeslibError):
            read(path)


def notebooks(folder: Path) -> list[bytes]:
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell("# x"), v4.new_code_cell('PROFILE = "smoke"\nSEED = 0'), v4.new_code_cell("%time 1")]
    book = v4.new_notebook(cells=cells)
    book.cells[1].metadata["tags"] = ["parameters"]
    return [nbformat.writes(book).encode()]


def read_notebook(data: bytes, folder: Path) -> None:
    path = put(folder / "n.ipynb", data)
    for read in (code.notebook_source, notebook.declared_parameters):
        with suppress(AeslibError):
            read(path)


def weights(folder: Path) -> list[bytes]:
    vector = TaskVector({"a.weight": torch.arange(6.0).view(2, 3), "b": torch.ones(2)})
    vector.save(folder / "v.safetensors", name="landscape", steps=[1, 2])
    whole = TaskVector({"c": torch.ones(3, dtype=torch.bfloat16), "n": torch.ones(2, dtype=torch.int64)})
    whole.save(folder / "w.safetensors")
    return [(folder / f"{name}.safetensors").read_bytes() for name in "vw"]


def read_vector(data: bytes, folder: Path) -> None:
    path = put(folder / "x.safetensors", data)
    with suppress(AeslibError):
        TaskVector.load(path)
    read_weights(path)


def checkpoints(folder: Path) -> list[bytes]:
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    progress = {"epoch": 1, "rows": [{"epoch": 0.0, "loss": 1.0}], "best_epoch": None, "signature": [1]}
    states = {"model": model.state_dict(), "best": {}}
    save_checkpoint(folder / "c.safetensors", states, optimizer.state_dict(), progress)
    return [(folder / "c.safetensors").read_bytes()]


def read_checkpoint(data: bytes, folder: Path) -> None:
    load_checkpoint(put(folder / "c.safetensors", data))


def released(folder: Path) -> list[bytes]:
    state = {"module.layers.0.blocks.0.norm.weight": torch.ones(2), "patch_embed.proj.weight": torch.ones(1, 3, 2, 2)}
    torch.save({"model": state}, folder / "r.pth")
    return [(folder / "r.pth").read_bytes()]


def read_released(data: bytes, folder: Path) -> None:
    release.convert(put(folder / "r.pth", data))


FORMS = ("jpg", "png", "bmp", "gif", "webp", "tif")


def pictures(folder: Path) -> list[bytes]:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (17, 23, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    made = []
    for form in FORMS:
        image.save(folder / f"p.{form}", **({"exif": exif} if form in {"jpg", "png", "webp"} else {}))
        made.append((folder / f"p.{form}").read_bytes())
    for name, mode in (("q.png", "P"), ("r.png", "LA"), ("s.jpg", "CMYK"), ("t.png", "1"), ("u.tif", "F")):
        image.convert(mode).save(folder / name)
        made.append((folder / name).read_bytes())
    Image.fromarray(rng.integers(0, 60_000, (9, 9), np.uint16)).save(folder / "v.png")
    Image.fromarray(rng.integers(0, 256, (9, 9, 4), np.uint8)).save(folder / "w.tif", compression="tiff_lzw")
    return [*made, (folder / "v.png").read_bytes(), (folder / "w.tif").read_bytes()]


def read_picture(data: bytes, folder: Path) -> None:
    path = put(folder / "x.jpg", data)
    image_fault(path)
    assert images.decode(path, 16, "pad").dtype == np.uint8


def archives(folder: Path) -> list[bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("lists/train.csv", "b.txt"):
            archive.writestr(name, "image,score\n" * 20)
    makers.broken_zip(folder / "evil.zip")
    return [buffer.getvalue(), (folder / "evil.zip").read_bytes()]


def read_archive(data: bytes, folder: Path) -> None:
    unpack(put(folder / "a.zip", data), folder / "out")


def put(path: Path, data: bytes) -> Path:
    with path.open("wb", buffering=0) as out:
        out.write(data)
    return path


READERS = {
    "cards": Reader(a_card, read_card, 6_000),
    "claims.yaml": Reader(some_claims, read_claims, 12_000),
    "genotypes": Reader(genotypes, read_genotype, 36_000),
    "lab sessions": Reader(sessions, read_session, 12_000),
    "run.json": Reader(runs("run.json"), read_run("run.json"), 6_000),
    "arrays.npz": Reader(runs("arrays.npz"), read_run("arrays.npz"), 3_000),
    "job records": Reader(job_records, read_job_record, 4_000),
    "receipts": Reader(receipts, read_receipt, 1_500),
    "claims.json": Reader(judged, read_judged, 2_000),
    "notebooks": Reader(notebooks, read_notebook, 5_000),
    "task vectors and weights": Reader(weights, read_vector, 6_000),
    "checkpoints": Reader(checkpoints, read_checkpoint, 4_000),
    "released weights": Reader(released, read_released, 1_000),
    "pictures": Reader(pictures, read_picture, 5_000),
    "archives": Reader(archives, read_archive, 1_000),
}
A_LAYOUT = 250
"""Damaged inputs for each way in which label files lie."""
FEWER = {"tad66k": 40, "ava": 100, "aadb_owners": 100, "ava_owners": 120}
"""Those with many files."""
VALUES = 300
"""Values from hypothesis for each reader of JSON."""


def trial(read: Callable[[bytes, Path], object], data: bytes, folder: Path, told: dict[str, str]) -> None:
    """Read one input; an error that is not ours is noted with where it came from."""
    try:
        read(data, folder)
    except AeslibError:
        pass
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "aeslib" in frame.filename.split(os.sep)] or frames
        told.setdefault(
            f"{type(error).__name__} at {ours[-1].filename}:{ours[-1].lineno}", f"{error!r:.200} on {data[:400]!r}"
        )


def judge_all(told: dict[str, str], wrong: list[str]) -> None:
    assert not told, "\n".join(f"{where}: {what}" for where, what in told.items())
    assert not wrong, "\n".join(sorted(set(wrong))[:10])


@pytest.fixture
def restricted(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.load only restricted; pictures that claim many pixels would only cost time; no byte code is written."""
    load = torch.load

    def checked(*arguments: Any, **options: Any) -> Any:
        assert options["weights_only"] is True
        return load(*arguments, **options)

    monkeypatch.setattr(torch, "load", checked)
    monkeypatch.setattr(images, "MAX_PIXELS", 1_000_000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in memory where there is one: a disk would take most of the time."""
    quick = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=quick if os.access(quick, os.W_OK) else None) as folder:
        for name, place in {"RESULTS": "results", "ARTIFACTS": "artifacts"}.items():
            monkeypatch.setenv(f"AESLIB_{name}", f"{folder}/{place}")
        monkeypatch.setenv("XDG_CACHE_HOME", f"{folder}/cache")
        yield Path(folder).resolve()


@pytest.mark.parametrize("name", READERS)
def test_damaged_files(name: str, memory: Path, restricted: None) -> None:
    reader, rng = READERS[name], random.Random(f"{SEED} {name}")
    samples = reader.samples(memory)
    told: dict[str, str] = {}
    for sample in samples:  # good ones are read, and import what readers import
        trial(reader.read, sample, memory, told if name not in {"archives", "released weights"} else {})
    assert not told, told
    with watching(memory) as wrong:
        for _ in range(reader.count):
            trial(reader.read, damaged(rng, samples), memory, told)
    judge_all(told, wrong)


def label_files(name: str, top: Path) -> tuple[Path, list[Path]]:
    folder = makers.make(name, top)
    adapter = ADAPTERS[folder.name]
    listed = {
        file for levels in adapter.LAYOUTS.values() for ways in levels.values() for way in ways for file in way.files
    }
    return folder, sorted(path for path in (find(folder, file) for file in sorted(listed)) if path)


def inner(path: Path, data: bytes, rng: random.Random) -> bytes:
    """Damaged bytes of a label file; of a packed one mostly what is packed, so that the damage gets past unpacking."""
    if path.suffix == ".gz" and rng.random() < 0.9:
        return gzip.compress(damaged(rng, [gzip.decompress(data)]), 1, mtime=0)
    if path.suffix in {".zip", ".xlsx"} and rng.random() < 0.9:
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
            names = old.namelist()
            chosen = rng.choice(names)
            for name in names:
                content = old.read(name)
                new.writestr(name, damaged(rng, [content]) if name == chosen else content)
        return made.getvalue()
    return damaged(rng, [data])


@pytest.mark.parametrize("name", [*makers.MAKERS, *makers.OTHERS])
def test_damaged_label_files(name: str, memory: Path, restricted: None) -> None:
    folder, files = label_files(name, memory)
    adapter, rng = ADAPTERS[folder.name], random.Random(f"{SEED} {name}")
    ways = [(family, level) for family, levels in adapter.LAYOUTS.items() for level in levels]
    told: dict[str, str] = {}

    def read(_: bytes, __: Path, way: tuple[str, Any]) -> None:
        table = adapter.read(folder, *way)
        assert np.isfinite(table.mos if table.scored and table.level == "image" else 0.0).all()

    for way in ways:
        trial(partial(read, way=way), b"", folder, told)
    assert not told, told
    with watching(folder) as wrong:
        for _ in range(FEWER.get(name, A_LAYOUT)):
            path, way = rng.choice(files), rng.choice(ways)
            good = path.read_bytes()
            put(path, inner(path, good, rng))
            trial(partial(read, way=way), path.read_bytes(), folder, told)
            put(path, good)
    judge_all(told, wrong)


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("../../x"),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=8,
)
FIELDS = {
    "genotypes": ("normal", "reduce"), "lab sessions": ("taste lab", "events"), "notebooks": ("cells", "metadata"),
    "run.json": ("study", "config", "metrics", "arrays", "seconds", "cpu_seconds", "record"),
    "job records": ("name", "status", "seconds", "peak_mb", "error", "files", "parameters"),
    "receipts": ("target", "claims", "items", "tables", "code"), "claims.json": ("profile", "claims"),
    "claims.yaml": ("id", "paper", "place", "claim", "judge", "with"), "cards": ("key", "files", "splits", "traps"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_any_json_value(name: str, memory: Path, restricted: None) -> None:
    reader = READERS[name]
    good = reader.samples(memory)
    told: dict[str, str] = {}
    wrong: list[str] = []
    read = Counter[str]()

    @settings(max_examples=VALUES, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(JSONISH | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS[name], JSONISH)), st.booleans())
    def each(value: object, within: bool) -> None:
        whole = value
        if within and isinstance(value, dict) and good[0][:1] == b"{":
            whole = json.loads(good[0]) | value  # all the rest of it is right
        elif name == "claims.yaml":
            whole = [value]
        text = json.dumps(whole)
        if name == "cards":
            text = f"---\n{text}\n---\n"
        read[name] += 1
        with watching(memory) as seen:
            trial(reader.read, text.encode(), memory, told)
        wrong.extend(seen)

    each()
    judge_all(told, wrong)
    assert read[name] >= VALUES


DEEP, LONG = "[" * 100_000, "9" * 5_000
TOO_DEEP = "maximum recursion depth exceeded while decoding a JSON array from a unicode string"
TOO_LONG = (
    "Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits; "
    "use sys.set_int_max_str_digits() to increase the limit"
)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (Session.load, DEEP, f"x is no saved session of the Taste Lab ({TOO_DEEP}); choose another."),
        (
            Session.load, '{"events": [["rate", "a", %s]]}' % ("9" * 400),
            "x is no saved session of the Taste Lab (int too large to convert to float); choose another.",
        ),
        (
            Session.load, '{"events": [["duel", ["a"], "b"]]}',
            "x is no saved session of the Taste Lab (['a'] is no picture's name); choose another.",
        ),
        (
            lambda path: Genotype.from_json(path.read_text()),
            PDARTS.to_json().replace('skip_connect", 0', 'skip_connect", 0.5'),
            "not a genotype (node 2 of the normal cell reads state 0.5; expected 0 to 1.); "
            'expected {"normal": [[operation, state], …], "reduce": […]}.',
        ),
        (
            lambda path: parse_card(path.read_text(), name="x"), "---\na: 2026-99-99\n---\n",
            "x: front matter is not YAML (month must be in 1..12).",
        ),
        (
            lambda path: claims.parse(path.read_text(), name="x"), "a: !!timestamp x",
            "x: not YAML ('NoneType' object has no attribute 'groupdict').",
        ),
        (ledger.read, LONG, f"PATH: no readable ledger ({TOO_LONG}); judge again with `aeslib claims`."),
        (gather.read_json, DEEP, f"PATH: not JSON ({TOO_DEEP}); delete it and run again."),
        (review.read, DEEP, f"PATH: no readable receipt ({TOO_DEEP})."),
        (
            code.notebook_source, '{"cells": [{"cell_type": "code"}]}',
            "PATH: not a notebook ('source'); restore it with `git checkout -- x`.",
        ),
        (
            notebook.declared_parameters,
            '{"cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "A = ("}]}',
            "x: parameters cell is not Python ('(' was never closed (<unknown>, line 1)).",
        ),
        (
            release.convert, "no weights", "x is no released checkpoint (UnpicklingError); fetch it again.",
        ),
    ],
)  # fmt: skip
def test_what_the_drill_found(read, text, message, tmp_path):
    path = tmp_path / "x"
    path.write_text(text)
    with pytest.raises(AeslibError) as caught:
        read(path)
    assert str(caught.value) == message.replace("PATH", str(path))


def test_there_are_enough() -> None:
    """Every test above reads exactly, or at least, as many inputs as it is counted for here."""
    files = sum(reader.count for reader in READERS.values())
    labels = sum(FEWER.get(name, A_LAYOUT) for name in (*makers.MAKERS, *makers.OTHERS))
    assert files + labels + VALUES * len(FIELDS) >= LEAST


UNSAFE = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve"}


def test_the_source_reads_nothing_that_can_run() -> None:
    """No pickle, no eval, no unsafe YAML, no torch.load or np.load that would unpickle, in the whole library."""
    found = []
    for path in sorted((ROOT / "aeslib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", "") or "", *(alias.name for alias in node.names)]
                found += [
                    f"{path.name} imports {n}" for n in names if n in {"pickle", "dill", "joblib", "marshal", "shelve"}
                ]
            if isinstance(node, ast.Call):
                call = ast.unparse(node.func)
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                bad = (
                    call in {"eval", "exec", "os.system", "yaml.unsafe_load", "yaml.full_load", "pd.read_pickle"}
                    or (call == "torch.load" and given.get("weights_only") != "True")
                    or (call == "np.load" and given.get("allow_pickle", "False") != "False")
                    or (call == "yaml.load" and "Safe" not in given.get("Loader", ""))
                )
                found += [f"{path.name}:{node.lineno} {ast.unparse(node)}"] if bad else []
    assert not found
