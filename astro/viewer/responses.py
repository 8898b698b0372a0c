"""The responses of a run's models to one problem, cut at their ways back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.records.columns import Row
from astro.report.gather import Evaluation, Findings
from astro.traces.backtracks import find_backtracks

MOST_PROBLEMS = 2_000  # listed of one set
MOST_SAMPLES = 16  # of one model, to one problem
_KEPT = ("sample", "tokens", "outcome", "answer", "correct", "first_correct", "backtracks", "finish_reason")
_CUT = 60_000  # characters of a response that are cut at its ways back; the rest is shown as it is


def set_problems(evaluations: dict[str, Evaluation]) -> list[Row]:
    """The problems of a set: id, group, and each model's right responses and number of responses."""
    rows: dict[str, Row] = {}
    for model, evaluation in evaluations.items():
        table = evaluation.responses.select(["problem_id", "group", "correct", "backtracks"])
        table = table.set_column(2, "correct", pc.cast(table["correct"], pa.int64()))
        sums = table.group_by(["problem_id", "group"], use_threads=False).aggregate(
            [("correct", "sum"), ("correct", "count"), ("backtracks", "sum")]
        )
        for row in sums.to_pylist():
            found = rows.setdefault(row["problem_id"], {"id": row["problem_id"], "group": row["group"], "models": {}})
            found["models"][model] = [row["correct_sum"], row["correct_count"], row["backtracks_sum"]]
    return list(rows.values())[:MOST_PROBLEMS]


def responses_to(findings: Findings, dataset: str, problem_id: str) -> Row:
    """The responses of every model to a problem of a set, in pieces: first attempt, ways back, later attempts."""
    evaluations = findings.evaluated(dataset)
    models = []
    for model, evaluation in evaluations.items():
        table = evaluation.responses
        rows = table.filter(pc.equal(table["problem_id"], problem_id)).slice(0, MOST_SAMPLES).to_pylist()
        responses = [{**{name: row[name] for name in _KEPT}, "pieces": list(pieces(row["text"]))} for row in rows]
        models.append({"model": model, "responses": responses})
    folders = {evaluation.folder for evaluation in evaluations.values()}
    asked = next((found for folder in sorted(folders) if (found := _problem(folder, problem_id))), None)
    return {"problem": asked, "set": dataset, "models": models}


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """The text in order: attempt and return pieces, which join to the whole."""
    end = 0
    for move in find_backtracks(text[:_CUT]):
        if text[end : move.start]:
            yield "attempt", text[end : move.start]
        yield "return", text[move.start : move.end]
        end = move.end
    if text[end:] or not end:
        yield "attempt", text[end:]


def _problem(folder: Path, problem_id: str) -> dict[str, Any] | None:
    path = folder / "problems.parquet"
    if not path.exists():
        return None
    try:
        table = pq.read_table(path, columns=["id", "prompt", "answer", "task"])
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} cannot be read: {error}; delete it, and the next `astro run` writes it") from error
    return next(iter(table.filter(pc.equal(table["id"], problem_id)).to_pylist()), None)
