"""Tables as LaTeX: plain ASCII, so that every engine sets them, and each character of a text stands for itself."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

HEADER = "% needs \\usepackage{booktabs}; plain ASCII, for pdflatex, lualatex and xelatex\n"
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "`": r"\textasciigrave{}",
}  # fmt: skip
TEXT = {
    "–": "--", "—": "---", "…": r"\ldots{}", "‘": "`", "’": "'", "“": "``", "”": "''", "§": r"\S{}",
    "•": r"\textbullet{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "œ": r"\oe{}",
    "ł": r"\l{}", "Ł": r"\L{}", "°": r"\textdegree{}", "€": r"\texteuro{}", "©": r"\textcopyright{}",
}  # fmt: skip
SYMBOLS = {
    "·": r"\cdot", "⋅": r"\cdot", "×": r"\times", "±": r"\pm", "÷": r"\div", "−": "-", "≤": r"\le", "≥": r"\ge",
    "≠": r"\ne", "≈": r"\approx", "∞": r"\infty", "→": r"\to", "←": r"\leftarrow", "↔": r"\leftrightarrow",
    "↑": r"\uparrow", "↓": r"\downarrow", "⇒": r"\Rightarrow", "∈": r"\in", "∑": r"\sum", "∏": r"\prod", "√": r"\surd",
    "∂": r"\partial", "∇": r"\nabla", "⟨": r"\langle", "⟩": r"\rangle", "µ": r"\mu", "ς": r"\varsigma",
    "✓": r"\surd", "✗": r"\times", "′": r"\prime", "∝": r"\propto", "∩": r"\cap", "∪": r"\cup", "⊂": r"\subset",
}  # fmt: skip
ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=", "\u0306": r"\u",
    "\u0307": r"\.", "\u0308": r'\"', "\u030a": r"\r", "\u030b": r"\H", "\u030c": r"\v", "\u0327": r"\c",
}  # fmt: skip
GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
"""Letters that have a command named after them; other capitals look like Latin letters and have none."""


def latex_table(frame: pd.DataFrame, *, caption: str, index: bool) -> str:
    """Return a table with booktabs' rules as a LaTeX `table` environment.

    Args:
        frame: R rows, K columns; text is escaped, numbers are set as pandas does, missing values stay empty.
        caption: plain text.
        index: whether the index is shown, as the first columns.
    """
    import numpy as np
    from pandas.api.types import is_numeric_dtype

    rows = frame.reset_index() if index else frame.copy()
    for place, dtype in enumerate(rows.dtypes):
        if not is_numeric_dtype(dtype):
            rows.isetitem(place, np.array([_cell(cell) for cell in rows.iloc[:, place]], dtype=object))
    rows.columns = [latex_text(" ".join(map(str, c)) if isinstance(c, tuple) else str(c)) for c in rows.columns]
    return HEADER + rows.to_latex(index=False, escape=False, caption=latex_text(caption), na_rep="")


def latex_text(text: str) -> str:
    """Return plain text as LaTeX in ASCII, on one line; a character without a command becomes its code: [U+1F600].

    A bracket or star at the start is put in braces: after the end of a row LaTeX would take it for an option.
    """
    words = unicodedata.normalize("NFC", " ".join(text.split()))
    parts = re.split("(?<=-)(?=-)", words)  # two hyphens in a row would become a dash
    escaped = "{}".join("".join(map(_character, part)) for part in parts)
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped[:1] in ("[", "*") else escaped


def _cell(value: Any) -> Any:
    """Return numbers and missing values as they are, all else as LaTeX."""
    import numpy as np
    import pandas as pd

    number = isinstance(value, int | float | np.number | np.bool_)
    return value if number or (pd.api.types.is_scalar(value) and pd.isna(value)) else latex_text(str(value))


def _character(character: str) -> str:
    if character.isascii():
        return SPECIAL.get(character, character if character.isprintable() else _code(character))
    if character in TEXT:
        return TEXT[character]
    if command := SYMBOLS.get(character) or _greek(character):
        return rf"\ensuremath{{{command}}}"
    return _decomposed(character) or _code(character)


def _greek(character: str) -> str:
    """Return the command of a Greek letter, such as `\\tau`; empty for other characters."""
    if character not in GREEK:
        return ""
    name = unicodedata.name(character).rpartition(" ")[2].replace("LAMDA", "LAMBDA")
    return "\\" + (name.capitalize() if character.isupper() else name.lower())


def _decomposed(character: str) -> str:
    """Return a raised, lowered or accented ASCII character; empty for other characters."""
    kind, *codes = unicodedata.decomposition(character).split() or [""]
    if kind in ("<super>", "<sub>"):
        base = "".join(_character(chr(int(code, 16))) for code in codes)
        return rf"\text{kind[1:-1]}script{{{base}}}"
    base, *marks = list(unicodedata.normalize("NFD", character))
    known = base.isascii() and len(marks) == 1 and marks[0] in ACCENTS
    return f"{ACCENTS[marks[0]]}{{{base}}}" if known else ""


def _code(character: str) -> str:
    return f"[U+{ord(character):04X}]"
