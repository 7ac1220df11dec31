"""`weights status | verify NAME | fetch NAME` from the command line."""

import pytest

from aeslib.cli import main
from aeslib.paths import weights_home
from aeslib.weights.cards import KEYS
from aeslib.weights.status import status


def test_status_lists_every_card(capsys):
    assert main(["weights", "status"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Weights in $AESLIB_WEIGHTS (not set) and {weights_home()}\n")
    assert all(f" {key} " in out for key in KEYS)
    assert out.count(" not here ") == len(KEYS)


def test_states_of_a_file(tiny, said, monkeypatch):
    from aeslib.weights import status as module
    from aeslib.weights.fetch import fetch

    monkeypatch.setattr(module, "load_card", lambda key: tiny)
    monkeypatch.setattr(module, "KEYS", ("minilm",))
    assert status()["state"].tolist() == ["not here"]
    (path,) = fetch("minilm", tell=said.append)
    row = status().iloc[0]
    assert (row["state"], row["files"], row["source"]) == ("here", str(path), "wheel: tiny-weights 0.1.0")
    path.write_bytes(b"x")
    assert status()["state"].tolist() == ["damaged"]
    assert module.verify("minilm") == [
        f"{path} is damaged: its sha256 is not {tiny.files[0].content.sha256[:12]}…; "
        "`./run_all.sh weights fetch minilm` again."
    ]


def test_verify_of_what_is_not_there(capsys):
    assert main(["weights", "verify", "vgg16_conv"]) == 1
    assert capsys.readouterr().out == (
        "vgg16_conv: vgg16_conv_fp16.safetensors is not here; `./run_all.sh weights fetch vgg16_conv` gets it.\n"
    )


@pytest.mark.weights
def test_verify_of_what_is_whole(published, capsys):
    published("efficientnet_lite0")
    assert main(["weights", "verify", "efficientnet_lite0"]) == 0
    assert capsys.readouterr().out == "efficientnet_lite0: whole, and fits its network.\n"


def test_fetch_of_what_is_got_by_hand(capsys):
    assert main(["weights", "fetch", "vgg16_conv"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(
        "aeslib: VGG16, the original convolutions is not published as a file that can be fetched:\n  1. "
    )
    assert "AESLIB_WEIGHTS" in error


def test_the_set_up_says_once_what_an_index_lacks_and_goes_on(index, capsys):
    assert main(["weights", "fetch", "--set-up"]) == 0
    out = capsys.readouterr().out
    assert out.count("Going on without ") == 2
    assert out.count("\n") == 4
    assert index.kept() == []
