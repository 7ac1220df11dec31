"""Sphinx extension: formulas become MathML while the book is built, and no page points outside its folder."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import tostring

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from aeslib import __version__
from aeslib.errors import ParameterError

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|split|align|eqnarray|gathered|gather)\*?\}")
UNWANTED = re.compile(r"\\label\{[^}]*\}|\\(?:begin|end)\{(?:equation|displaymath)\*?\}|\\(?:nonumber|notag)\b")
OUTSIDE = re.compile(r"\s*(?:(?:[a-z][a-z0-9+.-]*:)?//|(?:mailto|javascript|vbscript):)", re.IGNORECASE)
TAG = re.compile(r"""<[a-z](?:[^"'>]|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""\s+([^\s"'>/=]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
LOADS = {"href", "src", "srcset", "poster", "action", "data", "xlink:href"}
LEADS_OUT = re.compile(r"""["']?\s*(?:(?:https?:)?//|(?:java|vb)script:)""", re.IGNORECASE)
STYLE = re.compile(r"(?<=<style)([^>]*>)(.*?)(?=</style)", re.IGNORECASE | re.DOTALL)
CSS = re.compile(r"""@import\b[^;]*;?|url\(\s*["']?\s*(?:https?:)?//[^)]*\)""", re.IGNORECASE)


def mathml(tex: str, *, block: bool = False) -> str:
    """A formula as a `<math>` element that browsers draw themselves; `alttext` keeps the TeX for screen readers.

    Raises:
        ParameterError: for TeX that cannot be read or a command that is not known.
    """
    from latex2mathml.converter import Converter

    plain = ALIGNED.sub(r"\\\1{align*}", UNWANTED.sub("", tex)).strip()
    try:
        tree = Converter(display="block" if block else "inline").convert_to_element(plain)
    except Exception as error:  # its errors share no base class
        raise ParameterError(f"formula {tex!r} cannot be read: {type(error).__name__}; mend its TeX.") from error
    del tree.attrib["xmlns"]
    tree.set("alttext", " ".join(tex.split()))
    for element in tree.iter():
        element.text = html.unescape(element.text) if element.text else None
        if element.tag == "mi" and (element.text or "").startswith("\\"):
            raise ParameterError(f"formula {tex!r}: {element.text} is not a known command; mend its TeX.")
    return tostring(tree, encoding="unicode")


def _mathml_or_tex(node: nodes.Element, *, block: bool) -> str:
    """MathML, or after a warning the TeX itself."""
    try:
        return mathml(node.astext(), block=block)
    except ParameterError as error:
        logger.warning("%s", error, location=node)
        return f"<code>{html.escape(node.astext())}</code>"


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line of text."""
    self.body.append(_mathml_or_tex(node, block=False))
    raise nodes.SkipNode


def visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on its own line, with its number when it has a label."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append(_mathml_or_tex(node, block=True) + "</div>\n")
    raise nodes.SkipNode


def inward(raw: str) -> str:
    """Return HTML without the attributes, imports and `url()`s that load from outside the report's folder or run code.

    Only what stands inside a tag or a style sheet is touched: text and quoted values may look like an attribute.
    """
    styled = STYLE.sub(lambda match: match[1] + CSS.sub("", match[2]), raw)
    return TAG.sub(lambda tag: ATTRIBUTE.sub(_inward_attribute, tag[0]), styled)


def _inward_attribute(match: re.Match[str]) -> str:
    name = match[1].lower()
    if name in LOADS and LEADS_OUT.match(match[2]):
        return ""
    return match[0].replace(match[2], CSS.sub("", match[2])) if name == "style" else match[0]


class NoOutsideLinks(SphinxPostTransform):
    """Links and pictures from elsewhere turn into their text and their address in code type."""

    default_priority = 950  # after references are resolved and notebook outputs chosen

    def run(self, **_: Any) -> None:
        """Rewrite one document in place."""
        for node in list(self.document.findall(nodes.reference)):
            uri = node.get("refuri", "")
            if OUTSIDE.match(uri):
                shown = [] if node.astext() == uri else [*node.children, nodes.Text(" ")]
                node.replace_self([*shown, nodes.literal(uri, uri)])
        for image in list(self.document.findall(nodes.image)):
            if OUTSIDE.match(image["uri"]):
                image.replace_self(nodes.literal("", f"{image.get('alt', 'picture')} {image['uri']}"))
        for node in self.document.findall(nodes.raw):
            if "html" in node.get("format", ""):
                node[:] = [nodes.Text(inward(node.astext()))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(visit_math, None), block_renderers=(visit_math_block, None))
    app.add_post_transform(NoOutsideLinks)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
