"""What training on all of AVA would take: operations of the paper-size networks, counted where they take no memory."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from aeslib.backbones import build
from aeslib.data.cards import load_card
from aeslib.data.transforms import get_recipe
from aeslib.elta.hosts import encoder_of
from aeslib.profiles import get_profile
from aeslib.studies import aesmamba, aestheticnet, elta, taskvec_tasks
from aeslib.studies.core import find_study
from aeslib.taskvec.network import encoder_of as tower_of

PAPER = get_profile("paper")


@dataclass(frozen=True)
class Row:
    """Trainings of one network in one chapter's study."""

    paper: str
    study: str
    network: str
    side: int
    """Of the pictures that the paper's network sees, in pixels."""
    multiply_adds: int
    """Of one picture forward, matrix products and convolutions."""
    images: int
    """To train on: AVA whole."""
    passes: int
    """Over all pictures, of one run."""
    runs: int


@cache
def multiply_adds(network: str, side: int) -> int:
    """Of one picture forward: half the operations that torch counts, on the meta device."""
    with torch.device("meta"):
        model = build(network, "paper").eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 3, side, side, device="meta"))
    return counter.get_total_flops() // 2


def passes(extra: str) -> int:
    """Rounds of ELTA in passes over AVA; one with pseudo-labels also sees as many pictures of the pool."""
    return {"": 1, "longer": 2, "apds": 3, "both": 4}[extra]


def of_study(name: str, of: Callable[[Any], tuple[str, int] | None]) -> Iterable[Row]:
    """Rows of a study's grid; `of` gives a run's network and passes, None for one that does not train on AVA."""
    paper = name.partition(".")[0]
    side, family = get_recipe(paper).side, load_card("ava").splits[0].family
    images = sum(s.rows or 0 for s in load_card("ava").splits if (s.family, s.name) == (family, "train"))
    for (network, epochs), runs in Counter(filter(None, map(of, find_study(name).grid(PAPER)))).items():
        yield Row(paper, name, network, side, multiply_adds(network, side), images, epochs, runs)


def plan() -> list[Row]:
    """All trainings of the paper profile on AVA, as if it had all of AVA's training pictures.

    Not counted: text encoders, heads, search of cells, the inner level of BIAA, scans and other element-wise work,
    validation and test.
    """
    epochs = elta.config_of(PAPER, 0).epochs

    def of_elta(cell: Any) -> tuple[str, int] | None:
        return (encoder_of(cell.host, "paper"), epochs * passes(cell.extra)) if cell.data == "ava" else None

    def of_aesmamba(cell: Any) -> tuple[str, int] | None:
        known = cell.data.startswith("ava")
        return (cell.encoder, aesmamba.config_of(cell, PAPER).epochs) if known else None

    def of_aestheticnet(cell: Any) -> tuple[str, int] | None:
        network = {"nima": "cnn", "cnn": "cnn"}.get(cell.net, "darts")
        return (network, aestheticnet.fit_config(PAPER, cell).epochs) if cell.data == "ava" else None

    def of_taskvec(task: Any) -> tuple[str, int] | None:
        known = task.data == "ava"
        return (tower_of(task.which, "paper"), taskvec_tasks.phases(PAPER, 0).all.epochs) if known else None

    rows: list[Row] = []
    for name in ("ablation", "comparison", "plug_in", "mixing", "sweep"):
        rows += of_study(f"elta.{name}", of_elta)
    for name in ("visual", "multimodal", "balance"):
        rows += of_study(f"aesmamba.{name}", of_aesmamba)
    rows += of_study("taskvec.tasks", of_taskvec)
    for name in ("comparison", "losses", "improvements", "aspects"):
        rows += of_study(f"aestheticnet.{name}", of_aestheticnet)
    return rows
