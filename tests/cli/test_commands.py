"""The smaller words: checks, kept cells, JupyterLab, data, claims, clean."""

import os
import sys
from argparse import Namespace

import nbformat
import pytest

from aeslib.cli import commands, main
from aeslib.cli.parser import parse
from aeslib.paths import ROOT, answers_dir, artifacts_dir, results_dir, write_text


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """What commands set in the environment is taken back."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


@pytest.fixture
def steps(monkeypatch):
    """Commands that `test` would run; `steps.failing` names those that fail."""

    class Steps(list):
        failing = ""

    seen = Steps()

    def run(command, **_):
        line = " ".join(command).replace(sys.executable, "python")
        seen.append(line)
        return Namespace(returncode=int(bool(seen.failing) and seen.failing in line), stdout="why\n", stderr="")

    monkeypatch.setattr(commands.subprocess, "run", run)
    monkeypatch.setattr(commands, "own_environment", lambda: None)
    return seen


def test_all_checks_come_before_the_tests(steps, capsys):
    assert main(["test"]) == 0
    names = ["ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"]
    assert len(steps) == len(names)
    assert all(name in line for name, line in zip(names, steps, strict=True))
    assert " tests " in f"{steps[-1]} "
    assert "--nbval-lax" in steps[-1]
    out = capsys.readouterr().out
    assert [line.split(" (")[0] for line in out.splitlines()] == [
        "ok     ruff check", "ok     ruff format", "ok     mypy", "ok     lint-imports",
    ]  # fmt: skip


@pytest.mark.parametrize(("failing", "told"), [("mypy", "FAILED before the tests: mypy\n"), ("pytest", "")])
def test_any_failure_fails_but_everything_runs(steps, capsys, failing, told):
    steps.failing = failing
    assert main(["test"]) == 1
    assert len(steps) == 5
    out = capsys.readouterr().out
    assert out.endswith(told)
    assert ("why\n" in out) is (failing == "mypy")


def test_arguments_of_pytest_replace_the_whole(steps):
    assert main(["test", "--", "tests/test_code.py", "-x"]) == 0
    assert steps[-1].endswith("loadfile tests/test_code.py -x")


def test_kept_cells_run_on_the_smoke_profile(tmp_path, monkeypatch):
    v4 = nbformat.v4
    (tmp_path / "notebooks").mkdir()
    for name, kept in (("01_kept", "# NBVAL_CHECK_OUTPUT\nprint(PROFILE)"), ("02_not", "print(PROFILE)")):
        book = v4.new_notebook(cells=[v4.new_code_cell('PROFILE = "default"'), v4.new_code_cell(kept)])
        book.cells[0].metadata["tags"] = ["parameters"]
        nbformat.write(book, tmp_path / "notebooks" / f"{name}.ipynb")
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    copies = tmp_path / "copies"
    copies.mkdir()
    assert commands.kept_cells(copies) == ["--nbval-lax", "--nbval-current-env", str(copies)]
    assert [path.name for path in copies.iterdir()] == ["01_kept.ipynb"]
    sources = [cell.source for cell in nbformat.read(copies / "01_kept.ipynb", as_version=4).cells]
    assert sources == ['PROFILE = "default"', 'PROFILE = "smoke"', "# NBVAL_CHECK_OUTPUT\nprint(PROFILE)"]
    (tmp_path / "notebooks" / "01_kept.ipynb").unlink()
    (tmp_path / "none").mkdir()
    assert commands.kept_cells(tmp_path / "none") == []


def test_lab_becomes_jupyterlab(monkeypatch):
    called = []
    monkeypatch.setattr(commands.os, "execv", lambda path, words: called.append((path, words)))
    monkeypatch.setattr(commands.os, "geteuid", lambda: 0)
    command, options = parse(["lab", "--", "--no-browser"])
    commands.lab(options)
    words = [sys.executable, "-m", "jupyterlab", str(ROOT / "notebooks"), "--allow-root", "--no-browser"]
    assert called == [(sys.executable, words)]
    assert command.rest


def test_data_status_lists_every_data_set(capsys):
    from aeslib.data.cards import KEYS

    assert main(["data", "status"]) == 0
    out = capsys.readouterr().out
    assert all(f" {key} " in out for key in KEYS)
    assert out.count(" none ") == len(KEYS)


def test_data_verify_of_what_is_not_there(capsys):
    assert main(["data", "verify", "aadb"]) == 1
    out = capsys.readouterr().out
    assert out.endswith(f"1 findings, 1 of them errors: {results_dir('verify') / 'aadb.csv'}\n")
    assert (results_dir("verify") / "aadb.csv").read_text().startswith("file,row,id,check,message,severity\n")


@pytest.mark.real
def test_data_verify_of_a_sound_copy(real_data, capsys):
    real_data("aadb")
    assert main(["data", "verify", "aadb"]) == 0
    assert "findings, 0 of them errors" in capsys.readouterr().out


def test_data_fetch_shows_terms_first(capsys):
    assert main(["data", "fetch", "tad66k"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("aeslib: ")
    assert "Nothing was downloaded." in error or "by hand" in error


def test_claims_prints_the_ledger(capsys):
    assert main(["claims", "--paper", "elta", "--item", "elta.T1"]) == 0
    assert " claims: " in capsys.readouterr().out


def test_clean_removes_what_runs_made_and_nothing_else(tmp_path, capsys):
    made = [results_dir(name) for name in ("smoke", "night-seed2", "verify")]
    made += [artifacts_dir("paper"), artifacts_dir("default-seed2")]
    for folder in made:
        write_text(folder / "a" / "b.txt", "x" * 2**20)
    mine = [
        write_text(tmp_path / "results" / name, "x") for name in ("mine.txt", "default-seedlings/x", "night-seed0/x")
    ]
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == "".join(f"removed {folder} (1 MB)\n" for folder in made)
    assert all(path.is_file() for path in mine)
    assert not any(folder.exists() for folder in made)
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == "nothing to remove\n"


def test_clean_keeps_the_answers_of_the_taste_lab(tmp_path, capsys, monkeypatch):
    write_text(answers_dir() / "photos-1" / "mine.json", "new")
    write_text(results_dir("smoke") / "taste-lab.json", "old")
    assert main(["clean"]) == 0
    first = answers_dir() / "earlier" / "smoke-taste-lab.json"
    assert capsys.readouterr().out == (
        f"kept answers of the Taste Lab: {first}\nremoved {results_dir('smoke')} (0 MB)\n"
    )
    write_text(results_dir("smoke") / "taste-lab.json", "older")
    assert main(["clean"]) == 0
    assert (first.read_text(), first.with_stem("smoke-taste-lab-2").read_text()) == ("old", "older")
    assert (answers_dir() / "photos-1" / "mine.json").read_text() == "new"
    monkeypatch.setenv("AESLIB_TASTE", str(results_dir("smoke") / "taste"))
    write_text(answers_dir() / "photos-1" / "mine.json", "new")
    assert main(["clean"]) == 1
    assert capsys.readouterr().err == (
        f"aeslib: {results_dir('smoke')} holds the answers of the Taste Lab ({answers_dir()}); nothing was removed. "
        "Move them, name their new folder with AESLIB_TASTE, and clean again.\n"
    )
    assert (answers_dir() / "photos-1" / "mine.json").is_file()


WITHIN = [("AESLIB_DATA", "the data sets"), ("AESLIB_WEIGHTS", "published weights"), ("XDG_CACHE_HOME", "the cache")]


@pytest.mark.parametrize(("variable", "what"), WITHIN)
def test_clean_keeps_data_sets_and_the_cache(capsys, monkeypatch, variable, what):
    labels = write_text(results_dir("smoke") / "mine" / "aeslib" / "AVA.txt", "labels")
    monkeypatch.setenv("AESLIB_DATA", str(results_dir("smoke").parent / "data"))
    monkeypatch.setenv(variable, str(results_dir("smoke") / "mine"))
    assert main(["clean"]) == 1
    assert f" holds {what} (" in (error := capsys.readouterr().err)
    assert error.endswith(f"nothing was removed. Move them, name their new folder with {variable}, and clean again.\n")
    assert labels.is_file()
