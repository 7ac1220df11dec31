"""The smoke profile, run once from end to end with the owners' labels and once without any data."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from aeslib.paths import ROOT

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


def command(env: dict[str, str], *options: str) -> str:
    words = [sys.executable, "-m", "aeslib", "report", "--profile", "smoke", *options]
    run = subprocess.run(words, cwd=ROOT, env=env, text=True, capture_output=True, timeout=2300, check=False)
    logs = Path(env["AESLIB_RESULTS"], "smoke", "logs").glob("*.log")
    told = "".join(f"\n== {log.name}\n{log.read_text(encoding='utf-8')[-3000:]}" for log in logs)
    assert run.returncode == 0, run.stdout + run.stderr + told
    return run.stdout


@pytest.fixture(scope="session", params=["real labels", "no data"])
def smoke(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    real = request.param == "real labels"
    if real and not (REAL and Path(REAL).is_dir()):
        pytest.skip("needs the owners' label files under AESLIB_DATA")
    folder = tmp_path_factory.mktemp("smoke")
    own = {"AESLIB_RESULTS": "results", "AESLIB_ARTIFACTS": "artifacts", "XDG_CACHE_HOME": "cache"}
    env = os.environ | {name: str(folder / value) for name, value in own.items()}
    env["AESLIB_DATA"] = str(Path(REAL or "").resolve() if real else folder / "nothing")
    return Run(folder / "results" / "smoke", command(env), env, real)
