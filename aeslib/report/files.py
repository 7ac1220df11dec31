"""Saved files as the report passes them on: it opens from disk, so nothing in them may run as a script."""

from __future__ import annotations

import re
import shutil
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from aeslib.errors import DataError
from aeslib.paths import write_text

TAGS = {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"class", "style", "colspan", "rowspan"}
HARMLESS = re.compile(r"[\w .:;-]*")
"""Values of attributes; those with brackets, quotes or slashes go."""
ACTIVE = re.compile(r"script|foreignobject|iframe|object|embed|handler|listener|set|animate.*", re.IGNORECASE)
"""Elements of SVG that run code, hold HTML or change attributes later; none is in a figure of matplotlib."""
OUTSIDE = re.compile(r"@import|url\((?!\s*['\"]?#)", re.IGNORECASE)
"""Words of a style that load something; `url(#part)` names a part of the drawing itself."""
SPACES = {
    "http://www.w3.org/2000/svg", "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://purl.org/dc/elements/1.1/",
    "http://creativecommons.org/ns#",
}  # fmt: skip
"""Namespaces of matplotlib's drawings and of their metadata."""
AGAIN = "delete it and run again."


class _Table(HTMLParser):
    """Writes the table down again: its tags by name, everything else as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in TAGS:
            kept = [(name, value or "") for name, value in attrs if name in ATTRIBUTES]
            named = "".join(f' {name}="{value}"' for name, value in kept if HARMLESS.fullmatch(value))
            self.parts.append(f"<{tag}{named}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in TAGS:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(data, quote=False))


def plain_table(text: str) -> str:
    """Return a saved table's HTML with nothing but rows and cells of text; what else it held is left out."""
    parser = _Table()
    parser.feed(text)
    parser.close()
    return "".join(parser.parts)


def copy_output(source: Path, target: Path) -> None:
    """Copy one file of an output into the report; a table's HTML as plain rows and cells.

    Raises:
        DataError: for an SVG that holds a script or is no XML.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".html":
        write_text(target, plain_table(source.read_text(encoding="utf-8")))
        return
    if source.suffix == ".svg":
        check_drawing(source)
    shutil.copyfile(source, target)


def check_drawing(path: Path) -> None:
    """Raise `DataError` unless an SVG only draws: no script, handler or style sheet, no link but to its own parts."""
    try:
        parsed = list(ElementTree.iterparse(path, events=("end", "pi")))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{path}: not SVG ({error}); delete it and run again.") from error
    for event, element in parsed:
        if event == "pi":
            raise DataError(f"{path}: holds the instruction {element.text!r}, which no saved figure does; {AGAIN}")
        space, _, tag = str(element.tag).rpartition("}")
        for name, value in element.attrib.items():
            attribute = name.rpartition("}")[2].lower()
            address = attribute == "href" and not value.strip().startswith(("#", "data:image/"))
            if address or attribute.startswith("on") or OUTSIDE.search(value):
                raise DataError(f"{path}: <{tag}> has {attribute}={value[:40]!r}, which no saved figure has; {AGAIN}")
        if ACTIVE.fullmatch(tag) or space.strip("{") not in SPACES:
            raise DataError(f"{path}: holds <{tag}>, which no saved figure does; {AGAIN}")
        if tag == "style" and OUTSIDE.search(element.text or ""):
            raise DataError(f"{path}: its style loads from elsewhere, which no saved figure does; {AGAIN}")
