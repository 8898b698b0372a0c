"""Checks that a rewritten thought says what its step says: nothing lost, nothing added, no answer given away.

Every check returns the first fault that it finds, or None. The checks read only figures, marks and lengths, in linear
time. They do not judge the prose.
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
_ECHO_LENGTH = 40  # a copy of the whole problem or of the last thought counts as an echo from this length in characters
_BEGINNING = re.compile(
    r"\b(?:beginning|start over|starting over|restart|scratch|from the (?:start|top)|very start|original problem)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_SHARED_WORDS = 2


class Fault(StrEnum):
    """What is wrong with a rewritten thought."""

    EMPTY = "empty"
    UNFINISHED = "unfinished"  # cut at the token limit
    TOO_LONG = "too_long"
    CONTROL = "control"  # spells a control token
    ECHO = "echo"  # repeats the prompt or mentions the rewriting task
    ANSWER_LEAKED = "answer_leaked"  # a final answer before the concluding step
    ANSWER_LOST = "answer_lost"  # the concluding step without its final answer, or with another one
    NUMBER_LOST = "number_lost"
    EXPRESSION_LOST = "expression_lost"
    NUMBER_ADDED = "number_added"
    EXPRESSION_ADDED = "expression_added"
    CLAIMS_SUCCESS = "claims_success"  # a wrong attempt that says it is right
    WRONG_PLACE = "wrong_place"  # a backtrack that does not name the state it goes back to
    ABANDONED = "abandoned"  # a backtrack to a state of the attempt just abandoned
    UNDECIDED = "undecided"  # the rules cannot tell, and there is no judge to ask
    NOT_ENTAILED = "not_entailed"  # the rules could not tell, and the judge said no


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a rewritten thought. detail: the evidence, in one line."""

    fault: Fault
    detail: str


class Role(StrEnum):
    """The role of a step in its trace."""

    STEP = "step"
    WRONG_END = "wrong_end"  # the last step of an abandoned attempt: rewritten without a final answer
    RIGHT_END = "right_end"  # the concluding step: rewritten with the final answer


@dataclass(frozen=True, slots=True)
class Around:
    """What a thought may refer to: the problem, and the thoughts before it."""

    problem: Problem
    thoughts: Sequence[str]


def essence(step: str, role: Role) -> str:
    """The part of a step to rewrite: all of it at the conclusion, elsewhere all but a final answer. May be empty."""
    match role:
        case Role.RIGHT_END:
            return step.strip()
        case Role.WRONG_END:
            return without_answer(step)
        case Role.STEP:  # it may mention the answer, but a box would be read as the final answer
            return without_boxes(step)


def step_fault(thought: str, step: str, role: Role, around: Around) -> Finding | None:
    """Check the rewrite of one step. thought: the rewrite. step: the original text."""
    return _finding(_step_fault(thought, step, role, around))


def _finding(fault: Fault | None) -> Finding | None:
    return None if fault is None else Finding(fault, "")


def _step_fault(thought: str, step: str, role: Role, around: Around) -> Fault | None:
    core = essence(step, role)
    if fault := _form_fault(thought, core, around):
        return fault
    if role is Role.RIGHT_END:
        if _final_answer(thought) != _final_answer(step):
            return Fault.ANSWER_LOST
    elif _leaks(thought, core, role):
        return Fault.ANSWER_LEAKED
    if role is Role.WRONG_END and claims_success(around.problem, thought):
        return Fault.CLAIMS_SUCCESS
    task = task_of(around.problem)
    sources = [core, around.problem.prompt, *around.thoughts]
    return _lost(thought, core, task) or _added(thought, sources, task)


def backtrack_fault(thought: str, path: Sequence[str], abandoned: Sequence[str], around: Around) -> Finding | None:
    """Check the sentence that goes back.

    path: the original steps up to the target of the backtrack, including it; empty for the beginning.
    abandoned: the original steps after the target.
    """
    return _finding(_backtrack_fault(thought, path, abandoned, around))


def _backtrack_fault(thought: str, path: Sequence[str], abandoned: Sequence[str], around: Around) -> Fault | None:
    place = essence(path[-1], Role.STEP) if path else around.problem.prompt
    if fault := _form_fault(thought, place, around):
        return fault
    if has_answer(thought):
        return Fault.ANSWER_LEAKED
    if bool(path) == bool(_BEGINNING.search(thought)):
        return Fault.WRONG_PLACE
    task = task_of(around.problem)
    if fault := _added(thought, [around.problem.prompt, *path], task):
        known = [around.problem.prompt, *path, *abandoned]
        return Fault.ABANDONED if _added(thought, known, task) is None else fault
    state = task.state(around.problem, place if path else None)
    return None if _names(thought, place, state, at_root=not path) else Fault.WRONG_PLACE


def _form_fault(thought: str, core: str, around: Around) -> Fault | None:
    if not thought.strip():
        return Fault.EMPTY
    if len(thought) > _LENGTH_FACTOR * len(core) + _LENGTH_SLACK:
        return Fault.TOO_LONG
    if has_control(thought):
        return Fault.CONTROL
    copied = [around.problem.prompt, *around.thoughts[-1:]]
    if any(len(text) >= _ECHO_LENGTH and text in thought and text not in core for text in copied):
        return Fault.ECHO
    if _ECHO.search(thought) and not _ECHO.search(core):
        return Fault.ECHO
    return None


def _leaks(thought: str, core: str, role: Role) -> bool:
    """Whether thought gives an answer before the conclusion. It may mention one if core does, but must not mark it."""
    if role is Role.WRONG_END:
        return has_answer(thought)
    return (has_answer(thought) and not has_answer(core)) or (has_mark(thought) and not has_mark(core))


def _final_answer(text: str) -> str:
    return figures(extract(text).answer or "").running


def _read(text: str, task: Task) -> tuple[Figures, frozenset[str]]:
    """The figures of a text, and its terms if the task has formulas."""
    if not task.formulas:
        return figures(text), frozenset()
    text = in_notation(text)
    return figures(text), terms(text)


def _lost(thought: str, core: str, task: Task) -> Fault | None:
    (before, terms_before), (now, terms_now) = _read(core, task), _read(thought, task)
    if set(before.numbers) - set(now.numbers):
        return Fault.NUMBER_LOST
    if terms_before - terms_now or not all(now.holds(expression) for expression in before.expressions):
        return Fault.EXPRESSION_LOST
    return None


def _added(thought: str, sources: Iterable[str], task: Task) -> Fault | None:
    """The fault of a number or term in thought that no source has, or of an expression with a side that none has."""
    now, terms_now = _read(thought, task)
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


def _names(thought: str, place: str, state: str, *, at_root: bool) -> bool:
    """Whether thought names the place: all numbers of its state if known, otherwise enough words of its step."""
    found = Counter(figures(thought).numbers)
    there = Counter(figures(state).numbers)
    if there and (found or not at_root):
        return there <= found
    if at_root:
        return True
    numbers = set(figures(place).numbers)
    if numbers:
        return not numbers.isdisjoint(found)
    words = {word.lower() for word in _WORD.findall(place)}
    shared = words & {word.lower() for word in _WORD.findall(thought)}
    return len(shared) >= min(_SHARED_WORDS, len(words))
