"""How big: the one place that knows sizes, epochs and seeds.

`smoke` proves that everything runs (minutes), `default` is a laptop without downloads, `paper` uses pretrained
backbones, real images and a GPU. Code asks the profile, never "am I a test?".
"""

from dataclasses import dataclass

from aeslib.errors import unknown


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Sizes of one kind of run."""

    name: str
    images: int
    """Images per synthetic stand-in."""
    image_size: int
    """Side of a picture in pixels."""
    seeds: int
    """Repetitions of every comparison."""
    bootstrap: int
    """Resamples behind each interval."""


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="smoke", images=400, image_size=32, seeds=1, bootstrap=200),
        Profile(name="default", images=4000, image_size=64, seeds=5, bootstrap=1000),
        Profile(name="paper", images=30000, image_size=256, seeds=5, bootstrap=1000),
    )
}


def get_profile(name: str) -> Profile:
    """The profile of that name; a misspelt one raises `ParameterError` with the nearest."""
    if name not in PROFILES:
        raise unknown("profile", name, PROFILES)
    return PROFILES[name]
