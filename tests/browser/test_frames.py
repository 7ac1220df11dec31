"""Widgets on a page of the report, opened from disk without a kernel: their controls choose among kept frames."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:'myst_parser:PendingDeprecationWarning")]
PAGE = "notebooks/02_long_tail.html"


def words(film):
    return film.locator(".frame-words").inner_text()


def told(film):
    return film.locator(".frame .told").inner_text()


def slider(film, name):
    return film.get_by_label(name, exact=True)


@pytest.fixture
def films(open_page):
    """The page's widgets: a grid of two controls, three controls that move alone, a text."""
    found = open_page(PAGE).locator(".frames")
    assert found.count() == 3
    return [found.nth(place) for place in range(3)]


def test_a_slider_changes_the_frame_and_its_words(films):
    grid = films[0]
    assert (words(grid), told(grid)) == ("a: 2 · level: low", "{'a': 2, 'level': 'low'}")
    slider(grid, "a").fill("0")
    assert (words(grid), told(grid)) == ("a: 0 · level: low", "{'a': 0, 'level': 'low'}")
    grid.locator("select").select_option("high")
    assert (words(grid), told(grid)) == ("a: 0 · level: high", "{'a': 0, 'level': 'high'}")
    assert told(films[1]) == "{'p': 0.5, 'q': 0.5, 'r': 0.5}", "another widget stays as it was"


def test_every_frame_can_be_reached_and_is_labelled_with_its_values(films):
    grid = films[0]
    for a in range(4):
        for level in ("low", "high"):
            slider(grid, "a").fill(str(a))
            grid.locator("select").select_option(level)
            assert words(grid) == f"a: {a} · level: {level}"
            assert told(grid) == str({"a": a, "level": level})
            assert grid.locator(".frame img").evaluate("async one => { await one.decode(); return one.naturalWidth; }")


def test_the_keyboard_alone_moves_it_and_the_value_is_told(films, open_page):
    grid = films[0]
    slider(grid, "a").focus()
    keyboard = grid.page.keyboard
    keyboard.press("ArrowRight")
    assert told(grid) == "{'a': 3, 'level': 'low'}"
    assert slider(grid, "a").get_attribute("aria-valuetext") == "3"
    assert grid.locator("output").first.inner_text() == "3"
    keyboard.press("Home")
    assert told(grid) == "{'a': 0, 'level': 'low'}"
    keyboard.press("Tab")
    keyboard.press("ArrowDown")
    assert told(grid) == "{'a': 0, 'level': 'high'}"


def test_of_controls_that_move_alone_the_others_go_back(films):
    alone = films[1]
    slider(alone, "p").fill("3")
    assert told(alone) == "{'p': 1.0, 'q': 0.5, 'r': 0.5}"
    slider(alone, "r").fill("0")
    assert (words(alone), told(alone)) == ("p: 0.5 · q: 0.5 · r: 0", "{'p': 0.5, 'q': 0.5, 'r': 0.0}")
    assert slider(alone, "p").input_value() == "1"
    assert alone.locator("output").all_inner_texts() == ["0.5", "0.5", "0"]


def test_a_widget_whose_controls_have_no_list_shows_what_it_showed(films):
    text = films[2]
    assert words(text) == "as it was when the chapter ran"
    assert told(text) == "{'text': '<as it was>'}"
    assert text.locator("form").count() == 0


def test_without_scripts_the_first_frame_is_there_and_no_dead_control(chromium, report):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{report.as_uri()}/{PAGE}")
    grid = page.locator(".frames").first
    assert words(grid) == "a: 2 · level: low"
    assert grid.locator(".frame img").is_visible()
    assert not grid.locator("form").is_visible()
    context.close()
