"""Two ledgers side by side: which verdicts differ, which are flipped, and what they were judged from."""

import pytest

from aeslib.cli import main
from aeslib.errors import DataError, ParameterError
from aeslib.ledger.compare import changes, ledger_file, summary
from aeslib.ledger.core import judge_all, write
from aeslib.paths import results_dir


def judged(profile: str, **outcomes: tuple[str, float]) -> None:
    """Write a ledger in which some claims have these verdicts and effects; the others are as they are."""
    frame = judge_all(paper="cross", profile=profile)
    for number, (verdict, effect) in enumerate(outcomes.values()):
        frame.loc[number, ["verdict", "effect", "low", "high"]] = (verdict, effect, effect - 0.1, effect + 0.1)
        frame.at[number, "inputs"] = {f"result:{profile}/elta.T1": f"{profile} {number}", "published:elta.T1": "same"}
    write(frame, profile=profile)


def test_changes_flips_and_their_inputs():
    judged("default", a=("holds here", 0.2), b=("inconclusive", 0.05), c=("holds here", 0.3))
    judged("night-seed1", a=("does not hold here", -0.2), b=("holds here", 0.15), c=("holds here", 0.35))
    first, second = ledger_file("default"), ledger_file("night-seed1")
    table = changes(first, second)
    assert table[["first", "second", "flipped"]].to_numpy().tolist() == [
        ["holds here", "does not hold here", True], ["inconclusive", "holds here", False],
    ]  # fmt: skip
    assert table["effect second"].tolist() == ["-0.2 [-0.3, -0.1]", "0.15 [0.05, 0.25]"]
    assert set(table["changed inputs"]) == {"result:elta.T1"}
    count = len(judge_all(paper="cross"))
    assert summary(first, second, table) == f"{count} claims in both: 2 verdicts differ, 1 of them flipped."


def test_the_command(capsys):
    judged("default", a=("holds here", 0.2))
    judged("smoke", a=("inconclusive", 0.1))
    assert main(["claims", "diff", "default", str(results_dir("smoke") / "claims.json")]) == 0
    assert "1 verdicts differ, 0 of them flipped." in capsys.readouterr().out
    assert main(["claims", "diff", "default", "default"]) == 0
    assert capsys.readouterr().out.endswith("claims in both: 0 verdicts differ, 0 of them flipped.\n")


def test_what_is_no_ledger_is_refused():
    with pytest.raises(ParameterError, match="'nigth' is no profile and no file"):
        ledger_file("nigth")
    with pytest.raises(DataError, match="judge first"):
        ledger_file("night")
