"""Formulas as MathML, and nothing that loads from elsewhere."""

import re

import pytest

from aeslib.errors import ParameterError
from aeslib.report.extension import inward, mathml


def test_a_fraction_is_one_over_two():
    assert mathml(r"\frac{1}{2}") == (
        '<math display="inline" alttext="\\frac{1}{2}"><mrow><mfrac><mrow><mn>1</mn></mrow>'
        "<mrow><mn>2</mn></mrow></mfrac></mrow></math>"
    )


def test_a_block_says_so_and_less_than_stays_a_character():
    assert mathml("a < b", block=True) == (
        '<math display="block" alttext="a &lt; b"><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow></math>'
    )


@pytest.mark.parametrize("name", ["aligned", "align", "align*", "split", "eqnarray"])
def test_equations_below_each_other_become_rows(name):
    tex = rf"\begin{{{name}}} a &= b \\ c &= d \\ e &= f \end{{{name}}}"
    made = mathml(tex, block=True)
    assert made.count("<mtr>") == 3
    assert "&amp;=" not in made.replace(f'alttext="{tex}"', "").partition(">")[2]


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{equation} a = b \label{eq:x} \end{equation}",
        r"\operatorname{EMD}(p, q) = \left(\frac{1}{K} \sum_{k=1}^{K} |F_p(k) - F_q(k)|^r\right)^{1/r}",
        r"\hat{\mathbf{y}}_i \in \mathbb{R}^{d} \quad \forall i \leq N",
        r"\theta_0 + \sum_{l} \alpha_{i,l}\, \tau_{i,l}",
    ],
)
def test_the_papers_formulas_are_read_and_name_no_address(tex):
    made = mathml(tex)
    assert made.startswith("<math ")
    assert "http" not in made
    assert "\\" not in re.sub(r'alttext="[^"]*"', "", made)


def test_unknown_commands_are_named():
    with pytest.raises(ParameterError, match="^" + re.escape(r"formula '\\fro{1}': \fro is not a known command; mend")):
        mathml(r"\fro{1}")


def test_unreadable_formulas_are_named():
    with pytest.raises(ParameterError) as caught:
        mathml("x_{")
    assert str(caught.value) == ("formula 'x_{' cannot be read: MissingSuperScriptOrSubscriptError; mend its TeX.")


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ('<a href="https://example.org">x</a>', "<a>x</a>"),
        ("<img src='//example.org/x.png' alt='x'>", "<img alt='x'>"),
        ("<img src=http://example.org/x.png>", "<img>"),
        ('<script\nsrc="HTTPS://example.org/x.js"></script>', "<script></script>"),
        ("<style>@import url(https://example.org/x.css); p {}</style>", "<style> p {}</style>"),
        ('<p style="background: url(//example.org/x.png)">', '<p style="background: ">'),
        ('<a href="../claims.html">x</a> see https://example.org', '<a href="../claims.html">x</a> see https://example.org'),
        ('<img src="data:image/png;base64,AA//BB">', '<img src="data:image/png;base64,AA//BB">'),
    ],
)  # fmt: skip
def test_html_loads_only_from_its_folder(given, left):
    assert inward(given) == left
