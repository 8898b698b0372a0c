"""Does a text claim that it has solved the problem? A doubt that follows such a claim would contradict it."""

import re
from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.expressions import figures

# Few and plain, so that what they find is a claim; what they miss, the fidelity of the rewrite has to catch.
_CLAIM = re.compile(
    r"\b(?:(?:is|are|was|looks) (?:indeed |clearly |therefore )?correct|checks out|(?:is|are) (?:now )?verified|"
    r"we have verified|this confirms|as (?:required|desired|expected)|satisf(?:y|ies) (?:all|both|every|the)|"
    r"exactly what we (?:need|want)ed?|problem is solved|have solved the problem|"
    r"(?:found|reached) the (?:right |correct )?(?:answer|solution))\b",
    re.IGNORECASE,
)
_TARGET = re.compile(r"\btarget\b", re.IGNORECASE)
_QUOTED_TARGET = re.compile(r"\btarget (?:is |of |number )?(\d{1,30})\b", re.IGNORECASE)
_DENIAL = re.compile(
    r"\b(?:not|never|no|fails?|misses|missed|without|whether|if|but|cannot|instead)\b|n't\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+[.!?]*\s*")


def claims_success(problem: Problem, text: str) -> bool:
    """Whether a sentence of the text says that the problem is solved; in Countdown, also that the target is reached."""
    return any(_is_claim(problem, sentence) for sentence in _SENTENCE.findall(text))


def denies_success(problem: Problem, text: str) -> bool:
    """Whether the last sentence of a Countdown text that speaks of the target says that it is missed."""
    about_target = [sentence for sentence in _SENTENCE.findall(text) if _TARGET.search(sentence)]
    return problem.task == "countdown" and bool(about_target) and _DENIAL.search(about_target[-1]) is not None


def misquotes_target(problem: Problem, text: str) -> bool:
    """Whether a Countdown text calls another number the target."""
    quoted = _QUOTED_TARGET.findall(text) if problem.task == "countdown" else []
    return any(number != str(problem.metadata.get("target", problem.answer)) for number in quoted)


def without_claims(problem: Problem, text: str) -> str:
    """The text without the sentences that say the problem is solved."""
    kept = _SENTENCE.sub(lambda found: "" if _is_claim(problem, found[0]) else found[0], text)
    return kept.strip()


def shows_success(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether the last equation of a finished Countdown attempt makes the target: a claim that no words can mend."""
    if problem.task != "countdown":
        return False
    target = str(problem.metadata.get("target", problem.answer))
    for step in reversed(steps):
        equations = [expression for expression in figures(step).expressions if " = " in f" {expression} "]
        if equations:
            return equations[-1].rpartition(" = ")[2] == target
    return False


def _is_claim(problem: Problem, sentence: str) -> bool:
    claim = _CLAIM.search(sentence) or (problem.task == "countdown" and _TARGET.search(sentence))
    return bool(claim) and not _DENIAL.search(sentence)
