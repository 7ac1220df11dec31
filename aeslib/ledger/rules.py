"""The general judges: most claims of a paper are one of these with its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from aeslib.errors import ParameterError, unknown
from aeslib.imbalance import LEFT, Bins
from aeslib.ledger.evidence import Evidence, Finding, MissingDataError, Number, judge, measured, missing, settled
from aeslib.ledger.labels import of_split
from aeslib.ledger.selectors import CELL, check_numbers, one_row, require
from aeslib.published.beside import agrees, last_place

Where = Mapping[str, Sequence[str]]
Cells = Mapping[str, Number]
Precision = Literal["float64", "float32"]
RELATIONS = {"=": np.equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


def show(number: float) -> str:
    """A number as a reader writes it: 255,528 or 0.8864."""
    return f"{number:,.0f}" if abs(number) >= 1e4 else f"{number:,.4f}".rstrip("0").rstrip(".")


def few(parts: Sequence[str], most: int = 4) -> str:
    """Up to `most` parts in one line, and how many more there are."""
    rest = f" and {len(parts) - most} more" if len(parts) > most else ""
    return "; ".join(parts[:most]) + rest


def numbers_at(see: Evidence, places: Iterable[Number]) -> list[float]:
    """Return the numbers at these places; a misspelt one is an error even where the data of another are not here."""
    values: list[float] = []
    lacking: list[MissingDataError] = []
    for place in places:
        try:
            values.append(see.number(place))
        except MissingDataError as error:
            lacking.append(error)
    if lacking:
        raise lacking[0]
    if not values:
        raise ParameterError("no numbers are named; name those that the claim is about.")
    return values


def selected(see: Evidence, item: str, where: Where | None) -> pd.DataFrame:
    """The published cells of an item whose group, row or column is among those of `where`."""
    frame = see.table(item)
    for name, labels in (where or {}).items():
        require([name], CELL, "axis")
        if not labels:
            raise ParameterError(f"no {name} of {item} is selected; name some, or leave {name!r} out for all.")
        require(labels, frame[name].unique(), f"{name} of {item}")
        frame = frame[frame[name].isin(labels)]
    return frame


def spread(
    see: Evidence, item: str, axis: str, where: Where | None, lower: Sequence[str]
) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """The cells with `axis` as columns; for each line +1 or, where smaller is better, -1, and its name."""
    require([axis], CELL, "axis")
    others = [name for name in CELL if name != axis]
    require(lower, pd.unique(see.table(item)[others].to_numpy().ravel()), f"{' or '.join(others)} of {item}")
    frame = selected(see, item, where)
    wide = frame.set_index([*others, axis])["value"].unstack(axis)[list(dict.fromkeys(frame[axis]))]
    wide = wide.loc[list(dict.fromkeys(zip(frame[others[0]], frame[others[1]], strict=True)))]
    sign = pd.Series([-1.0 if set(line) & set(lower) else 1.0 for line in wide.index], wide.index)
    return wide, sign, [" ".join(filter(None, line)) for line in wide.index]


@judge
def compare(
    see: Evidence,
    *,
    what: str,
    formula: str,
    cells: Cells,
    says: Number,
    relation: str = "=",
    within: float = 0.0,
    by: str = "stated",
) -> Finding:
    """A number worked out from others stands in the claimed relation to the one in the text.

    Args:
        what: name of the quantity, with its unit.
        formula: arithmetic over the names of `cells`.
        cells: name → number or its place.
        says: what the paper states.
        relation: one of =, <, <=, >, >=.
        within: tolerance of "=": half a unit of the last digit of a rounded number.
        by: whose number that is, where it is not the same text.
    """
    if relation not in RELATIONS:
        raise unknown("relation", relation, RELATIONS)
    *values, said = numbers_at(see, [*cells.values(), says])
    numbers = dict(zip(cells, values, strict=True))
    ours = float(pd.eval(formula, local_dict=numbers, global_dict={}, engine="python"))  # type: ignore[arg-type]
    holds = abs(ours - said) <= within + 1e-9 if relation == "=" else bool(RELATIONS[relation](ours, said))
    sign = {"=": "", "<": "below ", "<=": "at most ", ">": "above ", ">=": "at least "}[relation]
    filled = re.sub(r"[A-Za-z_]\w*", lambda name: show(numbers[name[0]]), formula)
    working = "" if formula in numbers else f"{filled} = "
    return settled(holds, published=f"{sign}{show(said)}", ours=show(ours),
                   why=f"{what[0].upper()}{what[1:]}: {working}{show(ours)}; {by}: {sign}{show(said)}.")  # fmt: skip


@judge
def best(
    see: Evidence,
    *,
    item: str,
    row: str,
    where: Where | None = None,
    lower: Sequence[str] = (),
    among: Sequence[str] | None = None,
    axis: str = "row",
    rank: int = 1,
    ties: bool = False,
    last: bool = False,
) -> Finding:
    """One line of a table leads all others in every cell looked at.

    Args:
        item: the table.
        row: the line that is said to lead.
        where: axis → labels to look at; all when left out.
        lower: labels for which smaller is better.
        among: rivals; all others when left out.
        axis: what is compared: rows, columns or groups.
        rank: worst place that still satisfies the claim.
        ties: whether sharing the place satisfies it.
        last: the line is said to trail instead.
    """
    wide, sign, names = spread(see, item, axis, where, lower)
    require([row, *(among or ())], wide.columns, f"{axis} of {item}")
    scores = wide[[row, *(among or wide.columns.drop(row))]].mul(-sign if last else sign, axis=0)
    beaten: list[tuple[float, str]] = []
    kept: list[tuple[float, str]] = []
    tied: list[str] = []
    for name, line in zip(names, wide.index, strict=True):
        mine, rivals = scores.loc[line, row], scores.loc[line].drop(row)
        if np.isnan(mine):
            continue
        top = rivals.idxmax()
        told = f"{name} {show(wide.loc[line, row])} against {show(wide.loc[line, top])} of {top}".lstrip()
        place = 1 + (rivals > mine).sum() + (0 if ties else (rivals == mine).sum())
        (beaten if place > rank else kept).append((mine - rivals[top], told))
        tied += [name] if mine == rivals[top] else []
    n, good = len(beaten) + len(kept), len(kept)
    if not n:
        raise ParameterError(f"{item}: the source text holds no number of {row!r}; judge it with `lost`.")
    standing = ("last" if last else "first") if rank == 1 else f"among the {'last' if last else 'first'} {rank}"
    notes = [f"not in {few([told for _, told in beaten])}" if beaten else f"closest: {min(kept)[1]}"]
    notes += [f"shared in {few(tied)}"] if ties and tied else []
    notes += [f"{len(wide) - n} cells have no printed number"] if n < len(wide) else []
    return settled(not beaten, published=f"{standing} in all {n}", ours=f"{good} of {n}",
                   why="; ".join([f"{row} is {standing} in {good} of {n} comparisons", *notes]) + ".")  # fmt: skip


@judge
def improves(
    see: Evidence,
    *,
    item: str,
    pairs: Sequence[Sequence[str]],
    where: Where | None = None,
    lower: Sequence[str] = (),
    axis: str = "row",
    ties: bool = False,
) -> Finding:
    """The first of each pair of lines is better than the second in every cell looked at (`best` has the parameters)."""
    wide, sign, names = spread(see, item, axis, where, lower)
    names_of_pairs = [" over ".join(pair) for pair in pairs]
    require(names_of_pairs, names_of_pairs, "pair")
    for pair in pairs:
        require(pair, wide.columns, f"{axis} of {item}")
    gains = {
        f"{better} {show(one)} against {than} {show(other)}" + (f" in {name}" if name else ""): s * (one - other)
        for better, than in pairs
        for name, one, other, s in zip(names, wide[better], wide[than], sign, strict=True)
    }
    read = {told: gain for told, gain in gains.items() if not np.isnan(gain)}
    worse = [told for told, gain in read.items() if gain < 0 or (gain == 0 and not ties)]
    n, good = len(read), len(read) - len(worse)
    notes = [f"not so: {few(worse)}" if worse else f"the smallest step: {min(read, key=read.__getitem__)}"]
    notes += [f"{len(gains) - n} comparisons have no printed number"] if n < len(gains) else []
    return settled(not worse, published=f"better in all {n}", ours=f"{good} of {n}",
                   why="; ".join([f"{good} of {n} comparisons go the stated way", *notes]) + ".")  # fmt: skip


@judge
def ahead(see: Evidence, *, own: Number, rivals: Cells, lower: bool = False) -> Finding:
    """One number is better than each of some others, possibly from another paper."""
    mine, *values = numbers_at(see, [own, *rivals.values()])
    others = dict(zip(rivals, values, strict=True))
    over = [f"{name} {show(x)}" for name, x in others.items() if (x <= mine if lower else x >= mine)]
    nearest = (min if lower else max)(others.values())
    told, n = f"not better than {few(over, 6)}" if over else f"the nearest is {show(nearest)}", len(others)
    return settled(not over, published=f"{show(mine)}, ahead of all", ours=f"ahead of {n - len(over)} of {n}",
                   why=f"{show(mine)} is ahead of {n - len(over)} of {n}; {told}.")  # fmt: skip


@judge
def increasing(see: Evidence, *, cells: Cells) -> Finding:
    """The numbers grow in the order given."""
    numbers = dict(zip(cells, numbers_at(see, cells.values()), strict=True))
    falls = [f"{b} after {a}" for (a, x), (b, y) in pairwise(numbers.items()) if y <= x]
    row = ", ".join(f"{name} {show(x)}" for name, x in numbers.items())
    return settled(not falls, published="growing", ours=", ".join(map(show, numbers.values())),
                   why=f"{row}: " + (f"no growth at {few(falls)}." if falls else "always growing."))  # fmt: skip


@judge
def same_order(see: Evidence, *, left: Cells, right: Cells) -> Finding:
    """Two sets of numbers rank the same things in the same order."""
    require(right, left, "name of `left`")
    require(left, right, "name of `right`")
    numbers = iter(numbers_at(see, [*left.values(), *right.values()]))
    values = [{name: next(numbers) for name in side} for side in (left, right)]
    ranked = [sorted(side, key=side.__getitem__, reverse=True) for side in values]
    told = [", ".join(f"{name} {show(side[name])}" for name in order)
            for side, order in zip(values, ranked, strict=True)]  # fmt: skip
    return settled(ranked[0] == ranked[1], published="the same order", ours=f"{told[0]} / {told[1]}",
                   why=f"From the top: {told[0]} on one side, {told[1]} on the other.")  # fmt: skip


@judge
def between(see: Evidence, *, triples: Sequence[Sequence[Number]], within: float = 0.0) -> Finding:
    """Every middle number of (low, number, high) lies between the outer ones, give or take a rounding."""
    numbers = iter(numbers_at(see, [place for triple in triples for place in triple]))
    values = [tuple(next(numbers) for _ in triple) for triple in triples]
    told = [f"{show(x)} in {show(a)} to {show(b)}" for a, x, b in values]
    out = [text for text, (a, x, b) in zip(told, values, strict=True) if not a - within <= x <= b + within]
    return settled(not out, published=f"all {len(values)} inside", ours=f"{len(values) - len(out)} of {len(values)}",
                   why=f"Not so: {few(out)}." if out else f"{few(told)}: inside.")  # fmt: skip


@judge
def agree(
    see: Evidence,
    *,
    left: str,
    right: str,
    rows: Mapping[str, str] | Sequence[str],
    columns: Mapping[str, str] | Sequence[str],
    within: float = 1e-9,
) -> Finding:
    """Two places print the same numbers.

    Args:
        left: "item | group".
        right: the same for the other place.
        rows: label left → label right (or "group | row" there), or labels that are the same.
        columns: the same for columns.
        within: tolerance, for numbers printed with fewer digits.
    """
    require(rows, rows, "row")
    require(columns, columns, "column")
    pairs = [dict(x) if isinstance(x, Mapping) else dict.fromkeys(x) for x in (rows, columns)]
    differ, n = [], 0
    for row, row2 in pairs[0].items():
        for column, column2 in pairs[1].items():
            a, b = f"{left} | {row} | {column}", f"{right} | {row2 or row} | {column2 or column}"
            x, y = float(see.cell(a)["value"]), float(see.cell(b)["value"])
            n += not np.isnan(x - y)
            if abs(x - y) > within:
                differ.append(f"{row} {column} {show(x)} against {show(y)}")
    if not n:
        raise ParameterError(f"{left} and {right} have no two numbers to compare.")
    told = f"{n - len(differ)} of {n} numbers agree"
    return settled(not differ, published="the same numbers", ours=told,
                   why=told + (f"; not {few(differ)}." if differ else "."))  # fmt: skip


@judge
def mean_of(see: Evidence, *, item: str, row: str, mean: str, columns: Sequence[str], within: float) -> Finding:
    """The printed average of a row is the mean of its other blocks."""
    wide, _, _ = spread(see, item, "column", {"row": [row], "column": columns}, ())
    wide = wide.droplevel("row")
    require([mean], wide.index, f"group of {item}")
    check_numbers(wide, item)
    ours, printed = wide.drop(index=mean).mean().to_numpy(float), wide.loc[mean].to_numpy(float)
    texts = [f"{c}: mean {show(a)}, printed {show(b)}" for c, a, b in zip(wide, ours, printed, strict=True)]
    return settled(bool((abs(ours - printed) <= within + 1e-9).all()), published=" / ".join(map(show, printed)),
                   ours=" / ".join(map(show, ours)), why=f"{row}, {'; '.join(texts)}.")  # fmt: skip


@judge
def size(see: Evidence, *, item: str, axis: str, says: int, without: Sequence[str] = ()) -> Finding:
    """A table has so many lines, leaving some out."""
    require([axis], CELL, "axis")
    lines = see.table(item)[axis].unique()
    require(without, lines, f"{axis} of {item}")
    names = [name for name in lines if name not in without]
    return settled(len(names) == says, published=str(says), ours=str(len(names)),
                   why=f"{item} has {len(names)}: {', '.join(names)}.")  # fmt: skip


@judge
def closer(see: Evidence, *, item: str, where: Where, truth: str, better: str, worse: str) -> Finding:
    """In every row one column is closer to the truth than another."""
    wide, _, names = spread(see, item, "column", where, ())
    require([truth, better, worse], wide.columns, f"column of {item}")
    check_numbers(wide[[truth, better, worse]], item)
    near, far = abs(wide[better] - wide[truth]), abs(wide[worse] - wide[truth])
    off = [f"{name} {show(a)} against {show(b)}" for name, a, b in zip(names, near, far, strict=True) if not a < b]
    return settled(not off, published=f"closer in all {len(wide)}", ours=f"{len(wide) - len(off)} of {len(wide)}",
                   why=f"{better} is off by {show(near.mean())} on average, {worse} by {show(far.mean())}"
                       + (f"; not closer in {few(off)}." if off else "."))  # fmt: skip


@judge
def fractions(see: Evidence, *, item: str, counts: str, shares: str, within: float) -> Finding:
    """A column of shares is its column of counts divided by their sum, rounded."""
    wide, _, names = spread(see, item, "column", {"column": [counts, shares]}, ())
    check_numbers(wide, item)
    ours = wide[counts] / wide[counts].sum()
    off = (abs(ours - wide[shares]) > within + 1e-9).to_numpy()
    told = [f"{names[i]} is {show(ours.iloc[i])}, printed {show(wide[shares].iloc[i])}" for i in np.flatnonzero(off)]
    n = len(wide)
    return settled(not told, published=f"{n} shares", ours=f"{n - len(told)} of {n} agree",
                   why=f"{n - len(told)} of {n} shares are the counts over their sum, {show(wide[counts].sum())}"
                       + (f"; not {few(told)}." if told else "."))  # fmt: skip


@judge
def clear_lead(see: Evidence, *, own: str, rival: str, trials: int, level: float = 0.05) -> Finding:
    """A lead between two printed means is clear of their printed standard deviations (Welch's test over the trials)."""
    require([own, rival], [own, rival], "cell")
    if trials < 2 or not 0 < level < 1:
        raise ParameterError(f"trials is {trials}, level {level}; expected 2 trials or more and a level from 0 to 1.")
    (m1, s1), (m2, s2) = [(float(see.cell(at)["value"]), float(see.cell(at)["std"])) for at in (own, rival)]
    check_numbers(pd.DataFrame([(m1, s1), (m2, s2)], [own, rival], ["value", "std"]), "the table")
    test = stats.ttest_ind_from_stats(m1, s1, trials, m2, s2, trials, equal_var=False)
    error = np.hypot(s1, s2) / np.sqrt(trials)
    freedom = error**4 / ((s1**4 + s2**4) / trials**2 / (trials - 1))
    half = stats.t.ppf(1 - level / 2, freedom) * error
    lead = m1 - m2
    clear, told = bool(test.pvalue < level and lead > 0), f"t = {test.statistic:.1f}"
    return settled(clear, published=f"{m1} ± {s1} against {m2} ± {s2}", ours=f"lead {lead:.3f}, {told}",
                   why=f"The lead of {lead:.3f} over {trials} trials has {told}, p = {test.pvalue:.2g}: "
                       + ("clear of chance." if clear else "not clear of chance."),
                   effect=lead, low=lead - half, high=lead + half)  # fmt: skip


@judge
def at_least_median(see: Evidence, *, item: str, row: str, without: Sequence[str] = ()) -> Finding:
    """A line reaches the median of the other methods in every column ("comparable", read generously)."""
    wide, _, names = spread(see, item, "row", None, ())
    require([row, *without], wide.columns, f"row of {item}")
    check_numbers(wide[[row]], item)
    median = wide.drop(columns=[row, *without]).median(axis=1)
    below = (wide[row] < median).to_numpy()
    texts = [f"{n} {show(a)} against {show(b)}" for n, a, b in zip(names, wide[row], median, strict=True)]
    return settled(not below.any(), published="comparable", ours=f"{(~below).sum()} of {len(below)} at the median",
                   why=f"{row} against the median of the others: {'; '.join(texts)}.")  # fmt: skip


@judge
def single_peak(see: Evidence, *, item: str, where: Where) -> Finding:
    """Counts rise to one peak and fall again."""
    cells = selected(see, item, where)
    check_numbers(cells[["value"]], item)
    counts = cells["value"].to_numpy()
    steps = np.sign(np.diff(counts))
    dips = int((np.diff(steps[steps != 0]) > 0).sum())
    told = f"{dips + 1} peak{'s' * (dips > 0)}"
    return settled(not dips, published="one peak", ours=told,
                   why=f"The counts {', '.join(map(show, counts))} make {told}.")  # fmt: skip


@judge
def could_total(see: Evidence, *, item: str, where: Where, says: Number) -> Finding:
    """Printed counts can add up to the stated total, whatever their rounding to thousands hides."""
    cells, said = selected(see, item, where), see.number(says)
    check_numbers(cells[["value"]], item)
    units = cells["printed"].map(last_place)
    total, give = cells["value"].sum(), np.where(units > 1, units / 2, 0).sum()
    ours = f"{show(total - give)} to {show(total + give)}" if give else show(total)
    return settled(bool(abs(said - total) <= give), published=show(said), ours=ours,
                   why=f"The bins add up to {show(total)} as printed" + (f", to {ours} before rounding" if give else "")
                       + f"; stated: {show(said)}.")  # fmt: skip


@judge
def histogram(
    see: Evidence,
    *,
    item: str,
    where: Where,
    labels: str,
    edges: Sequence[float],
    split: str,
    turn: float = LEFT,
    precision: Precision = "float64",
    scale: float = 1.0,
) -> Finding:
    """Published counts come out of the owners' labels.

    Args:
        item: the table that prints the counts.
        where: its cells, in order.
        labels: key of the data set.
        edges: bin edges, in units of the scaled score.
        split: which images.
        turn: scores on inner edges up to here fall into the bin below (see `aeslib.imbalance.Bins`).
        precision: how scores are stored before binning.
        scale: factor on the native score.
    """
    cells = selected(see, item, where)
    require([precision], get_args(Precision), "precision")
    if len(cells) != len(edges) - 1:
        raise ParameterError(f"{item}: {len(cells)} cells for {len(edges) - 1} bins; select one cell for each bin.")
    ours = Bins(tuple(edges), turn, precision).count(of_split(see, labels, split).mos * scale)
    along = "column" if len(where.get("row", ())) == 1 else "row"
    lines = zip(ours, cells[along], cells["value"], cells["printed"], strict=True)
    off = [f"{name} {show(n)}, printed {printed}" for n, name, value, printed in lines if not agrees(n, value, printed)]
    return settled(not off, published=", ".join(cells["printed"]), ours=", ".join(map(show, ours)),
                   why=f"{len(ours) - len(off)} of {len(ours)} bins of the {split} labels come out as printed"
                       + (f"; not {few(off)}." if off else "."))  # fmt: skip


@judge
def printed(see: Evidence, *, item: str, where: Where) -> Finding:
    """Every cell that a statement of the text rests on has a printed number."""
    cells = selected(see, item, where)
    names = cells.loc[cells["value"].isna(), list(CELL)].to_numpy(str).tolist()
    blank = [" ".join(filter(None, cell)) for cell in names]
    n = len(cells)
    why = f"No number is printed for {few(blank)}." if blank else f"All {n} numbers are printed."
    return settled(not blank, published=f"{n} numbers", ours=f"{n - len(blank)} of {n} printed", why=why)


@judge
def lost(see: Evidence, *, item: str, key: str, what: str) -> Finding:
    """The numbers are not in the source text: only an experiment on the named data could speak to the claim."""
    if see.table(item)["value"].notna().any():
        raise ParameterError(f"{item} has numbers now: judge the claim by them instead of with `lost`.")
    see.basis = "experiment"
    because = f"The numbers of {item} are not in the source text, so {what} must be trained."
    raise missing(key, "the images", because, kind="images")


@judge
def experiment(
    see: Evidence,
    *,
    result: str,
    row: str,
    metric: str,
    sign: Literal[-1, 1],
    group: str = "",
    rival: str = "",
    stage: str = "",
    setting: str = "",
) -> Finding:
    """A change that a chapter measured lies on the claimed side of zero with its whole interval.

    Args:
        see: the evidence.
        result: a saved table of paired changes (columns row, metric, change, change low, change high, seeds, and group,
            rival where there are several).
        row: the method.
        metric: the column's head in the paper.
        sign: 1 when the claim is that it rises, -1 that it falls.
        group: the data set or model it was measured on.
        rival: what it was compared with, where the table has several.
        stage: of training, where the table has several.
        setting: of the experiment, where the table has several.
    """
    names = {"row": row, "metric": metric, "group": group, "rival": rival, "stage": stage, "setting": setting}
    table = see.result(result)
    require(("change", "change low", "change high", "seeds"), table.columns, f"column of {result}")
    line = one_row(table, result, **{column: name for column, name in names.items() if name})
    low, high = sorted(sign * float(line[end]) for end in ("change low", "change high"))
    what = f"{'rise' if sign > 0 else 'fall'} of {metric} ({row})" + (f" on {group}" if group else "")
    if int(line["seeds"]) < 2:
        why = f"{what}: one seed says nothing about another training; the default profile has more."
        ours = f"{line['change']:+.4g}"
        return Finding(verdict="inconclusive", published=what, ours=ours, why=why, seeds=1, basis="experiment")
    claimed = abs(float(line.get("published change", np.nan)))
    return measured(sign * float(line["change"]), low, high, published=what, what=what, seeds=int(line["seeds"]),
                    claimed=claimed)  # fmt: skip
