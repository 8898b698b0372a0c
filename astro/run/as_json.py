"""What the verbs print, as plain data for --json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from astro.errors import StoreError
from astro.problems import load_problems
from astro.problems.bundled import bundled_sets
from astro.problems.write import summarize as summarize_problems
from astro.records.rounds import ROUNDS
from astro.report.rounds import gather_rounds
from astro.run.problems import problems_config
from astro.run.summary import summarize
from astro.store import RunDirectory
from astro.tasks import check_gold, gold_caveat

Facts = dict[str, Any]


def as_text(found: Any) -> str:
    """One JSON object in one line; records become objects."""
    return json.dumps(_plain(found), ensure_ascii=False, allow_nan=False)


def run_facts(path: Path) -> Facts:
    """A run's summary, or of a run with rounds, the record of each. Raises StoreError."""
    if (path / ROUNDS).is_dir():
        return {"run": str(path), "rounds": [each.record for each in gather_rounds(path)]}
    with RunDirectory.read(path) as run:
        return {"run": str(path), **_plain(summarize(run))}


def listing(path: Path, rows: int) -> Facts:
    """A run's summary and the first problems, with the row of each tree. Raises StoreError."""
    facts = run_facts(path)
    if "rounds" not in facts:
        with RunDirectory.read(path) as run:
            ids = run.stored.order()[:rows]
            facts["listed"] = [
                {"problem_id": name} if name not in run.trees else run.trees.read(name).tables["trees"].to_pylist()[0]
                for name in ids
            ]
    return facts


def problem_facts(path: Path, problem_id: str) -> Facts:
    """A problem with the rows of its tree and traces. Raises StoreError if the run does not have it."""
    with RunDirectory.read(path) as run:
        problem = next((each for each in run.stored.each() if each.id == problem_id), None)
        if problem is None:
            raise StoreError(f"{path} has no problem {problem_id!r}")
        tree = run.trees.read(problem_id).tables if problem_id in run.trees else {}
        traced = run.traces.read(problem_id).tables if problem_id in run.traces else {}
    rows = {name: table.to_pylist() for name, table in [*tree.items(), *traced.items()] if name != "costs"}
    return {"problem": problem, **rows}


def problems_facts(source: str | None, settings: Sequence[str], rows: int) -> Facts:
    """The bundled sets, or what a source holds: counts, the first problems and the first rejected rows."""
    if source is None:
        return {"sets": {name: str(file) for name, file in bundled_sets().items()}}
    loaded = load_problems(problems_config(source, settings), check_gold, gold_caveat)
    facts: Facts = _plain(summarize_problems(loaded))
    return facts | {"first": loaded.problems[:rows], "rejected_rows": loaded.rejected[:rows]}


def _plain(value: Any) -> Any:
    """Records as objects, keys as texts."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)
