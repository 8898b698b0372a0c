"""Checks that a rewritten thought says what its step says: nothing lost, nothing added, no answer given away.

Every check returns the first fault that it finds, or None. What the texts say is compared by astro.traces.meaning;
where its rules cannot tell, the fault is UNDECIDED. Texts beyond a length are not compared, so the time is bounded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from astro.models.control_tokens import has_control
from astro.records.problem import Problem
from astro.tasks import task_of
from astro.tasks.markup import has_answer, has_mark, without_answer, without_boxes
from astro.traces.claims import claims_success, without_claims
from astro.traces.meaning import LONGEST, differences
from astro.traces.places import BEGINNING, Place, misplaced
from astro.verify import extract
from astro.verify.forms.math.normal import normal_form

_LENGTH_FACTOR, _LENGTH_SLACK = 3, 200  # longest thought, in characters: 3 times its step and 200 more
_ECHO = re.compile(
    r"^[ \t]*(?:problem|thoughts|step|solution|original step|rewritten step|new thought|reword(?:ed)?)[ \t]{0,9}:|"
    r"\b(?:rewrite|reword|go back to) the step\b|\brewritten (?:step|thought|version)\b|"
    r"\bhere(?:'s| is) the\b.{0,40}\bre(?:wr|word|phras)",
    re.IGNORECASE | re.MULTILINE,
)
_ECHO_LENGTH = 40  # a copy of the whole problem or of the last thought counts as an echo from this length in characters


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
    EXPRESSION_LOST = "expression_lost"  # also a variable, a relation or a block of code
    NUMBER_ADDED = "number_added"
    EXPRESSION_ADDED = "expression_added"
    SENTENCE_LOST = "sentence_lost"
    CLAIM_ADDED = "claim_added"
    NAME_ADDED = "name_added"
    JUDGEMENT_ADDED = "judgement_added"  # "mistakenly"
    MEANING_CHANGED = "meaning_changed"  # a quantifier, a negation, a direction, one thing for another of its kind
    SWAPPED = "swapped"  # who has what, what comes first, what follows from what
    CLAIMS_SUCCESS = "claims_success"  # a wrong attempt that says it is right
    NO_RETURN = "no_return"  # a backtrack that does not say that it goes back
    WRONG_PLACE = "wrong_place"  # a backtrack that does not name what was established where it goes
    ABANDONED = "abandoned"  # a backtrack to a state of the attempt just abandoned
    UNDECIDED = "undecided"  # the rules cannot tell, and there is no judge to ask
    NOT_ENTAILED = "not_entailed"  # the rules could not tell, and the judge said no


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a rewritten thought. detail: the evidence, in one line."""

    fault: Fault
    detail: str = ""


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
    core = essence(step, role)
    if found := _form_fault(thought, core or step, around):
        return found
    if role is Role.RIGHT_END:
        if (said := _final_answer(thought)) != (meant := _final_answer(step)):
            return Finding(Fault.ANSWER_LOST, f"{meant!r} is {said!r}" if said else f"{meant!r} is lost")
    elif _leaks(thought, core, role):
        return Finding(Fault.ANSWER_LEAKED)
    sources = [around.problem.prompt, *around.thoughts]
    if role is Role.WRONG_END and claims_success(around.problem, thought):
        return Finding(Fault.CLAIMS_SUCCESS)
    if max(len(core), len(thought)) > LONGEST:
        return Finding(Fault.UNDECIDED, f"more than {LONGEST} characters are not compared")
    if role is Role.STEP:
        changes = differences(core, thought, sources)
    else:  # an end may be rewritten without its words on whether it is right
        sources = [step, *sources]
        changes = differences(without_claims(around.problem, core), thought, sources)
    if changes and role is Role.RIGHT_END:  # or with them
        changes = differences(core, thought, sources)
    return Finding(Fault(changes[0].what), changes[0].detail) if changes else None


def backtrack_fault(thought: str, path: Sequence[str], abandoned: Sequence[str], around: Around) -> Finding | None:
    """Check the sentence that goes back.

    path: the original steps up to the target of the backtrack, including it; empty for the beginning.
    abandoned: the original steps after the target.
    """
    place = essence(path[-1], Role.STEP) if path else around.problem.prompt
    if found := _form_fault(thought, place, around):
        return found
    if has_answer(thought):
        return Finding(Fault.ANSWER_LEAKED)
    if bool(path) == bool(BEGINNING.search(thought)):
        return Finding(Fault.WRONG_PLACE, "it goes to the beginning" if path else "it does not go to the beginning")
    task = task_of(around.problem)
    state = task.state(around.problem, place if path else None)
    there = Place(around.problem.prompt, [essence(step, Role.STEP) for step in path], state)
    misplacement = misplaced(thought, there, abandoned)
    return Finding(Fault(misplacement.kind), misplacement.detail) if misplacement is not None else None


def _form_fault(thought: str, core: str, around: Around) -> Finding | None:
    if not thought.strip():
        return Finding(Fault.EMPTY)
    if len(thought) > _LENGTH_FACTOR * len(core) + _LENGTH_SLACK:
        return Finding(Fault.TOO_LONG, f"{len(thought)} characters for {len(core)}")
    if has_control(thought):
        return Finding(Fault.CONTROL)
    copied = [around.problem.prompt, *around.thoughts[-1:]]
    if any(len(text) >= _ECHO_LENGTH and text in thought and text not in core for text in copied):
        return Finding(Fault.ECHO, "it repeats the problem or the thought before it")
    if (echo := _ECHO.search(thought)) and not _ECHO.search(core):
        return Finding(Fault.ECHO, echo[0].strip())
    return None


def _leaks(thought: str, core: str, role: Role) -> bool:
    """Whether thought gives an answer before the conclusion. It may mention one if core does, but must not mark it."""
    if role is Role.WRONG_END:
        return has_answer(thought)
    return (has_answer(thought) and not has_answer(core)) or (has_mark(thought) and not has_mark(core))


def _final_answer(text: str) -> object:
    answer = extract(text).answer
    return normal_form(answer) if answer else ""
