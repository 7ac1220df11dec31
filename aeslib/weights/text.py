"""Sentences to vectors with published weights: the mean over a transformer's tokens, of length one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from aeslib.errors import ParameterError
from aeslib.seeding import seeded
from aeslib.weights.cards import Texts, WeightCard, load_card
from aeslib.weights.networks import state_of
from aeslib.weights.store import read

BATCH = 64


class SentenceEncoder(nn.Module):
    """A BERT whose tokens are averaged.

    Args:
        net: transformers' `BertModel`.
        tokenizer: of the package `tokenizers`, padding and truncating.
    """

    def __init__(self, net: nn.Module, tokenizer: Any) -> None:
        super().__init__()
        self.net = net
        self.tokenizer = tokenizer

    def forward(self, ids: Int[Tensor, "B n"], mask: Int[Tensor, "B n"]) -> Float[Tensor, "B d"]:
        """Return vectors of length one from tokens and a mask that is 0 for padding."""
        tokens = self.net(input_ids=ids, attention_mask=mask).last_hidden_state  # (B, n, d)
        share = mask.unsqueeze(-1).to(tokens.dtype)
        return nn.functional.normalize((tokens * share).sum(1) / share.sum(1), dim=1)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> Float[np.ndarray, "N d"]:
        """Return one vector of length one a text, so that a product of two is their cosine."""
        width: int = self.net.config.hidden_size  # type: ignore[union-attr, assignment]
        vectors = [np.zeros((0, width), np.float32)]
        for first in range(0, len(texts), BATCH):
            rows = self.tokenizer.encode_batch(list(texts[first : first + BATCH]))
            ids, mask = (torch.tensor([getattr(row, name) for row in rows]) for name in ("ids", "attention_mask"))
            vectors.append(self(ids, mask).numpy())
        return np.concatenate(vectors)


def text_encoder(name: str = "minilm") -> SentenceEncoder:
    """Return the sentence encoder of that name with its published weights, for prediction (`eval`).

    Raises:
        ParameterError: unknown name, or one of a network that reads pictures.
        StateError: the weights are not on this machine; the message says how to get them.
        DataError: they are damaged.
    """
    card = load_card(name)
    if not isinstance(card.preprocessing, Texts):
        raise ParameterError(f"{name} reads pictures; call load({name!r}).")
    state = state_of(card)
    state.pop("embeddings.position_ids", None)  # 0, 1, 2 …: earlier versions of transformers saved them
    net = bert()
    net.load_state_dict(state)
    return SentenceEncoder(net, _tokenizer(card, card.preprocessing)).eval()


def bert() -> nn.Module:
    """Return the network of the card `minilm`, untrained."""
    from transformers import BertConfig, BertModel

    shape = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
    with seeded(0):  # weights that are replaced
        return BertModel(shape)


def _tokenizer(card: WeightCard, how: Texts) -> Any:
    from tokenizers import BertWordPieceTokenizer

    words = read(card)[1].decode().splitlines()
    tokenizer = BertWordPieceTokenizer({word: number for number, word in enumerate(words)}, lowercase=how.lowercase)
    tokenizer.enable_truncation(how.pieces)
    tokenizer.enable_padding()
    return tokenizer
