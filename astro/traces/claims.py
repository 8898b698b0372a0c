"""Claims of success in a text. A doubt right after one would contradict it."""

import re

from astro.records.problem import Problem
from astro.tasks import Task, task_of
from astro.tasks.sentences import SENTENCE, is_denied

# Plain phrases, so that every match is a claim.
_CLAIM = re.compile(
    r"\b(?:(?:is|are|was|looks) (?:indeed |clearly |therefore )?correct|checks out|(?:is|are) (?:now )?verified|"
    r"we have verified|this confirms|as (?:required|desired|expected)|satisf(?:y|ies) (?:all|both|every|the)|"
    r"exactly what we (?:need|want)ed?|problem is solved|have solved the problem|"
    r"(?:found|reached) the (?:right |correct )?(?:answer|solution)|"
    r"completes? (?:the|our|this) (?:solution|problem|proof|answer|calculation|task|exercise)|"
    r"(?:it|this|that|everything|which|solution|answer|result|value) (?:indeed |clearly |now )?works(?: out)?"
    r"(?=\s*(?:[.,;:!)]|$|so\b|and\b))|(?:is|are) (?:indeed |therefore |thus |clearly )?(?:the|our) "
    r"(?:(?:only|desired|required|correct|right|final|unique|valid|sought) ){0,2}(?:solutions?|answers?)|"
    r"(?:we|i)(?:'re| are| am) (?:now )?(?:done|finished)|"
    r"(?:check|verification|test) (?:is |was )?(?:success(?:ful)?|passes|passed|holds|works)|"
    r"what we (?:were|are) (?:looking for|asked (?:for|to find))|makes both sides equal|"
    r"both sides (?:are equal|agree|match))\b",
    re.IGNORECASE,
)


def claims_success(problem: Problem, text: str) -> bool:
    """Whether a sentence of the text says that the problem is solved, in common or task-specific words."""
    task = task_of(problem)
    return any(_is_claim(task, sentence) for sentence in SENTENCE.findall(text))


def without_claims(problem: Problem, text: str) -> str:
    """The text without the sentences that say the problem is solved."""
    task = task_of(problem)
    kept = SENTENCE.sub(lambda found: "" if _is_claim(task, found[0]) else found[0], text)
    return kept.strip()


def _is_claim(task: Task, sentence: str) -> bool:
    claim = _CLAIM.search(sentence) is not None or task.says_solved(sentence)
    return claim and not is_denied(sentence)
