"""pyproject.toml is the one source of pins; the lock and the conda file agree with it."""

import re
import tomllib
from functools import cache

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from aeslib.paths import ROOT

ADDRESS = re.compile(r"https?:|file:|www\.|--(extra-)?index|--find-links|git\+|@ ")


@cache
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@cache
def direct() -> dict[str, str]:
    """Name → version of everything that pyproject.toml asks for; each is pinned to one version."""
    found = {}
    for line in project()["dependencies"] + project()["optional-dependencies"]["dev"]:
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        assert pin.operator == "==", line
        assert canonicalize_name(requirement.name) not in found, line
        found[canonicalize_name(requirement.name)] = pin.version
    return found


@cache
def locked() -> dict[str, tuple[str, str, list[str]]]:
    """Name → version, marker and hashes of every entry of the lock."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            head, *hashes = re.split(r"\s*--hash=", line)
            requirement = Requirement(head)
            (pin,) = requirement.specifier
            found[canonicalize_name(requirement.name)] = (pin.version, str(requirement.marker or ""), hashes)
    return found


def test_the_lock_has_every_direct_pin_for_every_machine():
    in_lock = {name: locked()[name][:2] for name in direct() if name in locked()}
    assert in_lock == {name: (version, "") for name, version in direct().items()}


def test_the_lock_has_hashes_for_everything():
    assert len(locked()) > len(direct())
    for name, (_, _, hashes) in locked().items():
        assert hashes, name
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", text) for text in hashes), name


@pytest.mark.parametrize("file", ["requirements.txt", "environment.yml", "pyproject.toml"])
def test_no_file_names_an_address(file):
    assert not ADDRESS.search((ROOT / file).read_text(encoding="utf-8"))


def test_the_conda_file_has_the_same_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, packages = environment["dependencies"]
    assert pip == "pip"
    wanted = project()["dependencies"] + project()["optional-dependencies"]["dev"]
    assert packages == {"pip": [*wanted, "--editable ."]}
    assert python.removeprefix("python=") in SpecifierSet(project()["requires-python"])


def test_python_versions_agree():
    allowed = SpecifierSet(project()["requires-python"])
    assert [f"3.{minor}" for minor in range(9, 15) if f"3.{minor}" in allowed] == ["3.11", "3.12"]
    assert "(3, 11) <= sys.version_info[:2] <= (3, 12)" in (ROOT / "run_all.sh").read_text(encoding="utf-8")
