"""`clean`: remove what runs have made. Needs only the standard library."""

import argparse
import shutil

from aeslib.cli.process import only_run
from aeslib.errors import StateError
from aeslib.paths import answers_dir, artifacts_dir, rescue_answers, results_dir
from aeslib.profiles import PROFILES

VERIFY = "verify"
"""Folder of what the doctor found, beside the profiles' results."""


def clean(_: argparse.Namespace) -> int:
    """Remove results and artifacts of every profile, saying which; only these folders, whatever lies beside them.

    Answers of the Taste Lab that earlier versions kept among results move to `answers_dir()` first.

    Raises:
        StateError: when the answers' folder lies inside a folder to be removed.
    """
    made = [*map(results_dir, (*PROFILES, VERIFY)), *map(artifacts_dir, PROFILES)]
    folders = [folder for folder in made if folder.is_dir()]
    for folder in folders:
        if answers_dir().resolve().is_relative_to(folder.resolve()):
            raise StateError(
                f"{folder} holds the answers of the Taste Lab ({answers_dir()}); nothing was removed. Move them, "
                "name their new folder with AESLIB_TASTE, and clean again."
            )
    for folder in folders:
        for path in rescue_answers(folder):
            print(f"kept answers of the Taste Lab: {path}")
        size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
        with only_run(folder):
            shutil.rmtree(folder)
        print(f"removed {folder} ({size / 2**20:.0f} MB)")
    if not folders:
        print("nothing to remove")
    return 0
