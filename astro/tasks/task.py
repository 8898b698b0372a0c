"""A kind of problem, and everything that the rest of ASTRO asks about it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astro.config import Section
from astro.records.problem import Problem
from astro.tasks.row import Gold, Row, derived_id
from astro.tasks.sentences import admits_miss
from astro.verify import Extraction, VerifyConfig, extract

Credit = Callable[[Problem, str, VerifyConfig], float | None]
"""What a response earns for a part of what was asked, in [0, 1]; None where the gold answer cannot be used."""

_LEVELS = ("level", "difficulty", "type", "subject", "year")  # of metadata; the first that a problem has
_LONGEST_LEVEL = 40  # characters


@dataclass(frozen=True, slots=True)
class Generator:
    """Makes problems of a task.

    section: the settings, which a configuration gives as problems.NAME, with the name of the task.
    make: from the settings to the problems, in an order that the settings alone decide.
    source: where the problems say they come from.
    """

    section: type[Section]
    make: Callable[[Any], Iterable[Problem]]
    source: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """What decides whether two problems are alike, where the words of the prompt do not.

    question: equal for two problems exactly when they ask the same.
    givens: the words that no problem may share with a set that it is kept apart from (problems.exclude).
    family: problems of one family stay on one side of a split, and near each other in the report on contamination.
    """

    question: str
    givens: tuple[str, ...]
    family: str


@dataclass(frozen=True)
class Task:
    """A kind of problem. As it is, it knows nothing of its problems; a subclass overrides what its task can tell.

    name: of the task, in Problem.task and in configurations.
    verifier: dotted path of a module by the convention of astro.verify.
    columns: the fields of a row that only this task reads, and the columns each is looked for in.
    gold: how data sets write the gold answers.
    generator: makes problems; None where they only come from data sets.
    credits: partial credit by the name of its reward in GRPO.
    formulas: whether texts hold mathematics in any notation; else what counts are numbers and expressions of them.
    """

    name: str
    verifier: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gold: Gold = field(default_factory=Gold)
    generator: Generator | None = None
    credits: Mapping[str, Credit] = field(default_factory=dict)
    formulas: bool = True

    # Problems

    def recognizes(self, row: Row) -> bool:  # noqa: ARG002 - for tasks that can tell
        """Whether a row that names no task is a problem of this one."""
        return False

    def read(self, row: Row, source: str) -> Problem:
        """The problem of a row of a data set; source names the set. Raises BadRowError."""
        prompt = row.prompt()
        answer = row.answer(self.gold)
        return Problem(
            id=row.own_id() or derived_id(self.name, prompt, answer),
            prompt=prompt,
            answer=answer,
            task=self.name,
            source=row.origin(source),
            metadata=row.kept(),
        )

    def likeness(self, problem: Problem) -> Likeness | None:  # noqa: ARG002
        """What two problems are compared by; None where that is the words of their prompts."""
        return None

    def group(self, problem: Problem) -> str:
        """The line of an evaluation's table that a problem belongs to: its level, else its task."""
        named = {str(name).lower(): content for name, content in problem.metadata.items()}
        for name in _LEVELS:
            content = named.get(name)
            if isinstance(content, str | int) and not isinstance(content, bool):
                text = str(content)
                if 0 < len(text) <= _LONGEST_LEVEL:
                    return text if name in text.lower() or not text.isdecimal() else f"{name} {text}"
        return self.name

    def hint(self, problem: Problem) -> str:
        """What lets a model find a right solution (the recipe star): the gold answer."""
        return problem.answer

    # What a solution says; without an override, nothing is known

    def says_solved(self, sentence: str) -> bool:  # noqa: ARG002
        """Whether a sentence says, in words of this task, that the problem is solved; common phrases are known."""
        return False

    def admits_miss(self, text: str) -> bool:
        """Whether a finished response says, at its end, that it did not solve the problem."""
        return admits_miss(text)

    def misquotes(self, problem: Problem, text: str) -> bool:  # noqa: ARG002
        """Whether a text states wrongly what the problem asks for."""
        return False

    def shows_success(self, problem: Problem, steps: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the work of a wrong solution comes to what was asked, so that no doubt may follow it."""
        return False

    def right_by_luck(self, problem: Problem, steps: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the work of a right solution is wrong, so that it would teach to be right for a wrong reason."""
        return False

    def state(self, problem: Problem, step: str | None) -> str:  # noqa: ARG002
        """The state that a step ends in, as it words it, or of the beginning (step is None); "" where not known.

        A sentence that goes back there has to name the numbers of the state.
        """
        return ""

    # Evaluation and rewards

    def shown_right(self, problem: Problem, attempts: Sequence[str]) -> list[bool]:  # noqa: ARG002
        """For each abandoned attempt of one response, whether its work solves the problem, stated or not."""
        return [False] * len(attempts)

    def marked_answer(self, response: str, config: VerifyConfig) -> Extraction:
        """The final answer in the place that config asks for, and nowhere else."""
        return extract(response, config.answer_format, statements=False)
