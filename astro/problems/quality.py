"""When two problems are the same, and when one set gives another away."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from astro.records.problem import Problem
from astro.tasks import task_of

_WORD = re.compile(r"\w+|[^\w\s]")  # LaTeX and signs count: x + 1 and x - 1 are different problems
_PUNCTUATION = frozenset('.,;:?$"`')  # ... but sentences that differ in their dress are not; 5! and f'(x) are signs
_RAISED = re.compile("[\u00b2\u00b3\u00b9\u2070-\u207f]+")  # superscripts, of which NFKC makes digits: 2^3 is not 23
# Typographic quotes, primes, dashes and minus signs, which NFKC leaves.
_TYPED = str.maketrans("\u2018\u2019\u2032\u201c\u201d\u2212\u2013\u2014", "'''\"\"---")


def words(text: str) -> list[str]:
    """Words and signs of a text for comparison: lower case, forms of one character unified, without punctuation."""
    plain = unicodedata.normalize("NFKC", _RAISED.sub(r"^\g<0>", text.translate(_TYPED))).lower()
    return [word for word in _WORD.findall(plain) if word not in _PUNCTUATION]


def fingerprint(problem: Problem) -> str:
    """A text that is equal for two problems exactly when they ask the same.

    The words of the prompt, or what the task compares by (Task.likeness).
    """
    likeness = task_of(problem).likeness(problem)
    return " ".join(words(problem.prompt)) if likeness is None else likeness.question


@dataclass(frozen=True, slots=True)
class Overlap:
    """A problem that another set gives away, the problem of that set, and the words they share."""

    problem_id: str
    other_id: str
    shared: str


class Contamination:
    """The runs of words of a set of problems that is to be kept apart from another, an evaluation set mostly.

    Two problems overlap when they share a run of n words, 13 by default (the length that the GPT-3 report, appendix C,
    compares); a prompt of fewer than n words has a single run, all of it. Problems that their task compares by
    something else (Task.likeness) have the run of their givens alone.

    It holds one hash for each run: about 100 bytes a word of the set.
    """

    def __init__(self, problems: Iterable[Problem], n: int = 13) -> None:
        if n < 1:
            raise ValueError(f"a run has at least one word, not {n}")
        self._n = n
        self._holders: dict[int, str] = {}
        for problem in problems:
            for run in _runs(problem, n):
                self._holders.setdefault(hash(run), problem.id)

    def find(self, problem: Problem) -> Overlap | None:
        """The first overlap of a problem with the set, or None."""
        for run in _runs(problem, self._n):
            holder = self._holders.get(hash(run))
            if holder is not None:
                return Overlap(problem.id, holder, " ".join(run))
        return None


def find_overlaps(problems: Iterable[Problem], kept_apart: Iterable[Problem], n: int = 13) -> list[Overlap]:
    """The problems that share a run of n words with any in kept_apart, with one partner each; see Contamination."""
    contamination = Contamination(kept_apart, n)
    return [overlap for problem in problems if (overlap := contamination.find(problem))]


def _runs(problem: Problem, n: int) -> Iterator[Sequence[str]]:
    likeness = task_of(problem).likeness(problem)
    if likeness is not None:
        yield likeness.givens
        return
    text = words(problem.prompt)
    for start in range(max(1, len(text) - n + 1)):
        yield tuple(text[start : start + n])
