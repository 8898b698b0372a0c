"""What the page says of a run as a whole: counts, costs, filters, distributions, lineage, evaluations."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from astro.evaluation.figures import WITHIN
from astro.records.columns import Row
from astro.records.cost import COSTS
from astro.report.continued import with_continuations
from astro.report.gather import Findings
from astro.report.tables import name_of
from astro.store import RunDirectory
from astro.store.atomic import read_marker
from astro.store.stage import MARKER, Stage
from astro.traces import Kind
from astro.train import TRAINERS
from astro.train.checkpoint import read_done
from astro.train.setup import DONE
from astro.verify import Outcome

_BINS = 20
_WHOLE_BINS = 24  # at most, for whole numbers
_SHOWN_FIGURES = ("pass_at_1", "tokens", "backtracks", "first_attempt", "wrong_to_right", "right_to_wrong")


def run_facts(run: RunDirectory, name: str) -> Row:
    """Counts of a run, finished or not; small, however large the run is."""
    trees = run.trees.table("trees", ["solved", "stop", *(outcome.value for outcome in Outcome)])
    traces = run.traces.table("traces", ["kind", "backtracks"])
    counts = run.traces.table("counts", ["name", "count"]).group_by("name").aggregate([("count", "sum")])
    stops = Counter(trees["stop"].to_pylist())
    return {
        "name": name,
        "finished": {"trees": run.trees.complete, "traces": run.traces.complete},
        "problems": len(run.stored) if run.has_problems else 0,
        "trees": trees.num_rows,
        "solved": int(pc.sum(trees["solved"]).as_py() or 0),
        "failed": stops.get("failed", 0),
        "stops": dict(stops),
        "traces": dict(Counter(traces["kind"].to_pylist())),
        "backtracking": int(pc.sum(pc.greater(traces["backtracks"], 0)).as_py() or 0),
        "verdicts": {outcome.value: int(pc.sum(trees[outcome.value]).as_py() or 0) for outcome in Outcome},
        "rejected_rows": _rejected_rows(run),
        "removed": _removed(run.path / "datasets" / MARKER),
        "rejects": dict(Counter(run.traces.table("rejects", ["reason"])["reason"].to_pylist())),
        "counts": dict(sorted(zip(counts["name"].to_pylist(), counts["count_sum"].to_pylist(), strict=True))),
        "seconds": sum(run.seconds_at_work().values()),
        "costs": [_cost("search", run.trees), _cost("traces", run.traces)],
        "lineage": _lineage(run),
    }


def _cost(name: str, stage: Stage) -> Row:
    columns = [column for column in COSTS.names if column != "problem_id"]
    table = stage.table("costs", columns)
    return {"stage": name, **{column: pc.sum(table[column]).as_py() or 0 for column in columns}}


def _lineage(run: RunDirectory) -> Row:
    """Where the run's trees, models and data come from."""
    settings = run.settings
    engine = settings.get("engine") or {}
    return {
        "model": engine.get("model"),
        "engine": engine.get("kind"),
        "source": (settings.get("problems") or {}).get("source"),
        "seed": settings.get("seed"),
        "trees_of": [str(path) for path in run.trees_taken_of()],
        "datasets": _dataset_rows(run.path / "datasets" / MARKER),
        "checkpoints": list(_checkpoints(run.path / "checkpoints")),
        "settings": settings,
    }


def _rejected_rows(run: RunDirectory) -> dict[str, int]:
    """How many rows of the source became no problems, by reason."""
    return dict(Counter(run.rejected()["reason"].to_pylist()).most_common()) if run.has_problems else {}


def _checkpoints(folder: Path) -> Iterator[Row]:
    """The trained models of a run: the name, the model that the training began with, and its data set."""
    order = {stage: number for number, stage in enumerate(TRAINERS)}
    finished = [path.parent for path in folder.glob(f"*/*/{DONE}")]
    for stage in sorted(finished, key=lambda path: (path.parent.name, order.get(path.name, len(order)), path.name)):
        facts = read_done(stage) or {}
        began = Path(str(facts.get("model", "")))
        inside = began.is_relative_to(folder) or began.is_relative_to(folder.resolve())
        model = "/".join(began.parts[-2:]) if inside else str(began)
        yield {"name": "/".join(stage.parts[-2:]), "model": model, "data": facts.get("data", "")}


def _removed(marker: Path) -> dict[str, dict[str, int]]:
    """The solutions that the filters of each data set removed, by reason; none before all are written."""
    return dict(read_marker(marker).get("removed", {})) if marker.exists() else {}


def _dataset_rows(marker: Path) -> dict[str, int]:
    """The rows of each data set, training and test together; none before all are written."""
    rows: Counter[str] = Counter()
    files = read_marker(marker)["files"] if marker.exists() else {}
    for file, seal in files.items():
        name, slash, _ = file.partition("/")
        if slash:
            rows[name] += seal.rows
    return dict(sorted(rows.items()))


def distributions(values: pa.Table, traces: pa.Table, trees: pa.Table, counts: Mapping[str, int]) -> list[Row]:
    """The distributions of a run, each a title and its bars.

    values: the columns value and depth of all nodes. traces, trees: the tables of these names.
    """
    searching = traces.filter(pc.not_equal(traces["kind"], Kind.CONTROL.value))
    faults = {name.partition(".")[2]: count for name, count in counts.items() if name.startswith("faults.")}
    found = [
        _shares("Values of nodes", values["value"]),
        _wholes("Depth of nodes", values["depth"]),
        _wholes("Nodes of a tree", trees["nodes"]),
        _shares("Pass rates", trees["root_reward"]),
        _named("Verdicts", {outcome.value: int(pc.sum(trees[outcome.value]).as_py() or 0) for outcome in Outcome}),
        _wholes("Backtracks of a trace", searching["backtracks"]),
        _wholes("Tokens of a trace", searching["completion_tokens"]),
        _named("Faults of rewrites", faults),
    ]
    return [each for each in found if any(count for _, count in each["bars"])]


def _shares(title: str, column: pa.ChunkedArray) -> Row:
    """A histogram over [0, 1]; the last bar includes 1."""
    counts, edges = np.histogram(column.drop_null().to_numpy(), bins=_BINS, range=(0.0, 1.0))
    return _bars(title, [(f"{low:.2f}", int(count)) for low, count in zip(edges, counts, strict=False)])


def _wholes(title: str, column: pa.ChunkedArray) -> Row:
    """A histogram of whole numbers, with one bar a number where they are few."""
    numbers = column.drop_null().to_numpy()
    if not len(numbers):
        return _bars(title, [])
    low, high = int(numbers.min()), int(numbers.max())
    width = max(1, -(-(high - low + 1) // _WHOLE_BINS))
    edges = np.arange(low, high + width + 1, width)
    counts, _ = np.histogram(numbers, bins=edges)
    lows = [int(edge) for edge in edges[:-1]]
    names = [f"{at:,}" if width == 1 else f"{at:,}-{at + width - 1:,}" for at in lows]
    return _bars(title, [(name, int(count)) for name, count in zip(names, counts, strict=True)])


def _named(title: str, counts: Mapping[str, int]) -> Row:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return _bars(title, [(name, count) for name, count in ranked if count])


def _bars(title: str, bars: Iterable[tuple[str, int]]) -> Row:
    return {"title": title, "bars": [list(bar) for bar in bars]}


def evaluation_facts(findings: Findings) -> list[Row]:
    """The evaluated models on each set: figures with their intervals, and accuracy within numbers of tokens."""
    return [
        {
            "set": dataset,
            "models": [
                {
                    "model": model,
                    "name": name_of(model),
                    "problems": each.problems,
                    "samples": each.samples,
                    "figures": {
                        name: [figure.value, figure.low, figure.high]
                        for name in _SHOWN_FIGURES
                        if (figure := each.figures.get(name)) is not None
                    },
                    "curve": _curve(each.figures),
                }
                for model, (each,) in with_continuations([findings], dataset).items()
            ],
        }
        for dataset in findings.sets
    ]


def _curve(figures: Mapping[str, Any]) -> Sequence[tuple[int, float]]:
    within = {name: figure for name, figure in figures.items() if name.startswith(WITHIN)}
    return sorted((int(name.removeprefix(WITHIN)), figure.value) for name, figure in within.items())
