"""ELTA: tail feature augmentation (TFA), feature-label similarity alignment (FLSA), distribution sharpening (APDS).

Each is a function of tensors and plugs into any model with `encode(x) -> z` and `head(z) -> logits` in a training loop
of one's own:

    pairs = TFA().draw(scores, generator)
    z, votes, scores = (pairs.append(rows) for rows in (model.encode(images), votes, scores))
    loss = emd(model.head(z).softmax(-1), votes).mean() + alignment(z, scores)
    best = search(validation_logits, validation_scores, bins)  # None: nothing passes, skip the extra round
    chosen = best is not None and best.keeps(pool_logits, bins)
"""

from aeslib.elta.apds import Setting, search, sharpen
from aeslib.elta.flsa import alignment
from aeslib.elta.tfa import TFA, Pairs

__all__ = ["TFA", "Pairs", "Setting", "alignment", "search", "sharpen"]
