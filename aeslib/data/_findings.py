"""What an examination of a data set's folder finds."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from aeslib.paths import atomic_path

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing, about one file or row."""

    file: str
    """Relative to the data set's folder."""
    row: int | None
    """Line of a text, entry of a list, row of a sheet; counted from 1."""
    id: str
    check: str
    message: str
    severity: Literal["error", "note"] = "error"

    def __post_init__(self) -> None:
        for name in ("file", "id", "message"):  # names on disk need not be UTF-8; what is printed must
            object.__setattr__(self, name, getattr(self, name).encode("utf-8", "backslashreplace").decode())


class Findings(list[Finding]):
    """All that was found, errors first."""

    @property
    def errors(self) -> list[Finding]:
        """Those that mean the data cannot be trusted; notes say what is so by design of the release."""
        return [finding for finding in self if finding.severity == "error"]

    def frame(self) -> "pd.DataFrame":
        """One row per finding."""
        import pandas as pd

        names = [field.name for field in fields(Finding)]
        return pd.DataFrame([asdict(finding) for finding in self], columns=names).astype({"row": "Int64"})


def report_csv(findings: Findings, path: Path) -> Path:
    """Write every finding as one row of a CSV file."""
    with atomic_path(path) as temporary:
        findings.frame().to_csv(temporary, index=False)
    return path
