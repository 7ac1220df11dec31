"""API pages from source."""

import ast

from aeslib.report.api import entries, floors, function, members, modules, prose


def only(source):
    return ast.parse(source).body[0]


def test_a_function_keeps_its_signature_and_its_sections():
    source = '''
def emd(pred: Float[Tensor, "B K"], *, r: int = 2) -> Tensor:
    """Distance between `pred` and *target* [talebi2018nima].

    Args:
        pred: shares, summing
            to 1.
        r: order of the norm.

    Raises:
        ValueError: for a row <= 0.
    """
'''
    assert function(only(source), inside_class=False) == (
        "::::::{py:function} emd(pred: Float[Tensor, 'B K'], *, r: int=2) -> Tensor\n:no-index-entry:\n\n"
        "Distance between `pred` and \\*target\\* \\[talebi2018nima\\].\n\n"
        "\n**Args:** \n\n\n- `pred`: shares, summing\n  to 1.\n- `r`: order of the norm.\n\n\n"
        "\n**Raises:** \n\n\n- `ValueError`: for a row \\<= 0.\n::::::"
    )


def test_a_class_shows_fields_properties_and_methods_but_nothing_private():
    source = '''
class Box(Base):
    """A box."""

    size: int = 3
    """In pixels."""
    _secret: int = 4

    @property
    def area(self) -> int:
        """Its area."""

    @classmethod
    def of(cls, name: str) -> "Box":
        """One of that name."""

    def _hidden(self) -> None:
        """No."""
'''
    (made,) = members(ast.parse(source).body, inside_class=False)
    assert made == (
        ":::::::{py:class} Box(Base)\n:no-index-entry:\n\nA box.\n\n"
        "::::::{py:attribute} size\n:no-index-entry:\n:type: int\n:value: 3\n\nIn pixels.\n::::::\n\n"
        "::::::{py:property} area\n:no-index-entry:\n:type: int\n\nIts area.\n::::::\n\n"
        "::::::{py:method} of(name: str) -> 'Box'\n:no-index-entry:\n:classmethod:\n\nOne of that name.\n::::::\n"
        ":::::::"
    )


def test_a_constant_is_shown_when_it_is_explained():
    made = list(members(ast.parse('A = 1\n"""One."""\nB = 2\n').body, inside_class=False))
    assert made == ["::::::{py:data} A\n:no-index-entry:\n:value: 1\n\nOne.\n::::::"]


def test_indented_blocks_stay_as_they_stand():
    assert prose("Columns:\n  a   first\n  b   second\n\nEnd $x$.", literal=True) == (
        "Columns:\n\n```text\n  a   first\n  b   second\n```\n\n\nEnd \\$x\\$."
    )


def test_sections_without_entries_are_prose():
    assert list(entries("    (N,) scores.")) == ["(N,) scores."]


def test_rooms_come_by_floor_and_every_module_has_one():
    listed = [room for layer in floors() for room in layer]
    assert listed.index("aeslib.cli") < listed.index("aeslib.report") < listed.index("aeslib.errors")
    assert len(listed) == len(set(listed))
    assert "aeslib.report.gather" in modules("aeslib.report")
    assert modules("aeslib.errors") == ["aeslib.errors"]
