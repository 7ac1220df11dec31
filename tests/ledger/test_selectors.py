"""Bad evidence never becomes a verdict: every name that a claim selects by is checked, and so is what it selects.

The cases are made from the claims themselves: for every rule and each of its parameters that names something, the
first claim that has it, with that name misspelt or given twice.
"""

import copy
import re
from functools import reduce

import pandas as pd
import pytest

from aeslib import published
from aeslib.errors import DataError, ParameterError
from aeslib.ledger.core import judge, judge_all, ledger
from aeslib.ledger.evidence import JUDGES, Evidence, saved
from aeslib.ledger.models import count
from aeslib.published.claims import Claim, claim, claims

WORDS = {"compare.what", "compare.formula", "compare.by", "lost.what"}
"""Parameters that are prose or arithmetic, not names."""
NAMELESS = {
    "aesmamba.constant_prompt", "aesmamba.encoder_size", "aesmamba.printed_order", "aesmamba.word_order",
    "aestheticnet.any_size", "aestheticnet.dilation", "elta.empty_selection", "elta.mixing",
    "elta.normalised_over_the_batch", "elta.temperature", "mtcnn.layer_split", "taskvec.limits", "taskvec.orthogonal",
    "taskvec.template", "taskvec.tied_ranks",
}  # fmt: skip
"""Rules whose parameters are numbers alone."""
COLUMNS = ["row", "metric", "group", "rival", "stage", "setting"]
INTERVAL = {"change": 0.2, "change low": 0.1, "change high": 0.3, "seeds": 5}


def leaves(value, path=()):
    """Paths to all strings in a claim's parameters; a `where`'s axes are strings too."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if path[:1] == ("where",):
                yield (*path, "axis", name)
            yield from leaves(entry, (*path, name))
    elif isinstance(value, list):
        for k, entry in enumerate(value):
            yield from leaves(entry, (*path, k))
    elif isinstance(value, str):
        yield from ((*path, "part", k) for k in range(len(value.split(" | "))))


def generic(path):
    """The path without what differs from claim to claim: places in lists, and names of cells."""
    free = {"cells", "rivals", "left", "right"}
    return tuple("*" if isinstance(p, int) or (k == 1 and path[0] in free) else p for k, p in enumerate(path))


def first_of_each(paths):
    """(claim, path) of the first claim that has each kind of path."""
    kinds = {}
    for entry in claims():
        for path in paths(entry.parameters):
            name = f"{entry.judge}.{path[0]}"
            place = "" if len(path) < 2 or path[-2] != "part" else path[-1]
            if name not in WORDS:
                kinds.setdefault((entry.judge, generic(path), place), (entry, path))
    return [pytest.param(*case, id=f"{key[0]}-{'.'.join(map(str, case[1]))}") for key, case in kinds.items()]


def changed(entry: Claim, path, change) -> tuple[Claim, str]:
    """The claim with `change` applied at the end of the path, and the name as it was."""
    parameters = copy.deepcopy(entry.parameters)
    if path[-2] == "axis":
        holder = reduce(lambda at, step: at[step], path[:-2], parameters)
        holder[change(path[-1])] = holder.pop(path[-1])
        return entry.model_copy(update={"parameters": parameters}), path[-1]
    *steps, last = path[:-2]
    holder = reduce(lambda at, step: at[step], steps, parameters)
    parts = holder[last].split(" | ")
    name, parts[path[-1]] = parts[path[-1]], change(parts[path[-1]])
    holder[last] = " | ".join(parts)
    return entry.model_copy(update={"parameters": parameters}), name


def lists(value, path=()):
    """Paths to all lists of names."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from lists(entry, (*path, name))
    elif path == ("pairs",) or (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
        yield path


@pytest.fixture
def results():
    """Tables as chapters would save them, with a row for each claim about runs."""
    rows = {}
    for entry in claims():
        if entry.judge == "experiment":
            line = {name: entry.parameters.get(name, "") for name in COLUMNS}
            rows.setdefault(entry.parameters["result"], []).append(line | INTERVAL)
    for stem, table in rows.items():
        path = saved("default", stem)
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(table).drop_duplicates().to_csv(path, index=False)


SELECTORS = first_of_each(leaves)


@pytest.mark.parametrize(("entry", "path"), SELECTORS)
def test_a_misspelt_name_is_no_verdict(entry, path, results):
    misspelt, name = changed(entry, path, lambda right: f"{right}x")
    with pytest.raises(ParameterError) as error:
        judge(misspelt)
    message = str(error.value)
    assert message.startswith(f"claim {entry.id}: no ")
    assert f"named '{name}x'. Did you mean {name!r}? Known: " in message
    assert judge(entry)["verdict"]


def test_every_rule_is_tried():
    assert set(JUDGES) - {case.values[0].judge for case in SELECTORS} == NAMELESS


@pytest.mark.parametrize(("entry", "path"), first_of_each(lists))
def test_a_name_given_twice_is_no_verdict(entry, path, results):
    parameters = copy.deepcopy(entry.parameters)
    names = reduce(lambda at, step: at[step], path, parameters)
    names.append(names[0])
    with pytest.raises(ParameterError, match=rf"^claim {re.escape(entry.id)}: .* is given twice; give it once\.$"):
        judge(entry.model_copy(update={"parameters": parameters}))


READERS = {
    entry.judge: entry for entry in claims() if isinstance(entry.parameters.get("item"), str)
} | {entry.judge: entry for entry in claims() if re.search(r"\w+\.[TF]\d+ \| ", str(entry.parameters))}  # fmt: skip


@pytest.mark.parametrize("entry", READERS.values(), ids=READERS)
def test_a_cell_that_stands_twice_is_no_verdict(entry, monkeypatch):
    table = published.table.__wrapped__

    def doubled(item):
        frame = table(item)
        return pd.concat([frame, frame.iloc[:1]], ignore_index=True)

    monkeypatch.setattr(published, "table", doubled)
    with pytest.raises(DataError, match=rf"^claim {re.escape(entry.id)}: \S+ \| .* stands twice in the published"):
        judge(entry)


def test_a_row_that_stands_twice_in_a_saved_table_is_no_verdict(results):
    entry = claim("elta.ordering.run-t1-ava-l")
    path = saved("default", entry.parameters["result"])
    table = pd.read_csv(path)
    pd.concat([table, table], ignore_index=True).to_csv(path, index=False)
    message = (
        "claim elta.ordering.run-t1-ava-l: elta.T1 has 2 rows with row 'Ours', metric 'L', group 'AVA', expected one; "
        "make the table again."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        judge(entry)


def test_a_selection_that_leaves_several_rows_says_what_tells_them_apart(results):
    entry = claim("elta.ordering.run-t1-ava-l")
    parameters = {name: value for name, value in entry.parameters.items() if name != "group"}
    with pytest.raises(DataError, match=r"elta\.T1 has \d rows with row 'Ours', metric 'L', expected one; select by"):
        judge(entry.model_copy(update={"parameters": parameters}))


def test_a_column_that_the_saved_table_lacks_is_named(results):
    entry = claim("elta.ordering.run-t1-ava-l")
    path = saved("default", entry.parameters["result"])
    pd.read_csv(path).drop(columns="group").to_csv(path, index=False)
    with pytest.raises(ParameterError, match=r"run-t1-ava-l: no column of elta\.T1 named 'group'"):
        judge(entry)


@pytest.mark.parametrize("change", [lambda t: pd.concat([t, t]), lambda t: t.drop(columns="null low")])
def test_a_damaged_band_is_no_verdict(change):
    line = {"pairs": 15, "mean": 0.1, "lowest": 0, "highest": 1, "null low": 0, "null high": 1, "outside the band": 0}
    path = saved("default", "taskvec.F4-band")
    path.parent.mkdir(parents=True, exist_ok=True)
    change(pd.DataFrame([line])).to_csv(path, index=False)
    with pytest.raises((DataError, ParameterError), match=r"^claim taskvec\.qualitative\.run-f4-orthogonal: .*F4-band"):
        judge(claim("taskvec.qualitative.run-f4-orthogonal"))


def test_parameters_of_statistics_and_models_are_checked():
    with pytest.raises(ParameterError, match=r"^no parameter of a statistic named 'splt'\. Did you mean 'split'\?"):
        Evidence().number({"labels": "aadb", "splt": "train", "stat": "rows"})
    with pytest.raises(ParameterError, match=r"^no parameter of the model 'mlp' named 'layer'\. Did you mean 'layers'"):
        count(Evidence(), model="mlp", layer=[3, 2], count="parameters")


def broken(slug, row):
    """A claim that selects a row which is not there."""
    fields = {"id": f"elta.ordering.{slug}", "paper": "elta", "place": "Sec 0", "kind": "ordering", "judge": "best"}
    return Claim.model_validate(fields | {"claim": "Made up for a test.", "with": {"item": "elta.T1", "row": row}})


def test_judging_all_names_every_claim_that_cannot_be_judged(monkeypatch):
    entries = (broken("first", "Our"), claim("elta.ordering.t1-lowest-h"), broken("second", "Bases."))
    monkeypatch.setattr("aeslib.ledger.core.claims", lambda: entries)
    for judging in (judge_all, ledger):
        with pytest.raises(ParameterError) as error:
            judging()
        first, *lines = str(error.value).splitlines()
        assert first == "2 claims cannot be judged:"
        assert [line.partition(" Known")[0] for line in lines] == [
            "claim elta.ordering.first: no row of elta.T1 named 'Our'. Did you mean 'Ours'?",
            "claim elta.ordering.second: no row of elta.T1 named 'Bases.'. Did you mean 'Base.'?",
        ]


def test_whatever_a_judge_stumbles_over_names_the_claim():
    entry = claim("elta.arithmetic.t4-tfa-removed-l")
    wrong = entry.model_copy(update={"parameters": entry.parameters | {"formula": "a + nothing"}})
    with pytest.raises(ParameterError, match=r"^claim \S+-removed-l: judge compare cannot use its"):
        judge(wrong)


@pytest.mark.parametrize(
    ("rule", "parameters"),
    [
        ("at_least_median", {"row": "EMD loss"}),
        ("single_peak", {"where": {"column": ["Accuracy"]}}),
        ("could_total", {"where": {"column": ["Accuracy"]}, "says": 1}),
        ("fractions", {"counts": "Accuracy", "shares": "EMD", "within": 1}),
    ],
)
def test_cells_without_a_number_are_no_verdict(rule, parameters):
    """They were: NaN is below nothing, differs from nothing and adds up to 0."""
    with pytest.raises(DataError, match=r"^aestheticnet\.T3 has no number at .*; select cells that have one\.$"):
        JUDGES[rule](Evidence(), item="aestheticnet.T3", **parameters)


@pytest.mark.parametrize(
    ("rule", "parameters"),
    [
        ("between", {"triples": []}),
        ("increasing", {"cells": {}}),
        ("printed", {"item": "aesmamba.T4", "where": {"row": []}}),
    ],
)
def test_an_empty_selection_is_no_verdict(rule, parameters):
    with pytest.raises(ParameterError, match=r"no numbers are named|no row of aesmamba\.T4 is selected"):
        JUDGES[rule](Evidence(), **parameters)


def test_a_lead_needs_two_cells_with_deviations_and_a_level():
    lead = {"own": "aesmamba.T4 | 10-shot | AesMamba-P | SRCC", "rival": "aesmamba.T4 | 10-shot | AFF-PIAA | SRCC"}
    judge_lead = JUDGES["clear_lead"]
    with pytest.raises(ParameterError, match="is given twice"):
        judge_lead(Evidence(), **lead | {"rival": lead["own"]}, trials=10)
    for change in ({"trials": 1}, {"trials": 10, "level": 5}):
        with pytest.raises(ParameterError, match="expected 2 trials or more and a level from 0 to 1"):
            judge_lead(Evidence(), **lead, **change)
    with pytest.raises(DataError, match=r"no number at aesmamba\.T1 .* AesMamba-V \| SRCC, std"):
        judge_lead(Evidence(), **lead | {"own": "aesmamba.T1 | AVA | AesMamba-V | SRCC"}, trials=10)
