"""A tiny wheel of weights, its card, and a package index that is a folder."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from aeslib.cards import Trap
from aeslib.paths import weights_home
from aeslib.weights import cards, fetch, store
from aeslib.weights.cards import Content, File, Pictures, Source, WeightCard

WHEEL = "tiny_weights-0.1.0-py3-none-any.whl"
MEMBER = "tiny_weights/tiny.pth"
TENSORS = {"b.weight": torch.arange(6.0).view(2, 3), "a": torch.tensor(3)}
INFO = "tiny_weights-0.1.0.dist-info"


def content_of(data: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def pickled(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


class Index:
    """The folder of wheels that pip is set to, and what lies in the cache folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = monkeypatch
        folder.mkdir()
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    def wheel(self, pth: bytes, *more: tuple[str, bytes]) -> bytes:
        """Put a wheel into the folder; its bytes."""
        head = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        about = "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 0.1.0\nRequires-Dist: no-such-package\n"
        with zipfile.ZipFile(self.folder / WHEEL, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("tiny_weights/__init__.py", "raise SystemExit('imported')\n")
            for name, data in ((MEMBER, pth), *more):
                archive.writestr(name, data)
            for name, text in (("WHEEL", head), ("METADATA", about), ("RECORD", "")):
                archive.writestr(f"{INFO}/{name}", text)
        return (self.folder / WHEEL).read_bytes()

    def card(self, wheel: bytes, pth: bytes, **changes: object) -> WeightCard:
        """Make the card of a wheel the one of the name `minilm` for one test."""
        kept = Content(**content_of(save(TENSORS)))
        fields = {
            "key": "minilm", "title": "Tiny", "task": "t", "network": "n", "parameters": 6, "trained_on": "t",
            "license": "MIT", "citation": "c", "homepage": "h", "set_up": True,
            "source": Source(kind="wheel", name="tiny-weights", version="0.1.0", **content_of(wheel)),
            "files": [File(path=MEMBER, safetensors=kept, **content_of(pth))],
            "preprocessing": Pictures(side=8, crop=1, interpolation="bicubic", mean=(0, 0, 0), std=(1, 1, 1)),
            "get": ["Ask.", "Wait."], "traps": [Trap(what="w", test="t")], "body": "",
        } | changes  # fmt: skip
        card = WeightCard(**fields)
        for module in (cards, fetch, store):
            self._patch.setattr(module, "load_card", lambda key: card)
        return card

    def kept(self) -> list[str]:
        """Names of what lies in the cache folder, the lock aside."""
        return sorted(path.name for path in weights_home().rglob("*") if path.name != ".lock")
