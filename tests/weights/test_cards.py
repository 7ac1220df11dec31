"""The cards of weights: valid, complete, and true to the wheels and networks they describe."""

import ast
import hashlib
import re
import zipfile

import pytest
import torch

from aeslib.errors import DataError, ParameterError
from aeslib.paths import ROOT
from aeslib.weights.cards import CARDS, KEYS, Pictures, load_card
from aeslib.weights.networks import build
from aeslib.weights.status import verify
from aeslib.weights.store import in_named_folder
from aeslib.weights.text import bert

WHEELS = [key for key in KEYS if load_card(key).source.kind == "wheel"]


def test_there_is_a_card_for_every_key_and_no_other():
    assert {path.stem for path in CARDS.glob("*.md")} == set(KEYS)


def test_the_set_up_gets_two():
    assert [key for key in KEYS if load_card(key).set_up] == ["efficientnet_lite0", "minilm"]
    assert sum(load_card(key).source.bytes for key in KEYS if load_card(key).set_up) == 17_364_911 + 83_506_384


@pytest.mark.parametrize("key", KEYS)
class TestEveryCard:
    def test_names_a_test_that_exists_for_every_trap(self, key):
        assert load_card(key).traps
        for trap in load_card(key).traps:
            file, _, name = trap.test.partition("::")
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, trap.test

    def test_has_the_four_parts_of_text(self, key):
        card = load_card(key)
        for heading in ("What it is", "How to get it", "What it is used for here", "Limits and biases"):
            assert f"\n## {heading}\n" in f"\n{card.body}\n"
        assert card.get

    def test_says_digests_of_all_but_the_hub(self, key):
        card = load_card(key)
        contents = [file.content for file in card.files] + [card.source] * (card.source.kind == "wheel")
        if card.source.kind != "hub":
            assert all(re.fullmatch("[0-9a-f]{64}", content.sha256) and content.bytes for content in contents)

    def test_holds_no_path_of_a_machine(self, key):
        text = (CARDS / f"{key}.md").read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(work|root|opt|tmp|home|usr)/", text)

    def test_parameters_are_those_of_the_network(self, key):
        card = load_card(key)
        with torch.device("meta"):
            net = build(card) if isinstance(card.preprocessing, Pictures) else bert()
        assert sum(parameter.numel() for parameter in net.parameters()) == card.parameters


@pytest.mark.weights
@pytest.mark.parametrize("key", KEYS)
def test_weights_at_hand_are_whole_and_fit(key, published):
    published(key)
    assert verify(key) == []


@pytest.mark.weights
@pytest.mark.parametrize("key", WHEELS)
def test_a_wheel_at_hand_is_as_its_card_says(key, named_weights_folder):
    card = load_card(key)
    wheel = in_named_folder(card.source)
    if wheel is None:
        pytest.skip(f"needs the wheel {card.source.name} {card.source.version} under AESLIB_WEIGHTS")
    with zipfile.ZipFile(wheel) as archive:
        for file in card.files:
            data = archive.read(file.path)
            assert (file.sha256, file.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
        about = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        assert f"\nName: {card.source.name}\nVersion: {card.source.version}\n" in archive.read(about).decode()


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(ParameterError) as caught:
        load_card("efficientnet_lite")
    names = ", ".join(KEYS)
    assert (
        str(caught.value)
        == f"no set of weights named 'efficientnet_lite'. Did you mean 'efficientnet_lite2'? Known: {names}."
    )


def test_a_bad_or_missing_card_says_how_to_mend_it(tmp_path):
    with pytest.raises(DataError) as caught:
        load_card("minilm", tmp_path)
    path = tmp_path / "minilm.md"
    assert str(caught.value) == f"{path} is missing; restore it with `git checkout -- weight_cards/minilm.md`."
    path.write_text((CARDS / "minilm.md").read_text(encoding="utf-8").replace("set_up: true\n", ""), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_card("minilm", tmp_path)
    assert str(caught.value) == "minilm.md: field 'set_up': Field required. See CONTRIBUTING.md, 'Weight cards'."
