"""Runs behind the chapter on persons (aesmamba 4.4, Table 4, Figures 1 and 8), with a frozen image encoder.

A pool of persons and a quarter of the images are kept out of all training before. A model is trained on every vote of
everybody else on the other images, each with their prompt; then copies of it are fine-tuned, one for each person drawn
from the pool, and tested on their votes on the images kept out. The same persons, images and draws serve every prompt,
so that comparisons are paired. Beside the network stand ridge regressions on the same votes and, where the data are
synthetic, the true scores behind the votes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from aeslib.aesmamba.model import PARA, AesMamba, supervised
from aeslib.aesmamba.personal import Reader, correlations, personalise, scores
from aeslib.aesmamba.prompts import EXPERIENCE, LEVELS, PARTS, TRAITS, prompt
from aeslib.aesmamba.text import Bert, TextEncoder, Vocabulary, bert_vocabulary
from aeslib.data import describe_source, pictured
from aeslib.data.adapters import para
from aeslib.data.adapters.reading import tracking
from aeslib.data.sources import Origin, cached, note
from aeslib.data.synthetic import standins
from aeslib.data.synthetic.raters import opinions
from aeslib.data.synthetic.truth import beauty
from aeslib.data.table import Source
from aeslib.metrics import Interval, bootstrap, weighted_mean
from aeslib.paths import data_root
from aeslib.profiles import Profile, Size
from aeslib.seeding import hash_seed, numpy_generator, seeded
from aeslib.studies.aesmamba import TEXT, prepared
from aeslib.studies.core import Outcome, Results, Study
from aeslib.studies.effects import columns_of
from aeslib.studies.frozen import Neck, with_features
from aeslib.studies.parts import parts
from aeslib.training import Batches, FitConfig, fit
from aeslib.training.batches import Batch

Kind = Literal["none", "art", "pht", "psn", "all", "ridge"]
"""Prompts of the network, and the ridge baseline, which reads the persona's numbers instead of a prompt."""
KINDS: dict[Kind, tuple[str, ...]] = {"none": (), "art": ("art",), "pht": ("pht",), "psn": ("psn",), "all": PARTS}
"""What a prompt says: nothing, one part, or all three."""
POOL = 100
"""Persons kept out of training."""
DRAWN: dict[Size, tuple[int, int]] = {"small": (20, 5), "paper": (40, 10)}
"""Persons drawn from them, and how often (4.4)."""
SHOTS, HELD = (10, 100), 50
"""Pictures of a person to learn from, and to be tested on (4.4)."""
TESTED = 0.25
"""Share of the images that are kept for tests: most persons have voted on 50 of these."""
RATE: dict[Size, float] = {"small": 3e-4, "paper": 4e-5}
"""Of fine-tuning: the best of 1e-4, 3e-4 and 1e-3 on votes of persons outside the pool, and as printed."""
STEP: dict[Size, int] = {"small": 512, "paper": 64}
"""Votes in one training step."""
TOGETHER = 16
"""Votes of one person that stand in one row of a batch, so that their prompt is read once for all of them."""
PERSONAS = 3000
"""Random personas whose prompts the small text encoder is pretrained on."""
LAMBDAS = np.logspace(-5, 0, 11)
"""Penalties that the ridge regression chooses from, per vote."""
SPLIT = 22
"""Seed of pool, test images and draws: the same in every run."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run: a kind of prompt (or the ridge baseline) and a seed."""

    kind: Kind
    seed: int = 0


@dataclass(frozen=True)
class World:
    """Votes of PARA with the persons who gave them."""

    ids: np.ndarray
    """(N,) names of all images that have votes."""
    features: np.ndarray
    """(N, d) of these images."""
    tested: np.ndarray
    """(N,) whether an image is kept for tests: no training sees it."""
    image: np.ndarray
    """(V,) image of each vote."""
    user: np.ndarray
    """(V,) person of each vote, row of `people`."""
    votes: np.ndarray
    """(V, 9) scores."""
    people: pd.DataFrame
    pool: np.ndarray
    """Persons kept out, rows of `people`."""
    source: Source

    @property
    def others(self) -> np.ndarray:
        """Votes that the common models may learn from: by everybody outside the pool, on images not kept for tests."""
        return np.flatnonzero(~np.isin(self.user, self.pool) & ~self.tested[self.image])

    def fewest(self, tested: bool) -> int:
        """Fewest votes that a person of the pool gave on images kept for tests, or on the others."""
        rows = self.user[self.tested[self.image] == tested]
        return int(np.bincount(rows, minlength=len(self.people))[self.pool].min())

    @property
    def scale(self) -> float:
        """1, or less where the pool's persons have too few votes for 100 + 50 images."""
        return min(1.0, self.fewest(False) / max(SHOTS), self.fewest(True) / HELD)

    @property
    def shots(self) -> tuple[int, int]:
        """Images to learn from."""
        few, many = (max(3, int(k * self.scale)) for k in SHOTS)
        return few, many

    @property
    def held(self) -> int:
        """Images to be tested on."""
        return min(max(4, int(HELD * self.scale)), self.fewest(True))


@cached(maxsize=1)
def world_of(profile: Profile) -> World:
    """Votes, persons and features."""
    found = pictured("para", level="rating", size=profile.images, stand_in=profile.stand_ins)
    own = prepared("para", "vmamba", profile)
    if found.source != "real":
        known = standins.people("para", size=profile.images, seed=0)
    else:
        note(raters(profile))
        known = para.people(data_root() / "para")
    if "features" not in own.train.targets:  # the encoder stays frozen for persons in the paper size too
        own = with_features(parts("para", profile, paper="aesmamba"), "vmamba", profile)
    sides = (own.train, own.val) if found.source != "real" else (own.train, own.val, own.test)
    names = [name for side in sides for name in side.ids]
    row = {name: k for k, name in enumerate(names)}
    votes = found.table.frame
    votes = votes[votes["image_id"].isin(row)]
    number = {name: k for k, name in enumerate(known["user_id"])}
    columns = ["score", *(f"attr_{name}" for name in PARA[1:])]
    image, user = votes["image_id"].map(row).to_numpy(), votes["user_id"].map(number).to_numpy()
    tested = numpy_generator([SPLIT, 3]).permutation(len(names)) < round(TESTED * len(names))
    learn, test = (np.bincount(user[tested[image] == side], minlength=len(known)) for side in (False, True))
    room = np.minimum(learn / max(SHOTS), test / HELD)  # 1: votes enough to learn from and to be tested on
    busy = np.flatnonzero(room >= min(1.0, np.median(room)))
    pool = np.sort(numpy_generator(SPLIT).permutation(busy)[: min(POOL, len(known) // 3)])
    features = np.concatenate([side.targets["features"] for side in sides])
    return World(np.array(names), features, tested, image, user, votes[columns].to_numpy(np.float32), known, pool,
                 found.source)  # fmt: skip


def everybody(profile: Profile) -> list[dict[str, Any]]:
    """All persons, as prompts want them."""
    return as_persons(world_of(profile).people)


def as_persons(people: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table of people, as prompts want them."""
    return [{str(name): value for name, value in one.items()} for one in people.to_dict("records")]


@cached(maxsize=1)
def vocabulary(profile: Profile) -> Vocabulary:
    """BERT's words in the paper size, else those of everybody's prompts."""
    if profile.size == "paper":
        return bert_vocabulary()
    return Vocabulary.learnt([prompt(person) for person in everybody(profile)], length=96)


def prompts(kind: Kind, profile: Profile) -> Tensor:
    """(people, n) token numbers of everybody's prompt."""
    said = [prompt(person, KINDS[kind]) for person in everybody(profile)]
    return torch.from_numpy(vocabulary(profile).encode(said))


def persona_numbers(people: pd.DataFrame) -> np.ndarray:
    """(people, 7) what a whole prompt says in numbers: five traits and two levels, standardised over the table."""
    traits = [people[f"personality-{letter}"].to_numpy(float) for letter in TRAITS]
    levels = [people[column].map(LEVELS.index).to_numpy(float) for _, column in EXPERIENCE.values()]
    numbers = np.column_stack([*levels, *traits])
    return (numbers - numbers.mean(0)) / np.maximum(numbers.std(0), 1e-9)


# --- training ---


def new_model(profile: Profile, seed: int) -> AesMamba:
    """A fresh AesMamba-P on frozen features."""
    w, paper = world_of(profile), profile.size == "paper"
    with seeded(hash_seed(seed, 23)):
        text: nn.Module = (
            Bert(pretrained=True) if paper else TextEncoder(len(vocabulary(profile)), TEXT, layers=1, length=96)
        )
        sizes = {"heads": 12, "hidden": 256} if paper else {"heads": 4, "hidden": 64}
        width = 768 if paper else 64
        model = AesMamba(Neck(w.features.shape[1], width), PARA, text=text, **sizes)
    assert model.fusion is not None
    with torch.no_grad():
        for layer in model.fusion.modules():
            if isinstance(layer, nn.Linear):
                layer.weight *= (768 / width) ** 0.5  # the released spread of weights is for a width of 768
    model.mba.start_at(dict(zip(PARA, w.votes[w.others].mean(0).tolist(), strict=True)))
    return model


class NumberReader(nn.Module):
    """A text encoder with a linear layer that reads a persona's numbers from the mean feature of its words."""

    def __init__(self, text: nn.Module, numbers: int) -> None:
        super().__init__()
        self.text, self.head = text, nn.Linear(int(text.width), numbers)  # type: ignore[arg-type]

    def forward(self, ids: Tensor) -> Tensor:
        """(B, numbers) what prompts (B, n) say."""
        words, mask = self.text(ids)
        return self.head((words * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))


@cached(maxsize=1)
def number_reader(profile: Profile) -> NumberReader:
    """A small text encoder that was trained to read the numbers of random personas back, as BERT knows its words.

    Prompts are of every kind; numbers that one does not mention are 0, the mean. No vote is read here.
    """
    people, rng = world_of(profile).people, numpy_generator([SPLIT, 5])
    columns = [*(f"personality-{letter}" for letter in TRAITS), *(column for _, column in EXPERIENCE.values())]
    random = pd.DataFrame({column: rng.choice(people[column].to_numpy(), PERSONAS) for column in columns})
    kinds = rng.choice([kind for kind in KINDS if kind != "none"], PERSONAS)
    said = [prompt(person, KINDS[kind]) for person, kind in zip(as_persons(random), kinds, strict=True)]
    mentioned = [[part in KINDS[kind] for part in ("art", "pht", *["psn"] * len(TRAITS))] for kind in kinds]
    targets = {"ids": vocabulary(profile).encode(said), "target": persona_numbers(random) * np.array(mentioned)}
    with seeded(hash_seed(0, 24)):
        model = NumberReader(TextEncoder(len(vocabulary(profile)), TEXT, layers=1, length=96), len(mentioned[0]))
    config = FitConfig(epochs=3 * profile.pretext_epochs, lr=3e-3, optimizer="adamw", weight_decay=1e-3,
                       schedule="cosine", warmup=20)  # fmt: skip
    fit(model, reading_loss, table(targets, said, 128), config, progress="")
    return model


def reading_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """MSE of the numbers that are read from prompts."""
    return (model(batch["ids"]) - batch["target"]).square().mean(), {}


def objective(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """MSE summed over attributes, without classes (methods 2.6); rows are several images of one person."""
    assert isinstance(model, AesMamba)
    assert model.text is not None
    predicted = scores(Reader(model), batch["features"], *model.text(batch["ids"]))
    return supervised(predicted.flatten(0, 1)[..., None], batch["target"].flatten(0, 1)), {}


def table(targets: dict[str, np.ndarray], names: list[str], batch_size: int) -> Batches:
    """Rows without pictures."""
    blank = np.zeros((1, 3, 1, 1), np.uint8)
    return Batches(blank, targets, names, batch_size, rows=np.zeros(len(names), int))


def examples(cell: Cell, profile: Profile) -> Batches:
    """All votes of `World.others`, `TOGETHER` of one person a row, with the person's prompt.

    The last row of a person begins their votes again where it would be short.
    """
    w, rng = world_of(profile), numpy_generator([SPLIT, cell.seed])
    votes = rng.permutation(w.others)
    by_user = [votes[w.user[votes] == user] for user in np.unique(w.user[votes])]
    rows = np.concatenate([np.resize(own, (-(-len(own) // TOGETHER), TOGETHER)) for own in by_user])
    user = w.user[rows[:, 0]]
    targets = {"features": w.features[w.image[rows]], "target": w.votes[rows],
               "ids": prompts(cell.kind, profile).numpy()[user]}  # fmt: skip
    return table(targets, w.people["user_id"].iloc[user].tolist(), STEP[profile.size] // TOGETHER)


def of_others(cell: Cell, profile: Profile) -> AesMamba:
    """The model that persons start from: trained on votes of everybody else, each with their prompt."""
    model, small = new_model(profile, cell.seed), profile.size == "small"
    if small:
        assert model.text is not None
        model.text.load_state_dict(number_reader(profile).text.state_dict())
    epochs, lr = (profile.epochs, 3e-3) if small else (5, 1e-4)
    config = FitConfig(epochs=epochs, lr=lr, seed=cell.seed, optimizer="adamw", betas=(0.9, 0.99), weight_decay=1e-3,
                       schedule="cosine", clip=1.0)  # fmt: skip
    fit(model, objective, examples(cell, profile), config, progress="")
    return model


# --- persons ---


def draw(w: World, repeat: int, users: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Persons of one repeat (U,), their votes to learn from (U, most shots) and to be tested on (U, held)."""
    rng = numpy_generator([SPLIT, 1, repeat])
    who = np.sort(rng.permutation(w.pool)[: min(users, len(w.pool))])
    learn, test = (
        np.stack([rng.permutation(np.flatnonzero((w.user == user) & (w.tested[w.image] == side)))[:most]
                  for user in who])
        for side, most in ((False, max(w.shots)), (True, w.held))
    )  # fmt: skip
    return who, learn, test


def draws(w: World, profile: Profile) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """`draw` of all repeats; two in a profile of single epochs."""
    users, repeats = DRAWN[profile.size]
    return [draw(w, repeat, users) for repeat in range(repeats if profile.epochs > 1 else 2)]


def another(who: np.ndarray, repeat: int) -> np.ndarray:
    """(U,) somebody else of the same repeat for each person: the next one in a random circle."""
    order = numpy_generator([SPLIT, 2, repeat]).permutation(len(who))
    speaker = np.empty_like(who)
    speaker[order] = who[np.roll(order, 1)]
    return speaker


@torch.inference_mode()
def encoded(model: AesMamba, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Token features and mask of prompts."""
    assert model.text is not None
    words, mask = model.text(ids)
    return words.clone(), mask.clone()


def compute(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """One run: correlations (without fine-tuning, few shots, many shots; repeats; persons), with whose prompt."""
    if cell.kind == "ridge":
        return baselines(cell, profile)
    w, model = world_of(profile), of_others(cell, profile)
    ids, reader, drawn = prompts(cell.kind, profile), Reader(model), draws(w, profile)
    arrays = {"who": drawn_rows(w, drawn)}
    for whose in ("own", "shuffled") if cell.kind == "all" else ("own",):
        made = []
        for repeat, (who, learn, test) in enumerate(drawn):
            speaker = another(who, repeat) if whose == "shuffled" else who
            made.append(one_repeat(w, reader, encoded(model, ids[speaker]), learn, test, profile, cell.seed))
        arrays[f"PLCC_{whose}"], arrays[f"SRCC_{whose}"] = np.array(made).transpose(1, 2, 0, 3)
    if cell.kind == "all" and cell.seed == 0:
        arrays |= {f"weight {name}": value.numpy() for name, value in model.state_dict().items()}
    return Outcome(summary(arrays), arrays)


def drawn_rows(w: World, drawn: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """(repeats, U) persons of each repeat, as places in the pool."""
    return np.stack([np.searchsorted(w.pool, who) for who, _, _ in drawn])


def summary(arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Mean SRCC of each amount of images; `lead`: with a person's own persona over another's, the positive control."""
    own = arrays["SRCC_own"].mean((1, 2))
    means = {f"SRCC_{amount}": float(value) for amount, value in zip(AMOUNTS, own, strict=False)}
    if "SRCC_shuffled" in arrays:
        lead = own - arrays["SRCC_shuffled"].mean((1, 2))
        means |= {f"lead_{amount}": float(value) for amount, value in zip(AMOUNTS, lead, strict=False)}
    return means


def one_repeat(
    w: World,
    reader: Reader,
    text: tuple[Tensor, Tensor],
    learn: np.ndarray,
    test: np.ndarray,
    profile: Profile,
    seed: int,
) -> np.ndarray:
    """(2 correlations, 3 amounts of pictures, U) of the overall score on test pictures."""
    x, small = torch.from_numpy(w.features), profile.size == "small"
    truth = w.votes[test][..., 0]
    found = []
    for k in (0, *w.shots):
        own = None
        if k:
            rows = learn[:, :k]
            own = personalise(
                reader, x[w.image[rows]], *text, torch.from_numpy(w.votes[rows]), epochs=5 if small else 50,
                lr=RATE[profile.size], batch=10 if k == w.shots[0] else 50, seed=seed,
            )  # fmt: skip
        with torch.no_grad():
            pred = scores(reader, x[w.image[test]], *text, own)[..., 0].numpy()
        found.append(correlations(pred, truth))
    return np.array(found).transpose(1, 0, 2)


# --- what else reads a persona ---


def baselines(cell: Cell, profile: Profile) -> Outcome:
    """Correlations (without fine-tuning; repeats; persons) of ridge regressions and, on synthetic data, of the truth.

    `own`, `shuffled`: ridge on products of features and persona, with a person's own and another's; `crowd`: ridge on
    features alone; `true_crowd`, `true_persona`: see `true_scores`; `true_another`: the latter with another's persona.
    """
    w, drawn = world_of(profile), draws(world_of(profile), profile)
    nobody = np.ones((len(w.people), 1))
    personal, crowd = (
        ridge_scores(w, numbers, cell.seed) for numbers in (np.hstack([nobody, persona_numbers(w.people)]), nobody)
    )
    predicted = {"own": personal, "shuffled": personal, "crowd": crowd, **true_scores(profile)}
    if "true_persona" in predicted:
        predicted["true_another"] = predicted["true_persona"]
    arrays = {"who": drawn_rows(w, drawn)}
    for name, values in predicted.items():
        found = []
        for repeat, (who, _, test) in enumerate(drawn):
            speaker = another(who, repeat) if name in {"shuffled", "true_another"} else who
            found.append(correlations(values[w.image[test], speaker[:, None]], w.votes[test][..., 0]))
        arrays[f"PLCC_{name}"], arrays[f"SRCC_{name}"] = np.array(found).transpose(1, 0, 2)[:, None]
    return Outcome(summary(arrays), arrays)


def ridge_scores(w: World, persona: np.ndarray, seed: int) -> np.ndarray:
    """(N, people) scores by ridge regression of votes on products of image features and persona numbers (people, m).

    It reads the votes of `World.others`. The penalty with the smallest squared error on votes of a fifth of these
    persons on a fifth of the images, both unseen until then, is taken; then all votes are used.
    """
    rows, rng = w.others, numpy_generator([SPLIT, 4, seed])
    seen = w.features[~w.tested]
    x = (w.features - seen.mean(0)) / np.maximum(seen.std(0), 1e-9)
    x, persona = np.hstack([np.ones((len(x), 1)), x]).astype(np.float32), persona.astype(np.float32)
    y = w.votes[rows, 0] - w.votes[rows, 0].mean()
    known = (np.unique(column[rows]) for column in (w.user, w.image))
    unseen = [rng.permutation(values)[: -(-len(values) // 5)] for values in known]
    new_user, new_image = np.isin(w.user[rows], unseen[0]), np.isin(w.image[rows], unseen[1])

    def sums(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = x.shape[1] * persona.shape[1]
        gram, moment = np.zeros((size, size)), np.zeros(size)
        for part in np.array_split(np.flatnonzero(chosen), -(-int(chosen.sum()) // 8192)):
            own, shown = persona[w.user[rows[part]]], x[w.image[rows[part]]]
            products = (own[:, :, None] * shown[:, None]).reshape(len(part), -1)
            gram += products.T @ products
            moment += products.T @ y[part]
        return gram, moment

    def predict(coefficients: np.ndarray) -> np.ndarray:
        return x @ (persona @ coefficients.reshape(persona.shape[1], -1)).T

    inner, judged = ~new_user & ~new_image, new_user & new_image
    (gram, moment), (more, further) = sums(inner), sums(~inner)
    size, axes = np.linalg.eigh(gram)
    errors = []
    for penalty in LAMBDAS:
        predicted = predict(axes @ (axes.T @ moment / (size + penalty * inner.sum())))
        errors.append(np.square(predicted[w.image[rows], w.user[rows]] - y)[judged].mean())
    best = LAMBDAS[int(np.argmin(errors))] * len(rows)
    return predict(np.linalg.solve(gram + more + best * np.eye(len(gram)), moment + further))


def true_scores(profile: Profile) -> dict[str, np.ndarray]:
    """(N, people) true scores behind the votes of a synthetic data set; none where the data are real.

    `true_crowd`: the crowd's score, the same for everybody. `true_persona`: with what the numbers of a prompt tell of a
    person's taste, by the linear map from numbers to true tastes that fits everybody best.
    """
    w = world_of(profile)
    if w.source == "real":
        return {}
    made = standins.world("para", profile.images, 0)
    known, crowd = standins.calibration("para"), made.crowd
    level = np.interp(beauty(made.scenes, made.qualities, made.spec.criterion, made.spec.appeal), known.beauty,
                      known.level)  # fmt: skip
    numbers = np.hstack([np.ones((len(w.people), 1)), persona_numbers(w.people)])
    tastes = numbers @ np.linalg.lstsq(numbers, crowd.tastes.T, rcond=None)[0]  # (people, qualities)
    likes = known.standard(made.scenes, made.qualities)[:, : tastes.shape[1]] @ tastes.T
    row = pd.Series(np.arange(len(made.ids)), made.ids).loc[w.ids].to_numpy()
    return {"true_crowd": np.repeat(level[row, None], len(w.people), 1),
            "true_persona": opinions(level, likes, crowd, made.spec.habits)[row]}  # fmt: skip


def ratings(profile: Profile) -> Origin:
    """Describe where PARA's single ratings are read from."""
    return describe_source("para", level="rating", size=profile.images)


def raters(profile: Profile) -> Origin:
    """Describe where the raters of PARA are read from: the owners' table where the ratings are real."""
    origin = ratings(profile)
    if origin.source != "real":
        return origin
    with tracking() as files:
        para.people(data_root() / "para")
    return replace(origin, detail="; ".join(f"{name} {sha[:12]}" for name, sha in files.items()))


def persons(profile: Profile) -> list[Cell]:
    """aesmamba Table 4 and Figure 8: every kind of prompt and the ridge baseline, three seeds of five."""
    kinds: tuple[Kind, ...] = (*KINDS, "ridge")
    return [Cell(kind=kind, seed=seed) for seed in range(profile.fewer_seeds) for kind in kinds]


PERSONS = Study("aesmamba.persons", persons, compute, ("para", ratings, raters))


# --- reading the runs ---

AMOUNTS = ("start", "few", "many")
"""Without fine-tuning, after the smaller and after the larger number of pictures."""


def by_person(runs: Results, kind: Kind, amount: str, metric: str = "SRCC", whose: str = "own") -> np.ndarray:
    """(S, pool) each person's correlation, mean over the repeats that drew them; persons never drawn are left out."""
    found = runs.stacked(f"{metric}_{whose}", kind=kind)[:, AMOUNTS.index(amount)]  # (S, repeats, U)
    who = runs.stacked("who", kind=kind)[0]
    size = who.max() + 1
    counts = np.bincount(who.ravel(), minlength=size)
    sums = np.stack([np.bincount(who.ravel(), one.ravel(), minlength=size) for one in found])
    return sums[:, counts > 0] / counts[counts > 0]


def interval(values: np.ndarray, minus: np.ndarray | None = None, resamples: int = 1000) -> Interval:
    """Mean over persons with its interval over persons and seeds, or of a paired difference."""
    return bootstrap(lambda pred, _, weights: weighted_mean(pred, weights), values, np.zeros(values.shape[1]),
                     minus=minus, resamples=resamples)  # fmt: skip


def by_repeat(runs: Results, kind: Kind, amount: str, metric: str = "SRCC", whose: str = "own") -> np.ndarray:
    """(repeats,) mean over persons and seeds."""
    return runs.stacked(f"{metric}_{whose}", kind=kind)[:, AMOUNTS.index(amount)].mean((0, 2))


def changes(runs: Results, shots: Mapping[str, str], named: Mapping[Kind, str], *, resamples: int) -> pd.DataFrame:
    """Paired leads of whole prompts over no prompt, each part and somebody else's, for each amount of `shots`.

    Columns row, rival, group, metric, change, change low, change high, mde, seeds.
    """
    made = []
    rivals: list[tuple[Kind, str]] = [*((kind, "own") for kind in KINDS if kind != "all"), ("all", "shuffled")]
    for amount, group in shots.items():
        for kind, whose in rivals:
            for metric in ("PLCC", "SRCC"):
                ours, other = by_person(runs, "all", amount, metric), by_person(runs, kind, amount, metric, whose)
                lead = interval(ours, other, resamples)
                rival = named[kind] if whose == "own" else "another's prompt"
                made.append({"row": named["all"], "rival": rival, "group": group, "metric": metric,
                             **columns_of(lead, len(ours)), "seeds": len(ours)})  # fmt: skip
    return pd.DataFrame(made).round(4)


TRUTH = "truth with persona"
"""Row of the true scores that a persona tells."""


def control(runs: Results, amounts: Mapping[str, str], *, resamples: int) -> pd.DataFrame:
    """Return the positive control: SRCC with a person's own persona against another's, paired.

    AesMamba-P at each of `amounts`, the ridge regression and, on synthetic data, the true scores without fine-tuning;
    columns row, group, own, another, change, change low, change high, mde, seeds.
    """
    compared: list[tuple[str, Kind, str, str, str]] = [
        ("AesMamba-P", "all", amount, "own", "shuffled") for amount in amounts
    ]
    compared.append(("ridge with persona", "ridge", "start", "own", "shuffled"))
    if has_truth(runs):
        compared.append((TRUTH, "ridge", "start", "true_persona", "true_another"))
    rows = []
    for row, kind, amount, whose, other in compared:
        own, another = (by_person(runs, kind, amount, whose=name) for name in (whose, other))
        lead = interval(own, another, resamples)
        rows.append({"row": row, "group": amounts[amount], "own": own.mean(), "another": another.mean(),
                     **columns_of(lead, len(own)), "seeds": len(own)})  # fmt: skip
    return pd.DataFrame(rows).round(4)


def has_truth(runs: Results) -> bool:
    """Whether the runs have true scores to compare with: those on synthetic data."""
    return "SRCC_true_persona" in runs.arrays(runs.frame.query("kind == 'ridge'")["key"].iloc[0])


def restored(arrays: Mapping[str, np.ndarray], profile: Profile) -> AesMamba:
    """The model of seed 0 that reads whole prompts, as it was before any fine-tuning."""
    model = new_model(profile, 0)
    state = {
        name.removeprefix("weight "): torch.from_numpy(v) for name, v in arrays.items() if name.startswith("weight ")
    }
    model.load_state_dict(state)
    return model.eval()


@torch.inference_mode()
def persona_scores(model: AesMamba, features: np.ndarray, said: list[str], profile: Profile) -> np.ndarray:
    """(prompts, N) overall scores of pictures (N, d) after each prompt."""
    ids = torch.from_numpy(vocabulary(profile).encode(said))
    x = torch.from_numpy(features).expand(len(said), -1, -1)
    return scores(Reader(model), x, *encoded(model, ids))[..., 0].numpy()
