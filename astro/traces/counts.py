"""Counts of the finished traces of a tree, for the data card."""

from collections import Counter
from collections.abc import Sequence

from astro.records.problem import Problem
from astro.records.trace import Kind, Move, Trace
from astro.records.tree import ROOT, Tree
from astro.tasks import task_of


def shape_counts(tree: Tree, problem: Problem, traces: Sequence[Trace]) -> Counter[str]:
    """What the direct and search traces of a tree look like, by name.

    back.beginning, back.middle: ways back to the beginning, and to a step. ends.repeated: traces that conclude at the
    node of an earlier one. false.traces, false.statements: traces with false statements, and their number.
    tree.transpositions: open nodes whose state another node has, too, as far as the task can tell.
    """
    traces = [trace for trace in traces if trace.kind is not Kind.CONTROL]
    counts = Counter[str]()
    for trace in traces:
        for visit in trace.visits:
            if visit.move is Move.BACKTRACK:
                counts["back.beginning" if visit.node == ROOT else "back.middle"] += 1
        counts["false.traces"] += trace.false_statements > 0
        counts["false.statements"] += trace.false_statements
    ends = [visit.node for trace in traces for visit in trace.visits if visit.move is Move.CONCLUDE]
    counts["ends.repeated"] = len(ends) - len(set(ends))
    counts["tree.transpositions"] = transpositions(tree, problem)
    return counts


def transpositions(tree: Tree, problem: Problem) -> int:
    """Number of nodes that reach a state which an earlier node has reached."""
    task = task_of(problem)
    inner = [node for node in range(1, len(tree)) if tree.outcome[node] is None]
    places = [place for node in inner if (place := task.place(problem, tree.text[node])) is not None]
    return len(places) - len(set(places))
