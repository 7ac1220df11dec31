"""One notebook, headless: parameters are checked, the executed copy is kept also when a cell fails."""

import argparse
import ast
import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from aeslib.cli import warm
from aeslib.cli.keys import notebook_path, unchanged_job
from aeslib.cli.process import die_with_starter, own_environment
from aeslib.cli.records import read_record, run_job
from aeslib.code import read_notebook
from aeslib.errors import ParameterError, StateError, unknown
from aeslib.locks import folder_lock
from aeslib.paths import artifacts_dir, inside, portable, results_dir, write_text


def main(options: argparse.Namespace) -> int:
    """`python -m aeslib notebook NAME`: run it, keep its executed copy and its record; 1 when it fails."""
    path = notebook_path(options.name)
    parameters = {"PROFILE": options.profile, **given_parameters(options.parameter or [])}
    check_parameters(path.name, declared_parameters(path), parameters)
    die_with_starter()
    given = [f"--parameter={word}" for word in options.parameter or []]
    given += [f"--key={options.key}"] if options.key else []
    code = warm.ask(["notebook", options.name, f"--profile={options.profile}", *given])
    if code is not None:
        return code
    own_environment()
    name, profile = path.stem, str(parameters["PROFILE"])
    remove_earlier(profile, name)
    job = partial(execute, path, profile, parameters, options.key)
    with folder_lock(artifacts_dir(profile), shared=True):
        return run_job(profile, name, job, partial(saved_files, profile, name), parameters)


def given_parameters(words: Iterable[str]) -> dict[str, Any]:
    """`["SEED=3", "NAME=x"]` as `{"SEED": 3, "NAME": "x"}`: Python literals, else text."""
    given = {}
    for word in words:
        name, mark, text = word.partition("=")
        if not mark:
            raise ParameterError(f"parameter {word!r} has no value; write NAME=VALUE.")
        try:
            given[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            given[name] = text
    return given


def declared_parameters(path: Path) -> dict[str, Any]:
    """Names and default values in a notebook's cell tagged `parameters`, read without running it.

    Raises:
        StateError: when there is no such cell, or a line of it is not `NAME = literal`.
    """
    tagged = [cell for cell in read_notebook(path)["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise StateError(f"{path.name}: {len(tagged)} cells are tagged 'parameters'; expected one.")
    declared = {}
    try:
        body = ast.parse("".join(tagged[0]["source"])).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise StateError(f"{path.name}: parameters cell is not Python ({error}).") from error
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        try:
            declared[target.id] = ast.literal_eval(node.value)  # type: ignore[union-attr, attr-defined]
        except (AttributeError, TypeError, ValueError):
            line = ast.unparse(node)
            raise StateError(f"{path.name}: parameters cell: {line!r} is not NAME = literal.") from None
    return declared


def check_parameters(notebook: str, declared: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise `ParameterError` for a parameter that the notebook does not declare, or of another type."""
    for name, value in given.items():
        if name not in declared:
            raise unknown(f"parameter of {notebook}", name, declared)
        default = declared[name]
        widened = type(default) is float and type(value) is int
        if default is not None and type(value) is not type(default) and not widened:
            kind = type(default).__name__
            raise ParameterError(
                f"parameter {name} of {notebook} is {value!r} ({type(value).__name__}); "
                f"expected {kind}, such as {default!r}."
            )


def execute(path: Path, profile: str, parameters: dict[str, Any], key: str | None = None) -> None:
    """Run all cells; `results/PROFILE/notebooks/NAME.ipynb` becomes the executed copy, whole, in any case.

    It is meant to be passed on, so it does not say in which folders of which home it was made.

    Raises:
        StateError: when what the notebook is made from is not, or no longer, that of its key.
    """
    from aeslib.cli import engine  # papermill takes a second

    results = results_dir(profile)
    running, kept = results / ".run" / path.name, results / "notebooks" / path.name
    count = running.with_suffix(".cell")
    for folder in (running.parent, kept.parent):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        os.environ["AESLIB_FRAMES"] = "1"  # widgets leave frames for the report's pages, which have no kernel
        with unchanged_job(path.stem, profile, key):
            engine.run(*map(engine.literal, (path, running)), parameters, cwd=path.parent, count=count)
    finally:
        count.unlink(missing_ok=True)
        if running.is_file():
            write_text(kept, portable_copy(running))
            running.unlink()


def portable_copy(path: Path) -> str:
    """Return the text of an executed notebook without this machine's folders."""
    notebook = portable(json.loads(path.read_text(encoding="utf-8")))
    for name in ("input_path", "output_path"):
        notebook["metadata"].get("papermill", {}).pop(name, None)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def sidecars(profile: str, name: str) -> list[tuple[Path, list[str]]]:
    """Provenance side-cars that a notebook has written, each with the files it lists."""
    found = []
    for path in sorted(results_dir(profile).glob("*/[!.]*.json")):
        if path.parent.name in {"tables", "figures"}:
            with contextlib.suppress(OSError, ValueError, KeyError):  # another notebook may be replacing its own
                record = json.loads(path.read_text(encoding="utf-8"))
                if record["notebook"] == name:
                    found.append((path, record["outputs"]))
    return found


def remove_earlier(profile: str, name: str) -> None:
    """Take away what an earlier run of this notebook left: nothing stale stands beside what comes now."""
    results = results_dir(profile)
    for marker in (results / ".done").glob(f"{name}.*"):
        marker.unlink()
    listed = (read_record(profile, name) or {"files": []})["files"]
    for sidecar, outputs in sidecars(profile, name):
        sidecar.unlink()
        listed = [*listed, *outputs]
    for written in listed:
        inside(results, written).unlink(missing_ok=True)


def saved_files(profile: str, name: str) -> list[Path]:
    """All that a notebook wrote: its executed copy, tables, figures with side-cars, the claims that name it."""
    results = results_dir(profile)
    saved = [results / "notebooks" / f"{name}.ipynb"]
    for sidecar, outputs in sidecars(profile, name):
        saved += [sidecar, *(results / output for output in outputs)]
    claims = results / "claims.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        saved += [claims] if json.loads(claims.read_text(encoding="utf-8"))["notebook"] == name else []
    return [path for path in saved if path.is_file()]
