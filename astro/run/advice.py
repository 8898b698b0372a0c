"""What a run says when few of its problems gave a trace: what took them, and the one setting to try first."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from astro.records.tree import Terminal
from astro.run.ends import Ends

# Below these shares, the format of the answers is the first thing to fix.
_FEW_ANSWERS, _FEW_AS_ASKED = 0.6, 0.5

_FORMAT = (
    "set prompt.examples to one or two solved problems that end as asked, or prompt.answer=line, which weak models "
    "follow more often"
)
_CUT = "raise search.max_step_tokens (and engine.max_model_len with it)"
# What took ends or traces -> what to try first.
_TRY = {
    "not_agreed": "the judge rejects right solutions: set traces.votes=0, or roles.judge to a stronger model",
    "by_luck": "right answers come from wrong steps: choose easier problems, or a stronger engine.model",
    "claims_success": "wrong ends claim success: set traces.mend_claims=true, or raise search.simulations for others",
    "misquoted": "wrong ends misquote the problem: raise search.simulations for other ends",
    "not_worse": "wrong ends are as promising as the state before them: raise search.rollouts, so that values differ",
    "no_wrong_terminal": "no wrong answers to go back from: choose harder problems, or set search.goal_wrong=2",
    "truncated": _CUT,
    "depth": "raise search.max_depth",
    "unanswered": _FORMAT,
    "repeated": "too few different ends: raise search.simulations or search.temperature",
    "not_correct": "rewriting changes the answer: set traces.rewrite=none, or roles.rewriter to a stronger model",
    "not_rewritten": "prompts of the rewriter exceed its context window: raise engine.max_model_len",
    "unwritable": "the tokenizer changes the text: check engine.model's tokenizer",
    "too_long": "raise traces.max_tokens",
    "control": "the texts spell control tokens: check engine.model's stop tokens and prompt.end_stop",
    "too_few_backtracks": "raise search.simulations, so that there are more wrong ends",
    "contradiction": "steps claim success before a doubt: set traces.mend_claims=true",
    "fallbacks": "the rewriter fails: raise traces.max_fallbacks, or set traces.rewrite=none",
    "instruction": "solutions write about the format: set prompt.instruction to other words, or prompt.examples",
    "loop": "solutions repeat themselves: lower search.temperature, or choose a stronger engine.model",
    "duplicate": "traces resemble each other: raise traces.max_similarity or search.simulations",
}


class Counted(Protocol):
    """The counts that the advice rests on; astro.run.summary.Summary has them."""

    @property
    def trees(self) -> int:
        """Problems searched."""

    @property
    def solved(self) -> int:
        """Those with a correct solution."""

    @property
    def backtracking(self) -> int:
        """Traces with a backtrack."""

    @property
    def rejects(self) -> Mapping[str, int]:
        """Rejected traces by reason."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The counts of the traces stage."""

    @property
    def ends(self) -> Ends:
        """How solutions end."""


def advice(counted: Counted) -> str | None:
    """The setting to try first, with the reason; None if there is nothing to fix."""
    return next(_advice(counted), None)


def _advice(counted: Counted) -> Iterator[str]:
    ends = counted.ends
    if counted.trees and ends.finished:
        answered, asked = ends.answered / ends.finished, (ends.asked or 0) / ends.finished
        if answered < _FEW_ANSWERS:
            yield f"{answered:.0%} of the ends have an answer: {_FORMAT}"
        if ends.asked is not None and asked < _FEW_AS_ASKED:
            yield f"{asked:.0%} of the ends answer in the format asked for: {_FORMAT}"
    if counted.backtracking or not counted.trees:
        return
    cut = (ends.kinds or {}).get(Terminal.TRUNCATED, 0)
    if cut > ends.finished:
        yield f"{cut} of {cut + ends.finished} ends are cut off: {_CUT}"
    if not counted.solved:
        yield (
            f"none of the {counted.trees} problems was solved: choose easier problems or a stronger engine.model, or "
            "raise search.simulations"
        )
    taken = _taken(counted)
    if taken:
        reason, count = max(taken.items(), key=lambda pair: pair[1])
        yield f"{count} {reason}: {_TRY.get(reason, 'read the rejected traces in RUN/traces')}"


def _taken(counted: Counted) -> dict[str, int]:
    """What took ends and traces, by reason."""
    taken = {name.partition(".")[2]: count for name, count in counted.counts.items() if name.startswith("unused.")}
    return {reason: count for reason, count in {**taken, **counted.rejects}.items() if count}
