"""Duplicates of problems, and contamination of one set by another."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from astro.records.problem import Problem
from astro.tasks import task_of

_WORD = re.compile(r"\w+|[^\w\s]")  # LaTeX and signs count: x + 1 and x - 1 differ
_PUNCTUATION = frozenset('.,;:?$"`')  # ignored; but "!" and "'" count, as in 5! and f'(x)
# Superscripts, which NFKC would turn into digits: 2^3 is not 23.
_RAISED = re.compile("[\u00b2\u00b3\u00b9\u2070-\u207f]+")
# Typographic quotes, primes, dashes and minus signs, which NFKC does not change.
_TYPED = str.maketrans("\u2018\u2019\u2032\u201c\u201d\u2212\u2013\u2014", "'''\"\"---")


def words(text: str) -> list[str]:
    """Words and signs of a text for comparison: in lower case, with unified characters, without punctuation."""
    plain = unicodedata.normalize("NFKC", _RAISED.sub(r"^\g<0>", text.translate(_TYPED))).lower()
    return [word for word in _WORD.findall(plain) if word not in _PUNCTUATION]


def fingerprint(problem: Problem) -> str:
    """A text that is equal for two problems if and only if they ask the same.

    It consists of the words of the prompt, or of the question in Task.likeness.
    """
    likeness = task_of(problem).likeness(problem)
    return " ".join(words(problem.prompt)) if likeness is None else likeness.question


@dataclass(frozen=True, slots=True)
class Overlap:
    """A problem, the problem of the other set that it overlaps with, and the words they share."""

    problem_id: str
    other_id: str
    shared: str


class Contamination:
    """The word n-grams of a set that must not overlap with training problems, usually an evaluation set.

    Two problems overlap if they share a run of n words, 13 by default (the length in the GPT-3 report, appendix C). A
    prompt of fewer than n words is a single run. If the task defines Task.likeness, the only run of a problem is its
    givens.

    Stores one hash per run: about 100 bytes per word of the set.
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
        """The first overlap between a problem and the set, or None."""
        for run in _runs(problem, self._n):
            holder = self._holders.get(hash(run))
            if holder is not None:
                return Overlap(problem.id, holder, " ".join(run))
        return None


def find_overlaps(problems: Iterable[Problem], kept_apart: Iterable[Problem], n: int = 13) -> list[Overlap]:
    """The problems that share a run of n words with any in kept_apart, with one match each; see Contamination."""
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
