"""Traces as rows of data sets that trainers read: sft, messages, direct and rl.

sft       conversational prompt and completion; the direct and search traces
messages  the same rows as one conversation each
direct    the control: as many rows as sft for every problem, correct paths only, in the columns of sft
rl        one prompt a problem, with the gold answer and the pass rate measured at the root of its tree
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from astro.records.problem import Problem
from astro.records.split import Split
from astro.records.trace import Kind, Origin, Trace
from astro.records.tree import ROOT, Tree

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]


class Dataset(StrEnum):
    """The data sets, by the name of their configuration on disk."""

    SFT = "sft"
    MESSAGES = "messages"
    DIRECT = "direct"
    RL = "rl"


def split_of(problem: Problem, test_share: float) -> Split:
    """The side of the train-test split, by a hash of the problem's words: the same in every run and on every machine.

    Countdown problems of the same numbers go together, whatever the order and the target.
    """
    numbers = problem.metadata.get("numbers")
    family = " ".join(problem.prompt.lower().split())
    if problem.task == "countdown" and isinstance(numbers, Sequence):
        family = json.dumps(sorted(numbers))
    digest = hashlib.sha256(family.encode("utf-8", errors="surrogatepass")).digest()
    return Split.TEST if int.from_bytes(digest[:8], "big") < test_share * 2**64 else Split.TRAIN


def trace_rows(
    problem: Problem, traces: Iterable[Trace], prompt: Sequence[Mapping[str, str]]
) -> dict[Dataset, list[Row]]:
    """The rows of one problem's traces in sft, messages and direct.

    traces: of one make_traces call; prompt: the turns before a solution (PromptFormat.training_messages).
    """
    turns = [dict(turn) for turn in prompt]
    rows: dict[Dataset, list[Row]] = {Dataset.SFT: [], Dataset.MESSAGES: [], Dataset.DIRECT: []}
    for trace in traces:
        completion = [{"role": "assistant", "content": trace.text}]
        about = _about(trace, problem)
        pair = {"prompt": turns, "completion": completion} | about
        if trace.kind is Kind.CONTROL:
            rows[Dataset.DIRECT].append(pair | {"kind": Kind.DIRECT.value})
        else:
            rows[Dataset.SFT].append(pair)
            rows[Dataset.MESSAGES].append({"messages": turns + completion} | about)
    return {dataset: [_ordered(row, dataset) for row in found] for dataset, found in rows.items()}


def rl_row(problem: Problem, tree: Tree, prompt: Sequence[Mapping[str, str]], origin: Origin) -> Row:
    """The row of one problem in rl; prompt as in trace_rows()."""
    tally = tree.tally(ROOT)
    found = {"source": problem.source, "task": problem.task, "tree": f"{tree.problem_id}@{tree.seed}", **asdict(origin)}
    return {
        "id": problem.id,
        "prompt": [dict(turn) for turn in prompt],
        "answer": problem.answer,
        "task": problem.task,
        "pass_rate": tally.reward if tally.graded else None,
        "samples": tally.graded,
        "metadata": _json(dict(problem.metadata)),
        "provenance": _json(found),
    }


@cache
def schema_of(dataset: Dataset) -> "pa.Schema":
    """The Arrow schema of a data set: the same in every run, so that shards of several runs can be read together."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and not needed to make traces

    text, count = pa.string(), pa.int32()
    turns = pa.list_(pa.struct([pa.field("role", text, nullable=False), pa.field("content", text, nullable=False)]))
    kinds = {
        "prompt": turns, "completion": turns, "messages": turns, "backtracks": count, "steps": count,
        "prompt_tokens": count, "completion_tokens": count, "pass_rate": pa.float64(), "samples": count,
    }  # fmt: skip
    fields = [pa.field(name, kinds.get(name, text), nullable=name == "pass_rate") for name in columns_of(dataset)]
    return pa.schema(fields)


def columns_of(dataset: Dataset) -> tuple[str, ...]:
    """The names of the columns, in order; provenance and metadata are JSON text."""
    if dataset is Dataset.RL:
        return ("id", "prompt", "answer", "task", "pass_rate", "samples", "metadata", "provenance")
    conversation = ("messages",) if dataset is Dataset.MESSAGES else ("prompt", "completion")
    counts = ("answer", "backtracks", "steps", "prompt_tokens", "completion_tokens", "provenance")
    return ("id", "problem_id", "tree_id", "kind", *conversation, *counts)


def _ordered(row: Row, dataset: Dataset) -> Row:
    return {name: row[name] for name in columns_of(dataset)}


def _about(trace: Trace, problem: Problem) -> Row:
    return {
        "id": trace.id,
        "problem_id": trace.problem_id,
        "tree_id": trace.tree_id,
        "kind": trace.kind.value,
        "answer": problem.answer,
        "backtracks": trace.backtracks,
        "steps": trace.steps,
        "prompt_tokens": trace.prompt_tokens,
        "completion_tokens": trace.completion_tokens,
        "provenance": _json(_provenance(trace, problem)),
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
        **asdict(trace.origin),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
