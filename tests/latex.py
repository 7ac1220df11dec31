"""A strict reader of LaTeX tables for machines without TeX, and TeX itself where there is one."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

TABLE = re.compile(
    r"% needs \\usepackage\{booktabs\}[^\n]*\n\\begin\{table\}\n\\caption\{(?P<caption>[^\n]*)\}\n"
    r"\\begin\{tabular\}\{(?P<columns>[lr]+)\}\n\\toprule\n(?P<head>[^\n]*)\n\\midrule\n(?P<body>(?:[^\n]*\n)*)"
    r"\\bottomrule\n\\end\{tabular\}\n\\end\{table\}\n"
)
TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|.", re.DOTALL)
PLAIN = {
    r"\textbackslash": "\\", r"\textasciitilde": "~", r"\textasciicircum": "^", r"\textless": "<",
    r"\textgreater": ">", r"\textbar": "|", r"\textasciigrave": "`", r"\ldots": "…", r"\S": "§", r"\textdegree": "°",
    r"\textbullet": "•", r"\ss": "ß", r"\{": "{", r"\}": "}", r"\%": "%", r"\&": "&", r"\#": "#", r"\$": "$",
    r"\_": "_",
}  # fmt: skip
TAKES_ONE = {r"\ensuremath", r"\textsuperscript", r"\textsubscript", *(rf"\{mark}" for mark in "`'^~=u.\"rHvc")}
GREEK = ("alpha", "beta", "theta", "lambda", "mu", "rho", "sigma", "varsigma", "tau", "Delta", "Sigma", "Omega")
SIGNS = ("cdot", "times", "pm", "le", "ge", "ne", "approx", "infty", "to", "in", "sum", "surd", "langle", "rangle")
MATH = {f"\\{name}" for name in (*GREEK, *SIGNS)}


def text_of(latex: str) -> str:
    """Return what a piece of LaTeX shows; an AssertionError names what would stop TeX or change a character."""
    shown, depth, math, tokens = "", 0, -1, TOKEN.findall(latex)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        assert token.isascii(), f"{token!r} in {latex!r} is not ASCII"
        assert token not in set('%&#$_~^<>|"`\n'), f"{token!r} in {latex!r} is not escaped"
        depth += (token == "{") - (token == "}")
        math = depth if token == r"\ensuremath" else -1 if depth <= math and token == "}" else math
        assert depth >= 0, f"a brace too many is closed in {latex!r}"
        if token in PLAIN:
            assert following == "{" or len(token) == 2, f"{token} in {latex!r} eats the blank behind it"
            shown += PLAIN[token]
        elif token.startswith("\\"):
            known = token in MATH if math >= 0 and token != r"\ensuremath" else token in TAKES_ONE
            assert known, f"{token} in {latex!r} is not a known command"
            assert math >= 0 or following == "{", f"{token} in {latex!r} lacks its argument"
            shown += token if math >= 0 and token != r"\ensuremath" else ""
        elif token not in "{}":
            shown += token
    assert depth == 0, f"{depth} braces stay open in {latex!r}"
    return shown


def read_table(latex: str) -> tuple[str, list[list[str]]]:
    """Return the caption and the rows of cells, heading first, as TeX would show them."""
    match = TABLE.fullmatch(latex)
    assert match, f"not a table with booktabs' rules:\n{latex[:500]}"
    rows = []
    for line in [match["head"], *match["body"].splitlines()]:
        assert line.endswith(r" \\"), f"the row {line!r} has no end"
        assert not line.startswith(("[", "*")), f"LaTeX reads the start of {line!r} as an option"
        rows.append([text_of(cell.strip()) for cell in re.split(r"(?<!\\)&", line[:-3])])
    assert {len(row) for row in rows} == {len(match["columns"])}, f"rows of other lengths than {match['columns']}"
    return text_of(match["caption"]), rows


def check_with_tex(paths: Iterable[Path], folder: Path) -> None:
    """Set the tables with pdflatex in `folder`, where it and booktabs are installed; an AssertionError has its log."""
    found = [shutil.which(name) for name in ("pdflatex", "kpsewhich")]
    if None in found or subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True, check=False).returncode:
        return
    inputs = "".join(f"\\input{{{path}}}\n\\clearpage\n" for path in paths)
    document = folder / "tables.tex"
    preamble = "\\documentclass{article}\n\\usepackage{booktabs}\n"
    document.write_text(f"{preamble}\\begin{{document}}\n{inputs}\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", document.name]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert run.returncode == 0, run.stdout[-3000:]
