"""Runs behind the chapters of `mtcnn`. One run trains one network on one data set in both stages.

In the small size nothing is computed twice: convolutions before block4_conv2 never change, so their maps, of each
picture and of its mirror image, are made once, and so are the features that the first stage reads. Results are those
of training on pictures, which is what the paper size does.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from aeslib.data import load_card
from aeslib.data.sources import cached, recording
from aeslib.metrics import srcc
from aeslib.mtcnn.maps import LAYERS, block, faithfulness, grad_cam, random_maps
from aeslib.mtcnn.network import FINE_TUNED, MultiTaskNet
from aeslib.mtcnn.stages import BATCH, first_stage, predicted, second_stage, squared_errors
from aeslib.mtcnn.start import starting_encoder
from aeslib.mtcnn.targets import Scaling, columns
from aeslib.profiles import Profile
from aeslib.seeding import hash_seed, seeded
from aeslib.studies.core import Outcome, Study
from aeslib.studies.parts import Parts, parts
from aeslib.training import Batches, FitConfig, fit, predict

DROPOUT = {"aadb": 0.35, "eva": 0.25}
"""Data sets of the paper → dropout rate (mtcnn 3, 5.2.1)."""
Kind = Literal["multi", "single", "separate", "literal"]
"""All outputs; the overall score alone; an output layer for each; targets not scaled to what a sigmoid reaches."""
EXPLAINED = 16
"""Test pictures whose maps are judged."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run."""

    data: str = "aadb"
    kind: Kind = "multi"
    seed: int = 0


# --- data ---


def scaling_of(key: str) -> Scaling:
    """The outputs of a data set with their scales, from its card."""
    card = load_card(key)
    ranges = {c.name.removeprefix("attr_"): c.range for c in card.columns if c.name.startswith("attr_") and c.range}
    return Scaling.of(card.score_scale, ranges)


@cached(maxsize=2)
def pictures_of(key: str, profile: Profile) -> Parts:
    """Pictures of one data set with `native` (N, K): overall score and attributes."""
    found = parts(key, profile, batch_size=BATCH, paper="mtcnn")
    names = ("Overall", *found.attributes)

    def with_native(data: Batches) -> Batches:
        return replace(data, targets={"native": columns(data.targets["score"], data.targets.get("attributes"), names)})

    train, val, test = map(with_native, (found.train, found.val, found.test))
    return replace(found, train=train, val=val, test=test)


@cached(maxsize=8)
def prepared(key: str, part: Literal["train", "val", "test"], profile: Profile) -> Batches:
    """One part of a data set; in the small size with `maps` and `features` in place of pictures."""
    data: Batches = getattr(pictures_of(key, profile), part)
    if profile.size == "paper":
        return data
    with seeded(0):
        start = MultiTaskNet(starting_encoder(profile), 1).eval()  # its head is not used
    sides = (False, True) if part == "train" else (False,)
    plain = replace(data, augment=None, targets={})
    maps = np.stack([_maps(start, plain, mirrored) for mirrored in sides], 1)  # (N, 1 or 2, c, h, w)
    with torch.inference_mode():
        features = np.stack([start.upper(torch.from_numpy(maps[:, k])).numpy() for k in range(len(sides))], 1)
    blank = np.zeros((1, 3, 1, 1), np.uint8)
    targets = {**data.targets, "maps": maps, "features": features}
    return replace(plain, images=blank, rows=np.zeros(len(data), int), targets=targets)


def _maps(start: MultiTaskNet, data: Batches, mirrored: bool) -> np.ndarray:
    return predict(start, data, lambda m, b: m.lower(b["image"].flip(-1) if mirrored else b["image"]))  # type: ignore[operator]


def keeping(data: Batches, name: str) -> Batches:
    """Without the other of `maps` and `features`."""
    return replace(data, targets={key: v for key, v in data.targets.items() if key in {name, "target", "native"}})


# --- one run ---


def outputs_of(cell: Cell) -> Scaling:
    """Outputs of a run and the scale of their targets."""
    scaling = scaling_of(cell.data)
    if cell.kind == "single":
        return scaling.first(1)
    return scaling.as_printed() if cell.kind == "literal" else scaling


def new_model(cell: Cell, profile: Profile) -> MultiTaskNet:
    """A fresh network on the starting weights; the head depends on the seed alone."""
    encoder = starting_encoder(profile)
    with seeded(hash_seed(cell.seed, 4)):
        names = outputs_of(cell).names
        return MultiTaskNet(encoder, len(names), dropout=DROPOUT[cell.data], separate=cell.kind == "separate")


def configs(profile: Profile, seed: int) -> tuple[FitConfig, FitConfig]:
    """Both stages: as printed in the paper size; fewer pictures and another start ask for more in the small size."""
    if profile.size == "paper":
        return first_stage(seed), second_stage(seed)
    return (
        first_stage(seed, epochs=3 * profile.epochs, lr=3e-3),
        second_stage(seed, epochs=max(1, 3 * profile.epochs // 4), lr=3e-3),
    )


def scores(model: MultiTaskNet, data: Batches, scaling: Scaling) -> np.ndarray:
    """(N, K) predictions in native units."""
    return scaling.native(predict(model, data, predicted)).astype(np.float32)


def compute(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """One run: predictions on test pictures after each stage, on those of the other data set, and maps judged."""
    scaling, model = outputs_of(cell), new_model(cell, profile)
    names = scaling.names
    train = prepared(cell.data, "train", profile)
    train = replace(train, targets={**train.targets, "target": scaling.unit(train.targets["native"][:, : len(names)])})
    test = prepared(cell.data, "test", profile)
    arrays = {"truth": test.targets["native"][:, : len(names)]}
    metrics: dict[str, float] = {}
    for stage, config in zip(("first", "second"), configs(profile, cell.seed), strict=True):
        kept = keeping(train, "features" if stage == "first" else "maps")
        point = checkpoint if stage == "second" else checkpoint.with_name(f"first-{checkpoint.name}")
        fit(model, squared_errors, kept, config, checkpoint=point, progress="")
        arrays[stage] = scores(model, keeping(test, "maps"), scaling)
        metrics |= agreement(stage, model, cell, profile, arrays[stage][:, 0], arrays["truth"][:, 0])
    if cell.kind != "multi":
        return Outcome(metrics, arrays)
    with recording() as others:
        arrays |= across(model, cell, profile)
    arrays |= judged_maps(model, cell, profile)
    arrays |= {f"weight {name}": p.detach().numpy() for name, p in tuned(model)} if cell.seed == 0 else {}
    return Outcome(metrics, arrays, side_data=tuple(others))


def agreement(
    stage: str, model: MultiTaskNet, cell: Cell, profile: Profile, pred: np.ndarray, truth: np.ndarray
) -> dict[str, float]:
    """Rank correlation of the overall score on test, validation and some training pictures."""
    made = {f"SRCC_{stage}": float(srcc(pred, truth))}
    sides: tuple[Literal["train", "val"], ...] = ("train", "val")
    for part in sides:
        data = keeping(prepared(cell.data, part, profile), "maps")
        seen = data.take(np.arange(min(len(data), 1000)))
        shown = scores(model, seen, outputs_of(cell))[:, 0]
        made[f"SRCC_{stage}_{part}"] = float(srcc(shown, seen.targets["native"][:, 0]))
    return made


def across(model: MultiTaskNet, cell: Cell, profile: Profile) -> dict[str, np.ndarray]:
    """Overall scores of the other data set's test pictures (mtcnn 5.3), in this data set's units, and their truth."""
    other = next(key for key in DROPOUT if key != cell.data)
    data = keeping(prepared(other, "test", profile), "maps")
    return {"across": scores(model, data, outputs_of(cell))[:, 0], "across_truth": data.targets["native"][:, 0]}


def judged_maps(model: MultiTaskNet, cell: Cell, profile: Profile) -> dict[str, np.ndarray]:
    """Deletion and insertion of Grad-CAM and of random maps: `faithfulness` (2 layers, 2 curves, 2 kinds of map, B)."""
    shown = pictures_of(cell.data, profile).test
    images = shown.batch(np.arange(min(EXPLAINED, len(shown))))["image"].to(next(model.parameters()).device)
    found = []
    for layer in LAYERS:
        maps = grad_cam(model, block(model, layer), images)
        chance = random_maps(len(images), maps.shape[-1], hash_seed(cell.seed, 5)).to(maps)
        both = [faithfulness(lambda x: model(x)[:, 0], images, m) for m in (maps, chance)]
        found.append([[getattr(f, curve).cpu().numpy() for f in both] for curve in ("deletion", "insertion")])
    return {"faithfulness": np.array(found)}


def tuned(model: MultiTaskNet) -> list[tuple[str, torch.nn.Parameter]]:
    """What training changed."""
    return [(name, p) for name, p in model.named_parameters() if name.startswith(FINE_TUNED)]


def restored(arrays: dict[str, np.ndarray], key: str, profile: Profile) -> MultiTaskNet:
    """The fine-tuned network of a run from its arrays (seed 0 keeps what training changed)."""
    model = new_model(Cell(data=key), profile)
    found = {name.removeprefix("weight "): torch.from_numpy(v) for name, v in arrays.items() if "weight " in name}
    model.load_state_dict({**model.state_dict(), **found})
    return model.eval()


# --- the grids ---


def tasks(profile: Profile) -> list[Cell]:
    """mtcnn Tables 5, 6, 8, 10 and 11: many tasks against one, on both data sets, with every seed."""
    kinds: tuple[Kind, ...] = ("multi", "single")
    return [Cell(data=key, kind=kind, seed=s) for key in DROPOUT for kind in kinds for s in range(profile.seeds)]


def variants(profile: Profile) -> list[Cell]:
    """mtcnn 3: separate output layers; and targets that a sigmoid cannot reach."""
    kinds: tuple[Kind, ...] = ("separate", "literal")
    return [Cell(kind=kind, seed=seed) for kind in kinds for seed in range(profile.fewer_seeds)]


TASKS = Study("mtcnn.tasks", tasks, compute, tuple(DROPOUT))
VARIANTS = Study("mtcnn.variants", variants, compute, ("aadb",))
