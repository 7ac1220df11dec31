"""Published weights, kept as safetensors under their digest: `load(name)` gives the network with its preprocessing.

from aeslib import weights

if weights.available("efficientnet_lite0"):
    network = weights.load("efficientnet_lite0")
    logits = network(network.prepare(picture)[None])  # (1, 1000)
"""

from aeslib.weights.cards import KEYS, WeightCard, load_card
from aeslib.weights.networks import PictureNetwork, load
from aeslib.weights.store import available
from aeslib.weights.text import SentenceEncoder, text_encoder

__all__ = [
    "KEYS", "PictureNetwork", "SentenceEncoder", "WeightCard", "available", "load", "load_card",
    "text_encoder",
]  # fmt: skip
