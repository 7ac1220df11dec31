"""Checkpoints as one safetensors file: written atomically, read without unpickling anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from aeslib.errors import StateError
from aeslib.paths import atomic_path

State = Mapping[str, Tensor]


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
    if not {"progress", "groups", "plain"} <= note.keys():
        raise StateError(f"{path.name} is not a checkpoint of aeslib; delete it to start anew.")
    states: dict[str, dict[str, Tensor]] = {}
    rows: dict[int, dict[str, Any]] = {int(row): dict(entries) for row, entries in note["plain"].items()}
    for full, value in tensors.items():
        group, _, name = full.partition("/")
        if group == "optimizer":
            row, _, entry = name.partition(".")
            rows.setdefault(int(row), {})[entry] = value
        else:
            states.setdefault(group, {})[name] = value
    return Checkpoint(states, {"state": rows, "param_groups": note["groups"]}, note["progress"])


def save_weights(path: Path, weights: State, note: Mapping[str, Any] | None = None) -> None:
    """Tensors by name, atomically, with a JSON-able note."""
    text = {name: json.dumps(value) for name, value in (note or {}).items()}
    with atomic_path(path) as temporary:
        save_file({name: value.detach().contiguous().clone() for name, value in weights.items()}, temporary, text)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by name and the note beside them; `StateError` when the file is missing or damaged."""
    if not path.is_file():
        raise StateError(f"{path} is missing.")
    try:
        with safe_open(path, framework="pt") as source:
            note = {name: json.loads(text) for name, text in (source.metadata() or {}).items()}
            return {name: source.get_tensor(name) for name in source.keys()}, note  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise StateError(f"{path} is damaged ({error}); delete it, it will be made again.") from error
