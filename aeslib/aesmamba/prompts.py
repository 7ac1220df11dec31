"""Subject multi-character prompts: a person in words, from any of three parts (aesmamba 3.5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aeslib.errors import ParameterError, unknown

PARTS = ("art", "pht", "psn")
"""Artistic experience, photographic experience, personality: the paper's short words (Table 4, Figure 8)."""
LEVELS = ("beginner", "competent", "proficient", "expert")
TRAITS = {"O": "openness", "C": "conscientiousness", "E": "extroversion", "A": "agreeableness", "N": "Neuroticism"}
EXPERIENCE = {"art": ("artistic", "artExperience"), "pht": ("Photographic", "photographyExperience")}


def prompt(person: Mapping[str, Any], parts: Sequence[str] = PARTS) -> str:
    """What a person says of themselves.

    Args:
        person: artExperience and photographyExperience (one of `LEVELS`), personality-O, -C, -E, -A, -N (scores), as
            in the data set's table of people; only what `parts` need.
        parts: any of `PARTS`, none twice; their order does not matter.

    Returns:
        The sentences of the paper's template, separated by blanks; empty for no parts.

    Raises:
        ParameterError: for an unknown part or level.
    """
    for part in parts:
        if part not in PARTS:
            raise unknown("part of a prompt", part, PARTS)
    if len(set(parts)) < len(parts):
        raise ParameterError(f"parts are {', '.join(parts)}; name each once.")
    return " ".join(_sentence(part, person) for part in PARTS if part in parts)


def _sentence(part: str, person: Mapping[str, Any]) -> str:
    if part == "psn":
        scores = [f"{name} score is {float(person[f'personality-{letter}']):g}" for letter, name in TRAITS.items()]
        listed = ", ".join(scores[:-1]) + f", and {scores[-1]}"
        return f"In the Big-Five personality traits test, my scores are as follows: {listed}."
    word, column = EXPERIENCE[part]
    if person[column] not in LEVELS:
        raise unknown("level of experience", str(person[column]), LEVELS)
    return f"My {word} experience is {person[column]}."
