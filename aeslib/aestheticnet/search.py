"""The customised progressive search (aestheticnet 4.1, Figure 4, Algorithm 1; methods 5.2).

Three supernets, deeper and deeper, with fewer and fewer operations an edge. Each is trained anew: weights ω on training
pictures and α on validation pictures, in turn, first order. After a stage each edge keeps its operations of largest α.

Letters: ω weights · α architecture parameters · T epochs of all stages together.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm.auto import tqdm

from aeslib.aestheticnet.genotype import EDGES, OPS, Genotype, derive
from aeslib.aestheticnet.losses import Variant, self_weighted_emd
from aeslib.aestheticnet.network import Stem
from aeslib.aestheticnet.supernet import ALL, Kept, Supernet, keep_best
from aeslib.backbones import IMAGENET
from aeslib.errors import ParameterError, StateError
from aeslib.seeding import hash_seed, seeded
from aeslib.training import Batches
from aeslib.training.batches import Batch
from aeslib.training.checkpoint import load_checkpoint, save_checkpoint
from aeslib.training.identity import identity


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """As printed where the paper says it (cells, operations, epochs, rates), else as in P-DARTS."""

    cells: tuple[int, ...] = (5, 11, 17)
    ops: tuple[int, ...] = (8, 5, 2)
    """Operations an edge has in each stage."""
    epochs: int = 25
    """Of each stage."""
    warmup: int = 10
    """First epochs of a stage, in which α rests."""
    c: int = 16
    stem: Stem = "cifar"
    lr: float = 0.025
    """Of ω: SGD, falling to 0 along a cosine in each stage."""
    momentum: float = 0.9
    weight_decay: float = 3e-4
    alpha_lr: float = 6e-4
    alpha_decay: float = 1e-3
    clip: float = 5.0
    dropout: tuple[float, ...] = (0.0, 0.4, 0.7)
    """Of skip connections at the start of each stage."""
    max_skips: int | None = 2
    """In the final normal cell; None: no limit."""
    variant: Variant = "A"
    order: Literal["w_a", "a_w"] = "w_a"
    """Algorithm 1 updates ω first, P-DARTS α."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not len(self.cells) == len(self.ops) == len(self.dropout):
            raise ParameterError(
                f"cells for {len(self.cells)} stages, operations for {len(self.ops)}, dropout for {len(self.dropout)}; "
                "expected one of each for every stage."
            )


@dataclass
class SearchLog:
    """What happened, an entry per epoch (T of them)."""

    rows: list[dict[str, float]] = field(default_factory=list)
    """stage, epoch, lr, dropout, loss (training) and val (loss on validation batches; NaN while α rests)."""
    mixtures: list[list[list[list[float]]]] = field(default_factory=list)
    """(T, 2, 14, 8) softmax(α) of normal and reduction cells after each epoch; 0: the operation is gone."""

    def mixture(self, at: int = -1) -> np.ndarray:
        """(2, 14, 8) after one epoch."""
        return np.array(self.mixtures[at])


@dataclass(frozen=True)
class Found:
    """What a search ends with."""

    genotype: Genotype
    log: SearchLog


def skip_dropout(start: float, epoch: int, epochs: int, warmup: int) -> float:
    """Rate in one epoch: a line towards 0 while α rests, then from `start` anew along e^(−0.2 t)."""
    if epoch < warmup:
        return start * (epochs - epoch - 1) / epochs
    return start * math.exp(-0.2 * (epoch - warmup))


def search(
    train: Batches, valid: Batches, config: SearchConfig, *, checkpoint: Path | None = None, progress: str = "search"
) -> Found:
    """Search cells for pictures with rating histograms.

    Args:
        train: pictures for ω, with target `hist`.
        valid: others, for α.
        config: how.
        checkpoint: file written after each epoch; an existing one is continued, and removed at the end.
        progress: label of the progress bar; empty: none.

    Raises:
        StateError: when the loss is not finite, or the checkpoint belongs to another search.
    """
    run = _Search(train, valid, config)
    if checkpoint is not None and checkpoint.is_file():
        run.resume(checkpoint)
    total = len(config.cells) * config.epochs
    with tqdm(total=total, initial=len(run.log.rows), desc=progress, disable=not progress, leave=False) as bar:
        while run.stage < len(config.cells):
            run.one_epoch()
            bar.update()
            if checkpoint is not None:
                run.save(checkpoint)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    normal, reduce = run.log.mixture()
    return Found(Genotype(derive(normal, config.max_skips), derive(reduce)), run.log)


class _Search:
    """State of one call of `search`."""

    def __init__(self, train: Batches, valid: Batches, config: SearchConfig) -> None:
        self.config, self.device = config, Accelerator().device
        self.train, self.valid = (replace(data, device=self.device) for data in (train, valid))
        self.mean, self.std = (torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in IMAGENET)
        self.stage, self.epoch, self.log = 0, 0, SearchLog()
        self.kept: tuple[Kept, Kept] = (ALL, ALL)
        self.signature = json.loads(json.dumps(asdict(config))) | {"data": identity([train, valid])}
        self.begin()

    def begin(self) -> None:
        """A fresh supernet for this stage, with fresh optimisers."""
        c = self.config
        with seeded(hash_seed(c.seed, 61, self.stage)):
            bins = self.train.targets["hist"].shape[1]
            self.net = Supernet(self.kept, c.c, c.cells[self.stage], bins, c.stem).to(self.device)
        self.weights, self.alphas = self.net.weights(), list(self.net.alphas)
        self.of_weights = torch.optim.SGD(self.weights, c.lr, c.momentum, weight_decay=c.weight_decay)
        self.of_alphas = torch.optim.Adam(self.alphas, c.alpha_lr, (0.5, 0.999), weight_decay=c.alpha_decay)

    def one_epoch(self) -> None:
        """Every training batch once; ends the stage after its last epoch."""
        c = self.config
        with seeded(hash_seed(c.seed, 62, self.stage, self.epoch)):
            self.log.rows.append(self._steps())
        self.log.mixtures.append([self.net.mixture(kind).tolist() for kind in (0, 1)])
        self.epoch += 1
        if self.epoch == c.epochs:
            self.stage, self.epoch = self.stage + 1, 0
            if self.stage < len(c.cells):
                count = c.ops[self.stage]
                normal, reduce = (keep_best(self.net.mixture(kind), self.kept[kind], count) for kind in (0, 1))
                self.kept = (normal, reduce)
                self.begin()

    def _steps(self) -> dict[str, float]:
        c, now = self.config, len(self.log.rows)
        rate = skip_dropout(c.dropout[self.stage], self.epoch, c.epochs, c.warmup)
        lr = 0.5 * c.lr * (1 + math.cos(math.pi * self.epoch / c.epochs))
        self.net.train().set_dropout(rate)
        for group in self.of_weights.param_groups:
            group["lr"] = lr
        others = self._validation(now)
        losses: dict[str, list[float]] = {"loss": [], "val": []}
        for batch in self.train.epoch(c.seed, now):
            steps = [("loss", batch, self.weights, self.of_weights)]
            if self.epoch >= c.warmup:
                steps.append(("val", next(others), self.alphas, self.of_alphas))  # type: ignore[arg-type]
            for name, seen, parameters, optimizer in steps if c.order == "w_a" else reversed(steps):
                losses[name].append(self._update(seen, parameters, optimizer))
        means = {name: float(np.mean(values)) if values else math.nan for name, values in losses.items()}
        return {"stage": self.stage, "epoch": self.epoch, "lr": lr, "dropout": rate, **means}

    def _validation(self, now: int) -> Iterator[Batch]:
        """Validation batches without end, in an order of their own."""
        turn = 0
        while True:
            yield from self.valid.epoch(hash_seed(self.config.seed, 63, now) % 2**31, turn)
            turn += 1

    def _update(self, batch: Batch, parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> float:
        """One step of ω or α; slopes of the other are not even computed."""
        image, truth = batch["image"].to(self.device), batch["hist"].to(self.device)
        logits = self.net((image - self.mean) / self.std)
        loss = self_weighted_emd(logits.softmax(-1), truth, variant=self.config.variant).mean()
        if not bool(torch.isfinite(loss)):
            raise StateError(f"loss is {loss.item()} in stage {self.stage}, epoch {self.epoch}; lower lr or clip more.")
        for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True):
            parameter.grad = slope
        nn.utils.clip_grad_norm_(parameters, self.config.clip)
        optimizer.step()
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Everything that the next epoch depends on."""
        progress = {"stage": self.stage, "epoch": self.epoch, "kept": self.kept, "rows": self.log.rows,
                    "mixtures": self.log.mixtures, "signature": self.signature}  # fmt: skip
        moments = {f"{k}.{name}": value for k, entries in self.of_alphas.state_dict()["state"].items()
                   for name, value in entries.items()}  # fmt: skip
        states: dict[str, dict[str, Tensor]] = {"net": dict(self.net.state_dict()), "alphas": moments}
        save_checkpoint(path, states, self.of_weights.state_dict(), progress)

    def resume(self, path: Path) -> None:
        """Continue where a killed search stood after its last whole epoch."""
        found = load_checkpoint(path)
        signature = found.progress.get("signature")
        if signature != self.signature:
            settings_differ = (
                not isinstance(signature, dict) or signature | {"data": self.signature["data"]} != self.signature
            )
            other = "another configuration" if settings_differ else "other data"
            raise StateError(f"{path.name} was made by a search with {other}; delete it to start anew.")
        self.stage, self.epoch = found.progress["stage"], found.progress["epoch"]
        normal, reduce = (tuple(tuple(ops) for ops in kind) for kind in found.progress["kept"])
        self.kept = (normal, reduce)
        self.log = SearchLog(found.progress["rows"], found.progress["mixtures"])
        if self.stage == len(self.config.cells):
            return
        self.begin()
        self.net.load_state_dict(found.states["net"])
        self.of_weights.load_state_dict(found.optimizer)
        moments: dict[int, dict[str, Any]] = {}
        for full, value in found.states.get("alphas", {}).items():
            k, _, name = full.partition(".")
            moments.setdefault(int(k), {})[name] = value
        self.of_alphas.load_state_dict({"state": moments, "param_groups": self.of_alphas.state_dict()["param_groups"]})


def dropped(log: SearchLog, kind: int) -> list[list[tuple[int, int, str]]]:
    """(source, node, operation) that stages took from the normal (0) or reduction (1) cell, a list per stage but the
    last."""
    stages = np.array([row["stage"] for row in log.rows])
    ends = [int(np.flatnonzero(stages == s)[-1]) for s in range(int(stages[-1]) + 1)]
    made = []
    for end in ends[:-1]:
        before, after = log.mixture(end)[kind], log.mixture(end + 1)[kind]
        gone = np.argwhere((before > 0) & (after == 0))
        made.append([(*EDGES[row], OPS[op]) for row, op in gone])
    return made
