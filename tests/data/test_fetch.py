"""Downloads from a server that is well, slow, cut off, wrong or absent."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aeslib.data import fetch as fetch_module
from aeslib.data.cards import DatasetCard, File, Photographs, photographs_of
from aeslib.data.fetch import by_hand, fetch, terms
from aeslib.errors import DataError

BODY = b"image,score\n" + b"".join(b"%05d.jpg,5.0\n" % n for n in range(3000))
SHA = hashlib.sha256(BODY).hexdigest()


class Server:
    """A local server whose answers are scripted, one word per request; the last word is repeated."""

    def __init__(self, *script: str) -> None:
        self.script, self.asked = list(script), list[str]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                word = outer.script[min(len(outer.asked), len(outer.script) - 1)]
                outer.asked.append(self.path)
                outer.answer(self, word)

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    @staticmethod
    def answer(to: BaseHTTPRequestHandler, word: str) -> None:
        if word.isdigit():
            to.send_error(int(word))
            return
        if "://" in word or word.startswith("/"):
            to.send_response(302)
            to.send_header("Location", word)
            to.send_header("Content-Length", str(1 << 40) if word == "/heavy" else "0")
            to.end_headers()
            return
        if word == "late":  # its headers come byte by byte
            with contextlib.suppress(OSError):
                for _ in range(200):
                    to.wfile.write(b"H")
                    threading.Event().wait(0.05)
            return
        body = {
            "large": BODY * 3,
            "endless": BODY * 3,
            "wrong": BODY.replace(b"5.0", b"6.0", 1),
            "page": b"<html>log in first</html>",
        }.get(word, BODY)
        to.send_response(200)
        if word != "endless":  # it does not say how long it is
            to.send_header("Content-Length", "some" if word == "unsure" else str(len(body)))
        to.end_headers()
        if word == "trickle":
            with contextlib.suppress(OSError):
                for at in range(len(body)):
                    to.wfile.write(body[at : at + 1])
                    time.sleep(0.02)
            return
        half = len(body) // 2
        to.wfile.write(body[:half])
        to.wfile.flush()
        if word == "stall":
            time.sleep(0.6)
        elif word == "slow":
            time.sleep(0.05)
        if word != "cut":
            to.wfile.write(body[half:])

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*script: str) -> Server:
        servers.append(Server(*script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def card(*files: File) -> DatasetCard:
    return DatasetCard(
        key="tad66k", title="Tiny", task="scores", images=None, score_scale=(0, 10), raters="not known", splits=[],
        columns=[], license="Apache-2.0", terms="Research only.", citation="Someone 2022", homepage="not known",
        files=list(files), get=["Ask the owners.", "Put labels.csv into the folder."], unlocks=[], traps=[], body="",
    )  # fmt: skip


@pytest.fixture
def said() -> list[str]:
    """What fetch told its reader."""
    return []


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> Callable[..., list[Path]]:
    """Fetch the tiny card's file from a server, quickly; `data.folder` is where it lands."""
    tiny = card(File(path="lists/labels.csv", sha256=SHA, url="https://owners.example/labels.csv"))
    monkeypatch.setattr(fetch_module, "load_card", lambda key: tiny)

    def run(server: Server, **how: object) -> list[Path]:
        options = {
            "accept_terms": True,
            "pause": 0.01,
            "timeout": 0.3,
            "tries": 3,
            "progress": False,
            "tell": said.append,
        } | how
        return fetch("tad66k", root=tmp_path, base=server.base, **options)

    return run


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_is_downloaded_and_then_skipped(data, serve, tmp_path, said):
    server = serve("ok")
    target = tmp_path / "tad66k/lists/labels.csv"
    assert data(server) == [target]
    assert target.read_bytes() == BODY
    assert data(server) == [target]
    assert server.asked == ["/lists/labels.csv"]
    assert left(tmp_path / "tad66k") == ["lists/labels.csv"]
    words = (
        f"In {tmp_path / 'tad66k'}: lists/labels.csv.\nThe owners' steps for everything:\n  1. Ask the owners.\n"
        "  2. Put labels.csv into the folder.\nThen: aeslib data verify tad66k"
    )
    assert said == [words, words]


@pytest.fixture
def album(monkeypatch, tmp_path) -> list[str]:
    """A card with one label file and four images, which the server all answers with the same bytes; the paths."""
    paths = ["images/Acorns 1.jpg", "images/Beach 2.jpg", "images/Cat 3.jpg", "images/Dog 4.jpg"]
    (tmp_path / "tiny.sha256").write_text("".join(f"{SHA}  {path}\n" for path in paths))
    place = Photographs(
        folder="images", url="https://owners.example/pinned/images", digests="tiny.sha256", largest=len(BODY)
    )
    labels = File(path="labels.csv", sha256=SHA, url="https://owners.example/labels.csv")
    tiny = card(labels).model_copy(update={"photographs": place})
    monkeypatch.setattr(fetch_module, "load_card", lambda key: tiny)
    monkeypatch.setattr(fetch_module, "photographs_of", lambda card: photographs_of(card, tmp_path))
    return paths


def test_images_are_fetched_with_the_labels_and_a_second_run_goes_on(data, serve, tmp_path, said, album):
    cut = serve("ok", "ok", "ok", "404")
    with pytest.raises(DataError, match=r"images/Cat%203\.jpg answered 404"):
        data(cut)
    assert left(tmp_path / "tad66k") == [*album[:2], "labels.csv"]
    (tmp_path / "tad66k" / album[0]).write_bytes(BODY[:50])  # damaged since
    server = serve("ok")
    assert data(server) == [tmp_path / "tad66k" / name for name in ("labels.csv", *album)]
    assert server.asked == ["/images/Acorns%201.jpg", "/images/Cat%203.jpg", "/images/Dog%204.jpg"]
    assert {path.read_bytes() for path in (tmp_path / "tad66k/images").iterdir()} == {BODY}
    assert said[0].startswith(f"In {tmp_path / 'tad66k'}: labels.csv, 4 images.\n")


@pytest.mark.parametrize(("word", "why"), [("wrong", "has sha256"), ("large", "has more than the expected")])
def test_an_image_that_is_not_the_pinned_one_is_not_kept(data, serve, tmp_path, album, word, why):
    with pytest.raises(DataError, match=rf"images/Acorns%201\.jpg {why}"):
        data(serve("ok", word))
    assert left(tmp_path / "tad66k") == ["labels.csv"]


def test_a_bar_counts_the_images(data, serve, capfd, album):
    data(serve("ok"), progress=True)
    assert "images: 100%" in capfd.readouterr().err


def test_an_image_comes_from_the_pinned_folder_of_its_owners(album, tmp_path):
    assert [image.url for image in photographs_of(fetch_module.load_card("tad66k"), tmp_path)][:2] == [
        "https://owners.example/pinned/images/Acorns%201.jpg",
        "https://owners.example/pinned/images/Beach%202.jpg",
    ]


def test_a_damaged_file_is_replaced(data, serve, tmp_path):
    target = tmp_path / "tad66k/lists/labels.csv"
    target.parent.mkdir(parents=True)
    target.write_bytes(BODY[:100])
    data(serve("ok"))
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        (("slow",), 1),
        (("cut", "ok"), 2),
        (("500", "ok"), 2),
        (("503", "cut", "ok"), 3),
        (("429", "ok"), 2),
        (("stall", "ok"), 2),
    ],
)
def test_passing_failures_are_tried_again(data, serve, tmp_path, script, requests):
    server = serve(*script)
    data(server)
    assert len(server.asked) == requests
    assert (tmp_path / "tad66k/lists/labels.csv").read_bytes() == BODY


WRONG = hashlib.sha256(BODY.replace(b"5.0", b"6.0", 1)).hexdigest()[:12]
PAGE = hashlib.sha256(b"<html>log in first</html>").hexdigest()[:12]
NOT_IT = (
    "has sha256 {}…, the card says " + SHA[:12] + "…: not the file it describes. Nothing was kept. "
    "Try another network; if it stays so, the owners have changed the file."
)
MOVED = "answered {}; the owners may have moved the file, the card's homepage says where to look."
LATER = ", also at try 3 of 3. Nothing was kept; run the command again later."


@pytest.mark.parametrize(
    ("word", "message", "requests"),
    [
        ("404", " " + MOVED.format("404 Not Found"), 1),
        ("410", " " + MOVED.format("410 Gone"), 1),
        ("wrong", " " + NOT_IT.format(WRONG), 1),
        ("page", " " + NOT_IT.format(PAGE), 1),
        ("cut", ": the connection failed or was cut off (ChunkedEncodingError)" + LATER, 3),
        ("stall", ": the connection failed or was cut off (ConnectionError)" + LATER, 3),
        ("500", ": answered 500 Internal Server Error" + LATER, 3),
    ],
)
def test_lasting_failures_say_so_and_leave_nothing(data, serve, tmp_path, word, message, requests):
    server = serve(word)
    with pytest.raises(DataError) as caught:
        data(server)
    assert str(caught.value) == f"{server.base}/lists/labels.csv{message}"
    assert len(server.asked) == requests
    assert left(tmp_path / "tad66k") == []


@pytest.mark.parametrize("word", ["large", "endless"])
def test_more_bytes_than_the_card_says_are_not_taken(data, serve, tmp_path, monkeypatch, word):
    sized = card(File(path="lists/labels.csv", sha256=SHA, bytes=len(BODY), url="https://owners.example/labels.csv"))
    monkeypatch.setattr(fetch_module, "load_card", lambda key: sized)
    server = serve(word)
    with pytest.raises(DataError) as caught:
        data(server)
    assert str(caught.value) == (
        f"{server.base}/lists/labels.csv has more than the expected {len(BODY)} bytes: not the file that the card "
        "describes. Nothing was kept. Try another network; if it stays so, the owners have changed the file."
    )
    assert len(server.asked) == 1
    assert left(tmp_path / "tad66k") == []


def test_without_a_size_there_is_a_limit_too(data, serve, monkeypatch):
    monkeypatch.setattr(fetch_module, "LARGEST", 1000)
    with pytest.raises(DataError, match="has more than the expected 1000 bytes"):
        data(serve("endless"))


@pytest.mark.parametrize("script", [("trickle",), ("500",)])
def test_the_whole_takes_no_longer_than_its_limit(data, serve, tmp_path, script):
    """A server that sends a byte now and then never runs into the timeout between bytes."""
    server, begun = serve(*script), time.monotonic()
    with pytest.raises(DataError) as caught:
        data(server, limit=0.4, pause=0.3)
    assert str(caught.value) == (
        f"{server.base}/lists/labels.csv was not complete after 0.4 s. Nothing was kept; try another network, or run "
        "the command again later."
    )
    assert time.monotonic() - begun < 30
    assert left(tmp_path / "tad66k") == []


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://owners.example/labels.csv", "labels.csv"])
def test_only_http_addresses_are_fetched(monkeypatch, tmp_path, url):
    monkeypatch.setattr(fetch_module, "load_card", lambda key: card(File(path="labels.csv", sha256=SHA, url=url)))
    with pytest.raises(DataError) as caught:
        fetch("tad66k", accept_terms=True, root=tmp_path)
    scheme = url.partition("://")[0] if "://" in url else "no scheme"
    assert str(caught.value) == (
        f"{url} is not fetched: its address begins with {scheme!r}, expected https or http. A file of this machine is "
        f"copied by hand to {tmp_path.resolve() / 'tad66k/labels.csv'}; then: aeslib data verify tad66k"
    )


@pytest.mark.parametrize("where", ["file:///etc/hostname", "ftp://owners.example/x", "http://localhost:9/x"])
def test_redirects_that_are_not_followed(data, serve, tmp_path, where):
    server = serve(where)
    with pytest.raises(DataError) as caught:
        data(server)
    assert str(caught.value) == (
        f"{server.base}/lists/labels.csv leads to {where}, which is not followed: expected an address that begins with "
        "https. The owners may have moved the file; the card's homepage says where to look."
    )
    assert len(server.asked) == 1
    assert left(tmp_path / "tad66k") == []


def test_a_redirect_within_its_host_is_followed(data, serve, tmp_path):
    server = serve("/elsewhere", "ok")
    data(server)
    assert server.asked == ["/lists/labels.csv", "/elsewhere"]
    assert (tmp_path / "tad66k/lists/labels.csv").read_bytes() == BODY


def test_the_body_of_a_redirect_is_not_read_and_circles_end(data, serve, tmp_path):
    server = serve("/heavy", "ok")
    data(server)  # reading what the redirect announces would take for ever
    assert (tmp_path / "tad66k/lists/labels.csv").read_bytes() == BODY
    (tmp_path / "tad66k/lists/labels.csv").unlink()
    circle = serve("/lists/labels.csv")
    with pytest.raises(DataError, match=r"labels\.csv leads on more than 5 times, which is not followed; try again"):
        data(circle)
    assert len(circle.asked) == 6


def test_headers_that_never_end_are_not_waited_for(data, serve, tmp_path):
    begun = time.monotonic()
    with pytest.raises(DataError, match=r"was not complete after 0\.5 s"):
        data(serve("late"), limit=0.5)
    assert time.monotonic() - begun < 5
    assert left(tmp_path / "tad66k") == []


def test_a_length_that_is_no_number_is_not_believed(data, serve, tmp_path):
    data(serve("unsure"))
    assert (tmp_path / "tad66k/lists/labels.csv").read_bytes() == BODY


def test_a_failed_download_keeps_what_was_there(data, serve, tmp_path):
    target = tmp_path / "tad66k/lists/labels.csv"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"an older release")
    with pytest.raises(DataError):
        data(serve("404"))
    assert target.read_bytes() == b"an older release"


def test_waits_double(data, serve, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(fetch_module.time, "sleep", waits.append)
    with pytest.raises(DataError):
        data(serve("503"), tries=4, pause=1.5)
    assert waits == [1.5, 3.0, 6.0]


def test_nobody_answers(data, serve):
    server = serve("ok")
    server.close()
    with pytest.raises(DataError) as caught:
        data(server)
    assert str(caught.value) == (
        f"{server.base}/lists/labels.csv: the connection failed or was cut off (ConnectionError){LATER}"
    )


def test_terms_come_first(data, serve):
    server = serve("ok")
    with pytest.raises(DataError) as caught:
        data(server, accept_terms=False)
    assert str(caught.value) == (
        "Tiny belongs to its owners.\nLicence: Apache-2.0\nTerms: Research only.\nCite: Someone 2022\n"
        "Nothing was downloaded. If you agree: aeslib data fetch tad66k --accept-terms"
    )
    assert str(caught.value) == terms(fetch_module.load_card("tad66k"))
    assert server.asked == []


def test_what_is_not_plain_files_is_got_by_hand(monkeypatch):
    monkeypatch.setattr(fetch_module, "load_card", lambda key: card(File(path="labels.csv")))
    with pytest.raises(DataError) as caught:
        fetch("tad66k", accept_terms=True)
    assert str(caught.value) == (
        "Tiny is not published as plain files and must be got by hand:\n"
        "  1. Ask the owners.\n  2. Put labels.csv into the folder.\n"
        "Terms: Research only.\nThen: aeslib data verify tad66k"
    )
    assert str(caught.value) == by_hand(card())


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            File(path="labels.csv", url="https://owners.example/labels.csv"),
            "data_cards/tad66k.md gives no sha256 for labels.csv; without it nothing is downloaded.",
        ),
        (
            File(path="../labels.csv", sha256=SHA, url="https://owners.example/labels.csv"),
            "'../labels.csv' points outside {folder}; names must stay inside their folder.",
        ),
    ],
)
def test_cards_that_cannot_be_followed(monkeypatch, tmp_path, file, message):
    monkeypatch.setattr(fetch_module, "load_card", lambda key: card(file))
    with pytest.raises(DataError) as caught:
        fetch("tad66k", accept_terms=True, root=tmp_path)
    assert str(caught.value) == message.format(folder=tmp_path / "tad66k")


def test_a_bar_shows_name_and_size(data, serve, capfd):
    data(serve("ok"), progress=True)
    shown = capfd.readouterr().err
    assert "labels.csv: 100%" in shown
    assert f"{len(BODY) / 1000:.1f}k/{len(BODY) / 1000:.1f}k" in shown
