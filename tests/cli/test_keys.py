"""What makes a job due."""

import shutil

import pytest

from aeslib import code
from aeslib.cli import keys
from aeslib.errors import StateError
from aeslib.paths import ROOT


def test_a_benchmark_measured_again_makes_the_report_due_and_nothing_else(tmp_path, monkeypatch):
    for path in ROOT.iterdir():
        if path.name != "benchmarks":
            (tmp_path / path.name).symlink_to(path)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    monkeypatch.setattr(keys, "ROOT", tmp_path)
    before, again = keys.plan("smoke", "0*"), keys.plan("smoke", "0*")
    assert again == before
    (tmp_path / "benchmarks" / "gpu.json").write_text("{}", encoding="utf-8")
    after = keys.plan("smoke", "0*")
    assert after.report != before.report
    assert after.notebooks == before.notebooks


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Return an empty data folder."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def seen(folder):
    return list(keys.fingerprint(folder))


def test_a_data_set_that_is_a_link_counts_with_all_that_it_holds(data, tmp_path):
    elsewhere = tmp_path / "disk" / "aadb"
    (elsewhere / "images").mkdir(parents=True)
    (elsewhere / "labels.csv").write_text("a")
    empty = seen(data)
    (data / "aadb").symlink_to(elsewhere)
    linked = seen(data)
    assert [line.split()[0] for line in linked] == ["aadb/labels.csv"]
    assert linked != empty
    (elsewhere / "labels.csv").write_text("ab")
    changed = seen(data)
    assert changed != linked
    (elsewhere / "images" / "1.jpg").write_text("x")
    assert seen(data) != changed
    (tmp_path / "link").symlink_to(data)
    assert seen(tmp_path / "link") == seen(data)


def test_circles_of_links_end_and_a_folder_linked_twice_counts_twice(data):
    (data / "a" / "b").mkdir(parents=True)
    (data / "a" / "b" / "up").symlink_to(data)
    (data / "a" / "self").symlink_to(data / "a")
    (data / "a" / "gone").symlink_to(data / "nothing")
    (data / "a" / "x").write_text("x")
    (data / "c").symlink_to(data / "a")
    assert [line.split()[0] for line in seen(data)] == ["a/gone", "a/x", "c/gone", "c/x"]


def test_linked_labels_make_chapters_due(data, tmp_path):
    before = keys.notebook_key("02_long_tail", "smoke")
    (tmp_path / "disk").mkdir()
    (data / "aadb").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "labels.csv").write_text("a")
    keys._common.cache_clear()
    assert keys.notebook_key("02_long_tail", "smoke") != before


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project with one notebook, a library of one file, and an empty data folder."""
    home = tmp_path / "home"
    (home / "notebooks").mkdir(parents=True)
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, home)
    shutil.copy(ROOT / "notebooks" / "02_long_tail.ipynb", home / "notebooks" / "02.ipynb")
    library = home / "tail.py"
    library.write_text("x = 1")
    monkeypatch.setattr(keys, "ROOT", home)
    monkeypatch.setattr(keys, "_inputs", lambda _: [library])
    monkeypatch.setitem(code.CONTENTS, library, b"x = 1")
    keys._common.cache_clear()
    return home


def edit_notebook(home):
    path = home / "notebooks" / "02.ipynb"
    path.write_text(path.read_text().replace("SEED = 0", "SEED = 1"))


EDITS = {
    "notebook": edit_notebook,
    "library": lambda home: (home / "tail.py").write_text("x = 2"),
    "pins": lambda home: (home / "requirements.txt").write_text("torch==0"),
    "data": lambda home: (home.parent / "data" / "labels.csv").write_text("a"),
}


@pytest.mark.parametrize("planned", [True, False])
@pytest.mark.parametrize("edit", EDITS)
def test_a_job_whose_sources_change_while_it_runs_is_not_done(project, data, edit, planned):
    key = keys.plan("smoke").notebooks["02"] if planned else None
    with keys.unchanged_job("02", "smoke", key):
        pass
    with pytest.raises(StateError) as error, keys.unchanged_job("02", "smoke", key):
        EDITS[edit](project)
    said = {
        "library": "home/tail.py changed since this process imported the library, so a result would be kept under the "
        "key of code that did not make it. Nothing was kept: restart the kernel, or start the run again.",
    }.get(
        edit,
        f"02 does not count as done: 02.ipynb, the library, the data in {data} or what is installed changed while the "
        "run was going on. Start the run again.",
    )
    assert str(error.value) == said
    if planned or edit == "library":  # what is planned for another state does not even begin
        with pytest.raises(StateError), keys.unchanged_job("02", "smoke", key):
            pytest.fail("begun")


def test_a_job_planned_before_its_process_read_the_library_is_not_done(project, data, monkeypatch):
    key = keys.plan("smoke").notebooks["02"]
    (project / "tail.py").write_text("x = 2")
    monkeypatch.setitem(code.CONTENTS, project / "tail.py", b"x = 2")
    with pytest.raises(StateError, match="02 does not count as done"), keys.unchanged_job("02", "smoke", key):
        pytest.fail("begun")


def test_what_is_installed_or_switched_makes_chapters_due(monkeypatch):
    """The lock says what should be installed; an upgraded torch gives other digits all the same."""
    changed = []
    for change in (
        lambda: None,
        lambda: monkeypatch.setattr(keys, "installed", lambda: ["torch-2.99.dist-info"]),
        lambda: monkeypatch.setenv("AESLIB_COMPILED", "0"),
        lambda: monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2"),
    ):
        change()
        keys._common.cache_clear()
        changed.append(keys.notebook_key("02_long_tail", "smoke"))
    monkeypatch.undo()
    keys._common.cache_clear()
    assert len(set(changed)) == 4


def test_a_link_to_itself_is_a_file_that_is_missing(data):
    (data / "x").symlink_to("x")
    assert seen(data) == ["./x missing"]
