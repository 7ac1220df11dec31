"""Profiles: three sizes, each at least as large as the one before."""

from dataclasses import FrozenInstanceError, asdict

import pytest

from aeslib.errors import ParameterError
from aeslib.profiles import PROFILES, get_profile


def test_names():
    assert list(PROFILES) == ["smoke", "default", "paper"]
    assert all(get_profile(name).name == name for name in PROFILES)


@pytest.mark.parametrize(("small", "large"), [("smoke", "default"), ("default", "paper")])
def test_sizes_grow(small, large):
    small, large = (asdict(get_profile(name)) for name in (small, large))
    for field in ("images", "test_images", "image_size", "epochs", "seeds", "bootstrap"):
        assert 0 < small[field] <= large[field], field


def test_a_profile_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        get_profile("smoke").images = 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("defualt", "no profile named 'defualt'. Did you mean 'default'? Known: smoke, default, paper."),
        ("", "no profile named ''. Known: smoke, default, paper."),
        (3, "no profile named 3. Known: smoke, default, paper."),
    ],
)
def test_a_misspelt_one_names_the_nearest(name, message):
    with pytest.raises(ParameterError) as error:
        get_profile(name)
    assert str(error.value) == message
