"""The plots of a report, as PNG and SVG. The same findings give the same files."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astro.errors import MissingDependencyError
from astro.report.gather import Evaluation, Findings
from astro.report.statistics import Figure as Measured
from astro.report.statistics import pearson
from astro.report.tables import arm_name, correlation, name_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"base": "#9aa0a6", "direct-sft": "#8fb8de", "astro-sft": "#f3b27a", "direct-rl": "#2f6ba8",
           "astro-rl": "#d1661b", "direct": "#2f6ba8", "astro": "#d1661b",
           "direct-equal-tokens": "#3d8b5f", "direct-equal-tokens-sft": "#9fcfb3"}  # fmt: skip
# The figures in GRPO's log, each under several possible names; the first one found is drawn.
RL_SERIES: Mapping[str, tuple[str, ...]] = {
    "reward": ("reward",),
    "accuracy": ("accuracy",),
    "response length, tokens": ("completion_length", "completions/mean_length"),
    "backtracks a response": ("backtracks",),
}
_STYLE: Any = {  # matplotlib types the names of its settings one by one
    "svg.hashsalt": "astro", "svg.fonttype": "path", "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "axes.axisbelow": True, "legend.frameon": False,
    "axes.titlesize": 11, "savefig.dpi": 160,
}  # fmt: skip
_WINDOWS = 20  # of the RL log, where too few checkpoints were evaluated
Points = Sequence[tuple[float, float]]


def draw_all(findings: Findings, folder: Path) -> dict[str, str]:
    """Draw all plots that have data, as NAME.png and NAME.svg in folder, and return captions by name.

    Raises MissingDependencyError without matplotlib.
    """
    drawings: list[tuple[str, Callable[[Findings, Path], str | None]]] = [
        ("pass-at-1", _draw_models),
        ("sft-loss", _draw_sft),
        ("rl-curves", _draw_rl),
        ("backtracks-accuracy", _draw_scatter),
    ]
    return {name: caption for name, draw in drawings if (caption := draw(findings, folder / name))}


def check_drawing() -> None:
    """Raise MissingDependencyError without matplotlib; this does not load it."""
    if find_spec("matplotlib") is None:
        raise MissingDependencyError("matplotlib", "train", "drawing the plots of a report")


def checkpoint_points(findings: Findings, arm: str) -> tuple[list[tuple[float, float]], str]:
    """Backtracks and accuracy during RL, and their source: checkpoints, or windows of the trainer's log."""
    for dataset in findings.sets[:1]:
        pairs = [_backtracks_and_accuracy(found) for _, found in findings.checkpoints(arm, dataset)]
        points = [pair for pair in pairs if pair is not None]
        if len(points) >= 4:
            return points, f"checkpoints of RL, evaluated on {dataset}"
    training = findings.training(arm, "grpo")
    if training is None:
        return [], ""
    backtracks = dict(zip(*training.series(*RL_SERIES["backtracks a response"]), strict=True))
    accuracy = dict(zip(*training.series(*RL_SERIES["accuracy"]), strict=True))
    steps = sorted(backtracks.keys() & accuracy.keys())
    windows = [window for window in np.array_split(steps, min(_WINDOWS, len(steps))) if len(window)] if steps else []
    points = [(float(np.mean([backtracks[step] for step in window])),
               float(np.mean([accuracy[step] for step in window]))) for window in windows]  # fmt: skip
    return points, "windows of the rollouts of RL"


def draw_scatter(path: Path, groups: Mapping[str, Points], estimate: Measured | None, title: str) -> None:
    """Backtracks against accuracy during RL, one colour for each group; the correlation is below the title."""
    headed = title if estimate is None else f"{title}\nPearson {correlation(estimate)}"

    def fill(figure: "Figure") -> None:
        axes = figure.subplots()
        shades = ["#d1661b", "#2f6ba8", "#3d8b5f", "#8457a6"]
        for index, (name, points) in enumerate(groups.items()):
            xs, ys = [x for x, _ in points], [100 * y for _, y in points]
            shade = shades[index % len(shades)]
            axes.plot(xs, ys, color=shade, alpha=0.35, linewidth=1)
            axes.scatter(xs, ys, s=np.linspace(18, 60, len(xs)), color=shade, label=name, zorder=3)
        axes.set(xlabel="backtracks a response", ylabel="accuracy, %", title=headed)
        if len(groups) > 1:
            axes.legend()

    save(path, (6, 4), fill)


def draw_bars(path: Path, sets: Mapping[str, Mapping[str, Any]]) -> None:
    """pass@1 of the models on each set with intervals; sets: by set and model, objects with value, low and high."""

    def fill(figure: "Figure") -> None:
        axes = figure.subplots(1, len(sets), squeeze=False)[0]
        for panel, (dataset, models) in zip(axes, sets.items(), strict=True):
            for index, (model, found) in enumerate(models.items()):
                _bar(panel, index, COLOURS.get(model, "#9aa0a6"), found)
            panel.set_xticks(
                range(len(models)),
                [name_of(model).replace("-", "-\n").replace(", ", ",\n") for model in models],
                fontsize=9,
            )
            panel.set(title=dataset, ylabel="pass@1, %")
            panel.grid(visible=False, axis="x")
            panel.margins(y=0.15)
            panel.set_ylim(bottom=0, top=max(1.0, panel.get_ylim()[1]))

    save(path, (1.5 + 3.6 * len(sets), 3.6), fill)


def save(path: Path, size: tuple[float, float], fill: Callable[["Figure"], None]) -> None:
    """Draw one figure and write it as PNG and SVG under path's name; size in inches."""
    check_drawing()
    import matplotlib as mpl  # noqa: PLC0415 - heavy
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        fill(figure)
        for ending, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
            figure.savefig(path.with_name(f"{path.name}.{ending}"), metadata=metadata)


def _bar(axes: Any, index: int, colour: str, found: Any) -> None:
    height = 100 * found.value
    axes.bar(index, height, color=colour, width=0.7)
    top = height
    if found.low is not None and found.high is not None:
        below, above = max(0.0, height - 100 * found.low), max(0.0, 100 * found.high - height)
        axes.errorbar(index, height, yerr=[[below], [above]], color="#333333", capsize=3, linewidth=1)
        top = 100 * found.high
    axes.annotate(f"{height:.1f}", (index, top), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=9)


def _draw_models(findings: Findings, path: Path) -> str | None:
    sets = {}
    for dataset in findings.sets:
        there = {model: found.figures.get("pass_at_1") for model, found in findings.evaluated(dataset).items()}
        if measured := {model: figure for model, figure in there.items() if figure is not None}:
            sets[dataset] = measured
    if not sets:
        return None
    draw_bars(path, sets)
    return "pass@1 of the models, with 95 % intervals over problems."


def _draw_sft(findings: Findings, path: Path) -> str | None:
    curves = {found.arm: found.series("loss") for found in findings.trainings if found.stage == "sft"}
    curves = {arm: curve for arm, curve in curves.items() if curve[0]}
    if not curves:
        return None

    def fill(figure: "Figure") -> None:
        axes = figure.subplots()
        for arm, (steps, losses) in curves.items():
            _curve(axes, arm, steps, losses)
        axes.set(xlabel="optimizer steps", ylabel="loss, nats a completion token", title="SFT")
        axes.legend()

    save(path, (6, 3.4), fill)
    return "Training loss of SFT. The arms learn different texts, so their losses do not compare."


def _draw_rl(findings: Findings, path: Path) -> str | None:
    trainings = [found for found in findings.trainings if found.stage == "grpo"]
    series = {label: {found.arm: found.series(*names) for found in trainings} for label, names in RL_SERIES.items()}
    series = {label: arms for label, arms in series.items() if any(steps for steps, _ in arms.values())}
    if not series:
        return None

    def fill(figure: "Figure") -> None:
        columns = 2 if len(series) > 1 else 1
        panels = figure.subplots(-(-len(series) // columns), columns, squeeze=False).ravel()
        for panel, (label, arms) in zip(panels, series.items(), strict=False):
            for arm, (steps, values) in arms.items():
                if steps:
                    _curve(panel, arm, steps, values)
            panel.set(xlabel="GRPO steps", ylabel=label)
        for panel in panels[len(series) :]:
            panel.set_axis_off()
        panels[0].legend()

    save(path, (8.4, 2.9 * -(-len(series) // 2)), fill)
    return "Over GRPO, measured on its own rollouts: thin lines are single steps, thick ones a moving average."


def _draw_scatter(findings: Findings, path: Path) -> str | None:
    arm = next(iter(findings.treatments), findings.control)
    points, source = checkpoint_points(findings, arm)
    if len(points) < 2:
        return None
    estimate, name = pearson(points), arm_name(arm)
    draw_scatter(path, {name: points}, estimate, "Backtracks and accuracy over RL")
    source = f"{len(points)} {source}; later ones are larger"
    return f"Backtracks against accuracy of the {name} arm: {source}. Pearson {correlation(estimate)} (Fisher's z)."


def _curve(axes: Any, arm: str, steps: Sequence[int], values: Sequence[float]) -> None:
    colour, label = COLOURS.get(arm, "#9aa0a6"), arm_name(arm)
    if len(values) < 20:
        axes.plot(steps, values, color=colour, marker=".", label=label)
        return
    reach = max(2, len(values) // 40)
    smooth = [float(np.mean(values[max(0, index - reach) : index + reach + 1])) for index in range(len(values))]
    axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(steps, smooth, color=colour, linewidth=1.8, label=label)


def _backtracks_and_accuracy(found: Evaluation) -> tuple[float, float] | None:
    backtracks, accuracy = found.figures.get("backtracks"), found.figures.get("pass_at_1")
    return (backtracks.value, accuracy.value) if backtracks and accuracy else None
