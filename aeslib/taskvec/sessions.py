"""Sessions of the Taste Lab on disk: named, apart for each collection of images, and never deleted but by name.

Answers are a user's data: they lie in `aeslib.paths.answers_dir`, not among results. Every change is applied to the
file as it is at that moment, under a lock, so that two browsers on one session lose no answer.
"""

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from aeslib.errors import DataError, ParameterError
from aeslib.paths import answers_dir, atomic_path, exclusive, free_path, rescue_answers, write_text
from aeslib.taskvec.lab import Session

ABOUT, LOCK = ".about.json", ".lock"
"""Files of a store beside its sessions: which images it is about and what was taken over; its lock."""
NAME = re.compile(r"\w(?:[\w \-]{0,38}[\w\-])?")


@dataclass(frozen=True)
class SessionStore:
    """All sessions about one collection of images."""

    folder: Path
    """Where the session files lie."""
    images: str
    """The collection: the full path of a folder of images, or a plain name."""

    @classmethod
    def of(cls, images: Path | str) -> "SessionStore":
        """Return the store for a folder of images (a `Path`, by its full path) or a named collection (a `str`)."""
        whole = str(images.expanduser().resolve()) if isinstance(images, Path) else images
        word = re.sub(r"[^A-Za-z0-9]+", "-", Path(whole).name).strip("-")[:40] or "images"
        return cls(answers_dir() / f"{word}-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:10]}", whole)

    def path(self, name: str) -> Path:
        """Return the file of the session `name`; raise `ParameterError` for what cannot be a session's name."""
        if not NAME.fullmatch(name):
            raise ParameterError(
                f"{name!r} cannot name a session; use at most 40 letters, digits, blanks, hyphens and underscores."
            )
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """Return the names of all sessions, the one changed last first; damaged files that were put aside are not."""
        files = [path for path in self.folder.glob("*.json") if NAME.fullmatch(path.stem)]
        return [path.stem for path in sorted(files, key=lambda path: (-path.stat().st_mtime_ns, path.stem))]

    def begin(self, name: str = "") -> str:
        """Start an empty session and return its name: `name`, or today's date; a number follows a name in use."""
        first = self.path(name.strip() or date.today().isoformat())
        with self._locked():
            path = free_path(self.folder, first.stem, ".json")
            Session().save(path)
        return path.stem

    def open(self, name: str) -> Session:
        """Return the session `name`.

        Raises:
            DataError: when there is none, or when its file is damaged: it is then put aside under another name.
        """
        with self._locked():
            return self._read(name)

    def change(self, name: str, step: Callable[[Session], Session]) -> Session:
        """Apply `step` to the session as it is on disk, write the outcome and return it; errors are those of `open`."""
        with self._locked():
            session = step(self._read(name))
            session.save(self.path(name))
        return session

    def delete(self, name: str) -> None:
        """Delete the session `name` and no other; raise `DataError` when there is none."""
        with self._locked():
            self._there(name).unlink()

    def export(self, name: str, path: Path) -> Path:
        """Write the session `name` to a new file, as JSON (`copy_in` reads it) or CSV by its ending; return the path.

        Raises:
            ParameterError: when the path ends in neither .json nor .csv.
            DataError: when its folder is not there, or a file of that name is.
        """
        path, session = path.expanduser(), self.open(name)
        if path.suffix.lower() not in (".json", ".csv"):
            raise ParameterError(f"{path.name!r} ends in neither .json nor .csv; the ending says how to export.")
        if not path.parent.is_dir():
            raise DataError(f"{path.parent} is no folder; name a file in one that is there.")
        if path.exists():
            raise DataError(f"{path} is there already; name another file, nothing is overwritten.")
        if path.suffix.lower() == ".csv":
            return write_text(path, as_csv(session))
        session.save(path)
        return path

    def copy_in(self, path: Path, name: str = "") -> str:
        """Copy a session from a JSON file, such as an export or one of another folder; return its name here.

        Raises:
            DataError: when the file is no session.
        """
        path = path.expanduser()
        Session.load(path)
        plain = re.sub(r"[^\w\-]+", " ", name or path.stem).strip()[:36] or "copy"
        with self._locked():
            target = free_path(self.folder, plain, ".json")
            with atomic_path(target) as temporary:
                shutil.copy2(path, temporary)
        return target.stem

    def take_over(self, names: Collection[str], results: Path) -> list[str]:
        """Copy sessions that earlier versions kept among results, each once, where they answer about these images.

        Args:
            names: the images' names.
            results: the profile's folder of results, which held the sessions.

        Returns:
            The names that they have here. The originals stay in `answers_dir() / "earlier"`.
        """
        if not any((answers_dir() / "earlier").glob("*.json")) and not any(results.glob("taste-lab*.json")):
            return []
        with exclusive(answers_dir() / LOCK):
            rescue_answers(results)
            earlier = sorted((answers_dir() / "earlier").glob("*.json"))
            return [self._copy_once(path) for path in earlier if self._is_new(path, names)]

    def _is_new(self, path: Path, names: Collection[str]) -> bool:
        """Return whether an earlier session answers about these images and was not taken over yet."""
        try:
            answered = Session.load(path).seen
        except DataError:
            return False  # it stays where it is
        return _digest(path) not in self._about()["taken over"] and not answered.isdisjoint(names)

    def _copy_once(self, path: Path) -> str:
        """Copy an earlier session and note that, so that it does not come back when it is deleted here."""
        name, about = self.copy_in(path, f"earlier {path.stem}"), self._about()
        about["taken over"].append(_digest(path))
        write_text(self.folder / ABOUT, json.dumps(about, indent=1) + "\n")
        return name

    def _about(self) -> dict[str, Any]:
        """Return what is noted of this store; what cannot be read counts as nothing."""
        try:
            about = json.loads((self.folder / ABOUT).read_text(encoding="utf-8"))
            return {"images": str(about["images"]), "taken over": list(map(str, about["taken over"]))}
        except (OSError, ValueError, KeyError, TypeError):
            return {"images": self.images, "taken over": []}

    def _locked(self) -> AbstractContextManager[None]:
        """Return a context in which no other process changes this store; the first one notes what it is about."""
        if not (self.folder / ABOUT).is_file():
            write_text(self.folder / ABOUT, json.dumps(self._about(), indent=1) + "\n")
        return exclusive(self.folder / LOCK)

    def _there(self, name: str) -> Path:
        path = self.path(name)
        if not path.is_file():
            raise DataError(f"there is no session {name!r} about {self.images}; choose one of: {self._listed()}.")
        return path

    def _listed(self) -> str:
        return ", ".join(self.names()) or "none yet"

    def _read(self, name: str) -> Session:
        path = self._there(name)
        try:
            return Session.load(path)
        except DataError as error:
            if isinstance(error.__cause__, OSError):
                raise
            aside = free_path(self.folder, f"{name}.damaged", ".json")
            path.rename(aside)
            Session().save(path)
            raise DataError(f"{error} It was put aside as {aside.name}; {name} begins empty.") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def as_csv(session: Session) -> str:
    """Return the answers as CSV: columns answer (from 1), kind (rate or duel), image, score and preferred_over."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["answer", "kind", "image", "score", "preferred_over"])
    for number, (kind, image, other) in enumerate(session.events, 1):
        writer.writerow([number, kind, image, *((other, "") if kind == "rate" else ("", other))])
    return file.getvalue()


def every_session() -> pd.DataFrame:
    """Return a row for each session of every collection, the one changed last first.

    Columns: images (folder or name of the collection), session, answers (count; missing where the file is damaged),
    changed (local time) and file.
    """
    rows = []
    for about in answers_dir().glob(f"*/{ABOUT}"):
        store = SessionStore(about.parent, "")
        for name in store.names():
            path = store.path(name)
            changed = datetime.fromtimestamp(path.stat().st_mtime).replace(microsecond=0)
            row = {"images": store._about()["images"], "session": name, "answers": _count(path)}
            rows.append(row | {"changed": changed, "file": str(path)})
    frame = pd.DataFrame(rows, columns=["images", "session", "answers", "changed", "file"])
    return frame.sort_values("changed", ascending=False, ignore_index=True)


def _count(path: Path) -> int | None:
    try:
        return len(Session.load(path))
    except DataError:
        return None
