"""The sentence encoder: what is near in meaning, what padding and length do, and the shape of nothing."""

import numpy as np
import pytest
import torch

from aeslib.errors import ParameterError, StateError
from aeslib.weights import text_encoder

SUNSET = ("a sunset over the ocean", "the sun setting over the sea")
GARBAGE = "a pile of garbage on the street"


@pytest.fixture
def encoder(published):
    published("minilm")
    return text_encoder("minilm")


@pytest.mark.weights
def test_two_sentences_about_a_sunset_are_near(encoder):
    first, second, garbage = encoder.encode([*SUNSET, GARBAGE])
    assert first @ second == pytest.approx(0.735, abs=0.005)
    assert first @ garbage == pytest.approx(0.103, abs=0.005)


@pytest.mark.weights
def test_vectors_have_length_one_and_nothing_gives_none(encoder):
    vectors = encoder.encode([*SUNSET, "", "Ünïcödé 🙂"])
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.weights
def test_padding_does_not_count(encoder):
    together = encoder.encode([SUNSET[0], " ".join([GARBAGE] * 9)])
    np.testing.assert_allclose(together[:1], encoder.encode([SUNSET[0]]), atol=1e-6)
    row = encoder.tokenizer.encode_batch([SUNSET[0]])[0]
    with torch.inference_mode():
        tokens = encoder.net(input_ids=torch.tensor([row.ids])).last_hidden_state[0].mean(0)
    np.testing.assert_allclose(together[0], torch.nn.functional.normalize(tokens, dim=0), atol=1e-6)


@pytest.mark.weights
def test_long_texts_are_cut(encoder):
    words = ["sunset"] * 254 + ["garbage"] * 100  # two marks and 254 pieces
    np.testing.assert_array_equal(encoder.encode([" ".join(words)]), encoder.encode([" ".join(words[:254])]))
    assert not np.array_equal(encoder.encode([" ".join(words[:253])]), encoder.encode([" ".join(words[:254])]))


@pytest.mark.weights
def test_the_vocabulary_is_berts(encoder):
    assert encoder.tokenizer.get_vocab_size() == 30_522
    assert encoder.tokenizer.encode("A sunset").tokens == ["[CLS]", "a", "sunset", "[SEP]"]
    assert encoder.tokenizer.encode("A sunset").ids[::3] == [101, 102]


def test_what_is_absent_or_reads_pictures_says_so():
    with pytest.raises(StateError) as caught:
        text_encoder("minilm")
    assert str(caught.value) == ("the weights of all-MiniLM-L6-v2 are not here: `./run_all.sh weights fetch minilm`.")
    with pytest.raises(ParameterError, match=r"^vgg16 reads pictures; call load\('vgg16'\)\.$"):
        text_encoder("vgg16")
