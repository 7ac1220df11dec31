"""The Taste Lab: rate pictures or choose between two, and watch a personal model form (`aeslib.taskvec.lab`)."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from aeslib.errors import DataError
from aeslib.plots.taskvec import figure_curve, figure_weights
from aeslib.taskvec import lab
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


class TasteLab(Framed, widgets.VBox):
    """Rating, duels, undo, saving, and what the answers say so far.

    Args:
        gallery: the pictures with what the task models say of them.
        images: (M, 3, H, W) uint8, in the gallery's order.
        tasks: names of the task vectors.
        file: where every answer is kept; an existing one is continued.
        rater: a simulated person for classes; None: no button for one.
    """

    def __init__(
        self, gallery: lab.Gallery, images: np.ndarray, tasks: Sequence[str], file: Path, rater: lab.Rater | None = None
    ) -> None:
        self.gallery, self.images, self.tasks, self.file, self.rater = gallery, images, tasks, file, rater
        self.session, self.rng = lab.Session(), np.random.default_rng(0)
        self.mode = widgets.ToggleButtons(options=["rate", "duel"], description="ask by")
        self.score = widgets.IntSlider(value=3, min=1, max=5, description="score")
        self.question, self.line, self.answer = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.buttons = {word: widgets.Button(description=word) for word in self._words()}
        for word, button in self.buttons.items():
            button.on_click(lambda _, word=word: self.press(word))
        self.mode.observe(lambda _: self._ask(), "value")
        asked = widgets.HBox([self.buttons[w] for w in ("rate it", "left", "right", "undo")])
        kept = widgets.HBox([b for w, b in self.buttons.items() if w not in ("rate it", "left", "right", "undo")])
        super().__init__([self.mode, self.question, self.score, asked, kept, self.line, self.answer])
        self.add_class("aeslib-lab")
        self._continue()

    def _words(self) -> list[str]:
        return ["rate it", "left", "right", "undo", "load", "start anew", *(["simulate 10"] if self.rater else [])]

    def press(self, word: str) -> None:
        """What a button does."""
        if word == "load":
            self._continue()
            return
        session = self._after(word)
        if session is not self.session:
            self.session = session
            self.session.save(self.file)
        self._show()

    def _after(self, word: str) -> lab.Session:
        """The session after a button."""
        if word == "undo":
            return self.session.undo()
        if word == "start anew":
            return lab.Session()
        if word == "simulate 10":
            return self._simulated(10, self.rng)
        if word == "rate it":
            return self.session.rate(self.asked[0], self.score.value) if len(self.asked) == 1 else self.session
        if len(self.asked) < 2:
            return self.session
        return self.session.duel(*(self.asked if word == "left" else self.asked[::-1]))

    def film(self) -> Film:
        """The lab after some answers of the simulated rater, from none on; without one, only as it is."""
        if self.rater is None:
            return Film([], [], [Frame([], [], shown(self))])
        kept, rng, frames = self.session, np.random.default_rng(0), []
        self.session = lab.Session()
        for k, count in enumerate(WALK):
            self.session = self._simulated(count - len(self.session), rng)
            self._show()
            self.line.value = f"<b>{len(self.session)} answers of a simulated rater, not kept</b>"
            frames.append(Frame([k], [str(count)], shown(self)))
        self.session = kept
        self._show()
        return Film([Control("answers of a simulated rater", "slider", [*map(str, WALK)], 0)], [[0]], frames)

    def _simulated(self, answers: int, rng: np.random.Generator) -> lab.Session:
        assert self.rater is not None
        session = self.session
        for _ in range(answers):
            taste = lab.infer(self.gallery, session.pairs(self.gallery.row))
            picture = lab.next_picture(self.gallery, taste, session)
            if picture is None:
                break
            session = session.rate(picture, self.rater.rate(self.gallery.row[picture], rng))
        return session

    def _continue(self) -> None:
        """The kept session; a file that is none is put aside, not overwritten."""
        trouble = ""
        if self.file.is_file():
            try:
                self.session = lab.Session.load(self.file)
            except DataError as error:
                aside = self.file.with_suffix(".damaged.json")
                self.file.replace(aside)
                trouble = f"<b>{escape(str(error))} It was put aside as {escape(aside.name)}.</b>"
        self._show()
        self.line.value = trouble or self.line.value

    def _show(self) -> None:
        self.taste = lab.infer(self.gallery, self.session.pairs(self.gallery.row))
        count = len(self.session)
        self.answer.value = self._report() if count else "<i>Answer, and your model appears here.</i>"
        self._ask()
        self.line.value = f"<b>{count} answer{'s' * (count != 1)} so far, kept in {escape(self.file.name)}</b>"

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
