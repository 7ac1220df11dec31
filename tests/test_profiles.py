"""Profiles: their sizes grow, and what a single run depends on is the same where runs are shared."""

from dataclasses import FrozenInstanceError, asdict

import pytest

from aeslib.errors import ParameterError
from aeslib.profiles import PROFILES, get_profile, is_profile, with_base_seed


def test_names():
    assert list(PROFILES) == ["smoke", "default", "night", "paper"]
    assert all(get_profile(name).name == name for name in PROFILES)


@pytest.mark.parametrize(("small", "large"), [("smoke", "default"), ("default", "night"), ("default", "paper")])
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
        ("defualt", "no profile named 'defualt'. Did you mean 'default'? Known: smoke, default, night, paper."),
        ("", "no profile named ''. Known: smoke, default, night, paper."),
        (3, "no profile named 3. Known: smoke, default, night, paper."),
    ],
)
def test_a_misspelt_one_names_the_nearest(name, message):
    with pytest.raises(ParameterError) as error:
        get_profile(name)
    assert str(error.value) == message


def test_a_base_seed_is_part_of_the_name():
    assert with_base_seed("night", 0) == "night"
    name = with_base_seed("night", 12)
    assert name == "night-seed12"
    profile = get_profile(name)
    assert (profile.name, profile.base_seed, profile.runs) == (name, 12, "default-seed12")
    assert profile.sizes == get_profile("night").sizes | {"base_seed": 12}


def test_night_goes_on_from_the_runs_of_default():
    night, default = get_profile("night"), get_profile("default")
    assert night.runs == default.runs == "default"
    assert night.sizes == default.sizes
    assert not {"name", "seeds", "bootstrap", "thorough"} & night.sizes.keys()
    assert night.seeds >= 2 * default.seeds
    assert (night.fewer_seeds, default.fewer_seeds, get_profile("smoke").fewer_seeds) == (9, 3, 1)


@pytest.mark.parametrize(
    "name", ["default-seed0", "default-seed", "default-seed1x", "default-seed-1", "night-seed1/.."]
)
def test_a_wrong_base_seed_is_refused(name):
    assert not is_profile(name)
    with pytest.raises(ParameterError, match="expected a whole number, 1 or more"):
        get_profile(name)
