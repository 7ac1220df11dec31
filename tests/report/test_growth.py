"""The page on growth and the plan for full AVA, from records written by hand and the one that is committed."""

import json

import numpy as np
import pytest

from aeslib.errors import DataError
from aeslib.report import growth

SIZES = (10, 100, 1000, 10_000)
PATH = {"name": "labels", "what": "labels <read>", "unit": "rows",
        "points": [{"size": n, "seconds": 0.01 * n, "mb": n**2 / 1e4} for n in SIZES]}  # fmt: skip
ROW = {"paper": "elta", "study": "elta.a", "network": "swinv2", "side": 256, "multiply_adds": 10**10, "images": 200_000,
       "passes": 20, "runs": 3}  # fmt: skip
MACHINE = {"processor": "a <processor>", "threads": 1, "torch": "2", "python": "3"}
RECORD = {"measured": "2026-01-31", "quick": False, "machine": MACHINE, "paths": [PATH],
          "plan": [ROW, ROW | {"paper": "taskvec", "runs": 2}]}  # fmt: skip


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "growth.json"
    monkeypatch.setattr(growth, "results_file", lambda: path)
    return path


def test_a_power_is_found_again():
    value, low, high = growth.exponent([(n, 3 * n**1.5) for n in SIZES])
    assert (value, low, high) == pytest.approx((1.5, 1.5, 1.5))


def test_the_interval_holds_the_true_power_as_often_as_it_says():
    rng = np.random.default_rng(0)
    noisy = ([(n, n**0.8 * np.exp(rng.normal(0, 0.2))) for n in SIZES] for _ in range(400))
    inside = [fit[1] <= 0.8 <= fit[2] for fit in map(growth.exponent, noisy)]
    assert 0.92 <= np.mean(inside) <= 0.98


def test_two_sizes_fit_no_exponent():
    assert growth.exponent([(1, 1), (2, 2)]) is None
    assert growth.power(None) == "no fit"


def test_the_page_shows_exponents_and_leaves_small_peaks_out(file):
    file.write_text(json.dumps(RECORD), encoding="utf-8")
    page = growth.growth(None)
    first, second = (f"<td><i>n</i><sup>{k}.00</sup> <small>[{k}.00, {k}.00]</small></td>" for k in (1, 2))
    assert f"<td>labels &lt;read&gt;</td><td>10 to 10,000 rows</td>{first}<td>1 min 40 s</td>" in page
    assert f"<td>1 min 40 s</td>{second}<td>10,000.0 MB</td>" in page
    assert len(growth.big(PATH["points"])) == 3
    assert "a \\<processor\\>, 1 thread, torch 2, Python 3" in page
    assert '<svg role="img"' in page


def test_hours_by_hand(file):
    file.write_text(json.dumps(RECORD), encoding="utf-8")
    flops = 6 * 1e10 * 200_000 * 20 * 3
    assert growth.operations(ROW) == flops == 7.2e17
    assert growth.hours(flops, 312) == pytest.approx(7.2e17 / (312e12 * growth.SUSTAINED * 3600))
    page = growth.growth(None)
    assert "An estimate, not a measurement" in page
    assert "<td><b>elta</b></td><td></td><td></td><td></td><td></td><td>3</td><td><b>7.2e+17</b></td>" in page
    assert "<td><b>all</b></td><td></td><td></td><td></td><td></td><td>5</td><td><b>1.2e+18</b></td>" in page


def test_without_a_record_the_page_says_how_to_make_one(file):
    assert "`python benchmarks/growth.py` does it" in growth.growth(None)


@pytest.mark.parametrize("change", [{"plan": [ROW | {"runs": 0}]}, {"machine": {}}, {"host": "here"}, {"paths": [{}]}])
def test_a_damaged_file_is_told(file, change):
    file.write_text(json.dumps(RECORD | change), encoding="utf-8")
    with pytest.raises(DataError, match=r"growth\.json: \$.*delete it and run again"):
        growth.growth(None)


def test_quick_numbers_are_marked(file):
    file.write_text(json.dumps(RECORD | {"quick": True}), encoding="utf-8")
    assert "which fit no exponent" in growth.growth(None)


def test_what_is_committed_covers_the_sizes_and_every_paper_that_trains_on_ava():
    record = json.loads(growth.results_file().read_text(encoding="utf-8"))
    growth.check(record, growth.SCHEMA, growth.results_file())
    assert not record["quick"]
    sizes = {path["name"]: [p["size"] for p in path["points"]] for path in record["paths"]}
    assert (min(sizes["labels"]), max(sizes["labels"])) == (10**3, 10**6)
    for name in ("rendered", "decoded", "shuffled"):
        assert (min(sizes[name]), max(sizes[name])) == (10**3, 10**5)
    assert {"users", "computed", "found", "outputs", "ledger"} <= sizes.keys()
    assert {row["paper"] for row in record["plan"]} == {"elta", "aesmamba", "taskvec", "aestheticnet"}
