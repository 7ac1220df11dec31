"""Runs behind the chapters of `aesmamba` on pictures and comments (variants V, M and F); persons are next door.

In the small size encoders stay as their pretext left them, all alike; what is trained is a neck of two layers, the text
encoder, the fusion and the heads. In the paper size everything is. Scores stay in native units (methods 2.5).
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from aeslib.aesmamba.mba import ClassLoss, Predicted, class_counts, score_classes
from aeslib.aesmamba.model import LAMBDA, PARA, AesMamba, Objective, expected_scores
from aeslib.aesmamba.rivals import BACKBONE
from aeslib.aesmamba.text import Bert, TextEncoder, Vocabulary, bert_vocabulary
from aeslib.data import load_card, pictured
from aeslib.data.load import synthetic
from aeslib.data.sources import cached
from aeslib.metrics import plcc, srcc
from aeslib.profiles import Profile
from aeslib.seeding import hash_seed, numpy_generator, seeded
from aeslib.studies.core import Outcome, Study
from aeslib.studies.frozen import Neck, with_features, with_targets
from aeslib.studies.parts import FRESH, Parts, parts, repeated
from aeslib.training import Batches, FitConfig, fit, predict
from aeslib.training.pretext import pretrained

NAMES = {"ava": "AVA", "tad66k": "TAD66K", "para": "PARA", "aadb": "AADB", "photonet": "Photo.Net"}
"""Data sets of Table 1 → name there."""
HISTOGRAMS = ("ava", "photonet")
"""Those whose votes are published: their histograms are predicted."""
THRESHOLD = {"ava": 5.0, "photonet": 5.0, "tad66k": 5.0, "para": 3.0, "aadb": 0.5}
"""Above it a picture counts as good (methods 0.3)."""
CAPTIONS = "_captions"
BATCH = {"paper": 64, "small": 128}
"""Pictures a step: the printed number, and one that halves the steps of necks at the same accuracy on validation."""
TEXT = 32
"""Width of a token's feature in the small size."""
VIT, SWIN, CNN = BACKBONE["ViT-B/16"], BACKBONE["Swin-T"], BACKBONE["ResNet50"]
WEIGHTS = (LAMBDA, 1e-2, 1e-1, 1.0)
"""Weights λ of the class loss that validation chooses from, the printed one first."""
IMBALANCE = "aadb", 50
"""Data set and ratio of the positive control for balancing: all its five classes keep enough images at 50:1."""
Text = Literal["", "comments", "shuffled", "stated"]
"""Nothing; each picture's own comments; comments of other pictures, drawn again for each part (the negative control);
a sentence that states the true score class (the positive control)."""
STATED = "i give it a {}"
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
"""Words for the score classes in `STATED`, the lowest class first."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run: variant V (no text, one task), M (text) or F (all attributes)."""

    data: str
    encoder: str = "vmamba"
    task: Literal["score", "attributes"] = "score"
    adapter: bool = True
    """MBA; False: one linear layer on the same feature, trained by MSE or EMD alone (backbone rows)."""
    classes: ClassLoss = "balanced"
    lam: float = LAMBDA
    """Weight of the class loss."""
    ratio: int = 0
    """Training images of the commonest class for one of the rarest (`long_tailed`); 0: all training images."""
    share: float = 1.0
    """Of the training images that a run sees; it repeats them up to the full number, so that steps stay equal."""
    text: Text = ""
    seed: int = 0


# --- data ---


@cached(maxsize=8)
def prepared(key: str, encoder: str, profile: Profile) -> Parts:
    """Pictures of one data set, as frozen features in the small size, with `score`, `hist` and `attributes`."""
    found = parts(key.removesuffix(CAPTIONS), profile, batch_size=BATCH[profile.size], paper="aesmamba")
    return with_features(found, encoder, profile) if profile.size == "small" else found


def data_of(cell: Cell, profile: Profile) -> Parts:
    """What a run learns from: `target`, `label` (score classes), `score` and, with text, `ids`."""
    found, base = prepared(cell.data, cell.encoder, profile), cell.data.removesuffix(CAPTIONS)
    words = vocabulary(cell.data, profile, cell.text == "stated") if cell.text else None

    def targets(data: Batches) -> dict[str, np.ndarray]:
        scores = score_columns(cell, data)
        made = {"score": scores, "label": score_classes(base, scores)}
        made["target"] = data.targets["hist"] if base in HISTOGRAMS else scores
        if "features" in data.targets:
            made["features"] = data.targets["features"]
        if words is not None:
            made["ids"] = words.encode(comments_of(cell, data, profile))
        return made

    made = with_targets(found, targets)
    if cell.ratio:
        made = replace(made, train=made.train.take(long_tailed(made.train.targets["label"][:, 0], cell.ratio)))
    if cell.share < 1:
        made = replace(made, train=repeated(made.train, cell.share, cell.seed))
    return made


def long_tailed(label: np.ndarray, ratio: float) -> np.ndarray:
    """Return the rows to keep so that class sizes fall geometrically, the rarest to 1 / ratio of the commonest.

    Args:
        label: (N,) classes. Those with images keep their order by size; one that is too small keeps all of its images.
        ratio: images of the commonest class for one of the rarest.
    """
    names, sizes = np.unique(label, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    wanted = np.maximum(1, np.round(sizes.max() * ratio ** -np.linspace(0, 1, len(order)))).astype(int)
    rng = numpy_generator([24, len(label)])
    kept = [rng.permutation(np.flatnonzero(label == names[c]))[:n] for c, n in zip(order, wanted, strict=True)]
    return np.sort(np.concatenate(kept))


def score_columns(cell: Cell, data: Batches) -> np.ndarray:
    """(N, K) overall score, and the attributes of variant F behind it."""
    overall = data.targets["score"][:, None]
    return np.hstack([overall, data.targets["attributes"]]) if cell.task == "attributes" else overall


def names_of(cell: Cell) -> tuple[str, ...]:
    """The attributes of a run."""
    return PARA if cell.task == "attributes" else ("aesthetic",)


@cached(maxsize=2)
def texts(key: str, profile: Profile) -> dict[str, str]:
    """image_id → comments, of training and of test pictures."""
    found = pictured(key, size=profile.images, stand_in=profile.stand_ins)
    tables = [found.table.frame]
    if found.source == "synthetic":
        tables += [synthetic(load_card(key), size=profile.test_images, seed=FRESH, level="image").table.frame]
    return {image: text for table in tables for image, text in zip(table["image_id"], table["text"], strict=True)}


@cached(maxsize=2)
def vocabulary(key: str, profile: Profile, stated: bool = False) -> Vocabulary:
    """BERT's words in the paper size, else those of the training comments, or of the sentences that state scores."""
    if profile.size == "paper":
        return bert_vocabulary()
    if stated:
        return Vocabulary.learnt([STATED.format(word) for word in NUMBERS])
    known = texts(key, profile)
    return Vocabulary.learnt([known[image] for image in prepared(key, "vmamba", profile).train.ids])


def comments_of(cell: Cell, data: Batches, profile: Profile) -> list[str]:
    """Comments of each picture; `shuffled`: of another one of the same part; `stated`: the word for its score class."""
    if cell.text == "stated":
        classes = score_classes(cell.data.removesuffix(CAPTIONS), data.targets["score"])
        return [STATED.format(NUMBERS[k]) for k in classes]
    known = texts(cell.data, profile)
    images = np.array(data.ids)
    if cell.text == "shuffled":
        images = numpy_generator([cell.seed, 20, len(images)]).permutation(images)
    return [known[image] for image in images]


# --- one run ---


class Plain(nn.Module):
    """An encoder with one linear layer: the rows of Tables 1 and 3 that are not AesMamba."""

    def __init__(self, image: nn.Module, tasks: int, outputs: int) -> None:
        super().__init__()
        self.image, self.shape = image, (tasks, outputs)
        self.head = nn.Linear(int(image.num_features), tasks * outputs)  # type: ignore[arg-type]

    def forward(self, image: Tensor, ids: Tensor | None = None) -> Predicted:
        """Scores or logits of all attributes; no classes."""
        return Predicted(self.head(self.image(image)).unflatten(1, self.shape), None)


def new_model(cell: Cell, data: Parts, profile: Profile) -> nn.Module:
    """A fresh model; weights depend on the seed alone, last biases on the training scores."""
    base = cell.data.removesuffix(CAPTIONS)
    outputs = data.train.targets["target"].shape[1] if base in HISTOGRAMS else 1
    means = data.train.targets["score"].mean(0)
    with seeded(hash_seed(cell.seed, 21)):
        image, text = encoders(cell, data, profile)
        names = names_of(cell)
        if not cell.adapter:
            plain = Plain(image, len(names), outputs)
            if outputs == 1:
                plain.head.bias.data.copy_(torch.from_numpy(means))
            return plain
        classes = int(class_counts(base, means[None]).shape[1])
        sizes = {"heads": 12, "hidden": 256} if profile.size == "paper" else {"heads": 4, "hidden": 64}
        model = AesMamba(image, names, text=text, outputs=outputs, classes=classes, **sizes)
        if not cell.classes:  # built and taken out again, so that A, B and C start from the same weights
            for task in model.mba.values():
                task.classes = None  # type: ignore[assignment]
        if outputs == 1:
            model.mba.start_at(dict(zip(names, means.tolist(), strict=True)))
    return model


def encoders(cell: Cell, data: Parts, profile: Profile) -> tuple[nn.Module, nn.Module | None]:
    """Image encoder (a neck over features in the small size) and text encoder, None without text."""
    if profile.size == "paper":
        return pretrained(cell.encoder, profile), Bert(pretrained=True) if cell.text else None
    width = data.train.targets["features"].shape[1]
    if not cell.text:
        return Neck(width), None
    return Neck(width), TextEncoder(len(vocabulary(cell.data, profile, cell.text == "stated")), TEXT, layers=1)


def config_of(cell: Cell, profile: Profile) -> FitConfig:
    """Return AdamW (.9, .99) with weight decay .01 and a cosine schedule (aesmamba 4.1.3).

    The paper size has the printed rate, and 50 epochs, 100 with all attributes; the small size what necks need.
    """
    small, printed = profile.size == "small", 100 if cell.task == "attributes" else 50
    return FitConfig(
        epochs=2 * profile.epochs if small else printed, lr=4e-3 if small else 1e-4, final_lr=1e-6, seed=cell.seed,
        optimizer="adamw", betas=(0.9, 0.99), weight_decay=0.01, schedule="cosine", clip=1.0,
    )  # fmt: skip


def outputs_of(model: nn.Module, data: Batches, bins: Tensor | None, x: str) -> np.ndarray:
    """(N, K) scores in native units."""
    return predict(model, data, lambda m, batch: expected_scores(m(batch[x], batch.get("ids")), bins))


def objective_of(cell: Cell, data: Parts, x: str) -> Objective:
    """Return the loss of a run, balanced by the counts of its own training images."""
    counts = torch.from_numpy(class_counts(cell.data.removesuffix(CAPTIONS), data.train.targets["score"])).float()
    return Objective(classes=cell.classes if cell.adapter else "", counts=counts, lam=cell.lam, x=x)


def compute(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """One run: predictions on test and validation pictures, and the predicted classes where `ratio` is set."""
    data, x = data_of(cell, profile), "features" if profile.size == "small" else "image"
    model = new_model(cell, data, profile)
    point = checkpoint if profile.size == "paper" else None  # small ones take seconds
    fit(model, objective_of(cell, data, x), data.train, config_of(cell, profile), checkpoint=point, progress="")
    bins = torch.tensor(data.bins) if cell.data.removesuffix(CAPTIONS) in HISTOGRAMS else None
    arrays = {"pred": outputs_of(model, data.test, bins, x), "truth": data.test.targets["score"],
              "val": outputs_of(model, data.val, bins, x), "val_truth": data.val.targets["score"]}  # fmt: skip
    if cell.ratio and cell.classes:
        arrays["class"] = predict(model, data.test, lambda m, batch: m(batch[x], batch.get("ids")).classes.argmax(-1))
    pred, truth = arrays["pred"][:, 0], arrays["truth"][:, 0]
    return Outcome({"SRCC": float(srcc(pred, truth)), "PLCC": float(plcc(pred, truth))}, arrays)


def reading(cell: Cell, profile: Profile) -> tuple[nn.Module, Vocabulary, Parts]:
    """A model that reads comments, trained anew (seconds), with its words and data: for looking inside."""
    data = data_of(cell, profile)
    model = new_model(cell, data, profile)
    x = "features" if profile.size == "small" else "image"
    fit(model, objective_of(cell, data, x), data.train, config_of(cell, profile), progress="")
    return model, vocabulary(cell.data, profile, cell.text == "stated"), data


@torch.inference_mode()
def attention_on(model: nn.Module, feature: Tensor, ids: Tensor) -> np.ndarray:
    """(n,) how much the picture's feature (d,) looks at each token of ids (n,), mean over heads."""
    assert isinstance(model, AesMamba)
    assert model.fusion is not None
    assert model.text is not None
    words, mask = model.text(ids[None])
    return model.fusion.attention(model.image(feature[None]), words, mask)[1][0].mean(0).numpy()


# --- the grids ---


def per_seed(profile: Profile, *cells: Cell) -> list[Cell]:
    """Return each cell with every seed of the profile, in the small size with three of five."""
    seeds = profile.seeds if profile.size == "paper" else profile.fewer_seeds
    return [replace(cell, seed=seed) for cell in cells for seed in range(seeds)]


def visual(profile: Profile) -> list[Cell]:
    """aesmamba Table 1: V on five data sets beside three encoders with a plain head."""
    cells = [Cell(data=key) for key in NAMES]
    cells += [Cell(data=key, encoder=e, adapter=False, classes="") for key in NAMES for e in (CNN, VIT, SWIN, "vmamba")]
    return per_seed(profile, *cells)


def multimodal(profile: Profile) -> list[Cell]:
    """aesmamba Table 2: with each picture's comments, with those of others, and with its score stated."""
    kinds: tuple[Text, ...] = ("comments", "shuffled", "stated")
    return per_seed(profile, *[Cell(data=f"{key}{CAPTIONS}", text=text) for key in HISTOGRAMS for text in kinds])


def fine_grained(profile: Profile) -> list[Cell]:
    """aesmamba Table 3: six encoders with a plain head, and F."""
    plain = [Cell(data="para", encoder=e, task="attributes", adapter=False, classes="") for e in BACKBONE.values()]
    return per_seed(profile, *plain, Cell(data="para", task="attributes"))


def balance(profile: Profile) -> list[Cell]:
    """aesmamba Figures 6 and 7: adapters alone (A), with plain (B) and with balanced classes (C) at every weight.

    C at the printed weight is in the studies above. The last cells are the positive control: the same at 50:1.
    """
    tasks = [Cell(data="para", task="attributes"), *(Cell(data=key) for key in NAMES)]
    tasks.append(Cell(data=f"ava{CAPTIONS}", text="comments"))
    control = Cell(data=IMBALANCE[0], ratio=IMBALANCE[1])
    cells = []
    for task in (*tasks, control):
        cells.append(replace(task, classes=""))
        cells += [replace(task, classes="ce", lam=lam) for lam in WEIGHTS]
        cells += [replace(task, lam=lam) for lam in WEIGHTS if task.ratio or lam != LAMBDA]
    return per_seed(profile, *cells)


def control(profile: Profile) -> list[Cell]:
    """Positive control of Tables 1 and 3: with a quarter of the images, and as many steps, correlations must fall."""
    cells = [Cell(data="ava"), Cell(data="para", task="attributes")]
    return per_seed(profile, *[replace(cell, share=0.25) for cell in cells])


study = partial(Study, run=compute)
CONTROL = study("aesmamba.control", control, data=("ava", "para"))
VISUAL = study("aesmamba.visual", visual, data=tuple(NAMES))
MULTIMODAL = study("aesmamba.multimodal", multimodal, data=(*HISTOGRAMS, *(f"{key}{CAPTIONS}" for key in HISTOGRAMS)))
FINE_GRAINED = study("aesmamba.fine_grained", fine_grained, data=("para",))
BALANCE = study("aesmamba.balance", balance, data=(*NAMES, f"ava{CAPTIONS}"))
