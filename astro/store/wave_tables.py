"""The recorded waves of one tree as an entry with two tables: the requests, and their completions in the same order."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from astro.models.completion import Completion, FinishReason, Sampled
from astro.models.scoring import Scores
from astro.records.columns import columns_table, rows_table
from astro.records.cost import Cost
from astro.search.waves import Answer, Recorded
from astro.store.frames import Entry

_COST = {"calls": pa.int64(), "prompt_tokens": pa.int64(), "cached_tokens": pa.int64(), "generated_tokens": pa.int64(),
         "seconds": pa.float64()}  # fmt: skip
# error: why there is no answer. values: of a scorer, otherwise null. completions: how many there are.
_REQUESTS = pa.schema(
    {"digest": pa.binary(), "error": pa.string(), "values": pa.list_(pa.float64()), "completions": pa.int32(), **_COST}
)
_COMPLETIONS = pa.schema(
    {
        "text": pa.string(),
        "token_ids": pa.list_(pa.int32()),
        "logprob": pa.float64(),
        "finish_reason": pa.string(),
        "stop": pa.string(),
        "token_logprobs": pa.list_(pa.float64()),
    }
)


def waves_entry(problem_id: str, recorded: Recorded, source: str) -> Entry:
    """The entry of some waves. source: of what they were asked, so that no other tree takes them for its own."""
    completions = [
        completion
        for answer in recorded.answers.values()
        if isinstance(answer, Sampled)
        for completion in answer.completions
    ]
    columns = {name: [getattr(completion, name) for completion in completions] for name in _COMPLETIONS.names}
    return Entry(
        problem_id,
        {
            "requests": rows_table([_row(digest, answer) for digest, answer in recorded.answers.items()], _REQUESTS),
            "completions": columns_table(columns, _COMPLETIONS),
        },
        {"begin": recorded.begin, "end": recorded.end, "seconds": recorded.seconds},
        source,
    )


def waves_from(entry: Entry) -> Recorded:
    """The waves of an entry."""
    completions = (_completion(row) for row in entry.tables["completions"].to_pylist())
    answers = {row["digest"]: _answer(row, completions) for row in entry.tables["requests"].to_pylist()}
    facts = entry.facts
    return Recorded(int(facts["begin"]), int(facts["end"]), facts["seconds"], answers)


def _row(digest: bytes, answer: Answer) -> dict[str, Any]:
    row = {**dict.fromkeys(_REQUESTS.names, 0), "digest": digest, "error": None, "values": None}
    if isinstance(answer, str):
        return {**row, "error": answer}
    if isinstance(answer, Scores):
        costs = {name: getattr(answer.cost, name) for name in _COST}
        return {**row, "values": list(answer.values), **costs}
    counts = {"prompt_tokens": answer.prompt_tokens, "cached_tokens": answer.cached_tokens}
    return {**row, "completions": len(answer.completions), **counts}


def _answer(row: dict[str, Any], completions: Iterator[Completion]) -> Answer:
    if row["error"] is not None:
        return str(row["error"])
    if row["values"] is not None:
        return Scores(row["values"], Cost(**{name: row[name] for name in _COST}))
    these = tuple(next(completions) for _ in range(row["completions"]))
    return Sampled(these, row["prompt_tokens"], row["cached_tokens"])


def _completion(row: dict[str, Any]) -> Completion:
    return Completion(
        row["text"],
        tuple(row["token_ids"]),
        row["logprob"],
        FinishReason(row["finish_reason"]),
        row["stop"],
        tuple(row["token_logprobs"]),
    )
