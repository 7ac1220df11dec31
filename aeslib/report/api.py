"""API pages read from the source, nothing imported: docstrings are Markdown here, signatures stand as written."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from inspect import cleandoc
from itertools import groupby
from pathlib import Path
from typing import Any

from aeslib.code import PACKAGE, module_file
from aeslib.paths import ROOT

SECTION = re.compile(
    r"^(Args|Returns|Yields|Raises|Attributes|Source|Example|Examples|Note|Notes):[ ]*(.*)$", re.MULTILINE
)
SHORT = 70
"""Longest constant that is shown, in characters."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def project() -> dict[str, Any]:
    """`pyproject.toml`, parsed."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def floors() -> list[list[str]]:
    """Rooms of the library from the top floor down, as the import contract lists them; the rest last."""
    layers = project()["tool"]["importlinter"]["contracts"][0]["layers"]
    listed = [[room.strip() for room in re.split(r"[|:]", layer)] for layer in layers]
    rooms = [
        f"aeslib.{p.stem}" for p in sorted(PACKAGE.iterdir()) if p.suffix == ".py" or (p / "__init__.py").is_file()
    ]
    known = {room for layer in listed for room in layer}
    rest = [room for room in rooms if room not in known and not room.endswith("__")]
    return [*listed, rest] if rest else listed


def api() -> dict[str, str]:
    """One page per room of the library, from docstrings; the floors in the overview."""
    listed = floors()
    made = {f"api/{room}": api_page(room) for layer in listed for room in layer}
    lines = [f"1. {', '.join(f'[`{room}`]({room}.md)' for room in layer)}" for layer in listed]
    tree = "\n".join(room for layer in listed for room in sorted(layer))
    made["api/index"] = "\n\n".join(
        [
            "# Library",
            "Rooms of `aeslib`, from the top floor down. A room uses the floors below it, never one above.",
            "\n".join(lines),
            f"```{{toctree}}\n:hidden:\n\n{tree}\n```",
        ]
    )
    return made


def modules(room: str) -> list[str]:
    """A room's modules, itself first; private ones left out."""
    base = PACKAGE.parent.joinpath(*room.split("."))
    paths = (path.relative_to(PACKAGE.parent) for path in base.rglob("*.py"))
    found = (path.with_suffix("").parts for path in paths if all(part.isidentifier() for part in path.parts[:-1]))
    names = {".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in found}
    return sorted({room} | {name for name in names if "._" not in name})


def api_page(room: str) -> str:
    """All modules of one room."""
    parts = [f"# {room}"]
    for name in modules(room):
        path = module_file(name)
        assert path is not None
        parts += [f"## {name}"] if name != room else []
        parts += module_text(name, path)
    return "\n\n".join(parts)


def module_text(name: str, path: Path) -> Iterator[str]:
    """One module: what it is for, then everything public that says what it does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield f":::{{py:module}} {name}\n:no-index-entry:\n:::"
    yield prose(ast.get_docstring(tree) or "", literal=True)
    yield from members(tree.body, inside_class=False)


def members(body: list[ast.stmt], *, inside_class: bool) -> Iterator[str]:
    """Directives for the public functions, classes and documented values among these statements."""
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield function(node, inside_class=inside_class)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            bases = f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
            inner = "\n\n".join(members(node.body, inside_class=True))
            yield directive("class", node.name + bases, prose(docstring(node)) + "\n\n" + inner)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from value(node, after, inside_class=inside_class)


def value(node: ast.Assign | ast.AnnAssign, after: ast.stmt | None, *, inside_class: bool) -> Iterator[str]:
    """A field, or a constant with a docstring under it."""
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    about = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
    field = inside_class and isinstance(node, ast.AnnAssign)
    if not isinstance(target, ast.Name) or target.id.startswith("_") or not (field or about):
        return
    options = f":type: {ast.unparse(node.annotation)}\n" if isinstance(node, ast.AnnAssign) else ""
    shown = ast.unparse(node.value) if node.value else ""
    options += f":value: {shown}\n" if shown and len(shown) <= SHORT else ""
    yield directive("attribute" if inside_class else "data", target.id, prose(cleandoc(str(about))), options)


def function(node: Function, *, inside_class: bool) -> str:
    """A function, method or property with its signature as written."""
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    kind = "method" if inside_class else "function"
    if any(mark.endswith("property") for mark in marks):
        options = f":type: {ast.unparse(node.returns)}\n" if node.returns else ""
        return directive("property", node.name, prose(docstring(node)), options)
    options = "".join(f":{mark}:\n" for mark in marks if mark in {"classmethod", "staticmethod"})
    arguments = ast.unparse(node.args)
    if inside_class and ":staticmethod:" not in options:
        arguments = re.sub(r"^(self|cls)(, )?", "", arguments)
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return directive(kind, f"{node.name}({arguments}){result}", prose(docstring(node)), options)


def directive(kind: str, head: str, body: str, options: str = "") -> str:
    """One entry of Sphinx's Python domain; the fence is longer than those of entries inside."""
    fence = ":" * (7 if kind == "class" else 6)
    return f"{fence}{{py:{kind}}} {head}\n:no-index-entry:\n{options}\n{body}\n{fence}"


def docstring(node: ast.ClassDef | Function) -> str:
    """A docstring, or nothing."""
    return ast.get_docstring(node) or ""


def prose(text: str, *, literal: bool = False) -> str:
    """A docstring as Markdown: sections become lists under a bold word, other indented blocks stay as they stand.

    Args:
        text: the docstring, without its own indentation.
        literal: for modules, whose indented blocks are tables and examples rather than sections.
    """
    parts: list[str] = []
    section = False
    for indented, lines in groupby(text.splitlines(), key=lambda line: line.startswith(" ")):
        block = "\n".join(lines)
        if not indented:
            shown = escape_tags(block)
            parts.append(shown if literal else SECTION.sub(r"\n**\1:** \2\n", shown))
            section = not literal and bool(SECTION.search(block.rpartition("\n")[2]))
        elif section:
            parts += ["", *entries(block), ""]
        else:
            parts += ["", "```text", block, "```", ""]
    return "\n".join(parts).strip()


def entries(block: str) -> Iterator[str]:
    """The lines of a section, one bullet for each entry; deeper lines belong to the entry above."""
    for line in cleandoc(block).splitlines():
        entry = re.match(r"([*\w]+(?:, [*\w]+)*): (.*)", line)
        if line.startswith(" "):
            yield "  " + escape_tags(line.strip())
        elif entry:
            yield f"- `{entry[1]}`: {escape_tags(entry[2])}"
        else:
            yield escape_tags(line)


def escape_tags(text: str) -> str:
    """Markdown in which `<`, `*`, `$` and brackets outside code are plain characters."""
    parts = re.split(r"(`+[^`]*`+)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([<*$\[\]{}])", r"\\\1", p) for p in parts)
