"""The report of a run of rounds: a row for each round, and the lineage of models, trees and data."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from astro.errors import StoreError
from astro.evaluation.settings import CONTINUED, Continuation
from astro.inspect.plain import plain
from astro.records.rounds import RECORD, ROUNDS, RoundRecord
from astro.report.gather import Evaluation, Findings, gather
from astro.report.page import Page, Part
from astro.report.statistics import paired_difference
from astro.report.tables import TextTable, percent_with_interval, points

_BASE = "base"
_COLUMNS = (
    "pass@1 is the share of right responses with a 95 % bootstrap interval over problems. The difference pairs each "
    "problem's accuracy with that of the first round's model. All rounds are evaluated on the same problems, none of "
    "which a round trains on. Nudged and asked again are controls: the model continues once after it gives up, or is "
    "asked again until it does not, within the same limit of tokens and without the gold answer."
)


@dataclass(frozen=True, slots=True)
class FoundRound:
    """One finished round: its record, and what its run directory holds."""

    record: RoundRecord
    findings: Findings


def gather_rounds(path: Path) -> list[FoundRound]:
    """Read the finished rounds of a run. Raises StoreError if a file is damaged."""
    found = []
    for file in sorted((path / ROUNDS).glob(f"*/{RECORD}"), key=lambda file: int(file.parent.name)):
        try:
            record = RoundRecord.from_json(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StoreError(f"{file} cannot be read: {error!r}; delete it, and `astro run` writes it again") from error
        found.append(FoundRound(record, gather(file.parent)))
    return found


def sets_of(rounds: Sequence[FoundRound]) -> list[str]:
    """The evaluation sets of all rounds, in the order of the first that has each."""
    return list(dict.fromkeys(dataset for each in rounds for dataset in each.findings.sets))


def rounds_table(rounds: Sequence[FoundRound], dataset: str) -> TextTable:
    """The base model and the model of each round on one set, and their difference to the model of the first round.

    Beside each stands what it reaches when it is nudged or asked again, where that was evaluated.
    """
    models = [(each, _evaluation(each, dataset)) for each in rounds]
    first = next((found for _, found in models if found is not None), None)
    base = next(((each, found) for each in rounds if (found := each.findings.evaluations.get((_BASE, dataset)))), None)
    there = {model for each in rounds for model, where in each.findings.evaluations if where == dataset}
    controls = [each for each in Continuation if any(model.endswith(f"+{each}") for model in there)]
    rows = []
    if base is not None:
        rows.append([_BASE, "", *_measured(base[1], first), *_controlled(*base, controls), "", "", ""])
    for each, found in models:
        start, data = _trained(each.record)
        searched = _label(each.record.searcher) if each.record.trees_of is None else f"round {each.record.trees_of}"
        name = each.record.last_name or "none trained"
        measured = [*_measured(found, first), *_controlled(each, found, controls)]
        rows.append([f"{each.record.round}", name, *measured, searched, start, data])
    headings = ["pass@1, % [95 %]", "minus round 1, points", "tokens"]
    headings += [f"{CONTINUED[each]}, % [95 %]" for each in controls]
    size = _size(first if base is None else base[1])
    return TextTable(f"{dataset}{size}", ["round", "model", *headings, "trees of", "from", "on (rows)"], rows)


def rounds_page(path: Path, rounds: Sequence[FoundRound]) -> Page:
    """The report of all finished rounds. path: the run directory that holds them."""
    tables = [rounds_table(rounds, dataset) for dataset in sets_of(rounds)]
    missing = [] if tables else ["No round has been evaluated yet."]
    count = len(rounds)
    lines = [f"{count} finished round{'' if count == 1 else 's'}; each is a run with a report of its own."]
    parts = [Part("The rounds", _COLUMNS if tables else "", tables, missing=missing)]
    if rounds:
        about = "Which model searched, which trees and data sets came of it, and which model was trained on them."
        parts.append(Part("Lineage", about, diagram=mermaid(rounds), items=list(sentences(rounds))))
    return Page(f"Report of the rounds of {path.resolve().name}", lines, parts)


def mermaid(rounds: Sequence[FoundRound]) -> str:
    """The lineage as a Mermaid flow chart."""
    names: dict[str, str] = {}
    lines = ["flowchart LR"]

    def node(key: str, label: str, shape: str = "[{}]") -> str:
        if key not in names:
            names[key] = f"n{len(names)}"
            lines.append(f"  {names[key]}{shape.format(json.dumps(plain(label)))}")
        return names[key]

    for each in rounds:
        record, number = each.record, each.record.round
        searcher = node(record.searcher, _label(record.searcher), "([{}])")
        trees = node(f"trees {record.trees_of or number}", f"trees of round {record.trees_of or number}")
        edge = f"  {searcher} -- searches --> {trees}"
        lines += [edge] if edge not in lines else []
        for dataset in dict.fromkeys(model.data for model in record.models):
            rows = record.rows.get(dataset)
            label = f"{dataset}, round {number}" + (f": {rows:,} rows" if rows is not None else "")
            lines.append(f"  {trees} --> {node(f'data {number} {dataset}', label)}")
        for model in record.models:
            made = node(model.path, f"{model.name}, round {number}", "([{}])")
            lines.append(f"  {node(model.start, _label(model.start), '([{}])')} -- trained --> {made}")
            lines.append(f"  {names[f'data {number} {model.data}']} --> {made}")
    return "\n".join(lines) + "\n"


def sentences(rounds: Sequence[FoundRound]) -> Iterator[str]:
    """The lineage in words, one line a round."""
    for each in rounds:
        record = each.record
        trees = (
            f"{_label(record.searcher)} searched" if record.trees_of is None else f"trees of round {record.trees_of}"
        )
        parts = [trees if "search" in record.stages or record.trees_of else "no search"]
        for model in record.models:
            rows = (
                f" ({record.rows[model.data]:,} rows{_hash(', ', model.data_sha256)})"
                if model.data in record.rows
                else ""
            )
            start = f"{_label(model.start)}{_hash(' ', model.start_sha256)}"
            parts.append(f"{start} trained on {model.data}{rows} became {model.name}{_hash(' ', model.sha256)}")
        yield f"round {record.round}: {'; '.join(parts)}"


def _hash(before: str, digest: str | None) -> str:
    """The beginning of a hash, as much as tells the files of one run apart."""
    return f"{before}{digest[:8]}" if digest else ""


def _evaluation(each: FoundRound, dataset: str) -> Evaluation | None:
    name = each.record.last_name
    return None if name is None else each.findings.evaluations.get((name, dataset))


def _measured(found: Evaluation | None, first: Evaluation | None) -> list[str]:
    """pass@1, the difference to the first round, and tokens."""
    if found is None:
        return ["-", "-", "-"]
    difference = "-"
    if first is not None and found is not first:
        difference = points(paired_difference(found.accuracy_by_problem(), first.accuracy_by_problem()))
    tokens = found.figures.get("tokens")
    pass_at_1 = percent_with_interval(found.figures.get("pass_at_1"))
    return [pass_at_1, difference, "-" if tokens is None else f"{tokens.value:,.1f}"]


def _controlled(each: FoundRound, found: Evaluation | None, controls: Sequence[Continuation]) -> list[str]:
    """pass@1 of a model with each continuation."""
    if found is None:
        return ["-"] * len(controls)
    continued = [each.findings.evaluations.get((f"{found.model}+{control}", found.dataset)) for control in controls]
    return [percent_with_interval(None if one is None else one.figures.get("pass_at_1")) for one in continued]


def _trained(record: RoundRecord) -> tuple[str, str]:
    """Where the trainings of the round's model started, and what they were trained on."""
    last = [model for model in record.models if Path(model.path).parent == Path(record.last).parent]
    if not last or record.last_name is None:
        return "-", "-"
    data = (f"{model.data} ({record.rows.get(model.data, 0):,})" for model in last)
    return _label(last[0].start), ", ".join(data)


def _label(model: str) -> str:
    """A model as a reader knows it: ARM-STAGE of a round, or the name of its folder."""
    parts = Path(model).parts
    if ROUNDS in parts and "checkpoints" in parts:
        arm, stage = parts[-2:]
        return f"round {parts[parts.index('checkpoints') - 1]}, {arm} {stage}"
    return Path(model).name


def _size(found: Evaluation | None) -> str:
    return "" if found is None else f": {found.problems} problems x {found.samples} samples"
