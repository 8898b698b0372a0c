"""The problems of a run as its traces recorded them, for a run whose own file of problems is lost."""

import json
from pathlib import Path

from astro.errors import StoreError
from astro.models.prompting import PromptFormat
from astro.problems import Problem
from astro.store import RunDirectory


def problems_recorded(path: Path, prompt_format: PromptFormat) -> list[Problem]:
    """The problems that the rows for rl describe, in their order.

    Each is checked: the run's prompt format must make exactly the recorded prompt of it. Raises StoreError if it does
    not, or if a tree has no such row.
    """
    with RunDirectory.read(path) as run:
        rows = run.traces.table("rl").to_pylist()
        trees = run.trees.problem_ids
    found = {}
    for row in rows:
        text = row["prompt"][-1]["content"].removesuffix(f"\n\n{prompt_format.instruction}")
        if prompt_format.training_messages(text) != [dict(turn) for turn in row["prompt"]]:
            raise StoreError(f"{path}: the prompt of {row['id']} does not show where its problem ends; {_RESTORE}")
        source = json.loads(row["provenance"]).get("source", "")
        found[row["id"]] = Problem(
            row["id"], text, row["answer"], row["task"], source, json.loads(row["metadata"] or "{}")
        )
    if missing := sorted(trees - found.keys()):
        raise StoreError(f"{path}: the traces have no row of {missing[0]} and {len(missing) - 1} others; {_RESTORE}")
    return list(found.values())


_RESTORE = "restore problems.parquet from a copy, or make the source available again and repeat `astro repair`"
