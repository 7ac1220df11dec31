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
from aeslib.data._pictures import image_fault
from aeslib.data.images import decode, open_store
from aeslib.errors import DataError
from aeslib.metrics import srcc
from aeslib.paths import cache_home

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
    assert list(store.unreadable) == ["cut", "empty", "gone", "page"]
    assert store.unreadable["empty"] == "empty.jpg: the file is empty"
    assert store.unreadable["gone"] == "gone.jpg: the file is missing"
    assert store.unreadable["page"].startswith("page.jpg: not a whole picture (cannot identify image file")
    assert store.rows(["good"]).tolist() == [0]
    assert store.ids == ("good",)
    assert store.array.shape == (1, 3, 16, 16)
    assert store.shapes.tolist() == [[16, 16]]
    with pytest.raises(DataError) as caught:
        store.rows(["good", "empty"])
    assert str(caught.value) == "picture 'empty' could not be read: empty.jpg: the file is empty. Mend or drop it."
    with pytest.raises(DataError, match="no picture 'x' in this store of 1"):
        store.rows(["x"])


def test_rows_of_unreadable_images_are_not_there(tmp_path):
    """With three of twelve files cut off, SRCC of brightness with rating is that of the nine readable images."""
    names = [f"i{k}" for k in range(12)]
    light = np.array([40, 90, 60, 200, 120, 30, 180, 150, 75, 220, 100, 135])
    rating = np.array([1, 5, 4, 6, 2, 3, 7, 5.5, 2.5, 6.5, 1.5, 4.5])
    paths = {
        n: saved(tmp_path, f"{n}.jpg", Image.new("L", (48, 48), int(v))) for n, v in zip(names, light, strict=True)
    }
    for name in ("i0", "i4", "i10"):  # those of low ratings: black ones would raise the correlation
        paths[name].write_bytes(paths[name].read_bytes()[:-200])
    with pytest.warns(UserWarning, match="3 of 12 pictures could not be read"):
        store = open_store(paths, size=8, fit="pad", progress=False)
    readable = [k for k, name in enumerate(names) if name in store.ids]
    assert readable == [1, 2, 3, 5, 6, 7, 8, 9, 11]
    assert len(store) == len(store.array) == len(store.shapes) == 9
    brightness = store.array.mean((1, 2, 3))
    assert brightness == pytest.approx(light[readable], abs=2)
    black = srcc(np.where(np.isin(np.arange(12), readable), light, 0), rating)
    assert srcc(brightness, rating[readable]) == pytest.approx(srcc(light[readable], rating[readable]))
    assert black > srcc(brightness, rating[readable]) + 0.05
    np.testing.assert_array_equal(store.images(["i9", "i1"]), store.array[[7, 0]])
    with pytest.raises(DataError, match="picture 'i4' could not be read"):
        store.images(["i1", "i4"])


def test_a_build_killed_while_rows_move_begins_again(tmp_path, monkeypatch):
    paths = many(tmp_path / "in", 6)
    paths["p1"].write_bytes(b"")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(images, "_close_gaps", killed)
        with pytest.raises(KeyboardInterrupt):
            open_store(paths, size=8, progress=False)
    with pytest.warns(UserWarning, match="1 of 6 pictures"):
        store = open_store(paths, size=8, progress=False)
    assert store.ids == ("p0", "p2", "p3", "p4", "p5")
    np.testing.assert_array_equal(store.array, [decode(paths[name], 8, "squash") for name in store.ids])


@pytest.mark.parametrize(("name", "form"), [("a.avif", "AVIF"), ("a.heic", "HEIF"), ("a.jpg", "HEIF")])
def test_avif_and_heic(tmp_path, name, form):
    if form == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = saved(tmp_path, name, picture(), format=form, quality=90)
    assert decode(path, 32, "squash")[:, :, 4].mean(1) == pytest.approx(RED, abs=16)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"^{name}: not a whole picture"):
        decode(path, 32, "squash")


def test_heic_without_its_decoder_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    monkeypatch.setattr(images, "readable_formats", lambda: ("JPEG", "PNG"))
    with pytest.raises(
        DataError, match=r"^a\.heic: HEIC needs the package pillow-heif; `\./run_all\.sh test` sets it up$"
    ):
        decode(tmp_path / "a.heic", 8, "squash")


def test_a_side_car_file_of_macos_is_named(tmp_path):
    (tmp_path / "._a.JPG").write_bytes(b"\0\5\x16\7" + bytes(100))
    with pytest.raises(DataError) as caught:
        decode(tmp_path / "._a.JPG", 8, "squash")
    assert str(caught.value) == (
        "._a.JPG: a side-car file of macOS, not an image; leave out files whose name begins with `._`"
    )


def test_two_hundred_megapixels(tmp_path):
    path = saved(tmp_path, "a.jpg", Image.new("L", (20_000, 10_000), 90))
    before = Image.MAX_IMAGE_PIXELS
    assert decode(path, 16, "squash").mean() == pytest.approx(90, abs=1)
    assert image_fault(path) is None
    assert before == Image.MAX_IMAGE_PIXELS


def test_one_limit_on_pixels_for_all_readers(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)
    path = saved(tmp_path, "a.png", picture())
    with pytest.raises(DataError, match="60 × 40 pixels; at most 1,000"):
        decode(path, 8, "squash")
    assert image_fault(path) == "is not used: 60 × 40 pixels; at most 1,000."


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
    assert json.loads(notes[0].read_text())["unreadable"] == {}


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


def test_a_store_belongs_to_the_code_and_the_libraries_that_decode(tmp_path, monkeypatch):
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(tmp_path / "a.png")

    def stores():
        open_store({"a": tmp_path / "a.png"}, size=4, progress=False)
        return {path.name for path in (cache_home() / "images").glob("*.npy")}

    first = stores()
    assert stores() == first
    monkeypatch.setattr(images, "_decoders", lambda: ["pil 0.1"])
    second = stores()
    assert len(second - first) == 1
    other = tmp_path / "images.py"
    other.write_text("# another way to resize\n")
    monkeypatch.setattr(images, "CODE", (other,))
    assert len(stores() - second) == 1


def test_a_jpeg_whose_end_was_never_filled_is_named(tmp_path):
    """Decoders take zeros for grey and say nothing."""
    path = saved(tmp_path, "a.jpg", Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)))
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(4096))  # padded behind its end: whole
    decode(path, 16, "squash")
    path.write_bytes(whole[: len(whole) // 4] + bytes(len(whole) - len(whole) // 4))
    with pytest.raises(DataError, match=r"^a\.jpg: a download that broke off: the file ends in zeros"):
        decode(path, 16, "squash")
    assert "broke off" in image_fault(path)
