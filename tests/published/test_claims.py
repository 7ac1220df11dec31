"""The claims file: every entry well formed, and wrong ones refused by name."""

import re

import pytest

from aeslib.data.cards import KEYS
from aeslib.errors import DataError, ParameterError
from aeslib.published import items
from aeslib.published.claims import KINDS, PAPERS, claim, claims, parse

ENTRY = """
- id: elta.ordering.first
  paper: elta
  place: Sec 4
  kind: ordering
  claim: This is better than that.
  judge: best
  with: {item: elta.T1, row: Ours}
"""


def test_an_entry_is_read():
    (entry,) = parse(ENTRY, name="c.yaml")
    assert (entry.id, entry.paper, entry.item, entry.needs) == ("elta.ordering.first", "elta", None, ())
    assert entry.parameters == {"item": "elta.T1", "row": "Ours"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("paper: elta", "paper: eltra", "c.yaml: claim 1 (elta.ordering.first): paper: Input should be 'elta', "
         "'aesmamba', 'taskvec', 'mtcnn', 'aestheticnet' or 'cross'."),
        ("judge: best", "juge: best", "c.yaml: claim 1 (elta.ordering.first): judge: Field required."),
        ("kind: ordering", "kind: magnitude", "c.yaml: claim 1 (elta.ordering.first): entry: Value error, id "
         "'elta.ordering.first' must begin with 'elta.magnitude.'."),
        ("first", "First", "c.yaml: claim 1 (elta.ordering.First): id: String should match pattern "
         "'^[a-z]+\\.[a-z]+\\.[a-z0-9]+(-[a-z0-9]+)*$'."),
        ("with: {item: elta.T1, row: Ours}", "more: 1", "c.yaml: claim 1 (elta.ordering.first): more: Extra inputs "
         "are not permitted."),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(old, new, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        parse(ENTRY.replace(old, new), name="c.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY + ENTRY, "c.yaml: claim 2 (elta.ordering.first): this id is taken; every claim needs its own."),
        ("a: 1", "c.yaml: expected a list of claims, found dict."),
        ("", "c.yaml: expected a list of claims, found NoneType."),
        ("- 3", "c.yaml: claim 1 (3): entry: Input should be a valid dictionary or instance of Claim."),
    ],
)
def test_a_wrong_file_is_refused(text, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        parse(text, name="c.yaml")


def test_text_that_is_not_yaml_is_refused():
    with pytest.raises(DataError, match=r"^c\.yaml: not YAML \(.*\)\.$"):
        parse("- {a: [", name="c.yaml")


def test_a_misspelt_id_names_the_nearest():
    message = (
        "no claim named 'elta.ordering.t1-lowest-hh'. Did you mean 'elta.ordering.t1-lowest-h'? "
        f"`aeslib claims` lists all {len(claims())}."
    )
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        claim("elta.ordering.t1-lowest-hh")


def test_the_file_covers_all_papers_and_kinds():
    assert {entry.paper for entry in claims()} == set(PAPERS)
    assert {entry.kind for entry in claims()} == set(KINDS)


def test_items_and_data_sets_exist():
    assert {entry.item for entry in claims()} - {None} <= set(items().index)
    assert {key for entry in claims() for key in entry.needs} <= set(KEYS)


def test_claims_and_places_are_written_once():
    said = [(entry.claim, entry.place) for entry in claims()]
    assert len(said) == len(set(said))
