"""Exercises that check themselves: `check` compares an answer with a truth computed on the spot, `guess` asks first.

What is right is worked out by the functions below from the notebook's own data; no expected value is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from inspect import signature
from typing import Any
from zlib import crc32

import numpy as np

from aeslib.errors import ParameterError, unknown


@dataclass(frozen=True)
class Reply:
    """What a learner reads: `right` is None while nothing was answered."""

    right: bool | None
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        mark = {True: "✓", False: "✗", None: "…"}[self.right]
        return f'<p class="aeslib-check">{mark} {escape(self.text)}</p>'


@dataclass(frozen=True)
class Cases:
    """The truth of an exercise that asks for a function: `function`, and the arguments it is tried on."""

    function: Callable[..., Any]
    arguments: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Exercise:
    """`truth` works out the right answer from data of the notebook; `hint` is told after a wrong one."""

    truth: Callable[..., Any]
    hint: str
    rtol: float = 1e-2


EXERCISES: dict[str, Exercise] = {}


def exercise(key: str, hint: str, rtol: float = 1e-2) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a truth as the exercise `key`: chapter, dot, number."""

    def register(truth: Callable[..., Any]) -> Callable[..., Any]:
        EXERCISES[key] = Exercise(truth, hint, rtol)
        return truth

    return register


def check(key: str, answer: Any = ..., **given: Any) -> Reply:
    """Says kindly whether an answer is right.

    Args:
        key: the exercise, such as "02.1".
        answer: a number, an array, words, a set of words or a function; `...` or None while there is none.
        given: what the truth is worked out from, by the names of the notebook.

    Returns:
        Right, not yet (with a hint), or not answered yet; a wrong answer never raises.

    Raises:
        ParameterError: no such exercise, or `given` is not what it needs.
    """
    if key not in EXERCISES:
        raise unknown("exercise", key, EXERCISES)
    asked = EXERCISES[key]
    needed = list(signature(asked.truth).parameters)
    if set(given) != set(needed):
        raise ParameterError(
            f"exercise {key} works out its answer from {', '.join(needed) or 'nothing'}, but got "
            f"{', '.join(given) or 'nothing'}. Leave the call as it stands in the notebook and change only the answer."
        )
    if answer is None or answer is ...:
        return Reply(None, f"Exercise {key}: not answered yet. Put your answer in place of the dots and run the cell.")
    wrong = difference(answer, asked.truth(**given), asked.rtol)
    return Reply(False, f"Not yet: {wrong}. {asked.hint}") if wrong else Reply(True, "Right.")


def difference(answer: Any, truth: Any, rtol: float = 1e-2) -> str:
    """What is wrong with an answer, in words that do not give the truth away; empty when it is right."""
    if isinstance(truth, Cases):
        return _of_functions(answer, truth, rtol)
    if isinstance(truth, str):
        return _of_words({answer} if isinstance(answer, str) else answer, {truth})
    if isinstance(truth, set | frozenset):
        return _of_words(answer, set(truth))
    return _of_numbers(answer, np.asarray(truth, float), rtol)


def _of_words(answer: Any, truth: set[str]) -> str:
    if isinstance(answer, str):
        answer = {answer}
    try:
        words = {_plain(word) for word in answer}
    except TypeError:
        return f"a word was expected, or a set of words, and a {type(answer).__name__} came"
    wanted = {_plain(word) for word in truth}
    if words == wanted:
        return ""
    if len(wanted) == 1:
        return "it is another one"
    found = len(words & wanted)
    return f"{found} of {len(wanted)} are found" + (f", {len(words - wanted)} too many" if words - wanted else "")


def _plain(word: Any) -> str:
    return " ".join(str(word).casefold().split())


def _of_numbers(answer: Any, truth: np.ndarray, rtol: float) -> str:  # noqa: PLR0911 - one sentence each
    expected = f"an array of shape {truth.shape}" if truth.shape else "one number"
    if isinstance(answer, str | bytes | Mapping | set):
        return f"{expected} was expected, and a {type(answer).__name__} came"
    try:
        mine = np.asarray(answer, float)
    except (TypeError, ValueError, RuntimeError):
        return f"{expected} was expected, and a {type(answer).__name__} came"
    if mine.shape != truth.shape:
        return (
            f"{expected} was expected, and one of shape {mine.shape} came" if mine.shape else f"expected is {expected}"
        )
    if np.array_equal(np.isnan(mine), np.isnan(truth)) and np.allclose(mine, truth, rtol, 1e-9, equal_nan=True):
        return ""
    if (np.isnan(mine) & ~np.isnan(truth)).any():
        return "there is a NaN in it"
    if np.allclose(-mine, truth, rtol, 1e-9, equal_nan=True):
        return "the size is right and the sign is not"
    for factor, said in ((100, "a share and a percentage are mixed up"), (1000, "the unit is a thousand times off")):
        if any(np.allclose(mine * f, truth, rtol, 1e-9, equal_nan=True) for f in (factor, 1 / factor)):
            return said
    if mine.ndim:
        near = np.isclose(mine, truth, rtol, 1e-9, equal_nan=True)
        return f"{int(near.sum())} of {near.size} values are right"
    if truth and mine / truth > 0 and abs(np.log10(mine / truth)) > 0.9:
        return "the order of magnitude is another"
    return "it is too small" if mine < truth else "it is too large"


def _of_functions(answer: Any, truth: Cases, rtol: float) -> str:
    if not callable(answer):
        return f"a function was expected, and a {type(answer).__name__} came"
    for k, arguments in enumerate(truth.arguments, start=1):
        try:
            mine = answer(*arguments)
        except Exception as error:  # whatever a learner's code does, the class goes on
            return f"on hidden case {k} the function raised {type(error).__name__}: {error}"
        if wrong := difference(mine, truth.function(*arguments), rtol):
            return f"on hidden case {k}, {wrong}"
    return ""


@dataclass(frozen=True)
class Guess:
    """A question whose computed answer is folded away until the reader opens it; needs no kernel to be read.

    Args:
        question: what to predict.
        options: what one may choose from; none for an open guess.
        truth: works out the answer.
    """

    question: str
    options: tuple[str, ...]
    truth: Callable[[], Any]

    def _repr_html_(self) -> str:
        truth = self.truth()
        shown = f"{truth:.4g}" if isinstance(truth, float | np.floating) else str(truth)
        name = f"guess-{crc32(self.question.encode())}"
        choices = "".join(
            f'<label><input type="radio" name="{name}"> {escape(option)}</label><br>' for option in self.options
        )
        return (
            f'<div class="aeslib-guess"><p><b>Predict before you reveal.</b> {escape(self.question)}</p>{choices}'
            f"<details><summary>I have made my guess: show what was computed</summary><p><b>{escape(shown)}</b></p>"
            "</details></div>"
        )


@exercise("00.1", "Take the mean of (status is done) within each paper.")
def _(index: Any) -> str:
    return str((index["status"] == "done").groupby(index["paper"], sort=False).mean().idxmax())


@exercise("00.2", "Round what was computed to as many digits as are printed, then compare.")
def _() -> list[bool]:
    from aeslib.published.beside import agrees

    return [agrees(0.7749, 0.78, "0.78"), agrees(0.7749, 0.775, "0.775")]


@exercise("00.3", "Look only at data sets that are not real yet.")
def _(have: Any) -> str:
    return str(have[have["level"] != "real"]["unlocks"].idxmax())


@exercise("01.1", "Divide the standard deviation by the width of the scale.")
def _(spread: Any, width: Any) -> str:
    return str((spread["std"] / width).idxmin())


@exercise("01.3", "An id is in trouble when it stands in more than one split.")
def _(released: Any) -> int:
    return int(released.table.frame.groupby("image_id")["split"].nunique().gt(1).sum())


@exercise("02.1", "Only scores on an edge are counted differently: how many stand at exactly 5, and at exactly 6?")
def _(aadb10: Any) -> list[int]:
    return [int((aadb10.round(9) == edge).sum()) for edge in (5, 6)]


@exercise("02.2", "Use eleven equally wide edges, 0 to 10, for both, and compare their measures of imbalance.")
def _(aadb10: Any, tad66k: Any) -> str:
    return "AADB" if np.std(aadb10) > np.std(tad66k) else "TAD66K"


@exercise("12.1", "What is every cosine when all features are the same?", rtol=1e-4)
def _() -> Cases:
    import torch

    from aeslib.elta.flsa import alignment

    def truth(s: Any) -> float:
        return float(alignment(torch.ones(len(s), 2), torch.tensor(s)))

    return Cases(truth, (([1.0, 3.0, 5.0],), ([2.0, 2.5, 9.0, 4.0],)))


@exercise("13.2", "Multiply mean error by count, NaN as zero, and take where it is smallest: [β, t].")
def _(error: Any, count: Any) -> list[float]:
    from aeslib.elta.apds import BETAS, THRESHOLDS

    at = divmod(int((error.nan_to_num(0) * count).argmin()), len(THRESHOLDS))
    return [BETAS[at[0]], THRESHOLDS[at[1]]]


@exercise("40.1", "Use nlargest on the column of parameters.")
def _(layers: Any) -> list[int]:
    return [int(n) for n in layers["parameters"].nlargest(2)]


@exercise("40.2", "Multiply-adds grow with the area, so with the square of the side.", rtol=2e-2)
def _(work: Any) -> float:
    return float(224 * np.sqrt(work["Pan et al., 2019"] / work["Ours"]))


@exercise("60.1", "Take the mean of (verdict is contradicted) within each kind.")
def _(claims: Any) -> str:
    return str((claims["verdict"] == "contradicted").groupby(claims["kind"]).mean().idxmax())


@exercise("60.3", "One true statement in twenty is called false at the 5 % level.")
def _() -> float:
    return 200 * 0.05


@exercise("10.2", "The score of each picture is its one feature, the interval its class.")
def _(pictures: Any, interval: Any) -> float:
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(pictures.targets["score"][:, None], interval))


@exercise("11.1", "Divide τ₂ by the distance; the exponent is asked for, before exp.")
def _() -> float:
    return 10 / 0.01


@exercise("11.2", "Join the λ of all drawn pairs and take their median.", rtol=1e-3)
def _(drawn: Any) -> float:
    return float(np.median(np.concatenate([pairs.lam.numpy() for pairs in drawn])))


@exercise("14.1", "Errors of FLSA+APDS over errors of all three, minus one: [L, H], as shares.")
def _(table: Any) -> list[float]:
    here = table.pivot(index="row", columns="metric", values="here")
    change = here.loc["FLSA+APDS"] / here.loc["TFA+FLSA+APDS"] - 1
    return [float(change[metric]) for metric in "LH"]


@exercise("14.2", "A fifth of L, three fifths of M and a fifth of H: TFA minus none. A gain is negative.")
def _(table: Any) -> float:
    here = table.pivot(index="row", columns="metric", values="here")
    overall = 0.2 * here["L"] + 0.6 * here["M"] + 0.2 * here["H"]
    return float(overall["TFA"] - overall["none"])


@exercise("15.1", "An interval excludes zero when its low end is above zero or its high end below.", rtol=1e-6)
def _(ours: Any) -> int:
    return int(((ours["change low"] > 0) | (ours["change high"] < 0)).sum())


@exercise("50.2", "Steps times pictures in a batch.", rtol=1e-6)
def _() -> int:
    return 25 * 96


@exercise("52.2", "B is A times the root of the number of bins, ten in AVA; compute both for any two histograms.")
def _() -> float:
    import torch

    from aeslib.aestheticnet import self_weighted_emd

    p, q = torch.full((1, 10), 0.1), torch.arange(1.0, 11)[None] / 55
    return float(self_weighted_emd(q, p, variant="B") / self_weighted_emd(q, p, variant="A"))


@exercise("61.2", "A mean of squares minus the square of a mean has a name.")
def _() -> Cases:
    return Cases(lambda distances: float(np.var(distances)), (([0.1, 0.3, 0.2],), ([0.5],), ([0.0, 1.0],)))


@exercise("03.1", "The ceiling's square is the share of opinion; chance over opinion shrinks as one over the votes.")
def _(ceilings: Any) -> float:
    r = float(ceilings.loc["AADB", "PLCC"])
    return 5 * (1 / r**2 - 1) / (1 / 0.97**2 - 1)


@exercise("03.2", "Rank the pictures for each crowd and take the row where ranks differ most.", rtol=1e-9)
def _(scores: Any) -> int:
    ranks = scores.rank(pct=True)
    return int((ranks["FLICKR-AES"] - ranks["PARA"]).abs().idxmax())


@exercise("20.2", "What is left of a token after 64 steps is exp(-64 Δ).")
def _() -> float:
    return float(np.log(2) / 64)


@exercise(
    "43.2",
    "Correct for halved votes; the root of the reliability bounds the correlation.",
    rtol=1e-4,
)
def _() -> Cases:
    return Cases(lambda r: float(np.sqrt(2 * r / (1 + r))), ((0.5,), (0.81,), (0.1,)))


@exercise("04.1", "Take the mean over seeds first, the rank correlation after it.", rtol=1e-3)
def _(results: Any, truth: Any) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(results.stacked("pred", method="cnn", start="pretext").mean(0), truth).statistic)


@exercise("04.3", "The gap ends at 1; what lies above the ceiling is noise.")
def _(agreement: Any, best: Any) -> float:
    return np.nan if best is None else float((1 - best.srcc) / (1 - agreement["value"].max()))


@exercise("16.1", "The batch comes first, the mixed scores after it; λ is the weight of i.", rtol=1e-4)
def _() -> Cases:
    import torch

    from aeslib.elta.tfa import Pairs

    def truth(scores: np.ndarray, i: np.ndarray, j: np.ndarray, lam: np.ndarray) -> np.ndarray:
        return Pairs(*map(torch.from_numpy, (i, j, lam))).append(torch.from_numpy(scores)).numpy()

    one = (np.array([2.0, 5.0, 8.0]), np.array([0]), np.array([2]), np.array([0.75]))
    two = (np.array([4.0, 5.5]), np.array([1, 0]), np.array([0, 1]), np.array([0.5, 0.1]))
    return Cases(truth, (one, two))


@exercise("16.2", "Pivot the published table: a line per host, a column per row of the table.")
def _() -> float:
    from aeslib.published import table

    printed = table("elta.T3").query("column == 'SRCC'").pivot(index="group", columns="row", values="value")
    return float(printed["none"].corr(printed["TFA+FLSA+APDS"] - printed["none"], method="spearman"))


@exercise("32.1", "Take the column here at 10-shot: Ours minus Zero-shot ensemble.")
def _(choices: Any) -> float:
    here = choices.pivot(index="row", columns="metric", values="here")["10-shot"]
    return float(here["Ours"] - here["Zero-shot ensemble"])


@exercise("32.2", "A ratio of two softmax weights is exp of their difference over T.")
def _() -> list[float]:
    import torch

    from aeslib.taskvec import initial

    starts = [initial(torch.arange(6) / 10, 1, T)[:, 0] for T in (1.0, 0.1)]
    return [float(start.max() / start.min()) for start in starts]


@exercise("33.1", "Two pictures are a pair when their scores differ.", rtol=1e-6)
def _() -> list[int]:
    from aeslib.taskvec.lab import Session

    def ordered(*scores: float) -> int:
        session = Session(tuple(("rate", str(k), score) for k, score in enumerate(scores)))
        return len(session.pairs({str(k): k for k in range(len(scores))}))

    return [ordered(3, 3, 3, 3, 3), ordered(1, 2, 2, 3, 4)]


@exercise("33.2", "Simulate with duels=False and duels=True, seed 0, and take the value of the lead from lab.margin.")
def _(gallery: Any, rater: Any) -> list[float]:
    from aeslib.taskvec import lab

    sessions = [lab.simulate(gallery, rater, 20, duels=duels) for duels in (False, True)]
    return [lab.margin(gallery, session, rater.opinion, resamples=1)[1].value for session in sessions]


@exercise("41.1", "Set 1.96 √2 (1 - ρ²) / √n equal to the lead and solve for n.", rtol=5e-2)
def _() -> float:
    return 2 * (1.96 * (1 - 0.7**2) / (0.7067 - 0.7041)) ** 2 / 1000


@exercise("41.2", "Draw the votes anew with per_image=2 and the same seed, without a model.")
def _(w: Any, seed: int) -> float:
    from aeslib.mtcnn.humans import consistency, uneven_votes

    two = consistency(uneven_votes(w.opinion, w.spec.habits, per_image=2, spread=1.0, seed=seed))
    return float((two["SRCC"] - two["SRCC_out"]).mean())


@exercise("42.1", "Call ceiling for both with the same size and seed, and take srcc.", rtol=1e-3)
def _(size: int, seed: int) -> list[float]:
    from aeslib.data.synthetic import ceiling

    return [ceiling(key, size=size, seed=seed).srcc for key in ("eva", "aadb")]


@exercise("42.2", "Stretch around overall.mean() and give that to by_range; its first line is the network.")
def _(truth: Any, overall: Any, edges: Any) -> list[float]:
    from aeslib.imbalance import Bins
    from aeslib.mtcnn.coverage import coverage

    found = [coverage(truth[:, 0], row, Bins(edges)) for row in 2 * overall - overall.mean()]
    return [float(np.mean([part.bins for part in found])), float(np.mean([part.images for part in found]))]


@exercise("21.1", "Take the share above the threshold, or below where that is larger, in each data set.")
def _(truth: Any) -> str:
    from aeslib.studies.aesmamba import NAMES, THRESHOLD

    good = {NAMES[key]: float((scores > THRESHOLD[key]).mean()) for key, scores in truth.items()}
    return max(good, key=lambda name: max(good[name], 1 - good[name]))


@exercise("21.2", "The cross-entropy of equal chances is the logarithm of their number; then weigh it.")
def _() -> float:
    from aeslib.aesmamba.model import Objective

    return float(Objective().lam * np.log(8))


@exercise("22.1", "Both leads stand in the column of changes, by rival.")
def _(ahead: Any) -> float:
    ava = ahead[(ahead["group"] == "AVA-Captions") & (ahead["metric"] == "SRCC")].set_index("rival")["change"]
    return float(ava["AesMamba-M, comments shuffled"] / ava["AesMamba-V"])


@exercise("22.2", "Divide the gain of AesMamba-M by 1 minus the SRCC of AesMamba-V.")
def _(t2: Any) -> str:
    srcc = t2[t2["metric"] == "SRCC"].pivot(index="group", columns="row", values="here")
    return str(((srcc["AesMamba-M"] - srcc["AesMamba-V"]) / (1 - srcc["AesMamba-V"])).idxmax())


@exercise("51.1", "Write skip_connect for every operation of both cells and read the size in the title.", rtol=1e-6)
def _(config: Any) -> int:
    from aeslib.aestheticnet import PDARTS, Genotype
    from aeslib.aestheticnet.network import score_model
    from aeslib.backbones import count_parameters

    cells = [tuple(("skip_connect", state) for _, state in cell) for cell in (PDARTS.normal, PDARTS.reduce)]
    return count_parameters(lambda: score_model(Genotype(*cells), config, tuple(range(1, 11))))


@exercise("51.2", "Pair by seed: random over searched, minus one, without its sign.")
def _(frame: Any) -> float:
    size = frame.pivot_table(index="seed", columns="net", values="parameters")
    return float((size["random"] / size["searched"] - 1).abs().max())


@exercise("53.1", "Subtract two lines of the table of prices.", rtol=1e-6)
def _(costs: Any) -> int:
    return int(costs.loc["published size + CBAM", "parameters"] - costs.loc["published size", "parameters"])


@exercise("53.2", "Above the median of the true means or not: compare truth and prediction at that threshold.")
def _(base: Any) -> list[float]:
    middle = np.median(base["true_mean"][0])
    above = base["true_mean"] > middle
    return [float(above[0].mean()), float(((base["mean"] > middle) == above).mean())]


@exercise("54.1", "The name of a picture begins with its reference; the judged ones are those of the test pictures.")
def _(parts: Any) -> float:
    from aeslib.studies.aestheticnet import reference_of

    learnt, judged = (reference_of(list(part.ids)) for part in (parts["image"].train, parts["image"].test))
    return float(np.isin(learnt, judged).mean())


@exercise("54.2", "Make histograms of the same means with both spreads; what is computed from the mean alone stays.")
def _() -> set[str]:
    import torch

    from aeslib.aestheticnet import histogram_of
    from aeslib.losses import emd
    from aeslib.metrics import plcc, srcc

    scores, means, said = np.arange(10.0), np.array([3.0, 4.5, 5.5]), np.array([3.5, 4.0, 6.0])
    pred = torch.from_numpy(histogram_of(said, np.ones(3), scores))
    found = []
    for spread in (0.5, 2.0):
        true = histogram_of(means, np.full(3, spread), scores)
        there = {
            name: float(emd(pred, torch.from_numpy(true), r=r).mean()) for name, r in (("EMD", 2), ("EMD, r = 1", 1))
        }
        there |= {f"{name} (mean)": float(f(said, true @ scores)) for name, f in (("PLCC", plcc), ("SRCC", srcc))}
        found.append(there)
    return {name for name, value in found[0].items() if not np.isclose(value, found[1][name], rtol=1e-3)}


@exercise("62.1", "Its low end lies above the plain CNN's high end, or its high end below the low one.")
def _(points: Any) -> set[str]:
    from aeslib.studies.together import PLAIN

    rows = points.set_index("row")
    plain = rows.loc[PLAIN]
    return set(rows.index[(rows["low"] > plain["high"]) | (rows["high"] < plain["low"])])


@exercise("62.2", "Take the column of seconds: the largest over the plain CNN's.")
def _(points: Any) -> float:
    from aeslib.studies.together import PLAIN

    seconds = points.set_index("row")["seconds"]
    return float(seconds.max() / seconds[PLAIN])


@exercise("62.3", "A 95 % interval of nothing excludes zero in one case of twenty; count the cells of both.")
def _(combos: Any) -> float:
    return 0.05 * sum(len(made) for made in combos.values())


@exercise("23.1", "Rank both columns of the SRCC rows, largest first.")
def _(averages: Any) -> list[float]:
    encoders = averages[(averages["metric"] == "SRCC") & (averages["row"] != "AesMamba-F")]
    srcc = encoders.set_index("row")[["printed", "mean of nine"]]
    return [float(rank) for rank in srcc.rank(ascending=False).loc["ResNeXt50"]]


@exercise("23.2", "The column `images` counts the test images of a class.")
def _(points: Any) -> float:
    return float(1 / np.sqrt(points["images"].min() - 1))


@exercise("23.3", "Keep the chosen lines of balanced classes and count those with the weight 0.001.", rtol=1e-6)
def _(weights: Any) -> int:
    from aeslib.aesmamba.model import LAMBDA

    chosen = weights[weights["chosen"] & (weights["row"] == "C: balanced classes")]
    return int((chosen["weight"] == LAMBDA).sum())


@exercise("24.1", "Divide two numbers of the column change, both without fine-tuning.", rtol=2e-2)
def _(own_or_another: Any) -> float:
    from aeslib.studies.aesmamba_people import TRUTH

    change = own_or_another[own_or_another["group"] == "no fine-tuning"].set_index("row")["change"]
    return float(change["AesMamba-P"] / change.get(TRUTH, np.nan))


@exercise("24.2", "Both changes are against the generic model; their difference is the prompt's.", rtol=2e-2)
def _(f8: Any) -> float:
    gain = f8[f8["group"] == "many pictures"].set_index("row")["change"]
    return float(1 - gain["no prompt"] / gain["AesMamba-P"])


@exercise("30.1", "Take the layer with the highest mean cosine over pairs.")
def _(layerwise: Any) -> str:
    return str(layerwise["mean"].idxmax())


@exercise("30.2", "Write the product of one vector with the sum, and the squared length of the sum, in terms of c.")
def _(upper: Any) -> list[float]:
    return [float(np.sqrt((1 + 5 * np.mean(upper)) / 6)), float(np.sqrt(1 / 6))]


@exercise("31.1", "Equal values share the mean of their ranks.")
def _() -> float:
    from scipy.stats import spearmanr

    return float(spearmanr([1, 2, 3, 7, 8, 9], [0, 0, 0, 1, 1, 1]).statistic)


@exercise("31.2", "Two paired differences, each a mean over users and draws.")
def _(found: Any) -> list[float]:
    before, ensemble, ours = (
        found["aadb"][name][100].mean() for name in ("Zero-shot, mean of six", "Zero-shot ensemble", "Ours")
    )
    return [float(ensemble - before), float(ours - ensemble)]
