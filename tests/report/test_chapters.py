"""Executed notebooks as pages."""

import pytest
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aeslib.report.chapters import STATE, WIDGET, alternative, parts, run_note, tidy
from aeslib.report.gather import Output, Run
from aeslib.report.parts import minutes

DONE = Run("02_long_tail", "done", 12.3, 410.4)


def page(cells, run=DONE, outputs=(), state=None):
    metadata = {"widgets": {STATE: {"state": state or {}}}, "papermill": {"duration": 3.2}}
    return tidy(new_notebook(cells=cells, metadata=metadata), run, list(outputs), {"elta.F1": "How many"})


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")],
)
def test_durations(seconds, said):
    assert minutes(seconds) == said


def test_the_note_stands_under_the_title():
    made = page([new_markdown_cell("# Title\n\ntext"), new_code_cell("1")])
    assert [cell.source for cell in made.cells] == [
        "# Title\n\n```{raw} html\n<p class='run-note'>Executed notebook · 12 s · peak 410 MB</p>\n```\n\ntext",
        "1",
    ]


def test_a_notebook_without_title_gets_its_name():
    assert page([new_code_cell("1")]).cells[0].source.startswith("# 02_long_tail\n\n")


def test_a_failed_chapter_says_with_which_error():
    assert run_note(Run("14_x", "failed", 3.0, 99.0, "ValueError: a ``` fence")) == (
        ":::{admonition} This chapter failed after 3.0 s · peak 99 MB\n:class: error\n\n"
        "````text\nValueError: a ``` fence\n````\n\nThe page shows how far it came.\n:::"
    )


def test_what_papermill_adds_to_a_failed_notebook_goes():
    banner = new_markdown_cell("An Exception was encountered", metadata={"tags": ["papermill-error-cell-tag"]})
    sources = [cell.source for cell in page([banner, new_markdown_cell("# Title")]).cells]
    assert sources[0].startswith("# Title\n")
    assert banner.source not in sources


def test_nothing_of_the_machine_stays_in_the_metadata():
    made = page([new_markdown_cell("# Title")])
    assert made.metadata == {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}


def test_pictures_are_described_by_the_items_that_the_cell_names_or_by_the_heading():
    assert alternative('nb.save(item="elta.F1", figure=f)', "Counting", {"elta.F1": "How many"}) == "elta.F1: How many"
    assert alternative('save(item="no.F1")', "Counting", {}) == "Picture made by the cell under “Counting”"
    made = page([new_markdown_cell("# Title\n\n## Drawn"), new_code_cell("fig")])
    assert made.cells[-1].metadata["mystnb"]["image"]["alt"] == "Picture made by the cell under “Drawn”"


def test_saved_outputs_are_listed_with_links():
    output = Output("elta.F1-aadb", "table", {"item": "elta.F1", "caption": "Images of <AADB>.", "outputs": []})
    assert page([new_markdown_cell("# Title")], outputs=[output]).cells[-1].source == (
        "## Saved by this chapter\n\n- [elta.F1-aadb](../items/elta.md#elta-f1): Images of \\<AADB\\>."
    )


def widget(model_id, **more):
    return new_output("display_data", data={WIDGET: {"model_id": model_id}, "text/plain": "VBox()"} | more)


def test_a_widget_shows_what_it_showed():
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "AAAA"}}
    state = {
        "box": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_text", "IPY_MODEL_out"]}},
        "text": {"model_name": "HTMLModel", "state": {"value": "<b>506</b>"}},
        "out": {"model_name": "OutputModel", "state": {"outputs": [picture]}},
    }
    note, text, shown = page([new_code_cell("w", outputs=[widget("box")])], state=state).cells[-1].outputs
    assert "Below is how it looked" in note.data["text/html"]
    assert text.data == {"text/html": "<b>506</b>"}
    assert shown.data == {"image/png": "AAAA"}


def test_a_widget_inside_a_widgets_output_is_found():
    inner = {"output_type": "display_data", "metadata": {}, "data": {WIDGET: {"model_id": "text"}}}
    state = {
        "out": {"model_name": "OutputModel", "state": {"outputs": [inner]}},
        "text": {"model_name": "HTMLModel", "state": {"value": "deep"}},
    }
    outputs = page([new_code_cell("w", outputs=[widget("out")])], state=state).cells[-1].outputs
    assert outputs[-1].data == {"text/html": "deep"}


def test_a_widget_without_state_leaves_only_the_note():
    (note,) = page([new_code_cell("w", outputs=[widget("gone")])]).cells[-1].outputs
    assert note.data == {
        "text/html": '<p class="live">This part reacts when you play with it: <code>./run_all.sh lab</code> opens the '
        "chapter in JupyterLab.</p>"
    }


def test_a_widgets_own_picture_stays():
    outputs = page([new_code_cell("w", outputs=[widget("gone", **{"image/png": "AAAA"})])]).cells[-1].outputs
    assert outputs[-1].data == {"image/png": "AAAA"}


def test_a_progress_bar_goes():
    state = {
        "box": {"model_name": "HBoxModel", "state": {"children": ["IPY_MODEL_text", "IPY_MODEL_bar"]}},
        "text": {"model_name": "HTMLModel", "state": {"value": "98%"}},
        "bar": {"model_name": "FloatProgressModel", "state": {}},
    }
    result = new_output("execute_result", data={"text/plain": "506"})
    cell = new_code_cell("judge()", outputs=[widget("box"), result])
    assert page([cell], state=state).cells[-1].outputs == [result]


def test_widgets_that_hold_each_other_end():
    state = from_dict(
        {
            "a": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_b"]}},
            "b": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_a"]}},
        }
    )
    assert list(parts("a", state)) == []
