"""Which problems of an evaluation set overlap with the training problems."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from astro.problems.quality import Contamination, fingerprint, words
from astro.records.problem import Problem
from astro.tasks import task_of

LONG_RUN = 13  # words; the length that the GPT-3 report, appendix C, compares
SHORT_RUN = 8  # words; a single match is often a common phrase, half of a problem's sequences is not
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Leak:
    """An evaluated problem that overlaps with a training problem; exact if both ask the same."""

    problem_id: str
    training_id: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The overlap of an evaluation set with training problems.

    training: number of training problems compared with.
    """

    training: int
    leaks: tuple[Leak, ...]

    @property
    def exact(self) -> int:
        """Problems that also occur in training."""
        return sum(leak.exact for leak in self.leaks)

    @property
    def near(self) -> int:
        """Problems that are similar to one in training."""
        return len(self.leaks) - self.exact

    def as_json(self) -> dict[str, Any]:
        """For figures.json."""
        examples = [[leak.problem_id, leak.training_id] for leak in self.leaks[:_EXAMPLES]]
        return {"training": self.training, "exact": self.exact, "near": self.near, "examples": examples}


def find_contamination(problems: Iterable[Problem], training: Sequence[Problem]) -> Report:
    """Compare an evaluation set with the training problems.

    Exact: the same id and task, unless the id only counts the rows of a file; the same words in the prompt, or the same
    question if the task defines it (Task.likeness). Near: a sequence of 13 words in common with a training problem, or
    half of its 8-word sequences in training problems; or the same family if the task defines it.
    """
    asked = {fingerprint(problem): problem.id for problem in training}
    ids = {(problem.id, problem.task) for problem in training if not problem.id.isdecimal()}
    long_runs = Contamination((problem for problem in training if _family(problem) is None), LONG_RUN)
    short_runs = {run: problem.id for problem in training for run in _runs(problem)}
    leaks = []
    for problem in problems:
        same = asked.get(fingerprint(problem)) or asked.get(" ".join(words(problem.prompt)))
        same = same or (problem.id if (problem.id, problem.task) in ids else None)
        if same is not None:
            leaks.append(Leak(problem.id, same, exact=True))
        elif (alike := _alike(problem, long_runs, short_runs)) is not None:
            leaks.append(Leak(problem.id, alike, exact=False))
    return Report(len(training), tuple(sorted(leaks, key=lambda leak: not leak.exact)))


def _alike(problem: Problem, long_runs: Contamination, short_runs: dict[int, str]) -> str | None:
    if _family(problem) is None and (overlap := long_runs.find(problem)):
        return overlap.other_id
    runs = _runs(problem)
    shared = [short_runs[run] for run in runs if run in short_runs]
    return shared[0] if shared and 2 * len(shared) >= len(runs) else None


def _runs(problem: Problem) -> list[int]:
    """Hashes of the 8-word sequences; for a problem with a family, the hash of the family."""
    family = _family(problem)
    if family is not None:
        return [hash((problem.task, family))]
    text = words(problem.prompt)
    return [hash(tuple(text[at : at + SHORT_RUN])) for at in range(len(text) - SHORT_RUN + 1)]


def _family(problem: Problem) -> str | None:
    likeness = task_of(problem).likeness(problem)
    return None if likeness is None else likeness.family
