"""The page on licences, and what is asked of lock and environment."""

import re
from importlib import metadata

import pytest

from aeslib.errors import DataError
from aeslib.report import licences
from aeslib.report.licences import Locked, Package, audit, installed, lock, look, reviewed, unmet

HASH = "sha256:" + "0" * 64


def test_no_dependency_has_an_odd_licence_or_none_silently():
    odd = look({name: package for name, package in installed().items() if name not in licences.OWN})
    assert [name for name in odd if reviewed(name) is None] == []
    assert "docutils" in odd  # its classifiers name the GPL


def test_what_was_looked_at_is_as_told():
    assert not [file for file in metadata.files("docutils") or () if "emacs" in str(file) or file.suffix == ".el"]


def test_everything_is_pinned_hashed_and_installed():
    found = audit(lock(), installed())
    for what, names in found.items():
        if "another version" not in what:  # told on the page; a library may be tried beside its lock
            assert names == [], what


@pytest.mark.parametrize(
    ("locked", "here", "what"),
    [
        (Locked("a", "", (HASH,), True), Package("1", "MIT", ()), "version"),
        (Locked("a", "1", (), True), Package("1", "MIT", ()), "without a SHA-256"),
        (Locked("a", "1", ("md5:0",), True), Package("1", "MIT", ()), "without a SHA-256"),
        (Locked("a", "1", (HASH,), True), Package("2", "MIT", ()), "another version"),
        (Locked("a", "1", (HASH,), True), None, "not installed"),
        (None, Package("1", "MIT", ()), "not locked"),
        (Locked("a", "1", (HASH,), True), Package("1", "MIT", ("b>2",)), "not met"),
        (Locked("a", "1", (HASH,), True), Package("1", "AGPL-3.0-only", ()), "got none"),
        (Locked("a", "1", (HASH,), True), Package("1", licences.SILENT, ()), "got none"),
    ],
)
def test_each_fault_is_found_and_no_other(locked, here, what):
    found = audit({"a": locked} if locked else {}, {"a": here} if here else {})
    assert [title for title, names in found.items() if names] == [title for title in found if what in title]


def test_requirements_of_other_machines_and_extras_are_not_asked_for():
    here = {"a": Package("1", "MIT", ("b; sys_platform == 'none'", "c; extra == 'more'", "d[x]>=1")),
            "d": Package("0.9", "MIT", ())}  # fmt: skip
    assert list(unmet(here)) == ["a asks for d>=1, not 0.9"]


def test_a_line_that_is_no_pin_is_told(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("torch\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"requirements\.txt: 'torch' is no pin; expected NAME==VERSION with hashes"):
        lock(path)


def test_an_entry_for_another_machine_is_not_wanted(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(f"a==1 ; sys_platform == 'none' \\\n    --hash={HASH}\n", encoding="utf-8")
    assert lock(path) == {"a": Locked("a", "1", (HASH,), False)}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: old", "MIT OR Apache-2.0"),
        ("Classifier: License :: OSI Approved :: MIT License\nClassifier: Topic :: Text", "MIT License"),
        ("License: BSD\n  and more", "BSD"),
        ("Classifier: License :: OSI Approved", "The licence's first line"),
    ],
)
def test_a_licence_in_the_package_s_own_words(tmp_path, headers, told):
    folder = tmp_path / "thing-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: thing\nVersion: 1\n{headers}\n", encoding="utf-8")
    (folder / "LICENSE").write_text("\n  The licence's first line\nmore\n", encoding="utf-8")
    (folder / "RECORD").write_text("thing-1.dist-info/LICENSE,,\n", encoding="utf-8")
    assert licences.licence(metadata.Distribution.at(folder)) == told


def test_the_page_lists_every_locked_package_and_no_address():
    page = licences.licences()
    assert all(f"<td><code>{name}</code></td>" in page for name in lock())
    assert not re.search(r"\w://|www\.", page)
