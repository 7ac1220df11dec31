"""Personal models of `taskvec`: every runnable method on every world, and the ablations.

In the small size coefficients are learnt to first order (`aeslib.taskvec.solve`); the exact solver stands beside it.

Letters: n tasks · M pictures · U users · T trials (draws of the rated images) · R runs (users × trials).
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from aeslib.data.sources import cached
from aeslib.profiles import Profile
from aeslib.seeding import torch_generator
from aeslib.studies.core import Outcome, Study
from aeslib.studies.parts import parts
from aeslib.studies.taskvec_tasks import sets, stack_of, start_model, tower_features
from aeslib.studies.taskvec_views import (
    USERS,
    Seen,
    Users,
    View,
    all_views,
    alone,
    decoded,
    plain,
    rated,
    ratings_of,
    seen,
    users_of,
)
from aeslib.taskvec.baselines import MetaHead, Pam, fine_tuned, ridge
from aeslib.taskvec.coefficients import Personal, initial
from aeslib.taskvec.network import TaskModel, Which, layers
from aeslib.taskvec.protocol import SHOTS, Trial, agreement, trials
from aeslib.taskvec.solve import Tangent, solve_exact, solve_tangent, tangent
from aeslib.taskvec.tasks import TASKS, on_template
from aeslib.taskvec.vectors import parameters_of

SMALL, STEPS = Personal(lr=1e-3, final_lr=1e-4), 5
"""In the small size: sixteen layers move the network further per step than 296.

Both rates, and the steps per rated image, were chosen on users of another seed; the printed schedule is in 32.
"""


def small(profile: Profile, rated: int) -> Personal:
    """How coefficients are learnt in the small size; in a profile of few epochs with fewer steps."""
    return replace(SMALL, steps=min(STEPS, 1 + profile.epochs) * rated)


EXACT_USERS = {10: 8, 100: 2}
"""Users for whom every step is computed in full (exact solver, fine-tuning): first draw, first set only."""


@dataclass(frozen=True)
class Bench:
    """Users, their trials for one number of images, and what the tasks say: what every method is given."""

    users: Users
    seen: Seen
    plan: list[Trial]
    start: np.ndarray
    """(R, n) SRCC of every task model on each trial's support."""

    @classmethod
    def of(cls, view: View, profile: Profile, shots: int) -> "Bench":
        """Trials of one set of task vectors: their draws differ from those of the other sets."""
        users, known = users_of(view.world, profile), seen(view, profile)
        plan = trials(users.people, shots, profile.seeds, seed=view.seed)
        start = [
            [agreement(zero[users.people[t.user].rows], users.people, t, "support") for zero in known.zero]
            for t in plan
        ]
        return cls(users, known, plan, np.array(start))

    @property
    def rows(self) -> np.ndarray:
        """(R, K) pictures of each support."""
        return np.stack([self.users.people[t.user].rows[t.support] for t in self.plan])

    @property
    def given(self) -> np.ndarray:
        """(R, K) their ratings."""
        return np.stack([self.users.people[t.user].scores[t.support] for t in self.plan])

    def judged(self, predict: Callable[[int, Trial], np.ndarray]) -> np.ndarray:
        """(T, U) SRCC on the other pictures; `predict` gives (N,) scores of all of the trial's user's pictures."""
        found = [agreement(predict(r, trial), self.users.people, trial) for r, trial in enumerate(self.plan)]
        return np.array(found).reshape(len(self.users.people), -1).T

    def fixed(self, scores: np.ndarray) -> np.ndarray:
        """(T, U) of scores (M,) that do not depend on the trial."""
        return self.judged(lambda _, trial: self.of_user(scores, trial))

    def of_user(self, scores: np.ndarray, trial: Trial) -> np.ndarray:
        """(N,) those of (M,) that belong to the trial's user."""
        return scores[self.users.people[trial.user].rows]

    def learnt(self, config: Personal, known: Tangent | None = None, tasks: int | None = None) -> Tensor:
        """(R, n, L) coefficients to first order."""
        known = known or self.seen.tangent
        begin = initial(torch.from_numpy(self.start[:, :tasks]).float(), known.centre.shape[1], config.temperature)
        rows, given = torch.from_numpy(self.rows), torch.from_numpy(self.given)
        return solve_tangent(known, rows, given, begin, config, torch_generator(0))

    def under(self, alpha: Tensor, known: Tangent | None = None) -> np.ndarray:
        """(T, U) of coefficients (R, n, L)."""
        known = known or self.seen.tangent
        return self.judged(lambda r, t: known.at(torch.from_numpy(self.users.people[t.user].rows), alpha[r]).numpy())


def personal(profile: Profile, shots: int) -> Personal:
    """How coefficients are learnt: as released in the paper size."""
    return (
        Personal(pairs="half", dropout=True)
        if profile.size == "paper"
        else replace(SMALL, steps=(1 + profile.epochs) * shots)
    )


def untrained(bench: Bench) -> dict[str, np.ndarray]:
    """Rows that learn nothing: the mean of the models' SRCC, the SRCC of their mean score, the best on the support."""
    each = np.stack([bench.fixed(zero) for zero in bench.seen.zero], -1)  # (T, U, n)
    best = bench.judged(lambda r, t: bench.of_user(bench.seen.zero[bench.start[r].argmax()], t))
    mean = bench.fixed(bench.seen.zero.mean(0))
    return {
        "each": each,
        "Zero-shot, mean of six": each.mean(-1),
        "Zero-shot ensemble": mean,
        "Zero-shot, best fit": best,
    }


def baselines(bench: Bench, view: View, profile: Profile) -> dict[str, np.ndarray]:
    """Rows that learn without task vectors."""
    features, users, flickr = bench.seen.features, bench.users, TASKS.index("flickr_aes")

    def fitted(method: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], shown: np.ndarray) -> np.ndarray:
        def one(_: int, trial: Trial) -> np.ndarray:
            mine = users.people[trial.user]
            return method(shown[mine.rows], trial.support, mine.scores[trial.support])

        return bench.judged(one)

    made = {
        "Ridge on frozen features": fitted(ridge, features),
        "Ridge on six scores": fitted(ridge, bench.seen.zero.T),
    }
    pam = pam_of(view, profile)
    for label, kinds in PAM.items():
        made[label] = bench.judged(partial(_pam_scores, bench, pam, flickr, kinds))
    meta, z = meta_head(view.which, profile, view.seed), torch.from_numpy(flickr_features(view, profile))
    made["BLG-PIAA"] = fitted(lambda f, s, y: _meta_scores(meta, f, s, y), z.numpy())
    return made


PAM = {"PAM (attribute only)": ("attributes",), "PAM (content only)": ("contents",), "PAM": ("attributes", "contents")}


def _pam_scores(bench: Bench, pam: Pam, flickr: int, kinds: Sequence[str], _: int, trial: Trial) -> np.ndarray:
    mine = bench.users.people[trial.user]
    part = Pam(pam.attributes[mine.rows], pam.contents[mine.rows])
    return part.predict(bench.of_user(bench.seen.zero[flickr], trial), trial.support, mine.scores[trial.support], kinds)


def _meta_scores(meta: MetaHead, features: np.ndarray, support: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return meta.predict(torch.from_numpy(features), torch.from_numpy(support), torch.from_numpy(scores)).numpy()


@cached(maxsize=2)
def pam_of(view: View, profile: Profile) -> Pam:
    """Attributes as AADB names them, learnt from AADB's own training pictures on frozen features."""
    data = parts("aadb", profile, paper="taskvec").train
    model = start_model(view.which, profile, view.seed)
    return Pam.of(seen(view, profile).features, tower_features(model, data), data.targets["attributes"])


def flickr_model(which: Which, profile: Profile, seed: int) -> TaskModel:
    """The task model of Flickr-AES, the generic model that PAM and BLG-PIAA start from."""
    architecture, stack = stack_of(which, profile, seed)
    model = copy.deepcopy(architecture)
    model.load_state_dict(stack.merged(alone(stack, TASKS.index("flickr_aes"))), strict=False)
    return model.eval()


@cached(maxsize=2)
def flickr_features(view: View, profile: Profile) -> np.ndarray:
    """(M, d) of the users' pictures from Flickr-AES's tower."""
    shown = users_of(view.world, profile).images
    return tower_features(flickr_model(view.which, profile, view.seed), plain(shown))


@cached(maxsize=2)
def meta_head(which: Which, profile: Profile, seed: int) -> MetaHead:
    """A head meta-trained on the raters of Flickr-AES's training pictures."""
    model = flickr_model(which, profile, seed)
    found, images_of = decoded(rated("flickr_aes", 0, profile, "train").split("train"), 0, profile)
    frame = found.table.frame
    ids, row = np.unique(frame["image_id"].to_numpy(str), return_inverse=True)
    z = torch.from_numpy(tower_features(model, plain(images_of(ids.tolist()))))
    frame = frame.assign(row=row, target=on_template(frame["score"].to_numpy(), found.table.score_range))
    people = [
        (torch.tensor(one["row"].to_numpy()), torch.tensor(one["target"].to_numpy()))
        for _, one in frame.groupby("user_id")
    ]
    made = MetaHead(model, torch_generator(seed))
    made.fit(z, people, steps=50 * profile.epochs)
    return made


def run_users(view: View, profile: Profile, checkpoint: Path) -> Outcome:
    """taskvec Tables 2 to 4: every runnable method on one world, for 10 and for 100 images."""
    users, known = users_of(view.world, profile), seen(view, profile)
    tower = len(layers(stack_of(view.which, profile, view.seed)[1].names))
    all_images = [[agreement(z[p.rows], users.people, Trial(u, p.rows[:0], np.arange(len(p.rows)))) for z in known.zero]
                  for u, p in enumerate(users.people)]  # fmt: skip
    arrays = {"kind": users.kind, "ceiling": users.ceiling, "zero": np.array(all_images)}
    for shots in SHOTS:
        bench = Bench.of(view, profile, shots)
        alpha = bench.learnt(personal(profile, shots))
        found = untrained(bench) | baselines(bench, view, profile) | {"Ours": bench.under(alpha)}
        arrays |= {f"{name} {shots}": value for name, value in found.items()}
        shape = (len(users.people), -1, alpha.shape[1])
        arrays[f"alpha {shots}"] = alpha[..., :tower].mean(-1).reshape(shape).transpose(0, 1).numpy()  # (T, U, n)
    return Outcome({f"Ours {k}": float(arrays[f"Ours {k}"].mean()) for k in SHOTS}, arrays)


FLICKR_RATERS = ratings_of("flickr_aes", seed=0, split="train")
"""The reading behind `meta_head`."""
USER_RUNS = Study("taskvec.users", all_views, run_users, (*TASKS, *USERS, "aadb", FLICKR_RATERS), reads=("seeds",))


# --- ablations, all on REAL-CUR as in the paper ---


def run_ablation(view: View, profile: Profile, checkpoint: Path) -> Outcome:
    """taskvec Tables 5 to 7 and Figure 5: starts, losses, one coefficient per task, fewer tasks, and both solvers."""
    arrays: dict[str, np.ndarray] = {}
    for shots in SHOTS:
        bench = Bench.of(view, profile, shots)
        found = {
            name: bench.under(bench.learnt(variant)) for name, variant in variants(personal(profile, shots)).items()
        }
        if view.which == "large" and view.seed == 0:
            found |= fewer_tasks(bench, view, profile) | exact_rows(bench, view, profile)
        arrays |= {f"{name} {shots}": value for name, value in found.items()}
    return Outcome({}, arrays)


def variants(config: Personal) -> dict[str, Personal]:
    """Rows of Tables 6 and 7; the squared error gets twice the steps (App C)."""
    return {
        "Adaptive init.": config,
        "Uniform init.": replace(config, temperature=float("inf")),
        "Best-fit init.": replace(config, temperature=0.0),
        "Adaptive init. (T = 0.1)": replace(config, temperature=0.1),
        "Ours (MSE loss)": replace(config, loss="squared", steps=2 * config.steps),
        "Ours (layer-agnostic)": replace(config, layer_wise=False),
        "Ours (printed schedule)": replace(config, steps=500, lr=1e-2, final_lr=1e-3),
    }


def all_ablations(profile: Profile) -> list[View]:
    """REAL-CUR by both sizes."""
    return [*(View(seed=seed) for seed in range(sets(profile))), View(which="small")]


def first_trials(bench: Bench, count: int) -> list[tuple[int, Trial]]:
    """The first draw of the first users, with their places in the plan."""
    chosen = [(r, trial) for r, trial in enumerate(bench.plan) if r == 0 or bench.plan[r - 1].user != trial.user]
    return chosen[:count]


def exact_rows(bench: Bench, view: View, profile: Profile) -> dict[str, np.ndarray]:
    """(1, users) of the exact solver, of the first-order one and of best-fit fine-tuning (Table 5), same draws."""
    model, stack = stack_of(view.which, profile, view.seed)
    shots = bench.rows.shape[1]
    config, quick = personal(profile, shots), bench.learnt(personal(profile, shots))
    begin = initial(torch.from_numpy(bench.start).float(), stack.shape[1], config.temperature)
    found: dict[str, list[float]] = {"Exact": [], "First order": [], "Best-fit FT": []}
    for r, trial in first_trials(bench, EXACT_USERS[shots] if profile.seeds > 1 else 1):
        mine = bench.users.people[trial.user]
        shown, given = bench.users.batch(mine.rows[trial.support]), torch.from_numpy(mine.scores[trial.support])
        alpha = solve_exact(model, stack, shown, given, begin[r], config, torch_generator(0))
        best = stack.merged(alone(stack, int(bench.start[r].argmax())))
        scores = {
            "Exact": scored(model, stack.merged(alpha), bench.users, mine.rows),
            "First order": bench.seen.tangent.at(torch.from_numpy(mine.rows), quick[r]).numpy(),
            "Best-fit FT": scored(*tuned(model, best, shown, given, profile), bench.users, mine.rows),
        }
        for name, pred in scores.items():
            found[name].append(agreement(pred, bench.users.people, trial))
    return {name: np.array([row]) for name, row in found.items()}


def scored(model: TaskModel, weights: dict[str, Tensor], users: Users, rows: np.ndarray) -> np.ndarray:
    """(N,) scores of some pictures."""
    with torch.inference_mode():
        return functional_call(model, weights, (users.batch(rows),)).numpy()


def tuned(
    model: TaskModel, weights: dict[str, Tensor], shown: Tensor, given: Tensor, profile: Profile
) -> tuple[TaskModel, dict[str, Tensor]]:
    """A copy of the model fine-tuned from these weights on one support, and its weights."""
    paper, mine = profile.size == "paper", copy.deepcopy(model)
    mine.load_state_dict(weights, strict=False)
    lr = 1e-5 if paper else 1e-3
    config = replace(personal(profile, len(given)), lr=lr, final_lr=lr / 10, steps=500 if paper else 60)
    fine_tuned(mine, shown, given, config, torch_generator(0))
    return mine, parameters_of(mine)


@cached(maxsize=len(TASKS))
def tangent_of(view: View, tasks: int, profile: Profile) -> Tangent:
    """Around the uniform merge of the first tasks."""
    users, (model, stack) = users_of(view.world, profile), stack_of(view.which, profile, view.seed)
    fewer = stack.take(range(tasks))
    return tangent(model, fewer, users.batch, len(users.images), torch.full(fewer.shape, 1 / tasks))


def fewer_tasks(bench: Bench, view: View, profile: Profile) -> dict[str, np.ndarray]:
    """Figure 5: the first task, the first two … in the paper's order."""
    made = {}
    for tasks in range(1, len(TASKS)):
        known = tangent_of(view, tasks, profile)
        made[f"first {tasks}"] = bench.under(bench.learnt(personal(profile, bench.rows.shape[1]), known, tasks), known)
    return made


ABLATIONS = Study("taskvec.ablation", all_ablations, run_ablation, (*TASKS, ratings_of("real_cur")), reads=("seeds",))
