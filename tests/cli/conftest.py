"""A small project of its own: a copy of the library, tiny notebooks and a report that takes no time."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from aeslib.paths import ROOT

REPORT = '''"""Stands in for the real report."""
from aeslib.paths import results_dir, write_text


def build(profile):
    copies = sorted(path.stem for path in (results_dir(profile) / "notebooks").glob("*.ipynb"))
    return write_text(results_dir(profile) / "report" / "index.html", " ".join(copies))
'''


@dataclass
class Home:
    """A project folder, and what a run left in it."""

    path: Path
    env: dict[str, str]

    def notebook(self, name: str, *cells: str) -> Path:
        """Write a notebook: a title, the parameters, these code cells."""
        v4 = nbformat.v4
        book = v4.new_notebook(cells=[v4.new_markdown_cell(f"# {name}"), *map(v4.new_code_cell, (PARAMETERS, *cells))])
        book.cells[1].metadata["tags"] = ["parameters"]
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for number, cell in enumerate(book.cells):
            cell["id"] = f"cell-{number}"
        path = self.path / "notebooks" / f"{name}.ipynb"
        nbformat.write(book, path)
        return path

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "aeslib", *words]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the command line, errors to be read from it. Signals stop it also where this process ignores them."""
        kept = {request: signal.signal(request, signal.SIG_DFL) for request in (signal.SIGINT, signal.SIGHUP)}
        try:
            return subprocess.Popen(
                self.command(*words), cwd=self.path, env=self.env, text=True, stderr=subprocess.PIPE
            )
        finally:
            for request, handler in kept.items():
                signal.signal(request, handler)

    def run(self, *words: str, code: int = 0) -> str:
        """Run the command line; its output, both streams together. The exit code must be `code`."""
        run = subprocess.run(
            self.command(*words), cwd=self.path, env=self.env, text=True, timeout=300, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        logs = "".join(
            f"\n== {log.name}\n{log.read_text()[-2000:]}" for log in self.path.glob("results/smoke/logs/**/*.log")
        )
        assert run.returncode == code, run.stdout + logs
        return run.stdout

    def report(self, *options: str, code: int = 0) -> str:
        return self.run("report", "--profile", "smoke", "--cores", "2", *options, code=code)

    def table(self, output: str) -> dict[str, str]:
        """Name → status of the table that ends a run."""
        lines = output.partition("peak MB\n")[2].partition("\n\n")[0].splitlines()
        return {line.split()[0]: line.split()[1] for line in lines if not line.startswith(" ")}

    def record(self, name: str) -> dict:
        return json.loads((self.path / f"results/smoke/notebooks/{name}.json").read_text())


PARAMETERS = 'PROFILE = "default"\nSEED = 0\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty project at `tmp_path / "home"`."""
    path = tmp_path / "home"
    shutil.copytree(ROOT / "aeslib", path / "aeslib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, path)
    (path / "notebooks").mkdir()
    shutil.rmtree(path / "aeslib" / "report")
    (path / "aeslib" / "report").mkdir()
    (path / "aeslib" / "report" / "__init__.py").write_text(REPORT)
    for name in ("one", "two"):
        (path / "aeslib" / f"tiny_{name}.py").write_text("VALUE = 1\n")
    own = {"AESLIB_HOME": path, "PYTHONPATH": path, "XDG_CACHE_HOME": tmp_path / "cache", "COLUMNS": "200"}
    env = {name: text for name, text in os.environ.items() if not name.startswith("AESLIB")}
    return Home(path, env | {name: str(value) for name, value in own.items()})
