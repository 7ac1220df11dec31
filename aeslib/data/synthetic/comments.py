"""What people write under pictures: short sentences about what can be seen, with mistakes and small talk."""

import numpy as np

from aeslib.data.synthetic.scenes import THEMES
from aeslib.data.synthetic.truth import QUALITIES

PRAISE = {
    "light": "lovely light", "contrast": "strong tones", "vivid": "vibrant colours", "harmony": "the hues go together",
    "thirds": "well placed subject", "balance": "nicely balanced frame", "depth": "soft background",
    "sharp": "crisp focus", "clean": "clean file without grain", "motion": "great sense of speed",
    "object": "strong subject", "content": "interesting scene", "repetition": "nice rhythm of shapes",
    "symmetry": "pleasing symmetry", "simplicity": "simple and uncluttered",
}  # fmt: skip
BLAME = {
    "light": "badly exposed", "contrast": "flat tones", "vivid": "dull colours", "harmony": "the hues clash",
    "thirds": "awkward placement", "balance": "the frame tips over", "depth": "busy background",
    "sharp": "out of focus", "clean": "too much grain", "motion": "shaken camera", "object": "subject too small",
    "content": "nothing to look at", "repetition": "no pattern", "symmetry": "lopsided",
    "simplicity": "too many distractions",
}  # fmt: skip
SMALL_TALK = (
    "thanks for sharing", "where was this taken", "which lens did you use", "good luck in the challenge",
    "i was there last summer", "my first comment today",
)  # fmt: skip
OPENERS = ("", "i think ", "for me ", "i see ")
MISTAKES, CHATTER = 0.12, 0.3
"""Shares of remarks that say the opposite, and of pictures with small talk."""


def comments(rng: np.random.Generator, scenes: np.ndarray, q: np.ndarray) -> list[str]:
    """One text a picture, sentences on lines of their own: its theme and its two to four most striking qualities."""
    n = len(scenes)
    striking = (q - q.mean(0)) / (q.std(0) + 1e-9) + rng.normal(0, 0.3, q.shape)
    order = np.argsort(-np.abs(striking), axis=1)[:, :4]
    good = (np.take_along_axis(striking, order, 1) > 0) ^ (rng.random((n, 4)) < MISTAKES)
    count, opener = rng.integers(2, 5, n), rng.integers(0, len(OPENERS), (n, 5))
    chat = np.where(rng.random(n) < CHATTER, rng.integers(0, len(SMALL_TALK), n), -1)
    texts = []
    for i in range(n):
        names = [QUALITIES[k] for k in order[i, : count[i]]]
        said = [(PRAISE if good[i, j] else BLAME)[name] for j, name in enumerate(names)]
        lines = [f"a picture of {THEMES[scenes['theme'][i]]}", *said]
        lines = [OPENERS[opener[i, j]] + line for j, line in enumerate(lines)]
        texts.append("\n".join(lines + ([SMALL_TALK[chat[i]]] if chat[i] >= 0 else [])))
    return texts
