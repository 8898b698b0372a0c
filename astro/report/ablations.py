"""The controls and ablations of the traces, and a table of their results.

All share the trees of one search. Each is a file in configs/ablations; pipelines/ablations.py runs them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import Field

from astro.config import Section, load_config
from astro.report.best_of import best_of
from astro.report.gather import Evaluation, Findings
from astro.report.statistics import Figure, paired_difference
from astro.report.tables import TextTable, percent_with_interval, points
from astro.store.settings import flatten


class Kind(StrEnum):
    """What an ablation trains on."""

    TRACES = "traces"  # different traces from the same trees
    EQUAL_TOKENS = "equal_tokens"  # as many tokens of these traces as the reference has
    DIRECT = "direct"  # the control of the reference itself
    BEST_OF = "best_of"  # nothing: many responses of the control's model for the price of one


class AblationConfig(Section):
    """One ablation.

    title: of its row in the table. settings: the sections of the run's configuration that differ.
    """

    title: str
    kind: Kind = Kind.TRACES
    settings: dict[str, Any] = Field(default_factory=dict)

    @property
    def overrides(self) -> list[str]:
        """The settings in the form of the command line."""
        return [f"{key}={json.dumps(value)}" for key, value in flatten(self.settings)]


@dataclass(frozen=True, slots=True)
class Row:
    """The result of an ablation.

    difference: from the reference in pass@1, as a share. tokens, backtracks: means over responses. first_attempt,
    restarts, restart_right, return_right: shares, as in figures.json. examples, trained_tokens: trained on.
    """

    name: str
    title: str
    pass_at_1: Figure | None
    difference: Figure | None = None
    tokens: float | None = None
    backtracks: float | None = None
    first_attempt: float | None = None
    restarts: float | None = None
    restart_right: float | None = None
    return_right: float | None = None
    examples: int | None = None
    trained_tokens: int | None = None


_FIGURES = ("tokens", "backtracks", "first_attempt", "restarts", "restart_right", "return_right")


def load_ablations(folder: Path, names: Sequence[str] = ()) -> dict[str, AblationConfig]:
    """The ablations of a folder by file name, in alphabetical order; names selects some. Raises ConfigError."""
    files = [folder / f"{name}.yaml" for name in names] if names else sorted(folder.glob("*.yaml"))
    return {file.stem: load_config(AblationConfig, file) for file in files}


def rows_of(
    reference: Findings, path: Path, others: Mapping[str, tuple[AblationConfig, Findings | None, Path]]
) -> list[Row]:
    """A row for the reference and each ablation that was evaluated, on the first set.

    path: the reference's run directory. others: by name, with the run of each that has its own.
    """
    dataset = reference.sets[0]
    ours, control = (reference.evaluations.get((f"{arm}-sft", dataset)) for arm in ("astro", "direct"))
    rows = [_row("reference", "ASTRO as configured", ours, None, _trained_on(path, "sft"))] if ours else []
    for name, (ablation, findings, folder) in others.items():
        if ablation.kind is Kind.BEST_OF:
            rows += _best_of_rows(name, ablation.title, control, ours)
        elif ablation.kind is Kind.DIRECT and control is not None:
            rows.append(_row(name, ablation.title, control, ours, _trained_on(path, "direct")))
        elif findings is not None and (found := findings.evaluations.get(("astro-sft", dataset))) is not None:
            data = Kind.EQUAL_TOKENS.value if ablation.kind is Kind.EQUAL_TOKENS else "sft"
            rows.append(_row(name, ablation.title, found, ours, _trained_on(folder, data)))
    return rows


def ablation_table(rows: Sequence[Row], dataset: str) -> TextTable:
    """The rows as text."""
    headings = ["", "pass@1, % [95 %]", "to the reference, points [95 %]", "tokens", "backtracks", "first attempt, %",
                "restarts, %", "restarts right, %", "returns right, %", "examples", "their tokens"]  # fmt: skip
    cells = [
        [
            row.title,
            percent_with_interval(row.pass_at_1),
            points(row.difference),
            _shown(row.tokens, "{:.0f}"),
            _shown(row.backtracks, "{:.2f}"),
            *(_percent(share) for share in (row.first_attempt, row.restarts, row.restart_right, row.return_right)),
            _shown(row.examples, "{:,}"),
            _shown(row.trained_tokens, "{:,}"),
        ]
        for row in rows
    ]
    note = (
        "Tokens, backtracks and first attempt are means over responses. Restarts are the share of ways back that go to "
        "the beginning. The next two columns are how often the attempt after a restart, or after a return to the "
        "middle, is right. Examples and their tokens are those of one epoch of SFT. The interval of a difference is a "
        "paired bootstrap over problems."
    )
    return TextTable(dataset, headings, cells, note)


def _row(
    name: str, title: str, found: Evaluation, reference: Evaluation | None, trained: tuple[int, int] | None
) -> Row:
    difference = None
    if reference is not None:
        difference = paired_difference(found.accuracy_by_problem(), reference.accuracy_by_problem())
    values = {key: figure.value for key, figure in found.figures.items()}
    examples, tokens = trained or (None, None)
    measured = {figure: values.get(figure) for figure in _FIGURES}
    return Row(
        name,
        title,
        found.figures.get("pass_at_1"),
        difference,
        examples=examples,
        trained_tokens=tokens,
        **measured,
    )


def _best_of_rows(name: str, title: str, control: Evaluation | None, ours: Evaluation | None) -> list[Row]:
    """Two rows: the majority of N responses, and the upper bound of picking a right one."""
    found = best_of(control, ours) if control is not None and ours is not None else None
    if found is None or control is None:
        return []
    short = f" (of {found.wanted} that the tokens would pay for)" if found.n < found.wanted else ""
    tokens = control.figures["tokens"].value * found.n
    return [
        Row(f"{name}-{how}", f"{title}: {words} of {found.n}{short}", figure, tokens=tokens)
        for how, words, figure in (("majority", "majority", found.majority), ("any", "any right", found.any_right))
    ]


def _trained_on(run: Path, dataset: str) -> tuple[int, int] | None:
    """Examples of the train split and the tokens of their completions; None where the data set is gone."""
    files = sorted((run / "datasets" / dataset).glob("train-*.parquet"))
    if not files:
        return None
    lengths = [length for file in files for length in pq.read_table(file, columns=["completion_tokens"])[0].to_pylist()]
    return len(lengths), sum(lengths)


def _percent(share: float | None) -> str:
    return _shown(None if share is None else 100 * share, "{:.1f}")


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
