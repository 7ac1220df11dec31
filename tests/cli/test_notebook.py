"""One notebook: parameters are refused before anything starts."""

import json

import nbformat
import pytest

from aeslib.cli.notebook import check_parameters, declared_parameters, given_parameters
from aeslib.errors import ParameterError, StateError

DECLARED = {"PROFILE": "default", "SEED": 0, "RATE": 0.5, "FLAG": True, "LIST": [1], "ANY": None}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"SED": 1}, "no parameter of n.ipynb named 'SED'. Did you mean 'SEED'? "
         "Known: PROFILE, SEED, RATE, FLAG, LIST, ANY."),
        ({"SEED": "x"}, "parameter SEED of n.ipynb is 'x' (str); expected int, such as 0."),
        ({"SEED": 1.0}, "parameter SEED of n.ipynb is 1.0 (float); expected int, such as 0."),
        ({"SEED": True}, "parameter SEED of n.ipynb is True (bool); expected int, such as 0."),
        ({"FLAG": 1}, "parameter FLAG of n.ipynb is 1 (int); expected bool, such as True."),
        ({"RATE": "1"}, "parameter RATE of n.ipynb is '1' (str); expected float, such as 0.5."),
        ({"PROFILE": 3}, "parameter PROFILE of n.ipynb is 3 (int); expected str, such as 'default'."),
        ({"LIST": (1,)}, "parameter LIST of n.ipynb is (1,) (tuple); expected list, such as [1]."),
    ],
)  # fmt: skip
def test_refused(given, message):
    with pytest.raises(ParameterError) as error:
        check_parameters("n.ipynb", DECLARED, given)
    assert str(error.value) == message


def test_taken():
    check_parameters("n.ipynb", DECLARED, {"SEED": 3, "RATE": 1, "FLAG": False, "LIST": [], "ANY": "thing"})


def test_values_are_literals_else_text():
    words = ["SEED=3", "RATE=.5", "FLAG=True", "PROFILE=smoke", "LIST=[1, 2]", "TEXT='3'", "EMPTY=", "EQ=a=b"]
    assert given_parameters(words) == {
        "SEED": 3, "RATE": 0.5, "FLAG": True, "PROFILE": "smoke", "LIST": [1, 2], "TEXT": "3", "EMPTY": "", "EQ": "a=b",
    }  # fmt: skip
    with pytest.raises(ParameterError) as error:
        given_parameters(["SEED"])
    assert str(error.value) == "parameter 'SEED' has no value; write NAME=VALUE."


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        ('PROFILE = "default"  # smoke | default | paper\nSEED: int = 0', {"PROFILE": "default", "SEED": 0}),
        ("A = None\nB = -1.5", {"A": None, "B": -1.5}),
    ],
)
def test_declared(tmp_path, source, declared):
    assert declared_parameters(notebook(tmp_path, source)) == declared


@pytest.mark.parametrize("line", ["A = f()", "A, B = (1, 2)", "import os", "A: int", "print(1)", "A.b = 1"])
def test_a_parameters_cell_holds_literals_only(tmp_path, line):
    with pytest.raises(StateError) as error:
        declared_parameters(notebook(tmp_path, line))
    assert str(error.value) == f"n.ipynb: parameters cell: {line!r} is not NAME = literal."


@pytest.mark.parametrize("sources", [(), ("A = 1", "B = 2")])
def test_there_is_one_parameters_cell(tmp_path, sources):
    with pytest.raises(StateError) as error:
        declared_parameters(notebook(tmp_path, *sources))
    assert str(error.value) == f"n.ipynb: {len(sources)} cells are tagged 'parameters'; expected one."


def notebook(folder, *sources):
    cells = [{"cell_type": "code", "source": text, "metadata": {"tags": ["parameters"]}} for text in sources]
    path = folder / "n.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": "x", "metadata": {}}, *cells]}))
    return path


def test_by_hand_with_parameters(home):
    home.notebook("01_one", "print('seed', SEED)", "import os\nprint('threads', os.environ['OMP_NUM_THREADS'])")
    assert home.run("notebook", "01_one", "--profile", "smoke", "-p", "SED=1", code=2) == (
        "aeslib: no parameter of 01_one.ipynb named 'SED'. Did you mean 'SEED'? Known: PROFILE, SEED.\n"
    )
    assert not (home.path / "results").exists()
    home.run("notebook", "01_one", "--profile", "smoke", "-p", "SEED=7")
    copy = (home.path / "results/smoke/notebooks/01_one.ipynb").read_text()
    assert "seed 7" in copy
    assert "threads 1" in copy
    record = home.record("01_one")
    assert record["parameters"] == {"PROFILE": "smoke", "SEED": 7}
    assert record["status"] == "done"
    assert record["peak_mb"] > 50
    assert list(record["files"]) == ["notebooks/01_one.ipynb"]


def test_the_users_own_settings_stay_out(home, tmp_path):
    """A broken kernel, start-up files and plot settings in the user's folders change nothing."""
    user = tmp_path / "user"
    for path, text in {
        ".local/share/jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "broken"}',
        "elsewhere/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "broken too"}',
        ".ipython/profile_default/startup/x.py": "raise SystemExit('start-up file ran')",
        ".jupyter/jupyter_config.json": "{ broken",
        ".config/matplotlib/matplotlibrc": "figure.figsize: 1, 1",
    }.items():
        (user / path).parent.mkdir(parents=True, exist_ok=True)
        (user / path).write_text(text)
    home.env |= {"HOME": str(user), "JUPYTER_PATH": str(user / "elsewhere"), "MPLBACKEND": "nonsense"}
    source = home.notebook("01_one", "import matplotlib\nprint('size', matplotlib.rcParams['figure.figsize'])")
    home.run("notebook", source.stem, "--profile", "smoke")
    assert "size [6.4, 4.8]" in (home.path / "results/smoke/notebooks/01_one.ipynb").read_text()


def test_many_widgets_do_not_hang(home):
    """Replies that come while the client answers a widget used to be lost once in a hundred times."""
    home.notebook("01_one", "from ipywidgets import interact", *["interact(lambda x: x, x=(0, 3)); []"] * 100)
    home.run("notebook", "01_one", "--profile", "smoke")
    assert home.record("01_one")["status"] == "done"


def test_a_kernel_has_no_port_that_another_could_take(home):
    """Two kernels that started at once could look up the same free port: one of them died."""
    ask = "from ipykernel.connect import get_connection_info\nprint(get_connection_info(unpack=True)['transport'])"
    home.notebook("01_one", ask)
    home.run("notebook", "01_one", "--profile", "smoke")
    copy = nbformat.read(home.path / "results/smoke/notebooks/01_one.ipynb", as_version=4)
    assert copy.cells[-1].outputs[0].text == "ipc\n"


def test_nothing_that_is_passed_on_says_where_it_was_made(home, tmp_path):
    """Papermill's metadata, printed paths and tracebacks named the folders of the one who ran it."""
    home.env |= {"HOME": str(tmp_path), "AESLIB_DATA": str(tmp_path / "sets")}
    printed = "import aeslib.paths as p\nprint(p.ROOT / 'data_cards', p.Path.home() / 'n.txt', p.results_dir('smoke'))"
    home.notebook("01_one", printed, "raise RuntimeError(f'lost {p.ROOT}/x and {p.data_root()}/ava')")
    home.report(code=1)
    folder = home.path / "results" / "smoke"
    passed_on = [path for path in folder.rglob("*") if path.is_file() and not {"logs", ".snakemake"} & {*path.parts}]
    assert folder / "notebooks" / "01_one.ipynb" in passed_on
    assert [path for path in passed_on if str(tmp_path).encode() in path.read_bytes()] == []
    copy = nbformat.read(folder / "notebooks" / "01_one.ipynb", as_version=4)
    assert not {"input_path", "output_path"} & copy.metadata.papermill.keys()
    streams = [o.text for cell in copy.cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    assert streams == ["data_cards ~/n.txt results/smoke\n"]
    assert home.record("01_one")["error"] == "RuntimeError: lost x and AESLIB_DATA/ava"
