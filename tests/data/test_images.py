"""Pictures of every kind become one array; bad ones are named; a killed or doubled build ends well."""

import json
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from PIL import Image

from aeslib.data import images
from aeslib.data.images import decode, open_store
from aeslib.errors import DataError

RED = (200, 30, 40)


def picture(mode="RGB", size=(60, 40)):
    """Left half red (or bright), right half black."""
    image = Image.new("RGB", size)
    image.paste(RED, (0, 0, size[0] // 2, size[1]))
    if mode == "I;16":
        values = np.zeros(size[::-1], np.uint16)
        values[:, : size[0] // 2] = 40000
        return Image.fromarray(values)
    return image.quantize(8) if mode == "P" else image.convert(mode)


def saved(folder, name, image, **options):
    path = folder / name
    image.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.jpg", "RGB"), ("b.png", "RGB"), ("c.jpg", "L"), ("d.jpg", "CMYK"), ("e.png", "P"), ("f.png", "I;16"),
     ("g.png", "RGBA"), ("h.png", "LA"), ("i.png", "1"), ("j.webp", "RGB"), ("k.tif", "F")],
)  # fmt: skip
def test_every_kind_of_picture(tmp_path, name, mode):
    got = decode(saved(tmp_path, name, picture(mode)), 32, "squash")
    assert got.shape == (3, 32, 32)
    assert got.dtype == np.uint8
    left, right = got[:, :, 4].mean(1), got[:, :, 28].mean(1)
    assert right.max() < 12
    if mode == "I;16":
        assert left == pytest.approx(40000 / 65535 * 255, abs=1)
    elif mode in {"RGB", "CMYK", "P", "RGBA"}:
        assert left == pytest.approx(RED, abs=12)
    else:
        assert left.min() > 60


def test_exif_rotation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side: turn a quarter clockwise
    got = decode(saved(tmp_path, "a.jpg", picture(), exif=exif), 32, "squash")
    assert got[0, 4].mean() > 150  # red is above now
    assert got[0, 28].mean() < 12


def test_transparency_lies_on_white(tmp_path):
    assert decode(saved(tmp_path, "a.png", Image.new("RGBA", (9, 9), (0, 0, 0, 0))), 8, "squash").min() == 255


def test_fits(tmp_path):
    path = saved(tmp_path, "a.png", picture(size=(60, 40)))
    assert decode(path, 30, "crop").shape == (3, 30, 30)
    assert decode(path, 30, "pad").shape == (3, 20, 30)
    assert decode(saved(tmp_path, "b.png", Image.new("RGB", (1, 1), RED)), 30, "squash")[:, 7, 7].tolist() == list(RED)
    assert decode(saved(tmp_path, "c.png", Image.new("RGB", (500, 1))), 30, "pad").shape == (3, 1, 30)


def test_twenty_megapixels(tmp_path):
    assert decode(saved(tmp_path, "a.jpg", picture(size=(5500, 3700))), 32, "squash")[0, 5, 4] > 180


def bad_files(folder):
    good = saved(folder, "good.jpg", picture())
    (folder / "empty.jpg").touch()
    (folder / "cut.jpg").write_bytes(good.read_bytes()[:300])
    (folder / "page.jpg").write_text("<html>404</html>")
    names = ["good.jpg", "empty.jpg", "cut.jpg", "page.jpg", "gone.jpg"]
    return {name.split(".")[0]: folder / name for name in names}


def test_bad_files_are_named_and_set_apart(tmp_path):
    with pytest.warns(
        UserWarning, match=r"4 of 5 pictures could not be read and are set apart; first 'cut': cut\.jpg: not"
    ):
        store = open_store(bad_files(tmp_path), size=16, progress=False)
    assert list(store.quarantined) == ["cut", "empty", "gone", "page"]
    assert store.quarantined["empty"] == "empty.jpg: the file is empty"
    assert store.quarantined["gone"] == "gone.jpg: the file is missing"
    assert store.quarantined["page"].startswith("page.jpg: not a whole picture (cannot identify image file")
    assert store.rows(["good"]).tolist() == [0]
    assert not store.array[1:].any()
    with pytest.raises(DataError) as caught:
        store.rows(["good", "empty"])
    assert str(caught.value) == "picture 'empty' could not be read: empty.jpg: the file is empty. Mend or drop it."
    with pytest.raises(DataError, match="no picture 'x' in this store of 5"):
        store.rows(["x"])


def test_too_many_pixels(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)
    with pytest.raises(DataError, match=r"^a\.png: 60 × 40 pixels; at most 1,000$"):
        decode(saved(tmp_path, "a.png", picture()), 8, "squash")


def many(folder, n=150):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    return {
        f"p{k}": saved(folder, f"{k}.png", Image.fromarray(rng.integers(0, 256, (50, 50, 3), np.uint8)))
        for k in range(n)
    }


def test_decoded_once_until_the_folder_changes(tmp_path, monkeypatch):
    paths = many(tmp_path / "in", 5)
    store = open_store(paths, size=8, fit="pad", progress=False)
    assert store.picture(2).shape == (3, 8, 8)
    np.testing.assert_array_equal(store.array[3], decode(paths["p3"], 8, "pad"))
    monkeypatch.setattr(images, "decode", lambda *_: pytest.fail("decoded again"))
    np.testing.assert_array_equal(open_store(paths, size=8, fit="pad", progress=False).array, store.array)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    saved(tmp_path / "in", "3.png", picture())
    assert not np.array_equal(open_store(paths, size=8, fit="pad", progress=False).array[3], store.array[3])


def _build_slowly(paths):
    real = images.decode

    def slow(*arguments):
        time.sleep(0.01)
        return real(*arguments)

    images.decode = slow
    open_store(paths, size=8, progress=False)


def _begun(folder):
    try:
        return any(np.load(part).any() for part in folder.glob("*.made.npy"))
    except (EOFError, ValueError, OSError):  # it is just being made
        return False


def test_a_killed_build_goes_on(tmp_path, monkeypatch):
    paths = many(tmp_path / "in")
    child = multiprocessing.get_context("fork").Process(target=_build_slowly, args=(paths,))
    child.start()
    folder = tmp_path / "cache" / "aeslib" / "images"
    while not _begun(folder):
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert not list(folder.glob("*.json"))
    decoded = []
    real = images.decode
    monkeypatch.setattr(images, "decode", lambda *arguments: decoded.append(1) or real(*arguments))
    store = open_store(paths, size=8, progress=False)
    assert 0 < len(decoded) < len(paths)
    assert np.array_equal(store.array, [real(path, 8, "squash") for path in paths.values()])


def _open(paths):
    return open_store(paths, size=8, progress=False).array.sum()


def test_two_builds_at_once(tmp_path):
    paths = many(tmp_path / "in", 60)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        sums = pool.map(_open, [paths] * 3)
    assert len(set(sums)) == 1
    notes = list((tmp_path / "cache" / "aeslib" / "images").glob("*.json"))
    assert len(notes) == 1
    assert json.loads(notes[0].read_text())["quarantined"] == {}


def test_a_build_killed_before_its_note_does_not_end_black(tmp_path, monkeypatch):
    """The array had its name already, the note was not written: it is made again, not taken for made and left empty."""
    paths = many(tmp_path / "in", 5)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(images, "write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            open_store(paths, size=8, progress=False)
    store = open_store(paths, size=8, progress=False)
    assert np.array_equal(store.array, [decode(path, 8, "squash") for path in paths.values()])


def test_numbers_that_are_none_in_a_picture_are_black(tmp_path):
    values = np.full((4, 4), 100, np.float32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    got = decode(saved(tmp_path, "a.tif", Image.fromarray(values)), 4, "squash")
    assert got[:, 0, :2].max() < 60
    assert got[:, 3, 3].min() > 240
