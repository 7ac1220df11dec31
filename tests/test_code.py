"""Dependencies read from source: nothing that is really loaded is missed, nothing unrelated is taken along."""

import ast
import json
import subprocess
import sys

import pytest

from aeslib.code import PACKAGE, closure, digest, imported_modules, inputs, notebook_source
from aeslib.errors import DataError


def names(paths):
    return [path.relative_to(PACKAGE).as_posix() for path in paths if path.is_relative_to(PACKAGE)]


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import numpy, os", set()),
        ("import aeslib.paths", {"aeslib", "aeslib.paths"}),
        ("from aeslib import paths", {"aeslib", "aeslib.paths"}),
        ("from aeslib.paths import ROOT", {"aeslib", "aeslib.paths"}),
        ("def f():\n    from aeslib.data import table as t", {"aeslib", "aeslib.data", "aeslib.data.table"}),
        ("importlib.import_module('aeslib.data.table')", {"aeslib", "aeslib.data", "aeslib.data.table"}),
        ("import_module(f'aeslib.data.{name}')", {"aeslib", "aeslib.data"}),
        ("'read aeslib.data first'", set()),
        ("run_study('elta.sweep')", {"aeslib", "aeslib.studies", "aeslib.studies.elta"}),
        ("run_study('taskvec.tasks')", {"aeslib", "aeslib.studies", "aeslib.studies.taskvec_tasks"}),
        ("run_study('elta.nothing')", set()),
        ("from aeslibrary import x", set()),
    ],
)
def test_imported_modules(source, modules):
    assert imported_modules(source) == modules


def test_closure_follows_imports_and_leaves_out_the_rest():
    assert names(closure("from aeslib.profiles import get_profile")) == ["__init__.py", "errors.py", "profiles.py"]
    assert closure("import math") == []


@pytest.mark.parametrize("room", ["elta", "aesmamba", "taskvec", "mtcnn", "aestheticnet"])
def test_a_study_depends_on_no_other_paper(room):
    rooms = {"elta", "aesmamba", "taskvec", "mtcnn", "aestheticnet"} - {room}
    found = names(closure(f"import aeslib.studies.{room}"))
    assert f"studies/{room}.py" in found
    assert not [
        name for name in found if name.startswith((*(f"{r}/" for r in rooms), *(f"studies/{r}" for r in rooms)))
    ]


@pytest.mark.parametrize("statement", ["from aeslib.data import load", "import aeslib.results", "import aeslib.report"])
def test_closure_has_every_module_that_python_loads(statement):
    listed = (
        "import json, sys; print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.startswith('aeslib')]))"
    )
    run = subprocess.run([sys.executable, "-c", f"{statement}\n{listed}"], capture_output=True, text=True, check=True)
    loaded = set(json.loads(run.stdout))
    assert loaded <= {str(path) for path in closure(statement)}
    assert str(PACKAGE / "paths.py") in loaded


def test_no_module_imports_relatively():
    """`closure` reads absolute imports only."""
    for path in PACKAGE.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        assert not [node for node in nodes if isinstance(node, ast.ImportFrom) and node.level], path


def test_inputs_add_the_files_that_the_code_names():
    results = names(inputs("import aeslib.results"))
    assert {"provenance.schema.json", "published/items.csv", "published/tables/elta.T1.csv"} <= set(results)
    assert not [name for name in results if name.startswith("report/")]
    assert "published/claims.yaml" not in results
    assert "published/claims.yaml" in names(inputs("import aeslib.published.claims"))
    report = names(inputs("import aeslib.report"))
    assert [name for name in report if name.startswith(("report/static/", "report/templates/"))]
    assert [path for path in inputs("import aeslib.data.cards") if path.name == "aadb.md"]
    assert inputs("import aeslib.errors") == closure("import aeslib.errors")


def test_digest_tells_parts_and_contents_apart(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"ab")
    assert digest("ab", b"c") == digest(file, "c") != digest("a", "bc")
    file.write_bytes(b"ac")
    assert digest("ab") != digest(file)
    assert len(digest()) == 16


def test_notebook_source_is_python(tmp_path):
    path = tmp_path / "n.ipynb"
    cells = [
        {"cell_type": "markdown", "source": ["import aeslib.data"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1\n", "if x:\n", "    !ls"]},
        {"cell_type": "code", "source": ["%%bash\n", "import aeslib.data"]},
        {"cell_type": "code", "source": ["y = 2"]},
    ]
    path.write_text(json.dumps({"cells": cells}))
    assert notebook_source(path) == "pass\nx = 1\nif x:\n    pass\ny = 2"


def test_a_damaged_notebook_says_how_to_restore_it(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text("{")
    with pytest.raises(DataError) as error:
        notebook_source(path)
    assert str(error.value) == (
        f"{path}: not a notebook (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); "
        "restore it with `git checkout -- n.ipynb`."
    )
