"""Task models of `taskvec`: six data sets, each fine-tuned from one start, and the vectors that come of them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from aeslib.data.sources import cached
from aeslib.profiles import Profile
from aeslib.seeding import seeded
from aeslib.studies.core import Outcome, Study, run_study
from aeslib.studies.parts import Parts, parts
from aeslib.taskvec.network import TaskModel, Which, encoder_of
from aeslib.taskvec.tasks import TASKS, objective, on_template, phases, shared_head
from aeslib.taskvec.vectors import TaskStack, TaskVector, parameters_of
from aeslib.training import Batches, fit, predict
from aeslib.training.pretext import pretrained


def sets(profile: Profile) -> int:
    """How many sets of task vectors, each with a head and an order of batches of its own."""
    return min(2, profile.seeds)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One fine-tuning."""

    data: str = "ava"
    which: Which = "large"
    seed: int = 0


@cached(maxsize=1)
def task_parts(key: str, profile: Profile) -> Parts:
    """Pictures of one data set with `target` on the template's scale, and `hist` only where it has ten steps."""
    found = parts(key, profile, paper="taskvec")

    def ready(data: Batches) -> Batches:
        made = {"target": on_template(data.targets["score"], found.score_range)}
        if data.targets.get("hist", np.empty((0, 0))).shape[1] == 10:
            made["hist"] = data.targets["hist"]
        return replace(data, targets=made)

    return replace(found, train=ready(found.train), val=ready(found.val), test=ready(found.test))


def start_model(which: Which, profile: Profile, seed: int) -> TaskModel:
    """θ_pre: the pretrained tower with the random head that all tasks of this seed start from."""
    paper = profile.size == "paper"
    tower = pretrained(encoder_of(which, profile.size), profile, progress=False)
    with seeded(seed):
        model = TaskModel(tower, hidden=512 if paper else 64)
    shared_head(seed, model)
    return model.eval()


def tower_features(model: TaskModel, data: Batches) -> np.ndarray:
    """(N, d) of unchanged pictures."""
    return predict(model, replace(data, augment=None, targets={}), lambda m, b: m.encoder(b["image"]))  # type: ignore[operator]


def run_task(task: Task, profile: Profile, checkpoint: Path) -> Outcome:
    """Both phases on one data set: test scores after each, and the weights."""
    data, model, plan = (
        task_parts(task.data, profile),
        start_model(task.which, profile, task.seed),
        phases(profile, task.seed),
    )
    seen = {**data.train.targets, "features": tower_features(model, data.train)}
    blank, rows = np.zeros((1, 3, 1, 1), np.uint8), np.zeros(len(data.train), int)
    head = replace(data.train, images=blank, rows=rows, targets=seen, augment=None, evaluate=None)
    fit(model, objective, replace(head, batch_size=plan.batch[0]), plan.head, progress="")
    first = predict(model, data.test)
    train = replace(data.train, batch_size=plan.batch[1])
    fit(model, objective, train, plan.all, checkpoint=checkpoint, progress="")
    arrays = {"head only": first, "pred": predict(model, data.test), "truth": data.test.targets["target"]}
    return Outcome({}, arrays | {f"weight {name}": p.cpu().numpy() for name, p in parameters_of(model).items()})


def all_tasks(profile: Profile) -> list[Task]:
    """taskvec Tables 8 to 12 and all task vectors; the smaller network has one set."""
    large = [Task(data=key, seed=seed) for seed in range(sets(profile)) for key in TASKS]
    return large + [Task(data=key, which="small") for key in TASKS]


TASK_RUNS = Study("taskvec.tasks", all_tasks, run_task, TASKS)


@cached(maxsize=4)
def stack_of(which: Which, profile: Profile, seed: int) -> tuple[TaskModel, TaskStack]:
    """The architecture and the six task vectors of one seed, from their runs; neither is to be changed."""
    chosen = replace(TASK_RUNS, grid=lambda _: [Task(data=k, which=which, seed=seed) for k in TASKS])
    runs = run_study(chosen, profile, progress=False)
    model = start_model(which, profile, seed)
    start, tuned = parameters_of(model), []
    for key in runs.frame["key"]:
        arrays = runs.arrays(key)
        tuned.append({name: torch.from_numpy(arrays[f"weight {name}"]) for name in start})
    return model, TaskStack(start, [TaskVector.between(start, weights) for weights in tuned])
