"""The columns and rows of traces, shared by the recipes astro and direct."""

from astro.recipes.columns import ANSWER, COMPLETION, IDENTITY, PROMPT, PROVENANCE, TURNS
from astro.recipes.recipe import Material, as_json, assistant
from astro.records.columns import Column, Row
from astro.records.problem import Problem
from astro.records.trace import Trace

_IDENTITY = (
    Column("id", "string", "problem, kind and ordinal"),
    *IDENTITY,
    Column("kind", "string", "direct or search"),
)
_COUNTS = (
    ANSWER,
    Column("backtracks", "int32", "how often the trace goes back"),
    Column("steps", "int32", "steps of the tree in the trace, repetitions included"),
    Column("false_statements", "int32", "statements that are false when executed again, such as 26 / 11 = 2"),
    Column("prompt_tokens", "int32", "length of the solve prompt", "tokens"),
    Column("completion_tokens", "int32", "length of the trace", "tokens"),
    PROVENANCE,
)
PAIR = (*_IDENTITY, PROMPT, COMPLETION, *_COUNTS)
MESSAGES = (*_IDENTITY, Column("messages", TURNS, "prompt and solution as one conversation"), *_COUNTS)


def pair_row(trace: Trace, material: Material) -> Row:
    """A trace as a row of the columns PAIR."""
    return {
        **_identity(trace),
        "prompt": material.turns,
        "completion": assistant(trace.text),
        **_counts(trace, material.problem),
    }


def messages_row(trace: Trace, material: Material) -> Row:
    """A trace as a row of the columns MESSAGES."""
    messages = [*material.turns, *assistant(trace.text)]
    return {**_identity(trace), "messages": messages, **_counts(trace, material.problem)}


def _identity(trace: Trace) -> Row:
    return {"id": trace.id, "problem_id": trace.problem_id, "tree_id": trace.tree_id, "kind": trace.kind.value}


def _counts(trace: Trace, problem: Problem) -> Row:
    return {
        "answer": problem.answer,
        "backtracks": trace.backtracks,
        "steps": trace.steps,
        "false_statements": trace.false_statements,
        "prompt_tokens": trace.prompt_tokens,
        "completion_tokens": trace.completion_tokens,
        "provenance": as_json(_provenance(trace, problem)),
    }


def _provenance(trace: Trace, problem: Problem) -> Row:
    return {
        "problem": {"id": problem.id, "source": problem.source, "task": problem.task},
        "tree": trace.tree_id,
        "visits": [[visit.node, visit.move.value] for visit in trace.visits],
        "verdict": trace.verdict.outcome.value,
        "prompts": trace.prompts,
        "rewrite": {
            "checked": trace.checked,
            "first_try": trace.first_try,
            "retries": trace.retries,
            "fallbacks": trace.fallbacks,
            "calls": trace.cost.calls,
            "prompt_tokens": trace.cost.prompt_tokens,
            "generated_tokens": trace.cost.generated_tokens,
        },
        **trace.origin.as_dict(),
    }
