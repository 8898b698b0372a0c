"""What a run of a chat model gave: the table of docs/results/real-model.md, and its traces to read.

    python benchmarks/real_model.py runs/chat-cpu [--json] [--read 30]

The table has the pass rate, steps an answer, terminals by kind, votes, first-try rate, mode of rewriting and tokens a
trace. --read prints that many search traces instead, spread over the run, each with its problem and its gold answer.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from astro.problems import Problem
from astro.records.tree import Terminal, Tree
from astro.run.ends import count_ends
from astro.run.probe import spread_out
from astro.run.summary import summarize
from astro.store import RunDirectory
from astro.store.entries import tree_from
from astro.traces import Kind
from astro.verify import Outcome


def main() -> int:
    """Print the table or the traces of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--read", type=int, metavar="N", help="print N search traces")
    arguments = parser.parse_args()
    with RunDirectory.read(arguments.run) as run:
        if arguments.read:
            _print_traces(run, arguments.read)
            return 0
        figures = measured(run)
    if arguments.json:
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
        return 0
    sys.stdout.write("| figure | value |\n| --- | --- |\n")
    for name, value in figures.items():
        sys.stdout.write(f"| {name.replace('_', ' ')} | {value} |\n")
    return 0


def measured(run: RunDirectory) -> dict[str, Any]:
    """The figures of a run by name."""
    problems = run.problems()
    trees = [tree_from(entry) for entry in run.trees.entries([problem.id for problem in problems])]
    summary, ends = summarize(run), count_ends(run)
    tried = [tree for tree in trees if _has(tree, Outcome.CORRECT) and _has(tree, Outcome.INCORRECT)]
    traced = set(_search_traces(run)["problem_id"])
    rates = [tree.reward[0] for tree in trees if tree.tally(0).graded]
    depths = [tree.depth[node] for tree in trees for node in tree.answered()]
    checked, first = summary.counts.get("rewrite.checked", 0), summary.counts.get("rewrite.first_try", 0)
    votes = {name.partition(".")[2]: count for name, count in summary.counts.items() if name.startswith("votes.")}
    return {
        "problems": len(problems),
        "solved": summary.solved,
        "solved_with_a_wrong_end": len(tried),
        "of_these_with_a_search_trace": sum(tree.problem_id in traced for tree in tried),
        "pass_rate": round(sum(rates) / max(len(rates), 1), 3),
        "steps_an_answer": round(sum(depths) / max(len(depths), 1), 2),
        "terminals": _listed(
            Counter(kind.value for tree in trees for kind in tree.terminal if kind is not Terminal.NONE)
        ),
        "answers_in_the_format": f"{ends.asked} of {ends.finished} ends in {ends.trees} trees",
        "answers_stated_otherwise": ends.stated,
        "votes": _listed(votes) or "none",
        "first_try_rate": round(first / checked, 3) if checked else "nothing rewritten",
        "mode": _modes(summary.counts) or str(run.settings["traces"]["rewrite"]),
        "traces": _listed(summary.traces),
        "with_backtracks": summary.backtracking,
        "generated_tokens": summary.search.generated_tokens + summary.tracing.generated_tokens,
        "tokens_a_trace": round(summary.tokens_per_trace) if summary.backtracking else "no trace",
        "minutes": round(summary.seconds / 60, 1),
    }


def _modes(counts: Mapping[str, int]) -> str:
    """The modes of rewriting with their problems, where a trial was made: "20 bridges, 20 none"."""
    names = {mode: counts.get(f"rewrite.{mode}.problems", 0) for mode in ("all", "bridges", "none")}
    return _listed(names)


def _has(tree: Tree, outcome: Outcome) -> bool:
    return any(tree.outcome[node] is outcome for node in tree.answered())


def _search_traces(run: RunDirectory) -> dict[str, Sequence[Any]]:
    table = run.traces.table("traces", ["problem_id", "kind", "text", "backtracks"])
    columns: dict[str, Sequence[Any]] = table.to_pydict()
    kept = [index for index, kind in enumerate(columns["kind"]) if kind == Kind.SEARCH.value]
    return {name: [values[index] for index in kept] for name, values in columns.items()}


def _listed(counts: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1]) if count)


def _print_traces(run: RunDirectory, count: int) -> None:
    problems: dict[str, Problem] = {problem.id: problem for problem in run.problems()}
    traces = _search_traces(run)
    pairs = list(zip(traces["problem_id"], traces["text"], strict=True))
    for number, (problem_id, text) in enumerate(spread_out(pairs, count), 1):
        problem = problems[problem_id]
        sys.stdout.write(
            f"======== {number}: {problem_id}, gold {problem.answer}\n{problem.prompt}\n--------\n{text}\n\n"
        )


if __name__ == "__main__":
    sys.exit(main())
