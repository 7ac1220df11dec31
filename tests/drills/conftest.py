"""Small disks to fill or to lock, and a toy study, for the drills."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """`disk("size=256k")` mounts a disk in memory; asked again, the same one is mounted with other options."""
    place = tmp_path / "disk"

    def mount(options: str) -> Path:
        again = place.is_mount()
        place.mkdir(exist_ok=True)
        words = (
            ["-o", f"remount,{options}", str(place)] if again else ["-t", "tmpfs", "-o", options, "drill", str(place)]
        )
        done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here ({done.stderr.strip()})")
        return place

    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    yield mount
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True, check=False)
