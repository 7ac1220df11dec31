"""`weights status` and `weights verify NAME`: which published weights are on this machine, and are they whole."""

from collections.abc import Iterator

import pandas as pd

from aeslib.errors import AeslibError
from aeslib.weights.cards import KEYS, File, Pictures, WeightCard, load_card
from aeslib.weights.networks import load
from aeslib.weights.store import SHORT, is_whole, locate
from aeslib.weights.text import text_encoder


def status() -> pd.DataFrame:
    """Return one row per card, in the order of the cards; nothing is changed.

    Columns: name · title · state (`here`, `damaged`, `not here`) · size (of what is downloaded) · source · license ·
    files (where they lie).
    """
    return pd.DataFrame([_row(load_card(key)) for key in KEYS])


def _row(card: WeightCard) -> dict[str, str]:
    paths = [locate(card, file) for file in card.files]
    state = "here" if all(paths) else "not here"
    if any(faults_of(card, file) for file, path in zip(card.files, paths, strict=True) if path):
        state = "damaged"
    version = f" {card.source.version}" if card.source.version else ""
    return {
        "name": card.key, "title": card.title, "state": state, "size": card.megabytes,
        "source": f"{card.source.kind}: {card.source.name}{version}", "license": card.license,
        "files": " ".join(str(path) for path in paths if path),
    }  # fmt: skip


def faults_of(card: WeightCard, file: File) -> list[str]:
    """Return what is wrong with one of a card's files."""
    path = locate(card, file)
    if path is None:
        return [f"{card.key}: {file.path} is not here; `./run_all.sh weights fetch {card.key}` gets it."]
    if not is_whole(path, file.content):
        expected = (file.content.sha256 or path.resolve().name)[:SHORT]
        return [f"{path} is damaged: its sha256 is not {expected}…; `./run_all.sh weights fetch {card.key}` again."]
    return []


def verify(name: str) -> list[str]:
    """Return what is wrong with the weights of that name: a file, or that they do not fit their network.

    Raises:
        ParameterError: unknown name.
    """
    card = load_card(name)
    return [fault for file in card.files for fault in faults_of(card, file)] or list(_misfits(card))


def _misfits(card: WeightCard) -> Iterator[str]:
    try:
        network = load(card.key) if isinstance(card.preprocessing, Pictures) else text_encoder(card.key)
    except (AeslibError, RuntimeError) as error:
        yield f"{card.key} does not fit {card.network}: {str(error).splitlines()[0]}"
        return
    if (count := sum(parameter.numel() for parameter in network.parameters())) != card.parameters:
        yield f"{card.key} has {count} parameters, its card says {card.parameters}."
