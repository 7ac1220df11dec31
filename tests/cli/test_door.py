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
    "-m aeslib --check"* | "-m aeslib.cli."*) exec {sys.executable} "$@" ;;
    "-m aeslib weights fetch --set-up") echo "$*" >> calls; echo "${{WEIGHTS_SAY:-Got it.}}"; exit "${{WEIGHTS:-0}}" ;;
    "-m aeslib"*) shift 2; echo "run: $*"; echo "code of $PYTHONPATH, project $AESLIB_HOME" >> seen ;;
    "-m pip --version") exit 0 ;;
    "-m pip "*) echo "pip ${{*:3}}" >> calls ;;
    *) exec {sys.executable} "$@" ;;
esac
"""
UV = """#!/bin/bash
[ "$1" = --version ] && exit "${NO_UV:-0}"
echo "uv $*" >> calls
env | grep -E '^(PIP|UV|PYTHON|VIRTUAL|CONDA)' | sort > settings
case "$2" in
    sync) exit "${SYNC_FAILS:-0}" ;;
    freeze) printf '%s\\n' numpy==1 $(grep -q -- --torch-backend calls && echo torch==2+cpu mkl==3) ;;
esac
"""
FREEZE = "uv pip freeze --quiet --python .venv/bin/python"
SYNC = "uv pip sync --require-hashes --compile-bytecode requirements.txt --quiet --python .venv/bin/python"
EDITABLE = "uv pip install --no-deps --no-build-isolation --editable . --quiet --python .venv/bin/python"
WEIGHTS = "-m aeslib weights fetch --set-up"
PIP = "pip install --quiet --disable-pip-version-check --no-input"


class Door:
    """A folder with run_all.sh and an environment of stand-ins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(ROOT / "aeslib", path / "aeslib", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("run_all.sh", "requirements.txt"):
            shutil.copy(ROOT / name, path)
        self.environment()

    def environment(self) -> None:
        """Make an environment of stand-ins, as if it had been made here."""
        self.script(".venv/bin/python", PYTHON)
        self.script(".venv/bin/uv", UV)
        self.script(".venv/bin/activate", f"VIRTUAL_ENV='{self.path}/.venv'\n")
        self.script(".venv/pyvenv.cfg", "home = /usr/bin\n")

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

    def seen(self) -> str:
        """Whose code the last run took, and for which project."""
        return (self.path / "seen").read_text().splitlines()[-1]

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
    assert out.endswith(" s.\nGot it.\nrun: report --profile smoke\n")
    assert door.calls() == [SYNC, EDITABLE, WEIGHTS]

    assert door.run("test", "--", "-k", "a b") == "run: test -- -k a b\n"
    assert door.run() == "run: \n"
    assert door.calls() == []

    with (door.path / "requirements.txt").open("a") as lock:
        lock.write("# new\n")
    door.run()
    assert door.calls() == [SYNC, EDITABLE, WEIGHTS]


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
    assert door.calls() == [SYNC, EDITABLE, WEIGHTS]
    assert door.run("lab") == "run: lab\n"


@pytest.mark.parametrize("why", [{"SYNC_FAILS": "1"}, {"NO_UV": "1"}])
def test_pip_does_it_where_uv_cannot(door, why):
    door.run(**why)
    tried = [SYNC] if "SYNC_FAILS" in why else []
    pip = [f"{PIP} --require-hashes -r requirements.txt", f"{PIP} --no-deps --no-build-isolation --editable ."]
    fetched = [call for call in door.calls() if "uv.txt" not in call]
    assert fetched == [*tried, *pip, WEIGHTS]


def test_weights_are_tried_once_and_a_run_goes_on_without(door):
    """Whatever became of them; one who stops the fetch is asked again next time. What is said goes to stderr."""
    assert door.run("claims", code=130, WEIGHTS="130").endswith("Got it.\n")
    assert door.calls() == [SYNC, EDITABLE, WEIGHTS]
    assert door.run("claims", WEIGHTS="1", WEIGHTS_SAY="Going on without.") == "Going on without.\nrun: claims\n"
    assert door.calls() == [WEIGHTS]
    assert door.run("claims") == "run: claims\n"
    assert door.calls() == []
    (door.path / ".venv/.weights").unlink()
    run = subprocess.run([str(door.path / "run_all.sh"), "claims"], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("run: claims\n", "Got it.\n")


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
    assert (
        "Installed for 'cpu' without a hash to check, as the lock has hashes of its own build of torch only: "
        "torch==2+cpu mkl==3 (listed in .venv/unchecked.txt). Everything else is checked.\n"
    ) in out
    assert (door.path / ".venv/unchecked.txt").read_text() == "torch==2+cpu\nmkl==3\n"
    assert out.endswith("run: report --cores 1\n")
    rest = ".venv/without-torch.txt"
    pins = f"--compile-bytecode --constraint {rest} --torch-backend cpu {torch} {vision} --quiet"
    expected = [SYNC.replace("requirements.txt", rest), FREEZE, f"uv pip install {pins} --python .venv/bin/python"]
    expected += [FREEZE, EDITABLE, WEIGHTS]
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


OLD_SCRIPT = "#!{}/.venv/bin/python\nprint('{}/.venv')\n"


def test_a_copied_folder_runs_its_own_code_in_its_own_environment(door, tmp_path):
    """Before, the copy's environment imported the library of the old folder."""
    name = "copy it's {x} ü"
    door.run()
    door.calls()
    door.script(".venv/bin/tool", OLD_SCRIPT.format(door.path, door.path))
    shutil.copytree(door.path, tmp_path / name, copy_function=os.link)  # a change must not reach the old folder's file
    copy = Door.__new__(Door)
    copy.path = tmp_path / name
    out = copy.run("report", PYTHONPATH=str(door.path), AESLIB_HOME=str(door.path))
    assert f".venv was made for {door.path}: its scripts are changed to this folder.\n" in out
    assert copy.calls() == [SYNC, EDITABLE, WEIGHTS]
    assert copy.seen() == f"code of {copy.path}, project {copy.path}"
    script = (copy.path / ".venv/bin/tool").read_text()
    assert script.endswith(f"\nprint('{copy.path}/.venv')\n")
    assert str(door.path) + "/" not in script
    assert f"{copy.path}/.venv/bin/python" in script.partition("print")[0]
    assert (door.path / ".venv/bin/tool").read_text() == OLD_SCRIPT.format(door.path, door.path)
    for folder in (copy, door):
        assert folder.run() == "run: \n"
        assert folder.calls() == []


MAKES = """#!/bin/bash
if [ "$*" = "-m venv --clear {folder}/.venv" ]; then echo made >> calls; rm -r .venv; cp -r {new} .venv; exit; fi
"""


@pytest.mark.parametrize("damage", ["another Python", "no Python", "no scripts", "conda"])
def test_an_environment_that_does_not_fit_is_made_anew_once(door, tmp_path, damage):
    """Before, one of Python 3.13 was kept, filled, and set up again at every call."""
    shutil.copytree(door.path / ".venv", tmp_path / "new")
    door.script("python3.12", MAKES.format(folder=door.path, new=tmp_path / "new") + PYTHON.partition("\n")[2])
    file = {"conda": "pyvenv.cfg", "no scripts": "bin/activate"}.get(damage, "bin/python")
    (door.path / ".venv" / file).unlink()
    if damage == "another Python":
        door.script(".venv/bin/python", "#!/bin/bash\nexit 1\n")
    path = f"{door.path}:{os.environ['PATH']}"
    assert ".venv is incomplete or of another Python: it is made anew.\n" in door.run(PATH=path)
    assert door.calls() == ["made", SYNC, EDITABLE, WEIGHTS]
    assert door.run(PATH=path) == "run: \n"
    assert door.calls() == []


def test_a_link_in_place_of_the_environment(door, tmp_path):
    """One that was set up for this folder is used; what belongs to another is never cleared or filled."""
    place = tmp_path / "scratch"
    shutil.move(door.path / ".venv", place)
    (door.path / ".venv").symlink_to(place)
    message = f"which was not set up for {door.path}; remove the link, then run again.\n"
    assert door.run(code=1).endswith(f"run_all.sh: .venv is a link to {place}, {message}")
    assert door.calls() == []
    (place / ".folder").write_text(f"{door.path}\n")
    (place / "bin/activate").write_text(f"VIRTUAL_ENV='{place}'\n")
    assert door.run().endswith("run: \n")
    assert door.run() == "run: \n"
    (door.path / ".venv").unlink()
    (door.path / ".venv").symlink_to(tmp_path / "gone")
    message = "which is no folder; make that folder or remove the link.\n"
    assert door.run(code=1).endswith(f"run_all.sh: .venv is a link to {tmp_path / 'gone'}, {message}")


def test_settings_of_pip_uv_and_python_that_lead_elsewhere_are_dropped(door):
    keep = {
        "PIP_INDEX_URL": "file:///index", "PIP_EXTRA_INDEX_URL": "file:///more", "PIP_CERT": "/cert", "PIP_PROXY": "p",
        "PIP_TRUSTED_HOST": "host", "PIP_CONFIG_FILE": "/dev/null", "UV_DEFAULT_INDEX": "file:///index",
        "UV_INDEX_MINE_PASSWORD": "x", "UV_CACHE_DIR": "/cache", "UV_HTTP_TIMEOUT": "9", "UV_LINK_MODE": "copy",
    }  # fmt: skip
    drop = (
        "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_BINARY", "PIP_NO_DEPS", "PIP_PYTHON",
        "PIP_CONSTRAINT", "UV_SYSTEM_PYTHON", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_REQUIRE_HASHES",
        "UV_NO_BINARY", "UV_TORCH_BACKEND", "UV_CONSTRAINT", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME",
        "PYTHONSAFEPATH",
    )  # fmt: skip
    door.run(**keep, **dict.fromkeys(drop, "/elsewhere"), PIP_USER="1")
    settings = dict(line.split("=", 1) for line in (door.path / "settings").read_text().splitlines())
    assert keep.items() <= settings.items()
    assert not settings.keys() & set(drop)
    assert settings["PIP_USER"] == "0"  # stronger than `user = yes` in a configuration file


def test_pip_refuses_user_installs_in_an_environment_unless_told(tmp_path):
    """What PIP_USER=0 is for, with the real pip."""
    (tmp_path / "pip.conf").write_text("[install]\nuser = yes\nno-index = yes\n")
    (tmp_path / "empty.txt").write_text("pip\n")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "-r", str(tmp_path / "empty.txt")]
    outside = {name: value for name, value in os.environ.items() if name != "PIP_USER"}  # the door has set it
    runs = [
        subprocess.run(command, env=outside | own, capture_output=True, text=True, check=False)
        for own in (
            {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")},
            {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_USER": "0"},
        )
    ]
    assert "Can not perform a '--user' install" in runs[0].stderr
    assert [run.returncode for run in runs] == [1, 0]


def test_what_was_installed_elsewhere_is_not_taken_for_done(door):
    """pip and uv may end well and have filled another folder."""
    (door.path / "aeslib-0.1.0.dist-info").mkdir()
    (door.path / "aeslib-0.1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: aeslib\nVersion: 0.1.0\nRequires-Dist: numpy==0.0.1\n"
        "Requires-Dist: no-such-thing[x]==2\nRequires-Dist: other==1; extra == 'dev'\n"
    )
    out = door.run(code=1)
    assert out.endswith(
        f"run_all.sh: pip or uv ended well, but {sys.prefix} lacks numpy==0.0.1, no-such-thing==2. A setting may lead "
        "them elsewhere (target, prefix, root, python, system); see `pip config list` and uv.toml.\n"
    )
    assert not (door.path / ".venv/.installed").exists()


@pytest.mark.parametrize("way", ["link", "link to a link", "CDPATH", "cd is a function"])
def test_called_from_anywhere(door, tmp_path, way):
    """Through a link, the door used to look for the project beside the link."""
    door.run()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/aes").symlink_to("../door/run_all.sh")
    (tmp_path / "aes").symlink_to("bin/aes")
    (tmp_path / "decoy/door").mkdir(parents=True)
    name = {"link": "bin/aes", "link to a link": "aes"}.get(way, "door/run_all.sh")
    env = {"CDPATH": f"{tmp_path}/decoy:."} if way == "CDPATH" else {}
    env |= {"BASH_FUNC_cd%%": "() { echo elsewhere; }"} if way == "cd is a function" else {}
    run = subprocess.run(
        ["bash", name, "lab"], cwd=tmp_path, env=os.environ | env | {"AESLIB_RESULTS": "out"}, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "run: lab\n", "")


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
