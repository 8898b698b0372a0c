"""An arm against the best control: what its training adds to permission to continue.

Controls are the control arm and the base, each free and continued (evaluation.continuations), all within the same
max_tokens. The base counts because an arm that is trained on right solutions alone may claim every miss to be right,
and then gains nothing from being asked again. After SFT the control arm that was trained on as many tokens counts, too.
The best one is chosen on the same responses, which favours the controls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean
from typing import Any

from astro.evaluation.settings import Continuation
from astro.report.curves import budgets_of
from astro.report.gather import BASE, Evaluation, Findings
from astro.report.statistics import Figure, Shares, hierarchical_difference, mean_over_seeds
from astro.report.tables import trainings_of

EFFECT = "effect.json"
EQUAL_TOKENS = "equal-tokens"  # ends the name of the arm that trains on the control's rows, at as many tokens as ASTRO


@dataclass(frozen=True, slots=True)
class Effect:
    """An arm's free responses minus those of the controls in pass@1, as shares, after one training.

    control: the name of the control arm. ours, variants: the evaluations of every seed; variants by the name of the
    model, with its continuation. each: the difference to every variant.
    """

    control: str
    ours: Sequence[Evaluation]
    variants: Mapping[str, Sequence[Evaluation]]
    each: Mapping[str, Figure]

    @property
    def best(self) -> str:
        """The name of the variant with the highest pass@1: the difference to it is least."""
        return min(self.each, key=lambda name: self.each[name].value)

    def own(self) -> Figure | None:
        """The pass@1 of the arm."""
        return mean_over_seeds(_accuracies(self.ours))

    def of_variant(self, name: str) -> Figure | None:
        """The pass@1 of a variant; None if there is none of this name."""
        return mean_over_seeds(_accuracies(self.variants[name])) if name in self.variants else None

    def tokens(self, name: str | None = None) -> float:
        """Generated tokens of a response of the arm or of a variant, mean over seeds."""
        found = self.ours if name is None else self.variants[name]
        return fmean(each.figures["tokens"].value for each in found)

    def by_tokens(self) -> dict[int, tuple[str, Figure]]:
        """At each number of generated tokens, the variant that is best there and the difference to it.

        Both are in the share of responses that are right within that many tokens.
        """
        found = {}
        for tokens in budgets_of([*self.ours, *chain.from_iterable(self.variants.values())]):
            shares = {name: _accuracies(self.variants[name], tokens) for name in self.each}
            best = max(shares, key=lambda name: _mean(shares[name]))
            difference = hierarchical_difference(list(zip(_accuracies(self.ours, tokens), shares[best], strict=True)))
            if difference is not None:
                found[tokens] = best, difference
        return found


def effect_of_arm(seeds: Sequence[Findings], dataset: str, arm: str, suffix: str) -> Effect | None:
    """The effect over seeds (or of one run), with intervals over seeds and problems.

    suffix: of the training. None unless every seed has the arm, the control arm and one of its continuations.
    """
    ours = _in_every_seed(seeds, f"{arm}-{suffix}", dataset)
    arms = (f"{seeds[0].control}-{suffix}", f"{seeds[0].control}-{EQUAL_TOKENS}-{suffix}", BASE)
    control, equal, base = map(continued_names, arms)
    variants = {name: found for name in (*control, *equal, *base) if (found := _in_every_seed(seeds, name, dataset))}
    if not ours or len(variants.keys() & set(control)) < 2:
        return None
    each = {}
    for name, theirs in variants.items():
        difference = hierarchical_difference(list(zip(_accuracies(ours), _accuracies(theirs), strict=True)))
        if difference is not None:
            each[name] = difference
    return Effect(seeds[0].control, ours, variants, each) if each else None


def compared_arms(findings: Findings) -> list[str]:
    """The arms that are compared with the controls: all but the controls themselves."""
    return [arm for arm in findings.treatments if arm != f"{findings.control}-{EQUAL_TOKENS}"]


def effects_as_json(seeds: Sequence[Findings]) -> dict[str, dict[str, Any]]:
    """The effects by set and model (such as astro-sft), in points; what was not measured is left out."""
    first = seeds[0]
    effects: dict[str, dict[str, Any]] = {}
    for dataset in first.sets:
        for arm in compared_arms(first):
            for suffix in trainings_of(first):
                effect = effect_of_arm(seeds, dataset, arm, suffix)
                if effect is not None:
                    effects.setdefault(dataset, {})[f"{arm}-{suffix}"] = effect_as_json(effect)
    return effects


def continued_names(model: str) -> list[str]:
    """The names of a model's evaluations: free, then continued."""
    return [model, *(f"{model}+{each}" for each in Continuation)]


def as_bounds(found: Figure | None, scale: float = 100) -> dict[str, float | None]:
    """A figure as mean, low and high, times scale: 100 for points. Null where it was not measured."""
    if found is None:
        return {"mean": None, "low": None, "high": None}
    bounds = {"mean": found.value, "low": found.low, "high": found.high}
    return {name: None if value is None else round(scale * value, 3) for name, value in bounds.items()}


def effect_as_json(effect: Effect) -> dict[str, Any]:
    """The difference to the best variant in points, to each, and to the best at each number of generated tokens."""
    return {
        "best": effect.best,
        **as_bounds(effect.each[effect.best]),
        "each": {name: as_bounds(difference) for name, difference in effect.each.items()},
        "by_tokens": {
            str(tokens): {"best": name, **as_bounds(difference)}
            for tokens, (name, difference) in effect.by_tokens().items()
        },
    }


def _in_every_seed(seeds: Sequence[Findings], model: str, dataset: str) -> list[Evaluation]:
    """The evaluation of each seed; empty if one of them lacks it."""
    found = [findings.evaluations.get((model, dataset)) for findings in seeds]
    there = [evaluation for evaluation in found if evaluation is not None]
    return there if len(there) == len(found) else []


def _accuracies(seeds: Sequence[Evaluation], within: int | None = None) -> list[Shares]:
    return [found.accuracy_by_problem(within) for found in seeds]


def _mean(seeds: Sequence[Shares]) -> float:
    """The mean over problems, then over seeds."""
    return fmean(fmean(shares.values()) for shares in seeds if shares)
