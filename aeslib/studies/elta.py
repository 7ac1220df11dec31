"""Runs behind the chapters of `elta`. One run trains one model on one data set with one choice of modules.

In the small size the encoder stays as its pretext left it: its features are computed once, and what is trained is a
neck and a head of two layers each, so that z, which TFA mixes and FLSA aligns, is learnt. In the paper size all is.
All scores are on one ten-point axis (AADB times ten, PARA doubled), the unit of τ, of L, M and H (elta 4.1, Figure 1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np
import torch
from sklearn.metrics import silhouette_score
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aeslib.backbones import ScoreModel, build
from aeslib.data import describe_source, load, pictured
from aeslib.data.sources import Origin, cached, origin_of, recording
from aeslib.elta.apds import Setting, search
from aeslib.elta.balance import FDS, SIGMA, bin_of, lds_weights
from aeslib.elta.biaa import Bilevel
from aeslib.elta.confusion import matched, neighbour_agreement
from aeslib.elta.hosts import HOSTS, encoder_of
from aeslib.elta.objective import LFDS, Elta, RankSim, SelfTraining, distance
from aeslib.elta.tfa import TFA, Level, Strategy
from aeslib.metrics import STATISTICS
from aeslib.profiles import Profile, Size
from aeslib.seeding import hash_seed, numpy_generator, seeded
from aeslib.studies.core import Outcome, Study
from aeslib.studies.frozen import Neck, blind, features, start_of, with_targets
from aeslib.studies.parts import FRESH, Parts, parts, repeated, side_of, stand_in
from aeslib.training import Batches, FitConfig, fit, predict
from aeslib.training.batches import Batch
from aeslib.training.bilevel import INNER_LR, INNER_STEPS
from aeslib.training.fit import Objective
from aeslib.training.pretext import SHARE, pretrained


class Inner(TypedDict):
    """Learning rate and number of steps of the inner level of BIAA."""

    lr: float
    steps: int


class Balance(TypedDict, total=False):
    """Fields of a `Cell` that set RankSim or L&FDS."""

    gamma: float
    width: float
    sigma: float


FACTOR = {"ava": 1.0, "aadb": 10.0, "tad66k": 1.0, "para": 2.0}
"""Data sets of elta 4.1 → what takes their scores to the ten-point axis."""
PRETEXTS = 3
"""Independent pretexts of every encoder, which the seeds take in turn: all rows of a table start alike (one image in
`SHARE`, as many epochs), and intervals over five seeds cover encoders and not only necks. Seeds that share a pretext
are not independent of each other, so an interval is a little narrower than five pretexts would make it.

Measured in the default profile on AVA, 1,000 validation images, means over three seeds of the neck. With a third of the
images two pretexts give the base an SRCC of 0.685 and 0.689, NIMA 0.696 and 0.720, MUSIQ 0.653 and 0.616; with all of
them one gives 0.732, 0.706 and 0.687. A pretext takes 21, 7 and 12 seconds of one core with a third, and 74, 16 and 44
with all. So starts differ by more than necks do (0.003), and three short pretexts cost about what one long one does."""
BATCH = {"paper": 48, "small": 96}
"""Pictures a step: the printed number, and one that halves the steps of necks at the same accuracy on validation."""
SEARCH = 1000
"""Validation images of a stand-in on which APDS is chosen; a tenth of its training images are too few to choose on."""
MIXED: dict[Size, int] = {"paper": 1, "small": 8}
"""Mixed samples a batch: as released, and the best of five on validation (`aeslib.studies.elta_tuning`), where 4, 8 and
24 tie."""
WEIGHT: dict[Size, float] = {"paper": 1.0, "small": 0.3}
"""Of the alignment loss: as released, and the best of six on validation (`aeslib.studies.elta_tuning`), where 0.03 to
0.3 tie."""
INNER: dict[Size, Inner] = {"paper": {"lr": 1e-3, "steps": 1}, "small": {"lr": INNER_LR, "steps": INNER_STEPS}}
"""Inner level of BIAA: in the small size as BLG-PIAA has it in chapter 31; in the paper size, where all of the network
is adapted and kept for the outer level, one step of a plain length that was not tried."""
RIVALS: dict[Size, dict[str, Balance]] = {
    "paper": {"L&FDS": {"width": 0.25, "sigma": SIGMA}, "RankSim": {"gamma": 1e-3}},
    "small": {"L&FDS": {"width": 1.0, "sigma": 1.0}, "RankSim": {"gamma": 3e-4}},
}
"""Settings of the methods for imbalanced regression. Small: the best of eleven each on validation, at seeds that no
table uses, as many as ELTA's own had (`aeslib.studies.elta_tuning`): L&FDS has an SRCC of 0.692 with them and 0.679
with the worst, RankSim 0.688, and breaks down from 0.03 on. Paper: plain choices, not tried; 100, RankSim's value for
ages in years, drowns a loss of 0.05."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run."""

    data: str = "ava"
    host: str = ""
    """Empty: ELTA's own backbone."""
    method: Literal["", "L&FDS", "RankSim"] = ""
    mix: Literal["", "feature", "pixel"] = ""
    """TFA; empty: off."""
    strategy: Strategy = "tfa"
    n: int = TFA.n
    tau1: float = TFA.tau1
    tau2: float = TFA.tau2
    threshold: float = TFA.threshold
    flsa: float = 0.0
    gamma: float = 1e-3
    """Of RankSim."""
    width: float = 0.25
    """Of the score bins of L&FDS, on the ten-point axis."""
    sigma: float = SIGMA
    """Of the smoothing of L&FDS, in bins."""
    extra: Literal["", "longer", "apds", "both"] = ""
    """A second round of training after the first: as the first (`longer`), with pseudo-labels, or one of each."""
    share: float = 1.0
    """Of the training images that a run sees; it repeats them up to the full number, so that steps stay equal."""
    seed: int = 0

    @property
    def pretext(self) -> int:
        """Which of the encoder's pretexts this run starts from."""
        return self.seed % PRETEXTS

    @property
    def tfa(self) -> TFA | None:
        """The sampler of this run."""
        if not self.mix:
            return None
        level: Level = self.mix
        return TFA(n=self.n, tau1=self.tau1, tau2=self.tau2, strategy=self.strategy, threshold=self.threshold,
                   level=level)  # fmt: skip


# --- data ---


def on_axis(key: str, data: Batches) -> Batches:
    """The same images with `target` and `score` on the ten-point axis."""
    score = data.targets["score"] * np.float32(FACTOR[key])
    return replace(data, targets={"score": score, "target": data.targets["hist"] if key == "ava" else score})


@cached(maxsize=4)
def ten_points(key: str, profile: Profile) -> Parts:
    """Pictures of one data set with `target` (histogram for AVA, else the score) and `score` on the ten-point axis."""
    found = parts(key, profile, batch_size=BATCH[profile.size], paper="elta")
    low, high = (FACTOR[key] * end for end in found.score_range)
    bins = found.bins if key == "ava" else tuple(float(score) for score in np.linspace(low, high, 10))
    train, val, test = (on_axis(key, data) for data in (found.train, found.val, found.test))
    return replace(found, train=train, val=val, test=test, bins=bins, score_range=(low, high))


def start(cell: Cell, profile: Profile) -> nn.Module:
    """The frozen encoder of a run in the small size, for reading only."""
    return start_of(encoder_of(cell.host, profile.size), profile, SHARE, cell.pretext)


@cached(maxsize=4 * PRETEXTS)
def prepared(key: str, host: str, profile: Profile, pretext: int = 0) -> Parts:
    """`ten_points`, with the frozen features of one pretext as another target in the small size."""
    data = ten_points(key, profile)
    if profile.size == "paper":
        return data
    name = encoder_of(host, profile.size)

    return with_targets(data, lambda part: {**part.targets, "features": features(name, part, profile, SHARE, pretext)})


@cached(maxsize=4 * PRETEXTS)
def search_set(key: str, host: str, profile: Profile, pretext: int = 0) -> Batches:
    """Labelled images on which APDS's β and t are chosen (elta Eq 9): nobody trains on them or is tested on them.

    Real data have their validation split. A stand-in has `SEARCH` images of a seed of their own, or as many as the
    profile tests on where that is less (200 in `smoke`, where nothing is concluded).
    """
    data = prepared(key, host, profile, pretext)
    if data.source == "real" or profile.size == "paper":
        return data.val
    size = min(SEARCH, profile.test_images)
    images = on_axis(key, stand_in(key, size, 2 * FRESH, side_of("elta", profile), BATCH[profile.size]))
    values = features(encoder_of(host, profile.size), images, profile, SHARE, pretext)
    return replace(images, targets={**images.targets, "features": values})


def pool_of(cell: Cell, profile: Profile) -> Batches:
    """Unlabelled pictures: a random draw from the other data sets, no more than there are to train on (elta A.2)."""
    others = [prepared(key, cell.host, profile, cell.pretext).train for key in FACTOR if key != cell.data]
    size = len(prepared(cell.data, cell.host, profile, cell.pretext).train)
    rng = numpy_generator([cell.seed, 10])
    shares = np.array_split(np.arange(min(size, sum(map(len, others)))), len(others))
    drawn = [o.take(np.sort(rng.permutation(len(o))[: len(s)])) for o, s in zip(others, shares, strict=True)]
    x = "image" if profile.size == "paper" else "features"
    if x == "image":
        pictures = np.concatenate([d.images[d.rows] if d.rows is not None else d.images for d in drawn])
        return Batches(pictures, {}, [i for d in drawn for i in d.ids], BATCH[profile.size], evaluate=drawn[0].evaluate)
    stacked = np.concatenate([d.targets[x] for d in drawn])
    ids, blank = [i for d in drawn for i in d.ids], np.zeros((1, 3, 1, 1), np.uint8)
    return Batches(blank, {x: stacked}, ids, BATCH[profile.size], rows=np.zeros(len(ids), int))


# --- one run ---


@dataclass
class Trained:
    """A model with what it was trained on."""

    model: ScoreModel
    data: Parts
    x: str
    """What the model encodes: "image" or "features"."""
    setting: Setting | None = None
    """Of pseudo-labels in the second round; None: there are none, or nothing passed."""
    passed: float = 0.0
    """Share of the pool that passed."""

    def logits(self, data: Batches) -> Tensor:
        """(N, C) on any pictures prepared in the same way."""
        return torch.from_numpy(predict(self.model, data, lambda m, batch: m(batch[self.x])))

    def z(self, data: Batches) -> Tensor:
        """(N, d) features before the head."""
        return torch.from_numpy(predict(self.model, data, lambda m, batch: m.encode(batch[self.x])))  # type: ignore[operator]

    def scores(self, data: Batches) -> np.ndarray:
        """(N,) predicted scores on the ten-point axis."""
        return self.model.score(self.logits(data)).numpy()


def new_model(cell: Cell, data: Parts, profile: Profile) -> ScoreModel:
    """A fresh model; weights depend on the seed alone."""
    with seeded(hash_seed(cell.seed, 1)):
        if profile.size == "paper":
            encoder: nn.Module = pretrained(encoder_of(cell.host, profile.size), profile)
        else:
            encoder = Neck(data.train.targets["features"].shape[1])
        model = ScoreModel(encoder, data.bins)
        if cell.host == "NIMA":
            model.head = nn.Linear(encoder.num_features, len(data.bins))  # type: ignore[assignment, arg-type]
    return model


def config_of(profile: Profile, seed: int) -> FitConfig:
    """Return how all runs are trained: as released (constant 1e-5, 20 epochs, no clipping), or as small necks need."""
    if profile.size == "paper":
        return FitConfig(epochs=profile.epochs, lr=1e-5, seed=seed)
    return FitConfig(epochs=2 * profile.epochs, lr=5e-3, schedule="cosine", seed=seed)


def first_round(cell: Cell, profile: Profile, checkpoint: Path | None = None, progress: str = "") -> Trained:
    """Train with the labelled pictures."""
    data = prepared(cell.data, cell.host, profile, cell.pretext)
    if cell.share < 1:
        data = replace(data, train=repeated(data.train, cell.share, cell.seed))
    x = "image" if profile.size == "paper" else "features"
    trained = Trained(new_model(cell, data, profile), data, x)
    train = data.train if x == "image" or cell.mix == "pixel" else blind(data.train)
    objective, after = objective_of(cell, trained, train, profile)
    fit(trained.model, objective, train, config_of(profile, cell.seed), validate=after, checkpoint=checkpoint,
        progress=progress)  # fmt: skip
    return trained


def objective_of(
    cell: Cell, trained: Trained, train: Batches, profile: Profile
) -> tuple[Objective, Callable[[nn.Module], float] | None]:
    """The objective of a run, and what has to happen after each of its epochs."""
    if cell.method == "RankSim":
        return RankSim(gamma=cell.gamma, x=trained.x), None
    if cell.method == "L&FDS":
        return lfds(trained, train, cell.width, cell.sigma)
    return supervised(cell, trained.x, profile), None


def supervised(cell: Cell, x: str, profile: Profile) -> Elta | Bilevel:
    """Supervised loss with the modules of this run; of BIAA it is the outer level of meta-learning."""
    frozen = cell.mix == "pixel" and x == "features"
    trunk = torch.no_grad()(start(cell, profile)) if frozen else None
    loss = Elta(tfa=cell.tfa, flsa=cell.flsa, x=x, trunk=trunk)
    return Bilevel(base=loss, **INNER[profile.size]) if cell.host == "BIAA" else loss


def lfds(
    trained: Trained, train: Batches, width: float = 0.25, sigma: float = SIGMA
) -> tuple[LFDS, Callable[[nn.Module], float]]:
    """LDS and FDS; the statistics are taken in a pass over the training pictures after each epoch."""
    low, high = trained.data.score_range
    k = max(5, round((high - low) / width))
    fds = FDS(trained.model.encoder.num_features, low, width, k, sigma)  # type: ignore[arg-type]
    trained.model.add_module("fds", fds)  # so that checkpoints hold its statistics
    score = torch.from_numpy(train.targets["score"])
    counts = torch.bincount(bin_of(score, low, width, k), minlength=k).float()
    weights = lds_weights(counts, sigma)

    def passes() -> Iterator[tuple[Tensor, Tensor]]:
        device = next(trained.model.parameters()).device
        with torch.no_grad():
            for batch in train.in_order():
                yield trained.model.encode(batch[trained.x].to(device)), batch["score"].to(device)

    def after(_: nn.Module) -> float:
        fds.update(passes())
        return 0.0

    return LFDS(fds=fds, weights=weights, x=trained.x), after


def extra_round(cell: Cell, profile: Profile, first: Trained, *, pseudo: bool = True) -> Trained:
    """Return the model after a second round from the weights of the first (elta 3.5, A.2).

    All rows of a table are trained for two rounds, so that no row wins by its number of steps.

    Args:
        cell: the run.
        profile: sizes.
        first: after the first round; it is left as it is.
        pseudo: with the pictures of the pool that pass; when none do, with the labelled pictures alone. False: with
            those alone, by the objective of the first round.
    """
    model = new_model(cell, first.data, profile)
    second = Trained(model, first.data, first.x)
    train = first.data.train if first.x == "image" or cell.mix == "pixel" else blind(first.data.train)
    objective, after = objective_of(cell, second, train, profile)
    model.load_state_dict(first.model.state_dict())  # with the statistics of FDS
    if pseudo:
        labelled = search_set(cell.data, cell.host, profile, cell.pretext)
        second.setting = search(first.logits(labelled), truth_of(labelled), model.bins)
    if second.setting is not None:
        pool = pool_of(cell, profile)
        logits = first.logits(pool)
        keep = second.setting.keeps(logits, model.bins).numpy()
        second.passed = float(keep.mean())
        shares = logits.softmax(-1)
        target = shares if train.targets["target"].ndim == 2 else shares @ model.bins
        pool = replace(pool, targets={**pool.targets, "target": target.numpy(), "keep": keep})
        objective = SelfTraining(base=supervised(cell, first.x, profile), pool=pool)
    fit(model, objective, train, config_of(profile, hash_seed(cell.seed, 2) % 2**31), validate=after, progress="")
    return second


def truth_of(data: Batches) -> Tensor:
    """(N,) scores."""
    return torch.from_numpy(data.targets["score"])


def compute(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """One run: predictions after each round, on validation and test pictures."""
    first = first_round(cell, profile, checkpoint if profile.size == "paper" else None)  # small ones take a second
    data = first.data
    arrays = {"truth": data.test.targets["score"], "val_truth": data.val.targets["score"],
              "pred": first.scores(data.test), "val": first.scores(data.val)}  # fmt: skip
    metrics = dict(scores_of(arrays["pred"], arrays["truth"]))
    if cell.extra in {"apds", "both"}:
        second = extra_round(cell, profile, first)
        arrays |= {"pred_apds": second.scores(data.test), "val_apds": second.scores(data.val)}
        metrics |= {"passed": second.passed, "skipped": float(second.setting is None)}
        metrics |= scores_of(arrays["pred_apds"], arrays["truth"], "_apds")
    if cell.extra in {"longer", "both"}:
        longer = extra_round(cell, profile, first, pseudo=False)
        arrays |= {"pred_longer": longer.scores(data.test), "val_longer": longer.scores(data.val)}
        metrics |= scores_of(arrays["pred_longer"], arrays["truth"], "_longer")
    on_val = scores_of(arrays["val"], arrays["val_truth"])
    metrics |= {"val_SRCC": on_val["SRCC"], "val_balanced": (on_val["L"] + on_val["M"] + on_val["H"]) / 3}
    return Outcome(metrics, arrays)


def scores_of(pred: np.ndarray, truth: np.ndarray, suffix: str = "") -> dict[str, float]:
    """The five numbers of elta 4.1 for one run."""
    one = np.ones((1, len(truth)))
    return {name + suffix: float(value(pred, truth, one)[0]) for name, value in STATISTICS.items()}


def layers(model: ScoreModel, x: Tensor) -> dict[str, tuple[int, ...]]:
    """Name of each part of the model → shape of what it gives for `x`, seen while it runs."""
    seen: dict[str, tuple[int, ...]] = {}
    parts_ = {"encoder": model.encoder, "head": model.head}
    hooks = [
        part.register_forward_hook(lambda _, __, out, name=name: seen.update({name: tuple(out.shape)}))
        for name, part in parts_.items()
    ]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return seen


# --- features of classes and of scores (elta A.3) ---


@dataclass(frozen=True)
class Toy:
    """One of the two copies of a network in Figure 2; `task` is "class" or "score"."""

    task: Literal["class", "score"]
    seed: int = 0


CLASSES = 10
TOY = 800
"""Pictures of the toy set at most (the paper does not say)."""


@cached(maxsize=2)
def toy_set(profile: Profile) -> tuple[Batches, np.ndarray, np.ndarray]:
    """Pictures of TAD66K, as many of the n-th theme as of the n-th score interval; their themes and intervals."""
    train = ten_points("tad66k", profile).train
    frame = pictured("tad66k", size=profile.images, stand_in=profile.stand_ins).table.frame
    if "theme" not in frame:  # the owners' merged lists; their other family tells the same pictures' themes
        frame = load("tad66k", family="themes", images=False).table.frame
    known = frame.drop_duplicates("image_id").set_index("image_id")
    theme = known.loc[list(train.ids), "theme"].to_numpy(str)
    interval = np.minimum(train.targets["score"].astype(int), CLASSES - 1)
    rows = matched(theme, interval, CLASSES, TOY, numpy_generator(0))
    index = np.unique(theme[rows], return_inverse=True)[1]
    return train.take(rows), index, interval[rows]


def themes(profile: Profile) -> Origin:
    """Describe where the themes of TAD66K are read from: with real images, the owners' second family of lists."""
    origin = describe_source("tad66k", size=profile.images)
    if origin.source != "real":
        return origin
    with recording():  # a description is no reading
        return origin_of(load("tad66k", family="themes", images=False))


def toy_run(toy: Toy, profile: Profile, checkpoint: Path) -> Outcome:
    """Train one copy from random weights (the pretext has seen themes); keep its features of the same pictures."""
    data, theme, interval = toy_set(profile)
    label = theme if toy.task == "class" else interval
    train = replace(data, targets={"target": label if toy.task == "class" else data.targets["score"]})
    with seeded(hash_seed(toy.seed, 3)):
        model = ScoreModel(build("swinv2" if profile.size == "paper" else "cnn", profile.size), range(CLASSES + 1))
        outputs = CLASSES if toy.task == "class" else CLASSES + 1
        model.head = nn.Linear(model.encoder.num_features, outputs)  # type: ignore[assignment, arg-type]
    loss = cross_entropy if toy.task == "class" else partial(distance, bins=model.bins)

    def objective(m: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
        return loss(m(batch["image"]), batch["target"]).mean(), {}

    config = FitConfig(epochs=3 * profile.epochs, lr=2e-3 if profile.size == "small" else 1e-5, seed=toy.seed)
    fit(model, objective, train, config, checkpoint=checkpoint, progress="")
    z = predict(model, data, lambda m, batch: m.encode(batch["image"]))  # type: ignore[operator]
    seen = {"agreement": neighbour_agreement(z, label), "silhouette": float(silhouette_score(z, label))}
    return Outcome(seen, {"z": z.astype(np.float32), "label": label})


def toys(profile: Profile) -> list[Toy]:
    """Both copies, three seeds of five."""
    return [Toy(task, seed) for task in ("class", "score") for seed in range(profile.fewer_seeds)]


# --- the grids ---

TAU1 = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
TAU2 = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0)
THRESHOLDS = (0.5, 1.0, 1.5)
COUNTS = (1, 2, 4, 8, 24)
"""Numbers of mixed samples that are tried."""
WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def per_seed(profile: Profile, *cells: Cell) -> list[Cell]:
    """Each cell with every seed."""
    return [replace(cell, seed=seed) for cell in cells for seed in range(profile.seeds)]


class Modules(TypedDict):
    """Fields of a `Cell` that say which of ELTA's modules are on in the first round."""

    mix: Literal["", "feature", "pixel"]
    n: int
    flsa: float


def modules(profile: Profile, names: str, mix: Literal["feature", "pixel"] = "feature") -> Modules:
    """Return fields of a `Cell` with these modules ("", "TFA", "FLSA", "TFA+FLSA"), as they are set in this size."""
    on, size = names.split("+"), profile.size
    return {
        "mix": mix if "TFA" in on else "",
        "n": MIXED[size] if "TFA" in on else TFA.n,
        "flsa": WEIGHT[size] if "FLSA" in on else 0.0,
    }


class Rival(Balance):
    """Fields of a `Cell` that make it one of a method for imbalanced regression."""

    method: Literal["L&FDS", "RankSim"]


def rival(profile: Profile, method: Literal["L&FDS", "RankSim"]) -> Rival:
    """Return fields of a `Cell` with this method, as it is set in this size."""
    return {"method": method, **RIVALS[profile.size][method]}


def ablation(profile: Profile) -> list[Cell]:
    """elta Table 4: all combinations, with APDS in the second round and without."""
    cells = [Cell(**modules(profile, names), extra="both") for names in ("", "TFA", "FLSA", "TFA+FLSA")]
    return per_seed(profile, *cells)


def control(profile: Profile) -> list[Cell]:
    """Positive control of Tables 1 to 5: with a quarter of the images, and as many steps, every error must rise."""
    return per_seed(profile, Cell(share=0.25, extra="longer"))


def hosts_on(key: str, profile: Profile) -> tuple[str, ...]:
    """Return the hosts that Table 1 compares on a data set: all on AVA, where Table 3 needs them.

    No claim rests on those of the other data sets, and their features take longest: a first look leaves them out.
    """
    everywhere = profile.thorough or profile.size == "paper"
    return tuple(HOSTS) if key == "ava" or everywhere else ()


def comparison(profile: Profile) -> list[Cell]:
    """elta Tables 1 and 2 but for base and ELTA on AVA, which `ablation` has; all are trained for two rounds."""
    cells = [Cell(data=key, extra="longer", **rival(profile, name)) for key in FACTOR for name in ("L&FDS", "RankSim")]
    cells += [Cell(data=key, extra="longer") for key in FACTOR if key != "ava"]
    cells += [Cell(data=key, extra="apds", **modules(profile, "TFA+FLSA")) for key in FACTOR if key != "ava"]
    cells += [Cell(data=key, host=host, extra="longer") for key in FACTOR for host in hosts_on(key, profile)]
    return per_seed(profile, *cells)


def plug_in(profile: Profile) -> list[Cell]:
    """elta Table 3; the hosts alone are in `comparison`."""
    return per_seed(profile, *[Cell(host=host, extra="both", **modules(profile, "TFA+FLSA")) for host in HOSTS])


def mixing(profile: Profile) -> list[Cell]:
    """elta Table 5 and 4.4: pixels instead of features, and other ways to choose pairs."""
    cells = [Cell(**modules(profile, "TFA", "pixel")), Cell(**modules(profile, "TFA+FLSA", "pixel"), extra="apds")]
    cells += [Cell(**modules(profile, "TFA+FLSA"), strategy="random", extra="apds")]
    cells += [Cell(**modules(profile, "TFA"), strategy="threshold", threshold=t) for t in THRESHOLDS]
    full = modules(profile, "TFA+FLSA")
    cells += [Cell(**full, strategy="threshold", threshold=t, extra="apds") for t in THRESHOLDS]
    return per_seed(profile, *cells)


def sweep(profile: Profile) -> list[Cell]:
    """elta Figure 5, how many are mixed (not given), and the weight of FLSA (not given): three seeds of five.

    Figure 5 is the two lines through its published peak, or all pairs of temperatures in a thorough profile.
    """
    tfa = modules(profile, "TFA")
    pairs = [(a, b) for a in TAU1 for b in TAU2 if profile.thorough or a == TFA.tau1 or b == TFA.tau2]
    cells = [Cell(**tfa, tau1=a, tau2=b) for a, b in pairs]
    cells += [Cell(**tfa | {"n": n}) for n in COUNTS if n != tfa["n"]] + [Cell(flsa=w) for w in WEIGHTS]
    return per_seed(replace(profile, seeds=profile.fewer_seeds), *cells)


KEYS = tuple(FACTOR)
study = partial(Study, run=compute, data=KEYS)
ABLATION = study("elta.ablation", ablation)
CONTROL = study("elta.control", control, data=("ava",))
COMPARISON = study("elta.comparison", comparison)
PLUG_IN = study("elta.plug_in", plug_in)
MIXING = study("elta.mixing", mixing)
SWEEP = study("elta.sweep", sweep, data=("ava",))
CONFUSION = Study("elta.confusion", toys, toy_run, ("tad66k", themes))
