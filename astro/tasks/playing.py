"""The requests of the prompt set tiny/v1: their wording, and how a scripted player reads them.

Training corpora of small models contain these requests, and the scripted players of all tasks answer them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from astro.models.tokenizer import ASSISTANT_MARK

BEGINNING = "the beginning"
NO_THOUGHTS = "none"

_REWRITE, _GO_BACK, _JUDGE = "Rewrite the step.", "Go back to the step.", "Is the solution right?"


def joined(thoughts: Sequence[str]) -> str:
    """The thoughts so far, one per line, as in a trace."""
    return "\n".join(thoughts) or NO_THOUGHTS


def rewrite_prompt(problem: str, thoughts: Sequence[str], step: str) -> str:
    """Ask for one step as a thought that continues the thoughts so far."""
    return _about(problem, "Thoughts:\n" + joined(thoughts)) + f"Step: {step}\n{_REWRITE}"


def backtrack_prompt(problem: str, thoughts: Sequence[str], step: str) -> str:
    """Ask for the sentence that goes back to an earlier step, or to BEGINNING."""
    return _about(problem, "Thoughts:\n" + joined(thoughts)) + f"Step: {step}\n{_GO_BACK}"


def evaluate_prompt(problem: str, solution: str) -> str:
    """Ask whether a solution is right; the answer is Yes. or No."""
    return _about(problem, "Solution: " + solution) + _JUDGE


class Asked(StrEnum):
    """The kind of a request."""

    SOLVE = "solve"
    REWRITE = "rewrite"
    GO_BACK = "go_back"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as a player reads it from a prompt.

    problem: the last match of the problem's pattern. thoughts, step: of a request to rewrite or go back, otherwise "".
    solution: in a request to solve, the partial solution; in a request to judge, the text that contains the solution.
    """

    asked: Asked
    problem: re.Match[str]
    thoughts: str
    step: str
    solution: str

    @classmethod
    def read(cls, prompt: str, problem: re.Pattern[str]) -> "Request | None":
        """Read a prompt, for a chat or a base model. None if it holds no problem of that pattern."""
        before, _, partial = prompt.rpartition(ASSISTANT_MARK)
        found = list(problem.finditer(before or prompt))
        if not found:
            return None
        rest = (before or prompt)[found[-1].end() :]
        for asked, words in ((Asked.REWRITE, _REWRITE), (Asked.GO_BACK, _GO_BACK), (Asked.JUDGE, _JUDGE)):
            if f"\n{words}" in rest:
                return cls(asked, found[-1], _field(rest, "Thoughts"), _field(rest, "Step"), rest)
        return cls(Asked.SOLVE, found[-1], "", "", partial if before else rest)

    @property
    def went_back(self) -> bool:
        """Whether the last thought goes back."""
        last = re.split(r"\. |\n", self.thoughts.rstrip("."))[-1]
        return last.startswith(("Let's go back", "Let's restart"))


def continuation(partial: str, text: str, delimiter: str) -> str:
    """A text that continues a partial solution: on a new step, also where the last one has no delimiter yet."""
    gap = partial.strip() and not partial.endswith(delimiter)
    return delimiter + text if gap else text


def check_rates(player: Any) -> None:
    """Raise ValueError if a field of player, a dataclass of probabilities, is not a probability."""
    for field in fields(player):
        rate = getattr(player, field.name)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise ValueError(f"{field.name} is a probability, from 0 to 1; got {rate!r}")


def _about(problem: str, material: str) -> str:
    return f"Problem: {problem}\n{material}\n"


def _field(request: str, name: str) -> str:
    """The text after Step: or Thoughts: up to the next part of the request; empty if it is absent or says none."""
    found = re.search(rf"^{name}:\s(.*?)$(?=\n(?:Step:|Rewrite|Go back)|\Z)", request, re.MULTILINE | re.DOTALL)
    return "" if found is None or found[1] == NO_THOUGHTS else found[1]
