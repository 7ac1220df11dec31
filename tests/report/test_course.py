"""The course page: four plans of ninety minutes whose chapters, sections and exercises exist."""

import json
import re
from itertools import pairwise
from types import SimpleNamespace

from aeslib.exercises import EXERCISES
from aeslib.paths import ROOT
from aeslib.report.course import CHAPTER, course

TEXT = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
LESSONS = TEXT.split("\n## ")[1:]


def test_four_lessons_fill_ninety_minutes_without_a_gap():
    assert len(LESSONS) == 4
    for lesson in LESSONS:
        spans = [(int(a), int(b)) for a, b in re.findall(r"^\| (\d+)–(\d+) \|", lesson, re.MULTILINE)]
        assert spans[0][0] == 0
        assert spans[-1][1] == 90
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        for part in ("**Audience:**", "**Goals:**", "**Chapters:**", "Activity", "**Discuss:**", "**Homework:**"):
            assert part in lesson


def test_sections_and_exercises_that_it_names_exist():
    for lesson in LESSONS:
        chapters = lesson.split("**Chapters:**")[1].split("\n\n")[0]
        for part in chapters.split(";"):
            name = CHAPTER.search(part)[2]
            cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
            there = set(re.findall(r"^## (\d+) · ", "\n".join("".join(c["source"]) for c in cells), re.MULTILINE))
            assert set(re.findall(r"\b\d+\b", part.split(".ipynb)")[1])) <= there
    checked = re.findall(r"\*\*Homework:\*\* exercises (.*?) \(checked\)", TEXT, re.DOTALL)
    assert len(checked) == len(LESSONS)
    assert {key for found in checked for key in re.findall(r"\d\d\.\d", found)} <= set(EXERCISES)


def test_links_lead_to_chapters_that_ran():
    page = course(SimpleNamespace(runs={"02_long_tail": None}))
    assert "{doc}`02 <notebooks/02_long_tail>`" in page
    assert "ipynb" not in page
