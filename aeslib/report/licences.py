"""What this stands on: licence of every locked package, and how the environment agrees with the lock.

All from the metadata of what is installed; nothing is asked of a network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from html import escape
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from aeslib.errors import DataError
from aeslib.paths import ROOT
from aeslib.report.parts import grid, plural, raw

OWN = ("aeslib", "pip")
"""Installed beside the lock: this library, and what may have installed it."""
CAREFUL = re.compile(
    r"\b[AL]?GPL|General Public|Proprietary|Commercial|NonCommercial|Business Source|SSPL", re.IGNORECASE
)
"""Words of licences that ask for a look before anything that holds the package is passed on."""
SILENT = "no statement"
_NVIDIA = "proprietary, of the GPU build of torch; installed by its user, never passed on with this project"
REVIEWED = {
    "cuda-toolkit": f"an empty package that only names the next ones ({_NVIDIA})",
    "docutils": "public domain and BSD but for an Emacs mode under the GPL, which is not installed",
    "nvidia-*": _NVIDIA,
    "pillow-heif": "BSD; its wheels are under the GPL, as they carry x265 (GPL) beside libheif and libde265 (LGPL); "
    "installed by its user, never passed on with this project",
}
"""Packages whose licence asks for a look, as a pattern → what the look gave."""


@dataclass(frozen=True)
class Locked:
    """One entry of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    wanted: bool
    """Whether this machine and Python are to have it."""

    @property
    def hashed(self) -> bool:
        """Whether only files of known SHA-256 may be installed."""
        return bool(self.hashes) and all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in self.hashes)


@dataclass(frozen=True)
class Package:
    """An installed package: version, licence in its own words, requirements."""

    version: str
    licence: str
    requires: tuple[str, ...]


def lock(path: Path | None = None) -> dict[str, Locked]:
    """The entries of `requirements.txt` by normalised name; `DataError` names a line that is no pin."""
    path = path or ROOT / "requirements.txt"
    found: dict[str, Locked] = {}
    for line in re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8")).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        head, *hashes = re.split(r"\s*--hash=", line)
        try:
            asked = Requirement(head)
            (pin,) = asked.specifier
        except (InvalidRequirement, ValueError) as error:
            raise DataError(f"{path.name}: {head!r} is no pin; expected NAME==VERSION with hashes.") from error
        name = canonicalize_name(asked.name)
        wanted = asked.marker is None or asked.marker.evaluate()
        if name in found and not wanted:
            continue  # locked twice, for other versions of Python
        found[name] = Locked(name, pin.version if pin.operator == "==" else "", tuple(hashes), wanted)
    return found


def installed() -> dict[str, Package]:
    """All packages of this environment by normalised name."""
    return {
        canonicalize_name(one.metadata["Name"]): Package(one.version, licence(one), tuple(one.requires or ()))
        for one in metadata.distributions()
    }


def licence(of: metadata.Distribution) -> str:
    """What a package says of its licence: expression, else classifiers, field, head of its licence file."""

    def told(key: str) -> list[str]:
        return of.metadata.get_all(key) or []

    stated = "".join(told("License-Expression"))
    named = [c.rpartition(" :: ")[2] for c in told("Classifier") if c.startswith("License ::")]
    field = first_line("\n".join(told("License")))
    if found := stated or "; ".join(name for name in named if name != "OSI Approved") or field:
        return found
    texts = [file for file in of.files or () if re.search(r"licen[cs]e|copying", file.name, re.IGNORECASE)]
    return next((line for text in texts if (line := first_line(text.read_text(encoding="utf-8")))), SILENT)


def first_line(text: str) -> str:
    """The first line that says something, without what looks like an address."""
    return next((re.sub(r"\S+://\S+", "…", line).strip()[:80] for line in text.splitlines() if line.strip()), "")


def look(packages: Mapping[str, Package]) -> dict[str, str]:
    """Return the packages whose licence asks for a look, that state none, or that carry others' code → the licence."""
    return {
        name: package.licence
        for name, package in sorted(packages.items())
        if package.licence in ("", SILENT, "UNKNOWN") or CAREFUL.search(package.licence) or reviewed(name)
    }


def reviewed(name: str) -> str | None:
    """What a look at the package's licence gave; None: nobody looked."""
    return next((why for pattern, why in REVIEWED.items() if fnmatch(name, pattern)), None)


def audit(locked: Mapping[str, Locked], here: Mapping[str, Package]) -> dict[str, list[str]]:
    """What was asked of lock and environment → the packages that do not comply."""
    both = {name: (entry.version, here[name].version) for name, entry in locked.items() if name in here}
    return {
        "entries of the lock without one exact version": [n for n, e in locked.items() if not e.version],
        "entries of the lock without a SHA-256": [n for n, e in locked.items() if not e.hashed],
        "installed in another version than locked": [f"{n} {b}, locked {a}" for n, (a, b) in both.items() if a != b],
        "locked for this machine but not installed": [n for n, e in locked.items() if e.wanted and n not in here],
        "installed but not locked": sorted(here.keys() - locked.keys() - set(OWN)),
        "requirements of installed packages that are not met": list(unmet(here)),
        "licences that ask for a look and got none": [n for n in look(here) if reviewed(n) is None],
    }


def unmet(here: Mapping[str, Package]) -> Iterable[str]:
    """Requirements, extras aside, that the installed packages do not fulfil."""
    for name, package in sorted(here.items()):
        for line in package.requires:
            asked = Requirement(line)
            if asked.marker is not None and not asked.marker.evaluate({"extra": ""}):
                continue
            other = here.get(canonicalize_name(asked.name))
            if other is None:
                yield f"{name} asks for {asked.name}"
            elif not asked.specifier.contains(other.version, prereleases=True):
                yield f"{name} asks for {asked.name}{asked.specifier}, not {other.version}"


def licences() -> str:
    """The page."""
    locked, here = lock(), installed()
    mine = {name: package for name, package in here.items() if name not in OWN}
    asked = look(mine)
    checks = [
        (escape(what), "✓ none" if not found else f"<b>✗ {len(found)}</b>: {escape(', '.join(found))}")
        for what, found in audit(locked, mine).items()
    ]
    noted = [
        (f"<code>{escape(n)}</code>", escape(said), escape(reviewed(n) or "nobody looked")) for n, said in asked.items()
    ]
    said = {name: mine[name].licence if name in mine else "not installed here" for name in locked}
    rows = [(f"<code>{escape(n)}</code>", escape(locked[n].version), escape(said[n])) for n in sorted(locked)]
    return "\n\n".join(
        [
            "# Licences and lock",
            "This project is under the MIT licence. What follows is read from the metadata of the packages installed "
            "here and from `requirements.txt`, without a network.",
            "## Lock against environment",
            raw(grid(("asked", "found"), checks)),
            "This cannot tell whether a version has a known vulnerability or was withdrawn by its authors: both need "
            "a database that is kept elsewhere. Run `pip-audit --require-hashes -r requirements.txt` where there is a "
            "network. What the hashes do tell: an installation with `--require-hashes` is made of the very files that "
            "were locked.",
            "## Licences that ask for a look",
            raw(grid(("package", "licence", "what the look gave"), noted)) if noted else "None.",
            f"## All {plural(len(locked), 'locked package')}",
            "In the packages' own words. Some are for another Python or system, and not installed here.",
            raw(grid(("package", "locked", "licence"), rows)),
        ]
    )
