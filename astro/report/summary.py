"""The same experiment on several tasks: one table with the controls in it, and the effects of all of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from astro.report.effects import EFFECT, Effect, continued_names, effect_as_json, effect_of_arm
from astro.report.gather import Findings
from astro.report.tables import TextTable, name_of, percent, points, trainings_of
from astro.store.atomic import write_text, writing

SUMMARY = "summary.md"
ARM = "astro"
_HEADINGS = (
    "task, test set", "after", "ASTRO, %", "Direct, %", "nudged, %", "asked again, %", "best control, %",
    "ASTRO minus it [95 %]", "tokens of ASTRO, of it",
)  # fmt: skip
_NOTE = (
    "Shares of right responses among all samples, means over seeds. Controls are Direct and the base, each free, "
    "nudged once after a response gives up, or asked again until it does not, within the same limit of tokens and "
    "without the gold answer; after SFT also Direct trained on as many tokens as ASTRO. The best one is chosen on the "
    "same responses, which favours the controls. Intervals resample seeds and problems, with one seed problems alone."
)


def write_summary(
    tasks: Mapping[str, Sequence[Findings]], folder: Path, command: str, wall: tuple[float, int] | None = None
) -> None:
    """Write summary.md, and effect.json: by task, test set and training, ASTRO minus the best control, in points.

    tasks: by name, the finished runs of each seed. command, wall: as of astro.report.seeds.write_results().
    """
    effects = {name: _effects(seeds) for name, seeds in tasks.items()}
    lines = [f"# Results: {', '.join(tasks)}", f"Made by\n\n```\n{command}\n```", summary_table(effects).markdown()]
    if wall is not None:
        lines.append(f"The wall time of all jobs was {wall[0]:,.0f} s, with at most {wall[1]} processes at once.")
    content = {
        task: {dataset: {training: effect_as_json(found) for training, found in each.items()}
               for dataset, each in sets.items()}
        for task, sets in effects.items()
    }  # fmt: skip
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / SUMMARY, "\n\n".join(line.strip() for line in lines) + "\n")
        write_text(folder / EFFECT, json.dumps(content, indent=1) + "\n")


def summary_table(effects: Mapping[str, Mapping[str, Mapping[str, Effect]]]) -> TextTable:
    """A row for each task, test set and training (sft, rl)."""
    rows = []
    for task, sets in effects.items():
        for dataset, trainings in sets.items():
            for training, effect in trainings.items():
                free, nudged, again = (
                    percent(effect.of_variant(name)) for name in continued_names(f"{effect.control}-{training}")
                )
                best = f"{name_of(effect.best)}: {percent(effect.of_variant(effect.best))}"
                tokens = f"{effect.tokens():.0f}, {effect.tokens(effect.best):.0f}"
                rows.append(
                    [f"{task}, {dataset}", training.upper(), percent(effect.own()), free, nudged, again, best,
                     points(effect.each[effect.best]), tokens]
                )  # fmt: skip
    return TextTable("", _HEADINGS, rows, _NOTE)


def _effects(seeds: Sequence[Findings]) -> dict[str, dict[str, Effect]]:
    found: dict[str, dict[str, Effect]] = {}
    for dataset in seeds[0].sets:
        for training in trainings_of(seeds[0]):
            effect = effect_of_arm(seeds, dataset, ARM, training)
            if effect is not None:
                found.setdefault(dataset, {})[training] = effect
    return found
