"""A kind of problem, with everything that the rest of ASTRO needs to know about it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astro.config import Section
from astro.records.problem import Problem
from astro.tasks.arithmetic import false_equations
from astro.tasks.programs import invents_output
from astro.tasks.row import Gold, Row, derived_id
from astro.tasks.sentences import admits_miss
from astro.verify import Extraction, VerifyConfig, extract

Credit = Callable[[Problem, str, VerifyConfig], float | None]
"""Partial credit of a response, in [0, 1]; None if the gold answer cannot be used."""

_LEVELS = ("level", "difficulty", "type", "subject", "year")  # metadata keys; the first one present is used
_LONGEST_LEVEL = 40  # characters


@dataclass(frozen=True, slots=True)
class Generator:
    """Generates problems of a task.

    section: the settings; in a configuration, problems.NAME, where NAME is the task's name.
    make: generates problems from the settings; their order depends on the settings only.
    source: the source recorded in the problems.
    """

    section: type[Section]
    make: Callable[[Any], Iterable[Problem]]
    source: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How to compare problems, for tasks where the words of the prompt do not decide.

    question: equal for two problems if and only if they ask the same.
    givens: words that a problem must not share with an excluded set (problems.exclude).
    family: problems of one family are on the same side of a split, and count as related in the contamination report.
    """

    question: str
    givens: tuple[str, ...]
    family: str


@dataclass(frozen=True)
class Task:
    """A kind of problem. The defaults know nothing about its problems; a subclass overrides what its task knows.

    name: the task's name, in Problem.task and in configurations.
    verifier: dotted path of a verifier module; see astro.verify for its convention.
    columns: the fields of a row that only this task reads, with the column names to look for.
    gold: how data sets write the gold answers.
    generator: generates problems; None if problems only come from data sets.
    credits: partial credit functions, by the name of their reward in GRPO.
    """

    name: str
    verifier: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gold: Gold = field(default_factory=Gold)
    generator: Generator | None = None
    credits: Mapping[str, Credit] = field(default_factory=dict)

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
        """How to compare this problem with others; None to compare the words of the prompts."""
        return None

    def group(self, problem: Problem) -> str:
        """The row of an evaluation's table that a problem belongs to: its level, or its task if it has no level."""
        named = {str(name).lower(): content for name, content in problem.metadata.items()}
        for name in _LEVELS:
            content = named.get(name)
            if isinstance(content, str | int) and not isinstance(content, bool):
                text = str(content)
                if 0 < len(text) <= _LONGEST_LEVEL:
                    return text if name in text.lower() or not text.isdecimal() else f"{name} {text}"
        return self.name

    def hint(self, problem: Problem) -> str:
        """A hint that lets a model find a right solution (recipe `star`): the gold answer."""
        return problem.answer

    # What a solution says about itself. The defaults know nothing of the task.

    def says_solved(self, sentence: str) -> bool:  # noqa: ARG002
        """Whether a sentence says, in this task's terms, that the problem is solved. Callers know common phrases."""
        return False

    def admits_miss(self, text: str) -> bool:
        """Whether a finished response says at its end that it did not solve the problem."""
        return admits_miss(text)

    def misquotes(self, problem: Problem, text: str) -> bool:  # noqa: ARG002
        """Whether a text misstates what the problem asks for."""
        return False

    def shows_success(self, problem: Problem, steps: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the steps of a wrong solution reach what was asked, so that a trace must not doubt them."""
        return False

    def right_by_luck(self, problem: Problem, steps: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the steps of a right solution are wrong: training on it would teach wrong reasoning.

        The default finds the output of a program that nothing ran.
        """
        return invents_output(steps)

    def false_statements(self, problem: Problem, steps: Sequence[str]) -> list[str]:  # noqa: ARG002
        """Denials of the statements in the steps that are false when executed again, such as "26 / 11 is not 2".

        The default executes equations between numbers.
        """
        return [str(found) for step in steps for found in false_equations(step)]

    def place(self, problem: Problem, step: str) -> str | None:  # noqa: ARG002
        """A key of the state after a step, equal for steps that reach the same state; None if unknown."""
        return None

    def state(self, problem: Problem, step: str | None) -> str:  # noqa: ARG002
        """The state after a step, in the step's words, or at the beginning (step is None); "" if unknown.

        A sentence that goes back to this state must name its numbers.
        """
        return ""

    def bridged(self, problem: Problem, tried: str, then: str) -> str:  # noqa: ARG002
        """The step after a return, in words that say which step was tried there last; "" to keep its own words.

        A model that says what it tried need not find it again when it chooses.
        """
        return ""

    # Evaluation and rewards

    def shown_right(self, problem: Problem, attempts: Sequence[str]) -> list[bool]:  # noqa: ARG002
        """For each abandoned attempt of one response, whether its steps solve the problem, stated or not."""
        return [False] * len(attempts)

    def marked_answer(self, response: str, config: VerifyConfig) -> Extraction:
        """The final answer, taken only from the place that config names."""
        return extract(response, config.answer_format, statements=False)
