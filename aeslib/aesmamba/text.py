"""Text to tokens to features: BERT in the paper size, a small transformer with its own vocabulary else (3.2.2).

Letters: B batch · n tokens, padding included · t width of a token's feature.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from aeslib.errors import StateError

WORDS = 200
"""Of a comment that are read, as released."""
STRIPPED = re.compile(r"[()\[\]{}\"'“”‘’*#:~]+")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
BERT = "bert-base-uncased"
BERT_PARAMETERS = 109_482_240
"""With its pooler."""


def clean(comment: str) -> str:
    """Without brackets, quotes and the like, blanks collapsed, cut after `WORDS` words."""
    return " ".join(STRIPPED.sub(" ", comment).split()[:WORDS])


@dataclass(frozen=True)
class Vocabulary:
    """A WordPiece tokeniser with a longest length."""

    tokenizer: Any
    """Of the package `tokenizers`."""
    length: int

    @classmethod
    def learnt(cls, texts: Iterable[str], *, size: int = 400, length: int = 64) -> "Vocabulary":
        """WordPiece from texts: all letters, then the most frequent words (ties by alphabet) up to `size` pieces.

        The package's own trainer breaks ties by chance, so that two runs would number words differently.
        """
        from tokenizers import BertWordPieceTokenizer
        from tokenizers.processors import BertProcessing

        plain = BertWordPieceTokenizer(lowercase=True)
        normal = (plain.normalizer.normalize_str(clean(text)) for text in texts)
        counts = Counter(word for text in normal for word, _ in plain.pre_tokenizer.pre_tokenize_str(text))
        letters = sorted({letter for word in counts for letter in word})
        pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
        words = sorted((word for word in counts if len(word) > 1), key=lambda word: (-counts[word], word))
        pieces += words[: max(0, size - len(pieces))]
        made = BertWordPieceTokenizer({piece: k for k, piece in enumerate(pieces)}, lowercase=True)
        first, last = ((word, SPECIAL.index(word)) for word in ("[CLS]", "[SEP]"))
        made.post_processor = BertProcessing(last, first)
        return cls(made, length)

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> Int[np.ndarray, "B n"]:
        """Numbers of the tokens, [CLS] first, 0 for padding; as wide as the longest text, at most `length`."""
        rows = [made.ids[: self.length] for made in self.tokenizer.encode_batch([clean(text) for text in texts])]
        ids = np.zeros((len(rows), max(map(len, rows), default=0)), np.int64)
        for row, numbers in zip(ids, rows, strict=True):
            row[: len(numbers)] = numbers
        return ids

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The tokens behind numbers, padding left out."""
        return [self.tokenizer.id_to_token(int(i)) for i in ids if i]


class TextEncoder(nn.Module):
    """A small transformer: ids (B, n) with 0 for padding → features of all tokens and which of them are words."""

    def __init__(self, vocabulary: int, width: int = 64, *, layers: int = 2, heads: int = 2, length: int = 64) -> None:
        super().__init__()
        self.width = width
        self.embed, self.place = nn.Embedding(vocabulary, width, padding_idx=0), nn.Embedding(length, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, ids: Int[Tensor, "B n"]) -> tuple[Float[Tensor, "B n t"], Bool[Tensor, "B n"]]:
        """Features and mask."""
        mask = ids != 0
        x = self.embed(ids) + self.place(torch.arange(ids.shape[1], device=ids.device))
        return self.layers(x, src_key_padding_mask=~mask), mask


class Bert(nn.Module):
    """BERT-base; `pretrained` reads its published weights.

    Raises:
        StateError: when they cannot be had.
    """

    width = 768

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        from transformers import BertConfig, BertModel

        try:
            self.net = BertModel.from_pretrained(BERT) if pretrained else BertModel(BertConfig())
        except OSError as error:
            raise StateError(
                f"the published weights of {BERT} are not at hand: {str(error).splitlines()[0]} Connect once so that "
                "transformers can cache them, or use --profile default, which needs none."
            ) from error

    def forward(self, ids: Int[Tensor, "B n"]) -> tuple[Float[Tensor, "B n 768"], Bool[Tensor, "B n"]]:
        """Features of all tokens of the last layer, and mask."""
        mask = ids != 0
        return self.net(input_ids=ids, attention_mask=mask.long()).last_hidden_state, mask


def bert_vocabulary() -> Vocabulary:
    """BERT's own tokens, as many as it can read."""
    from tokenizers import Tokenizer

    try:
        found = Tokenizer.from_pretrained(BERT)
    except Exception as error:  # the package raises bare Exceptions
        raise StateError(
            f"the vocabulary of {BERT} is not at hand: {error}. Connect once, or use --profile default."
        ) from error
    return Vocabulary(found, 512)
