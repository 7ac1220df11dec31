"""Executed notebooks made fit to be read as pages: nothing is run, nothing is recomputed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aeslib.report.frames import FRAMES, still_frames
from aeslib.report.gather import Output, Run
from aeslib.report.parts import admonition, anchor, fenced, inline, minutes

if TYPE_CHECKING:
    from nbformat import NotebookNode

WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
NOTE = (
    '<p class="live">This part reacts when you play with it: <code>./run_all.sh lab</code> opens the chapter in '
    "JupyterLab.{still}</p>"
)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
ITEM = re.compile(r"""["']([a-z]+\.[TF]\d+)["']""")


def tidy(notebook: NotebookNode, run: Run, outputs: Sequence[Output], titles: dict[str, str]) -> NotebookNode:
    """The page of one executed notebook.

    Args:
        notebook: the executed copy; it is changed in place.
        run: how the run of it ended.
        outputs: what it saved, listed at the page's end.
        titles: item → title, for the alternative texts of pictures.
    """
    from nbformat import from_dict
    from nbformat.v4 import new_markdown_cell

    state = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    keep = [cell for cell in notebook.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])]
    above = run.name
    for cell in keep:
        if cell.cell_type == "markdown":
            above = (HEADING.findall(cell.source) or [above])[-1]
        elif cell.cell_type == "code":
            cell.outputs = [shown for output in cell.outputs for shown in still(output, state)]
            cell.metadata["mystnb"] = {"image": {"alt": alternative(cell.source, above, titles)}}
    notebook.cells = [*_head(keep, run), new_markdown_cell(_saved(outputs))] if outputs else _head(keep, run)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    notebook.metadata = from_dict({"language_info": {"name": "python", "pygments_lexer": "ipython3"}})
    return notebook


def _head(cells: list[NotebookNode], run: Run) -> list[NotebookNode]:
    """The cells with a title, and under it how the run went."""
    from nbformat.v4 import new_markdown_cell

    first = cells[0].source.lstrip() if cells and cells[0].cell_type == "markdown" else ""
    if not first.startswith("# "):
        return [new_markdown_cell(f"# {run.name}\n\n{run_note(run)}"), *cells]
    title, _, text = first.partition("\n")
    return [new_markdown_cell(f"{title}\n\n{run_note(run)}\n\n{text.strip()}"), *cells[1:]]


def run_note(run: Run) -> str:
    """One line on time and memory; for a notebook that failed, a box with its error."""
    facts = [minutes(run.seconds)] if run.seconds is not None else []
    facts += [f"peak {run.peak_mb:.0f} MB"] if run.peak_mb is not None else []
    took = " · ".join(facts)
    if not run.failed:
        return f"```{{raw}} html\n<p class='run-note'>Executed notebook{' · ' + took if took else ''}</p>\n```"
    title = f"This chapter failed{' after ' + took if took else ''}"
    return admonition(title, f"{fenced(run.error)}\n\nThe page shows how far it came.", css="error")


def _saved(outputs: Sequence[Output]) -> str:
    """Links to everything the chapter saved."""
    lines = [
        f"- [{inline(output.stem)}](../items/{output.item.partition('.')[0]}.md#{anchor(output.item)})"
        + (f": {inline(output.record['caption'])}" if output.record["caption"] else "")
        for output in outputs
    ]
    return "\n".join(["## Saved by this chapter", "", *lines])


def alternative(source: str, above: str, titles: dict[str, str]) -> str:
    """Alternative text of a cell's pictures: the items that it names, else the heading it stands under."""
    named = [f"{item}: {titles[item]}" for item in dict.fromkeys(ITEM.findall(source)) if item in titles]
    return "; ".join(named) or f"Picture made by the cell under “{above}”"


def still(output: NotebookNode, state: dict[str, Any]) -> list[NotebookNode]:
    """An output without live widgets: what the widget showed when the notebook ran, and how to bring it to life.

    Progress bars had their time and go.
    """
    from nbformat.v4 import new_output

    if WIDGET not in output.get("data", {}):
        return [output]
    if any("Progress" in name for name in kinds(output["data"][WIDGET]["model_id"], state)):
        return []
    if FRAMES in output["data"]:
        note = NOTE.format(still=" Here it shows frames made when the chapter ran.")
        film = still_frames(output["data"][FRAMES])
        return [new_output("display_data", data={"text/html": note + film})]
    rest = {mime: data for mime, data in output["data"].items() if mime not in {WIDGET, "text/plain"}}
    pictures = [new_output("display_data", data=rest)] if rest else []
    pictures += [shown for part in parts(output["data"][WIDGET]["model_id"], state) for shown in still(part, state)]
    note = NOTE.format(still=" Below is how it looked when the report was made." if pictures else "")
    return [new_output("display_data", data={"text/html": note}), *pictures]


def models(model_id: str, state: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[dict[str, Any]]:
    """The saved model of a widget and those of the widgets inside it, in their order."""
    if model_id in state and model_id not in seen:
        yield state[model_id]
        for child in state[model_id]["state"].get("children", []):
            yield from models(str(child).removeprefix("IPY_MODEL_"), state, seen | {model_id})


def kinds(model_id: str, state: dict[str, Any]) -> set[str]:
    """What kinds of widgets these are: {"HBoxModel", "FloatProgressModel"}."""
    return {model["model_name"] for model in models(model_id, state)}


def parts(model_id: str, state: dict[str, Any]) -> Iterator[NotebookNode]:
    """What the outputs and texts inside a widget showed."""
    from nbformat import from_dict
    from nbformat.v4 import new_output

    for model in models(model_id, state):
        if model["model_name"] == "OutputModel":
            yield from (from_dict(output) for output in model["state"].get("outputs", []))
        elif model["model_name"] == "HTMLModel" and model["state"].get("value"):
            yield new_output("display_data", data={"text/html": model["state"]["value"]})
