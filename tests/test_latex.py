"""Tables as LaTeX: every text compiles and shows the characters that it holds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latex import check_with_tex, read_table, text_of

from aeslib.latex import HEADER, latex_table, latex_text

NASTY = r"5 % of a_b & #1, $x$ ~ ^ \ {y} \alpha{} <b> | ` -- --- %% \\ [1, 2) *"


def test_each_special_character_is_shown_as_it_is():
    assert text_of(latex_text(NASTY)) == NASTY


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("τ", r"\ensuremath{\tau}"),
        ("λ, Ω, ς", r"\ensuremath{\lambda}, \ensuremath{\Omega}, \ensuremath{\varsigma}"),
        ("a · b ≤ c", r"a \ensuremath{\cdot} b \ensuremath{\le} c"),
        ("c² → d₀", r"c\textsuperscript{2} \ensuremath{\to} d\textsubscript{0}"),
        ("10⁻³", r"10\textsuperscript{\ensuremath{-}}\textsuperscript{3}"),
        ("café, mañana, über", r"caf\'{e}, ma\~{n}ana, \"{u}ber"),
        ("1–2 — “so” …", r"1--2 --- ``so'' \ldots{}"),
        ("--minutes", "-{}-minutes"),
        ("[0, 1)", "{[}0, 1)"),
        ("*best*", "{*}best*"),
        ("two\n\nlines\tand\x0bmore", "two lines and more"),
        ("😀 \x07 漢", "{[}U+1F600] [U+0007] [U+6F22]"),
        ("", ""),
    ],
)  # fmt: skip
def test_characters_beyond_ascii_have_a_command_or_their_code(text, latex):
    assert latex_text(text) == latex


@given(st.text(st.characters(codec="ascii", exclude_characters='"\x1c\x1d\x1e\x1f')))
def test_any_ascii_text_comes_back(text):
    shown = "".join(c if c.isprintable() or c.isspace() else f"[U+{ord(c):04X}]" for c in text)
    assert text_of(latex_text(text)) == " ".join(shown.split())


@given(st.text())
def test_any_text_is_plain_ascii(text):
    assert latex_text(text).isascii()


def nasty_table() -> pd.DataFrame:
    cells = [NASTY, "[0, 1)", "* τ ≤ 5 · 10²", None, ["a_b"], ""]
    return pd.DataFrame({f"% {NASTY}": cells, "a_b": [0.5, np.nan, 1e-9, -2, np.inf, 0], "n": [1, 2, 3, 4, 5, 6]})


@pytest.mark.parametrize("index", [["n"], ["n", "a_b"], None])
def test_captions_columns_indices_and_cells_are_escaped(tmp_path, index):
    frame = nasty_table()
    shown = frame.set_index(index)[[frame.columns[0]]] if index else frame
    latex = latex_table(shown, caption=f"50% of a_b {NASTY}", index=index is not None)
    caption, rows = read_table(latex)
    assert caption == f"50% of a_b {NASTY}"
    assert rows[0] == [*(index or []), f"% {NASTY}"] if index else list(frame.columns)
    place = len(index or [])
    assert [row[place] for row in rows[1:]] == [NASTY, "[0, 1)", r"* \tau \le 5 \cdot 102", "", "['a_b']", ""]
    (tmp_path / "nasty.tex").write_text(latex, encoding="ascii")
    check_with_tex([tmp_path / "nasty.tex"], tmp_path)


def test_a_table_says_what_it_needs():
    latex = latex_table(pd.DataFrame({"row": ["ours"], "SRCC": [0.5]}), caption="elta.T1", index=False)
    assert latex == HEADER + (
        "\\begin{table}\n\\caption{elta.T1}\n\\begin{tabular}{lr}\n\\toprule\nrow & SRCC \\\\\n\\midrule\n"
        "ours & 0.500000 \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}\n"
    )
