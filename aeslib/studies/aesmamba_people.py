"""Runs behind the chapter on persons (aesmamba 4.4, Table 4, Figures 1 and 8), with a frozen image encoder.

A pool of persons is kept out of all training before. A model is first trained on mean scores, then on single votes of
everybody else, each with their prompt; then copies of it are fine-tuned, one for each person drawn from the pool. The
same persons, pictures and draws serve every prompt, so that comparisons are paired.
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
from aeslib.aesmamba.prompts import PARTS, prompt
from aeslib.aesmamba.text import Bert, TextEncoder, Vocabulary, bert_vocabulary
from aeslib.data import describe_source, pictured
from aeslib.data.adapters import para
from aeslib.data.adapters.reading import tracking
from aeslib.data.sources import Origin, cached, note
from aeslib.data.synthetic.standins import people
from aeslib.metrics import Interval, bootstrap, weighted_mean
from aeslib.paths import data_root
from aeslib.profiles import Profile, Size
from aeslib.seeding import seeded
from aeslib.studies.aesmamba import BATCH, TEXT, config_of, prepared
from aeslib.studies.aesmamba import Cell as Visual
from aeslib.studies.core import Outcome, Results, Study
from aeslib.studies.frozen import Neck, with_features
from aeslib.studies.parts import parts
from aeslib.training import Batches, FitConfig, fit
from aeslib.training.batches import Batch
from aeslib.training.fit import hash_seed

Kind = Literal["none", "art", "pht", "psn", "all"]
KINDS: dict[Kind, tuple[str, ...]] = {"none": (), "art": ("art",), "pht": ("pht",), "psn": ("psn",), "all": PARTS}
"""What a prompt says: nothing, one part, or all three."""
POOL = 100
"""Persons kept out of training."""
DRAWN: dict[Size, tuple[int, int]] = {"small": (20, 5), "paper": (40, 10)}
"""Persons drawn from them, and how often (4.4)."""
SHOTS, HELD = (10, 100), 50
"""Pictures of a person to learn from, and to be tested on (4.4)."""
VOTES = 6000
"""Votes of everybody else that the second training sees in the small size."""
SPLIT = 22
"""Seed of pool and votes: the same persons in every run."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run: a kind of prompt and a seed."""

    kind: Kind
    seed: int = 0


@dataclass(frozen=True)
class World:
    """Votes of PARA with the persons who gave them."""

    features: np.ndarray
    """(N, d) of all pictures that have votes."""
    means: np.ndarray
    """(N, 9) mean scores of the crowd."""
    image: np.ndarray
    """(V,) picture of each vote."""
    user: np.ndarray
    """(V,) person of each vote, row of `people`."""
    votes: np.ndarray
    """(V, 9) scores."""
    people: pd.DataFrame
    pool: np.ndarray
    """Persons kept out, rows of `people`."""

    @property
    def scale(self) -> float:
        """1, or less where the pool's persons have too few votes for 100 + 50 pictures."""
        fewest = np.bincount(self.user, minlength=len(self.people))[self.pool].min()
        return min(1.0, fewest / (max(SHOTS) + HELD))

    @property
    def shots(self) -> tuple[int, int]:
        """Pictures to learn from."""
        few, many = (max(3, int(k * self.scale)) for k in SHOTS)
        return few, many

    @property
    def held(self) -> int:
        """Pictures to be tested on."""
        return max(4, int(HELD * self.scale))


@cached(maxsize=1)
def world_of(profile: Profile) -> World:
    """Votes, persons and features."""
    found = pictured("para", level="rating", size=profile.images, stand_in=profile.stand_ins)
    own = prepared("para", "vmamba", profile)
    if found.source != "real":
        known = people("para", size=profile.images, seed=0)
    else:
        note(raters(profile))
        known = para.people(data_root() / "para")
    if "features" not in own.train.targets:  # the encoder stays frozen for persons in the paper size too
        own = with_features(parts("para", profile, paper="aesmamba"), "vmamba", profile)
    sides = (own.train, own.val) if found.source != "real" else (own.train, own.val, own.test)
    row = {name: k for k, name in enumerate(name for side in sides for name in side.ids)}
    votes = found.table.frame
    votes = votes[votes["image_id"].isin(row)]
    number = {name: k for k, name in enumerate(known["user_id"])}
    columns = ["score", *(f"attr_{name}" for name in PARA[1:])]
    user = votes["user_id"].map(number).to_numpy()
    counts = np.bincount(user, minlength=len(known))
    busy = np.argsort(-np.minimum(counts, max(SHOTS) + HELD), kind="stable")
    busy = busy[counts[busy] >= min(max(SHOTS) + HELD, np.median(counts))]
    pool = np.sort(np.random.default_rng(SPLIT).permutation(busy)[: min(POOL, len(known) // 3)])
    features, means = (
        np.concatenate(made)
        for made in zip(*((s.targets["features"], np.hstack([s.targets["score"][:, None], s.targets["attributes"]]))
                          for s in sides), strict=True)
    )  # fmt: skip
    return World(features, means, votes["image_id"].map(row).to_numpy(), user, votes[columns].to_numpy(np.float32),
                 known, pool)  # fmt: skip


def everybody(profile: Profile) -> list[dict[str, Any]]:
    """All persons, as prompts want them."""
    return [{str(name): value for name, value in one.items()} for one in world_of(profile).people.to_dict("records")]


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
    model.mba.start_at(dict(zip(PARA, w.means.mean(0).tolist(), strict=True)))
    return model


@cached(maxsize=1)
def generic(profile: Profile, seed: int) -> Mapping[str, Tensor]:
    """Weights after training on mean scores, with an empty prompt."""
    w, model = world_of(profile), new_model(profile, seed)
    silent = np.tile(vocabulary(profile).encode([""]), (len(w.features), 1))
    train = table({"features": w.features, "target": w.means.astype(np.float32), "ids": silent}, profile)
    fit(model, objective, train, config_of(Visual(data="para", seed=seed), profile), progress="")
    return model.state_dict()


def objective(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """MSE summed over attributes, without classes (methods 2.6)."""
    return supervised(model(batch["features"], batch["ids"]).scores, batch["target"]), {}


def table(targets: dict[str, np.ndarray], profile: Profile) -> Batches:
    """Rows without pictures."""
    size = len(targets["features"])
    blank = np.zeros((1, 3, 1, 1), np.uint8)
    return Batches(blank, targets, [str(k) for k in range(size)], BATCH[profile.size], rows=np.zeros(size, int))


def of_others(cell: Cell, profile: Profile) -> AesMamba:
    """The model that persons start from: `generic`, then votes of everybody else, each with their prompt."""
    w, model = world_of(profile), new_model(profile, cell.seed)
    model.load_state_dict(generic(profile, cell.seed))
    rows = np.flatnonzero(~np.isin(w.user, w.pool))
    most = min(VOTES, 2 * profile.images) if profile.size == "small" else len(rows)
    rows = np.random.default_rng([SPLIT, cell.seed]).permutation(rows)[:most]
    ids = prompts(cell.kind, profile).numpy()
    train = table({"features": w.features[w.image[rows]], "target": w.votes[rows], "ids": ids[w.user[rows]]},
                  profile)  # fmt: skip
    config = FitConfig(epochs=2, lr=2e-3 if profile.size == "small" else 4e-5, seed=cell.seed, optimizer="adamw",
                       betas=(0.9, 0.99), weight_decay=1e-3, schedule="cosine", clip=1.0)  # fmt: skip
    fit(model, objective, train, config, progress="")
    return model


# --- persons ---


def draw(w: World, repeat: int, users: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Persons of one repeat (U,), their votes to learn from (U, most shots) and to be tested on (U, held)."""
    rng = np.random.default_rng([SPLIT, 1, repeat])
    who = np.sort(rng.permutation(w.pool)[: min(users, len(w.pool))])
    own = [rng.permutation(np.flatnonzero(w.user == user))[: max(w.shots) + w.held] for user in who]
    rows = np.stack(own)
    return who, rows[:, w.held :], rows[:, : w.held]


@torch.inference_mode()
def encoded(model: AesMamba, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Token features and mask of prompts."""
    assert model.text is not None
    words, mask = model.text(ids)
    return words.clone(), mask.clone()


def compute(cell: Cell, profile: Profile, checkpoint: Path) -> Outcome:
    """One run: correlations (without fine-tuning, few shots, many shots; repeats; persons), with whose prompt."""
    w, model = world_of(profile), of_others(cell, profile)
    ids, reader = prompts(cell.kind, profile), Reader(model)
    users, repeats = DRAWN[profile.size]
    drawn = [draw(w, repeat, users) for repeat in range(min(repeats, 2 * profile.seeds))]
    arrays = {"who": np.stack([np.searchsorted(w.pool, who) for who, _, _ in drawn])}
    for label in ("own", "shuffled") if cell.kind == "all" else ("own",):
        made = []
        for repeat, (who, learn, test) in enumerate(drawn):
            speaker = np.random.default_rng([SPLIT, 2, repeat]).permutation(who) if label == "shuffled" else who
            made.append(one_repeat(w, reader, encoded(model, ids[speaker]), learn, test, profile, cell.seed))
        arrays[f"PLCC_{label}"], arrays[f"SRCC_{label}"] = np.array(made).transpose(1, 2, 0, 3)
    if cell.kind == "all" and cell.seed == 0:
        arrays |= {f"weight {name}": value.numpy() for name, value in model.state_dict().items()}
    few = arrays["SRCC_own"][1]
    return Outcome({"SRCC_few": float(few.mean()), "SRCC_start": float(arrays["SRCC_own"][0].mean())}, arrays)


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
                lr=1e-3 if small else 4e-5, batch=10 if k == w.shots[0] else 50, seed=seed,
            )  # fmt: skip
        with torch.no_grad():
            pred = scores(reader, x[w.image[test]], *text, own)[..., 0].numpy()
        found.append(correlations(pred, truth))
    return np.array(found).transpose(1, 0, 2)


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
    """aesmamba Table 4 and Figure 8: every kind of prompt, three seeds at most."""
    return [Cell(kind=kind, seed=seed) for seed in range(min(3, profile.seeds)) for kind in KINDS]


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

    Columns row, rival, group, metric, change, change low, change high, seeds.
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
                             "change": lead.value, "change low": lead.low, "change high": lead.high,
                             "seeds": len(ours)})  # fmt: skip
    return pd.DataFrame(made).round(4)


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
