"""Compare the models with their continuations: is backtracking learned, or only allowed?

A continuation (evaluation.continuations) is evaluated under the name MODEL+CONTINUATION. An arm is compared with the
best of the control's free and continued responses: the strongest way to spend the same limit of tokens without learning
to backtrack. The best one is chosen on the same responses, so the comparison favours the control.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from astro.evaluation.figures import WITHIN
from astro.evaluation.settings import Continuation
from astro.report.gather import Evaluation, Findings
from astro.report.plots import COLOURS, save
from astro.report.statistics import Figure as Measured
from astro.report.statistics import paired_difference
from astro.report.tables import TextTable, arm_name, name_of, percent, percent_with_interval, points, trainings_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES: Mapping[str, str] = {Continuation.NUDGE: "--", Continuation.ASK_AGAIN: ":"}
_OTHER_COLOUR = "#9aa0a6"
_SHARES = {
    "back_when_missed": "goes back after a miss, %",
    "back_when_right": "goes back when right, %",
    "first_attempt": "first attempts right, %",
    "restarts": "restarts among ways back, %",
    "restart_right": "restarts right, %",
    "return_right": "returns to the middle right, %",
}


def with_continuations(findings: Findings, dataset: str) -> dict[str, Evaluation]:
    """The models that were evaluated on a set, each before its continuations."""
    names = [name for model in findings.models for name in (model, *(f"{model}+{each}" for each in Continuation))]
    return {name: findings.evaluations[name, dataset] for name in names if (name, dataset) in findings.evaluations}


def backtracking_table(findings: Findings, dataset: str) -> TextTable | None:
    """When each model goes back, where to, and how often that succeeds; None if no evaluation has these figures."""
    found = {model: each.figures for model, each in with_continuations(findings, dataset).items()}
    if not any("back_when_missed" in figures for figures in found.values()):
        return None
    rows = [[name_of(model), *(percent(figures.get(share)) for share in _SHARES)] for model, figures in found.items()]
    note = "Attempts that were cut off are not counted. A way back is a restart if it says so, else a return."
    return TextTable(f"{dataset}: when and where the models go back", ["model", *_SHARES.values()], rows, note)


def control_table(findings: Findings) -> TextTable | None:
    """Each arm's free responses minus the best of the control's; None if those were not continued."""
    rows = []
    for dataset in findings.sets:
        for arm in findings.treatments:
            for suffix, training in trainings_of(findings).items():
                best = best_of_control(findings, dataset, suffix)
                ours = findings.evaluations.get((f"{arm}-{suffix}", dataset))
                if best is not None and ours is not None:
                    difference = difference_to(ours, best)
                    theirs = f"{name_of(best.model)}: {percent_with_interval(best.figures.get('pass_at_1'))}"
                    rows.append([dataset, f"{arm_name(arm)} after {training}", theirs, points(difference)])
    headings = ["set", "arm", "best of the control", "difference"]
    return TextTable("", headings, rows, _CONTROL_NOTE) if rows else None


_CONTROL_NOTE = (
    "The control's responses are free, nudged once after they say that they missed, or asked again until they do "
    "not say so, within the same limit of tokens and without the gold answer. The best of the three is compared."
)


def best_of_control(findings: Findings, dataset: str, suffix: str) -> Evaluation | None:
    """The control's evaluation with the highest pass@1 after a training; None if it was not continued."""
    names = [f"{findings.control}-{suffix}", *(f"{findings.control}-{suffix}+{each}" for each in Continuation)]
    found = [findings.evaluations[name, dataset] for name in names if (name, dataset) in findings.evaluations]
    measured = [(each.figures["pass_at_1"].value, each) for each in found if "pass_at_1" in each.figures]
    return max(measured, key=lambda pair: pair[0])[1] if len(measured) > 1 else None


def difference_to(ours: Evaluation, theirs: Evaluation) -> Measured | None:
    """Ours minus theirs in pass@1 (a share), problem by problem."""
    return paired_difference(ours.accuracy_by_problem(), theirs.accuracy_by_problem())


def draw_curve(findings: Findings, path: Path) -> str | None:
    """Accuracy against generated tokens on the main set, one line each: free, nudged (dashed), asked again (dots)."""
    if not findings.sets:
        return None
    dataset = findings.sets[0]
    curves = {model: _curve(each) for model, each in with_continuations(findings, dataset).items()}
    curves = {model: curve for model, curve in curves.items() if len(curve) > 1}
    if not curves:
        return None

    def fill(figure: "Figure") -> None:
        axes = figure.subplots()
        for model, curve in curves.items():
            name, _, continuation = model.partition("+")
            axes.plot(
                [tokens for tokens, _ in curve],
                [100 * share for _, share in curve],
                _STYLES.get(continuation, "-"),
                color=COLOURS.get(name, _OTHER_COLOUR),
                label=name_of(model),
            )
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.set(xlabel="generated tokens a response", ylabel="right within them, %", title=dataset)
        axes.legend(fontsize=8)

    save(path, (7, 4.2), fill)
    return (
        f"Accuracy against generated tokens on {dataset}: the share of responses that are right within that many. "
        "The tokens of a continued response include those of the attempts before it."
    )


def _curve(found: Evaluation) -> list[tuple[int, float]]:
    """Tokens and the share of responses that are right within them, rising."""
    shares = {name: figure for name, figure in found.figures.items() if name.startswith(WITHIN)}
    return sorted((int(name.removeprefix(WITHIN)), figure.value) for name, figure in shares.items())
