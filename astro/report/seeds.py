"""The same experiment with several seeds: one table and one effect, with intervals over seeds and problems."""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from astro.report.continued import backtracking_table, control_table, draw_curve, token_table
from astro.report.curves import CURVE
from astro.report.effects import EFFECT, EQUAL_TOKENS, as_bounds, continued_names, effects_as_json
from astro.report.gather import Evaluation, Findings
from astro.report.plots import checkpoint_points, draw_bars, draw_scatter
from astro.report.statistics import Figure, Pooled, hierarchical_difference, mean_over_seeds, pooled_pearson
from astro.report.tables import (
    ON_SEVERAL,
    TextTable,
    best_maj,
    correlation,
    name_of,
    percent_with_interval,
    points,
    shared_with_training,
)
from astro.store.atomic import write_text, writing

# The experiment of docs/results: its models in the order of the table, and the pair trained on equally many tokens.
MODELS = ("base", "direct-sft", "astro-sft", "direct-rl", "astro-rl", "direct-equal-tokens-sft")
_NAMES = tuple(name for model in MODELS for name in continued_names(model))
STAGES = ("sft", "rl")
EQUAL_PAIR = ("astro-sft", f"direct-{EQUAL_TOKENS}-sft")


def write_results(
    seeds: Sequence[Findings], folder: Path, command: str, wall: tuple[float, int] | None = None
) -> dict[str, Any]:
    """Write results.md, effect.json and the plots to folder, and return the effect.

    seeds: one finished run each, evaluated on the same sets; effect.json covers the first set. command: the command
    that made them. wall: its wall time in seconds, and the most processes that ran at once, if known.
    """
    effect, measured = effect_of(seeds), points_over_rl(seeds)
    sets = {dataset: means(seeds, dataset) for dataset in seeds[0].sets}
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free = {dataset: {model: mean for model, mean in found.items() if model in MODELS}
                for dataset, found in sets.items()}  # fmt: skip
        draw_bars(folder / "results", free)
        blocks = [_introduction(seeds, command), "![pass@1 of the models](results.png)"]
        blocks += [results_table(seeds, dataset).markdown() for dataset in sets]
        blocks += [f"{ON_SEVERAL} Ended is the share of responses that ended within the token limit."]
        blocks += ["## ASTRO minus Direct", differences_table(seeds).markdown()]
        blocks += _on_controls(seeds, folder)
        if any(measured.values()):
            pooled = pooled_pearson(list(measured.values()))
            named = zip(measured.items(), pooled.each, strict=True)
            groups = {f"{name}: {correlation(found)}": pairs for (name, pairs), found in named}
            draw_scatter(folder / "backtracks", groups, pooled.figure, "Backtracks and accuracy over RL")
            blocks += ["## Backtracks and accuracy over RL", _correlation_table(seeds, measured, pooled).markdown(),
                       "![backtracks and accuracy over RL](backtracks.png)"]  # fmt: skip
        blocks += ["## Cost", cost_over_seeds(seeds, wall).markdown()]
        write_text(folder / "results.md", "\n\n".join(block.strip() for block in blocks) + "\n")
        write_text(folder / EFFECT, json.dumps(effect, indent=1) + "\n")
    return effect


def effect_of(seeds: Sequence[Findings]) -> dict[str, Any]:
    """The content of effect.json: differences in points of pass@1 on the first set, and the correlation over RL.

    pearson: pooled over seeds (mean, low, high), of each seed, and Cochran's Q where there are seeds to compare.
    minus_best_control: by set and model, the difference to the best of Direct's and the base's free and continued
    responses, to each of them, and to the best at each number of generated tokens.
    """
    main = seeds[0].sets[0]
    effect: dict[str, Any] = {"seeds": len(seeds), "set": main}
    for stage in STAGES:
        found = difference_over_seeds(seeds, main, f"astro-{stage}", f"direct-{stage}")
        effect[f"astro_{stage}_minus_direct_{stage}"] = as_bounds(found)
    effect["astro_sft_minus_direct_equal_tokens_sft"] = as_bounds(difference_over_seeds(seeds, main, *EQUAL_PAIR))
    effect["minus_best_control"] = effects_as_json(seeds)
    pooled = pooled_pearson(list(points_over_rl(seeds).values()))
    differing = {"q": round(pooled.q, 3), "degrees": pooled.degrees, "p": float(f"{pooled.p:.3g}")}
    effect["pearson"] = {
        **as_bounds(pooled.figure, 1),
        "each": [as_bounds(found, 1) for found in pooled.each],
        "heterogeneity": differing if pooled.degrees else None,
    }
    return effect


def _on_controls(seeds: Sequence[Findings], folder: Path) -> list[str]:
    """The parts on the controls, as far as they were evaluated; draws the curve on the main set."""
    parts = {
        "ASTRO minus the best control": [control_table(seeds)],
        "Accuracy against tokens": [token_table(seeds, dataset) for dataset in seeds[0].sets],
        "Going back": [backtracking_table(seeds, dataset) for dataset in seeds[0].sets],
    }
    blocks = []
    for title, tables in parts.items():
        there = [table.markdown() for table in tables if table is not None]
        blocks += [f"## {title}", *there] if there else []
    caption = draw_curve(seeds, folder / CURVE)
    return [*blocks, f"![{caption}]({CURVE}.png)"] if caption else blocks


def difference_over_seeds(seeds: Sequence[Findings], dataset: str, ours: str, theirs: str) -> Figure | None:
    """One model minus another in pass@1 (a share), resampling seeds and problems; None if a seed lacks one."""
    pairs = []
    for findings in seeds:
        found = [findings.evaluations.get((model, dataset)) for model in (ours, theirs)]
        if found[0] is None or found[1] is None:
            return None
        pairs.append((found[0].accuracy_by_problem(), found[1].accuracy_by_problem()))
    return hierarchical_difference(pairs)


def means(seeds: Sequence[Findings], dataset: str) -> dict[str, Figure]:
    """pass@1 of each model and its continuations on a set, over the seeds that have it."""
    found = {}
    for model in _NAMES:
        mean = mean_over_seeds([each.accuracy_by_problem() for each in _evaluations(seeds, model, dataset)])
        if mean is not None:
            found[model] = mean
    return found


def points_over_rl(seeds: Sequence[Findings]) -> dict[str, list[tuple[float, float]]]:
    """Backtracks and accuracy of the ASTRO arm over RL, for each seed by name."""
    return {findings.name: checkpoint_points(findings, "astro")[0] for findings in seeds}


def results_table(seeds: Sequence[Findings], dataset: str) -> TextTable:
    """The models on one set: means over seeds, pass@1 with its interval and each seed's value."""
    of_seeds = [[found for (_, where), found in findings.evaluations.items() if where == dataset] for findings in seeds]
    most = best_maj(chain.from_iterable(of_seeds))
    columns: list[tuple[str, Callable[[Evaluation], float | None], str]] = [
        (f"maj@{most}, %", lambda found: _share(found, f"maj_at_{most}"), "{:.1f}"),
        (f"any right of {most}, %", lambda found: _share(found, f"pass_at_{most}"), "{:.1f}"),
        ("ended, %", lambda found: _share(found, "finished"), "{:.1f}"),
        ("tokens", lambda found: _value(found, "tokens"), "{:.1f}"),
        ("backtracks", lambda found: _value(found, "backtracks"), "{:.2f}"),
        ("first attempt, %", lambda found: _share(found, "first_attempt"), "{:.1f}"),
    ]
    headings = ["model", "pass@1, % [95 %]", "each seed", *(heading for heading, _, _ in columns)]
    rows = []
    for model, mean in means(seeds, dataset).items():
        there = _evaluations(seeds, model, dataset)
        each = ", ".join(f"{100 * found.figures['pass_at_1'].value:.1f}" for found in there)
        cells = [_mean([read(found) for found in there], form) for _, read, form in columns]
        rows.append([name_of(model), percent_with_interval(mean), each, *cells])
    compared = [found for evaluations in of_seeds for found in evaluations if "@" not in found.model]
    problems, samples = (_range([getattr(found, size) for found in compared]) for size in ("problems", "samples"))
    title = f"{dataset}, {problems} problems x {samples} samples a seed"
    return TextTable(title, headings, rows, shared_with_training(of_seeds))


def differences_table(seeds: Sequence[Findings]) -> TextTable:
    """ASTRO minus Direct on every set."""
    pairs = {f"after {stage.upper()}": (f"astro-{stage}", f"direct-{stage}") for stage in STAGES}
    pairs["after SFT, at equal tokens"] = EQUAL_PAIR
    rows = [[dataset, *(points(difference_over_seeds(seeds, dataset, *pair)) for pair in pairs.values())]
            for dataset in seeds[0].sets]  # fmt: skip
    note = (
        "Points of pass@1; the 95 % interval resamples seeds and, within each, problems, paired between the arms."
        if len(seeds) > 1
        else "Points of pass@1 with the 95 % interval over problems, paired between the arms. It does not cover other "
        "seeds."
    )
    return TextTable("", ["set", *pairs], rows, note)


def cost_over_seeds(seeds: Sequence[Findings], wall: tuple[float, int] | None = None) -> TextTable:
    """Seconds of each stage, by seed, and the wall time of all (wall as in write_results())."""
    columns = [_seconds_by_stage(findings) for findings in seeds]
    stages = list(dict.fromkeys(stage for column in columns for stage in column))
    rows = [[stage, *(f"{column[stage]:,.0f}" if stage in column else "-" for column in columns)] for stage in stages]
    rows.append(["sum", *(f"{sum(column.values()):,.0f}" for column in columns)])
    note = "Seconds of each process; processes ran in parallel and slowed each other down."
    if wall is not None:
        note += f" The wall time of all jobs was {wall[0]:,.0f} s, with at most {wall[1]} processes at once."
    return TextTable("Seconds at work", ["stage", *(findings.name for findings in seeds)], rows, note)


def _seconds_by_stage(findings: Findings) -> dict[str, float]:
    seconds = {cost.stage: cost.seconds or 0.0 for cost in findings.making}
    for found in findings.trainings:
        if found.done is not None:
            seconds[f"{found.stage} {found.arm}"] = float(found.done.get("seconds", 0.0))
    if findings.evaluations:
        seconds["evaluation"] = sum(found.seconds for found in findings.evaluations.values())
    return seconds


def _introduction(seeds: Sequence[Findings], command: str) -> str:
    models = dict.fromkeys(str(findings.settings.get("engine", {}).get("model", "unknown")) for findings in seeds)
    count = "one seed" if len(seeds) == 1 else f"{len(seeds)} seeds"
    return (
        f"# Results\n\nModel: {', '.join(models)}; {count}. Each seed has its own problems, search, training and "
        f"evaluation samples. Made by\n\n```\n{command}\n```"
    )


def _correlation_table(
    seeds: Sequence[Findings], measured: Mapping[str, Sequence[tuple[float, float]]], pooled: Pooled
) -> TextTable:
    """The correlation and the accuracy during RL by seed, then pooled over seeds, with their heterogeneity."""
    rows = [
        [name, correlation(found), ", ".join(f"{100 * accuracy:.1f}" for _, accuracy in pairs)]
        for (name, pairs), found in zip(measured.items(), pooled.each, strict=True)
    ]
    note = "One seed: Fisher's z interval, which is too narrow, since the points of one training are not independent."
    if pooled.degrees:
        rows.append(["pooled", correlation(pooled.figure), ""])
        chance = f"p = {pooled.p:.3f}" if pooled.p >= 0.001 else "p < 0.001"
        note += (
            " Pooled by a random-effects model (DerSimonian-Laird on Fisher's z, interval of Hartung and Knapp). "
            f"Heterogeneity between seeds: Cochran's Q = {pooled.q:.1f} on {pooled.degrees} degrees of freedom, "
            f"{chance}."
        )
    title = f"ASTRO arm, {checkpoint_points(seeds[0], 'astro')[1]}"
    return TextTable(title, ["seed", "Pearson [95 %]", "accuracy over RL, %"], rows, note)


def _evaluations(seeds: Sequence[Findings], model: str, dataset: str) -> list[Evaluation]:
    return [found for findings in seeds if (found := findings.evaluations.get((model, dataset))) is not None]


def _value(found: Evaluation, name: str) -> float | None:
    figure = found.figures.get(name)
    return None if figure is None else figure.value


def _share(found: Evaluation, name: str) -> float | None:
    value = _value(found, name)
    return None if value is None else 100 * value


def _range(counts: Sequence[int]) -> str:
    """One number if all are equal, else the minimum and the maximum."""
    least, most = min(counts), max(counts)
    return f"{least}" if least == most else f"{least} to {most}"


def _mean(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return form.format(sum(known) / len(known)) if known else "-"
