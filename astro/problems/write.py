"""Write problems to files that load_problems, datasets and data frames read, and summarize what was loaded."""

import csv
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astro.errors import ProblemsError
from astro.problems.load import LoadedProblems
from astro.records.problem import Problem
from astro.records.rejection import Reason

_FIELDS = ("id", "prompt", "answer", "task", "source", "metadata")


def write_problems(path: Path, problems: Sequence[Problem]) -> None:
    """Write .jsonl, .csv or .parquet in ASTRO's layout. In .csv and .parquet, metadata is JSON text.

    The file is written atomically. Raises ProblemsError for another suffix or a path that cannot be written.
    """
    if path.suffix not in (".jsonl", ".csv", ".parquet"):
        raise ProblemsError(f"cannot write problems as {path.name!r}; the formats are .jsonl, .csv and .parquet")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".jsonl":
            with unfinished.open("w", encoding="utf-8", newline="\n") as stream:
                for problem in problems:
                    stream.write(json.dumps(_record(problem), ensure_ascii=False) + "\n")
        elif path.suffix == ".csv":
            with unfinished.open("w", encoding="utf-8", newline="") as stream:
                table = csv.DictWriter(stream, _FIELDS)
                table.writeheader()
                table.writerows(_flat_record(problem) for problem in problems)
        else:
            _write_parquet(unfinished, problems)
        unfinished.replace(path)
    except OSError as error:
        raise ProblemsError(f"cannot write {path}: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of the loaded problems and rejected rows.

    problems, rejected: their numbers.
    tasks: problems by task.
    difficulties: problems by the difficulty in their metadata; problems without one are not counted.
    reasons: rejected rows by reason.
    caveats: problems whose gold answer can only be compared as it is written.
    median_words: of the prompts.
    """

    problems: int
    rejected: int
    tasks: Mapping[str, int]
    difficulties: Mapping[str, int]
    reasons: Mapping[Reason, int]
    caveats: int
    median_words: int


def summarize(loaded: LoadedProblems) -> Summary:
    """Count problems by task and difficulty, and rejected rows by reason, the most frequent first."""
    difficulties = (
        str(problem.metadata["difficulty"]) for problem in loaded.problems if "difficulty" in problem.metadata
    )
    lengths = sorted(len(problem.prompt.split()) for problem in loaded.problems)
    return Summary(
        problems=len(loaded.problems),
        rejected=len(loaded.rejected),
        tasks=dict(Counter(problem.task for problem in loaded.problems).most_common()),
        difficulties=dict(Counter(difficulties).most_common()),
        reasons=dict(Counter(row.reason for row in loaded.rejected).most_common()),
        caveats=sum(problem.caveat is not None for problem in loaded.problems),
        median_words=lengths[len(lengths) // 2] if lengths else 0,
    )


def _record(problem: Problem) -> dict[str, Any]:
    return {field: getattr(problem, field) for field in _FIELDS[:-1]} | {"metadata": dict(problem.metadata)}


def _flat_record(problem: Problem) -> dict[str, str]:
    return _record(problem) | {"metadata": json.dumps(dict(problem.metadata), ensure_ascii=False)}


def _write_parquet(path: Path, problems: Sequence[Problem]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and most files are not Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = pa.schema([(field, pa.string()) for field in _FIELDS])
    pq.write_table(pa.Table.from_pylist([_flat_record(problem) for problem in problems], schema=schema), path)
