"""`data fetch KEY`: download what owners publish as plain files, labels and images.

A file is downloaded beside its place, compared with the card's SHA-256 and renamed, so that what lies there is right or
absent. Running it again skips what is right.
"""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, Queue
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from aeslib.archives import sha256
from aeslib.data.cards import DatasetCard, File, load_card, photographs_of
from aeslib.errors import DataError
from aeslib.paths import atomic_path, data_root, inside

LARGEST = 1 << 30
"""Bytes of a download whose card does not say how many there are."""
SLOWEST = 20_000
"""Bytes a second, on average, below which a download is given up."""
REDIRECTS = 5
"""Redirects of one download that are followed."""


def fetch(
    key: str,
    *,
    accept_terms: bool = False,
    root: Path | None = None,
    base: str | None = None,
    tries: int = 4,
    pause: float = 1.0,
    timeout: float = 30.0,
    limit: float | None = None,
    progress: bool = True,
    tell: Callable[[str], object] = print,
) -> list[Path]:
    """Download the files of `key` that its owners publish; the paths, in the card's order.

    Args:
        key: a card's key.
        accept_terms: the reader has seen the owners' terms and agrees; without it the terms are the error's text.
        root: where data sets lie; None: `aeslib.paths.data_root()`.
        base: address of a mirror that holds the card's paths; None: the owners' addresses.
        tries: attempts per file; cut connections and answers 429 and 5xx are tried again, nothing else is.
        pause: seconds before the second attempt, doubled before each further one.
        timeout: seconds without any byte after which an attempt counts as cut.
        limit: seconds for one file, all attempts together; None: a minute more than it takes at `SLOWEST`.
        progress: show a bar with an estimate.
        tell: takes the closing words: what came, and the steps that are left to do by hand.

    Raises:
        DataError: when terms are not accepted, files must be got by hand, or a download fails, is larger than the
            card says, takes longer than `limit` or is not what the card describes. Nothing half-made is left.
    """
    from tqdm.auto import tqdm

    card = load_card(key)
    files, images = [file for file in card.files if file.url], photographs_of(card)
    if not files:
        raise DataError(by_hand(card))
    if not accept_terms:
        raise DataError(terms(card))
    folder = (root or data_root()) / key
    paths = [_fetch_file(file, card, folder, base, tries, pause, timeout, limit, progress) for file in files]
    bar = tqdm(images, desc="images", unit="image", disable=not progress or not images)
    paths += [_fetch_file(image, card, folder, base, tries, pause, timeout, limit, progress=False) for image in bar]
    names = ", ".join([file.path for file in files] + ([f"{len(images)} images"] if images else []))
    tell(f"In {folder}: {names}.\nThe owners' steps for everything:\n{_steps(card)}\nThen: aeslib data verify {key}")
    return paths


def terms(card: DatasetCard) -> str:
    """What to agree to before downloading, and how to say so."""
    return (
        f"{card.title} belongs to its owners.\nLicence: {card.license}\nTerms: {card.terms}\nCite: {card.citation}\n"
        f"Nothing was downloaded. If you agree: aeslib data fetch {card.key} --accept-terms"
    )


def by_hand(card: DatasetCard) -> str:
    """The steps to get what the owners do not publish as plain files."""
    return (
        f"{card.title} is not published as plain files and must be got by hand:\n{_steps(card)}\n"
        f"Terms: {card.terms}\nThen: aeslib data verify {card.key}"
    )


def _steps(card: DatasetCard) -> str:
    return "\n".join(f"  {number}. {step}" for number, step in enumerate(card.get, 1))


def _fetch_file(
    file: File,
    card: DatasetCard,
    folder: Path,
    base: str | None,
    tries: int,
    pause: float,
    timeout: float,
    limit: float | None,
    progress: bool,
) -> Path:
    target = inside(folder, file.path)
    if file.sha256 is None:
        raise DataError(f"data_cards/{card.key}.md gives no sha256 for {file.path}; without it nothing is downloaded.")
    if target.is_file() and sha256(target) == file.sha256:
        return target
    url = f"{base.rstrip('/')}/{quote(file.path)}" if base else str(file.url)
    if urlsplit(url).scheme not in {"http", "https"}:
        raise DataError(
            f"{url} is not fetched: its address begins with {urlsplit(url).scheme or 'no scheme'!r}, expected https or "
            f"http. A file of this machine is copied by hand to {target}; then: aeslib data verify {card.key}"
        )
    largest = card.photographs.largest if card.photographs and file.kind == "images" else LARGEST
    budget = _Budget(file.bytes or largest, limit)
    for attempt in range(1, tries + 1):
        try:
            _download(url, target, file.sha256, timeout, budget, progress)
            break
        except _PassingError as error:
            if attempt == tries:
                raise DataError(
                    f"{url}: {error}, also at try {tries} of {tries}. Nothing was kept; run the command again later."
                ) from error
            time.sleep(pause * 2 ** (attempt - 1))
            budget.check_time(url)
    return target


class _PassingError(Exception):
    """A failure of the network that may pass."""


class _Budget:
    """The bytes and the seconds that one file may take.

    Args:
        most: bytes.
        limit: seconds; None: a minute more than `most` bytes take at `SLOWEST`.
    """

    def __init__(self, most: int, limit: float | None) -> None:
        self.most = most
        self.seconds = 60 + most / SLOWEST if limit is None else limit
        self._end = time.monotonic() + self.seconds

    @property
    def left(self) -> float:
        """Seconds until the time is over."""
        return max(0.0, self._end - time.monotonic())

    def check_time(self, url: str) -> None:
        """Raise `DataError` when the time is over."""
        if not self.left:
            raise DataError(
                f"{url} was not complete after {self.seconds:g} s. Nothing was kept; try another network, or run the "
                "command again later."
            )

    def check_size(self, url: str, size: int) -> None:
        """Raise `DataError` for more bytes than the file may have."""
        if size > self.most:
            raise DataError(
                f"{url} has more than the expected {self.most} bytes: not the file that the card describes. "
                "Nothing was kept. Try another network; if it stays so, the owners have changed the file."
            )


def _download(url: str, target: Path, expected: str, timeout: float, budget: _Budget, progress: bool) -> None:
    import requests

    try:
        with _answer(url, timeout, budget) as response:
            response.raise_for_status()
            with atomic_path(target) as beside:
                _receive(response, beside, target.name, budget, progress)
                _same(url, sha256(beside), expected)
    except requests.HTTPError as error:
        code = getattr(error.response, "status_code", 0)
        answer = f"answered {code} {getattr(error.response, 'reason', '')}"
        if code == 429 or code >= 500:
            raise _PassingError(answer) from error
        raise DataError(
            f"{url} {answer}; the owners may have moved the file, the card's homepage says where to look."
        ) from error
    except requests.RequestException as error:
        raise _PassingError(f"the connection failed or was cut off ({type(error).__name__})") from error


def _answer(url: str, timeout: float, budget: _Budget) -> Any:
    """Return the answer of an address, its body unread, after the redirects that may be followed.

    The body of a redirect is never read. Headers that come so slowly that the time runs out are not waited for: the
    request goes on in a thread of its own, which ends with the process.
    """
    import requests

    for _ in range(REDIRECTS + 1):
        budget.check_time(url)
        answers: Queue[Any] = Queue()
        options = {"timeout": timeout, "headers": {"Accept-Encoding": "identity"}, "stream": True}

        def ask(url: str = url, options: Mapping[str, Any] = options, answers: Queue[Any] = answers) -> None:
            try:
                answers.put(requests.get(url, allow_redirects=False, **options))
            except Exception as error:  # raised again below, in the thread that asked
                answers.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            response = answers.get(timeout=budget.left)
        except Empty:
            budget.check_time(url)
            raise
        if isinstance(response, Exception):
            raise response
        if not response.is_redirect:
            return response
        _check_redirect(response)
        response.close()
        url = urljoin(url, response.headers["location"])
    raise DataError(f"{url} leads on more than {REDIRECTS} times, which is not followed; try again later.")


def _receive(response: Any, path: Path, name: str, budget: _Budget, progress: bool) -> None:
    """Write what an answer brings, piece by piece as it comes, so that a slow server cannot hold us for ever."""
    import requests
    from tqdm.auto import tqdm
    from urllib3.exceptions import HTTPError, ProtocolError

    length = response.headers.get("Content-Length") or ""
    total = int(length) if length.isdecimal() else 0
    budget.check_size(response.url, total)
    bar = tqdm(total=total or None, desc=name, unit="B", unit_scale=True, disable=not progress)
    with bar, path.open("wb") as file:
        try:
            while piece := response.raw.read1(1 << 16, decode_content=True):
                budget.check_size(response.url, file.tell() + len(piece))
                budget.check_time(response.url)
                file.write(piece)
                bar.update(len(piece))
        except ProtocolError as error:  # these two as in requests
            raise requests.exceptions.ChunkedEncodingError(error) from error
        except HTTPError as error:
            raise requests.ConnectionError(error) from error


def _check_redirect(response: Any) -> None:
    """Raise `DataError` for a redirect that is not to https; plain http may lead on within its host."""
    here, there = urlsplit(response.url), urlsplit(urljoin(response.url, response.headers["location"]))
    same = (there.scheme, there.hostname) == (here.scheme, here.hostname)
    if there.scheme != "https" and not (same and there.scheme == "http"):
        raise DataError(
            f"{response.url} leads to {there.geturl()}, which is not followed: expected an address that begins "
            "with https. The owners may have moved the file; the card's homepage says where to look."
        )


def _same(url: str, came: str, expected: str) -> None:
    if came != expected:
        raise DataError(
            f"{url} has sha256 {came[:12]}…, the card says {expected[:12]}…: not the file it describes. "
            "Nothing was kept. Try another network; if it stays so, the owners have changed the file."
        )
