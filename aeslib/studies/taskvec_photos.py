"""A check on real pixels: what models of drawn scenes say of the photographs of OASIS, where those are at hand."""

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from aeslib.data import load
from aeslib.data.transforms import RECIPES
from aeslib.metrics import STATISTICS, bootstrap
from aeslib.profiles import Profile
from aeslib.seeding import moved
from aeslib.studies.parts import side_of
from aeslib.studies.taskvec_tables import NAMES
from aeslib.studies.taskvec_tasks import stack_of, start_model, tower_features
from aeslib.studies.taskvec_views import Users, alone, plain, scores_of
from aeslib.taskvec.baselines import ridge
from aeslib.taskvec.tasks import TASKS

KEY = "oasis_beauty"


def photographs(profile: Profile) -> tuple[tuple[str, ...], np.ndarray, np.ndarray] | None:
    """Return N readable photographs: ids, (N, 3, S, S) uint8 images and (N,) mean beauty from 1 to 7.

    None where the photographs are not at hand; `DataError` where too many are missing or unreadable.
    """
    data = load(KEY)
    if data.source != "real":
        return None
    data, store = data.decoded(size=side_of("taskvec", profile), fit=RECIPES["taskvec"].fit)
    ids = tuple(data.table.frame["image_id"])
    return ids, store.images(ids), data.table.mos


def by_own_ratings(features: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) ridge predictions, each by a model that has not seen its picture (five parts)."""
    made = np.empty(len(truth))
    for learn, test in KFold(5, shuffle=True, random_state=moved(0)).split(features):
        made[test] = ridge(features, learn, truth[learn])[test]
    return made


def photograph_check(profile: Profile) -> pd.DataFrame | None:
    """SRCC with the photographs' ratings, with intervals over pictures; None where they are not at hand."""
    there = photographs(profile)
    if there is None:
        return None
    _, shown, truth = there
    nobody = Users(shown, (), np.empty(0), np.empty(0), KEY, "real", "")
    model, stack = stack_of("large", profile, 0)
    zero = np.stack([scores_of(model, stack.merged(alone(stack, i)), nobody) for i in range(stack.n)])
    start = start_model("large", profile, 0)
    methods = {
        "ridge on frozen features, their own ratings": by_own_ratings(tower_features(start, plain(shown)), truth)
    }
    methods |= {NAMES[key]: scores for key, scores in zip(TASKS, zero, strict=True)} | {"mean of the six": zero.mean(0)}
    made = []
    for name, scores in methods.items():
        found = bootstrap(STATISTICS["SRCC"], scores, truth, resamples=profile.bootstrap)
        made.append(
            {"model": name, "SRCC": found.value, "low": found.low, "high": found.high, "photographs": len(truth)}
        )
    return pd.DataFrame(made).round(3)
