"""The figures of a run as tables of text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from astro.evaluation.settings import CONTINUED
from astro.inspect.plain import plain
from astro.report.gather import BASE, Evaluation, Findings, Training
from astro.report.statistics import Figure, paired_difference
from astro.train import TRAINERS
from astro.verify import Outcome

NAMES = {
    "base": "base",
    "direct-sft": "Direct-SFT",
    "astro-sft": "ASTRO-SFT",
    "direct-rl": "Direct-RL",
    "astro-rl": "ASTRO-RL",
    "direct-equal-tokens-sft": "Direct-SFT, equal tokens",
}
ARM_NAMES = {"direct": "Direct", "astro": "ASTRO", "direct-equal-tokens": "Direct, equal tokens"}
ON_SEVERAL = (
    "maj@n is the majority of n answers. It flatters a model if all right answers have the same value and wrong ones "
    "scatter, as in Countdown, since a few right ones win. Any right of n is pass@n, which only someone who knows the "
    "answer could pick."
)
_DASH = "-"


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of text; the first column is left-aligned, the others are figures. title, note: may be empty."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """The table in GitHub's Markdown, with title and note as paragraphs around it."""
        lines = [f"**{_cell(self.title)}**", ""] if self.title else []
        lines.append(_line(self.headings))
        lines += ["|" + "|".join([" --- ", *[" ---: "] * (len(self.headings) - 1)]) + "|", *map(_line, self.rows)]
        return "\n".join([*lines, *(["", self.note] if self.note else [])]) + "\n"


def model_table(findings: Findings, dataset: str) -> TextTable:
    """The models on one set, those of the run's arms first."""
    there = {model: found for (model, where), found in findings.evaluations.items() if where == dataset}
    rank = {model: number for number, model in enumerate(findings.evaluated(dataset))}
    known = [model for model in there if "@" not in model]
    models = sorted(known, key=lambda model: (rank.get(model.partition("+")[0], len(rank)), model))
    best = best_maj(there.values())
    asked = any("length_error" in found.figures for found in there.values())
    headings = ["model", "pass@1, % [95 %]", f"maj@{best}, %" if best else "maj, %", f"any right of {best}, %",
                "tokens", *(["off the asked length, %"] if asked else []), "backtracks", "first attempt, %",
                "wrong to right, %", "right to wrong, %", "trained, tokens", "trained, s"]  # fmt: skip
    rows = []
    for model in models:
        figures = there[model].figures
        rows.append(
            [
                name_of(model),
                percent_with_interval(figures.get("pass_at_1")),
                percent(figures.get(f"maj_at_{best}")),
                percent(figures.get(f"pass_at_{best}")),
                _number(figures.get("tokens"), 1),
                *([percent(figures.get("length_error"))] if asked else []),
                _number(figures.get("backtracks"), 2),
                percent(figures.get("first_attempt")),
                percent(figures.get("wrong_to_right")),
                percent(figures.get("right_to_wrong")),
                *_spent(findings, model),
            ]
        )
    count = {(found.problems, found.samples) for found in there.values()}
    sizes = ", ".join(f"{problems} problems x {samples} samples" for problems, samples in sorted(count))
    missing = [name_of(model) for model in findings.models if model not in there]
    notes = [f"Not evaluated: {', '.join(missing)}."] if missing else []
    notes.append(shared_with_training([list(there.values())]))
    return TextTable(f"{dataset}: {sizes}", headings, rows, " ".join(filter(None, notes)))


def group_table(findings: Findings, dataset: str) -> TextTable | None:
    """pass@1 of the models by group of problems; None where there is only one group."""
    there = findings.evaluated(dataset)
    groups = sorted({group for found in there.values() for group in found.groups})
    if len(groups) < 2:
        return None
    rows = [
        [name_of(model), *(percent_with_interval(found.groups.get(group, {}).get("pass_at_1")) for group in groups)]
        for model, found in there.items()
    ]
    return TextTable(f"{dataset}: pass@1 by group of problems, % [95 %]", ["model", *groups], rows)


def behaviour_table(findings: Findings, dataset: str) -> TextTable | None:
    """How often responses end, and the four cognitive behaviours; None without figures on behaviours."""
    names = ("finished", "verification", "backtracking", "subgoals", "backward_chaining")
    there = {model: found.figures for model, found in findings.evaluated(dataset).items()}
    shown = [name for name in names if any(name in figures for figures in there.values())]
    if not shown:
        return None
    rows = [[name_of(model), *(percent(figures.get(name)) for name in shown)] for model, figures in there.items()]
    title = f"{dataset}: share of responses that end on their own, and that show each behaviour, %"
    return TextTable(title, ["model", *(name.replace("_", " ") for name in shown)], rows)


def verdict_table(findings: Findings, dataset: str) -> TextTable | None:
    """The responses by verdict: timeouts and answers that could not be read or graded are apart from wrong ones."""
    there = {model: found.outcomes for model, found in findings.evaluated(dataset).items()}
    outcomes = [str(outcome) for outcome in Outcome if any(str(outcome) in found for found in there.values())]
    rows = [[name_of(model), *(f"{found.get(name, 0):,}" for name in outcomes)] for model, found in there.items()]
    headings = ["model", *(name.replace("_", " ") for name in outcomes)]
    return TextTable(f"{dataset}: responses by verdict", headings, rows) if rows else None


def difference_of(findings: Findings, dataset: str, arm: str, suffix: str) -> Figure | None:
    """An arm minus the control in pass@1 (a share) after a training, over the problems that both answered."""
    pair = [findings.evaluations.get((f"{each}-{suffix}", dataset)) for each in (arm, findings.control)]
    if pair[0] is None or pair[1] is None:
        return None
    return paired_difference(pair[0].accuracy_by_problem(), pair[1].accuracy_by_problem())


def trainings_of(findings: Findings) -> dict[str, str]:
    """The trainings that the run has or plans: heading by suffix of the models' names."""
    there = {model.rpartition("-")[2] for model in findings.models if model != BASE}
    return {trainer.suffix: trainer.suffix.upper() for trainer in TRAINERS.values() if trainer.suffix in there}


def difference_table(findings: Findings) -> TextTable | None:
    """Each arm minus the control on every set, after each training."""
    trainings, several, rows = trainings_of(findings), len(findings.treatments) > 1, []
    for dataset in findings.sets:
        for arm in findings.treatments:
            cells = [points(difference_of(findings, dataset, arm, suffix)) for suffix in trainings]
            if set(cells) - {_DASH}:
                rows.append([dataset, *([arm_name(arm)] if several else []), *cells])
    if not rows:
        return None
    note = "Points of pass@1 with the 95 % interval of a bootstrap over problems, each problem's two accuracies paired."
    after = [f"after {name}" for name in trainings.values()]
    return TextTable("", ["set", *(["arm"] if several else []), *after], rows, note)


def cost_table(findings: Findings) -> TextTable | None:
    """Seconds and tokens of each stage."""
    rows = [[cost.stage, _seconds(cost.seconds), f"{cost.tokens:,}", ""] for cost in findings.making]
    names = {name: trainer.title for name, trainer in TRAINERS.items()}
    ranks, arms = {name: rank for rank, name in enumerate(TRAINERS)}, list(findings.arms)
    order = sorted(findings.trainings, key=lambda found: (ranks.get(found.stage, len(ranks)), arms.index(found.arm)))
    for found in order:
        if found.done is not None:
            split = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in _split(found))
            stage = f"{names.get(found.stage, found.stage)} {found.arm}"
            rows.append([stage, _seconds(found.done.get("seconds")), f"{_tokens(found.done):,}", split])
    evaluated = list(findings.evaluations.values())
    if evaluated:
        tokens = sum(found.generated_tokens for found in evaluated)
        name = f"evaluation, {len(evaluated)} in all"
        rows.append([name, _seconds(sum(found.seconds for found in evaluated)), f"{tokens:,}", ""])
    if not rows:
        return None
    note = "Tokens are those generated, in GRPO for groups that were discarded, too; for SFT those seen by the trainer."
    return TextTable("", ["stage", "seconds", "tokens", "of which"], rows, note)


_UNGRADED = {
    Outcome.ERROR: "the engine refused the prompt, or the verifier failed; in no figure",
    Outcome.TIMED_OUT: "not verified within the limit; not right in pass@1",
}


def left_out_table(findings: Findings) -> TextTable | None:
    """What the run did not use, and why; None if it used everything."""
    rows = [[line.what, f"{line.count:,}", f"{line.of:,}", line.why] for line in findings.left_out]
    for (model, dataset), found in findings.evaluations.items():
        what, total = f"responses of {name_of(model)} to {dataset}", sum(found.outcomes.values())
        for outcome, why in _UNGRADED.items():
            shown = model in findings.models or outcome is Outcome.ERROR  # checkpoints are points of a picture
            if shown and (count := found.outcomes.get(outcome, 0)):
                rows.append([what, f"{count:,}", f"{total:,}", why])
    return TextTable("", ["left out", "count", "of", "why"], rows) if rows else None


def shared_with_training(runs: Sequence[Sequence[Evaluation]]) -> str:
    """How many problems of a set are training problems, in a sentence; empty if nothing was compared.

    runs: the evaluations of one set, by run, since each run has its own problems; for each run, the model that shares
    the most problems with its training counts.
    """
    most = []
    for evaluations in runs:
        compared = [{"problems": found.problems, **found.contamination} for found in evaluations if found.contamination]
        if compared:
            most.append(max(compared, key=lambda one: (one["exact"] + one["near"], one["training"])))
    if not most:
        return ""
    total = {name: f"{sum(one[name] for one in most):,}" for name in most[0]}
    return (
        f"Of the {total['problems']} problems, {total['exact']} are also training problems, and {total['near']} are "
        f"similar to one; compared with {total['training']}."
    )


def name_of(model: str) -> str:
    """A model's name for readers."""
    free, _, continuation = model.partition("+")
    suffix = f", {CONTINUED.get(continuation, continuation)}" if continuation else ""
    return NAMES.get(free, free) + suffix


def arm_name(arm: str) -> str:
    """An arm's name for readers."""
    return ARM_NAMES.get(arm, arm)


def percent_with_interval(figure: Figure | None) -> str:
    """A share as 12.3 [11.0, 13.6]."""
    if figure is None:
        return _DASH
    interval = (
        "" if figure.low is None or figure.high is None else f" [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"
    )
    return f"{100 * figure.value:.1f}{interval}"


def percent_of(figure: Figure | None) -> str:
    """A share as 12.3 [11.0, 13.6] of 1,234, what it is a share of."""
    of = "" if figure is None or figure.count is None else f" of {figure.count:,}"
    return percent_with_interval(figure) + of


def points(difference: Figure | None) -> str:
    """A difference of shares in points, with its sign and interval."""
    if difference is None:
        return _DASH
    interval = ""
    if difference.low is not None and difference.high is not None:
        interval = f" [{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"
    return f"{100 * difference.value:+.1f}{interval}"


def correlation(found: Figure | None) -> str:
    """A correlation with its interval, if it has one."""
    if found is None:
        return "none: too few points, or no variance"
    interval = "" if found.low is None or found.high is None else f" [{found.low:.2f}, {found.high:.2f}]"
    return f"r = {found.value:.2f}{interval}"


def best_maj(evaluations: Iterable[Evaluation]) -> int:
    """The largest K of maj@K that was measured; 0 if none was."""
    names = [name for found in evaluations for name in found.figures]
    sizes = [int(name.removeprefix("maj_at_")) for name in names if name.startswith("maj_at_")]
    return 8 if 8 in sizes else max(sizes, default=0)


def _spent(findings: Findings, model: str) -> list[str]:
    """Tokens and seconds of all trainings behind a model; those of an RL model include SFT."""
    arm, _, stage = model.rpartition("-")
    chain = [name for name, trainer in TRAINERS.items() if trainer.suffix in ("sft", stage)] if arm else []
    done = [found.done for name in chain if (found := findings.training(arm, name)) and found.done]
    if not chain or len(done) < len(chain):
        return ["0", "0"] if model == BASE else [_DASH, _DASH]
    return [f"{sum(map(_tokens, done)):,}",
            f"{sum(float(facts.get('seconds', 0)) for facts in done):,.0f}"]  # fmt: skip


def _tokens(done: Mapping[str, Any]) -> int:
    """Tokens of a training: generated, also for discarded groups, in GRPO; seen by the trainer in SFT."""
    return int(done.get("generated_tokens", done.get("tokens", 0)))


def _split(found: Training) -> list[tuple[str, float]]:
    split = (found.done or {}).get("times") or {}
    return [(str(name), float(seconds)) for name, seconds in split.items()] if isinstance(split, dict) else []


def percent(figure: Figure | None) -> str:
    """A share as 12.3."""
    return _DASH if figure is None else f"{100 * figure.value:.1f}"


def _number(figure: Figure | None, digits: int) -> str:
    return _DASH if figure is None else f"{figure.value:,.{digits}f}"


def _seconds(seconds: float | None) -> str:
    return _DASH if seconds is None else f"{seconds:,.0f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    """A group's name, made safe for pages and terminals: it comes from the data set."""
    return plain(" ".join(text.split())).replace("<", "&lt;").replace("|", "\\|")
