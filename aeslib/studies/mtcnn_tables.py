"""Tables of the multi-task chapters from the arrays of their runs: published, here with intervals, paired changes.

Letters: S seeds · N test images · K outputs, overall score first.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from aeslib.imbalance import Bins
from aeslib.metrics import STATISTICS, Interval, bootstrap, over_seeds
from aeslib.mtcnn.coverage import coverage
from aeslib.mtcnn.maps import LAYERS
from aeslib.profiles import Profile
from aeslib.published import wide
from aeslib.seeding import numpy_generator
from aeslib.studies.core import Results
from aeslib.studies.effects import columns_of, verdict

SRCC = STATISTICS["SRCC"]
STAGES = {"first": "Training", "second": "Fine-tuning"}
"""Stage → its column in the paper's tables."""

PRINTED = {
    "aadb": {
        "Content": "Content", "Vivid Color": "VividColor", "Object Emphasis": "Object", "Color Harmony": "ColorHarmony",
        "Depth of Field": "DoF", "Lighting": "Light", "Balancing Elements": "BalacingElements",
        "Rule of Thirds": "RuleOfThirds", "Motion Blur": "MotionBlur", "Symmetry": "Symmetry",
        "Repetition": "Repetition",
    },
    "eva": {
        "Light and color": "light", "Composition and depth": "composition", "Quality": "quality",
        "Semantics": "semantics",
    },
}  # fmt: skip
"""Attributes as the paper's tables name them → as the data sets do."""


def changed(
    now: np.ndarray, before: np.ndarray, truth: np.ndarray, claimed: float, profile: Profile
) -> dict[str, object]:
    """Columns published change, change, change low, change high, mde, verdict of SRCC from `before` to `now` (S, N)."""
    change = bootstrap(SRCC, now, truth, minus=before, resamples=profile.bootstrap)
    return {"published change": round(claimed, 4), **columns_of(change, len(now)),
            "verdict": verdict(change, claimed, len(now))}  # fmt: skip


def measured(pred: np.ndarray, truth: np.ndarray, profile: Profile, label: str = "") -> dict[str, float]:
    """Columns here, low, high of SRCC over images and seeds, each behind `label`."""
    found = bootstrap(SRCC, pred, truth, resamples=profile.bootstrap)
    return {f"{label}{name}": value for name, value in zip(("here", "low", "high"), _parts(found), strict=True)}


def _parts(found: Interval) -> tuple[float, float, float]:
    return found.value, found.low, found.high


def by_output(
    item: str, shown: Mapping[str, int], truth: np.ndarray, first: np.ndarray, second: np.ndarray, profile: Profile
) -> pd.DataFrame:
    """mtcnn Tables 5 and 10: SRCC of every output after each stage.

    Args:
        item: of the published table, with columns Training and Fine-tuning.
        shown: the row's printed label → its output; outputs that are not printed may be among them.
        truth: (N, K).
        first: (S, N, K) predictions after the first stage.
        second: after the second.
        profile: its number of resamples.
    """
    printed, made = wide(item), []
    for name, k in shown.items():
        line: dict[str, object] = {"row": name, "metric": "SRCC", "seeds": len(first)}
        for stage, pred in (("first", first), ("second", second)):
            line[f"published {STAGES[stage]}"] = printed[STAGES[stage]].get(name, np.nan)
            line |= measured(pred[:, :, k], truth[:, k], profile, f"{STAGES[stage]} ")
        claimed = printed["Fine-tuning"].get(name, np.nan) - printed["Training"].get(name, np.nan)
        made.append(line | changed(second[:, :, k], first[:, :, k], truth[:, k], claimed, profile))
    return pd.DataFrame(made).round(4)


def by_tasks(runs: Results, key: str, published: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """mtcnn Tables 6 and 8: the overall score, all tasks against it alone, after each stage.

    Args:
        runs: of "mtcnn.tasks".
        key: data set.
        published: rows Multi-task and Single-task, columns Training and Fine-tuning where printed.
        profile: its number of resamples.
    """
    made = []
    for stage, column in STAGES.items():
        kinds = {kind: runs.stacked(stage, data=key, kind=kind)[:, :, 0] for kind in ("multi", "single")}
        truth = runs.stacked("truth", data=key, kind="single")[0, :, 0]
        for kind, row in (("single", "Single-task"), ("multi", "Multi-task")):
            value = published[column].get(row, np.nan) if column in published else np.nan
            line = {"stage": column, "row": row, "metric": "SRCC", "published": value, "seeds": len(kinds[kind])}
            line |= measured(kinds[kind], truth, profile)
            if kind == "multi":
                claimed = value - published[column].get("Single-task", np.nan) if column in published else np.nan
                line |= changed(kinds["multi"], kinds["single"], truth, claimed, profile)
            made.append(line)
    return pd.DataFrame(made).round(4)


def by_range(truth: np.ndarray, pred: np.ndarray, bins: Bins, seed: int = 0) -> pd.DataFrame:
    """Coverage counted both ways, for predictions (S, N), the same shuffled, and the mean as the only prediction."""
    rng, made = numpy_generator(seed), []
    kinds = {"network": pred, "network, shuffled": np.stack([rng.permutation(row) for row in pred]),
             "always the mean": np.full_like(pred, truth.mean())}  # fmt: skip
    for name, rows in kinds.items():
        found = [coverage(truth, row, bins) for row in rows]
        rho = [SRCC(row, truth, np.ones((1, len(truth))))[0] for row in rows]
        means = {part: np.mean([getattr(f, part) for f in found]) for part in ("low", "high", "bins", "images")}
        made.append({"predictions": name, **means, "SRCC": np.mean(rho)})
    named = {"bins": "covered: whole bins (paper)", "images": "covered: images", "low": "lowest", "high": "highest"}
    return pd.DataFrame(made).rename(columns=named).round(4)


def by_map(runs: Results, key: str) -> pd.DataFrame:
    """Grad-CAM against random maps: mean change of the score under deletion and insertion, with Student's interval.

    Maps of one network share its faults: the unit is the picture for one seed, the seed (mean over pictures) for more.
    Pictures whose Grad-CAM map marks no place are left out, and counted in "empty maps".
    """
    found = runs.stacked("faithfulness", data=key, kind="multi")  # (S, layer, curve, kind of map, B)
    gap = found[:, :, :, 0] - found[:, :, :, 1]
    made = []
    for i, layer in enumerate(LAYERS):
        for j, (curve, wanted) in enumerate((("deletion", "below 0"), ("insertion", "above 0"))):
            used = np.isfinite(gap[:, i, j])  # (S, B)
            sums = np.where(used, gap[:, i, j], 0).sum(-1)
            values = gap[0, i, j][used[0]] if len(gap) == 1 else sums[used.any(-1)] / used.sum(-1)[used.any(-1)]
            interval = over_seeds(values) if len(values) else Interval(np.nan, np.nan, np.nan)
            both = [np.mean(found[:, i, j, kind][used]) if used.any() else np.nan for kind in (0, 1)]
            beats = interval.high < 0 if curve == "deletion" else interval.low > 0
            made.append({"layer": layer, "curve": curve, "Grad-CAM": both[0], "random maps": both[1],
                         "empty maps": int((~used).sum()), "difference": interval.value, "low": interval.low,
                         "high": interval.high, "wanted": wanted, "beats chance": bool(beats),
                         "seeds": int(used.any(-1).sum())})  # fmt: skip
    return pd.DataFrame(made).round(4)


def to_overall(scores: np.ndarray, names: Mapping[str, int]) -> pd.Series:
    """Spearman's ρ of the overall score with each named output of (N, K) scores, or the mean over (S, N, K)."""
    rows = scores[None] if scores.ndim == 2 else scores
    one = np.ones((1, rows.shape[1]))
    return pd.Series({name: np.mean([SRCC(r[:, k], r[:, 0], one)[0] for r in rows]) for name, k in names.items()})
