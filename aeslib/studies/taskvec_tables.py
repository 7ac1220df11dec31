"""Tables of the task-vector chapters from the arrays of their runs.

Letters: S trials (draws of the support, over all sets of task vectors) · U users · n tasks · L layers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from aeslib.metrics import STATISTICS, Interval, bootstrap, weighted_mean
from aeslib.profiles import Profile
from aeslib.published import value, wide
from aeslib.seeding import torch_generator
from aeslib.studies.core import Results
from aeslib.studies.effects import columns_of, verdict
from aeslib.taskvec.protocol import SHOTS
from aeslib.taskvec.vectors import TaskStack, cosines

NAMES = {"ava": "AVA", "flickr_aes": "Flickr-AES", "tad66k": "TAD66K", "para": "PARA", "koniq10k": "KonIQ-10K",
         "spaq": "SPAQ", "real_cur": "REAL-CUR", "aadb": "AADB"}  # fmt: skip
PERMUTATIONS = 200


def mean_over_users(values: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(R,) of per-user SRCC (U,): the statistic whose bootstrap draws users and trials."""
    return weighted_mean(values, weights)


def over_users(values: np.ndarray, profile: Profile, minus: np.ndarray | None = None) -> Interval:
    """Mean of (S, U) per-user SRCC, or of a paired difference, with its interval over users and trials."""
    nothing = np.zeros(values.shape[1])
    return bootstrap(mean_over_users, values, nothing, minus=minus, resamples=profile.bootstrap)


def row(runs: Results, name: str, shots: int, **config: object) -> np.ndarray:
    """(S, U) of one method, all sets of task vectors."""
    found = runs.stacked(f"{name} {shots}", **config)
    return found.reshape(-1, found.shape[-1])


def rows(runs: Results, names: Sequence[str], **config: object) -> dict[str, dict[int, np.ndarray]]:
    """Method → shots → (S, U)."""
    return {name: {k: row(runs, name, k, **config) for k in SHOTS} for name in names}


def compared(
    found: Mapping[str, Mapping[int, np.ndarray]], item: str, profile: Profile, own: str = "Ours"
) -> pd.DataFrame:
    """A line per method and number of images: published ± std, here with interval, and the lead of `own` over it.

    A lead is paired by user and trial; where a method had fewer trials or users, those that both had are compared.
    Published methods that are not run here keep their published numbers.
    """
    printed, spread = wide(item), wide(item, cell="std")
    made = []
    for name in dict.fromkeys([*printed.index, *found]):
        for shots in SHOTS:
            metric = f"{shots}-shot"
            known = {"published": printed[metric].get(name, np.nan), "published std": spread[metric].get(name, np.nan)}
            line: dict[str, object] = {"row": name, "metric": metric, **known}
            if name in found:
                values = found[name][shots]
                here, spread_here = (
                    over_users(values, profile),
                    values.mean(1).std(ddof=1) if len(values) > 1 else np.nan,
                )
                line |= {"here": here.value, "low": here.low, "high": here.high, "std": spread_here,
                         "seeds": len(values), "users": values.shape[1]}  # fmt: skip
                if name != own:
                    line |= lead(
                        found[own][shots], values, printed[metric].get(own, np.nan) - known["published"], profile
                    )
            made.append(line)
    return pd.DataFrame(made).round(4)


def lead(mine: np.ndarray, others: np.ndarray, claimed: float, profile: Profile) -> dict[str, object]:
    """Columns published change, change (mine − others), its ends, mde, verdict, on the trials and users both have."""
    count, users = (min(a, b) for a, b in zip(mine.shape, others.shape, strict=True))
    change = over_users(mine[:count, :users], profile, minus=others[:count, :users])
    return {"published change": claimed, **columns_of(change, count), "verdict": verdict(change, claimed, count)}


def leads(table: pd.DataFrame, own: str = "Ours") -> pd.DataFrame:
    """The same leads as lines of `own` against each rival, for the ledger."""
    kept = table[table["change"].notna()]
    made = kept.assign(rival=kept["row"], row=own)
    return made[
        ["row", "rival", "metric", "change", "change low", "change high", "mde", "seeds", "published change", "verdict"]
    ]


def generic(runs: Results, key: str, item: str, profile: Profile) -> pd.DataFrame:
    """taskvec Tables 8 to 12: one task model on its own test pictures, both sizes, against training the head alone.

    Published methods that are not run here keep their published numbers.
    """
    truth = runs.stacked("truth", data=key, which="large")[0]
    methods = {"Head only": runs.stacked("head only", data=key, which="large"),
               "Ours (ViT-B/16)": runs.stacked("pred", data=key, which="small"),
               "Ours (ViT-L/14)": runs.stacked("pred", data=key, which="large")}  # fmt: skip
    made = []
    for name, pred in methods.items():
        for metric in ("PLCC", "SRCC"):
            here = bootstrap(STATISTICS[metric], pred, truth, resamples=profile.bootstrap)
            line: dict[str, object] = {"row": name, "metric": metric, "here": here.value, "low": here.low,
                                       "high": here.high, "seeds": len(pred)}  # fmt: skip
            if name != "Head only":
                rivals = methods["Head only"][: len(pred)]  # the small size may have fewer seeds
                change = bootstrap(STATISTICS[metric], pred, truth, minus=rivals, resamples=profile.bootstrap)
                line |= {"published": value(item, name, metric), **columns_of(change, len(pred))}
            made.append(line)
    printed = wide(item).drop(index=list(methods), errors="ignore").rename_axis("row").reset_index()
    others = printed.melt("row", var_name="metric", value_name="published").dropna()
    return pd.concat([pd.DataFrame(made), others], ignore_index=True).round(4)


def null_cosines(stack: TaskStack, names: Sequence[str], seed: int = 0) -> np.ndarray:
    """(PERMUTATIONS,) cosines of pairs of task vectors, one permuted within each layer: what chance alone gives."""
    generator, made = torch_generator(seed), []
    pairs = [(i, j) for i in range(stack.n) for j in range(i)]
    for k in range(PERMUTATIONS):
        i, j = pairs[k % len(pairs)]
        parts = [stack.stacked[name] for name in names]
        mixed = torch.cat([p[j][torch.randperm(p.shape[1], generator=generator)] for p in parts])
        made.append(float(torch.nn.functional.cosine_similarity(torch.cat([p[i] for p in parts]), mixed, dim=0)))
    return np.array(made)


def by_layer(stack: TaskStack) -> pd.DataFrame:
    """Cosines over pairs of tasks in every layer, in order of depth, with the band of permuted vectors."""
    vectors, upper = [stack.vector(i) for i in range(stack.n)], np.triu_indices(stack.n, 1)
    made = []
    for name in stack.counted:
        found = cosines(vectors, [name]).numpy()[upper]
        low, high = np.percentile(null_cosines(stack, [name]), [2.5, 97.5])
        made.append({"layer": name.removeprefix("encoder.net."), "mean": found.mean(), "low": found.min(),
                     "high": found.max(), "null low": low, "null high": high,
                     "entries": stack.stacked[name].shape[1]})  # fmt: skip
    return pd.DataFrame(made).set_index("layer").round(4)


def plane(stack: TaskStack, alphas: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray], float]:
    """Task vectors (n, 2) and combinations Σ α_i τ_i in the plane that keeps most of the squared lengths."""
    flat = torch.stack([stack.vector(i).flat() for i in range(stack.n)])
    u, s, _ = torch.linalg.svd(flat, full_matrices=False)
    places = (u[:, :2] * s[:2]).numpy()
    share = float((s[:2].square().sum() / s.square().sum()).item())
    return places, {name: weights @ places for name, weights in alphas.items()}, share
