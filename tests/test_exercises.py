"""Checks of answers: kind to learners, strict with misuse, and never in the way of a headless run."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from aeslib.errors import ParameterError
from aeslib.exercises import EXERCISES, Cases, Guess, Reply, check, difference
from aeslib.paths import ROOT
from aeslib.studies.aesmamba_people import TRUTH

INDEX = pd.DataFrame({"paper": ["elta", "elta", "mtcnn"], "status": ["done", "open", "done"]})
FOLDED = re.compile(r"<details><summary>Solution</summary>")


@pytest.mark.parametrize("nothing", [None, ...])
def test_no_answer_is_not_wrong(nothing):
    reply = check("00.1", nothing, index=INDEX)
    assert reply.right is None
    assert "not answered yet" in reply.text


def test_a_word_may_be_written_in_any_case():
    assert check("00.1", " MTCNN ", index=INDEX) == Reply(True, "Right.")
    wrong = check("00.1", "elta", index=INDEX)
    assert wrong.right is False
    assert "mtcnn" not in wrong.text


def test_misuse_is_told_with_the_nearest_name():
    with pytest.raises(ParameterError, match=r"Did you mean '00\.1'"):
        check("00.11", 3, index=INDEX)
    with pytest.raises(ParameterError, match="from index, but got claims"):
        check("00.1", "elta", claims=INDEX)


@pytest.mark.parametrize(
    ("answer", "truth", "said"),
    [
        (3.001, 3, ""),
        (np.float32(3), 3, ""),
        ([[1, 2]], [1, 2], "shape"),
        ([1, 2], 3, "one number"),
        (3, [1, 2], "array of shape"),
        ([1, 2, 4], [1, 2, 3], "2 of 3"),
        (np.nan, 3, "NaN"),
        (np.nan, np.nan, ""),
        (-3, 3, "sign"),
        (0.7, 70, "percentage"),
        (4000, 4, "thousand"),
        (55, 3, "magnitude"),
        (2, 3, "too small"),
        (4, 3, "too large"),
        (np.inf, 3, "magnitude"),
        (0.1, 0, "too large"),
        ("three", 3, "a str came"),
        ("3", 3, "a str came"),
        ({"a": 1}, 3, "a dict came"),
        (object(), 3, "a object came"),
        (3, "elta", "a int came"),
        ("elta", "ELTA", ""),
        ({"a"}, {"a", "b"}, "1 of 2"),
        (["b", "a"], {"a", "b"}, ""),
        ("a", {"a", "b"}, "1 of 2"),
        ({"a", "b", "c"}, {"a", "b"}, "1 too many"),
    ],
)
def test_what_is_wrong_is_said(answer, truth, said):
    found = difference(answer, truth)
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x: x + x, ""),
        (lambda x: x**2, "hidden case 2"),
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (2, "a int came"),
    ],
)
def test_functions_are_tried_on_hidden_cases(answer, said):
    found = difference(answer, Cases(lambda x: 2 * x, ((2.0,), (3.0,))))
    assert said in found
    assert bool(found) == bool(said)


def test_a_guess_hides_what_it_computes_until_it_is_opened():
    shown = Guess("Which is <larger>?", ("a", "b"), lambda: 0.5)._repr_html_()
    asked, hidden = shown.split("<details>")
    assert "0.5" in hidden
    assert "0.5" not in asked
    assert asked.count('type="radio"') == 2
    assert "&lt;larger&gt;" in asked


def test_solutions_pass_their_own_checks():
    import torch

    from aeslib.elta.flsa import alignment
    from aeslib.published import items

    index = items()
    best = (index["status"] == "done").groupby(index["paper"], sort=False).mean().idxmax()
    assert check("00.1", best, index=index).right
    assert check("00.2", [False, True]).right
    assert check("12.1", lambda s: float(alignment(torch.ones(len(s), 3), torch.tensor(s)))).right
    assert check("12.1", lambda s: 0.0).right is False
    assert check("02.1", [2, 1], aadb10=np.array([5.0, 5.0 + 1e-12, 6.0, 7.0])).right
    assert check("60.3", 10).right
    assert check("11.1", 1000).right
    assert check("20.2", 0.0108).right
    assert check("50.2", 2400).right
    assert check("52.2", np.sqrt(10)).right
    assert check("61.2", lambda d: np.mean(np.square(d)) - np.mean(d) ** 2).right
    assert check("43.2", lambda r: (2 * r / (1 + r)) ** 0.5).right
    assert check("43.2", lambda r: 2 * r / (1 + r)).right is False
    r = pd.DataFrame({"PLCC": [0.9]}, index=["AADB"])
    assert check("03.1", 5 * (1 / 0.9**2 - 1) / (1 / 0.97**2 - 1), ceilings=r).right


def test_solutions_about_published_numbers_pass_their_own_checks():
    from aeslib.published import table
    from aeslib.studies.aesmamba_tables import recomputed_averages

    printed = table("elta.T3").query("column == 'SRCC'").pivot(index="group", columns="row", values="value")
    gain = printed["TFA+FLSA+APDS"] - printed["none"]
    assert check("16.2", printed["none"].corr(gain, method="spearman")).right
    assert check("16.1", lambda s, i, j, lam: np.concatenate([s, lam * s[i] + (1 - lam) * s[j]])).right
    assert check("16.1", lambda s, i, j, lam: np.concatenate([s, (1 - lam) * s[i] + lam * s[j]])).right is False
    assert check("21.2", 0.001 * np.log(8)).right
    assert check("23.1", [4, 6], averages=recomputed_averages()).right
    six = pd.Series([1, 2, 3, 7, 8, 9])
    assert check("31.1", six.corr(pd.Series([0, 0, 0, 1, 1, 1]), method="spearman")).right


def test_solutions_about_runs_pass_their_own_checks():
    best, agreement = SimpleNamespace(srcc=0.9), pd.DataFrame({"value": [0.5, 0.8]})
    assert check("04.3", 0.5, agreement=agreement, best=best).right
    assert check("04.3", np.nan, agreement=agreement, best=None).right
    lead = {"group": "AVA-Captions", "metric": "SRCC", "rival": ["AesMamba-V", "AesMamba-M, comments shuffled"]}
    assert check("22.1", 1.5, ahead=pd.DataFrame(lead | {"change": [0.2, 0.3]})).right
    rows = [("AVA", "AesMamba-V", 0.5), ("AVA", "AesMamba-M", 0.7), ("B", "AesMamba-V", 0.8), ("B", "AesMamba-M", 0.9)]
    t2 = pd.DataFrame(rows, columns=["group", "row", "here"]).assign(metric="SRCC")
    assert check("22.2", "B", t2=t2).right
    assert check("23.2", 1 / 3, points=pd.DataFrame({"images": [10, 50]})).right
    tried = {"row": ["B: plain classes"] + 3 * ["C: balanced classes"], "weight": [0.001, 0.001, 0.1, 0.001]}
    assert check("23.3", 1, weights=pd.DataFrame(tried | {"chosen": [True, True, True, False]})).right
    control = {"row": ["AesMamba-P", "AesMamba-P", TRUTH], "change": [0.05, 0.02, 0.2]}
    control = pd.DataFrame(control | {"group": ["no fine-tuning", "few pictures", "no fine-tuning"]})
    assert check("24.1", 0.25, own_or_another=control).right
    assert check("24.1", np.nan, own_or_another=control[:2]).right  # real data: nobody knows the truth
    gains = {"group": "many pictures", "row": ["no prompt", "AesMamba-P"], "change": [0.03, 0.04]}
    assert check("24.2", 0.25, f8=pd.DataFrame(gains)).right
    vectors = np.linalg.cholesky(0.85 * np.eye(6) + 0.15)  # six of length 1, each pair with the cosine 0.15
    whole = vectors.sum(0)
    assert check("30.2", [vectors[3] @ whole / np.linalg.norm(whole), 6**-0.5], upper=[0.1, 0.2]).right
    found = {"Zero-shot, mean of six": 0.3, "Zero-shot ensemble": 0.4, "Ours": 0.45}
    assert check("31.2", [0.1, 0.05], found={"aadb": {k: {100: np.full((2, 3), v)} for k, v in found.items()}}).right


def test_solutions_of_simulated_raters_and_pictures_pass_their_own_checks():
    from aeslib.data.synthetic import ceiling, world
    from aeslib.imbalance import Bins
    from aeslib.mtcnn.humans import consistency, uneven_votes
    from aeslib.studies.mtcnn_tables import by_range
    from aeslib.taskvec import lab

    rng = np.random.default_rng(0)
    slope = rng.normal(size=(60, 3, 2))
    felt = slope.reshape(60, 6).sum(1)
    gallery = lab.Gallery(tuple(f"p{k}" for k in range(60)), rng.normal(size=60), rng.normal(size=60), slope)
    rater = lab.Rater((felt - felt.mean()) / felt.std())
    sessions = [lab.simulate(gallery, rater, 20, duels=duels) for duels in (False, True)]
    leads = [lab.margin(gallery, session, rater.opinion, 50)[1].value for session in sessions]
    assert check("33.2", leads, gallery=gallery, rater=rater).right
    assert check("33.2", leads[::-1], gallery=gallery, rater=rater).right is False
    w = world("aadb", 200, 1)
    gap = {n: consistency(uneven_votes(w.opinion, w.spec.habits, per_image=n, spread=1.0, seed=3)) for n in (2, 5)}
    gap = {n: (found["SRCC"] - found["SRCC_out"]).mean() for n, found in gap.items()}
    assert gap[2] > gap[5]  # as the solution says
    assert check("41.2", gap[2], w=w, seed=3).right
    best = [ceiling(key, size=200, seed=1).srcc for key in ("eva", "aadb")]
    assert best[0] > best[1]
    assert check("42.1", best, size=200, seed=1).right
    truth, overall, edges = rng.normal(6, 1, (200, 5)), rng.normal(6, 0.3, (3, 200)), (0, 2, 4, 5, 6, 7, 8, 10)
    wide = by_range(truth[:, 0], overall.mean() + 2 * (overall - overall.mean()), Bins(edges))
    covered = wide.filter(like="covered").loc[0].tolist()
    assert covered[1] < 1
    assert check("42.2", covered, truth=truth, overall=overall, edges=edges).right


def test_solutions_by_hand_pass_their_own_checks():
    lines = {"row": ["Ours", "Zero-shot ensemble"], "metric": "10-shot", "here": [0.22, 0.25]}
    assert check("32.1", -0.03, choices=pd.DataFrame(lines)).right
    assert check("32.2", [np.exp(0.5), np.exp(5)]).right
    assert check("33.1", [0, 9]).right
    assert check("41.1", (1.96 * 2**0.5 * (1 - 0.7**2) / 0.0026) ** 2 / 1000).right
    nets = {
        "net": ["random", "random", "searched", "searched"],
        "seed": [0, 1, 0, 1],
        "parameters": [95, 110, 100, 100],
    }
    assert check("51.2", 0.1, frame=pd.DataFrame(nets)).right
    costs = pd.DataFrame({"parameters": [100, 142]}, index=["published size", "published size + CBAM"])
    assert check("53.1", 42, costs=costs).right
    base = {"true_mean": np.array([[4.0, 5.0, 6.0, 7.0]] * 2), "mean": np.array([[4.0, 5.0, 6.0, 7.0], [6, 6, 6, 6]])}
    assert check("53.2", [0.5, 0.75], base=base).right
    parts = [SimpleNamespace(ids=ids) for ids in (["I1_1", "I2_1", "I3_2", "I3_4"], ["I3_1"])]
    assert check("54.1", 0.5, parts={"image": SimpleNamespace(train=parts[0], test=parts[1])}).right
    assert check("54.2", {"EMD", "EMD, r = 1"}).right
    values = {"low": [0.3, 0.5, 0.2], "high": [0.4, 0.6, 0.35], "seconds": [2, 30, 4]}
    points = pd.DataFrame({"row": ["Plain CNN", "a", "b"], **values})
    assert check("62.1", {"a"}, points=points).right
    assert check("62.1", set(), points=points.iloc[[0, 2]]).right
    assert check("62.2", 15, points=points).right
    assert check("62.3", 2, combos={"AVA": range(20), "AADB": range(20)}).right


def test_only_what_a_network_of_skips_needs_is_counted():
    from aeslib.aestheticnet import PDARTS, Genotype
    from aeslib.aestheticnet.network import NetConfig, score_model

    config, text = NetConfig(c=4, cells=3), re.sub(r'"\w+", (\d)', r'"skip_connect", \1', PDARTS.to_json())
    network = score_model(Genotype.from_json(text), config, tuple(range(1, 11)))
    assert check("51.1", sum(p.numel() for p in network.parameters()), config=config).right


def chapters() -> list:
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found.append(pytest.param(path.stem[:2], cells, id=path.stem))
    return found


@pytest.mark.parametrize(("key", "cells"), chapters())
def test_every_chapter_has_goals_a_guess_and_checked_exercises(key, cells):
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    registered = {k for k in EXERCISES if k.startswith(f"{key}.")}
    assert "**What to learn:**" in text
    assert 2 <= len(FOLDED.findall(text)) <= 3
    assert "Guess(" in code
    assert registered
    assert set(re.findall(r'check\("([\d.]+)", \.\.\.', code)) == registered


def test_every_registered_exercise_has_its_chapter():
    assert {key.split(".")[0] for key in EXERCISES} <= {path.stem[:2] for path in (ROOT / "notebooks").glob("*.ipynb")}
