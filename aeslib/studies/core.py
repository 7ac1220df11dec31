"""A study is a named grid of runs. `run_study` reads the runs that exist and computes those that do not.

A run lies in `artifacts/PROFILE/STUDY/RUN-KEY/` with `run.json` (key, config, metrics, data sets read, seconds,
digests) and `arrays.npz`; profiles of the same sizes share theirs (`Profile.runs`). KEY covers the run's config, the
profile's sizes, what its data sets were made from, the code that its study can reach, and the packages and processor
that compute it (`aeslib.numerics`), so nothing stale is ever read.
The folder is made under another name and renamed: it is whole or not there.
"""

import json
import math
import os
import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from aeslib.code import closure, digest, module_file, unchanged
from aeslib.data import describe_source
from aeslib.data.sources import Origin, note, recording
from aeslib.errors import ParameterError, StateError, unknown
from aeslib.locks import folder_lock
from aeslib.numerics import numerics, one_thread
from aeslib.paths import artifacts_dir, claimed, writing
from aeslib.profiles import Profile, get_profile
from aeslib.seeding import no_unseeded_draws, use_base_seed

STUDIES = {
    "aestheticnet": ("aestheticnet",),
    "aesmamba": ("aesmamba", "aesmamba_people"),
    "elta": ("elta", "elta_tuning", "elta_whole"),
    "mtcnn": ("mtcnn",),
    "taskvec": ("taskvec", "taskvec_tasks", "taskvec_views"),
    "together": ("together",),
    "training": ("training",),
}
"""First word of a study's name → the modules of this folder that define such studies."""


TIMES = ("key", "seconds", "cpu_seconds")
"""Columns of every table of runs beside config and metrics."""


@dataclass(frozen=True)
class Outcome:
    """What a run gives: numbers by name, and arrays (predictions, curves) by name."""

    metrics: Mapping[str, float]
    """Finite numbers under names that no field of the config has; NaN only where `Study.undefined` allows it."""
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    side_data: Sequence[Origin] = ()
    """Data sets behind some extra arrays only, such as a test on another data set, read under a `recording` of their
    own; all else that was read counts as what the run comes from."""


Reads = str | Callable[[Profile], Origin]
"""A data set that a study reads: a key (its images, at the profile's size), or what describes any other reading."""


@dataclass(frozen=True)
class Study:
    """A named grid of runs.

    `grid(profile)` lists frozen dataclasses, each one run, told apart by their fields. `run(config, profile,
    checkpoint)` computes one; it may keep its progress in the file `checkpoint`.
    """

    name: str
    grid: Callable[[Profile], Sequence[Any]]
    run: Callable[[Any, Profile, Path], Outcome]
    data: tuple[Reads, ...] = ()
    """The data sets that the runs read; a run that reads another is an error."""
    undefined: tuple[str, ...] = ()
    """Metrics that are NaN where there is nothing to measure, such as the error of a segment without images."""
    reads: tuple[str, ...] = ()
    """Fields of the profile beside its sizes that a single run depends on, such as the number of its seeds."""


@dataclass(frozen=True)
class Results:
    """Runs of one study: `frame` has a row per run with its config and metrics, `key` and `seconds`."""

    study: str
    frame: pd.DataFrame
    folders: Mapping[str, Path]
    data: tuple[Origin, ...] = ()
    """Every data set that these runs have read, as their records say."""

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """The arrays of one run."""
        if key not in self.folders:
            raise unknown(f"run of {self.study}", key, self.folders)
        if not is_whole(self.folders[key]):
            raise StateError(f"{self.folders[key].name} was changed since it was read; run the study again.")
        with np.load(self.folders[key] / "arrays.npz", allow_pickle=False) as stored:
            return dict(stored)

    def stacked(self, name: str, **config: Any) -> np.ndarray:
        """(S, …) one array of the runs with this config, a row per seed in order of seed."""
        chosen = self.frame
        for column, value in config.items():
            if column not in chosen:
                raise unknown(f"column of {self.study}", column, chosen.columns)
            chosen = chosen[chosen[column] == value]
        if chosen.empty:
            raise ParameterError(f"{self.study} has no run with {config}.")
        ordered = chosen.sort_values("seed") if "seed" in chosen else chosen
        return np.stack([self.arrays(key)[name] for key in ordered["key"]])


def find_study(name: str) -> Study:
    """The study of that name ("elta.ablation"); `ParameterError` names the nearest."""
    room = name.partition(".")[0]
    if room not in STUDIES:
        raise unknown("study", name, STUDIES)
    modules = (import_module(f"aeslib.studies.{name}") for name in STUDIES[room])
    there = {value.name: value for module in modules for value in vars(module).values() if isinstance(value, Study)}
    if name not in there:
        raise unknown("study", name, there)
    return there[name]


def origins(study: Study, profile: Profile) -> list[Origin]:
    """Return what each of the study's data sets is read or generated from now."""
    described = (
        describe_source(entry, size=profile.images) if isinstance(entry, str) else entry(profile)
        for entry in study.data
    )
    return list(dict.fromkeys(described))


def code_of(study: Study) -> list[Path]:
    """Return the library's files that a study can reach; none for one that is defined outside the library.

    Raises:
        StateError: when its module is newer than this process's view of the library.
    """
    module = study.run.__module__
    if not module.startswith("aeslib."):
        return []
    files = closure(f"import {module}")
    if module_file(module) is None and not files:
        raise StateError(f"{module} is newer than this process; restart the kernel.")
    return files


def run_key(study: Study, config: Any, profile: Profile, data: Sequence[Origin] | None = None) -> str:
    """Digest of everything a run depends on; `data` are the study's `origins` where they are known already."""
    files = code_of(study)
    data = origins(study, profile) if data is None else data
    sizes = profile.sizes | {name: getattr(profile, name) for name in study.reads}
    settings = json.dumps([study.name, asdict(config), sizes], sort_keys=True, default=str)
    sources = (f"{entry.key} {entry.source} {entry.detail}" for entry in data)
    return digest(settings, numerics(files), *sources, *files)


def run_study(
    study: Study | str, profile: Profile, *, shard: tuple[int, int] = (0, 1), progress: bool = True
) -> Results:
    """The results of a study, computing what is missing; processes that do so side by side share the work.

    Args:
        study: itself or its name.
        profile: how big.
        shard: (i, n) computes every n-th run from the i-th on, for n processes side by side; results are then of
            that share only.
        progress: show a bar with an estimate.
    """
    study = find_study(study) if isinstance(study, str) else study
    with use_base_seed(profile.base_seed):
        return results_of(study, profile, shard, progress)


def results_of(study: Study, profile: Profile, shard: tuple[int, int], progress: bool) -> Results:
    """Return what `run_study` returns, at the base seed that is set."""
    configs = list(study.grid(profile))[shard[0] :: shard[1]]
    if not all(is_dataclass(config) for config in configs):
        raise ParameterError(f"the grid of {study.name} must list dataclasses.")
    home = artifacts_dir(profile.runs) / study.name
    data = origins(study, profile)
    wanted = {run_key(study, config, profile, data): config for config in configs}
    if len(wanted) < len(configs):
        raise ParameterError(f"the grid of {study.name} lists the same run twice.")
    folders = {key: home / f"{slug(config)}-{key}" for key, config in wanted.items()}
    missing = [key for key, folder in folders.items() if not reusable(study, wanted[key], folder, data)]
    bars = tqdm(total=len(missing), desc=study.name, unit="run", disable=not progress or not missing, leave=False)
    with bars as bar, folder_lock(home.parent, shared=True) if missing else nullcontext():
        for wait in (False, True):  # first what nobody works on, then what other processes were at
            for key in list(missing):
                with claimed(home / ".claims", key, wait=wait) as ours:
                    if ours:
                        if fault(study, wanted[key], folders[key], data):
                            compute(study, wanted[key], profile, folders[key], data)
                        missing.remove(key)
                        bar.update()
    records = {key: read_run(folder) for key, folder in folders.items()}
    sources = tuple(dict.fromkeys(entry for record in records.values() for entry in sources_in(record)))
    note(*sources)
    rows = [flat(record) | {"key": key} for key, record in records.items()]
    return Results(study.name, pd.DataFrame(rows), folders, sources)


def sources_in(record: Mapping[str, Any]) -> list[Origin]:
    """Return the data sets that a run has read, from its record."""
    return [Origin(**entry) for entry in record["data"]]


def side_sources_in(record: Mapping[str, Any]) -> list[Origin]:
    """Return the data sets behind the extra arrays of a run, from its record."""
    return [Origin(**entry) for entry in record["side_data"]]


def run_folders(profile: str) -> dict[str, Path]:
    """Return the folder of every run of a profile by the run's key."""
    studies = (folder for folder in artifacts_dir(get_profile(profile).runs).glob("[!.]*.*") if folder.is_dir())
    return {name.rpartition("-")[2]: study / name for study in studies for name in os.listdir(study)}


def sources_of_runs(profile: str, keys: Sequence[str]) -> list[Origin]:
    """Return the data sets that the runs of a profile with these keys have read, each origin once.

    Raises:
        ParameterError: when there is no run with a key.
        StateError: when the record of one is damaged.
    """
    folders = run_folders(profile)
    for key in keys:
        if key not in folders:
            home = artifacts_dir(get_profile(profile).runs)
            raise ParameterError(f"no run with the key {key!r} in {home}; pass keys of `run_study(...).frame`.")
    records = (read_run(folders[key]) for key in dict.fromkeys(keys))
    return list(dict.fromkeys(entry for record in records for entry in sources_in(record)))


def check_sources(study: Study, sources: Sequence[Origin], declared: Sequence[Origin]) -> None:
    """Raise `StateError` when a run has read what its key does not stand for.

    Stand-ins are compared by data set alone: their other sizes and seeds follow from config and code.
    """
    stand_ins = {entry.key for entry in declared if entry.source == "synthetic"}
    for entry in sources:
        if entry not in declared and not (entry.source == "synthetic" and entry.key in stand_ins):
            raise StateError(
                f"{study.name}: a run has read {entry.key} ({entry.source}; {entry.detail}), which is not what its key "
                "stands for. Its files have changed since this process first read them: restart it. (Or the study "
                "lacks this reading in its `data`.)"
            )


def slug(config: Any) -> str:
    """Readable folder name of a run: its short values joined."""
    words = (str(value).replace("/", "_").replace(" ", "") for value in asdict(config).values())
    return "-".join(word for word in words if word and len(word) <= 16)[:80] or "run"


def compute(study: Study, config: Any, profile: Profile, folder: Path, data: Sequence[Origin]) -> None:
    """Run one cell of the grid, which this process has claimed, and put its folder in place, whole.

    `data` are the study's `origins`; the record lists those that the run has in fact read.

    Raises:
        StateError: when the code has changed since it was imported, the run has read other data than its key stands
            for, or a metric is not a number; nothing is kept then.
    """
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter(), time.process_time()
    checkpoint = folder.parent / f".{folder.name}.checkpoint.safetensors"
    # the small sizes run the same code: days of training at paper size are not thrown away for it
    check = no_unseeded_draws(f"a run of {study.name}") if profile.size == "small" else nullcontext()
    with unchanged(code_of(study)), one_thread(), check, recording() as sources:
        outcome = study.run(config, profile, checkpoint)
    check_sources(study, [*sources, *outcome.side_data], data)
    if why := wrong_metric(outcome.metrics, asdict(config), study.undefined):
        raise StateError(f"{folder.name} of {study.name} is not kept: {why}.")
    spent = {"seconds": time.perf_counter() - started[0], "cpu_seconds": time.process_time() - started[1]}
    record = {
        "key": folder.name.rpartition("-")[2],
        "study": study.name,
        "config": asdict(config),
        "metrics": {name: None if math.isnan(value) else float(value) for name, value in outcome.metrics.items()},
        "data": [asdict(entry) for entry in sources],
        "side_data": [asdict(entry) for entry in outcome.side_data],
        **spent,
    }
    write_run(folder, record, outcome.arrays)
    checkpoint.unlink(missing_ok=True)


def write_run(folder: Path, record: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Put a run's folder in place, whole: its arrays, and its record with the digests of both."""
    making = folder.parent / f".{folder.name}.making"
    with writing(folder):
        shutil.rmtree(making, ignore_errors=True)  # of a process that was killed
        making.mkdir()
        np.savez(making / "arrays.npz", **dict(arrays))  # type: ignore[arg-type]
        record |= {"arrays": digest(making / "arrays.npz")}
        text = json.dumps(record | {"record": seal(record)}, indent=1)
        (making / "run.json").write_text(text, encoding="utf-8")
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(making, folder)


def wrong_metric(metrics: Mapping[str, Any], config: Mapping[str, Any], undefined: Sequence[str] | None = None) -> str:
    """Return what is wrong with the metrics of a run, empty when they are finite numbers with names of their own.

    Args:
        metrics: by name; NaN or None: not defined.
        config: the run's, whose names are columns of the same table.
        undefined: names of those that may be; None: all.
    """
    for name, value in metrics.items():
        if name in config or name in TIMES:
            return f"its metric {name!r} has the name of another column"
        if value is None or (isinstance(value, float) and math.isnan(value)):
            if undefined is not None and name not in undefined:
                return f"its metric {name!r} is NaN, which its study does not list as `undefined`"
        elif isinstance(value, bool | str) or not math.isfinite(value):
            return f"its metric {name!r} is {value!r}; expected a finite number"
    return ""


def seal(record: Mapping[str, Any]) -> str:
    """Digest of a run's record, kept in it."""
    return digest(json.dumps(json.loads(json.dumps(record)), sort_keys=True))


def is_whole(folder: Path) -> bool:
    """Whether a run's folder is complete, undamaged and in its own place."""
    try:
        return bool(read_run(folder)["arrays"] == digest(folder / "arrays.npz"))
    except (StateError, OSError):
        return False


def fault(study: Study, config: Any, folder: Path, data: Sequence[Origin]) -> str:
    """Return why the run with this config, of a study with these `origins`, cannot be read; empty when it can."""
    try:
        record = read_run(folder)
    except StateError as error:
        return str(error)
    if not is_whole(folder):
        return f"{folder.name}: its arrays were changed"
    if record["config"] != json.loads(json.dumps(asdict(config))):
        return f"{folder.name}: its record is that of the config {record['config']}"
    try:
        check_sources(study, [*sources_in(record), *side_sources_in(record)], data)
    except StateError as error:
        return str(error)
    why = wrong_metric(record["metrics"], record["config"], study.undefined)
    return why and f"{folder.name}: {why}"


def reusable(study: Study, config: Any, folder: Path, data: Sequence[Origin]) -> bool:
    """Whether a run is there and can be read; warns of one that is there and cannot."""
    if not os.path.lexists(folder):
        return False
    why = fault(study, config, folder, data)
    if why:
        warnings.warn(f"{study.name}: a run is made anew, as what is kept is not it. {why}", stacklevel=3)
    return not why


def read_run(folder: Path) -> dict[str, Any]:
    """A run's record; `StateError` when it is missing, damaged or that of another run."""
    try:
        text = (folder / "run.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text, parse_constant=_refuse_constant)
        if found.pop("record") != seal(found):
            raise ValueError("its record was changed")
        place = f"{folder.parent.name}/{found['key']}"
        if place != f"{found['study']}/{folder.name.rpartition('-')[2]}":
            raise ValueError(f"its record is that of the run {found['key']} of {found['study']}")
        if why := wrong_metric(found["metrics"], found["config"]):
            raise ValueError(why)
        float(found["seconds"]), float(found["cpu_seconds"]), sources_in(found), side_sources_in(found)
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{folder.name} is not a whole run ({error}); delete it, it will be made again.") from error
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Config, metrics and times of a run as one row."""
    row = {name: tuple(value) if isinstance(value, list) else value for name, value in record["config"].items()}
    metrics = {name: math.nan if value is None else value for name, value in record["metrics"].items()}
    return {**row, **metrics, "seconds": record["seconds"], "cpu_seconds": record["cpu_seconds"]}
