"""The HTML report: a book over the executed notebooks. `aeslib.report.build("default")` makes it."""

from aeslib.report.book import build

__all__ = ["build"]
