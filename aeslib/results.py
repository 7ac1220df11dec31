"""How a notebook begins and how a table or figure is saved with its origin.

nb = start("02_long_tail", profile=PROFILE, seed=SEED)
aadb = nb.load("aadb")
nb.save(item="elta.F1", table=counts, data=[aadb])
nb.save(item="elta.T4", table=effects, runs=list(results.frame["key"]))  # the runs know what they have read
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aeslib import __version__
from aeslib.data import Dataset, load
from aeslib.data.sources import HasOrigin, Origin, origin_of
from aeslib.data.table import Level
from aeslib.errors import ParameterError, unknown
from aeslib.latex import latex_table
from aeslib.numerics import PACKAGES, processor, use_one_thread
from aeslib.paths import ROOT, atomic_path, check_folder, portable, results_dir, write_text
from aeslib.profiles import Profile, get_profile
from aeslib.published import items
from aeslib.schema import validate
from aeslib.seeding import set_base_seed
from aeslib.studies.core import sources_of_runs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SCHEMA = json.loads((Path(__file__).parent / "provenance.schema.json").read_text(encoding="utf-8"))
PART = re.compile(SCHEMA["properties"]["part"]["pattern"])


@dataclass(frozen=True)
class Notebook:
    """One notebook's run: its profile and seed, what it loads and what it saves."""

    name: str
    profile: Profile
    seed: int

    def load(self, key: str, *, family: str | None = None, level: Level = "image", images: bool = True) -> Dataset:
        """Return `aeslib.data.load` at this profile's size and seed; `images=False` for statistics of labels alone."""
        return load(key, family=family, level=level, size=self.profile.images, seed=self.seed, images=images)

    def save(
        self,
        *,
        item: str,
        table: pd.DataFrame | None = None,
        figure: Figure | None = None,
        part: str = "",
        data: Sequence[HasOrigin] = (),
        runs: Sequence[str] = (),
        caption: str = "",
    ) -> pd.DataFrame | Figure:
        """Write one table (CSV, LaTeX, HTML) or figure (SVG, PNG) of an item with its provenance; returns it.

        Args:
            item: its key in the index, such as "elta.F1".
            table: rows as shown; exactly one of `table` and `figure`.
            figure: a matplotlib figure.
            part: short word for the second and further outputs of one item ("aadb"): `elta.F1-aadb.svg`.
            data: what the chapter itself looked at: data sets, `Parts`, `Users`. Never what runs have read.
            runs: keys of the study runs behind it; the data sets that they have read are taken from their records.
            caption: one sentence for the report.

        Raises:
            ParameterError: for an unknown item, an item of another notebook, a part that is no such word, both or none
                of table and figure, a run that is not there, or `data` from another source than the runs have read.

        An output with anything synthetic behind it says so on its face.
        """
        if item not in items().index:
            raise unknown("item", item, items().index)
        homes = str(items().loc[item, "notebook"])
        if self.name not in homes.split():
            raise ParameterError(f"{item} belongs to notebook {homes!r}, not to {self.name!r}.")
        if not PART.fullmatch(part):
            raise ParameterError(
                f"save({item!r}): part is {part!r}; expected words of a-z and 0-9 such as 'aadb-counts'."
            )
        if (table is None) == (figure is None):
            raise ParameterError(f"save({item!r}): pass exactly one of table= and figure=.")
        stem = f"{item}-{part}" if part else item
        sources = merged_sources(self.profile.name, runs, data)
        synthetic = any(entry.source == "synthetic" for entry in sources)
        if table is not None and synthetic and "data" in table and "synthetic" not in set(table["data"]):
            raise ParameterError(
                f"save({item!r}): its column 'data' calls no row synthetic, but it was made from a stand-in."
            )
        if table is not None:
            folder, names = results_dir(self.profile.name) / "tables", self._save_table(stem, table, synthetic, caption)
        else:
            assert figure is not None
            folder, names = results_dir(self.profile.name) / "figures", self._save_figure(stem, figure, synthetic)
        record = self._provenance(item, part, names, sources, runs, caption)
        write_text(folder / f"{stem}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        return table if table is not None else figure  # type: ignore[return-value]

    def _save_table(self, stem: str, table: pd.DataFrame, synthetic: bool, caption: str) -> list[str]:
        import pandas as pd

        folder = results_dir(self.profile.name) / "tables"
        shown = table.assign(data="synthetic") if synthetic and "data" not in table else table
        shown = shown.copy()
        for name, values in shown.select_dtypes("float").items():
            shown[name] = in_figures(values)
        index = shown.index.name is not None or shown.index.nlevels > 1
        title = f"{stem} {caption}".strip() + (" [synthetic stand-in]" if synthetic else "")
        with pd.option_context("display.max_colwidth", None):  # else long cells end in dots
            html = shown.to_html(index=index, border=0, classes="aeslib-table", na_rep="")
        for suffix, text in (
            (".csv", shown.to_csv(index=index)),
            (".tex", latex_table(shown, caption=title, index=index)),
            (".html", html),
        ):
            write_text(folder / f"{stem}{suffix}", text)
        return [f"tables/{stem}{suffix}" for suffix in (".csv", ".tex", ".html")]

    def _save_figure(self, stem: str, figure: Figure, synthetic: bool) -> list[str]:
        folder = results_dir(self.profile.name) / "figures"
        if synthetic:
            badge(figure)
        note = json.dumps({"item": stem, "notebook": self.name, "profile": self.profile.name, "seed": self.seed})
        for suffix, key in ((".svg", "Description"), (".png", "Description")):
            with atomic_path(folder / f"{stem}{suffix}") as path:
                figure.savefig(path, dpi=150, metadata={key: note} | ({"Date": None} if suffix == ".svg" else {}))
        return [f"figures/{stem}{suffix}" for suffix in (".svg", ".png")]

    def _provenance(
        self, item: str, part: str, outputs: list[str], sources: Sequence[Origin], runs: Sequence[str], caption: str
    ) -> dict[str, Any]:
        record = {
            "item": item,
            "part": part,
            "caption": caption,
            "notebook": self.name,
            "profile": self.profile.name,
            "seed": self.seed,
            "outputs": outputs,
            "data": [asdict(entry) | {"detail": portable(entry.detail)} for entry in sources],
            "runs": list(runs),
            "commit": commit(),
            "versions": versions(),
            "processor": processor(),
        }
        validate(record, SCHEMA)
        return record


def merged_sources(profile: str, runs: Sequence[str], data: Sequence[HasOrigin]) -> list[Origin]:
    """Return what an output was made from: all that its runs have read, then the data sets of `data`, each once.

    Raises:
        ParameterError: when `data` states another source of a data set than the runs have read.
    """
    recorded, stated = sources_of_runs(profile, runs), [origin_of(entry) for entry in data]
    for entry in stated:
        read = sorted({other.source for other in recorded if other.key == entry.key})
        if read and entry.source not in read:
            raise ParameterError(
                f"{entry.key}: data= says {entry.source!r}, but the runs have read {' and '.join(map(repr, read))}. "
                "Leave it out of data=: what runs have read is taken from their records."
            )
    return list(dict.fromkeys([*recorded, *stated]))


def in_figures(values: pd.Series) -> pd.Series:
    """A column of floats, as integers where all are whole (most are counts with gaps): 5 seeds, not 5.0."""
    if (values.dropna() % 1 != 0).any():
        return values
    return values.astype("Int64").astype(object).where(values.notna())  # of all kinds this alone leaves gaps empty


def start(name: str, *, profile: str, seed: int) -> Notebook:
    """Return the run of notebook `name`; wrong parameters fail here at once, by name.

    From here on this process computes with one thread, in JupyterLab as in a headless run: with more, sums are split
    elsewhere and training ends with other digits. A run uses the other cores for other notebooks.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ParameterError(f"SEED is {seed!r}; expected a whole number, 0 or more.")
    check_folder()
    notebook = Notebook(name, get_profile(profile), seed)
    set_base_seed(notebook.profile.base_seed)
    use_one_thread()
    return notebook


def badge(figure: Figure) -> None:
    """Say on the figure's face that it is made from synthetic data."""
    figure.text(
        0.995, 0.995, "synthetic", ha="right", va="top", fontsize=7, color="white", zorder=10,
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "#8a3ffc", "edgecolor": "none"},
    )  # fmt: skip


def commit() -> str:
    """The project's commit, with "+changes" when files differ from it; "unknown" outside a checkout."""
    try:
        run = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+changes", "--abbrev=12", "--exclude=*"],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return run.stdout.strip() or "unknown"


def versions() -> dict[str, str]:
    """Versions of Python, aeslib and the packages that numbers depend on."""
    found = {"python": platform.python_version(), "aeslib": __version__, "platform": sys.platform}
    return found | {name: metadata.version(name) for name in (*PACKAGES, "matplotlib")}
