"""How big: the one place that knows sizes, epochs and seeds.

`smoke` proves that everything runs (minutes), `default` is a laptop without downloads, `paper` uses pretrained
backbones, real images and a GPU. Code asks the profile, never "am I a test?".
"""

from dataclasses import dataclass
from typing import Literal

from aeslib.errors import unknown

Size = Literal["small", "paper"]
"""Of networks: minutes on two cores, or as published."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Sizes of one kind of run."""

    name: str
    images: int
    """Pictures of each synthetic stand-in to train on (validation is cut from them)."""
    test_images: int
    """Fresh pictures of the same stand-in to test on."""
    image_size: int
    """Side of a picture in pixels."""
    size: Size
    """Which size of every network."""
    epochs: int
    """Passes over the training pictures of an ordinary run; studies scale theirs by it."""
    pretext_images: int
    pretext_epochs: int
    """Of the training on themes and qualities that gives small networks their start."""
    seeds: int
    """Repetitions of every comparison."""
    bootstrap: int
    """Resamples behind each interval."""

    @property
    def stand_ins(self) -> bool:
        """Whether a stand-in takes the place of labels that are at hand without their images; not in paper size."""
        return self.size != "paper"


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="smoke", images=300, test_images=200, image_size=64, size="small", epochs=1,
            pretext_images=300, pretext_epochs=1, seeds=1, bootstrap=200,
        ),
        Profile(
            name="default", images=4000, test_images=1500, image_size=64, size="small", epochs=4,
            pretext_images=6000, pretext_epochs=4, seeds=5, bootstrap=1000,
        ),
        Profile(
            name="paper", images=30000, test_images=5000, image_size=256, size="paper", epochs=20,
            pretext_images=0, pretext_epochs=0, seeds=5, bootstrap=1000,
        ),
    )
}  # fmt: skip


def get_profile(name: str) -> Profile:
    """The profile of that name; a misspelt one raises `ParameterError` with the nearest."""
    if name not in PROFILES:
        raise unknown("profile", name, PROFILES)
    return PROFILES[name]
