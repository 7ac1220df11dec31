"""Answers are a user's data: named, apart for each folder of images, never lost and never deleted but by name."""

import json
import os
import threading

import pytest

from aeslib.errors import DataError, ParameterError
from aeslib.paths import answers_dir, results_dir, write_text
from aeslib.taskvec.lab import Session
from aeslib.taskvec.sessions import SessionStore, every_session


@pytest.fixture
def store(tmp_path):
    """The store of a folder of photos."""
    return SessionStore.of(tmp_path / "photos")


def rate(name, score=3):
    return lambda session: session.rate(name, score)


def test_answers_lie_in_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("AESLIB_TASTE", str(tmp_path / "mine"))
    assert SessionStore.of("x").folder.parent == tmp_path / "mine"
    monkeypatch.delenv("AESLIB_TASTE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert answers_dir() == tmp_path / "share" / "aeslib" / "taste"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert answers_dir() == tmp_path / "home" / ".local" / "share" / "aeslib" / "taste"


def test_two_folders_of_one_name_have_their_own_sessions(tmp_path):
    one, two = (SessionStore.of(tmp_path / year / "holiday") for year in ("2024", "2025"))
    one.change(one.begin("first"), rate("a.jpg"))
    assert two.names() == []
    (tmp_path / "link").symlink_to(tmp_path / "2024")
    assert SessionStore.of(tmp_path / "link" / "holiday") == one
    assert SessionStore.of("holiday") not in (one, two)


def test_a_new_session_leaves_the_old_one(store):
    first = store.begin()
    store.change(first, rate("a.jpg"))
    second, third = store.begin(), store.begin("mood of May")
    os.utime(store.path(first), (1, 1))
    os.utime(store.path(second), (2, 2))
    assert second == f"{first}-2"
    assert store.names() == [third, second, first]
    assert store.open(first) == Session().rate("a.jpg", 3)
    assert len(store.open(second)) == 0


@pytest.mark.parametrize("name", ["../out", "a/b", ".about", "x.damaged", "a" * 41, "\x00"])
def test_names_that_would_leave_the_folder_are_refused(store, name):
    with pytest.raises(ParameterError) as error:
        store.begin(name)
    assert str(error.value) == (
        f"{name!r} cannot name a session; use at most 40 letters, digits, blanks, hyphens and underscores."
    )


def test_undo_takes_back_what_is_saved(store):
    name = store.begin()
    store.change(name, rate("a.jpg"))
    store.change(name, rate("b.jpg"))
    assert store.change(name, Session.undo) == store.open(name) == Session().rate("a.jpg", 3)


def test_two_browsers_on_one_session_lose_no_answer(store):
    name = store.begin()

    def browser(letter):
        for k in range(25):
            SessionStore(store.folder, store.images).change(name, rate(f"{letter}{k}"))

    browsers = [threading.Thread(target=browser, args=(letter,)) for letter in "abc"]
    for one in browsers:
        one.start()
    for one in browsers:
        one.join()
    session = store.open(name)
    assert len(session) == 75
    assert session.seen == {f"{letter}{k}" for letter in "abc" for k in range(25)}


def test_damaged_files_are_put_aside_one_beside_the_other(store):
    name = store.begin("taste")
    for text, aside in (("{", "taste.damaged.json"), ("[", "taste.damaged-2.json")):
        store.path(name).write_text(text)
        with pytest.raises(DataError) as error:
            store.change(name, rate("a.jpg"))
        assert str(error.value).startswith("taste.json is no saved session of the Taste Lab (")
        assert str(error.value).endswith(f"choose another. It was put aside as {aside}; taste begins empty.")
        assert (store.folder / aside).read_text() == text
        assert len(store.open(name)) == 0
    assert store.names() == ["taste"]


def test_only_the_named_session_is_deleted(store):
    store.begin("keep")
    store.begin("drop")
    store.delete("drop")
    assert store.names() == ["keep"]
    with pytest.raises(DataError) as error:
        store.delete("drop")
    assert str(error.value) == f"there is no session 'drop' about {store.images}; choose one of: keep."


def test_a_session_is_exported_and_copied_in(store, tmp_path):
    name = store.begin("taste")
    store.change(name, lambda s: s.rate("käse, alt.jpg", 4).duel("a.jpg", "b.jpg"))
    table = store.export(name, tmp_path / "taste.csv")
    assert table.read_text(encoding="utf-8") == (
        'answer,kind,image,score,preferred_over\n1,rate,"käse, alt.jpg",4.0,\n2,duel,a.jpg,,b.jpg\n'
    )
    copy = store.copy_in(store.export(name, tmp_path / "taste.json"))
    assert copy == "taste-2"
    assert store.open(copy) == store.open(name)


def test_an_export_overwrites_nothing(store, tmp_path):
    name = store.begin("taste")
    mine = write_text(tmp_path / "mine.json", "mine")
    for path, kind, message in (
        (mine, DataError, f"{mine} is there already; name another file, nothing is overwritten."),
        (tmp_path / "no" / "x.csv", DataError, f"{tmp_path / 'no'} is no folder; name a file in one that is there."),
        (tmp_path / "x.txt", ParameterError, "'x.txt' ends in neither .json nor .csv; the ending says how to export."),
    ):
        with pytest.raises(kind) as error:
            store.export(name, path)
        assert str(error.value) == message
    assert mine.read_text() == "mine"
    with pytest.raises(DataError, match=r"mine\.json is no saved session of the Taste Lab"):
        store.copy_in(mine)


def test_answers_of_earlier_versions_are_taken_over_once(store):
    old = results_dir("smoke") / "taste-lab-photos.json"
    Session().rate("a.jpg", 5).save(old)
    other = SessionStore.of("other")
    assert store.take_over(["a.jpg", "b.jpg"], results_dir("smoke")) == ["earlier smoke-taste-lab-photos"]
    assert not old.exists()
    assert store.open("earlier smoke-taste-lab-photos") == Session().rate("a.jpg", 5)
    assert other.take_over(["x.jpg"], results_dir("smoke")) == []
    store.delete("earlier smoke-taste-lab-photos")
    assert store.take_over(["a.jpg"], results_dir("smoke")) == []
    assert other.take_over(["a.jpg"], results_dir("smoke")) == ["earlier smoke-taste-lab-photos"]
    Session().rate("b.jpg", 5).save(old)  # an earlier version has run again
    assert store.take_over(["b.jpg"], results_dir("smoke")) == ["earlier smoke-taste-lab-photos-2"]


def test_all_sessions_are_listed(store):
    store.change(store.begin("mine"), rate("a.jpg"))
    other = SessionStore.of("generated")
    other.begin("empty")
    other.path("broken").write_text("{")
    for name, when in (("empty", 2), ("broken", 1)):
        os.utime(other.path(name), (when, when))
    listed = every_session()
    assert listed[["images", "session"]].to_numpy().tolist() == [
        [store.images, "mine"], ["generated", "empty"], ["generated", "broken"],
    ]  # fmt: skip
    assert listed["answers"].isna().tolist() == [False, False, True]
    assert listed["file"].tolist()[0] == str(store.path("mine"))
    assert json.loads((store.folder / ".about.json").read_text()) == {"images": store.images, "taken over": []}
