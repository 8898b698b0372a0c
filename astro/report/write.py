"""Write a whole report: read the run, draw plots, and write report.md and report.html to its folder reports/."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from astro.records.rounds import ROUNDS
from astro.report.continued import backtracking_table, control_table, draw_curve, token_table
from astro.report.curves import CURVE
from astro.report.effects import EFFECT, effect_of_arm, effects_as_json
from astro.report.examples import pick_example
from astro.report.gather import Findings, gather
from astro.report.page import Page, Part, html, markdown
from astro.report.plots import draw_all
from astro.report.rounds import gather_rounds, rounds_page
from astro.report.tables import (
    ON_SEVERAL,
    TextTable,
    arm_name,
    behaviour_table,
    cost_table,
    difference_of,
    difference_table,
    group_table,
    left_out_table,
    model_table,
    name_of,
    points,
    trainings_of,
    verdict_table,
)
from astro.store.atomic import seal, write_marker, write_text, writing
from astro.store.ledger import remove
from astro.store.stage import MARKER

EVALUATIONS = "evaluations"  # what a report shows, in its marker
_FIGURES = ("evaluations/*/*/figures.json", f"{ROUNDS}/*/evaluations/*/*/figures.json")
_COLUMNS = (
    "pass@1 is the share of right responses with a 95 % bootstrap interval over problems. Tokens and backtracks are "
    "means over responses. The first attempt is the text before the first backtrack. Wrong to right and right to wrong "
    "are shares of the backtracks. Trained is the cost of SFT, or of SFT and GRPO together for RL models: tokens seen "
    "in SFT and generated in GRPO. "
    f"{ON_SEVERAL}"
)
_ARMS: Mapping[tuple[str, ...], str] = {
    ("direct", "astro"): "Direct and ASTRO are trained alike on the same problems: Direct on right solutions alone, "
    "ASTRO on traces that make mistakes, doubt, backtrack and end right."
}
_UNLOGGED = "It has begun, but there are no logged figures to draw yet; a lower trainer.logging_steps logs more."
_EXAMPLE = "One problem, the first response of each model."
_PICKED = " The problem was picked because ASTRO goes back and ends right on it: it shows how, not how often."


def write_report(path: Path, findings: Findings | None = None) -> Path:
    """Write the report of a run, finished or not, and return its folder; the report names missing parts.

    path: the run directory. findings: the result of gather(), if it is known. Raises StoreError if it is not a run or
    is damaged, MissingDependencyError without matplotlib.
    """
    folder = path / "reports"
    with writing(folder):
        remove(folder / MARKER)  # a report that is killed halfway is not a damaged one
    if (path / ROUNDS).is_dir():
        return _write(rounds_page(path, gather_rounds(path)), folder)
    findings = findings or gather(path)
    with writing(folder):
        folder.mkdir(exist_ok=True)
    captions = draw_all(findings, folder)
    if curve := draw_curve([findings], folder / CURVE):
        captions[CURVE] = curve
    if effects := effects_as_json([findings]):
        write_text(folder / EFFECT, json.dumps(effects, indent=1) + "\n")
    return _write(make_page(findings, captions), folder)


def _write(page: Page, folder: Path) -> Path:
    with writing(folder):
        folder.mkdir(exist_ok=True)
        write_text(folder / "report.md", markdown(page))
        write_text(folder / "report.html", html(page, folder))
        written = sorted(file for file in folder.iterdir() if file.is_file() and file.name != MARKER)
        shown = {EVALUATIONS: evaluations_of(folder.parent)}
        write_marker(folder / MARKER, [(file, 0) for file in written], **shown)
    return folder


def evaluations_of(run: Path) -> dict[str, str]:
    """The SHA-256 of the figures of each evaluation in a run and its rounds, by its folder."""
    found = (file for pattern in _FIGURES for file in sorted(run.glob(pattern)))
    return {file.parent.relative_to(run).as_posix(): seal(file).sha256 for file in found}


def make_page(findings: Findings, captions: dict[str, str]) -> Page:
    """The content of the report, from the findings and the plots that were drawn (captions by name)."""

    def pictures(*names: str) -> dict[str, str]:
        return {name: captions[name] for name in names if name in captions}

    example = pick_example(findings)
    on_example = "" if example is None else _EXAMPLE + (_PICKED if example.recovers else "")
    begun = {found.stage for found in findings.trainings}
    rl = pictures("rl-curves", "backtracks-accuracy")
    sft, bars, curve = pictures("sft-loss"), pictures("pass-at-1"), pictures(CURVE)
    tables = [model_table(findings, dataset) for dataset in findings.sets]
    behaviours = _present(
        table(findings, dataset) for table in (behaviour_table, verdict_table) for dataset in findings.sets
    )
    cost = cost_table(findings)
    parts = [
        Part("The models", _COLUMNS if tables else "", tables, bars, _unless(tables, "No model was evaluated yet.")),
        _differences(findings),
        Part(
            "Against the best control",
            tables=_present([control_table([findings]), *(token_table([findings], each) for each in findings.sets)]),
            pictures=curve,
        ),
        Part("Going back", tables=_present(backtracking_table([findings], dataset) for dataset in findings.sets)),
        Part("By group of problems", "", _present(group_table(findings, dataset) for dataset in findings.sets)),
        Part("SFT", pictures=sft, missing=_unless(sft, _UNLOGGED if "sft" in begun else "No SFT has been run yet.")),
        Part("GRPO", pictures=rl, missing=_unless(rl, _UNLOGGED if "grpo" in begun else "No GRPO has been run yet.")),
        Part(
            "Behaviour",
            "Found by patterns in the text: an estimate, best used to compare models that write alike.",
            behaviours,
        ),
        Part("Left out", "No figure contains any of these.", _present([left_out_table(findings)])),
        Part("Cost", "", [cost] if cost else [], missing=_unless(cost, "Nothing has been run yet.")),
        Part(
            "An example",
            on_example,
            missing=_unless(example, "No evaluation has run yet."),
            example=example,
        ),
    ]
    return Page(f"Report of the run {findings.name}", _lines(findings), [part for part in parts if _says(part)])


def _lines(findings: Findings) -> list[str]:
    engine, seed = findings.settings.get("engine", {}), findings.settings.get("seed", 0)
    model = engine.get("model", "unknown")
    lines = [f"Model {model}, {findings.problems:,} problems searched, seed {seed}. {_arms(findings)}".rstrip()]
    if findings.sets:
        for arm in findings.treatments:
            parts = [
                part
                for suffix, name in trainings_of(findings).items()
                if (part := _headline(findings, arm, suffix, name))
            ]
            if parts:
                pair = f"{arm_name(arm)} minus {arm_name(findings.control)}"
                lines.append(f"{pair} in pass@1 on {findings.sets[0]}: {'; '.join(parts)} [95 % interval].")
    return lines


def _headline(findings: Findings, arm: str, suffix: str, training: str) -> str:
    """An arm's difference to the control after a training, beside that to the best control; empty without one."""
    free = difference_of(findings, findings.sets[0], arm, suffix)
    if free is None:
        return ""
    line = f"{points(free)} points after {training}"
    effect = effect_of_arm([findings], findings.sets[0], arm, suffix)
    if effect is None:
        return f"{line} (permission to continue is part of this: the control was neither nudged nor asked again)"
    return f"{line}, {points(effect.each[effect.best])} to {name_of(effect.best)}, the best control"


def _arms(findings: Findings) -> str:
    """A description of the arms, or the data sets they are trained on."""
    arms = _section(findings, "sft").get("arms", {})
    if known := _ARMS.get(tuple(findings.arms[:2])):
        return known
    return f"Arms: {', '.join(f'{arm_name(arm)} on {data}' for arm, data in arms.items())}." if arms else ""


def _section(findings: Findings, name: str) -> Mapping[str, Any]:
    return findings.settings.get(name) or {}


def _differences(findings: Findings) -> Part:
    table, control = difference_table(findings), arm_name(findings.control)
    names = [arm_name(arm) for arm in findings.treatments]
    ours = names[0] if len(names) == 1 else "Arms"
    missing = f"{ours} and {control} have not both been evaluated yet, so there is no difference to report."
    return Part(f"{ours} minus {control}", "", [table] if table else [], missing=_unless(table, missing))


def _present(tables: Iterable[TextTable | None]) -> list[TextTable]:
    return [table for table in tables if table is not None]


def _unless(there: object, line: str) -> list[str]:
    return [] if there else [line]


def _says(part: Part) -> bool:
    return bool(part.tables or part.pictures or part.missing or part.example)
