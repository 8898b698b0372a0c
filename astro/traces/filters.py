"""Filters for finished traces. Every rejected trace is kept with the reason."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from astro.models.control_tokens import has_control
from astro.records.problem import Problem
from astro.records.trace import Kind, Move, Trace, is_doubt
from astro.tasks import task_of
from astro.traces.claims import claims_success
from astro.traces.config import FalseStatements, TracesConfig
from astro.traces.falsehoods import attempts_of

_SHINGLE = 5  # words
_REPEATS = 3  # a sentence that occurs at least this often is a loop
_SENTENCE = re.compile(r"[^.!?\n]{12,}")  # shorter sentences repeat in good prose, too


class Refusal(StrEnum):
    """Why a trace is not used."""

    NOT_REWRITTEN = "not_rewritten"  # the rewriter rejected the request: the prompt exceeds its context window
    NOT_CORRECT = "not_correct"  # the verifier did not find the text correct
    UNWRITABLE = "unwritable"  # the model's tokenizer changes the text: nothing to train on
    TOO_LONG = "too_long"
    CONTROL = "control"  # spells a control token
    TOO_FEW_BACKTRACKS = "too_few_backtracks"  # a search trace that never goes back
    CONTRADICTION = "contradiction"  # a doubt right after a claim of success
    FALLBACKS = "fallbacks"  # too many original steps, which read unlike the thoughts around them
    INSTRUCTION = "instruction"  # writes about the format that the prompt asks for
    FALSE_STATEMENT = "false_statement"  # such as 26 / 11 = 2, where no doubt names it
    LOOP = "loop"  # says the same sentence again and again
    DUPLICATE = "duplicate"  # nearly the same words as an earlier trace of the problem


@dataclass(frozen=True, slots=True)
class Reject:
    """A finished trace that is not used.

    id, problem_id, kind: of the trace. detail: the evidence for the reason, in one line.
    text: the trace's text; empty if it was not rewritten.
    """

    id: str
    problem_id: str
    kind: Kind
    reason: Refusal
    detail: str
    text: str


def refusal(
    trace: Trace, problem: Problem, accepted: Iterable[Trace], config: TracesConfig, instruction: str = ""
) -> tuple[Refusal, str] | None:
    """The first reason to reject a trace, with a detail, or None.

    accepted: the problem's traces so far. instruction: the prompt's, on how to write steps and the answer.
    """
    return next(_refusals(trace, problem, accepted, config, instruction), None)


def _refusals(
    trace: Trace, problem: Problem, accepted: Iterable[Trace], config: TracesConfig, instruction: str
) -> Iterator[tuple[Refusal, str]]:
    if not trace.verdict.correct:
        yield Refusal.NOT_CORRECT, f"{trace.verdict.outcome}: {trace.verdict.reason}"
    if trace.completion_tokens is None:
        yield Refusal.UNWRITABLE, "the model's tokenizer cannot write this text as it stands"
    elif trace.completion_tokens > config.max_tokens:
        yield Refusal.TOO_LONG, f"{trace.completion_tokens} tokens, traces.max_tokens is {config.max_tokens}"
    if has_control(trace.text):
        yield Refusal.CONTROL, "the text spells a control token"
    if trace.kind is Kind.SEARCH and not trace.backtracks:
        yield Refusal.TOO_FEW_BACKTRACKS, "no backtrack"
    found = {
        Refusal.FALLBACKS: _left(trace, config),
        Refusal.CONTRADICTION: _contradiction(trace, problem),
        Refusal.INSTRUCTION: quoted_instruction(trace.text, instruction, problem.prompt),
        Refusal.FALSE_STATEMENT: _false_statement(trace, problem, config),
        Refusal.LOOP: _loop(trace),
    }
    yield from ((reason, detail) for reason, detail in found.items() if detail)
    for other in accepted:
        if (overlap := similarity(trace.text, other.text)) > config.max_similarity:
            yield Refusal.DUPLICATE, f"{overlap:.3f} of the word {_SHINGLE}-grams are those of {other.id}"


def quoted_instruction(text: str, instruction: str, problem: str = "") -> str | None:
    r"""The words in which a text writes about the format that the instruction asks for, or None.

    Weak models do ("I used a blank line between the steps", "The final answer within \boxed{} is 26"). Five words of
    the instruction in a row count if they name a part of the format, "step by step" alone does not.
    """
    found = _ABOUT_FORMAT.search(text)
    if found and not _ABOUT_FORMAT.search(problem):
        return found.group()
    asked, said = _words(instruction), " ".join(_words(text))
    runs = (asked[start : start + _QUOTED] for start in range(len(asked) - _QUOTED + 1))
    return next((" ".join(run) for run in runs if not _FORMAT.isdisjoint(run) and " ".join(run) in said), None)


_QUOTED = 5  # words
_FORMAT = frozenset(["answer", "boxed", "box", "blank", "line", "lines", "heading", "tag", "tags", "format"])
_ABOUT_FORMAT = re.compile(r"\bblank lines?\b|\\boxed\{\s*\}", re.IGNORECASE)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def similarity(one: str, two: str) -> float:
    """Jaccard overlap of the sets of word 5-grams of two texts, in [0, 1]."""
    left, right = _shingles(one), _shingles(two)
    return len(left & right) / len(left | right)


def _left(trace: Trace, config: TracesConfig) -> str | None:
    most = config.max_fallbacks
    if most is None or trace.kind is Kind.CONTROL or trace.fallbacks <= most:
        return None
    return f"{trace.fallbacks} steps kept as they were, traces.max_fallbacks is {most}"


def _contradiction(trace: Trace, problem: Problem) -> str | None:
    last = 0  # the last visit before index with text
    for index in range(1, len(trace.visits)):
        last = index - 1 if trace.thoughts[index - 1] else last
        before = trace.thoughts[last]
        is_step = trace.visits[last].move is not Move.REFLECT
        if is_step and is_doubt(trace.visits, index) and claims_success(problem, before):
            return f"before visit {index}: {before[:200]}"
    return None


def _false_statement(trace: Trace, problem: Problem, config: TracesConfig) -> str | None:
    """What is false in the trace, or in its last attempt if doubts name what is false in the others; or None."""
    if config.false_statements is FalseStatements.KEEP:
        return None
    attempts = attempts_of(trace.visits, trace.thoughts)
    judged = attempts if config.false_statements is FalseStatements.DROP else attempts[-1:]
    found = [false for attempt in judged for false in task_of(problem).false_statements(problem, attempt)]
    return found[0] if found else None


def _loop(trace: Trace) -> str | None:
    """A sentence that one attempt repeats too often, or None. Different attempts may take the same step."""
    said: Counter[str] = Counter()
    for visit, thought in zip(trace.visits, trace.thoughts, strict=True):
        if visit.move is Move.BACKTRACK:
            said.clear()
        elif visit.move is not Move.REFLECT:
            said.update(" ".join(sentence.split()) for sentence in _SENTENCE.findall(thought))
            for sentence, count in said.most_common(1):
                if count >= _REPEATS:
                    return f"{count} times: {sentence[:200]}"
    return None


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[start : start + _SHINGLE]) for start in range(max(1, len(words) - _SHINGLE + 1))}
