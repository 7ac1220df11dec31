"""Every notebook keeps the house rules: no stray outputs, short cells, a parameters cell, links that lead somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from aeslib.paths import ROOT
from aeslib.published import PAPERS, items

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LONGEST = 20
PARAMETERS = 'PROFILE = "default"\nSEED = 0'
MACHINE = re.compile(r"/(?:root|home|work|opt|tmp)/")
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> Iterator[nbformat.NotebookNode]:
    return (cell for cell in read(path).cells if cell.cell_type == "code")


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def lines(cell: nbformat.NotebookNode) -> int:
    return len([line for line in cell.source.splitlines() if line.strip()])


pytestmark = pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in NOTEBOOKS])


def test_it_is_a_valid_notebook_of_this_kernel(path: Path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert dict(notebook.metadata.kernelspec) == {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }


def test_ids_are_unique_and_tell_notebook_and_order(path: Path):
    wanted = [f"{path.stem.replace('_', '-')}-{k:02d}" for k in range(len(read(path).cells))]
    assert [cell.id for cell in read(path).cells] == wanted


def test_only_kept_cells_have_outputs(path: Path):
    for cell in code_cells(path):
        if "keep_output" in tags(cell):
            assert cell.outputs, f"{cell.id}: kept, but empty"
            assert cell.source.startswith("# NBVAL_CHECK_OUTPUT\n"), cell.id
            assert len(str(cell.outputs)) < 2000, f"{cell.id}: keep only short outputs"
            assert cell.execution_count == 1, f"{cell.id}: nbval takes a cell without a count for one that never ran"
        else:
            assert cell.outputs == [], cell.id
            assert cell.execution_count is None, cell.id


def test_one_parameters_cell_comes_first_with_the_defaults(path: Path):
    first, *others = code_cells(path)
    assert tags(first) == ["parameters"]
    assert first.source == PARAMETERS
    assert not any("parameters" in tags(cell) for cell in others)


def test_cells_are_short_and_parse(path: Path):
    long = {cell.id: lines(cell) for cell in code_cells(path) if lines(cell) > LONGEST}
    assert long == {}, f"cells of more than {LONGEST} lines; the rest belongs in aeslib"
    for cell in code_cells(path):
        ast.parse("\n".join("pass" if line.startswith(("%", "!")) else line for line in cell.source.splitlines()))


def test_it_starts_under_its_own_name(path: Path):
    source = "\n".join(cell.source for cell in code_cells(path))
    assert f'start("{path.stem}", profile=PROFILE, seed=SEED)' in source


def test_the_title_says_papers_items_and_what_to_learn(path: Path):
    title = read(path).cells[0]
    assert title.cell_type == "markdown"
    assert title.source.startswith(f"# {path.stem[:2]} · ")
    for word in ("**Papers:**", "**Items:**", "**What to learn:**"):
        assert word in title.source, word
    for paper, number in re.findall(rf"\b({'|'.join(PAPERS)}) ([TF]\d+)", title.source):
        assert f"{paper}.{number}" in items().index


def test_prose_stands_between_code(path: Path):
    cells = read(path).cells
    prose = sum(len(cell.source) for cell in cells if cell.cell_type == "markdown")
    assert prose > 0.15 * sum(len(cell.source) for cell in cells)
    run, longest = 0, 0
    for cell in cells:
        run = run + 1 if cell.cell_type == "code" else 0
        longest = max(longest, run)
    assert longest <= 4, "more than four code cells without a word"


def test_exercises_have_folded_solutions(path: Path):
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    asked, _, exercises = prose.partition("## Exercises")
    assert "<details>" not in asked
    assert exercises.count("<details><summary>Solution</summary>\n\n") == exercises.count("\n</details>") >= 2
    assert exercises.count("<details>") == len(re.findall(r"^\*\*\d\.\*\*", exercises, re.M))


def test_internal_links_lead_somewhere(path: Path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target in LINK.findall(cell.source):
                assert (path.parent / target).exists(), f"{cell.id}: {target}"


def test_no_machine_paths(path: Path):
    assert not MACHINE.search(path.read_text(encoding="utf-8"))


OUTCOMES = (
    r"bands? overlap", r"intervals overlap\?", r", as here, ", r"mixed samples does is larger", r"flat bands mean",
    r"includes zero, the tails", r"by every measure\. ", r"is hard to beat", r"easiest of the four", r"is found soon",
    r"falls by far more", r"here the convolutions do", r"hardly overlap", r"the order changes no more than",
    r"no claim's verdict differed", r"of every loss spread less",
)  # fmt: skip
"""Words that stated in prose what a run may or may not find, or concluded from intervals that are not paired."""


def test_prose_states_no_result_that_the_run_did_not_compute(path: Path):
    for cell in read(path).cells:
        text = " ".join(cell.source.split())
        stated = [words for words in OUTCOMES if cell.cell_type == "markdown" and re.search(words, text, re.IGNORECASE)]
        assert not stated, f"{cell.id}: {stated}; render it from the results or make it conditional"


RENDERED = {
    "11_elta_tail_feature_augmentation": "sentences(effects(",
    "14_elta_ablation": "print(*sentences(",
    "22_aesmamba_multimodal": "print(*lead_sentences(control)",
    "23_aesmamba_fine_grained": "print(*lead_sentences(control)",
    "62_all_methods_one_world": "print(name, *ranking(found)",
}
"""Chapters whose conclusions are sentences computed from paired differences."""


def test_conclusions_are_rendered_from_paired_differences(path: Path):
    if path.stem in RENDERED:
        assert any(RENDERED[path.stem] in cell.source for cell in code_cells(path))


def test_chapters_on_runs_state_no_source_of_their_own(path: Path):
    """What runs have read is in their records; `nb.load` would tell of the owners' labels instead of the stand-in."""
    source = "\n".join(cell.source for cell in code_cells(path))
    saves = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and called(node) == "nb.save"]
    if "run_study" in source or "aeslib.studies" in source:
        assert not saves or "nb.load(" not in source


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)
