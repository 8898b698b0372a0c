"""The lineage of a run: does each part come from what is there now, from the problems to the report?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.evaluation.inputs import model_fingerprint
from astro.records.problem import Problem
from astro.records.trace import Trace
from astro.report.write import EVALUATIONS, evaluations_of
from astro.run.subjects import subjects
from astro.store import RunDirectory
from astro.store.atomic import read_sealed
from astro.store.claim import Claim
from astro.store.materials import count
from astro.store.stage import MARKER
from astro.train import TRAINERS
from astro.train.checkpoint import content_hash, model_hash, read_done
from astro.train.setup import DONE


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong. where: a file or a problem. what: in words. repair: what mends it, and its cost."""

    where: str
    what: str
    repair: str = ""


def examine_recorded(run: RunDirectory, problems: Mapping[str, Problem]) -> Iterator[Finding]:
    """The problems against those that the trees' traces recorded."""
    for row in run.traces.table("rl", ["id", "answer", "task"]).to_pylist():
        problem = problems.get(row["id"])
        if problem is None:
            yield Finding(row["id"], "was searched, and the run has no problem of this name")
        elif (problem.answer, problem.task) != (row["answer"], row["task"]):
            yield Finding(row["id"], f"was searched for the answer {row['answer']!r}, and has {problem.answer!r} now")


def examine_datasets(
    run: RunDirectory, problems: Mapping[str, Problem], traces: Mapping[str, Trace]
) -> Iterator[Finding]:
    """The rows of the data sets against the problems and, by their ids, the traces."""
    marker = run.path / "datasets" / MARKER
    if not marker.exists():
        return
    content = read_sealed(marker)
    if content["problems"] != count(run):
        what = f"were made from {content['problems']} problems, and the run has {count(run)} now"
        yield Finding("datasets", what, "`astro data` makes them again, without a model")
    for name in content["files"]:
        if name.endswith(".parquet"):
            yield from _examine_table(run.path / "datasets" / name, f"datasets/{name}", problems, traces)


def _examine_table(
    path: Path, where: str, problems: Mapping[str, Problem], traces: Mapping[str, Trace]
) -> Iterator[Finding]:
    there = pq.read_schema(path).names
    wanted = [name for name in ("id", "problem_id", "completion", "messages") if name in there]
    for row in pq.read_table(path, columns=wanted).to_pylist():
        name = row.get("problem_id") or row["id"]
        if name not in problems:
            yield Finding(where, f"has a row of {name}, which is no problem of the run", _DATA_AGAIN)
        trace, said = traces.get(row.get("id", "")), row.get("completion") or row.get("messages")
        if trace is not None and isinstance(said, list) and said[-1]["content"] != trace.text:
            yield Finding(where, f"has another text for {trace.id} than its trace", _DATA_AGAIN)


def examine_models(path: Path) -> Iterator[Finding]:
    """Models against the data and the models they were trained from, and evaluations against what they measured."""
    for settings in sorted(path.glob("checkpoints/*/*/settings.yaml")):
        folder = settings.parent
        name = folder.relative_to(path).as_posix()
        made = _settings(settings)
        data = sorted((path / "datasets" / str(made.get("data"))).glob("train-*.parquet"))
        if data and (folder / DONE).exists() and content_hash(data) != made.get("data_hash"):
            yield Finding(name, f"was trained on other rows than {made.get('data')} has now", _train_again(folder))
        after = TRAINERS[folder.name].after if "model" not in made and folder.name in TRAINERS else ()
        starts = [str(folder.with_name(stage)) for stage in after if folder.with_name(stage).is_dir()]
        if starts and made.get("model_hash") not in {model_hash(start) for start in starts}:
            what = "was trained from another model than the earlier checkpoint is now"
            yield Finding(name, what, _train_again(folder))
    models = {subject.name: subject.path for subject in subjects(path, None, (), "")}
    for figures in sorted(path.glob("evaluations/*/*/figures.json")):
        try:
            content = read_sealed(figures)
        except StoreError:
            continue  # its hash has named it
        model = models.get(content["model"])
        if model is not None and model_fingerprint(model) != content["inputs"]["model"]:
            name = figures.parent.relative_to(path).as_posix()
            yield Finding(name, "measured another model than the checkpoint is now", _evaluate_again(content))


def examine_report(path: Path) -> Iterator[Finding]:
    """The report against the evaluations that it shows."""
    try:
        shown = read_sealed(path / "reports" / MARKER).get(EVALUATIONS)
    except StoreError:
        return  # there is none, or its hash has named it
    now = evaluations_of(path)
    if shown is not None and shown != now:
        changed = sorted(name for name in shown.keys() | now.keys() if shown.get(name) != now.get(name))
        yield Finding("reports", f"does not show {changed[0]} as it is now", "`astro report` writes it again")


def _settings(file: Path) -> dict[str, Any]:
    try:
        return Claim(file.parent, lock=False).identity()
    except StoreError:
        return {}


def cost_of_training(folder: Path) -> str:
    """Steps and seconds of a finished training, in brackets; empty if they are not known."""
    try:
        done = read_done(folder)
    except StoreError:
        done = None
    return "" if done is None else f" ({done.get('steps')} steps, {done.get('seconds', 0):.0f} s)"


def _train_again(folder: Path) -> str:
    return f"delete the folder to train it again{cost_of_training(folder)}"


def _evaluate_again(content: Mapping[str, Any]) -> str:
    return f"evaluate again ({content.get('seconds', 0):.0f} s, {content.get('generated_tokens', 0):,} tokens)"


_DATA_AGAIN = "delete datasets; `astro data` makes them again, without a model"
