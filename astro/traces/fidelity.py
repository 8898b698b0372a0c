"""Does a told thought say what its step says: nothing lost, nothing added, no answer given away?

Every check answers with the first fault it finds, or None. They look at figures, marks and lengths only, in linear
time; whether the prose reads well is left to the model that wrote it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from astro.models.control_tokens import has_control
from astro.records.problem import Problem
from astro.tasks import Task, task_of
from astro.tasks.expressions import Figures, figures, sides
from astro.tasks.markup import has_answer, has_mark, without_answer, without_boxes
from astro.traces.claims import claims_success
from astro.traces.notation import in_notation, is_plain, terms
from astro.verify import extract

_LENGTH_FACTOR, _LENGTH_SLACK = 3, 200  # longest thought, in characters: 3 times its step and 200 more
_ECHO = re.compile(
    r"^[ \t]*(?:problem|thoughts|step|solution|original step|rewritten step|new thought)[ \t]{0,9}:|"
    r"\b(?:rewrite|go back to) the step\b|\brewritten (?:step|thought|version)\b|\bhere(?:'s| is) the\b.{0,40}\brewr",
    re.IGNORECASE | re.MULTILINE,
)
_ECHO_LENGTH = 40  # characters of the problem or of the last thought from which copying them whole is an echo
_BEGINNING = re.compile(
    r"\b(?:beginning|start over|starting over|restart|scratch|from the (?:start|top)|very start|original problem)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_SHARED_WORDS = 2


class Fault(StrEnum):
    """What is wrong with a told thought."""

    EMPTY = "empty"
    UNFINISHED = "unfinished"  # cut at the token limit
    TOO_LONG = "too_long"
    CONTROL = "control"  # spells a control token
    ECHO = "echo"  # repeats the prompt or speaks about the task
    ANSWER_LEAKED = "answer_leaked"  # a final answer before the concluding step
    ANSWER_LOST = "answer_lost"  # the concluding step without its final answer, or with another
    NUMBER_LOST = "number_lost"
    EXPRESSION_LOST = "expression_lost"
    NUMBER_ADDED = "number_added"
    EXPRESSION_ADDED = "expression_added"
    CLAIMS_SUCCESS = "claims_success"  # a wrong attempt that says it is right
    WRONG_PLACE = "wrong_place"  # a backtrack that does not name the state it goes back to
    ABANDONED = "abandoned"  # a backtrack to something of the attempt just given up


class Role(StrEnum):
    """What a step is in its trace."""

    STEP = "step"
    WRONG_END = "wrong_end"  # the last step of an abandoned attempt: told without a final answer
    RIGHT_END = "right_end"  # the concluding step: told with the final answer


@dataclass(frozen=True, slots=True)
class Around:
    """What a thought may refer to: the problem, and the thoughts before it."""

    problem: Problem
    thoughts: Sequence[str]


def essence(step: str, role: Role) -> str:
    """What has to be told of a step: all of it at the conclusion, elsewhere all but a final answer. May be empty."""
    match role:
        case Role.RIGHT_END:
            return step.strip()
        case Role.WRONG_END:
            return without_answer(step)
        case Role.STEP:  # it may speak of the answer, but a box would be taken for one
            return without_boxes(step)


def step_fault(told: str, step: str, role: Role, around: Around) -> Fault | None:
    """Check the telling of one step; step is the original text."""
    core = essence(step, role)
    if fault := _form_fault(told, core, around):
        return fault
    if role is Role.RIGHT_END:
        if _final_answer(told) != _final_answer(step):
            return Fault.ANSWER_LOST
    elif _leaks(told, core, role):
        return Fault.ANSWER_LEAKED
    if role is Role.WRONG_END and claims_success(around.problem, told):
        return Fault.CLAIMS_SUCCESS
    task = task_of(around.problem)
    sources = [core, around.problem.prompt, *around.thoughts]
    return _lost(told, core, task) or _added(told, sources, task)


def backtrack_fault(told: str, path: Sequence[str], abandoned: Sequence[str], around: Around) -> Fault | None:
    """Check the sentence that goes back.

    path: the original steps up to and with the one gone back to; empty for the beginning.
    abandoned: the original steps after it that are given up.
    """
    place = essence(path[-1], Role.STEP) if path else around.problem.prompt
    if fault := _form_fault(told, place, around):
        return fault
    if has_answer(told):
        return Fault.ANSWER_LEAKED
    if bool(path) == bool(_BEGINNING.search(told)):
        return Fault.WRONG_PLACE
    task = task_of(around.problem)
    if fault := _added(told, [around.problem.prompt, *path], task):
        known = [around.problem.prompt, *path, *abandoned]
        return Fault.ABANDONED if _added(told, known, task) is None else fault
    state = task.state(around.problem, place if path else None)
    return None if _names(told, place, state, at_root=not path) else Fault.WRONG_PLACE


def _form_fault(told: str, core: str, around: Around) -> Fault | None:
    if not told.strip():
        return Fault.EMPTY
    if len(told) > _LENGTH_FACTOR * len(core) + _LENGTH_SLACK:
        return Fault.TOO_LONG
    if has_control(told):
        return Fault.CONTROL
    copied = [around.problem.prompt, *around.thoughts[-1:]]
    if any(len(text) >= _ECHO_LENGTH and text in told and text not in core for text in copied):
        return Fault.ECHO
    if _ECHO.search(told) and not _ECHO.search(core):
        return Fault.ECHO
    return None


def _leaks(told: str, core: str, role: Role) -> bool:
    """Whether told gives an answer before the conclusion; a step may speak of one as its core does, but mark none."""
    if role is Role.WRONG_END:
        return has_answer(told)
    return (has_answer(told) and not has_answer(core)) or (has_mark(told) and not has_mark(core))


def _final_answer(text: str) -> str:
    return figures(extract(text).answer or "").running


def _read(text: str, task: Task) -> tuple[Figures, frozenset[str]]:
    """The figures of a text and its terms, which only a task with formulas has."""
    if not task.formulas:
        return figures(text), frozenset()
    text = in_notation(text)
    return figures(text), terms(text)


def _lost(told: str, core: str, task: Task) -> Fault | None:
    (before, terms_before), (now, terms_now) = _read(core, task), _read(told, task)
    if set(before.numbers) - set(now.numbers):
        return Fault.NUMBER_LOST
    if terms_before - terms_now or not all(now.holds(expression) for expression in before.expressions):
        return Fault.EXPRESSION_LOST
    return None


def _added(told: str, sources: Iterable[str], task: Task) -> Fault | None:
    """A number or a term of told that no source has, or an expression one side of which no source has."""
    now, terms_now = _read(told, task)
    read = [_read(source, task) for source in sources]
    known = [figures_there for figures_there, _ in read]
    if set(now.numbers) - {number for source in known for number in source.numbers}:
        return Fault.NUMBER_ADDED
    if {term for term in terms_now if not is_plain(term)}.difference(*(terms_there for _, terms_there in read)):
        return Fault.EXPRESSION_ADDED
    for expression in now.expressions:
        if not all(_occurs(side, known) for side in sides(expression)):
            return Fault.EXPRESSION_ADDED
    return None


def _occurs(expression: str, known: Sequence[Figures]) -> bool:
    return any(source.holds(expression) for source in known)


def _names(told: str, place: str, state: str, *, at_root: bool) -> bool:
    """Whether told names the place: all numbers of its state where it is known, else some of its step."""
    said = Counter(figures(told).numbers)
    there = Counter(figures(state).numbers)
    if there and (said or not at_root):
        return there <= said
    if at_root:
        return True
    numbers = set(figures(place).numbers)
    if numbers:
        return not numbers.isdisjoint(said)
    words = {word.lower() for word in _WORD.findall(place)}
    shared = words & {word.lower() for word in _WORD.findall(told)}
    return len(shared) >= min(_SHARED_WORDS, len(words))
