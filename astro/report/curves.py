"""Accuracy against generated tokens: the share of responses that are right within a number of tokens."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astro.evaluation.figures import WITHIN
from astro.evaluation.settings import Continuation
from astro.report.gather import Evaluation
from astro.report.plots import COLOURS, save
from astro.report.statistics import Figure as Measured
from astro.report.statistics import mean_over_seeds
from astro.report.tables import TextTable, name_of, percent_with_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curve = Mapping[int, Measured]
"""The share by the number of tokens, ascending."""

CURVE = "accuracy-tokens"  # the name of the plot's files
_STYLES: Mapping[str, str] = {Continuation.NUDGE: "--", Continuation.ASK_AGAIN: ":"}
_OTHER_COLOUR = "#9aa0a6"
_FIRST_COLUMN = 64  # tokens


def curve_of(found: Evaluation) -> Curve:
    """The curve of one evaluation, with the intervals of its figures."""
    shares = {int(name.removeprefix(WITHIN)): each for name, each in found.figures.items() if name.startswith(WITHIN)}
    return dict(sorted(shares.items()))


def budgets_of(evaluations: Iterable[Evaluation]) -> list[int]:
    """The numbers of tokens at which any of the evaluations has a point, ascending."""
    return sorted({tokens for found in evaluations for tokens in curve_of(found)})


def curve_over_seeds(seeds: Sequence[Evaluation]) -> Curve:
    """The mean over the evaluations of several seeds, with intervals over seeds and problems."""
    if len(seeds) == 1:
        return curve_of(seeds[0])
    means = {tokens: mean_over_seeds([each.accuracy_by_problem(tokens) for each in seeds])
             for tokens in budgets_of(seeds)}  # fmt: skip
    return {tokens: mean for tokens, mean in means.items() if mean is not None}


def curve_table(curves: Mapping[str, Curve], title: str) -> TextTable | None:
    """A row for each model and a column for each power of two, and for the last point; None without a curve.

    Past its last point a curve is level, since no response of the model is longer.
    """
    points = sorted({tokens for curve in curves.values() for tokens in curve})
    columns = [each for each in points if each >= _FIRST_COLUMN and (each & (each - 1) == 0 or each == points[-1])]
    if not columns:
        return None
    rows = [[name_of(model), *(percent_with_interval(_at(curve, tokens)) for tokens in columns)]
            for model, curve in curves.items() if curve]  # fmt: skip
    note = (
        "The share of responses that are right within a number of generated tokens, % [95 %]. The tokens of a "
        "continued response include those of the attempts before it."
    )
    return TextTable(title, ["model", *map(str, columns)], rows, note)


def draw_curves(path: Path, curves: Mapping[str, Curve], dataset: str) -> str | None:
    """One line a model with its interval: free, nudged (dashed), asked again (dotted). Returns a caption.

    None, and no file, if no curve has two points.
    """
    drawn = {model: curve for model, curve in curves.items() if len(curve) > 1}
    if not drawn:
        return None
    last = max(max(curve) for curve in drawn.values())

    def fill(figure: "Figure") -> None:
        axes = figure.subplots()
        for model, curve in drawn.items():
            name, _, continuation = model.partition("+")
            level = {**curve, last: curve[max(curve)]}
            colour = COLOURS.get(name, _OTHER_COLOUR)
            shares, style = list(level.values()), _STYLES.get(continuation, "-")
            axes.plot(list(level), [100 * each.value for each in shares], style, color=colour, label=name_of(model))
            lows = [100 * (each.value if each.low is None else each.low) for each in shares]
            highs = [100 * (each.value if each.high is None else each.high) for each in shares]
            axes.fill_between(list(level), lows, highs, color=colour, alpha=0.12, linewidth=0)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.set(xlabel="generated tokens a response", ylabel="right within them, %", title=dataset)
        axes.legend(fontsize=7, ncols=2)

    save(path, (7.5, 4.8), fill)
    return (
        f"Accuracy against generated tokens on {dataset}: the share of responses that are right within that many, with "
        "95 % intervals. The tokens of a continued response include those of the attempts before it."
    )


def _at(curve: Curve, tokens: int) -> Measured | None:
    before = [each for each in curve if each <= tokens]
    return curve[before[-1]] if before else None
