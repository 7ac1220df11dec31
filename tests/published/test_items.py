"""The index of the 90 items against itself, the chapters, the notebooks' `save` calls and the files of a run."""

import ast
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from aeslib.code import notebook_source
from aeslib.paths import ROOT
from aeslib.published import PAPERS, items, table

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUNS = sorted(path for path in (ROOT / "results").glob("*") if path.is_dir() and not path.name.startswith("."))
COUNTS = {"elta": (5, 6), "aesmamba": (4, 8), "taskvec": (12, 13), "mtcnn": (11, 14), "aestheticnet": (7, 10)}
CHAPTERS = {  # what each chapter regenerates
    "02_long_tail": {
        "elta": "F1",
        "aesmamba": "F2",
        "mtcnn": "F3 T3 T7 T9 F9 F14",
        "taskvec": "T1",
        "aestheticnet": "F3 T1",
    },
    "10_elta_feature_confusion": {"elta": "F2"},
    "11_elta_tail_feature_augmentation": {"elta": "F3 F4 F5 T5"},
    "14_elta_ablation": {"elta": "T4"},
    "15_elta_comparison": {"elta": "T1 T2 F6"},
    "16_elta_plug_in": {"elta": "T3"},
    "20_aesmamba_state_space": {"aesmamba": "F3 F4 F5"},
    "21_aesmamba_visual": {"aesmamba": "T1"},
    "22_aesmamba_multimodal": {"aesmamba": "T2"},
    "23_aesmamba_fine_grained": {"aesmamba": "T3 F6 F7"},
    "24_aesmamba_personal_prompts": {"aesmamba": "T4 F8 F1"},
    "30_taskvec_similarity": {"taskvec": "T8 T9 T10 T11 T12 F1 F2 F3 F4"},
    "31_taskvec_personalisation": {"taskvec": "T2 T3 T4 F7 F8 F9 F10 F11 F12 F13"},
    "32_taskvec_ablations": {"taskvec": "T5 T6 T7 F5 F6"},
    "40_mtcnn_architecture": {"mtcnn": "F1 T2"},
    "41_mtcnn_aadb": {"mtcnn": "T1 T4 T5 T6 F2 F5 F6 F7 F8 F9"},
    "42_mtcnn_eva": {"mtcnn": "T8 T10 F4 F10 F11 F12 F13 F14"},
    "43_mtcnn_cross_dataset": {"mtcnn": "T11"},
    "50_aestheticnet_search": {"aestheticnet": "F1 F2 F4"},
    "51_aestheticnet_cells": {"aestheticnet": "F5 F6"},
    "52_aestheticnet_loss": {"aestheticnet": "F7 F8 T3"},
    "53_aestheticnet_improvements": {"aestheticnet": "T2 T4 T5 T6 F9"},
    "54_aestheticnet_tid2013": {"aestheticnet": "T7 F10"},
}

INDEX = pd.DataFrame(  # a small one, to test the checks themselves
    [("elta.F1", "02_a", "tables/elta.F1 figures/elta.F1-aadb", "done"), ("elta.T4", "14_b", "tables/elta.T4", "done")],
    columns=["item", "notebook", "outputs", "status"],
).set_index("item", drop=False)

# --- the index ---


def test_the_index_has_the_ninety_items_in_order():
    wanted = [f"{paper}.{kind}{n}" for paper in PAPERS for kind, last in zip("TF", COUNTS[paper], strict=True)
              for n in range(1, last + 1)]  # fmt: skip
    assert len(wanted) == 90
    assert list(items().index) == wanted
    assert list(items().columns) == ["item", "paper", "kind", "number", "title", "notebook", "outputs", "status"]


def test_the_parts_of_a_key_stand_in_their_columns():
    index = items()
    letter = index["kind"].map({"table": "T", "figure": "F"})
    assert (index["paper"] + "." + letter + index["number"].astype(str) == index["item"]).all()
    assert (index["kind"] == "table").sum() == 39


def test_titles_are_there_and_differ():
    titles = items()["title"]
    assert (titles.str.len() > 10).all()
    assert titles.is_unique


def test_status_is_done_or_to_come():
    assert set(items()["status"]) <= {"done", "to come"}


def test_outputs_are_stems_of_their_item():
    for entry in items().itertuples():
        stems = str(entry.outputs).split()
        assert stems, entry.item
        assert len(set(stems)) == len(stems)
        for stem in stems:
            assert re.fullmatch(rf"(tables|figures)/{re.escape(str(entry.item))}(-[a-z0-9_]+)*", stem), stem
        assert any(stem.startswith(f"{entry.kind}s/") for stem in stems), entry.item


def test_every_chapter_has_its_items_and_every_item_its_chapters():
    chapters = {
        chapter: {f"{paper}.{number}" for paper, numbers in papers.items() for number in numbers.split()}
        for chapter, papers in CHAPTERS.items()
    }
    homes = items()["notebook"].str.split().explode()
    assert {chapter: set(group.index) for chapter, group in homes.groupby(homes)} == chapters


def test_every_table_item_has_its_published_file():
    tables = items().query("kind == 'table'")["item"]
    assert all(len(table(item)) for item in tables)


# --- against the notebooks ---


def saves(source: str) -> Iterator[tuple[str, str]]:
    """(item, stem) of each `save(item=...)` call; a part that is computed reads `*` in the stem."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or getattr(call.func, "attr", getattr(call.func, "id", "")) != "save":
            continue
        words = {word.arg: word.value for word in call.keywords}
        if "item" not in words:
            continue
        item = ast.literal_eval(words["item"])
        part = words.get("part", ast.Constant(""))
        suffix = part.value if isinstance(part, ast.Constant) else "*"
        yield item, f"{'tables' if 'table' in words else 'figures'}/{item}" + (f"-{suffix}" if suffix else "")


def disagreements(index: pd.DataFrame, sources: dict[str, str]) -> list[str]:
    """What the notebooks (name: source) save against what the index says that they save."""
    found = [(notebook, *call) for notebook, source in sources.items() for call in saves(source)]
    wrong = []
    for notebook, item, stem in found:
        if item not in index.index or notebook not in index.loc[item, "notebook"].split():
            wrong.append(f"{notebook} saves {item}, the index has it elsewhere")
        elif not any(fnmatchcase(name, stem) for name in index.loc[item, "outputs"].split()):
            wrong.append(f"{notebook} saves {stem}, the index plans {index.loc[item, 'outputs']}")
    for entry in index[index["status"] == "done"].itertuples():
        for name in str(entry.outputs).split():
            if not any(fnmatchcase(name, stem) for _, item, stem in found if item == entry.item):
                wrong.append(f"{entry.item} is done, yet no notebook saves {name}")
    return wrong


def test_notebooks_save_what_the_index_says():
    assert disagreements(items(), {path.stem: notebook_source(path) for path in NOTEBOOKS}) == []


def test_a_wrong_save_is_noticed(tmp_path: Path):
    right = [
        "%matplotlib inline\nnb.save(item='elta.F1', table=t)",
        "for k in d:\n    nb.save(item='elta.F1', figure=f, part=k)",
    ]
    path = tmp_path / "02_a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in right]), path)
    assert disagreements(INDEX, {"02_a": notebook_source(path), "14_b": "nb.save(item='elta.T4', table=t)"}) == []
    wrong = "nb.save(item='elta.T4', table=t); nb.save(item='elta.F1', table=t, part='x'); torch.save(model, path)"
    assert disagreements(INDEX, {"02_a": wrong}) == [
        "02_a saves elta.T4, the index has it elsewhere",
        "02_a saves tables/elta.F1-x, the index plans tables/elta.F1 figures/elta.F1-aadb",
        "elta.F1 is done, yet no notebook saves tables/elta.F1",
        "elta.F1 is done, yet no notebook saves figures/elta.F1-aadb",
    ]


# --- against the files of a run ---


def strays(index: pd.DataFrame, folder: Path) -> list[str]:
    """What a run's folder holds against what the index plans: stray files, and files that a finished chapter lacks."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[tf]*s/*.json"))]
    stems = {name.rpartition(".")[0]: record for record in records for name in record["outputs"]}
    planned = {stem: entry for entry in index.itertuples() for stem in str(entry.outputs).split()}
    wrong = [f"{stem} is not in the index" for stem in stems if stem not in planned]
    wrong += [
        f"{stem} comes from {record['notebook']}, the index says {planned[stem].notebook}"
        for stem, record in stems.items()
        if stem in planned and record["notebook"] not in str(planned[stem].notebook).split()
    ]
    ran = {record["notebook"] for record in records}
    for stem, entry in planned.items():
        if entry.status == "done" and ran.issuperset(str(entry.notebook).split()) and stem not in stems:
            wrong.append(f"{entry.item} is done, yet {stem} is missing")
    return wrong + [f"{name} is missing" for r in records for name in r["outputs"] if not (folder / name).is_file()]


def test_runs_hold_what_the_index_plans():
    if not RUNS:
        pytest.skip("no run yet: ./run_all.sh makes one")
    assert {folder.name: strays(items(), folder) for folder in RUNS} == {folder.name: [] for folder in RUNS}


def test_a_stray_or_missing_file_is_noticed(tmp_path: Path):
    def record(stem: str, notebook: str, *files: str) -> None:
        folder = tmp_path / stem.partition("/")[0]
        folder.mkdir(exist_ok=True)
        (tmp_path / f"{stem}.json").write_text(json.dumps({"notebook": notebook, "outputs": [f"{stem}.csv"]}))
        for name in files:
            (tmp_path / name).write_text("x")

    record("tables/elta.F1", "02_a", "tables/elta.F1.csv")
    assert strays(INDEX, tmp_path) == ["elta.F1 is done, yet figures/elta.F1-aadb is missing"]
    record("figures/elta.F1-aadb", "14_b", "figures/elta.F1-aadb.csv")
    record("tables/elta.T4-extra", "14_b")
    assert strays(INDEX, tmp_path) == [
        "tables/elta.T4-extra is not in the index",
        "figures/elta.F1-aadb comes from 14_b, the index says 02_a",
        "elta.T4 is done, yet tables/elta.T4 is missing",
        "tables/elta.T4-extra.csv is missing",
    ]
