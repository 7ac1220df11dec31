"""Runs behind the chapters of `aestheticnet`: searches, and networks trained from what they found or from controls.

In the small size pictures have 32 pixels, the stem halves them twice, cells have few channels: minutes for all. The
proxy set is a tenth of the training pictures, split 4:1, as in the paper; networks train on a seventh as many. In the
paper size everything is as published.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from aeslib.aestheticnet.genotype import PDARTS, Genotype, random_genotype
from aeslib.aestheticnet.losses import histogram_of, moments, self_weighted_emd
from aeslib.aestheticnet.network import NetConfig, score_model
from aeslib.aestheticnet.search import SearchConfig, search
from aeslib.aestheticnet.shapes import RandomSize, ShapedBatches, equal_area, put_back, resized
from aeslib.aestheticnet.shapes import View as ShapeView
from aeslib.backbones import ScoreModel, build, count_parameters
from aeslib.data import pictured
from aeslib.data.sources import cached
from aeslib.data.synthetic import pictures
from aeslib.data.transforms import RECIPES
from aeslib.losses import emd
from aeslib.metrics import emd_distance
from aeslib.profiles import Profile
from aeslib.seeding import hash_seed, numpy_generator, seeded
from aeslib.studies.core import Outcome, Study, run_study
from aeslib.studies.parts import FRESH, Parts, parts, side_of
from aeslib.training import Batches, FitConfig, fit, predict
from aeslib.training.batches import Batch
from aeslib.training.pretext import pretrained

Net = Literal["searched", "random", "published", "cnn", "nima"]
"""Cells of the search with the same seed, random ones of its size, or P-DARTS's; a plain CNN; one with a pretext."""
Loss = Literal["EMD", "A", "B", "C"]
Split = Literal["", "reference", "image"]
SPLITS: tuple[Split, ...] = ("reference", "image")
View = Literal["", "sizes", "own", "squash", "crop"]
"""What is shown: the stored square; one of several sizes a batch; images of several shapes, each in its own, squashed
to a square, or cropped to one."""
SIDE = {"small": 32, "paper": 224}
BATCH = {"small": 32, "paper": 96}
"""Pictures a step of a final network; with 96 the few pictures of the small size give too few steps to learn from."""
RATE = {"cells": 8e-3, "cnn": 3e-3}
"""Learning rates in the small size, on validation pictures at seeds that no study uses; NIMA has the plain CNN's."""
SHAPES = ((1, 1), (3, 4), (2, 3), (3, 2))
"""Heights and widths of the generated images of several shapes; photographs have their own."""
STEP = {"small": 1, "paper": 8}
"""Sides of an image in its own shape are rounded to multiples of so many pixels."""
STD = 1.0
"""Of every rating distribution of TID2013 where its owners' standard deviations are not at hand."""
ALIKE = 0.1
"""A random network has as many parameters as the searched one, within this share."""


@dataclass(frozen=True, kw_only=True)
class Hunt:
    """One search."""

    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One training."""

    net: Net = "searched"
    loss: Loss = "A"
    cbam: bool = False
    view: View = ""
    data: Literal["ava", "tid2013"] = "ava"
    split: Split = ""
    seed: int = 0


# --- data ---


def seen(data: Batches, side: int, limit: int | None = None) -> Batches:
    """The first `limit` rows as pictures of this side, in memory."""
    rows = np.arange(len(data))[:limit]
    chosen = data.take(rows)
    stored = np.asarray(chosen.images[chosen.rows if chosen.rows is not None else rows])
    if stored.shape[-1] == side or chosen.evaluate is not None:
        return chosen
    made = [resized(torch.from_numpy(part).float(), side, side).round().clamp(0, 255).to(torch.uint8).numpy()
            for part in np.array_split(stored, max(1, len(stored) // 256))]  # fmt: skip
    return replace(chosen, images=np.concatenate(made), rows=None)


@cached(maxsize=2)
def ava(profile: Profile) -> Parts:
    """AVA's pictures at the side of the profile's size; a part of the training pictures in the small size."""
    found = parts("ava", profile, batch_size=BATCH[profile.size], paper="aestheticnet")
    side = SIDE[profile.size]
    limit = None if profile.size == "paper" else profile.images // 7
    return replace(found, train=seen(found.train, side, limit), val=seen(found.val, side), test=seen(found.test, side))


@cached(maxsize=1)
def proxy(profile: Profile) -> tuple[Batches, Batches]:
    """Pictures for ω and for α: a tenth of the training pictures, 4:1."""
    data = ava(profile).train
    size = max(10, min(len(data), profile.images // 10))
    order = numpy_generator(40).permutation(len(data))[:size]
    batch = 96 if profile.size == "paper" else 80
    first, second = data.take(order[: 4 * size // 5]), data.take(order[4 * size // 5 :])
    return replace(first, batch_size=batch), replace(second, batch_size=batch)


def reference_of(ids: list[str]) -> np.ndarray:
    """(N,) the reference image that each picture of TID2013 was made from (its name begins with it)."""
    return np.array([name.split("_")[0] for name in ids])


def halves_of(ids: list[str], split: Split) -> tuple[np.ndarray, np.ndarray]:
    """(N,) masks of TID2013's pictures to learn from and to be judged on.

    A fifth of the references is held out and half of its pictures are judged, whatever the split, so that both can be
    paired; "image" may learn from the other half, and so has seen the same references in other distortions.
    """
    rng = numpy_generator(41)
    names = np.unique(reference_of(ids))
    held = np.isin(reference_of(ids), rng.permutation(names)[: max(1, len(names) // 5)])
    judged_ = held & (rng.random(len(ids)) < 0.5)
    return (~held if split == "reference" else ~judged_), judged_


def deviations(ids: list[str], profile: Profile) -> np.ndarray:
    """(N,) standard deviations of the votes on images of TID2013: the owners' where they are at hand, else `STD`."""
    frame = pictured("tid2013", size=profile.images, stand_in=profile.stand_ins).table.frame
    if "std" not in frame:
        return np.full(len(ids), STD)
    return frame.set_index("image_id").loc[ids, "std"].to_numpy(float)


@cached(maxsize=4)
def tid(profile: Profile, split: Split, side: int) -> Parts:
    """TID2013 with histograms of greatest entropy, as many pictures to learn from in both splits."""
    found = parts("tid2013", profile, batch_size=BATCH[profile.size], paper="aestheticnet")
    train, val = found.train, found.val
    assert train.rows is not None
    assert val.rows is not None
    score, ids = np.r_[train.targets["score"], val.targets["score"]], [*train.ids, *val.ids]
    bins = np.arange(10.0)
    hist = histogram_of(score, deviations(ids, profile), bins).astype(np.float32)
    whole = replace(train, rows=np.r_[train.rows, val.rows], ids=ids, targets={"score": score, "hist": hist})
    learn, judged_ = (np.flatnonzero(rows) for rows in halves_of(list(whole.ids), split))
    least = int(halves_of(list(whole.ids), "reference")[0].sum())
    size = least if profile.size == "paper" else min(least, profile.images // 5)
    learn = np.sort(numpy_generator(42).permutation(learn)[:size])
    return replace(found, train=seen(whole.take(learn), side), test=seen(whole.take(judged_), side), bins=tuple(bins))


@cached(maxsize=3)
def shaped(profile: Profile, view: ShapeView, side: int | None = None) -> Parts:
    """Return AVA's images of several shapes, of about equal area, in one view.

    A photograph has its own shape. A generated image has one of `SHAPES` and is rendered in it, so that nothing is
    distorted in the view "own"; the other views show that same rendering, squashed or cropped.

    Args:
        profile: sizes.
        view: how images are shown.
        side: of the square of equal area, in pixels; None: as networks see it.
    """
    whole = parts("ava", profile, batch_size=BATCH[profile.size], paper="aestheticnet")
    limit = len(whole.train) if profile.size == "paper" else profile.images // 7
    train, test = whole.train.take(np.arange(min(limit, len(whole.train)))), whole.test
    if whole.source == "real":
        both = [photographs(data, profile) for data in (train, test)]
    else:
        both = [rendered(train, profile.images, 0), rendered(test, profile.test_images, FRESH)]
    at = view, side or SIDE[profile.size], STEP[profile.size]
    return replace(whole, train=both[0].at(*at), test=both[1].at(*at))


def photographs(data: Batches, profile: Profile) -> ShapedBatches:
    """Return photographs of AVA without what pads them to a square."""
    recipe = RECIPES["aestheticnet"].at(side_of("aestheticnet", profile))
    store = pictured("ava", size=profile.images, stand_in=False).decoded(size=recipe.store, fit=recipe.fit)[1]
    return ShapedBatches(data.images, data.targets, data.ids, data.batch_size, rows=data.rows,
                         filled=store.shapes[data.rows])  # fmt: skip


def rendered(data: Batches, size: int, seed: int) -> ShapedBatches:
    """Return generated images of AVA, each rendered in one of `SHAPES`; `size` and `seed` are those of the stand-in."""
    which = numpy_generator([seed, 43]).integers(0, len(SHAPES), len(data))
    rows = np.arange(len(data)) if data.rows is None else data.rows
    frames = [equal_area(shape, data.images.shape[-1]) for shape in SHAPES]
    longest = max(max(frame) for frame in frames)
    images = np.zeros((len(data), 3, longest, longest), np.uint8)
    for k, (height, width) in enumerate(frames):
        shown = pictures("ava", size=size, seed=seed, px=(height, width))
        images[which == k, :, :height, :width] = shown[rows[which == k]]
    return ShapedBatches(images, data.targets, data.ids, data.batch_size, data.augment, filled=np.array(frames)[which])


# --- searches ---


def search_config(profile: Profile, seed: int) -> SearchConfig:
    """As printed in the paper size; few cells, channels and epochs, and larger steps of α, in the small one."""
    if profile.size == "paper":
        return SearchConfig(seed=seed)
    return SearchConfig(cells=(3, 4, 5), epochs=max(2, profile.epochs - 1), warmup=1, c=4, stem="quarter",
                        alpha_lr=5e-2, seed=seed)  # fmt: skip


def hunt(config: Hunt, profile: Profile, checkpoint: Path) -> Outcome:
    """One search; it goes on at its last epoch when it was killed."""
    found = search(*proxy(profile), search_config(profile, config.seed), checkpoint=checkpoint, progress="")
    rows = found.log.rows
    arrays = {name: np.array([row[name] for row in rows]) for name in ("stage", "epoch", "loss", "val", "dropout")}
    arrays |= {"mixtures": np.array(found.log.mixtures, np.float32), "genotype": np.array(found.genotype.to_json())}
    size = count_parameters(lambda: score_model(found.genotype, net_config(profile), (1.0,) * 10))
    skips = sum(op == "skip_connect" for op, _ in found.genotype.normal)
    return Outcome({"parameters": size, "skips": skips, "last_val": rows[-1]["val"]}, arrays)


def hunts(profile: Profile) -> list[Hunt]:
    """Eight searches; two in a profile of single epochs."""
    return [Hunt(seed=seed) for seed in range(8 if profile.epochs > 1 else 2)]


def genotypes(profile: Profile) -> list[Genotype]:
    """What the searches found, in order of their seeds."""
    found = run_study("aestheticnet.search", profile)
    return [Genotype.from_json(str(text)) for text in found.stacked("genotype")]


# --- networks ---


def net_config(profile: Profile, *, cbam: bool = False) -> NetConfig:
    """Of a final network."""
    if profile.size == "paper":
        return NetConfig(cbam=cbam)
    return NetConfig(c=8, cells=5, stem="quarter", cbam=cbam)


def genotype_of(cell: Cell, profile: Profile) -> Genotype:
    """The cells of a run."""
    if cell.net == "published":
        return PDARTS
    found = genotypes(profile)
    mine = found[cell.seed % len(found)]
    return mine if cell.net == "searched" else alike(mine, profile, cell.seed)


def alike(model: Genotype, profile: Profile, seed: int) -> Genotype:
    """Random cells whose network has as many parameters as the model's, within `ALIKE`."""
    config, rng = net_config(profile), numpy_generator([seed, 44])

    def size(genotype: Genotype) -> int:
        return count_parameters(lambda: score_model(genotype, config, (1.0,) * 10))

    wanted = size(model)
    while abs(size(drawn := random_genotype(rng)) - wanted) > ALIKE * wanted:
        pass
    return drawn


def new_model(cell: Cell, bins: tuple[float, ...], profile: Profile) -> ScoreModel:
    """A fresh network; weights depend on the seed alone."""
    config = net_config(profile, cbam=cell.cbam)
    cells = None if cell.net in ("cnn", "nima") else genotype_of(cell, profile)
    with seeded(hash_seed(cell.seed, 45)):
        if cells is not None:
            return score_model(cells, config, bins)
        encoder = pretrained("cnn", profile) if cell.net == "nima" else build("cnn", profile.size)
        model = ScoreModel(encoder, bins)
        model.head = nn.Linear(encoder.num_features, len(bins))  # type: ignore[assignment]
        return model


def fit_config(profile: Profile, cell: Cell) -> FitConfig:
    """As printed (rate 0.1, 200 epochs) with P-DARTS's optimiser in the paper size; a few quick epochs in the small."""
    if profile.size == "paper":
        return FitConfig(epochs=200, lr=0.1, optimizer="sgd", weight_decay=3e-5, schedule="cosine", clip=5.0,
                         seed=cell.seed)  # fmt: skip
    lr = RATE["cnn" if cell.net in ("cnn", "nima") else "cells"]
    return FitConfig(epochs=max(1, 3 * profile.epochs // 4), lr=lr, schedule="cosine", clip=5.0, seed=cell.seed)


def loss_of(name: Loss) -> Callable[[Tensor, Tensor], Tensor]:
    """(B,) loss of histograms."""
    if name == "EMD":
        return emd
    return lambda pred, truth: self_weighted_emd(pred, truth, variant=name)


def data_of(cell: Cell, profile: Profile) -> Parts:
    """Pictures of a run."""
    if cell.data == "tid2013":
        side = profile.image_size if cell.net == "nima" else SIDE[profile.size]
        return tid(profile, cell.split, side)
    if cell.view in ("own", "squash", "crop"):
        return shaped(profile, cell.view)
    return ava(profile)


def compute(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """Train one network and keep its test histograms."""
    data = data_of(cell, profile)
    model = new_model(cell, data.bins, profile)
    loss, train = loss_of(cell.loss), data.train
    if cell.view == "sizes":
        side = SIDE[profile.size]
        train = replace(train, augment=RandomSize((side * 3 // 4, side, side * 5 // 4)), evaluate=None)

    def objective(m: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
        return loss(m(batch["image"]).softmax(-1), batch["hist"]).mean(), {}

    fit(model, objective, train, fit_config(profile, cell), checkpoint=checkpoint, progress="")
    test = replace(data.test, batch_size=250)
    logits = predict(model, test)
    if isinstance(test, ShapedBatches):
        logits = put_back(logits, test)
    pred = torch.from_numpy(logits).softmax(-1)
    weights = sum(p.numel() for p in model.parameters())
    return Outcome({"parameters": weights}, judged(pred, test, data.bins))


def judged(pred: Tensor, test: Batches, bins: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Per picture: predicted and true mean and variance, both distances, and the predicted histogram."""
    truth, scores = torch.from_numpy(np.asarray(test.targets["hist"])).float(), torch.tensor(bins).float()
    (mean, var), (true_mean, true_var) = moments(pred, scores), moments(truth, scores)
    both = pred.numpy().astype(float), truth.numpy().astype(float)
    arrays = {"mean": mean.numpy(), "var": var.numpy(), "true_mean": true_mean.numpy(), "true_var": true_var.numpy()}
    arrays |= {f"emd{r}": emd_distance(*both, r=r).astype(np.float32) for r in (1, 2)}
    return {**arrays, "hist": pred.numpy(), "ids": np.array(test.ids)}


# --- the grids ---


def _seeds(profile: Profile, *cells: Cell, count: int | None = None) -> list[Cell]:
    return [replace(cell, seed=seed) for cell in cells for seed in range(count or profile.seeds)]


def comparison(profile: Profile) -> list[Cell]:
    """Does searching find better cells? Four kinds of network, a seed for every search."""
    kinds: tuple[Net, ...] = ("searched", "random", "published", "cnn")
    return _seeds(profile, *[Cell(net=net) for net in kinds], count=len(hunts(profile)))


def losses(profile: Profile) -> list[Cell]:
    """aestheticnet Table 3 but for A, which `comparison` has."""
    names: tuple[Loss, ...] = ("EMD", "B", "C")
    return _seeds(profile, *[Cell(loss=name) for name in names])


def improvements(profile: Profile) -> list[Cell]:
    """aestheticnet Tables 4 to 6; the base is in `comparison`."""
    return _seeds(profile, Cell(cbam=True), Cell(view="sizes"), Cell(cbam=True, view="sizes"))


def aspects(profile: Profile) -> list[Cell]:
    """Images of several shapes in three views, three seeds at most."""
    views: tuple[View, ...] = ("own", "squash", "crop")
    return _seeds(profile, *[Cell(view=view) for view in views], count=profile.fewer_seeds)


def transfer(profile: Profile) -> list[Cell]:
    """aestheticnet Table 7, split both ways, three seeds at most."""
    kinds = (
        Cell(net="searched", cbam=True, view="sizes", data="tid2013"),
        Cell(net="nima", loss="EMD", data="tid2013"),
    )
    cells = [replace(cell, split=split) for cell in kinds for split in SPLITS]
    return _seeds(profile, *cells, count=profile.fewer_seeds)


SEARCH = Study("aestheticnet.search", hunts, hunt, ("ava",))
COMPARISON = Study("aestheticnet.comparison", comparison, compute, ("ava",))
LOSSES = Study("aestheticnet.losses", losses, compute, ("ava",))
IMPROVEMENTS = Study("aestheticnet.improvements", improvements, compute, ("ava",))
ASPECTS = Study("aestheticnet.aspects", aspects, compute, ("ava",))
TRANSFER = Study("aestheticnet.transfer", transfer, compute, ("ava", "tid2013"))
