"""Checkpoints as one safetensors file: written atomically, read without unpickling anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from aeslib.code import digest
from aeslib.errors import StateError
from aeslib.paths import atomic_path

State = Mapping[str, Tensor]
DIGEST = "digest"


@dataclass(frozen=True)
class Checkpoint:
    """What `load_checkpoint` finds: model states by name, the optimiser's state dict, and JSON-able progress."""

    states: dict[str, dict[str, Tensor]]
    optimizer: dict[str, Any]
    progress: dict[str, Any]


def save_checkpoint(
    path: Path, states: Mapping[str, State], optimizer: Mapping[str, Any], progress: Mapping[str, Any]
) -> None:
    """Model states, optimiser state dict and progress in one file; a reader sees the old one or the new one whole."""
    tensors = {f"{group}/{name}": value for group, state in states.items() for name, value in state.items()}
    plain: dict[str, dict[str, Any]] = {}
    for row, entries in optimizer["state"].items():
        for name, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer/{row}.{name}"] = value
            else:
                plain.setdefault(str(row), {})[name] = value
    save_weights(path, tensors, {"progress": dict(progress), "groups": optimizer["param_groups"], "plain": plain})


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; `StateError` when it is missing, damaged or not one of ours."""
    tensors, note = read_weights(path)
    states: dict[str, dict[str, Tensor]] = {}
    try:
        rows: dict[int, dict[str, Any]] = {int(row): dict(entries) for row, entries in note["plain"].items()}
        for full, value in tensors.items():
            group, _, name = full.partition("/")
            if group == "optimizer":
                row, _, entry = name.partition(".")
                rows.setdefault(int(row), {})[entry] = value
            else:
                states.setdefault(group, {})[name] = value
        note["progress"].keys(), note["groups"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{path.name} is not a checkpoint of aeslib; delete it to start anew.") from error
    return Checkpoint(states, {"state": rows, "param_groups": note["groups"]}, note["progress"])


def save_weights(path: Path, weights: State, note: Mapping[str, Any] | None = None) -> None:
    """Tensors by name, atomically, with a JSON-able note."""
    text = {name: json.dumps(value) for name, value in (note or {}).items()}
    made = {name: value.detach().contiguous().clone() for name, value in weights.items()}
    text[DIGEST] = json.dumps(contents(made, text))
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(made, text))  # safetensors' own way to a file hides why a disk refuses


def contents(weights: State, text: Mapping[str, str]) -> str:
    """Digest of tensors and notes: safetensors itself has no checksum."""
    raw = (weights[name].reshape(-1).view(torch.uint8).cpu().numpy().tobytes() for name in sorted(weights))
    shapes = sorted((name, str(value.dtype), list(value.shape)) for name, value in weights.items())
    return digest(json.dumps([shapes, sorted(text.items())]), *raw)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by name and the note beside them; `StateError` when the file is missing or damaged."""
    if not path.is_file():
        raise StateError(f"{path} is missing.")
    try:
        with safe_open(path, framework="pt") as source:
            text = source.metadata() or {}
            weights = {name: source.get_tensor(name) for name in source.keys()}  # noqa: SIM118 - not a mapping
        note = {name: json.loads(value) for name, value in text.items()}
        if note.pop(DIGEST, None) not in {None, contents(weights, {n: v for n, v in text.items() if n != DIGEST})}:
            raise ValueError("its contents were changed")
        return weights, note
    except (SafetensorError, OSError, ValueError, RecursionError, RuntimeError, TypeError, KeyError) as error:
        raise StateError(f"{path} is damaged ({error}); delete it, it will be made again.") from error
