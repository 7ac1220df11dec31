from base64 import b64decode

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from aeslib.widgets.choose import Choose, picture


def figure_of(height: float) -> Figure:
    fig = plt.figure(figsize=(1, height), dpi=50)
    plt.close(fig)
    return fig


def size(html: str) -> tuple[int, int]:
    """Width and height of the PNG inside an `img` element, from its header."""
    data = b64decode(html.split("base64,")[1].split('"', maxsplit=1)[0])
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def test_a_figure_becomes_an_image_of_its_own_size():
    html = picture(figure_of(2), 'the "best" <one>')
    assert html.startswith('<img alt="the &quot;best&quot; &lt;one&gt;" src="data:image/png;base64,')
    assert size(html) == (50, 100)


def test_the_first_is_shown_and_then_what_is_chosen():
    chooser = Choose({"low": 1, "high": 3}, figure_of, "how high")
    assert (chooser.menu.description, chooser.menu.value, size(chooser.shown.value)) == ("how high", "low", (50, 50))
    chooser.menu.value = "high"
    assert size(chooser.shown.value) == (50, 150)
    assert 'alt="high"' in chooser.shown.value
