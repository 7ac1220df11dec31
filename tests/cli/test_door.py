"""run_all.sh with stand-ins for Python and uv: what is installed when, and what is refused before."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aeslib.paths import ROOT

PYTHON = f"""#!/bin/bash
case "$*" in
    "-m aeslib --check"*) exec {sys.executable} "$@" ;;
    "-m aeslib"*) shift 2; echo "run: $*" ;;
    "-m pip --version") exit 0 ;;
    "-m pip "*) echo "pip ${{*:3}}" >> calls ;;
    *) exec {sys.executable} "$@" ;;
esac
"""
UV = """#!/bin/bash
[ "$1" = --version ] && exit "${NO_UV:-0}"
echo "uv $*" >> calls
case "$2" in sync) exit "${UV_FAILS:-0}" ;; esac
"""
SYNC = "uv pip sync --require-hashes --compile-bytecode requirements.txt --quiet --python .venv/bin/python"
EDITABLE = "uv pip install --no-deps --no-build-isolation --editable . --quiet --python .venv/bin/python"
PIP = "pip install --quiet --disable-pip-version-check --no-input"


class Door:
    """A folder with run_all.sh and an environment of stand-ins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(ROOT / "aeslib", path / "aeslib", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("run_all.sh", "requirements.txt"):
            shutil.copy(ROOT / name, path)
        self.script(".venv/bin/python", PYTHON)
        self.script(".venv/bin/uv", UV)

    def script(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *words: str, code: int = 0, **env: str) -> str:
        """Both streams of `./run_all.sh WORDS`; the exit code must be `code`."""
        run = subprocess.run(
            [str(self.path / "run_all.sh"), *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd="/", env=os.environ | env, timeout=60, check=False,
        )  # fmt: skip
        assert run.returncode == code, run.stdout
        return run.stdout

    def calls(self) -> list[str]:
        """What was installed since the last look."""
        file = self.path / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path / "door")


def test_sets_up_once_and_again_when_the_lock_changes(door):
    out = door.run("report", "--profile", "smoke")
    assert out.startswith("Setting up .venv (once; about 6 GB) ...\nSet up in ")
    assert out.endswith(" s.\nrun: report --profile smoke\n")
    assert door.calls() == [SYNC, EDITABLE]

    assert door.run("test", "--", "-k", "a b") == "run: test -- -k a b\n"
    assert door.run() == "run: \n"
    assert door.calls() == []

    with (door.path / "requirements.txt").open("a") as lock:
        lock.write("# new\n")
    door.run()
    assert door.calls() == [SYNC, EDITABLE]


@pytest.mark.parametrize("words", [["rprot"], ["--profile", "smok"], ["help"], ["claims", "--help"], ["clean"]])
def test_words_that_need_no_set_up(door, words):
    wrong = words[0] in {"rprot", "--profile"}
    out = door.run(*words, code=2 if wrong else 0)
    assert (out.count("\n") == 1 and "Did you mean" in out) if wrong else out
    assert door.calls() == []
    assert not (door.path / ".venv/.installed").exists()


def test_an_interrupted_set_up_goes_on_next_time(door):
    door.script(".venv/bin/uv", UV + '[ "$2" = install ] && kill -9 $PPID\n')
    door.run(code=-9)
    assert door.calls() == [SYNC, EDITABLE]
    assert not (door.path / ".venv/.installed").exists()
    door.script(".venv/bin/uv", UV)
    door.run()
    assert door.calls() == [SYNC, EDITABLE]
    assert door.run("lab") == "run: lab\n"


@pytest.mark.parametrize("why", [{"UV_FAILS": "1"}, {"NO_UV": "1"}])
def test_pip_does_it_where_uv_cannot(door, why):
    door.run(**why)
    tried = [SYNC] if "UV_FAILS" in why else []
    pip = [f"{PIP} --require-hashes -r requirements.txt", f"{PIP} --no-deps --no-build-isolation --editable ."]
    fetched = [call for call in door.calls() if "uv.txt" not in call]
    assert fetched == [*tried, *pip]


def test_uv_itself_is_installed_from_the_lock_with_its_hashes(door):
    door.run(NO_UV="1")
    assert door.calls()[0] == f"{PIP} --require-hashes --no-deps --only-binary :all: -r .venv/uv.txt"
    block = (door.path / ".venv/uv.txt").read_text().splitlines()
    assert block[0].startswith("uv==")
    assert len(block) > 2
    assert all(line.startswith("    --hash=sha256:") for line in block[1:])


def test_another_build_of_torch_is_said_and_remembered(door):
    out = door.run("report", "--torch-backend", "cpu", "--cores", "1")
    torch, vision = (
        line.split()[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch")
    )
    assert f"torch for 'cpu' comes without a hash to check: {torch} {vision}, everything else is checked.\n" in out
    assert out.endswith("run: report --cores 1\n")
    pins = "uv pip install --compile-bytecode --torch-backend cpu {} {} --quiet --python .venv/bin/python"
    expected = [SYNC.replace("requirements.txt", ".venv/without-torch.txt"), pins.format(torch, vision), EDITABLE]
    assert door.calls() == expected
    left = {
        line.split("==")[0] for line in (door.path / ".venv/without-torch.txt").read_text().splitlines() if "==" in line
    }
    whole = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line}
    gone = {name for name in whole - left if not name.startswith(("nvidia-", "cuda-"))}
    assert gone == {"torch", "torchvision", "triton"}
    assert {"numpy", "torchmetrics"} & whole <= left

    door.run("lab")
    assert door.calls() == []
    with (door.path / "requirements.txt").open("a") as lock:
        lock.write("# new\n")
    door.run("lab")
    assert door.calls() == expected


def test_looks_for_a_python_that_works(door, tmp_path):
    shutil.rmtree(door.path / ".venv")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname", "env"):
        (folder / name).symlink_to(shutil.which(name))
    for name in ("python3.12", "python3"):  # a pyenv shim without its Python, and one too old
        (folder / name).write_text("#!/bin/bash\nexit 127\n")
        (folder / name).chmod(0o755)
    assert door.run("help", code=1, PATH=str(folder)) == (
        "run_all.sh: no Python 3.11 or 3.12 with the venv module found "
        "(tried python3.12, python3.11, python3, python).\n"
    )
    (folder / "python").symlink_to(sys.executable)
    assert door.run("help", PATH=str(folder)).startswith("usage: ./run_all.sh")


def test_is_plain_and_names_no_address():
    text = (ROOT / "run_all.sh").read_text()
    assert "http" not in text
    subprocess.run(["bash", "-n", str(ROOT / "run_all.sh")], check=True)
