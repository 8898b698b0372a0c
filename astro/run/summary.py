"""The counts of a run, read from its files, so that they can be printed again at any time."""

import resource
from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text

from astro.inspect.plain import plain
from astro.records.cost import Cost
from astro.records.tree import Stop
from astro.run.advice import advice
from astro.run.ends import Ends, count_ends
from astro.run.judging import judge_lines
from astro.run.progress import duration
from astro.store import RunDirectory
from astro.store.facts import (
    BACKTRACKING,
    BACKTRACKING_PROBLEMS,
    COUNTS,
    FAILED,
    KINDS,
    REJECTS,
    SOLVED,
    VERDICTS,
    count,
    counts,
    total_cost,
)
from astro.traces import Kind, Rewriting
from astro.verify import Outcome

_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a run, finished or not.

    problems, rejected_rows: problems of the run, and rows that did not become one.
    caveats: problems whose gold answer can only be compared as it is written.
    trees, solved: problems searched; those with a correct solution in the tree.
    failed: trees whose root could not be evaluated. failure: the reason of the first of them, or None.
    traces: by kind. backtracking: traces with at least one backtrack. backtracking_problems: problems they come from.
    rejects: finished traces that were not used, by reason. counts: the sum of astro.traces.TraceOutcome.counts.
    verdicts: of rollouts and ends of solutions, by outcome.
    search, tracing: tokens of the searches and of the traces. seconds: over all starts that were not killed.
    has_judge: whether roles.judge names a model.
    peak_gib: largest resident memory of a start in GiB, the sum of its process and its largest child.
    ends: how the solutions of the first trees end.
    """

    problems: int
    rejected_rows: int
    caveats: int
    trees: int
    solved: int
    failed: int
    failure: str | None
    traces: Mapping[str, int]
    backtracking: int
    backtracking_problems: int
    rejects: Mapping[str, int]
    counts: Mapping[str, int]
    verdicts: Mapping[str, int]
    search: Cost
    tracing: Cost
    seconds: float
    peak_gib: float
    has_judge: bool
    ends: Ends = field(default_factory=Ends)

    @property
    def tokens_per_trace(self) -> float:
        """Generated tokens a backtracking trace, search and traces together; infinite without one."""
        return (self.search + self.tracing).generated_tokens / self.backtracking if self.backtracking else float("inf")


def summarize(run: RunDirectory) -> Summary:
    """Count what a run directory holds. Raises StoreError if a file is damaged."""
    failed, sessions = count(run.trees, FAILED), run.events("stopped")
    return Summary(
        problems=len(run.stored),
        rejected_rows=run.rejected().num_rows,
        caveats=run.stored.caveats(),
        trees=len(run.trees),
        solved=count(run.trees, SOLVED),
        failed=failed,
        failure=_first_failure(run) if failed else None,
        traces=counts(run.traces, KINDS),
        backtracking=count(run.traces, BACKTRACKING),
        backtracking_problems=count(run.traces, BACKTRACKING_PROBLEMS),
        rejects=counts(run.traces, REJECTS),
        counts=counts(run.traces, COUNTS),
        verdicts={outcome.value: count(run.trees, f"{VERDICTS}.{outcome}") for outcome in Outcome},
        search=total_cost(run.trees),
        tracing=total_cost(run.traces),
        seconds=sum(event.get("seconds", 0.0) for event in sessions),
        peak_gib=max((event.get("peak_gib", 0.0) for event in sessions), default=0.0),
        ends=count_ends(run),
        has_judge=bool((run.settings.get("roles") or {}).get("judge")),
    )


def summary_table(summary: Summary) -> Table:
    """The summary as a table of two columns."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    rejected = f", rows left out: {summary.rejected_rows} (rejected.parquet)" if summary.rejected_rows else ""
    as_written = f", {summary.caveats} with a gold answer compared as written" if summary.caveats else ""
    table.add_row("problems", f"{summary.problems}{rejected}{as_written}")
    table.add_row("trees", f"{summary.trees}, {summary.solved} solved")
    if summary.failed:
        table.add_row("failed", Text(f"{summary.failed} ({plain(summary.failure or 'no reason is known')})"))
    if summary.ends.kinds:
        table.add_row("ends", _ends(summary.ends))
        table.add_row("answers", _answers(summary.ends))
    kinds = ", ".join(f"{summary.traces[kind]} {kind}" for kind in Kind if summary.traces.get(kind))
    missing = summary.counts.get("control.missing", 0)
    short = f" ({missing} control traces missing: no correct path passed the filters)" if missing else ""
    table.add_row("traces", f"{sum(summary.traces.values())}" + (f": {kinds}" if kinds else "") + short)
    backtracks = f"{summary.backtracking} traces from {summary.backtracking_problems} problems"
    table.add_row("with backtracks", backtracks)
    table.add_row("refused", _counts(summary.rejects) or "none")
    unused = {name.partition(".")[2]: count for name, count in summary.counts.items() if name.startswith("unused.")}
    table.add_row("ends not used", _counts(unused) or "none")
    if judged := judge_lines(summary.counts, has_judge=summary.has_judge):
        table.add_row("judge", Text("\n".join(judged)))
    if rewritten := summary.counts.get("rewrite.checked", 0):
        first, kept = summary.counts.get("rewrite.first_try", 0), summary.counts.get("rewrite.fallbacks", 0)
        share = f"{first / rewritten:.1%} passed at the first try"
        table.add_row("texts rewritten", f"{rewritten:,}, {share}, {kept:,} kept as they were")
    modes = rewriting_modes(summary.counts)
    if len(modes) > 1:
        table.add_row("rewriting", "fell back (traces.rewrite_bar): " + ", then ".join(modes))
    if asked := summary.counts.get("entailment.asked", 0):
        same = summary.counts.get("entailment.same", 0)
        table.add_row("undecided rewrites", f"{asked:,} asked of the judge, {same:,} accepted")
    graded = {name: count for name, count in summary.verdicts.items() if name not in _UNGRADED}
    table.add_row("verdicts", _counts(graded) or "none")
    ungraded = {name: summary.verdicts[name] for name in _UNGRADED}
    table.add_row("ungraded", f"{_counts(ungraded)} (not counted as wrong)" if any(ungraded.values()) else "none")
    table.add_row("tokens, search", _tokens(summary.search))
    table.add_row("tokens, traces", _tokens(summary.tracing))
    if summary.backtracking:
        table.add_row("tokens per trace", f"{summary.tokens_per_trace:,.0f} generated for each trace with a backtrack")
    if hint := advice(summary):
        table.add_row("try first", Text(hint))
    table.add_row("time", f"{duration(summary.seconds)} ({summary.seconds:.1f} s)")
    table.add_row("peak memory", f"{summary.peak_gib:.1f} GiB")
    return table


def peak_memory() -> float:
    """Largest resident memory so far of this process and of its largest child, added up, in GiB."""
    return (
        sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024 / _GIB
    )


def rewriting_modes(counts: Mapping[str, int]) -> list[str]:
    """The modes of rewriting that a run used, in the order in which it fell back, each with its problems and rate."""
    modes = []
    for mode in Rewriting:
        if problems := counts.get(f"rewrite.{mode}.problems", 0):
            checked, first = (counts.get(f"rewrite.{mode}.{name}", 0) for name in ("checked", "first_try"))
            rate = f", {first:,} of {checked:,} texts passed at the first try" if checked else ""
            modes.append(f"{mode} ({problems:,} problems{rate})")
    return modes


_UNGRADED = (Outcome.TIMED_OUT.value, Outcome.ERROR.value)


def _first_failure(run: RunDirectory) -> str | None:
    import pyarrow.compute as pc  # noqa: PLC0415 - slow to import, and seldom needed

    trees = run.trees.table("trees", ["stop", "failure"])
    reasons = trees.filter(pc.equal(trees.column("stop"), Stop.FAILED.value)).column("failure").to_pylist()
    return reasons[0] if reasons else None


def _counts(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count:,} {name}" for name, count in ranked if count)


def _ends(ends: Ends) -> str:
    shown = _counts({kind.value: count for kind, count in (ends.kinds or {}).items()})
    return f"{shown} (nodes of the first {ends.trees} trees)"


def _answers(ends: Ends) -> str:
    if not ends.finished:
        return "none"
    none = 1 - ends.answered / ends.finished
    if ends.asked is None:
        return f"{ends.answered / ends.finished:.0%} of the {ends.finished} finished ends have one"
    return (
        f"{ends.asked / ends.finished:.0%} of the {ends.finished} finished ends in the format asked for, "
        f"{ends.stated / ends.finished:.0%} otherwise, {none:.0%} without one"
    )


def _tokens(spent: Cost) -> str:
    return (
        f"{spent.generated_tokens:,} generated, {spent.prefilled_tokens:,} prefilled, {spent.cached_tokens:,} cached "
        f"({spent.hit_rate:.0%})"
    )
