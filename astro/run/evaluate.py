"""`astro eval`: evaluate a model on problem sets as a run would, and print a table of the figures."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from astro.config import load_config, validate
from astro.errors import ConfigError
from astro.evaluation import Arrangement, EvaluationConfig, evaluate_model
from astro.evaluation.evaluate import OpenEngine
from astro.evaluation.figures import BEHAVIOURS, WITHIN
from astro.evaluation.settings import CONTINUED
from astro.inspect.plain import plain, plain_lines
from astro.models.engine import check_model, open_sampler
from astro.problems import Problem, ProblemsConfig, load_problems
from astro.run.settings import RunConfig
from astro.store import RunDirectory
from astro.store.ledger import LEDGER, entered
from astro.store.problems import MARKER
from astro.store.seals import refuse_damaged
from astro.tasks import USUAL, check_gold
from astro.train import TRAINERS
from astro.train.checkpoint import read_done
from astro.train.examples import find_source, read_rows

_NOTE_SECONDS = 10.0
_OF_GROUPS = ("pass_at_1", "tokens", "backtracks", "first_attempt")  # fit a line of 80 characters
_UNFIT = re.compile(r"[^A-Za-z0-9._@-]+")
_HEADINGS = {
    "tokens": "tokens",
    "backtracks": "backtracks",
    "length_error": "off the asked length",
    "first_attempt": "first try",
    "wrong_to_right": "wrong>right",
    "right_to_wrong": "right>wrong",
    "finished": "finished",
    **{name: name.replace("_", " ") for name in BEHAVIOURS},
}


@dataclass(frozen=True, slots=True)
class Order:
    """The arguments of `astro eval`, with every default filled in.

    run: the run that the model or the problems belong to, or None.
    """

    name: str
    model: str
    how: Arrangement
    sets: Mapping[str, ProblemsConfig]
    folder: Path
    run: Path | None


def evaluate(
    model: str,
    problems: str,
    settings: Sequence[str],
    console: Console,
    *,
    like: Path | None = None,
    out: Path | None = None,
    training: Path | None = None,
    open_engine: OpenEngine = open_sampler,
) -> dict[str, dict[str, Any]]:
    """Evaluate, print a table for each set, and return the content of each set's figures.json.

    like: a run or a configuration whose prompt, answer format and engine are used. training: a run, or a source of
    problems, that the model was trained on. open_engine: opens the language model, if responses are missing.
    Raises the errors of astro.errors that a user can fix.
    """
    order = take_order(model, problems, settings, like=like, out=out)
    engine = order.how.engine_for(model)
    engine.check_serves(model)
    if engine.has_checkpoint:
        check_model(model)
    if order.run is not None:
        refuse_damaged(order.run)
    sets = {name: load_set(name, config, console) for name, config in order.sets.items()}
    trained_on = training_problems(training or order.run, model, console)
    found = evaluate_model(
        order.name,
        model,
        sets,
        order.how,
        order.folder,
        training=trained_on,
        open_engine=open_engine,
        progress=_Notes(console).note,
    )
    for name, figures in found.items():
        title = f"\n{figures['model']} on {figures['set']}: {figures['problems']} problems x {figures['samples']}"
        console.print(Text(plain_lines(title), style="bold"), soft_wrap=True)
        console.print(figures_table(figures))
        groups = groups_table(figures)
        if groups is not None:
            console.print("")
            console.print(groups)
        contamination = figures["contamination"]
        if contamination is not None:
            leaks = contamination["exact"] + contamination["near"]
            console.print(Text(_leaks(contamination), style="yellow" if leaks else "dim"), soft_wrap=True)
        console.print(f"{order.folder / name}", style="dim", markup=False)
    return found


def take_order(
    model: str, problems: str, settings: Sequence[str], *, like: Path | None = None, out: Path | None = None
) -> Order:
    """Resolve the arguments of the command line; nothing is loaded.

    problems: a bundled set, file, folder or hub name; a setting such as countdown.count=100; or a configuration or run,
    whose evaluation.sets are used. It also sets the prompt and engine, unless like or the model's own run does.
    Settings are those of a run; the prefix evaluation is optional. Raises ConfigError.
    """
    own_run = _run_of(Path(model))
    run = own_run or _run_of(Path(problems))
    given = Path(problems) if _is_configuration(Path(problems)) else None
    source = like or own_run or given or run
    overrides = [*_placed(settings), f"engine.model={json.dumps(model)}"]
    if source is not None:
        config = load_config(RunConfig, _config_file(source), overrides)
    else:
        config = validate(RunConfig, {"name": "evaluation", "problems": _PLACEHOLDER}, "the settings", overrides)
    if given is not None:
        holder = config if given == source else load_config(RunConfig, _config_file(given), overrides)
        sets: Mapping[str, ProblemsConfig] = holder.evaluation.sets if holder.evaluation is not None else {}
        if not sets:
            raise ConfigError(f"{problems} has no evaluation.sets; name a problem set, or add them there")
    else:
        content, own = ({}, [problems]) if "=" in problems else ({"source": problems}, [])
        own += [setting.removeprefix("problems.") for setting in settings if setting.startswith("problems.")]
        sets = {_set_name(problems): validate(ProblemsConfig, content, "the problems", own)}
    name = model_name(model)
    folder = out or (run / "evaluations" / name if run is not None else Path("evaluations") / name)
    return Order(name, model, config.arrangement(), sets, folder, run)


_PLACEHOLDER = {"source": "none"}  # a run needs problems; those of an evaluation are its sets


def _placed(settings: Sequence[str]) -> list[str]:
    """The settings under their full names in a run, without those of problems."""
    own = EvaluationConfig.model_fields.keys() - {"engine"}
    return [
        f"evaluation.{setting}" if re.split("[.=]", setting, maxsplit=1)[0] in own else setting
        for setting in settings
        if not setting.startswith("problems.")
    ]


def _is_configuration(path: Path) -> bool:
    return path.suffix in {".yaml", ".yml"} or (path / "config.yaml").is_file()


def _config_file(path: Path) -> Path:
    return path / "config.yaml" if path.is_dir() else path


def _run_of(path: Path) -> Path | None:
    """The run directory that path is or is inside."""
    return next((folder for folder in (path, *path.parents) if _has_problems(folder)), None)


def _has_problems(folder: Path) -> bool:
    """Whether a folder is a run directory with problems, even if their marker is missing: then the run is damaged."""
    return (folder / MARKER).is_file() or ((folder / LEDGER).is_file() and MARKER in entered(folder)[0])


def model_name(model: str) -> str:
    """A model's name in tables: ARM-STAGE for a checkpoint of a run (with @STEP during RL), else its own name."""
    parts = Path(model).parts
    if "checkpoints" in parts[:-1]:
        inside = list(parts[parts.index("checkpoints") + 1 :])
        step = inside.pop().removeprefix("checkpoint-") if inside[-1].startswith("checkpoint-") else None
        return _fit(
            "-".join(TRAINERS[part].suffix if part in TRAINERS else part for part in inside)
            + (f"@{step}" if step else "")
        )
    return _fit(Path(model).name)


def _set_name(problems: str) -> str:
    return _fit(problems if "=" in problems else Path(problems.partition("@")[0]).name.partition(".")[0])


def _fit(name: str) -> str:
    return _UNFIT.sub("-", name).strip("-.")[:100] or "model"


def load_set(name: str, config: ProblemsConfig, console: Console) -> list[Problem]:
    """The problems of an evaluation set; prints how many rows were left out, since that changes the figures."""
    loaded = load_problems(config, check_gold)
    for column in loaded.unused:
        console.print(Text(plain_lines(str(column)), style="yellow"))
    if loaded.rejected:
        console.print(
            Text(plain(f"{name}: rows left out: {len(loaded.rejected)}, the first: {loaded.rejected[0]}")),
            soft_wrap=True,
        )
    return loaded.problems


def training_problems(source: Path | None, model: str, console: Console) -> list[Problem] | None:
    """The problems of a run, file or set, and of the files outside a run that a checkpoint of it was trained on.

    None without a source. A missing file is reported and skipped.
    """
    if source is None:
        return None
    if not (source / "config.yaml").is_file():
        return load_problems(ProblemsConfig(source=str(source))).problems
    with RunDirectory.read(source) as run:
        problems = run.problems() if run.has_problems else []
    return [*problems, *_asked_outside(source, Path(model), console)] or None


def _asked_outside(run: Path, model: Path, console: Console) -> Iterator[Problem]:
    """The prompts of data sets in files outside the run (sft.arms), as problems that have only their words."""
    folder = model.parent if model.name.startswith("checkpoint-") else model
    before = TRAINERS[folder.name].after if folder.name in TRAINERS else ()
    stages = [*(folder.with_name(stage) for stage in before), folder]
    names = [str(done["data"]) for stage in stages if (done := read_done(stage)) is not None and "data" in done]
    for name in names:
        if (run / "datasets" / name).is_dir():
            continue
        try:
            rows = read_rows(find_source(run, name).train)
        except ConfigError:
            console.print(
                Text(plain(f"{model} was trained on {name}, which is missing: not compared with it")), soft_wrap=True
            )
            continue
        texts = [row.get("problem") or row.get("prompt") or "" for row in rows]
        asked = dict.fromkeys(text if isinstance(text, str) else text[-1]["content"] for text in texts)
        yield from (Problem(f"{name}, prompt {number}", text, "", USUAL.name) for number, text in enumerate(asked))


class _Notes:
    """Prints a line of progress at intervals."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = time.monotonic()

    def note(self, set_name: str, done: int, total: int) -> None:
        if time.monotonic() - self._last >= _NOTE_SECONDS:
            self._last = time.monotonic()
            self._console.print(f"{set_name}: {done} of {total} problems", markup=False)


def figures_table(figures: Mapping[str, Any]) -> Table:
    """A line for each figure of the whole set, with its 95 % interval, and for each outcome."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for name, figure in figures["figures"].items():
        if not name.startswith(WITHIN):  # the curve is for figures.json and reports
            table.add_row(_heading(name), _cell(name, figure))
    for outcome, count in figures["outcomes"].items():  # what could not be graded is not wrong
        table.add_row(f"responses {outcome.replace('_', ' ')}", f"{count:,}")
    for continuation, found in figures.get("continued", {}).items():
        for name, figure in found.items():
            table.add_row(f"{CONTINUED[continuation]}: {_heading(name)}", _cell(name, figure))
    return table


def groups_table(figures: Mapping[str, Any]) -> Table | None:
    """A line for each group of problems with its main figures; None without groups."""
    if len(figures["groups"]) < 2:
        return None
    shown = [name for name in _OF_GROUPS if name in figures["figures"]]
    table = Table(box=None, pad_edge=False)
    for heading in ("", "problems", *map(_heading, shown)):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=bool(heading))
    for group, part in figures["groups"].items():
        cells = [_cell(name, part["figures"][name], interval=name == "pass_at_1") for name in shown]
        table.add_row(Text(plain(group)), f"{part['problems']:,}", *cells)
    return table


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.replace("_at_", "@").replace("_", " "))


def _cell(name: str, figure: Mapping[str, float | None], *, interval: bool = True) -> str:
    if figure["value"] is None:
        return "-"
    low, high = figure["low"], figure["high"]
    bounds = "" if low is None or high is None or not interval else f" [{_number(name, low)}, {_number(name, high)}]"
    return _number(name, figure["value"]) + bounds


def _number(name: str, value: float) -> str:
    """Tokens as whole numbers, backtracks with two decimals, everything else in percent."""
    if name == "tokens":
        return f"{value:.0f}"
    return f"{value:.2f}" if name == "backtracks" else f"{100 * value:.1f}".replace("100.0", "100")


def _leaks(contamination: Mapping[str, Any]) -> str:
    pairs = ", ".join(f"{plain(ours)} ({plain(theirs)})" for ours, theirs in contamination["examples"])
    return (
        f"contamination: {contamination['exact']} problems are also training problems, and {contamination['near']} are "
        f"similar to one; compared with {contamination['training']}" + (f": {pairs}" if pairs else "")
    )
