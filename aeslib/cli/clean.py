"""`clean`: remove what runs have made. Needs only the standard library."""

import argparse
import shutil

from aeslib.cli.process import only_run
from aeslib.paths import artifacts_dir, results_dir
from aeslib.profiles import PROFILES

VERIFY = "verify"
"""Folder of what the doctor found, beside the profiles' results."""


def clean(_: argparse.Namespace) -> int:
    """Remove results and artifacts of every profile, saying which; only these folders, whatever lies beside them."""
    made = [*map(results_dir, (*PROFILES, VERIFY)), *map(artifacts_dir, PROFILES)]
    folders = [folder for folder in made if folder.is_dir()]
    for folder in folders:
        size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
        with only_run(folder):
            shutil.rmtree(folder)
        print(f"removed {folder} ({size / 2**20:.0f} MB)")
    if not folders:
        print("nothing to remove")
    return 0
