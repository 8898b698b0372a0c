"""What a Countdown solution says about the target, and what its equations show."""

import re
from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.expressions import figures
from astro.tasks.sentences import SENTENCE, is_denied

_TARGET = re.compile(r"\btarget\b", re.IGNORECASE)
_QUOTED_TARGET = re.compile(r"\btarget (?:is |of |number )?(\d{1,30})\b", re.IGNORECASE)
_LEFT = re.compile(r".*\bleav(?:es|ing) ", re.DOTALL)


def target_of(problem: Problem) -> str:
    """The number asked for."""
    return str(problem.metadata.get("target", problem.answer))


def mentions_target(sentence: str) -> bool:
    """Whether a sentence mentions the target. Unless it denies something, it says that the target is reached."""
    return _TARGET.search(sentence) is not None


def denies_success(text: str) -> bool:
    """Whether the last sentence that mentions the target says that it is missed."""
    about_target = [sentence for sentence in SENTENCE.findall(text) if mentions_target(sentence)]
    return bool(about_target) and is_denied(about_target[-1])


def misquotes_target(problem: Problem, text: str) -> bool:
    """Whether a text names a wrong number as the target."""
    return any(number != target_of(problem) for number in _QUOTED_TARGET.findall(text))


def shows_success(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether the last equation of a finished attempt makes the target. Later text cannot retract this claim."""
    for step in reversed(steps):
        equations = [expression for expression in figures(step).expressions if " = " in f" {expression} "]
        if equations:
            return equations[-1].rpartition(" = ")[2].strip(" ()") == target_of(problem)
    return False


def what_is_left(step: str) -> str:
    """The numbers that a step says it leaves: "25, 3 and 7." for "... which leaves 25, 3 and 7."; otherwise ""."""
    found = _LEFT.match(step)
    return step[found.end() :] if found else ""
