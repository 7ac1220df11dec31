"""How big: the one place that knows sizes, epochs and seeds.

`smoke` proves that everything runs (minutes), `default` is a first look on a laptop without downloads, `night` is the
same with more repetitions and larger grids, for verdicts that decide, and `paper` uses pretrained backbones, real
images and a GPU. Code asks the profile, never "am I a test?". A name may end in `-seedN`: every seed is moved by N.
"""

import re
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from aeslib.errors import ParameterError, unknown

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
    thorough: bool = False
    """True when grids hold what a quarter of an hour has no time for, such as all combinations of two settings."""
    shares_runs_of: str = ""
    """The profile of the same sizes whose runs this one goes on from; empty: it has its own."""
    base_seed: int = 0
    """The number that moves every seed of a run: generated images, pretext, training and draws."""

    @property
    def stand_ins(self) -> bool:
        """Whether a stand-in takes the place of labels that are at hand without their images; not in paper size."""
        return self.size != "paper"

    @property
    def fewer_seeds(self) -> int:
        """Repetitions of the comparisons that take longest: three of five."""
        return max(1, 3 * self.seeds // 5)

    @property
    def runs(self) -> str:
        """Name of the folder in `artifacts/` that holds the runs."""
        return f"{self.shares_runs_of}{_suffix(self.base_seed)}" if self.shares_runs_of else self.name

    @property
    def sizes(self) -> dict[str, Any]:
        """Return what a single run depends on: all fields but those about the number of runs and how they are read."""
        other = ("name", "seeds", "bootstrap", "thorough", "shares_runs_of")
        return {name: value for name, value in asdict(self).items() if name not in other}


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
            name="night", images=4000, test_images=1500, image_size=64, size="small", epochs=4,
            pretext_images=6000, pretext_epochs=4, seeds=15, bootstrap=1000, thorough=True, shares_runs_of="default",
        ),
        Profile(
            name="paper", images=30000, test_images=5000, image_size=256, size="paper", epochs=20,
            pretext_images=0, pretext_epochs=0, seeds=5, bootstrap=1000,
        ),
    )
}  # fmt: skip


def get_profile(name: str) -> Profile:
    """Return the profile of a name, which may end in `-seedN` for another base seed: `default`, `night-seed2`.

    Raises:
        ParameterError: for a misspelt name, with the nearest; for a base seed that is no whole number, 1 or more.
    """
    size, mark, seed = name.partition("-seed") if isinstance(name, str) else (name, "", "")
    if size not in PROFILES:
        raise unknown("profile", size, PROFILES)
    if not mark:
        return PROFILES[size]
    if not re.fullmatch("[1-9][0-9]{0,8}", seed):
        raise ParameterError(f"profile {name!r} has the base seed {seed!r}; expected a whole number, 1 or more.")
    return replace(PROFILES[size], name=name, base_seed=int(seed))


def is_profile(name: str) -> bool:
    """Return whether there is a profile of this name."""
    try:
        get_profile(name)
    except ParameterError:
        return False
    return True


def with_base_seed(name: str, base_seed: int) -> str:
    """Return the name of a profile at a base seed; 0 leaves it."""
    return f"{name}{_suffix(base_seed)}"


def _suffix(base_seed: int) -> str:
    return f"-seed{base_seed}" if base_seed else ""
