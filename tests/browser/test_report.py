"""The report in a browser, opened from disk."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:'myst_parser:PendingDeprecationWarning")]
PAGES = (
    "index.html", "gallery.html", "claims.html", "data.html", "environment.html", "items/elta.html",
    "notebooks/02_long_tail.html", "notebooks/14_elta_ablation.html", "data_cards/ava.html", "api/aeslib.report.html",
)  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_pages_open_without_a_word_in_the_console(open_page, name):
    page = open_page(name)
    assert page.locator("h1").count() == 1
    assert page.locator("nav.related-pages").count() == 1


def test_search_finds_a_word_of_a_chapter(open_page):
    page = open_page("index.html")
    page.get_by_role("searchbox").or_(page.get_by_placeholder("Search")).first.fill("zebrafinch")
    page.keyboard.press("Enter")
    link = page.locator("#search-results a").first
    link.wait_for()
    assert page.locator("#search-results li").count() == 1
    link.click()
    page.wait_for_url("**/notebooks/02_long_tail.html*")


def visible(page):
    return page.locator("table.claims tbody tr:visible").count()


def test_claims_are_filtered_by_each_field_and_all_come_back(open_page):
    page = open_page("claims.html")
    assert visible(page) == 4
    for field, value, left in (
        ("verdict", "exact", 1),
        ("paper", "elta", 2),
        ("kind", "ordering", 1),
        ("item", "mtcnn.T1", 1),
    ):
        page.locator(f"#filters [name={field}]").select_option(value)
        assert visible(page) == left
        page.get_by_role("button", name="show all").click()
        page.wait_for_function("document.getElementById('shown').textContent === '4 claims'")
        assert visible(page) == 4


def test_claims_are_filtered_by_words_with_the_keyboard_alone(open_page):
    page = open_page("claims.html")
    page.locator("#filters [name=item]").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("MODULE rises")
    assert visible(page) == 1
    assert page.locator("#shown").inner_text() == "1 of 4 claims"
    page.keyboard.type(" nowhere")
    assert visible(page) == 0


def test_a_filter_can_be_linked_to(open_page):
    page = open_page("index.html")
    page.locator("ul.verdicts a", has_text="holds here").click()
    page.wait_for_url("**/claims.html#verdict=holds+here")
    assert visible(page) == 1
    assert page.locator("#filters [name=verdict]").input_value() == "holds here"
    page.reload()
    assert visible(page) == 1


@pytest.mark.parametrize("name", ["gallery.html", "items/elta.html", "notebooks/02_long_tail.html"])
def test_pictures_are_there(open_page, name):
    page = open_page(name)
    pictures = page.locator("article img")
    assert pictures.count() > 0
    for place in range(pictures.count()):
        pictures.nth(place).scroll_into_view_if_needed()
        width = pictures.nth(place).evaluate("async image => { await image.decode(); return image.naturalWidth; }")
        assert width > 0


def test_the_gallery_can_leave_out_what_is_missing(open_page):
    page = open_page("gallery.html")
    assert page.locator(".item:visible").count() == 90
    page.get_by_label("only what is made").check()
    assert page.locator(".item:visible").count() == 3


@pytest.mark.parametrize("name", ["index.html", "gallery.html", "claims.html", "items/elta.html"])
def test_a_narrow_window_needs_no_sideways_scrolling(open_page, name):
    page = open_page(name)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_formulas_are_drawn(open_page):
    page = open_page("notebooks/02_long_tail.html")
    box = page.locator("math").first.bounding_box()
    assert box["width"] > 20
    assert box["height"] > 10
    assert page.locator("math mfrac").first.evaluate("node => node.namespaceURI").endswith("/MathML")
