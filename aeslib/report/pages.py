"""All pages of the report that are not notebooks, as MyST Markdown: path without suffix → text."""

from aeslib.published import PAPERS
from aeslib.report.api import api
from aeslib.report.claims import claims
from aeslib.report.course import course
from aeslib.report.data import card_page, data
from aeslib.report.gallery import gallery, items_of
from aeslib.report.gather import Book
from aeslib.report.growth import growth
from aeslib.report.licences import licences
from aeslib.report.overview import chapters, environment, index, never_started
from aeslib.report.speed import speed


def pages(book: Book) -> dict[str, str]:
    """Every generated page, by its path without suffix."""
    made = {
        "index": index(book),
        "gallery": gallery(book),
        "claims": claims(book),
        "data": data(book),
        "course": course(book),
        "speed": speed(book),
        "growth": growth(book),
        "licences": licences(),
        "environment": environment(book),
        "notebooks/index": chapters(book),
    }
    made |= {f"items/{paper}": items_of(book, paper) for paper in PAPERS}
    made |= {f"data_cards/{card.key}": card_page(card) for card in book.cards}
    made |= {f"notebooks/{run.name}": never_started(run) for run in book.runs.values() if run.source is None}
    return made | api()
