"""AestheticNet: cells searched for pictures with rating histograms, a network built from them, and its improvements.

found = search(train, valid, SearchConfig(...))            # three stages, 8, 5 and 2 operations an edge
model = score_model(found.genotype, NetConfig(...), bins)  # 20 cells as published; cbam=True adds attention
loss = self_weighted_emd(model(images).softmax(-1), hist)  # variants A, B and C
"""

from aeslib.aestheticnet.attention import CBAM
from aeslib.aestheticnet.genotype import PDARTS, Genotype, derive, random_genotype
from aeslib.aestheticnet.losses import histogram_of, self_weighted_emd
from aeslib.aestheticnet.network import NetConfig, SearchedNet, score_model
from aeslib.aestheticnet.search import Found, SearchConfig, search
from aeslib.aestheticnet.supernet import Supernet

__all__ = [
    "CBAM",
    "PDARTS",
    "Found",
    "Genotype",
    "NetConfig",
    "SearchConfig",
    "SearchedNet",
    "Supernet",
    "derive",
    "histogram_of",
    "random_genotype",
    "score_model",
    "search",
    "self_weighted_emd",
]
