"""The Taste Lab: rate pictures or choose between two, and watch a personal model form (`aeslib.taskvec.lab`)."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from io import BytesIO
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from aeslib.errors import AeslibError, ParameterError
from aeslib.plots.taskvec import figure_curve, figure_weights
from aeslib.seeding import numpy_generator
from aeslib.taskvec import lab
from aeslib.taskvec.sessions import SessionStore
from aeslib.widgets.choose import picture as shown_figure
from aeslib.widgets.frames import Control, Film, Frame, Framed, shown

SIZES = (3, 5, 8, 12, 16, 20, 30, 40, 60)
"""Answers after which the learning curve is drawn."""
WALK = (0, 5, 10, 20)
"""Answers of the simulated rater after which the page without a kernel shows the lab."""


def thumbnail(image: np.ndarray, alt: str, side: int = 96) -> str:
    """A picture (3, H, W) uint8 as an `img` element."""
    file = BytesIO()
    Image.fromarray(np.moveaxis(image, 0, -1)).resize((side, side), Image.Resampling.BICUBIC).save(file, "PNG")
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


ANSWERS = ("rate it", "left", "right", "undo")
"""Buttons below a question."""
SESSIONS = ("load", "start anew", "export", "copy in", "delete")
"""Buttons that manage sessions; only the last, and only after a question, deletes anything."""


def _file(text: str) -> Path:
    """Return the path that a user named; raise `ParameterError` where none is."""
    if not text:
        raise ParameterError("No file is named: write its path into the field, such as ~/taste.csv, and press again.")
    return Path(text).expanduser()


class TasteLab(Framed, widgets.VBox):
    """Rating, duels, undo, named sessions that are saved with every answer, and what the answers say so far.

    Args:
        gallery: the images with what the task models say of them.
        images: (M, 3, H, W) uint8, in the gallery's order.
        tasks: names of the task vectors.
        store: keeps the sessions about these images; the one changed last is continued, and a first answer starts one.
        rater: a simulated rater for classes; None: no button for one.
    """

    def __init__(
        self,
        gallery: lab.Gallery,
        images: np.ndarray,
        tasks: Sequence[str],
        store: SessionStore,
        rater: lab.Rater | None = None,
    ) -> None:
        self.gallery, self.images, self.tasks, self.store, self.rater = gallery, images, tasks, store, rater
        self.session, self.name, self.listing, self.rng = lab.Session(), "", False, numpy_generator(0)
        self.reported: lab.Session | None = None
        self._controls()
        super().__init__(self._rows())
        self.add_class("aeslib-lab")
        self.press("load")

    def _controls(self) -> None:
        """Make all controls and connect them."""
        self.mode = widgets.ToggleButtons(options=["rate", "duel"], description="ask by")
        self.score = widgets.IntSlider(value=3, min=1, max=5, description="score")
        self.menu = widgets.Dropdown(options=[], description="session")
        self.text = widgets.Text(description="name or file", placeholder="name for a new session, or path of a file")
        self.note, self.question, self.line = (widgets.HTML() for _ in range(3))
        self.doubt, self.answer = widgets.HTML(), widgets.HTML()
        words = [*ANSWERS, *(["simulate 10"] if self.rater else []), *SESSIONS, "yes, delete", "no, keep"]
        self.buttons = {word: widgets.Button(description=word) for word in words}
        for word, button in self.buttons.items():
            button.on_click(lambda _, word=word: self.press(word))
        self.mode.observe(lambda _: self._ask(), "value")
        self.menu.observe(lambda change: self._choose(change["new"]), "value")

    def _rows(self) -> list[widgets.Widget]:
        """Return the rows of the box; the last question before a session is deleted stays hidden until asked."""
        answers = [word for word in self.buttons if word in ANSWERS or word == "simulate 10"]
        self.sure = widgets.HBox([self.doubt, self.buttons["yes, delete"], self.buttons["no, keep"]])
        return [
            self.note,
            self.mode,
            self.question,
            self.score,
            widgets.HBox([self.buttons[word] for word in answers]),
            widgets.HBox([self.menu, self.text]),
            widgets.HBox([self.buttons[word] for word in SESSIONS]),
            self.sure,
            self.line,
            self.answer,
        ]

    def press(self, word: str) -> None:
        """Do what a button says. An error is told in the line below the buttons, and what is saved stays as it is."""
        sure, self.doubt.value, self.sure.layout.display = bool(self.doubt.value), "", "none"
        if word == "yes, delete" and not sure:
            return
        try:
            told = self._step(word) if word in ANSWERS or word == "simulate 10" else self._manage(word)
        except AeslibError as error:
            told = str(error)
        self._list()
        self._show()
        if told:
            self.line.value = f"<b>{escape(told)}</b>"

    def _step(self, word: str) -> str:
        """Answer or undo, in the session as it is on disk."""
        step = self._answer(word)
        if step is not None:
            self.name = self.name or self.store.begin()
            self.session = self.store.change(self.name, step)
        return ""

    def _answer(self, word: str) -> Callable[[lab.Session], lab.Session] | None:
        """Return what a button does to a session; None where it answers no question that is asked."""
        if word == "undo":
            return lab.Session.undo if len(self.session) else None
        if word == "simulate 10":
            return lambda session: self._simulated(session, 10, self.rng)
        names, score = self.asked, self.score.value
        if word == "rate it":
            return (lambda session: session.rate(names[0], score)) if len(names) == 1 else None
        first = names if word == "left" else names[::-1]
        return (lambda session: session.duel(*first)) if len(names) == 2 else None

    def _manage(self, word: str) -> str:
        """Open, start, export, copy in or delete sessions; return what to tell about it."""
        text, told = self.text.value.strip(), ""
        if word == "start anew" and not (self.name and not text and not self.session):
            self._open(self.store.begin(text))
        elif word == "export":
            told = f"exported {self.name} to {self.store.export(self.name, _file(text))}"
        elif word == "copy in":
            self._open(self.store.copy_in(_file(text)))
        elif word == "delete":
            self._doubt()
        elif word == "yes, delete":
            told = f"deleted {self.name}"
            self.store.delete(self.name)
            self._open(next(iter(self.store.names()), ""))
        elif word == "load":
            names = self.store.names()
            self._open(self.name if self.name in names else next(iter(names), ""))
        return told

    def _open(self, name: str) -> None:
        """Go on with a session; with none, an empty one that the first answer saves."""
        self.name, self.session = name, lab.Session()
        if name:
            self.session = self.store.open(name)
            self.text.value = ""

    def _choose(self, name: str | None) -> None:
        """Open what the user chose in the menu; nothing when the menu only follows what is open."""
        if name and not self.listing:
            self.name = name
            self.press("load")

    def _list(self) -> None:
        """Let the menu name all sessions and stand at the open one."""
        names, self.listing = self.store.names(), True
        self.menu.options = names
        self.menu.value = self.name if self.name in names else None
        self.listing = False
        for word in ("export", "delete"):
            self.buttons[word].disabled = not self.name

    def _doubt(self) -> None:
        """Ask before a session is deleted."""
        count = len(self.session)
        self.doubt.value = f"<b>Delete {escape(self.name)} with its {count} answer{'s' * (count != 1)} for ever?</b>"
        self.sure.layout.display = None

    def film(self) -> Film:
        """The lab after some answers of the simulated rater, from none on; without one, only as it is."""
        if self.rater is None:
            return Film([], [], [Frame([], [], shown(self))])
        session, rng, frames = self.session, numpy_generator(0), []
        self.session = lab.Session()
        for k, count in enumerate(WALK):
            self.session = self._simulated(self.session, count - len(self.session), rng)
            self._show()
            self.line.value = f"<b>{len(self.session)} answers of a simulated rater, not kept</b>"
            frames.append(Frame([k], [str(count)], shown(self)))
        self.session = session
        self._show()
        return Film([Control("answers of a simulated rater", "slider", [*map(str, WALK)], 0)], [[0]], frames)

    def _simulated(self, session: lab.Session, answers: int, rng: np.random.Generator) -> lab.Session:
        assert self.rater is not None
        for _ in range(answers):
            taste = lab.infer(self.gallery, session.pairs(self.gallery.row))
            picture = lab.next_picture(self.gallery, taste, session)
            if picture is None:
                break
            session = session.rate(picture, self.rater.rate(self.gallery.row[picture], rng))
        return session

    def _show(self) -> None:
        self.note.value = f"<i>{escape(self.gallery.note)}</i>" if self.gallery.note else ""
        self.taste = lab.infer(self.gallery, self.session.pairs(self.gallery.row))
        count = len(self.session)
        if self.session != self.reported:  # figures take a second
            self.answer.value = self._report() if count else "<i>Answer, and your model appears here.</i>"
            self.reported = self.session
        self._ask()
        place = f"saved as {escape(self.name)}" if self.name else "the first answer starts a session"
        self.line.value = f"<b>{count} answer{'s' * (count != 1)} so far, {place}</b>"

    def _ask(self) -> None:
        """The next question, where an answer is expected to tell most."""
        if self.mode.value == "duel":
            self.asked: tuple[str, ...] = lab.next_duel(self.gallery, self.taste, self.rng)
        else:
            picture = lab.next_picture(self.gallery, self.taste, self.session)
            self.asked = () if picture is None else (picture,)
        self.score.disabled = self.buttons["rate it"].disabled = len(self.asked) != 1
        self.buttons["left"].disabled = self.buttons["right"].disabled = len(self.asked) != 2
        self.question.value = self._strip(self.asked, 192) if self.asked else "<b>All pictures are rated.</b>"

    def _strip(self, names: Sequence[str], side: int = 96) -> str:
        return " ".join(thumbnail(self.images[self.gallery.row[name]], name, side) for name in names)

    def _report(self) -> str:
        above, below = lab.differences(self.gallery, self.taste)
        blocks = {
            "best by the crowd": self._strip(lab.ranking(self.gallery, self.gallery.crowd)),
            "best by you": self._strip(lab.ranking(self.gallery, self.taste.scores)),
            "you, more than the crowd": self._strip(above),
            "you, less than the crowd": self._strip(below),
            "what your taste is made of": self._picture(self.weights()),
        }
        drawn = self.curve()
        blocks |= {"how well it is known": self._picture(drawn)} if drawn else {}
        return "".join(
            f"<h4>{title}</h4><div class='{title.replace(' ', '-')}'>{body}</div>" for title, body in blocks.items()
        )

    def _picture(self, figure: Figure) -> str:
        return shown_figure(figure, "figure of the Taste Lab")

    def weights(self) -> Figure:
        """Which task vectors the taste is made of."""
        return figure_weights(self.taste.coefficients(self.gallery.slope.shape[1:]), self.tasks)

    def curve(self) -> Figure | None:
        """The learning curve: against the true taste of a simulated rater, else against one's own later ratings."""
        truth = self.rater.opinion if self.rater else None
        found = pd.DataFrame(lab.curve(self.gallery, self.session, SIZES, truth))
        return None if found.empty else figure_curve(found["answers"].tolist(), found)
