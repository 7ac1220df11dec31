"""What a value was computed from is recorded, also when it comes from a cache, and only inside the recording block."""

import makers
import pytest

from aeslib.data import describe_source, load, pictured
from aeslib.data.cards import load_card
from aeslib.data.load import synthetic
from aeslib.data.sources import Origin, cached, note, recording, stand_in_origin


@pytest.fixture
def labels_only(tmp_path, monkeypatch):
    """The owners' labels of EVA without an image."""
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    makers.make("eva", tmp_path)


def test_a_stand_in_in_place_of_missing_images_is_what_is_noted(labels_only):
    with recording() as sources:
        data = pictured("eva", size=40)
    assert list(sources) == [Origin("eva", "synthetic", data.detail)] == [stand_in_origin("eva", size=40, seed=0)]
    assert describe_source("eva", size=40) == next(iter(sources))
    with recording() as sources:
        data = load("eva")
    assert list(sources) == [Origin("eva", "labels", data.detail)]


def test_describing_and_looking_are_not_noted(labels_only):
    with recording() as sources:
        describe_source("eva", size=40)
        describe_source("aadb", size=40)
    assert not sources


def test_a_split_that_the_owners_lack_is_taken_from_the_stand_in(tmp_path, monkeypatch):
    monkeypatch.setenv("AESLIB_DATA", str(tmp_path))
    folder = makers.make("flickr_aes", tmp_path)
    for name in load("flickr_aes").table.frame["image_id"]:
        makers.jpeg(folder / "40K" / name)
    for split, source in (("test", "real"), ("train", "synthetic")):
        data = pictured("flickr_aes", level="rating", size=40, split=split)
        assert data.source == source
        assert describe_source("flickr_aes", level="rating", size=40, split=split).detail == data.detail


def test_recordings_are_separate():
    with recording() as outer:
        note(Origin("ava", "real", "a"))
        with recording() as inner:
            note(Origin("eva", "labels", "b"))
        note(Origin("ava", "real", "a"))
    assert [entry.key for entry in outer] == ["ava"]
    assert [entry.key for entry in inner] == ["eva"]
    note(Origin("aadb", "real", "c"))  # outside of any: nothing happens
    assert len(outer) == 1


def test_a_cached_value_repeats_its_notes():
    calls = []

    @cached(maxsize=2)
    def size_of(key, size):
        calls.append(key)
        return len(synthetic(load_card(key), size=size, seed=0, level="image").table)

    @cached(maxsize=2)
    def both(size):
        return size_of("eva", size) + size_of("aadb", size)

    assert size_of("eva", 20) == 20  # nobody records
    records = []
    for _ in range(2):
        with recording() as sources:
            assert both(20) == 40
        records.append(list(sources))
    assert records[0] == records[1] == [stand_in_origin(key, size=20, seed=0) for key in ("eva", "aadb")]
    assert calls == ["eva", "aadb"]
    size_of.cache_clear()
    assert size_of("eva", 20) == 20
    assert calls == ["eva", "aadb", "eva"]


def test_the_origin_of_a_stand_in_names_its_tail():
    card = load_card("eva")
    with recording() as sources:
        synthetic(card, size=40, seed=0, level="image", tail=2)
        synthetic(card, size=40, seed=0, level="image")
    assert [entry.detail.rpartition(": ")[2] for entry in sources] == ["size 40, seed 0, tail 2", "size 40, seed 0"]
    assert next(iter(sources)) == stand_in_origin("eva", size=40, seed=0, tail=2)
