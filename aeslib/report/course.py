"""The course page: `docs/course.md`, its links to notebooks turned into links to chapters."""

import re

from aeslib.paths import ROOT
from aeslib.report.gather import Book

CHAPTER = re.compile(r"\[([^\]]+)\]\(\.\./notebooks/(\w+)\.ipynb\)")


def course(book: Book) -> str:
    """Four lesson plans; a chapter that has not run for this profile is named, not linked."""
    text = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
    return CHAPTER.sub(lambda m: f"{{doc}}`{m[1]} <notebooks/{m[2]}>`" if m[2] in book.runs else m[1], text)
