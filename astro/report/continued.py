"""The models beside their continuations: is backtracking learned, or only allowed?

A continuation (evaluation.continuations) is evaluated under the name MODEL+CONTINUATION.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from astro.evaluation.settings import Continuation
from astro.report.curves import Curve, curve_over_seeds, curve_table, draw_curves
from astro.report.effects import compared_arms, continued_names, effect_of_arm
from astro.report.gather import Evaluation, Findings
from astro.report.tables import (
    TextTable,
    arm_name,
    name_of,
    percent,
    percent_of,
    percent_with_interval,
    points,
    trainings_of,
)

_SHARES: Mapping[str, str] = {
    "back_when_missed": "goes back after a miss, %",
    "back_when_right": "goes back when right, %",
    "first_attempt": "first attempts right, %",
    "restarts": "restarts among ways back, %",
    "restart_right": "restarts right, %",
    "return_right": "returns to the middle right, %",
}
_ON_ATTEMPTS = (
    "Attempts that were cut off count as ways back and nowhere else. A way back is a restart if it says so, else a "
    "return to the middle. In a nudged response the nudge made the first of them."
)
_ON_SHARES = (
    "Each share has its 95 % interval over problems and what it is a share of: attempts, responses or ways back. "
    f"{_ON_ATTEMPTS}"
)
_ON_CONTROL = (
    "Points of pass@1, the arm's free responses minus the control's: free, nudged once after they give up, or asked "
    "again until they do not, within the same limit of tokens and without the gold answer. The best of these and of "
    "the base, free and continued, is chosen on the same responses, which favours the controls."
)
_HEADINGS = ("set", "arm", "minus the control", "minus it nudged", "minus it asked again", "best control")


def with_continuations(seeds: Sequence[Findings], dataset: str) -> dict[str, list[Evaluation]]:
    """The models that were evaluated on a set, each before its continuations, with the evaluation of every seed."""
    names = dict.fromkeys(name for run in seeds for model in run.models for name in continued_names(model))
    found = {name: [each for run in seeds if (each := run.evaluations.get((name, dataset)))] for name in names}
    return {name: evaluations for name, evaluations in found.items() if evaluations}


def backtracking_table(seeds: Sequence[Findings], dataset: str) -> TextTable | None:
    """When each model goes back, where to, and how often that succeeds; None if no evaluation has these figures."""
    found = with_continuations(seeds, dataset)
    shown = {model: each for model, each in found.items() if not model.endswith(f"+{Continuation.ASK_AGAIN}")}
    if not any("back_when_missed" in each.figures for evaluations in shown.values() for each in evaluations):
        return None
    rows = [[name_of(model), *(_share(each, share) for share in _SHARES)] for model, each in shown.items()]
    title = f"{dataset}: when and where the models go back"
    note = _ON_SHARES if len(seeds) == 1 else f"Means over seeds, with each seed's share. {_ON_ATTEMPTS}"
    return TextTable(title, ["model", *_SHARES.values()], rows, note)


def control_table(seeds: Sequence[Findings]) -> TextTable | None:
    """Each arm's free responses minus the controls'; None if the control arm was not continued."""
    first, rows = seeds[0], []
    for dataset in first.sets:
        for arm in compared_arms(first):
            for suffix, training in trainings_of(first).items():
                effect = effect_of_arm(seeds, dataset, arm, suffix)
                if effect is not None:
                    each = [points(effect.each.get(name)) for name in continued_names(f"{first.control}-{suffix}")]
                    best = percent_with_interval(effect.of_variant(effect.best))
                    rows.append(
                        [dataset, f"{arm_name(arm)} after {training}", *each, f"{name_of(effect.best)}: {best}"]
                    )
    return TextTable("", _HEADINGS, rows, _ON_CONTROL) if rows else None


def token_table(seeds: Sequence[Findings], dataset: str) -> TextTable | None:
    """Accuracy within numbers of generated tokens."""
    return curve_table(_curves(seeds, dataset), f"{dataset}: right within generated tokens")


def draw_curve(seeds: Sequence[Findings], path: Path) -> str | None:
    """The curves on the main set as a plot; returns its caption."""
    if not seeds[0].sets:
        return None
    return draw_curves(path, _curves(seeds, seeds[0].sets[0]), seeds[0].sets[0])


def _curves(seeds: Sequence[Findings], dataset: str) -> dict[str, Curve]:
    return {model: curve_over_seeds(found) for model, found in with_continuations(seeds, dataset).items()}


def _share(seeds: Sequence[Evaluation], share: str) -> str:
    """One seed's share with its interval and count; of several the mean, and each."""
    found = [each.figures.get(share) for each in seeds]
    if len(found) == 1:
        return percent_of(found[0])
    known = [figure.value for figure in found if figure is not None]
    each = ", ".join(percent(figure) for figure in found)
    return f"{100 * sum(known) / len(known):.1f} ({each})" if known else percent(None)
