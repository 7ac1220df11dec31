"""Fusion, adapters, balanced classes, prompts and text, against numbers by hand and published counts."""

import numpy as np
import pytest
import torch
from torch import nn

from aeslib.aesmamba.fusion import CMF, attend
from aeslib.aesmamba.mba import MBA, balanced_cross_entropy, class_counts, score_classes
from aeslib.aesmamba.model import PARA, AesMamba, Objective, Predicted, expected_scores, supervised
from aeslib.aesmamba.prompts import PARTS, prompt
from aeslib.aesmamba.rivals import BACKBONE
from aeslib.aesmamba.text import BERT_PARAMETERS, Bert, TextEncoder, Vocabulary, clean
from aeslib.aesmamba.vmamba import tiny
from aeslib.backbones import BACKBONES, build, count_parameters
from aeslib.errors import ParameterError


def test_attention_by_hand():
    q, text = torch.tensor([[[1.0, 0]]]) / 2**0.5, torch.eye(2)[None]
    read, weights = attend(q, text, None)
    torch.testing.assert_close(weights.flatten(), torch.tensor([0.669762, 0.330238]), atol=1e-6, rtol=0)
    values = torch.diag(torch.tensor([2.0, 4]))  # V (F w) for the values V F
    torch.testing.assert_close((read @ values).flatten(), torch.tensor([1.339523, 1.320954]), atol=1e-6, rtol=0)


@pytest.mark.parametrize("texts", [1, 4])
def test_attention_as_written_token_by_token(texts):
    fuse = CMF(12, 8, heads=3)
    f, text, mask = torch.randn(4, 12), torch.randn(texts, 5, 8), torch.arange(5).expand(texts, -1) < 4
    k, v = fuse.to_kv(fuse.norm_text(text)).unflatten(-1, (2, 3, 4)).permute(2, 0, 3, 1, 4)
    q = fuse.to_q(fuse.norm_image(f)).view(4, 3, 1, 4)
    read = torch.nn.functional.scaled_dot_product_attention(
        q, k.expand(4, -1, -1, -1), v.expand(4, -1, -1, -1), mask[:, None, None]
    )
    found, weights = fuse.attention(f, text, mask)
    torch.testing.assert_close(found, fuse.to_out(read.flatten(1)))
    torch.testing.assert_close(weights.sum(-1), torch.ones(4, 3))
    assert (weights[..., 4:] == 0).all()


def test_padding_and_order_of_words_change_nothing():
    torch.manual_seed(0)
    fuse = CMF(12, 8, heads=3)
    f, text = torch.randn(2, 12), torch.randn(2, 5, 8)
    plain = fuse(f, text)
    mask = torch.arange(9).expand(2, -1) < 5
    torch.testing.assert_close(fuse(f, torch.cat([text, torch.randn(2, 4, 8)], 1), mask), plain)
    torch.testing.assert_close(fuse(f, text.flip(1)), plain)
    fuse.mask_padding = False
    assert not torch.allclose(fuse(f, torch.cat([text, torch.zeros(2, 4, 8)], 1), mask), plain, atol=1e-3)


def test_published_sizes():
    with torch.device("meta"):
        vision, bert = tiny(), Bert()
        sizes = {
            "CMF": CMF(768),
            "V": AesMamba(vision, ("aesthetic",), classes=4),
            "F": AesMamba(vision, PARA, classes=4),
            "P": AesMamba(vision, PARA, text=bert),
        }
    counted = {name: sum(p.numel() for p in module.parameters()) for name, module in sizes.items()}
    assert counted == {"CMF": 7_087_104, "V": 22_815_333, "F": 28_342_413, "P": 143_130_729}
    assert sum(p.numel() for p in bert.parameters()) == BERT_PARAMETERS


def test_balanced_cross_entropy_by_hand():
    counts = torch.tensor([1438.0, 7216, 18974, 592])
    for logits, label, expected in (([0, 0, 0, 0], 3, 3.864280), ([1, 2, 3, 0], 1, 2.108024)):
        found = balanced_cross_entropy(torch.tensor([logits]).float(), torch.tensor([label]), counts)
        assert found.item() == pytest.approx(expected, abs=1e-5)
    two = torch.tensor([1.0, 3])
    assert balanced_cross_entropy(torch.zeros(1, 2), torch.tensor([0]), two).item() == pytest.approx(1.386294, abs=1e-6)
    found = balanced_cross_entropy(torch.tensor([[1.0, -1]]), torch.tensor([0]), two)
    assert found.item() == pytest.approx(0.340753, abs=1e-6)


def test_equal_counts_are_plain_cross_entropy_and_empty_classes_count_as_one():
    logits, label = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    plain = nn.functional.cross_entropy(logits, label)
    torch.testing.assert_close(balanced_cross_entropy(logits, label, torch.full((3,), 7.0)), plain)
    torch.testing.assert_close(
        balanced_cross_entropy(logits, label, torch.tensor([0.0, 4, 9])),
        balanced_cross_entropy(logits, label, torch.tensor([1.0, 4, 9])),
    )


def test_score_classes_of_the_released_labels():
    assert score_classes("para", np.array([1, 1.99, 2, 4.99, 5])).tolist() == [0, 0, 1, 3, 3]
    assert score_classes("aadb", np.array([0, 0.2, 0.6, 1])).tolist() == [0, 1, 3, 4]
    assert score_classes("photonet", np.array([[2.5, 3], [6.9, 7]])).tolist() == [[0, 0], [3, 3]]
    assert class_counts("tad66k", np.array([[1.0, 9], [3, 9.5], [3, 10]])).tolist() == [
        [1, 2, 0, 0, 0],
        [0, 0, 0, 0, 3],
    ]
    with pytest.raises(ParameterError, match=r"^no data set with score classes named 'tad'\. Did you mean 'tad66k'\?"):
        score_classes("tad", np.zeros(1))


def test_adapters_do_not_share_anything():
    torch.manual_seed(0)
    mba = MBA(8, ("a", "b"), classes=3)
    f = torch.randn(4, 8, requires_grad=True)
    made = mba(f)
    assert (made.scores.shape, made.classes.shape) == ((4, 2, 1), (4, 2, 3))
    made.scores[:, 0].sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in mba["b"].parameters())
    mba.start_at({"a": 3.5, "b": 1.0})
    assert mba["a"].score[-1].bias.item() == 3.5


def test_losses_by_hand():
    p = torch.tensor([[0, 0, 0, 0.1, 0.4, 0.3, 0.2, 0, 0, 0]])
    q = torch.tensor([[0, 0, 0, 0, 0.2, 0.4, 0.3, 0.1, 0, 0]])
    logits = (p + 1e-30).log()[:, None]
    assert supervised(logits, q).item() == pytest.approx(0.202474, abs=1e-5)  # 0.122474 + 10 · 0.008
    scores, target = torch.tensor([[[1.0], [2]], [[3], [2]]]), torch.tensor([[2.0, 2], [3, 0]])
    assert supervised(scores, target).item() == pytest.approx(0.5 + 2)  # means over the batch, summed over attributes
    bins = torch.arange(1.0, 11)
    assert expected_scores(Predicted(logits, None), bins).item() == pytest.approx(5.6, abs=1e-5)


def batch():
    g = torch.Generator().manual_seed(0)
    return {"features": torch.randn(6, 12, generator=g), "target": torch.rand(6, 2, generator=g),
            "label": torch.tensor([[0, 1], [1, 2], [2, 0], [0, 1], [1, 1], [2, 2]]),
            "ids": torch.tensor([[2, 5, 6, 0]] * 6)}  # fmt: skip


class Given(nn.Identity):
    num_features = 12


def test_the_objective_adds_classes_with_their_weight():
    torch.manual_seed(0)
    model, counts = AesMamba(Given(), ("a", "b"), classes=3), torch.tensor([[2.0, 2, 2], [1, 3, 2]])
    plain, _ = Objective(classes="", x="features")(model, batch())
    for kind in ("ce", "balanced"):
        loss, logs = Objective(classes=kind, counts=counts, x="features")(model, batch())
        torch.testing.assert_close(loss, plain + 1e-3 * logs["classes"])


def test_text_reaches_the_score_only_where_there_is_an_encoder():
    torch.manual_seed(0)
    b, other = batch(), torch.tensor([[2, 7, 8, 9]] * 6)
    alone = AesMamba(Given(), ("a",))
    assert torch.equal(alone(b["features"], b["ids"]).scores, alone(b["features"], other).scores)
    reads = AesMamba(Given(), ("a",), text=TextEncoder(20, 8, layers=1), heads=2)
    assert not torch.equal(reads(b["features"], b["ids"]).scores, reads(b["features"], other).scores)


def test_words_become_pieces_and_padding_stays_zero():
    texts = ["lovely light", "dull colours and lovely light", "nothing"]
    words = Vocabulary.learnt(texts, size=60, length=8)
    ids = words.encode(texts)
    assert ids.shape[1] <= 8
    assert words.pieces(ids[0])[0] == "[CLS]"
    assert (ids[0][len(words.pieces(ids[0])) :] == 0).all()
    assert len(words) == 4 + 2 * 16 + 6  # special pieces, letters at the start and inside, words
    assert words.pieces(words.encode(["lovelx"])[0]) == ["[CLS]", "[UNK]", "[SEP]"]
    assert words.pieces(words.encode(["dully"])[0]) == ["[CLS]", "dull", "##y", "[SEP]"]
    assert words.pieces(words.encode([""])[0]) == ["[CLS]", "[SEP]"]
    assert words.encode([]).shape == (0, 0)
    again = Vocabulary.learnt(texts, size=60, length=8)
    assert np.array_equal(again.encode(texts), ids)


def test_padding_does_not_change_what_words_mean():
    torch.manual_seed(0)
    encoder = TextEncoder(30, 8, layers=2, heads=2).eval()
    ids = torch.tensor([[2, 9, 4, 3]])
    wide, mask = encoder(torch.cat([ids, torch.zeros(1, 3, dtype=torch.long)], 1))
    torch.testing.assert_close(wide[:, :4], encoder(ids)[0])
    assert mask.tolist() == [[True] * 4 + [False] * 3]


def test_comments_are_cleaned_and_cut():
    assert clean('[wow]  "great" *shot*:\n(really)~#1') == "wow great shot really 1"
    assert len(clean("word " * 500).split()) == 200


PERSON = {"artExperience": "competent", "photographyExperience": "expert", "personality-O": 7, "personality-C": 5,
          "personality-E": 3, "personality-A": 8, "personality-N": 2}  # fmt: skip


def test_prompts_hold_what_is_asked_for():
    assert prompt(PERSON, ("pht",)) == "My Photographic experience is expert."
    assert prompt(PERSON, ("psn", "art")).startswith("My artistic experience is competent. In the Big-Five ")
    assert prompt(PERSON).endswith("openness score is 7, conscientiousness score is 5, extroversion score is 3, "
                                   "agreeableness score is 8, and Neuroticism score is 2.")  # fmt: skip
    assert prompt(PERSON, ()) == ""
    assert prompt(PERSON) == " ".join(prompt(PERSON, (part,)) for part in PARTS)


@pytest.mark.parametrize(
    ("person", "parts", "message"),
    [
        (PERSON, ("arts",), "no part of a prompt named 'arts'. Did you mean 'art'? Known: art, pht, psn."),
        (PERSON, ("art", "art"), "parts are art, art; name each once."),
        ({"artExperience": "novice"}, ("art",),
         "no level of experience named 'novice'. Did you mean 'proficient'? Known: beginner, competent, proficient, "
         "expert."),
    ],
)  # fmt: skip
def test_wrong_prompts_are_told(person, parts, message):
    with pytest.raises(ParameterError) as found:
        prompt(person, parts)
    assert str(found.value) == message


@pytest.mark.parametrize("name", BACKBONE.values())
def test_every_rival_has_its_published_size_and_a_small_one(name):
    assert count_parameters(lambda: build(name, "paper")) == BACKBONES[name].parameters
    encoder = build(name)
    assert encoder(torch.rand(2, 3, 64, 64)).shape == (2, encoder.num_features)
    assert 80_000 < sum(p.numel() for p in encoder.parameters()) < 400_000
