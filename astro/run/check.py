"""`astro check`: verify everything in a run directory, and say what is wrong and what the repair costs.

Files against their hashes; every tree against the invariants of its strategy; every trace against its tree; a sample of
the traces against the verifier; and the lineage, from problems over trees, traces, data sets and models to evaluations.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.text import Text

from astro.config import load_config
from astro.errors import EXPECTED_ERRORS, StoreError
from astro.inspect.plain import plain
from astro.records.problem import Problem
from astro.records.trace import Trace, check_visits
from astro.records.tree import Tree
from astro.run.lineage import (
    Finding,
    cost_of_training,
    examine_datasets,
    examine_models,
    examine_recorded,
    examine_report,
)
from astro.run.repair import CARD
from astro.run.settings import RunConfig
from astro.store import RunDirectory
from astro.store.entries import traces_from, tree_from
from astro.store.seals import Damage, find_faults
from astro.tasks import make_verifier
from astro.verify import Outcome

_SHOWN = 40
_SAMPLE = 200  # traces whose verdict is computed again


def check_run(path: Path, console: Console, sample: int = _SAMPLE) -> bool:
    """Check a run, print what is wrong, and return whether nothing is.

    sample: traces whose verdict is computed again. Raises StoreError if path is not a run.
    """
    findings = list(examine(path, sample, console))
    for finding in findings[:_SHOWN]:
        line = Text(plain(finding.where), style="bold") + Text(f": {plain(finding.what)}")
        console.print(line + Text(f"; {finding.repair}" if finding.repair else ""), soft_wrap=True)
    if len(findings) > _SHOWN:
        console.print(f"... and {len(findings) - _SHOWN} more", markup=False)
    if findings:
        console.print(f"{len(findings)} findings; `astro repair {path}` repairs files", markup=False, soft_wrap=True)
    else:
        console.print(f"{path}: nothing is wrong", markup=False, soft_wrap=True)
    return not findings


def examine(path: Path, sample: int, console: Console) -> Iterator[Finding]:
    """Everything that is wrong with a run: files first, then content. Raises StoreError if path is not a run."""
    if not (path / "config.yaml").exists():
        raise StoreError(f"{path} is not a run: it has no config.yaml")
    faults = find_faults(path)
    for fault in faults:
        detail = f" ({fault.detail})" if fault.detail else ""
        foreign = fault.damage is Damage.FOREIGN
        cost = "repair sets it aside, at no cost" if foreign else _cost(path, fault.file)
        yield Finding(fault.file, f"{fault.damage}{detail}", cost)
    console.print(f"files: {len(faults)} of the sealed ones are not as they were written", markup=False)
    try:
        with RunDirectory.read(path) as run:
            if run.has_problems:
                yield from _examine_content(run, sample, console)
    except EXPECTED_ERRORS as error:
        if not any(fault.damage is not Damage.REMOVED for fault in faults):
            yield Finding(str(path), str(error))
    yield from examine_models(path)
    yield from examine_report(path)


def _examine_content(run: RunDirectory, sample: int, console: Console) -> Iterator[Finding]:
    problems = {problem.id: problem for problem in run.problems()}
    order = list(problems)
    traces = {entry.problem_id: traces_from(entry.tables["traces"]) for entry in run.traces.entries(order)}
    trees = 0
    for entry in run.trees.entries(order):
        trees += 1
        if entry.problem_id not in problems:
            yield Finding(entry.problem_id, "a tree of a problem that the run does not have")
        try:
            tree = tree_from(entry)
        except ValueError as error:
            yield Finding(entry.problem_id, f"its tree breaks an invariant: {error}")
            continue
        yield from _examine_traces(tree, traces.get(entry.problem_id, ()))
    for problem_id in traces.keys() - run.trees.problem_ids:
        yield Finding(problem_id, "has traces, but no tree")
    found = [trace for each in traces.values() for trace in each]
    yield from examine_recorded(run, problems)
    yield from examine_datasets(run, problems, {trace.id: trace for trace in found})
    yield from _examine_verdicts(run, problems, found, sample)
    console.print(f"content: {trees} trees and {len(found)} traces", markup=False)


def _examine_traces(tree: Tree, traces: Sequence[Trace]) -> Iterator[Finding]:
    for trace in traces:
        try:
            check_visits(trace.visits, tree.parent, lambda node: tree.outcome[node] is Outcome.CORRECT)
        except (ValueError, IndexError) as error:
            yield Finding(trace.id, f"the path of the trace is not one of its tree: {error}")


def _examine_verdicts(
    run: RunDirectory, problems: Mapping[str, Problem], traces: Sequence[Trace], sample: int
) -> Iterator[Finding]:
    """Verify a sample of the traces again, under the settings of the run."""
    chosen = random.Random(0).sample(traces, min(sample, len(traces)))  # noqa: S311 - a sample, not a secret
    if not chosen:
        return
    config = load_config(RunConfig, run.path / "config.yaml").verify
    with closing(make_verifier(config)) as verifier:
        verdicts = verifier.verify_many([(problems[trace.problem_id], trace.text) for trace in chosen])
    for trace, verdict in zip(chosen, verdicts, strict=True):
        if verdict.outcome is not trace.verdict.outcome:
            yield Finding(trace.id, f"its verdict is stored as {trace.verdict.outcome}, and is {verdict.outcome} now")


def _cost(path: Path, file: str) -> str:
    """What `astro repair` does about a file, and what running its part again takes."""
    part = file.split("/", maxsplit=1)[0]
    if part in {"trees", "traces"}:
        return "repair sets it aside and requeues its problems; " + _cost_of_problems(path)
    if part == "checkpoints" and len(inside := file.split("/")) > 4 and inside[3].startswith("checkpoint-"):
        return "repair sets this checkpoint aside, if the training is finished; the final model is kept"
    if part == "checkpoints" and file.endswith(f"/{CARD}"):
        return "repair sets it aside; the model is kept"
    if part == "checkpoints":
        return _retrain(path.joinpath(*file.split("/")[:3]))
    return _REMEDIES.get(part, "repair sets it aside, and it is made again")


def _cost_of_problems(path: Path) -> str:
    try:
        with RunDirectory.read(path) as run:
            seconds = run.trees.table("costs", ["seconds"]).column(0).to_pylist()
        return f"a problem took {sum(seconds) / max(len(seconds), 1):.1f} s on average"
    except EXPECTED_ERRORS:
        return "their cost is unknown, because the table of costs cannot be read"


def _retrain(folder: Path) -> str:
    return f"repair sets the checkpoint aside, and it is trained again{cost_of_training(folder)}"


_REMEDIES = {
    "config.yaml": "repair restores it from the copy in seals.jsonl, at no cost",
    "problems.parquet": "repair makes it again from its source or from the rows of the traces, at no cost",
    "problems.json": "repair makes it again, at no cost",
    "rejected.parquet": "repair makes it again from the source, at no cost",
    "datasets": "repair sets it aside, and `astro data` makes the data sets again from the traces, without a model",
    "evaluations": "repair sets the evaluation's damaged part aside; figures are computed again from the responses",
    "reports": "`astro report` writes it again",
    "log.jsonl": "repair drops the damaged lines: times of a stage may be incomplete",
    "seals.jsonl": "repair writes it again from the markers that are whole",
}
