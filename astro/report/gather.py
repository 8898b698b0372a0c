"""The files of a run as records. Missing files are skipped; damaged files are errors."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.report.left_out import LeftOut, left_out
from astro.report.statistics import Figure
from astro.store import RunDirectory
from astro.store.atomic import read_sealed
from astro.train import TRAINERS
from astro.train.checkpoint import read_done
from astro.verify import Outcome

BASE = "base"
_CONTROL = "direct"  # the default of evaluation.control
_CHECKPOINT = re.compile(r"(?P<model>.+)@(?P<step>\d{1,9})")


@dataclass(frozen=True)
class Evaluation:
    """One model on one set.

    problems, samples: how many, and samples of each. figures: by name; those without a value are left out.
    groups: the same for each group of problems. outcomes: responses by verdict. seconds, generated_tokens: what the
    evaluation took. contamination: counts of training problems and of what the set shares with them (exact, near);
    None where it was not compared.
    """

    model: str
    dataset: str
    problems: int
    samples: int
    figures: Mapping[str, Figure]
    groups: Mapping[str, Mapping[str, Figure]]
    outcomes: Mapping[str, int]
    seconds: float
    generated_tokens: int
    contamination: Mapping[str, int] | None
    folder: Path

    @cached_property
    def responses(self) -> pa.Table:
        """Every response with its verdict. Raises StoreError if the file is missing or damaged."""
        path = self.folder / "responses.parquet"
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path} cannot be read: {error}; evaluate {self.model} again") from error

    def accuracy_by_problem(self, within: int | None = None) -> dict[str, float]:
        """The share of right responses among the graded ones to each problem, in [0, 1]; not of one without any.

        within: only those of at most this many generated tokens are right.
        """
        table = self.responses.filter(pc.not_equal(self.responses.column("outcome"), Outcome.ERROR.value))
        right = table.column("correct")
        if within is not None:
            right = pc.and_(right, pc.less_equal(table.column("tokens"), within))
        table = pa.table({"problem_id": table.column("problem_id"), "correct": pc.cast(right, pa.float64())})
        means = table.group_by("problem_id").aggregate([("correct", "mean")])
        return dict(zip(means["problem_id"].to_pylist(), means["correct_mean"].to_pylist(), strict=True))


@dataclass(frozen=True, slots=True)
class Training:
    """One training of one arm.

    stage: sft or grpo. done: the facts of a finished one (steps, seconds, tokens, time split), None before.
    metrics: the trainer's log rows in their order.
    """

    arm: str
    stage: str
    done: Mapping[str, Any] | None
    metrics: Sequence[Mapping[str, Any]]

    def series(self, *names: str) -> tuple[list[int], list[float]]:
        """Steps and values of the first of the names that was logged; empty if none was."""
        for name in names:
            points = [(int(row["step"]), float(row[name])) for row in self.metrics if _is_number(row.get(name))]
            if points:
                return [step for step, _ in points], [value for _, value in points]
        return [], []


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a stage. seconds is None if it was not timed separately."""

    stage: str
    seconds: float | None
    tokens: int


@dataclass(frozen=True, slots=True)
class Findings:
    """All data of a report.

    arms: those of the configuration and of the folder, the control first if it is one of them.
    control: the arm that the others are compared with.
    models: the names of the models that the run has or plans, in the order of the tables.
    sets: the evaluation sets, the main one first. evaluations: by model and set.
    prompts: the text of problems by id, as far as the run knows them. left_out: what the run did not use, and why.
    """

    name: str
    settings: Mapping[str, Any]
    problems: int
    arms: Sequence[str]
    control: str
    models: Sequence[str]
    sets: Sequence[str]
    evaluations: Mapping[tuple[str, str], Evaluation]
    trainings: Sequence[Training]
    making: Sequence[Cost]
    prompts: Mapping[str, str]
    left_out: Sequence[LeftOut] = ()

    @property
    def treatments(self) -> list[str]:
        """The arms beside the control."""
        return [arm for arm in self.arms if arm != self.control]

    def evaluated(self, dataset: str) -> dict[str, Evaluation]:
        """The evaluated models on a set, in the order of the tables."""
        return {
            model: self.evaluations[model, dataset] for model in self.models if (model, dataset) in self.evaluations
        }

    def training(self, arm: str, stage: str) -> Training | None:
        """The training of an arm, if it has begun."""
        return next((found for found in self.trainings if (found.arm, found.stage) == (arm, stage)), None)

    def checkpoints(self, arm: str, dataset: str) -> list[tuple[int, Evaluation]]:
        """The arm's evaluations over RL by step: before it (step 0), in the middle, and after."""
        found = []
        for (model, where), evaluation in self.evaluations.items():
            if where != dataset:
                continue
            if model == f"{arm}-sft":
                found.append((0, evaluation))
            elif (match := _CHECKPOINT.fullmatch(model)) and match["model"] == f"{arm}-rl":
                found.append((int(match["step"]), evaluation))
        grpo, final = self.training(arm, "grpo"), self.evaluations.get((f"{arm}-rl", dataset))
        steps = int((grpo.done or {}).get("steps", 0)) if grpo else 0
        if final is not None and steps:
            found.append((steps, final))
        return sorted(dict(found).items())


def gather(path: Path) -> Findings:
    """Read a run directory. Raises StoreError if it is not a run, or a file of it is damaged."""
    with RunDirectory.read(path) as run:
        evaluations = {(found.model, found.dataset): found for found in _evaluations(path / "evaluations")}
        prompts = {problem.id: problem.prompt for problem in run.problems()} if run.has_problems else {}
        count = len(prompts)
        for folder in sorted({evaluation.folder for evaluation in evaluations.values()}):
            prompts |= _prompts(folder)
        settings = run.settings
        control = str(_section(settings, "evaluation").get("control", _CONTROL))
        arms = _arms(settings, path, control)
        return Findings(
            name=path.resolve().name,
            settings=settings,
            problems=count,
            arms=arms,
            control=control,
            models=_models(settings, path, arms),
            sets=_ordered_sets(settings, {dataset for _, dataset in evaluations}),
            evaluations=evaluations,
            trainings=list(_trainings(path / "checkpoints")),
            making=_making(run),
            prompts=prompts,
            left_out=left_out(run) if run.has_problems else (),
        )


def _section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = settings.get(name)
    return section if isinstance(section, Mapping) else {}


def _arms(settings: Mapping[str, Any], path: Path, control: str) -> list[str]:
    """The arms of the configuration, then others that were trained, the control first."""
    there = sorted({folder.parent.name for folder in (path / "checkpoints").glob("*/*") if folder.is_dir()})
    return sorted(dict.fromkeys([*_section(settings, "sft").get("arms", ()), *there]), key=lambda arm: arm != control)


def _models(settings: Mapping[str, Any], path: Path, arms: Sequence[str]) -> list[str]:
    """Base, then each arm after each training that has its section or its folder."""
    base = [BASE] if _section(settings, "evaluation").get("base", True) else []
    names = []
    for stage, trainer in TRAINERS.items():
        planned = _section(settings, stage).get("arms") or (arms if settings.get(stage) is not None else ())
        names += [
            f"{arm}-{trainer.suffix}" for arm in arms if arm in planned or (path / "checkpoints" / arm / stage).is_dir()
        ]
    return [*base, *names]


def _evaluations(folder: Path) -> Iterator[Evaluation]:
    for path in sorted(folder.glob("*/*/figures.json")):
        content = read_sealed(path)
        try:
            yield Evaluation(
                model=str(content["model"]),
                dataset=str(content["set"]),
                problems=int(content["problems"]),
                samples=int(content["samples"]),
                figures=_figures(content["figures"]),
                groups={str(name): _figures(group["figures"]) for name, group in content["groups"].items()},
                outcomes={str(name): int(count) for name, count in content["outcomes"].items()},
                seconds=float(content["seconds"]),
                generated_tokens=int(content["generated_tokens"]),
                contamination=_contamination(content.get("contamination")),
                folder=path.parent,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(f"{path} is not a valid file of an evaluation ({error!r}); evaluate again") from error


def _contamination(content: Mapping[str, Any] | None) -> dict[str, int] | None:
    return None if content is None else {name: int(content[name]) for name in ("training", "exact", "near")}


def _figures(content: Mapping[str, Mapping[str, float | None] | None]) -> dict[str, Figure]:
    figures = {}
    for name, read in content.items():
        if read is not None and read["value"] is not None:
            count = read.get("count")
            figures[name] = Figure(
                float(read["value"]), read.get("low"), read.get("high"), None if count is None else int(count)
            )
    return figures


def _trainings(folder: Path) -> Iterator[Training]:
    for path in sorted(folder.glob("*/*/metrics.jsonl")):
        rows = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # cut short by a kill
            if isinstance(row, dict) and "step" in row:
                rows.append(row)
        yield Training(path.parts[-3], path.parts[-2], read_done(path.parent), rows)


def _making(run: RunDirectory) -> list[Cost]:
    """Search and traces: separate tokens, and the seconds of both together if one command ran both."""
    tokens = {name: int(pc.sum(stage.table("costs", ["generated_tokens"]).column(0)).as_py() or 0)
              for name, stage in (("search", run.trees), ("traces", run.traces))}  # fmt: skip
    seconds = run.seconds_at_work()
    if "search and traces" in seconds:
        return [Cost("search and traces", sum(seconds.values()), sum(tokens.values()))]
    return [Cost(name, seconds.get(name), count) for name, count in tokens.items() if count or name in seconds]


def _ordered_sets(settings: Mapping[str, Any], there: set[str]) -> list[str]:
    """The sets that were evaluated, in the order of the configuration, others after them by name."""
    named = _section(settings, "evaluation").get("sets", {})
    known = [name for name in named if name in there]
    return [*known, *sorted(there.difference(known))]


def _prompts(folder: Path) -> dict[str, str]:
    path = folder / "problems.parquet"
    if not path.exists():
        return {}
    try:
        table = pq.read_table(path, columns=["id", "prompt"])
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(f"{path} cannot be read: {error}; delete it, and the next `astro run` writes it") from error
    return dict(zip(table["id"].to_pylist(), table["prompt"].to_pylist(), strict=True))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - not nan
