"""Which code a notebook or module depends on, so that a change re-runs what it touches and nothing else.

Imports are read from the source (also those inside functions), never executed: this must stay cheap. All that is said
here of the library's own files is said of what this process imported (`aeslib.snapshot`), not of the disk.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from aeslib import snapshot
from aeslib.errors import DataError, StateError
from aeslib.paths import ROOT

PACKAGE = Path(snapshot.PACKAGE)
CONTENTS = {Path(path): content for path, content in snapshot.FILES.items()}
"""File of the package, or card → its content as this process began with it."""
CONTENTS |= {path.resolve(): path.read_bytes() for path in sorted(ROOT.glob("*_cards/*.md"))}


def module_file(module: str) -> Path | None:
    """The file of an `aeslib` module, None when there is no such module."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate in CONTENTS:
            return candidate
    return None


def content(path: Path) -> bytes:
    """Return the content of a file: of one of the library's as this process began with it, of others as it is now."""
    return CONTENTS[path] if path in CONTENTS else path.read_bytes()


def changed(files: Iterable[Path]) -> list[Path]:
    """Return those of the library's files that are no longer as this process began with them."""
    return [path for path in files if path in CONTENTS and (not path.is_file() or path.read_bytes() != CONTENTS[path])]


def check_unchanged(files: Iterable[Path]) -> None:
    """Raise `StateError` when one of the library's files was edited, or went, since this process began with it."""
    if moved := changed(files):
        names = ", ".join(path.name if path.parent == PACKAGE else f"{path.parent.name}/{path.name}" for path in moved)
        raise StateError(
            f"{names} changed since this process imported the library, so a result would be kept under the key of code "
            "that did not make it. Nothing was kept: restart the kernel, or start the run again."
        )


@contextmanager
def unchanged(files: Iterable[Path]) -> Iterator[None]:
    """Check the library's files before the block and after it, so that what it makes is that of their snapshot.

    Raises:
        StateError: as `check_unchanged` does.
    """
    files = list(files)
    check_unchanged(files)
    yield
    check_unchanged(files)


@cache
def _studies(name: str) -> list[str]:
    """Modules that define the study of that name ("elta.ablation"), which code may ask for by name alone."""
    room, dot, rest = name.partition(".")
    if not (dot and room.isidentifier() and rest.isidentifier()):
        return []
    files = [path for path in package_modules() if path.parent.name == "studies" and path.name.startswith(room)]
    return [f"aeslib.studies.{path.stem}" for path in files if f'"{name}"' in _text(path)]


def imported_modules(source: str) -> set[str]:
    """`aeslib` modules that Python source names: in imports, whole in a string, or by a study's name in a string.

    Packages on the way are included.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value, *_studies(node.value)]
        else:
            continue
        for name in names:
            parts = name.rstrip(".").split(".")  # f"aeslib.studies.{name}" names the package
            if parts[0] == "aeslib":
                found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return {name for name in found if module_file(name)}


@cache
def _direct(path: Path) -> frozenset[str]:
    return frozenset(imported_modules(_text(path)))


def closure(source: str) -> list[Path]:
    """All `aeslib` files that running `source` can reach by imports, sorted."""
    todo, seen = imported_modules(source), set[str]()
    while todo:
        name = todo.pop()
        seen.add(name)
        path = module_file(name)
        assert path is not None
        todo |= _direct(path) - seen
    return sorted(path for name in seen if (path := module_file(name)))


@cache
def _text(path: Path) -> str:
    return content(path).decode()


def package_modules() -> list[Path]:
    """Return all Python files of the package, sorted."""
    return sorted(path for path in CONTENTS if path.suffix == ".py")


@cache
def _other_files() -> list[Path]:
    """Files that code reads: all of the package that are not Python, and the cards."""
    inside = {path: path.is_relative_to(PACKAGE) for path in CONTENTS if path.suffix != ".py"}
    return sorted(inside, key=lambda path: (not inside[path], path))


@cache
def _named_files() -> dict[str, list[Path]]:
    """Name that code may give, of a file or of a folder above it that is no module → the files it stands for."""
    found: dict[str, list[Path]] = {}
    for path in _other_files():
        base = PACKAGE if path.is_relative_to(PACKAGE) else path.parent.parent
        folders = [folder.name for folder in path.relative_to(base).parents if folder.name]
        for name in {path.name, *(name for name in folders if module_file(f"aeslib.{name}") is None)}:
            found.setdefault(name, []).append(path)
    return found


def _names(text: str) -> set[str]:
    return {name for name in _named_files() if f'"{name}"' in text}


@cache
def _names_in(path: Path) -> frozenset[str]:
    return frozenset(_names(_text(path)))


def inputs(source: str) -> list[Path]:
    """`closure(source)` and the other files that this code names: by file name, or by the name of a folder above."""
    python = closure(source)
    names = _names(source).union(*map(_names_in, python))
    return python + [path for path in _other_files() if any(path in _named_files()[name] for name in names)]


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook's JSON with its `metadata` and `cells`; `DataError` where it is no notebook."""
    try:
        book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        book.setdefault("metadata", {}).get("aeslib", {}).get("after")
        for cell in book["cells"]:
            "".join(cell["source"])
            cell.setdefault("metadata", {}).get("tags"), cell["cell_type"]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a notebook ({error}); restore it with `git checkout -- {path.name}`.") from error
    return book


def notebook_source(path: Path) -> str:
    """The code cells of a notebook as one Python source; magics, shell lines and cells in another language left out."""
    cells = read_notebook(path)["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    python = "\n".join(source for source in sources if not source.startswith("%%"))
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", python, flags=re.MULTILINE)


def digest(*parts: bytes | str | Path) -> str:
    """Short SHA-256 over strings, bytes and the contents of files (`content`)."""
    hasher = hashlib.sha256()
    for part in parts:
        data = content(part) if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "little") + data)
    return hasher.hexdigest()[:16]
