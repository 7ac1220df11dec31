"""A small run of the smoke profile made by hand: two good notebooks, one that failed, one that never started."""

import json
from dataclasses import asdict
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import ipywidgets as widgets
import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aeslib import results

mpl.use("agg")
WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
FRAMES = "application/vnd.aeslib.frames+json"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def claim(**known: Any) -> dict[str, Any]:
    """A judged claim; what is not given is the commonest."""
    usual = {
        "place": "Section 1", "item": None, "kind": "ordering", "judge": "compare", "published": "", "ours": "",
        "effect": None, "low": None, "high": None, "seeds": None, "basis": "arithmetic", "profile": "smoke", "data": "",
        "needs": [], "runs": [], "inputs": {},
    }  # fmt: skip
    return usual | known


CLAIMS = [
    claim(
        id="elta.intro.few-low", paper="elta", item="elta.F1", kind="magnitude", verdict="exact", published="506",
        claim="Few images of AADB score below 2 or above 8.", ours="506", data="labels", basis="labels",
        why="counted in the label file",
    ),
    claim(
        id="elta.ablation.each", paper="elta", place="Table 4", item="elta.T4", verdict="holds here", published="0.777",
        claim="Each module helps: <b>SRCC</b> rises.", ours="0.712", effect=0.0123456, low=0.004, high=0.021, seeds=5,
        basis="experiment", data="synthetic", why="interval above zero",
    ),
    claim(
        id="mtcnn.tables.same", paper="mtcnn", place="Table 1 and Table 5", item="mtcnn.T1", kind="arithmetic",
        claim="The overall correlation is the same in both tables.", verdict="contradicted",
        published="0.699 and 0.704",
        why="0.699 in one table, 0.704 in the other",
    ),
    claim(
        id="cross.personal.few", paper="cross", kind="qualitative", verdict="needs data",
        claim="Few parameters suffice.",
        why="Needs labels of flickr_aes: `./run_all.sh data fetch flickr_aes`.",
    ),
]  # fmt: skip


def synthetic(key: str) -> SimpleNamespace:
    """Just what `save` asks of a data set."""
    return SimpleNamespace(key=key, source="synthetic", detail="generator seed 0, 400 images")


def picture() -> Figure:
    """A bar chart of three numbers."""
    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    axes.bar(["low", "middle", "high"], [3, 9, 4], color="#0072b2")
    axes.set(xlabel="score", ylabel="images")
    return figure


def save_items() -> None:
    """elta.F1 in three outputs (one from a stand-in), elta.T4, mtcnn.T3."""
    counts = pd.DataFrame({"range": ["[0, 1)", "[1, 2)"], "published": [506, 826], "here": [506, 826]})
    tail = results.start("02_long_tail", profile="smoke", seed=0)
    real = replace_source(synthetic("aadb"), "labels")
    tail.save(item="elta.F1", part="aadb", table=counts, data=[real], caption="Images of AADB per score range.")
    tail.save(item="elta.F1", part="aadb-histogram", figure=picture(), data=[real], caption="The same, drawn.")
    tail.save(item="elta.F1", part="ava", figure=picture(), data=[synthetic("ava")])
    tail.save(item="mtcnn.T3", table=counts, data=[synthetic("aadb")], caption="Intervals & counts of <AADB>.")
    ablation = results.start("14_elta_ablation", profile="smoke", seed=0)
    table = pd.DataFrame({"TFA": ["", "yes"], "SRCC": [0.71, 0.72]})
    with patch.object(results, "sources_of_runs", lambda profile, keys: []):  # there is no such run
        ablation.save(item="elta.T4", table=table, data=[synthetic("aadb")], runs=["elta.ablation/abc"])


def replace_source(data: SimpleNamespace, source: str) -> SimpleNamespace:
    """The same data set from another source."""
    return SimpleNamespace(**(vars(data) | {"source": source}))


def films() -> list[dict[str, Any]]:
    """What real widgets leave for the report: a grid of two controls, three that move alone, a text."""
    from aeslib.widgets.choose import Live

    def told(**values: Any) -> str:
        return f'<b class="told">{escape(str(values))}</b><img alt="dot" src="data:image/png;base64,{PIXEL}">'

    menu = widgets.Dropdown(options=["low", "high"], description="level")
    grid = Live(told, a=widgets.IntSlider(2, 0, 3), level=menu)
    alone = Live(told, **{name: widgets.FloatSlider(0.5, min=0, max=1, step=0.125) for name in "pqr"})
    return [asdict(one.film()) for one in (grid, alone, Live(told, text=widgets.Text("<as it was>")))]


def long_tail() -> nbformat.NotebookNode:
    """Prose with formulas and outside links, a table, a picture, a widget."""
    cells = [
        new_markdown_cell("# The long tail\n\nHow many images has each score? The word of this page is *zebrafinch*."),
        new_code_cell(
            'PROFILE = "smoke"', metadata={"tags": ["parameters"]}, execution_count=1,
        ),
        new_markdown_cell(
            "## Counting\n\nThe mean is $\\mu = \\frac{1}{N}\\sum_{i=1}^{N} x_i$, and\n\n"
            "$$\\begin{aligned} g &= 1 - \\sum_k p_k^2 \\\\ h &= -\\sum_k p_k \\log p_k \\end{aligned}$$ (spread)\n\n"
            "as {eq}`spread` says. See [the owners' page](https://example.org/aadb) and <https://example.org/plain>.\n\n"
            "![a remote picture](https://example.org/picture.png)\n\n"
            '<a href="https://example.org/raw">a raw link</a>\n\nThe card is [here](../data_cards/aadb.md).'
        ),
        new_code_cell(
            'nb.save(item="elta.F1", part="aadb", table=counts)',
            execution_count=2,
            outputs=[
                new_output(
                    "execute_result", execution_count=2,
                    data={"text/html": "<table><tr><td>506</td></tr></table>", "text/plain": "506"},
                )
            ],
        ),
        new_code_cell(
            "figure", execution_count=3,
            outputs=[new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure>"})],
        ),
        new_markdown_cell("## Try it"),
        new_code_cell(
            "explore()", execution_count=4,
            outputs=[
                new_output("display_data", data={WIDGET: {"model_id": "box"}, "text/plain": "interactive(children=())"})
            ],
        ),
        new_code_cell(
            "explore_more()", execution_count=5,
            outputs=[new_output("display_data", data={WIDGET: {"model_id": "lost"}, "text/plain": "VBox()"})],
        ),
        new_markdown_cell("## Widgets with frames"),
        *(
            new_code_cell(
                f"widget_{number}", execution_count=6 + number,
                outputs=[new_output("display_data", data={WIDGET: {"model_id": "lost"}, FRAMES: film})],
            )
            for number, film in enumerate(films())
        ),
    ]  # fmt: skip
    shown = {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL}}
    state = {
        "box": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_slider", "IPY_MODEL_out"]}},
        "slider": {"model_name": "IntSliderModel", "state": {"value": 3}},
        "out": {"model_name": "OutputModel", "state": {"outputs": [shown]}},
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "widgets": {STATE: {"state": state}}})


def ablation() -> nbformat.NotebookNode:
    """A notebook that stopped, as papermill leaves it."""
    cells = [
        new_markdown_cell("stopped here", metadata={"tags": ["papermill-error-cell-tag"]}),
        new_markdown_cell("# Which module helps"),
        new_code_cell(
            "run_study()", execution_count=1,
            outputs=[
                new_output("stream", name="stdout", text="training\n"),
                new_output("error", ename="StateError", evalue="no runs", traceback=["StateError: no runs"]),
            ],
        ),
    ]  # fmt: skip
    return new_notebook(cells=cells)


def start_here() -> nbformat.NotebookNode:
    """The shortest notebook: no title, one line."""
    return new_notebook(cells=[new_code_cell("1 + 1", execution_count=1)])


def fabricate(folder: Path) -> None:
    """Write the run into `folder` (`results/smoke`, where AESLIB_RESULTS points to `folder.parent`)."""
    save_items()
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    for name, notebook, record in (
        ("00_start_here", start_here(), {"status": "done", "seconds": 1.25, "peak_mb": 120.4, "error": ""}),
        ("02_long_tail", long_tail(), {"status": "done", "seconds": 75.0, "peak_mb": 410.0, "error": ""}),
        (
            "14_elta_ablation", ablation(),
            {"status": "failed", "seconds": 3.0, "peak_mb": 99.0, "error": "StateError: no runs"},
        ),
    ):  # fmt: skip
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"c{number}"
        nbformat.write(notebook, notebooks / f"{name}.ipynb")
        (notebooks / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    record = {"status": "failed", "seconds": 0.0, "peak_mb": 80.0, "error": "ParameterError: SEED is 'x'"}
    (notebooks / "60_claims_ledger.json").write_text(json.dumps(record), encoding="utf-8")
    (folder / "claims.json").write_text(json.dumps({"profile": "smoke", "claims": CLAIMS}), encoding="utf-8")


def make(root: Path, artifacts: Path | None = None) -> Path:
    """The report over such a run below `root`, with what an earlier build kept in `artifacts`; the report's folder."""
    from aeslib.report import build

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AESLIB_RESULTS", str(root / "results"))
        patch.setenv("AESLIB_ARTIFACTS", str(artifacts or root / "artifacts"))
        patch.setenv("AESLIB_DATA", str(root / "data"))
        if not (root / "results").exists():
            fabricate(root / "results" / "smoke")
        return build("smoke").parent
