"""`clean`: remove what runs have made. Needs only the standard library."""

import argparse
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from aeslib.errors import StateError
from aeslib.locks import folder_lock
from aeslib.paths import (
    answers_dir,
    artifacts_dir,
    cache_home,
    data_root,
    named_weights,
    rescue_answers,
    results_dir,
    writing,
)
from aeslib.profiles import PROFILES, is_profile

VERIFY = "verify"
"""Folder of what the doctor found, beside the profiles' results."""


def clean(_: argparse.Namespace) -> int:
    """Remove results and artifacts of every profile, saying which; only these folders, whatever lies beside them.

    Answers of the Taste Lab that earlier versions kept among results move to `answers_dir()` first.

    Raises:
        StateError: when a run uses one of them, one is a link, or answers, data sets or the cache lie inside one;
            then nothing is removed.
    """
    places = [*of_profiles(results_dir("")), results_dir(VERIFY), *of_profiles(artifacts_dir(""))]
    for remains in [path for place in places for path in place.parent.glob(f".{place.name}-removed-*")]:
        shutil.rmtree(remains, ignore_errors=True)  # of a `clean` that was killed
    folders = [place for place in places if place.is_dir()]
    with ExitStack() as locks:
        for folder in folders:
            check_removable(folder)
            locks.enter_context(folder_lock(folder))
        for folder in folders:
            for path in rescue_answers(folder):
                print(f"kept answers of the Taste Lab: {path}")
            size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
            remove(folder)
            print(f"removed {folder} ({size / 2**20:.0f} MB)")
    if not folders:
        print("nothing to remove")
    return 0


def of_profiles(home: Path) -> list[Path]:
    """Return the folders of all profiles in `results/` or `artifacts/`, also those of other base seeds that exist."""
    seeded = (path for path in home.glob("*-seed*") if is_profile(path.name))
    return [*(home / name for name in PROFILES), *sorted(seeded)]


def check_removable(folder: Path) -> None:
    """Raise `StateError` for a folder that is a link or holds answers of the Taste Lab, data sets or the cache."""
    if folder.is_symlink():
        raise StateError(f"{folder} is a link to {folder.resolve()}; remove the link or the folder by hand.")
    for what, place, variable in (
        ("the answers of the Taste Lab", answers_dir(), "AESLIB_TASTE"),
        ("the data sets", data_root(), "AESLIB_DATA"),
        ("published weights", named_weights(), "AESLIB_WEIGHTS"),
        ("the cache", cache_home(), "XDG_CACHE_HOME"),
    ):
        if place and place.resolve().is_relative_to(folder.resolve()):
            raise StateError(
                f"{folder} holds {what} ({place}); nothing was removed. Move them, name their new folder with "
                f"{variable}, and clean again."
            )


def remove(folder: Path) -> None:
    """Remove a folder at one stroke: a run that starts meanwhile makes a new one, and none of it is removed."""
    with writing(folder):
        away = folder.rename(folder.with_name(f".{folder.name}-removed-{os.getpid()}"))
        shutil.rmtree(away)
