"""The published numbers: their form, their sums, the loader, and every line of them against the papers' texts.

Set AESLIB_PAPERS to a folder with `elta.txt` ... `aestheticnet.txt` to compare with the texts.
"""

import csv
import os
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from aeslib.errors import ParameterError
from aeslib.published import IMAGE, LOST, PAPERS, note, table, value, wide

NAMES = sorted(entry.name.removesuffix(".csv") for entry in (files("aeslib.published") / "tables").iterdir())
TABLES = [f"{paper}.T{n}" for paper, last in zip(PAPERS, (5, 4, 12, 11, 7), strict=True) for n in range(1, last + 1)]
CELLS = {  # printed cells of the whole tables, counted in the papers: rows x columns
    "elta.T1": 9 * 20,
    "elta.T2": 4 * 20,
    "elta.T3": 21 * 5,
    "elta.T4": 8 * 5,
    "elta.T5": 4 * 5,
    "elta.F1": 4 * 8 + 6 * 3,
    "aesmamba.T1": 19 * 3 + 12 * 3 + 6 * 3 + 8 * 3 + 2 * 3,
    "aesmamba.T2": 5 * 6,
    "aesmamba.T3": 7 * 20,
    "aesmamba.T4": 11 * 4,
    "taskvec.T1": 8 * 3,
    "taskvec.T2": 6 * 2,
    "taskvec.T3": 8 * 2,
    "taskvec.T4": 15 * 2,
    "taskvec.T5": 5 * 3,
    "taskvec.T6": 3 * 2,
    "taskvec.T7": 8 * 2,
    "taskvec.T8": 12 * 2,
    "taskvec.T9": 6 * 2,
    "taskvec.T10": 4 * 2,
    "taskvec.T11": 10 * 2,
    "taskvec.T12": 9 * 2,
    "mtcnn.T1": 5,
    "mtcnn.T2": 3 * 4,
    "mtcnn.T3": 10 * 2,
    "mtcnn.T4": 4 * 2,
    "mtcnn.T5": 12 * 2,
    "mtcnn.T6": 2 * 2,
    "mtcnn.T7": 5 * 2,
    "mtcnn.T8": 2 * 2,
    "mtcnn.T9": 9 * 2,
    "mtcnn.T10": 4 * 2,
    "mtcnn.T11": 2 * 2,
}

# --- form ---


@pytest.mark.parametrize("item", NAMES)
def test_a_file_has_the_documented_form(item: str):
    frame = table(item)
    assert list(frame.columns) == ["row", "group", "column", "value", "std", "printed", "status"]
    assert not frame.duplicated(["row", "group", "column"]).any()
    assert set(frame["status"]) <= {"printed", IMAGE, LOST}
    lost = frame[frame["status"] == LOST]
    assert (lost["printed"] == "").all()
    assert lost[["value", "std"]].isna().all(axis=None)
    assert (frame.loc[frame["status"] != LOST, "printed"] != "").all()
    assert (frame["row"].str.strip() == frame["row"]).all()
    assert (frame["row"] != "").all()


@pytest.mark.parametrize("item", NAMES)
def test_value_and_std_are_what_is_printed(item: str):
    for cell in table(item).itertuples():
        main, *rest = str(cell.printed).lstrip("*").split("±")
        number = re.fullmatch(r"([\d,]*\.?\d+)(K?)", main)
        expected = float(number[1].replace(",", "")) * (1000 if number[2] else 1) if number else None
        assert (None if pd.isna(cell.value) else cell.value) == expected, cell
        assert (None if pd.isna(cell.std) else cell.std) == (float(rest[0]) if rest else None), cell


def test_every_table_of_the_five_papers_has_a_file():
    assert len(TABLES) == 39
    assert set(TABLES) <= set(NAMES)


@pytest.mark.parametrize(("item", "cells"), CELLS.items())
def test_a_table_is_complete(item: str, cells: int):
    assert (table(item)["status"] != LOST).sum() == cells


def test_tables_without_a_printed_number_are_the_seven_that_one_text_lost():
    blank = [item for item in TABLES if (table(item)["status"] == LOST).all()]
    assert blank == [f"aestheticnet.T{n}" for n in range(1, 8)]
    assert all("lost" in note(item) for item in blank)
    assert set(blank) | set(CELLS) == set(TABLES) | {"elta.F1"}


# --- sums that a slip of a digit would break ---


def test_counts_add_up():
    sizes = wide("taskvec.T1")["Number of images"]
    assert sizes.drop(["AADB", "REAL-CUR"]).sum() == 415_043
    assert wide("mtcnn.T3")["Frequency"].sum() == 1000
    assert wide("mtcnn.T9")["Frequency"].sum() == 570
    # a dense layer has (inputs + 1) * outputs parameters
    ours = wide("mtcnn.T2", "Ours")["Parameters"]
    assert ours["Fully-connected layers"] == (512 + 1) * 128 + (128 + 1) * 64
    assert ours["Output layer"] == (64 + 1) * 12
    theirs = wide("mtcnn.T2", "Pan et al., 2019")["Parameters"]
    assert theirs["Fully-connected layers"] == (2048 + 1) * 512 + (512 + 1) * 128
    assert theirs["Output layer"] == (128 + 1) * 12


def test_numbers_printed_twice_agree():
    metrics = ["PLCC", "SRCC", "L", "M", "H"]
    for group in ("AVA", "AADB", "TAD66K", "PARA"):
        both = wide("elta.T1", group), wide("elta.T2", group)
        assert (both[0].loc[["Base.", "Ours"]] == both[1].loc[["Base.", "Ours"]]).all(axis=None)
    first, ablation, pixels = wide("elta.T1", "AVA"), wide("elta.T4"), wide("elta.T5")
    assert (ablation.loc["none", metrics] == first.loc["Base.", metrics]).all()
    assert (ablation.loc["TFA+FLSA+APDS", metrics] == first.loc["Ours", metrics]).all()
    assert (pixels.loc["TFA(feature)", metrics] == ablation.loc["TFA", metrics]).all()
    for host in ("NIMA", "HGCN", "BIAA", "MUSIQ", "MaxViT", "TANet", "EAT"):
        assert (wide("elta.T3", host).loc["none", metrics] == first.loc[host, metrics]).all(), host
    known = wide("taskvec.T2").drop("Ours")
    pd.testing.assert_frame_equal(known, wide("taskvec.T7").loc[known.index])


# --- the loader ---


def test_value_reads_one_cell():
    assert value("elta.T1", "Ours", "PLCC", "AVA") == 0.777
    assert value("elta.F1", "AVA", "[5, 6)") == 116_000
    assert value("mtcnn.T2", "Pre-trained network", "Parameters", "Ours") == 14_714_688


def test_wide_keeps_the_printed_order():
    grid = wide("elta.T2", "PARA")
    assert list(grid.index) == ["L&FDS", "RankSim", "Base.", "Ours"]
    assert list(grid.columns) == ["PLCC", "SRCC", "L", "M", "H"]
    assert grid.index.name == "row"
    assert grid.columns.name is None
    assert grid.loc["RankSim"].tolist() == [0.930, 0.906, 0.363, 0.322, 0.345]
    assert wide("taskvec.T6", cell="std")["10-shot"].tolist() == [0.002, 0.012, 0.005]
    assert wide("taskvec.T3", cell="printed").loc["*MTCL"].tolist() == ["*0.540±0.005", "*0.622±0.007"]


def test_wide_leaves_cells_without_a_number_empty():
    assert wide("aesmamba.T4", "10-shot").loc["AFF-PIAA"].isna().tolist() == [True, False]
    assert wide("aestheticnet.T4").isna().all(axis=None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("mtcnn.T8", "Multitask", "Training"),
            "no row of mtcnn.T8 named 'Multitask'. Did you mean 'Multi-task'? Known: Multi-task, Single-task.",
        ),
        (("elta.T1", "Ours", "PLCC"), "no group of elta.T1 named ''. Known: AVA, AADB, TAD66K, PARA."),
        (
            ("elta.T5", "TFA(pixel)", "SROCC"),
            "no column of elta.T5 named 'SROCC'. Did you mean 'SRCC'? Known: PLCC, SRCC, L, M, H.",
        ),
        (
            ("aestheticnet.T3", "EMD loss", "Accuracy"),
            "aestheticnet.T3 has no number at EMD loss, Accuracy: not in the source text. "
            "Read `table('aestheticnet.T3')` for those that it has.",
        ),
        (
            ("taskvec.T2", "TAPP-PIAA", "10-shot"),
            "taskvec.T2 has no number at TAPP-PIAA, 10-shot: '-'. Read `table('taskvec.T2')` for those that it has.",
        ),
    ],
)
def test_value_says_what_is_not_there(arguments: tuple[str, ...], message: str):
    with pytest.raises(ParameterError) as error:
        value(*arguments)
    assert str(error.value) == message


def test_wide_and_table_say_what_is_not_there():
    with pytest.raises(ParameterError) as error:
        wide("elta.T1", "AADBB")
    assert str(error.value) == (
        "no group of elta.T1 named 'AADBB'. Did you mean 'AADB'? Known: AVA, AADB, TAD66K, PARA."
    )
    with pytest.raises(ParameterError) as error:
        table("elta.F5")
    assert str(error.value).startswith("no published table named 'elta.F5'. Did you mean 'elta.")
    assert str(error.value).endswith(f" Known: {', '.join(NAMES)}.")


@pytest.mark.parametrize("item", ["x" * 300, "../tables/elta.T1", "elta.T1\0", ""])
def test_an_item_is_no_path(item):
    with pytest.raises(ParameterError, match="no published table named"):
        table(item)


def test_notes_belong_to_published_tables():
    notes = pd.read_csv(files("aeslib.published") / "notes.csv")  # type: ignore[arg-type]
    assert set(notes["item"]) <= set(NAMES)
    assert notes["item"].is_unique
    assert note("taskvec.T9") == "On TAD66K."
    assert note("mtcnn.T8") == ""


# --- against the texts ---

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?K?")
COLUMNWISE = {"elta.T1", "elta.T2"}  # the paper prints the metrics as lines
UNLABELLED = {*COLUMNWISE, "elta.T3", "elta.T4", "elta.F1", "aesmamba.T3"}  # labels merged, damaged or put together
PROSE = {  # numbers that stand in sentences: the word before them
    "mtcnn.F3": {"Motion Blur": "blur attribute", "Repetition": "repetition", "Symmetry": "symmetry"},
    "mtcnn.F9": {"Content": "content", "Lighting": "light"},
    "mtcnn.F14": {"Composition and depth": "composition and depth", "Semantics": "semantics"},
    "mtcnn.F5": {"Ground truth": "ground-truth", "Prediction": "predictions"},
    "mtcnn.F10": {"Ground truth": "ground-truth", "Prediction": "predictions"},
    "aestheticnet.F9": {"image 1": "first image", "image 2": "second image"},
}
SLACK = 3  # lines of text between the first and the last line of a table that are not its own
IN_TEXT = [item for item in NAMES if (table(item)["status"] == "printed").any()]


def source_folder() -> Path:
    folder = os.environ.get("AESLIB_PAPERS")
    if not folder:
        pytest.skip("needs the papers' texts: set AESLIB_PAPERS to their folder")
    return Path(folder)


def source(item: str) -> str:
    return (source_folder() / f"{item.partition('.')[0]}.txt").read_text(encoding="utf-8")


def printed_lines(item: str) -> Iterator[tuple[str, list[str]]]:
    """Each line as the paper prints it: its label (empty where the text lost it) and its numbers in order."""
    frame = table(item)
    frame = frame[frame["status"] == "printed"]
    along = ["group", "column"] if item in COLUMNWISE else ["group", "row"]
    for _, line in frame.groupby(along, sort=False):
        label = "" if item in UNLABELLED else line["row"].iloc[0].split()[0].strip("()[],*").removesuffix("s")
        if numbers := [number for cell in line["printed"] for number in NUMBER.findall(cell)]:
            yield label, numbers


def position(numbers: list[str], found: list[str], start: int) -> int | None:
    """Where in `found`, from `start` on, all the numbers stand in order with at most one foreign number between two."""
    for first in range(start, len(found)):
        if found[first] != numbers[0]:
            continue
        at = first
        for number in numbers[1:]:
            near = found[at + 1 : at + 3]
            if number not in near:
                break
            at += 1 + near.index(number)
        else:
            return first
    return None


def stand_together(lines: list[tuple[str, list[str]]], text: list[str], found: list[list[str]]) -> bool:
    """Whether all the lines stand one after another in this piece of text."""
    row, start = 0, 0
    for label, numbers in lines:
        while True:
            if row == len(text):
                return False
            place = position(numbers, found[row], start) if label.lower() in text[row].lower() else None
            if place is not None:
                start = place + 1
                break
            row, start = row + 1, 0
    return True


@pytest.mark.parametrize("item", [item for item in IN_TEXT if item not in PROSE])
def test_the_lines_of_a_table_stand_in_the_text_in_order(item: str):
    text = source(item).splitlines()
    found = [NUMBER.findall(line) for line in text]
    lines = list(printed_lines(item))
    starts = [k for k, line in enumerate(found) if position(lines[0][1], line, 0) is not None]
    span = len(lines) + SLACK
    assert any(stand_together(lines, text[k : k + span], found[k : k + span]) for k in starts), lines


@pytest.mark.parametrize("item", [item for item in NAMES if (table(item)["status"] == IMAGE).any()])
def test_numbers_read_from_an_image_are_those_of_the_transcription(item: str):
    path = source_folder() / "aesmamba-tables.csv"
    if not path.is_file():
        pytest.skip(f"needs {path.name} beside the papers' texts")
    with path.open(encoding="utf-8") as lines:
        expected = [(r["group"], r["value"], r["std"]) for r in csv.DictReader(lines) if r["item"] == item]
    cells = table(item)
    halves = [(c.group, *str(c.printed).split("±"), "")[:3] for c in cells[cells["status"] == IMAGE].itertuples()]
    assert sorted((group, number.strip("-"), std) for group, number, std in halves) == sorted(expected)


@pytest.mark.parametrize("item", PROSE)
def test_numbers_in_sentences_follow_their_word(item: str):
    text = source(item)
    frame = table(item)
    seen = frame[frame["status"] == "printed"]
    assert set(seen["row"]) == set(PROSE[item])
    for cell in seen.itertuples():
        near = rf"(?is){PROSE[item][str(cell.row)]}.{{1,110}}?(?<![\d.]){re.escape(str(cell.printed))}(?![\d.]*\d)"
        assert re.search(near, text), cell


def test_a_changed_digit_or_a_swapped_line_is_noticed():
    text = ["A [3]\t0.51\t0.62", "B\t0.71\t0.82"]
    found = [NUMBER.findall(line) for line in text]
    assert stand_together([("A", ["0.51", "0.62"]), ("B", ["0.71", "0.82"])], text, found)
    assert not stand_together([("A", ["0.51", "0.63"]), ("B", ["0.71", "0.82"])], text, found)
    assert not stand_together([("B", ["0.71", "0.82"]), ("A", ["0.51", "0.62"])], text, found)
    assert not stand_together([("B", ["0.51", "0.62"])], text, found)
