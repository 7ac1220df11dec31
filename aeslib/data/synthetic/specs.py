"""The facts about each data set that its stand-in keeps, and the choices that make it differ from the others.

Published facts: scale, votes an image, split shares, quantiles or counts of the mean scores, moments of the attributes.
Choices of ours: theme mix, camera, criterion, how much of the disagreement is taste.
"""

from dataclasses import dataclass, field

import numpy as np

from aeslib.data.synthetic.raters import Habits
from aeslib.data.synthetic.scenes import Camera

TASKS = ("ava", "flickr_aes", "tad66k", "para", "koniq10k", "spaq")
"""Data sets whose criteria other people's tastes are mixtures of (the six of taskvec 4.4, in its order)."""
SHARES = np.r_[0, 0.0005, 0.002, 0.01, np.linspace(0.02, 0.98, 25), 0.99, 0.998, 0.9995, 1]
"""Shares of images at which `Spec.quantiles` are given."""


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One rated attribute: what of the scene it answers to, and the votes that make its mean."""

    of: dict[str, float]
    """Weights on qualities."""
    range: tuple[float, float]
    centre: float = 0.0
    spread: float = 0.0
    """Published mean and standard deviation over images; spread 0: the weighted quality itself, unscaled."""
    step: float = 1.0
    doubt: float = 0.5
    """Standard deviation of one vote."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One stand-in."""

    title: str
    images: int
    """Published number of images: a stand-in never has more."""
    habits: Habits
    range: tuple[float, float]
    """Possible scores as the data set prints them; votes are mapped to it linearly."""
    raters: int
    quantiles: tuple[float, ...] = ()
    """Mean scores at `SHARES` of the images."""
    counts: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    """(edges, counts) of the published histogram of mean scores, where no quantiles are known. Means of five votes are
    multiples of 1/20; elta F1 closes its bins right below the middle and left above it: edges lie between multiples."""
    splits: dict[str, float] = field(default_factory=lambda: {"all": 1.0})
    publishes_votes: bool = False
    publishes_users: bool = False
    test_raters: int = 0
    test_votes: int = 0
    """Raters who see the test images and nobody else's, and votes an image gets there; 0: everybody sees everything."""
    kinds: bool = False
    """Users' tastes are mixtures of known criteria (kinds known)."""
    criterion: dict[str, float]
    appeal: float = 0.6
    camera: Camera = field(default_factory=Camera)
    attributes: dict[str, Attribute] = field(default_factory=dict)


def _aadb(of: str, centre: float, spread: float, **more: float) -> Attribute:
    low = 0.0 if of in {"repetition", "symmetry"} else -1.0
    return Attribute(of={of: 1.0}, range=(low, 1.0), centre=centre, spread=spread, **more)


AADB_ATTRIBUTES = {
    "BalacingElements": _aadb("balance", 0.04, 0.3),
    "ColorHarmony": _aadb("harmony", 0.26, 0.4),
    "Content": _aadb("content", 0.21, 0.55),
    "DoF": _aadb("depth", 0.06, 0.4),
    "Light": _aadb("light", 0.01, 0.45),
    "MotionBlur": Attribute(of={"motion": 2.0}, range=(-1, 1), centre=-1.0, doubt=0.15),
    "Object": _aadb("object", 0.06, 0.55),
    "Repetition": Attribute(of={"repetition": 1.0}, range=(0, 1), doubt=0.15),
    "RuleOfThirds": _aadb("thirds", 0.0, 0.35),
    "Symmetry": Attribute(of={"symmetry": 0.8}, range=(0, 1), doubt=0.15),
    "VividColor": _aadb("vivid", 0.0, 0.5),
}


def _para(centre: float, spread: float, **of: float) -> Attribute:
    return Attribute(of=of, range=(1, 5), centre=centre, spread=spread, doubt=0.7)


PARA_ATTRIBUTES = {
    "quality": _para(3.2, 0.55, sharp=1, clean=1, light=0.7),
    "composition": _para(3.1, 0.45, thirds=1, balance=0.7, simplicity=0.7, symmetry=0.5),
    "color": _para(3.1, 0.5, vivid=1, harmony=1),
    "dof": _para(3.1, 0.5, depth=1, sharp=0.7),
    "light": _para(3.1, 0.5, light=1, contrast=0.6),
    "content": _para(3.1, 0.5, content=1, object=0.5),
    "contentPreference": _para(3.2, 0.5, content=1, simplicity=0.4, vivid=0.4),
    "willingnessToShare": _para(3.0, 0.55, content=0.7, light=0.7, sharp=0.7, vivid=0.5),
}


def _eva(centre: float, **of: float) -> Attribute:
    return Attribute(of=of, range=(1, 4), centre=centre, spread=0.42, doubt=0.7)


EVA_ATTRIBUTES = {
    "light": _eva(2.75, light=1, vivid=0.7, harmony=0.5),
    "composition": _eva(2.7, thirds=0.7, balance=0.7, depth=0.8, simplicity=0.6),
    "quality": _eva(2.75, sharp=1, clean=0.8, contrast=0.5),
    "semantics": _eva(2.8, content=1, object=0.5),
}


def _spaq(centre: float, spread: float, **of: float) -> Attribute:
    return Attribute(of=of, range=(0, 100), centre=centre, spread=spread, doubt=12)


SPAQ_ATTRIBUTES = {
    "brightness": _spaq(56.0, 17, light=1),
    "colorfulness": _spaq(60.5, 15, vivid=1),
    "contrast": _spaq(57.3, 16, contrast=1),
    "noisiness": _spaq(53.0, 18, clean=1),
    "sharpness": _spaq(47.0, 24, sharp=1),
}

_PHOTOGRAPHERS = {
    "light": 2.2, "contrast": 1.8, "vivid": 1.3, "harmony": 0.2, "thirds": 0.2, "balance": 0.15, "depth": 0.6,
    "sharp": 0.8, "clean": 0.8, "motion": 0.3, "object": 0.3, "content": 2.4, "repetition": 0.2, "symmetry": 0.3,
    "simplicity": 0.4,
}  # fmt: skip
_TECHNICAL = {"sharp": 2.2, "clean": 1.6, "light": 1.8, "contrast": 1.0, "vivid": 0.4, "motion": 0.3}

_F1_EDGES = (0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)

SPECS: dict[str, Spec] = {
    "ava": Spec(
        title="AVA", images=255_529, range=(1, 10), raters=211, publishes_votes=True,
        habits=Habits(scale=(1, 10), votes=(78, 346), spread=1.35, personal=0.3, shared=0.25),
        quantiles=(2.0, 2.52, 2.92, 3.59, 3.82, 4.24, 4.46, 4.61, 4.73, 4.84, 4.93, 5.02, 5.1, 5.17, 5.24, 5.32, 5.39,
                   5.46, 5.53, 5.6, 5.68, 5.76, 5.85, 5.94, 6.04, 6.16, 6.31, 6.51, 6.88, 7.06, 7.44, 7.76, 8.3),
        splits={"train": 0.9, "validation": 0.05, "test": 0.05}, criterion=_PHOTOGRAPHERS,
        camera=Camera(exposure_spread=0.7, noise=0.2, miss=0.2, craft=0.6),
    ),
    "aadb": Spec(
        title="AADB", images=9958, range=(0, 1), raters=127, publishes_users=True, kinds=True,
        habits=Habits(scale=(1, 5), votes=(5, 5), spread=0.8, personal=0.5),
        counts=((0, 0.225, 0.325, 0.425, 0.525, 0.575, 0.675, 0.775, 1), (506, 826, 1338, 1768, 880, 1533, 967, 640)),
        splits={"train": 0.8603, "validation": 0.0379, "test": 0.1018},
        criterion=_PHOTOGRAPHERS | {"content": 2.6, "object": 0.9, "depth": 0.9, "harmony": 0.6},
        camera=Camera(themes={"abstract": 0.4, "portrait": 1.5, "street": 1.5}, noise=0.28, miss=0.3, craft=0.45),
        attributes=AADB_ATTRIBUTES,
    ),
    "tad66k": Spec(
        title="TAD66K", images=66_327, range=(0, 10), raters=151,
        habits=Habits(scale=(0, 10), votes=(80, 120), spread=1.6, personal=0.35, shared=0.4),
        quantiles=(1.13, 1.71, 1.92, 2.29, 2.54, 3.13, 3.48, 3.76, 4.0, 4.21, 4.42, 4.61, 4.78, 4.96, 5.12, 5.29, 5.46,
                   5.63, 5.8, 5.97, 6.14, 6.33, 6.5, 6.69, 6.88, 7.11, 7.35, 7.63, 8.1, 8.33, 8.73, 8.98, 9.46),
        splits={"train": 0.7877, "test": 0.2123},
        criterion={"content": 4.0, "vivid": 1.4, "contrast": 0.8, "light": 0.7, "symmetry": 0.5, "repetition": 0.4,
                   "clean": 0.3, "sharp": 0.2},
        appeal=1.6, camera=Camera(exposure_spread=0.65, saturation=0.6, noise=0.18, miss=0.15),
    ),
    "para": Spec(
        title="PARA", images=31_220, range=(1, 5), raters=438, publishes_votes=True, publishes_users=True, kinds=True,
        habits=Habits(scale=(1, 5), step=0.5, votes=(20, 31), spread=0.85, personal=0.5),
        counts=(tuple(edge / 2 for edge in _F1_EDGES), (0, 81, 1000, 2000, 8000, 13_000, 3000, 114)),
        splits={"train": 0.9039, "test": 0.0961},
        criterion={"light": 2.6, "sharp": 1.7, "content": 1.2, "contrast": 1.0, "depth": 0.8, "simplicity": 0.6,
                   "clean": 1.0, "vivid": -0.6, "thirds": 0.2},
        camera=Camera(exposure_bias=-0.15, noise=0.3, miss=0.3), attributes=PARA_ATTRIBUTES,
    ),
    "eva": Spec(
        title="EVA", images=4070, range=(0, 10), raters=173, publishes_votes=True, publishes_users=True,
        habits=Habits(scale=(0, 10), votes=(30, 40), spread=1.75, personal=0.35),
        quantiles=(2.65, 3.09, 3.32, 3.72, 4.05, 4.61, 4.88, 5.09, 5.27, 5.41, 5.53, 5.66, 5.77, 5.87, 5.97, 6.08, 6.16,
                   6.28, 6.39, 6.49, 6.6, 6.7, 6.82, 6.93, 7.08, 7.22, 7.39, 7.64, 8.03, 8.22, 8.62, 8.73, 9.03),
        criterion=_PHOTOGRAPHERS | {"balance": 0.4, "thirds": 0.5, "depth": 1.0},
        camera=Camera(themes={"city": 1.5, "architecture": 1.5, "animal": 1.5}, noise=0.2, miss=0.2, craft=0.6),
        attributes=EVA_ATTRIBUTES,
    ),
    "photonet": Spec(
        title="Photo.net", images=20_278, range=(1, 7), raters=97, publishes_votes=True,
        splits={"train": 0.8, "test": 0.2},
        habits=Habits(scale=(1, 7), votes=(10, 34), spread=0.8, personal=0.35),
        quantiles=(3.36, 3.41, 3.54, 3.87, 4.03, 4.43, 4.64, 4.77, 4.91, 5.0, 5.09, 5.18, 5.26, 5.32, 5.38, 5.43, 5.5,
                   5.54, 5.6, 5.67, 5.7, 5.76, 5.82, 5.87, 5.92, 6.0, 6.06, 6.19, 6.41, 6.48, 6.66, 6.79, 6.81),
        criterion=_PHOTOGRAPHERS | {"contrast": 2.6, "simplicity": 0.9, "vivid": 0.4},
        camera=Camera(exposure_spread=0.6, noise=0.15, miss=0.12, craft=0.75),
    ),
    "flickr_aes": Spec(
        title="FLICKR-AES", images=41_541, range=(1, 5), raters=210, publishes_users=True, kinds=True,
        test_raters=37, test_votes=11,
        habits=Habits(scale=(1, 5), votes=(5, 5), spread=0.95, personal=0.5),
        counts=((1, 1.1, 1.3, 1.5, 1.7, 1.9, 2.1, 2.3, 2.5, 2.7, 2.9, 3.1, 3.3, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9,
                 5),
                (167, 250, 307, 723, 1050, 1832, 2440, 2329, 3771, 3936, 3963, 3533, 2247, 2719, 2067, 1732, 1294, 798,
                 765, 450, 191)),
        splits={"train": 0.88, "test": 0.12},
        criterion={"vivid": 3.2, "depth": 1.0, "content": 1.8, "light": 0.9, "harmony": 0.6, "contrast": -0.8,
                   "object": 0.4, "simplicity": 0.5, "sharp": 0.3},
        camera=Camera(saturation=0.55, noise=0.25, miss=0.25),
    ),
    "real_cur": Spec(
        title="REAL-CUR", images=2871, range=(1, 5), raters=14, publishes_users=True, kinds=True,
        habits=Habits(scale=(1, 5), votes=(1, 1), spread=0.75, personal=0.55),
        counts=((1.0, 1.5, 2.5, 3.5, 4.5, 5.0), (5, 15, 40, 30, 10)),
        criterion=_PHOTOGRAPHERS | {"content": 2.6},
        camera=Camera(themes={"portrait": 2.5, "animal": 2, "food": 2, "abstract": 0.2}, noise=0.35, miss=0.35,
                      craft=0.3),
    ),
    "koniq10k": Spec(
        title="KonIQ-10k", images=10_073, range=(1, 5), raters=251, publishes_votes=True,
        habits=Habits(scale=(1, 5), votes=(93, 121), spread=0.55, personal=0.25, shared=0.15),
        quantiles=(1.1, 1.19, 1.33, 1.62, 1.79, 2.14, 2.34, 2.51, 2.64, 2.76, 2.85, 2.95, 3.03, 3.1, 3.17, 3.23, 3.28,
                   3.34, 3.39, 3.44, 3.49, 3.53, 3.57, 3.62, 3.66, 3.71, 3.76, 3.83, 3.94, 3.99, 4.11, 4.17, 4.31),
        splits={"train": 0.7007, "validation": 0.0993, "test": 0.2},
        criterion={"sharp": 3.0, "clean": 0.8, "contrast": 0.8, "light": 0.9},
        appeal=0.1,
        camera=Camera(noise=0.3, miss=0.35, exposure_spread=0.85),
    ),
    "spaq": Spec(
        title="SPAQ", images=11_125, range=(0, 100), raters=97,
        habits=Habits(scale=(0, 100), votes=(15, 25), spread=13, personal=0.3, shared=5),
        quantiles=(2.0, 3.96, 5.91, 10.2, 12.7, 18.9, 22.9, 25.7, 28.1, 30.6, 33.0, 35.4, 38.1, 40.9, 43.7, 47.0, 50.2,
                   53.8, 57.1, 60.2, 63.1, 65.7, 68.2, 70.7, 73.0, 75.3, 77.8, 80.8, 85.2, 87.2, 91.4, 93.6, 96.0),
        criterion={"clean": 2.6, "light": 2.0, "sharp": 1.0, "vivid": 0.8}, appeal=0.2,
        camera=Camera(themes={"night": 2, "street": 2, "food": 1.5}, noise=0.4, miss=0.35, exposure_spread=0.9),
        attributes=SPAQ_ATTRIBUTES,
    ),
    "tid2013": Spec(
        title="TID2013", images=3000, range=(0, 9), raters=97,
        habits=Habits(scale=(0, 9), votes=(25, 35), spread=1.0, personal=0.2),
        quantiles=(0.242, 0.355, 0.421, 0.919, 1.75, 2.46, 2.83, 3.07, 3.27, 3.48, 3.64, 3.79, 3.97, 4.13, 4.29, 4.45,
                   4.6, 4.75, 4.93, 5.09, 5.23, 5.36, 5.5, 5.61, 5.72, 5.83, 5.93, 6.06, 6.31, 6.55, 6.82, 7.1, 7.21),
        criterion=_TECHNICAL, appeal=0.1,
    ),
    "oasis_beauty": Spec(
        title="OASIS beauty", images=900, range=(1, 7), raters=757, publishes_users=True,
        habits=Habits(scale=(1, 7), votes=(104, 368), spread=1.4, personal=0.35, shared=0.3),
        quantiles=(1.0, 1.2, 1.46, 1.86, 1.97, 2.41, 2.82, 3.03, 3.19, 3.39, 3.57, 3.76, 3.9, 4.05, 4.19, 4.34, 4.46,
                   4.56, 4.72, 4.83, 4.94, 5.03, 5.16, 5.28, 5.4, 5.54, 5.75, 5.95, 6.38, 6.46, 6.62, 6.74, 6.83),
        criterion={"content": 2.0, "vivid": 1.2, "light": 1.0, "harmony": 0.8, "sharp": 0.4}, appeal=1.5,
        camera=Camera(noise=0.1, miss=0.1),
    ),
}  # fmt: skip
