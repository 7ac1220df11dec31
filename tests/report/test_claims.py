"""What each row of the claims page tells."""

from collections import Counter
from types import SimpleNamespace

import pytest

from aeslib.ledger.core import JUDGES
from aeslib.profiles import get_profile
from aeslib.published.claims import claims as all_claims
from aeslib.report.claims import claims, how
from aeslib.report.gather import Output

MADE = Output("elta.T4-changes", "table", {"item": "elta.T4", "notebook": "14_elta_ablation", "runs": ["a", "b"],
                                           "outputs": ["tables/elta.T4-changes.csv"]})  # fmt: skip


@pytest.fixture
def row(fabricated):
    return fabricated.claim(
        id="elta.ablation.each", paper="elta", verdict="stale", claim="Each helps.", why="changed: run `x`.", seeds=5,
        judge="experiment", basis="experiment", data="synthetic", inputs={"result:smoke/elta.T4-changes": "0"},
        effect=0.5, low=0.25, high=0.75,
    )  # fmt: skip


def test_how_it_was_judged_links_to_chapter_and_runs(row):
    told = how(row, {MADE.stem: MADE})
    assert "<code>experiment</code>: A change that a chapter measured lies on the claimed side" in told
    assert "<br>experiment, stand-ins<br>" in told
    assert '<a href="notebooks/14_elta_ablation.html">14_elta_ablation</a>' in told
    assert '<a href="files/tables/elta.T4-changes.json">elta.T4-changes, 2 runs</a>' in told


def test_a_result_that_is_gone_has_no_link(row):
    assert "href" not in how(row, {})


def test_the_page_shows_every_field_and_stale_as_a_verdict(row):
    counts, profile = Counter({"stale": 1}), get_profile("smoke")
    control = {"control": "fewer <pictures>", "study": "elta.ablation", "put_in": "SRCC must fall", "found": -0.0571,
               "low": -0.08, "high": -0.03, "passed": "yes"}  # fmt: skip
    book = SimpleNamespace(claims=[row], verdicts=counts, outputs=[MADE], profile=profile, controls=[control])
    page = claims(book)
    shown = ["**smoke** profile", "Section 1", "effect 0.5 [0.25, 0.75]", "5 seeds", 'class="badge">synthetic']
    shown += ["## Positive controls", "fewer &lt;pictures&gt;", "-0.0571 [-0.08, -0.03]", "<td>yes</td>"]
    shown += ['data-verdict="stale"', '<option value="stale">', "chip v-stale", "files/tables/elta.T4-changes.json"]
    assert [part for part in shown if part not in page] == []


def test_every_judge_in_use_says_what_it_does():
    assert {c.judge for c in all_claims() if not (JUDGES[c.judge].__doc__ or "").strip()} == set()
