"""Every paper's method side by side, and what combines with what: the same pictures, steps, optimiser and seeds.

In the small size every encoder stays as its pretext left it, each on the same scenes, and what is trained is a neck and
a head. In the paper size all is trained. All scores are on one axis from 1 to 10 (`on_template`), so that errors can be
compared and models of several data sets merged.
"""

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import mse_loss

from aeslib.aesmamba import vmamba  # noqa: F401 - registers itself
from aeslib.aesmamba.mba import class_counts, score_classes
from aeslib.aesmamba.model import AesMamba, Objective, expected_scores
from aeslib.aestheticnet.losses import histogram_of, self_weighted_emd
from aeslib.aestheticnet.network import multiply_adds
from aeslib.backbones import ScoreModel
from aeslib.data.sources import cached
from aeslib.elta.apds import search
from aeslib.elta.objective import Elta, SelfTraining
from aeslib.elta.tfa import TFA
from aeslib.metrics import srcc
from aeslib.mtcnn.start import NORMALISED
from aeslib.mtcnn.targets import columns
from aeslib.profiles import Profile, Size
from aeslib.seeding import hash_seed, numpy_generator, seeded, torch_generator
from aeslib.studies.aestheticnet import SIDE, STD, seen
from aeslib.studies.core import Outcome, Study, run_study
from aeslib.studies.effects import rescaled
from aeslib.studies.elta import BATCH, MIXED, WEIGHT
from aeslib.studies.frozen import Neck, blind, features, start_of, with_targets
from aeslib.studies.mtcnn import scaling_of
from aeslib.studies.parts import Parts, parts
from aeslib.studies.taskvec import small
from aeslib.studies.training import baseline
from aeslib.taskvec.coefficients import initial
from aeslib.taskvec.network import TEMPLATE
from aeslib.taskvec.solve import solve_exact
from aeslib.taskvec.tasks import on_template
from aeslib.taskvec.vectors import TaskStack, TaskVector, parameters_of
from aeslib.training import Batches, FitConfig, fit, predict
from aeslib.training.batches import Batch
from aeslib.training.pretext import pretrained

JUDGED = ("ava", "aadb")
"""Data sets on which all is compared: votes and no attributes, a mean score and eleven attributes."""
TASKS = (*JUDGED, "para")
"""Data sets whose task vectors are merged; the judged one's own is left out."""
DARTS = "darts"
NETWORKS = {"cnn": "plain CNN", "swinv2": "SwinV2", NORMALISED: "VGG16", DARTS: "P-DARTS's cells", "vmamba": "VMamba"}
"""Encoder → its name in tables."""
MODULES = {
    "": "no module",
    "elta": "TFA + FLSA",
    "self-weighted": "self-weighted EMD",
    "attributes": "attributes",
    "elta+attributes": "TFA + FLSA + attributes",
    "balanced": "balanced classes",
    "elta+apds": "TFA + FLSA + APDS",
}
"""What is added to a network → its name in tables."""
PLAIN = "Plain CNN"
METHODS = {PLAIN: ("cnn", ""), "ELTA": ("swinv2", "elta"), "ELTA + APDS": ("swinv2", "elta+apds"),
           "Multi-task CNN": (NORMALISED, "attributes"), "AestheticNet": (DARTS, "self-weighted"),
           "AesMamba": ("vmamba", "balanced")}  # fmt: skip
"""Row → network and module, as each paper has them."""
MERGED = ("cnn", DARTS, "vmamba")
"""Networks whose task vectors are merged."""
SHOTS = 100
"""Pictures of the judged data set from which coefficients are learnt."""
SPAN = TEMPLATE[-1] - TEMPLATE[0]
MEASURED = 32
"""Pictures of the step whose memory is counted."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One training."""

    data: str
    network: str = "cnn"
    modules: str = ""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Task vectors of all other data sets, merged and judged on this one."""

    data: str
    network: str = "cnn"
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Trivial:
    """Both baselines that hardly look."""

    data: str


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one network costs."""

    network: str


# --- data ---


@cached(maxsize=len(TASKS))
def shown_of(key: str, profile: Profile) -> Parts:
    """Pictures of one data set with `score`, `target` (histogram where votes are published, else the score) and `hist`.

    Where no votes are published `hist` is the histogram of greatest entropy with a spread of one point, as for TID2013.
    """
    found = parts(key, profile, batch_size=BATCH[profile.size], paper="elta")
    names = ("Overall", *found.attributes)
    bins = np.array(TEMPLATE, float)

    def on_axis(data: Batches) -> dict[str, np.ndarray]:
        native, votes = data.targets["score"], data.targets.get("hist")
        score = on_template(native, found.score_range)
        made = {"score": score, "native": native, "target": score}
        if votes is not None and votes.shape[1] == len(bins):
            made["hist"] = made["target"] = votes
        else:
            made["hist"] = histogram_of(score, np.full(len(score), STD), bins).astype(np.float32)
        if found.attributes:
            both = columns(native, data.targets["attributes"], names)
            made["attributes"] = scaling_of(key).unit(both)[:, 1:]
        return made

    return replace(with_targets(found, on_axis), bins=tuple(TEMPLATE))


def sized(network: str, profile: Profile) -> Profile:
    """The profile at the side that a network sees: P-DARTS's cells have small pictures in the small size."""
    return replace(profile, image_size=SIDE["small"]) if network == DARTS and profile.size == "small" else profile


@cached(maxsize=len(TASKS) * len(NETWORKS))
def data_of(key: str, network: str, profile: Profile) -> Parts:
    """`shown_of`, in the small size with the frozen features in place of the pictures."""
    found = shown_of(key, profile)
    if profile.size == "paper":
        return found
    own = sized(network, profile)

    def read(data: Batches) -> Batches:
        plain = replace(data, targets={}, augment=None)
        shown = seen(plain, own.image_size) if own.image_size != profile.image_size else plain
        return blind(replace(data, targets={**data.targets, "features": features(network, shown, own)}))

    return replace(found, train=read(found.train), val=read(found.val), test=read(found.test))


def x_of(profile: Profile) -> str:
    """What models encode."""
    return "image" if profile.size == "paper" else "features"


# --- one training ---


class WithAttributes(ScoreModel):
    """A score head and, beside it on the same z, one sigmoid for each attribute (mtcnn 3)."""

    def __init__(self, encoder: nn.Module, count: int) -> None:
        super().__init__(encoder, TEMPLATE)
        self.attributes = nn.Linear(encoder.num_features, count)  # type: ignore[arg-type]


def new_model(cell: Cell, profile: Profile) -> nn.Module:
    """A fresh model; weights depend on the seed alone, and so are the same for all data sets."""
    data = data_of(cell.data, cell.network, profile)
    with seeded(hash_seed(cell.seed, 60)):
        if profile.size == "paper":
            encoder: nn.Module = pretrained(cell.network, profile)
        else:
            encoder = Neck(data.train.targets["features"].shape[1])
        if cell.modules == "balanced":
            return with_classes(cell.data, encoder, data)
        if "attributes" in cell.modules:
            return WithAttributes(encoder, len(data.attributes))
        return ScoreModel(encoder, TEMPLATE)


def with_classes(key: str, encoder: nn.Module, data: Parts) -> AesMamba:
    """AesMamba's variant V: adapter, score head and class head."""
    train = data.train.targets
    classes = class_counts(key, train["native"][:, None]).shape[1]
    outputs = train["target"].shape[1] if train["target"].ndim == 2 else 1
    model = AesMamba(encoder, ("aesthetic",), outputs=outputs, classes=classes, heads=4, hidden=64)
    if outputs == 1:
        model.mba.start_at({"aesthetic": float(train["score"].mean())})
    return model


def labelled(cell: Cell, data: Batches) -> Batches:
    """With score classes, and scores as one column, where the module asks for them."""
    if cell.modules != "balanced":
        return data
    made = {**data.targets, "label": score_classes(cell.data, data.targets["native"][:, None])}
    if made["target"].ndim == 1:
        made["target"] = made["target"][:, None]
    return replace(data, targets=made)


@dataclass(frozen=True, kw_only=True)
class Combined:
    """The loss of a `ScoreModel` with any of ELTA's, AestheticNet's and the multi-task network's parts."""

    modules: str
    x: str
    size: Size = "small"

    @property
    def elta(self) -> Elta:
        """Supervised loss, with TFA and FLSA where they are asked for."""
        on = "elta" in self.modules
        return Elta(tfa=TFA(n=MIXED[self.size]) if on else None, flsa=WEIGHT[self.size] if on else 0.0, x=self.x)

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        """Loss of one batch."""
        if self.modules == "self-weighted":
            return self_weighted_emd(model(batch[self.x]).softmax(-1), batch["hist"]).mean(), {}
        loss, logs = self.elta(model, batch)
        if "attributes" in self.modules:
            told = model.attributes(model.encode(batch[self.x])).sigmoid()  # type: ignore[operator]
            apart = mse_loss(told, batch["attributes"], reduction="none").mean(0).sum()
            loss, logs = (
                loss + SPAN**2 * apart,
                {**logs, "attributes": apart.detach()},
            )  # all outputs alike (mtcnn Eq 2)
        return loss, logs


def objective_of(cell: Cell, profile: Profile) -> Combined | Objective:
    """The loss of a training."""
    if cell.modules != "balanced":
        return Combined(modules=cell.modules, x=x_of(profile), size=profile.size)
    native = data_of(cell.data, cell.network, profile).train.targets["native"]
    return Objective(counts=torch.from_numpy(class_counts(cell.data, native[:, None])).float(), x=x_of(profile))


def config_of(profile: Profile, seed: int) -> FitConfig:
    """One for all: as many steps, the same optimiser and rate; nobody is tuned."""
    if profile.size == "paper":
        return FitConfig(epochs=profile.epochs, lr=1e-5, schedule="cosine", clip=1.0, seed=seed)
    return FitConfig(epochs=2 * profile.epochs, lr=5e-3, schedule="cosine", clip=1.0, seed=seed)


def scores_of(model: nn.Module, data: Batches, x: str) -> np.ndarray:
    """(N,) scores on the axis."""

    def one(m: nn.Module, batch: Batch) -> Tensor:
        made = m(batch[x])
        if isinstance(m, ScoreModel):
            return m.score(made)
        bins = torch.tensor(TEMPLATE).to(batch[x]) if made.scores.shape[-1] > 1 else None
        return expected_scores(made, bins)[:, 0]

    return predict(model, data, one)


def extra_round(cell: Cell, model: nn.Module, profile: Profile) -> float:
    """ELTA's APDS: as many steps again, with pseudo-labelled training pictures of the other data sets (elta 3.5).

    Returns:
        The share of them that passed; 0: the round was skipped.
    """
    data, x = data_of(cell.data, cell.network, profile), x_of(profile)

    def logits(part: Batches) -> Tensor:
        return torch.from_numpy(predict(model, part, lambda m, batch: m(batch[x])))

    found = search(logits(data.val), torch.from_numpy(data.val.targets["score"]), model.bins)  # type: ignore[arg-type]
    if found is None:
        return 0.0
    pool = pool_of(cell, profile)
    told = logits(pool)
    keep = found.keeps(told, model.bins).numpy()  # type: ignore[arg-type]
    shares = told.softmax(-1)
    target = shares if data.train.targets["target"].ndim == 2 else shares @ model.bins  # type: ignore[operator]
    known = replace(pool, targets={**pool.targets, "target": target.numpy(), "keep": keep})
    objective = SelfTraining(base=Combined(modules=cell.modules, x=x, size=profile.size).elta, pool=known)
    fit(model, objective, data.train, config_of(profile, hash_seed(cell.seed, 61) % 2**31), progress="")
    return float(keep.mean())


def pool_of(cell: Cell, profile: Profile) -> Batches:
    """Training pictures of another data set without their labels: the next one of `TASKS`."""
    other = TASKS[(TASKS.index(cell.data) + 1) % len(TASKS)]
    pool = data_of(other, cell.network, profile).train
    return replace(pool, targets={name: pool.targets[name] for name in ("features",) if name in pool.targets})


def compute(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """One training: test and validation scores, CPU seconds of its steps, and the weights of plain models."""
    data, x = data_of(cell.data, cell.network, profile), x_of(profile)
    model, objective = new_model(cell, profile), objective_of(cell, profile)
    train = labelled(cell, data.train)
    begun, point = time.process_time(), checkpoint if profile.size == "paper" else None  # small ones take a second
    fit(model, objective, train, config_of(profile, cell.seed), checkpoint=point, progress="")
    passed = extra_round(cell, model, profile) if "apds" in cell.modules else np.nan
    spent = time.process_time() - begun
    arrays = {"pred": scores_of(model, data.test, x), "val": scores_of(model, data.val, x)}
    metrics = {"fit_seconds": spent, "passed": passed, "steps": float(train.steps * config_of(profile, 0).epochs),
               "parameters": float(sum(p.numel() for p in model.parameters())),
               "SRCC": float(srcc(arrays["pred"], data.test.targets["score"]))}  # fmt: skip
    if not cell.modules:
        arrays |= {f"weight {name}": value.cpu().numpy() for name, value in parameters_of(model).items()}
    return Outcome(metrics, arrays)


# --- task vectors ---


class Scored(nn.Module):
    """A `ScoreModel` that gives scores, which is what task vectors are merged for."""

    def __init__(self, model: ScoreModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """(B,) scores."""
        return self.model.score(self.model(x))


def stack_of(merge: Merge, profile: Profile) -> tuple[Scored, TaskStack]:
    """The architecture and the task vectors of all data sets but the judged one, from their plain trainings."""
    others = [Cell(data=key, network=merge.network, seed=merge.seed) for key in TASKS if key != merge.data]
    runs = run_study(replace(RUNS, grid=lambda _: others), profile, progress=False)
    model = new_model(others[0], profile)
    assert isinstance(model, ScoreModel)
    start = {f"model.{name}": value for name, value in parameters_of(model).items()}
    tuned = []
    for key in runs.frame["key"]:
        arrays = runs.arrays(key)
        tuned.append({name: torch.from_numpy(arrays[f"weight {name.removeprefix('model.')}"]) for name in start})
    return Scored(model).eval(), TaskStack(start, [TaskVector.between(start, weights) for weights in tuned])


def merge(config: Merge, profile: Profile, checkpoint: Path) -> Outcome:
    """Scores of each other data set's model, of their uniform merge, and with coefficients learnt from few pictures."""
    data, x = data_of(config.data, config.network, profile), x_of(profile)
    model, stack = stack_of(config, profile)

    def under(alpha: Tensor, part: Batches) -> np.ndarray:
        model.load_state_dict(stack.merged(alpha), strict=False)
        return predict(model, part, lambda m, batch: m(batch[x]))

    rng = numpy_generator([config.seed, 62])
    support = data.train.take(np.sort(rng.permutation(len(data.train))[:SHOTS]))
    truth = support.targets["score"]
    begun = time.process_time()
    single = [torch.eye(stack.n)[k][:, None].expand(stack.shape) for k in range(stack.n)]
    begin = initial(torch.tensor([float(srcc(under(a, support), truth)) for a in single]), stack.shape[1])
    given = support.batch(np.arange(len(support)))
    learnt = small(profile, len(support))
    alpha = solve_exact(model, stack, given[x], given["score"], begin, learnt, torch_generator(config.seed))
    spent = time.process_time() - begun
    few = rescaled(under(alpha, data.test)[None], under(alpha, support)[None], truth)[0]
    uniform = under(torch.full(stack.shape, 1 / stack.n), data.test)
    arrays = {"few": few, "merged": uniform, "single": np.stack([under(a, data.test) for a in single])}
    return Outcome({"fit_seconds": spent}, arrays)


# --- baselines and prices ---


def trivial(config: Trivial, profile: Profile, checkpoint: Path) -> Outcome:
    """The training mean for everybody, and a ridge regression on colour statistics."""
    data = shown_of(config.data, profile)
    begun = time.process_time()
    colour = baseline(data)
    spent = time.process_time() - begun
    mean = np.full(len(data.test), data.train.targets["score"].mean())
    return Outcome({"fit_seconds": spent}, {"mean": mean, "colour": colour})


def price(config: Price, profile: Profile, checkpoint: Path) -> Outcome:
    """Parameters, multiply-adds, CPU seconds and memory of one encoder.

    Seconds are those of a forward pass, a picture, the better of two. Memory is counted, not sampled: weights,
    gradients and Adam's two moments, and all that autograd keeps for the backward pass of a step of `MEASURED`
    pictures, when the whole network is trained as in the papers; each storage counts once.
    """
    own = sized(config.network, profile)
    encoder = start_of(config.network, own) if profile.size == "small" else pretrained(config.network, profile)
    plain = replace(shown_of(JUDGED[0], profile).test, targets={}, batch_size=MEASURED)
    few = seen(plain.take(np.arange(min(256, len(plain)))), own.image_size)
    spent = []
    for _ in range(2):
        begun = time.process_time()
        predict(encoder, few)
        spent.append((time.process_time() - begun) / len(few))
    count = sum(p.numel() for p in encoder.parameters())
    image = few.batch(np.arange(min(MEASURED, len(few))))["image"]
    made = {
        "parameters": count,
        "multiply_adds": multiply_adds(encoder, own.image_size),
        "forward_seconds": min(spent),
        "memory": 16 * count + kept_for_backward(encoder, image),
    }
    return Outcome({name: float(value) for name, value in made.items()}, {})


def kept_for_backward(encoder: nn.Module, image: Tensor) -> int:
    """Bytes that autograd keeps of a forward pass in training mode, apart from the weights."""
    model = copy.deepcopy(encoder).requires_grad_(True).train()
    own, held = {p.untyped_storage().data_ptr() for p in model.parameters()}, {}

    def pack(tensor: Tensor) -> Tensor:
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        out = model(image)
    del out
    return sum(size for place, size in held.items() if place not in own)


# --- the grids ---


def seeds_of(profile: Profile) -> range:
    """Three of five: what the time of a laptop allows."""
    return range(profile.fewer_seeds)


def everything(profile: Profile) -> list[Cell]:
    """Methods as published, each network without module, and what can be combined; tasks for the vectors."""
    pairs = {key: [(name, module) for name in NETWORKS for module in ("", "elta")] for key in JUDGED}
    for key, wanted in pairs.items():
        wanted += [(name, "self-weighted") for name in MERGED]
        if key != "ava":  # its attributes are not published
            wanted += [(name, "attributes") for name in ("cnn", NORMALISED, "vmamba")]
            wanted += [(name, "elta+attributes") for name in (NORMALISED, "vmamba")]
        wanted += [("swinv2", "elta+apds"), ("vmamba", "balanced")]
    pairs["para"] = [(name, "") for name in MERGED]
    return [Cell(data=key, network=name, modules=module, seed=seed)
            for key, wanted in pairs.items() for name, module in wanted for seed in seeds_of(profile)]  # fmt: skip


def merges(profile: Profile) -> list[Merge]:
    """On every judged data set with the networks of `MERGED`."""
    return [Merge(data=key, network=name, seed=s) for key in JUDGED for name in MERGED for s in seeds_of(profile)]


def trivials(profile: Profile) -> list[Trivial]:
    """One for each judged data set."""
    return [Trivial(data=key) for key in JUDGED]


def prices(profile: Profile) -> list[Price]:
    """One for each network."""
    return [Price(network=name) for name in NETWORKS]


study = partial(Study, data=TASKS)
RUNS = study("together.methods", everything, compute, undefined=("passed",))  # NaN without a second round
MERGES = study("together.vectors", merges, merge)
TRIVIALS = study("together.trivial", trivials, trivial, data=JUDGED)
PRICES = study("together.prices", prices, price, data=JUDGED[:1])
