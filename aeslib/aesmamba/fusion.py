"""Modal-adaptive integration: the picture alone, or the picture that has read a text (aesmamba 3.3, Eq 2–3, Fig 5).

Letters: B batch · d width · n text tokens · h heads.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


def attend(
    q: Float[Tensor, "B h t"], text: Float[Tensor, "B n t"], mask: Bool[Tensor, "B n"] | None
) -> tuple[Float[Tensor, "B h t"], Float[Tensor, "B h n"]]:
    """softmax(q Fᵀ) F for one query a head (Eq 2), and the weights.

    Args:
        q: queries, divided by √e of a head.
        text: F, what is read; one text for all queries where its B is 1.
        mask: which tokens are words; padding gets no weight. None: all are.
    """
    shared = text[0] if len(text) == 1 else text
    logits = q @ shared.mT
    if mask is not None:
        logits = logits.masked_fill(~mask[:, None], -torch.inf)
    weights = logits.softmax(-1)
    return weights @ shared, weights


class CMF(nn.Module):
    """Cross-modal fusion: f̃ = f_v + CA(LN f_v, LN F_t), f = f̃ + FFN(LN f̃) (Eq 3).

    Args:
        width: d of the picture's feature, and of what comes out.
        text_width: of the text's tokens; None: the same.
        heads: 12 of 64 as released; 1 is Eq 2 as printed.
        mask_padding: False imitates the released code, which lets padding be read.
    """

    def __init__(
        self, width: int, text_width: int | None = None, *, heads: int = 12, mask_padding: bool = True
    ) -> None:
        super().__init__()
        text_width = text_width or width
        self.heads, self.mask_padding = heads, mask_padding
        self.norm_image, self.norm_text, self.norm_ffn = (
            nn.LayerNorm(width),
            nn.LayerNorm(text_width),
            nn.LayerNorm(width),
        )
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(text_width, 2 * width, bias=False)
        self.to_out = nn.Linear(width, width)
        self.ffn = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def attention(
        self, f: Float[Tensor, "B d"], text: Float[Tensor, "B n t"], mask: Bool[Tensor, "B n"] | None = None
    ) -> tuple[Float[Tensor, "B d"], Float[Tensor, "B h n"]]:
        """What the picture reads in the text, and how much it looks at each token."""
        e = self.to_q.out_features // self.heads
        keys, values = self.to_kv.weight.unflatten(0, (2, self.heads, e))
        text = self.norm_text(text)
        q = self.to_q(self.norm_image(f)).unflatten(-1, (self.heads, e)) / e**0.5
        # (q K)ᵀ F and V (F w) in place of qᵀ (K F) and (V F) w: with one query nothing is projected token by token
        asked = torch.einsum("bhe,het->bht", q, keys)
        read, weights = attend(asked, text, mask if self.mask_padding else None)
        return self.to_out(torch.einsum("bht,het->bhe", read, values).flatten(1)), weights

    def forward(
        self, f: Float[Tensor, "B d"], text: Float[Tensor, "B n t"], mask: Bool[Tensor, "B n"] | None = None
    ) -> Float[Tensor, "B d"]:
        """The picture's feature after reading."""
        f = f + self.attention(f, text, mask)[0]
        return f + self.ffn(self.norm_ffn(f))
