"""What every process of a run starts with."""

import os

import pytest

from aeslib.cli import process
from aeslib.errors import StateError
from aeslib.paths import cache_home


def test_start_up_files_of_another_user_are_never_run(monkeypatch):
    for name in os.environ:
        monkeypatch.setenv(name, os.environ[name])  # put back afterwards
    process.own_environment()
    home = cache_home() / "jupyter"
    assert home.stat().st_mode & 0o777 == 0o700
    planted = home / "ipythondir" / "profile_default" / "startup" / "00.py"
    planted.parent.mkdir(parents=True)
    planted.write_text("")
    process.own_environment()
    real, owner = os.geteuid(), os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    with pytest.raises(StateError) as error:
        process.own_environment()
    assert str(error.value) == (
        f"{home} belongs to another user, and Jupyter would run what lies there; "
        "remove it, or name a cache folder of your own with XDG_CACHE_HOME."
    )
    if real == 0:  # root can give files away
        monkeypatch.undo()
        os.chown(planted, 12345, 12345)
        with pytest.raises(StateError, match=r"00\.py belongs to another user"):
            process.refuse_foreign_files(home)
