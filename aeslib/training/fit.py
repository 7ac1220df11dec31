"""`fit`: the one training loop. Methods plug in as objectives `(model, batch) -> (loss, logs)`.

What makes a run repeatable: weights are the caller's; batch order depends on (seed, epoch); torch's generator is
seeded by (seed, epoch) at each epoch's start. So nothing random has to be stored: a run that was killed at any step
continues from its last checkpoint and ends with the same numbers as one that was not.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from tqdm.auto import tqdm

from aeslib.errors import ParameterError, StateError
from aeslib.seeding import hash_seed, seeded
from aeslib.training.batches import Batch, Batches
from aeslib.training.checkpoint import load_checkpoint, save_checkpoint
from aeslib.training.identity import identity

Objective = Callable[[nn.Module, Batch], tuple[Tensor, Mapping[str, float | Tensor]]]
Score = Callable[[nn.Module], float]
"""Validation score of a model, higher is better."""


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How to train. Learning rates are per step; schedules run over all steps."""

    epochs: int
    lr: float
    seed: int = 0
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "halving"] = "constant"
    final_lr: float = 0.0
    """cosine: lr at the end."""
    half_life: int = 125
    """halving: lr(t) = lr · 0.5^(t / half_life), continuous (mtcnn 4.2)."""
    warmup: int = 0
    """Steps of linear warm-up."""
    clip: float | None = None
    """Largest gradient norm."""
    train_only: tuple[str, ...] = ()
    """Prefixes of the parameters to train; empty: all."""
    precision: Literal["no", "bf16", "fp16"] = "no"
    patience: int | None = None
    """Epochs without a better validation score before stopping; None: never."""
    keep: Literal["last", "best"] = "last"
    """`best` is by the validation score, never by a test set."""

    def lr_at(self, step: int, total: int) -> float:
        """Learning rate of `step` (0 …) out of `total`."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        if self.schedule == "cosine":
            return self.final_lr + 0.5 * (self.lr - self.final_lr) * (1 + math.cos(math.pi * step / max(total, 1)))
        if self.schedule == "halving":
            return self.lr * float(0.5 ** (step / self.half_life))
        return self.lr


@dataclass
class History:
    """What happened, one row per epoch: `epoch`, `loss`, `lr`, the objective's logs, `val` where there is one."""

    rows: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int | None = None
    resumed_from: int = 0
    """Epochs that an earlier, interrupted call had already done."""

    def column(self, name: str) -> list[float]:
        """One value per epoch."""
        return [row[name] for row in self.rows]


def make_optimizer(
    parameters: Iterable[nn.Parameter], config: FitConfig, undecayed: Iterable[nn.Parameter] = ()
) -> torch.optim.Optimizer:
    """Return the optimiser that `config` names.

    Args:
        parameters: those to train.
        config: learning rate, weight decay and the rest.
        undecayed: parameters that weight decay leaves alone, see `without_decay`.
    """
    exempt = {id(parameter) for parameter in undecayed}
    groups: list[list[nn.Parameter]] = [[], []]
    for parameter in parameters:
        groups[id(parameter) in exempt].append(parameter)
    decays = (config.weight_decay, 0.0)
    trained = [{"params": group, "weight_decay": w} for group, w in zip(groups, decays, strict=True) if group]
    if config.optimizer == "sgd":
        return torch.optim.SGD(trained, lr=config.lr, momentum=config.momentum)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.optimizer]
    return kind(trained, lr=config.lr, betas=config.betas, fused=True)


def without_decay(model: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that a part of `model` names in `no_weight_decay()`, as timm's models do."""
    parts = [part for part in model.modules() if callable(getattr(part, "no_weight_decay", None))]
    named = [(dict(part.named_parameters()), part.no_weight_decay()) for part in parts]  # type: ignore[operator]
    return [own[name] for own, names in named for name in names if name in own]


def freeze(model: nn.Module, prefixes: tuple[str, ...]) -> list[nn.Parameter]:
    """Train only the parameters whose names start with one of `prefixes` (all when empty); returns those."""
    chosen = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not prefixes or name.startswith(prefixes))
        chosen += [parameter] if parameter.requires_grad else []
    if not chosen:
        names = sorted({name.split(".")[0] for name, _ in model.named_parameters()})
        raise ParameterError(f"train_only={prefixes} matches no parameter; names start with {', '.join(names)}.")
    return chosen


def fit(
    model: nn.Module,
    objective: Objective,
    train: Batches,
    config: FitConfig,
    *,
    validate: Score | None = None,
    checkpoint: Path | None = None,
    progress: str = "training",
) -> History:
    """Train `model` in place.

    On a CPU the last digits depend on the number of threads: studies and notebooks use one (`aeslib.numerics`).

    Args:
        model: on any device; it is moved to the accelerator's, and back at the end.
        objective: gives the scalar loss of a batch and what to log.
        train: the training pictures and targets.
        config: how.
        validate: higher is better; needed for `patience` and `keep="best"`.
        checkpoint: file written after each epoch; an existing one is continued, and removed at the end.
        progress: label of the progress bar; empty: none.

    Raises:
        ParameterError: when the config asks for validation that is not given.
        StateError: when the loss is not finite (names the pictures), or the checkpoint belongs to another run: to
            one with another config, model, start, data, objective or validation score.
    """
    if validate is None and (config.patience is not None or config.keep == "best"):
        raise ParameterError("patience and keep='best' need validate=…; pass a validation score, never the test set's.")
    signature = sign(model, objective, train, config, validate) if checkpoint is not None else {}
    run = _Run(model, objective, train, config, validate, signature)
    if checkpoint is not None and checkpoint.is_file():
        run.resume(checkpoint)
    total = config.epochs * train.steps
    shown = progress and run.accelerator.is_main_process
    with tqdm(total=total, initial=run.epoch * train.steps, desc=progress, disable=not shown, leave=False) as bar:
        while run.epoch < config.epochs and not run.out_of_patience():
            run.one_epoch(bar)
            if checkpoint is not None and run.accelerator.is_main_process:
                run.save(checkpoint)
    run.finish()
    if checkpoint is not None and run.accelerator.is_main_process:
        checkpoint.unlink(missing_ok=True)
    return run.history


def sign(
    model: nn.Module, objective: Objective, train: Batches, config: FitConfig, validate: Score | None
) -> dict[str, Any]:
    """Return what tells a run of `fit` from others: its config in plain, digests of the rest, each under its name."""
    shapes = {name: [str(value.dtype), *value.shape] for name, value in model.state_dict().items()}
    return {
        "another configuration": json.loads(json.dumps([asdict(config), len(train), train.batch_size])),
        "another model": identity(shapes),
        "other data": identity(replace(train, device="cpu")),
        "another objective": identity(objective),
        "another validation score": identity(validate),
    }


def sampled(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return up to 16 values of every floating tensor, evenly spread: enough to tell one start from another."""
    floats = {name: value.detach().flatten() for name, value in state.items() if value.is_floating_point()}
    rows = {
        name: torch.linspace(0, max(len(value) - 1, 0), min(len(value), 16)).long() for name, value in floats.items()
    }
    return {name: value[rows[name].to(value.device)].float().cpu() for name, value in floats.items()}


def near(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    """Whether two samples of weights agree to a hundredth of their size.

    A start that was itself trained is not repeated to the last bit on a GPU, or with another number of threads.
    """
    sizes = {name: float(value.abs().max()) if len(value) else 0.0 for name, value in a.items()}
    return a.keys() == b.keys() and all(
        torch.allclose(a[name], b[name], rtol=0, atol=0.01 * sizes[name] + 1e-8) for name in a
    )


class _Step(nn.Module):
    """Model and objective as one module, so that several processes can share gradients whatever the objective calls."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: Batch) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        return self.objective(self.model, batch)


class _Run:
    """State of one call of `fit`."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        train: Batches,
        config: FitConfig,
        validate: Score | None,
        signature: dict[str, Any],
    ) -> None:
        AcceleratorState._reset_state()  # an earlier run of this process may have had another precision
        self.accelerator = Accelerator(mixed_precision=config.precision)
        self.train, self.config, self.validate = replace(train, device=self.accelerator.device), config, validate
        self.model, self.home = model, next(model.parameters()).device
        self.parameters = freeze(model, config.train_only)
        optimizer = make_optimizer(self.parameters, config, without_decay(model))
        self.step = self.accelerator.prepare(_Step(model, objective))
        # only where gradients are scaled: its wrapper looks for a package on the disk at every step
        self.optimizer = self.accelerator.prepare(optimizer) if self.accelerator.scaler else optimizer
        self.history, self.epoch = History(), 0
        self.best: dict[str, Tensor] = {}
        self.signature, self.start = signature, sampled(model.state_dict()) if signature else {}

    def one_epoch(self, bar: tqdm) -> None:
        with seeded(hash_seed(self.config.seed, self.epoch, self.accelerator.process_index)):
            row = self._steps(bar)
        if self.validate is not None:
            self.model.eval()
            row["val"] = self.validate(self.model)
            best = self.history.best_epoch
            if best is None or row["val"] > self.history.rows[best]["val"]:
                self.history.best_epoch = self.epoch
                if self.config.keep == "best":
                    self.best = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.history.rows.append(row)
        self.epoch += 1

    def _steps(self, bar: tqdm) -> dict[str, float]:
        self.step.train()
        sums: dict[str, float] = {}
        seen, done, total = 0, self.epoch * self.train.steps, self.config.epochs * self.train.steps
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        for batch in self.train.epoch(self.config.seed, self.epoch, rank=rank, world=world):
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.lr_at(done, total)
            logs = self._one_step({name: value.to(self.accelerator.device) for name, value in batch.items()})
            size = len(batch["index"])
            for name, value in logs.items():
                sums[name] = sums.get(name, 0.0) + float(value) * size
            seen, done = seen + size, done + 1
            bar.update()
        means = {name: value / seen for name, value in sums.items()}
        return {"epoch": self.epoch, "lr": self.config.lr_at(done - 1, total), **means}

    def _one_step(self, batch: Batch) -> dict[str, float | Tensor]:
        with self.accelerator.autocast():
            loss, logs = self.step(batch)
        if not math.isfinite(loss.item()):
            names = ", ".join(repr(self.train.ids[int(row)]) for row in batch["index"][:5])
            raise StateError(
                f"loss is {loss.item()} in epoch {self.epoch} on a batch of {len(batch['index'])} images, "
                f"first {names}; look at their targets, or lower lr={self.config.lr:g}, or set clip."
            )
        for parameter in self.parameters:
            parameter.grad = None  # `zero_grad` without its bookkeeping
        if self.accelerator.scaler:
            self.accelerator.backward(loss)
        else:
            loss.backward()  # theirs divides by 1 first
        if self.config.clip is not None:
            self.accelerator.clip_grad_norm_(self.parameters, self.config.clip)
        self.optimizer.step()
        return {"loss": loss.detach(), **logs}

    def out_of_patience(self) -> bool:
        best = self.history.best_epoch
        return self.config.patience is not None and best is not None and self.epoch - 1 - best >= self.config.patience

    def save(self, path: Path) -> None:
        progress = {
            "epoch": self.epoch,
            "rows": self.history.rows,
            "best_epoch": self.history.best_epoch,
            "signature": self.signature,
        }
        states = {"model": self.model.state_dict(), "best": self.best, "start": self.start}
        save_checkpoint(path, states, self.optimizer.state_dict(), progress)

    def resume(self, path: Path) -> None:
        found = load_checkpoint(path)
        signature = found.progress.get("signature")
        for name, value in self.signature.items():
            if not isinstance(signature, dict) or signature.get(name) != value:
                belongs = "belongs to" if name == "another model" else "was made by a run with"
                raise StateError(f"{path.name} {belongs} {name}; delete it to start anew.")
        if not near(found.states.get("start", {}), self.start):
            raise StateError(f"{path.name} was made by a run from other weights; delete it to start anew.")
        try:
            self.model.load_state_dict(found.states["model"])
            self.optimizer.load_state_dict(found.optimizer)
        except (RuntimeError, ValueError, KeyError) as error:
            raise StateError(f"{path.name} belongs to another model; delete it to start anew.") from error
        self.best = found.states.get("best", {})
        self.epoch = found.progress["epoch"]
        self.history = History(found.progress["rows"], found.progress["best_epoch"], resumed_from=self.epoch)

    def finish(self) -> None:
        if self.best:
            self.model.load_state_dict(self.best)
        self.model.requires_grad_(True).eval().to(self.home)


def predict(model: nn.Module, data: Batches, output: Callable[[nn.Module, Batch], Tensor] | None = None) -> np.ndarray:
    """(N, …) outputs in order, computed on the accelerator; `output` defaults to `model(image)`.

    The model's mode and device are put back afterwards.
    """
    was, home, device = model.training, next(model.parameters()).device, PartialState().device
    with torch.inference_mode(False):  # parameters that move here must stay such that can be trained
        model.eval().to(device)
    made = []
    with torch.inference_mode():
        for batch in replace(data, device=device).in_order():
            moved = {name: value.to(device) for name, value in batch.items()}
            made.append((output(model, moved) if output else model(moved["image"])).float().cpu())
    with torch.inference_mode(False):
        model.train(was).to(home)
    return torch.cat(made).numpy()
