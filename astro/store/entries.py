"""The tables of the search and traces stages, and the entries of trees and traces in them."""

import hashlib
import json
from dataclasses import replace

import pyarrow as pa

from astro.recipes.rl import RL as RL_ROWS
from astro.records.columns import Column, Row, Table
from astro.records.cost import COSTS, REQUEST_COST, TREE_COSTS, Cost
from astro.records.overview import TREES, overview
from astro.records.problem import PROBLEMS, Problem
from astro.records.trace import COUNTS, REJECTS, REWRITES, TRACES, Trace
from astro.records.tree import NODES, Tree
from astro.search import check_tree
from astro.store.facts import trace_facts, tree_facts
from astro.store.frames import Entry
from astro.traces.make import TraceOutcome

# One row per problem, for the data set rl. The problem's traces have the same prompt.
RL = Table("rl", RL_ROWS.meaning, (Column("problem_id", "string", "the problem"), *RL_ROWS.columns))

TREE_TABLES = {"trees": TREES.schema, "nodes": NODES.schema, "costs": TREE_COSTS.schema}
TRACE_TABLES = {
    "traces": TRACES.schema,
    "rejects": REJECTS.schema,
    "rewrites": REWRITES.schema,
    "counts": COUNTS.schema,
    "rl": RL.schema,
    "costs": COSTS.schema,
}


def tree_entry(tree: Tree, source: str = "") -> Entry:
    """A finished tree as the entry of the search stage. source: digest() of its problem."""
    row = overview(tree)
    return Entry(
        tree.problem_id,
        {
            "trees": TREES.from_rows([row]),
            "nodes": NODES.from_columns(NODES.cells(tree)),
            "costs": TREE_COSTS.from_rows([_tree_costs(tree)]),
        },
        tree_facts(row, tree.cost),
        source,
    )


def tree_from(entry: Entry) -> Tree:
    """The tree of an entry, with its whole cost.

    Raises ValueError if its rows violate an invariant of all trees or of the strategy that made it.
    """
    nodes = entry.tables["nodes"]
    tree = Tree.from_columns({name: nodes.column(name).to_pylist() for name in NODES.names})
    tree.cost = cost_from(entry)
    requests = entry.tables["costs"].column("requests")[0].as_py()
    tree.asked = {each.pop("node"): Cost(**each) for each in requests}
    check_tree(tree)
    return tree


def traces_entry(problem_id: str, outcome: TraceOutcome, rl: Row, seconds: float, source: str = "") -> Entry:
    """The traces of one tree as the entry of the traces stage.

    rl: the problem's row in the data set rl. seconds: from the first request to the last trace. source: the digest of
    the tree's entry.
    """
    cost = replace(outcome.cost, seconds=seconds)
    counts = [
        {"problem_id": problem_id, "name": str(name), "count": count} for name, count in sorted(outcome.counts.items())
    ]
    return Entry(
        problem_id,
        {
            "traces": TRACES.write(outcome.traces),
            "rejects": REJECTS.write(outcome.rejects),
            "rewrites": REWRITES.write(outcome.rewrites),
            "counts": COUNTS.from_rows(counts),
            "rl": RL.from_rows([{"problem_id": problem_id, **rl}]),
            "costs": costs_table(problem_id, cost),
        },
        trace_facts(outcome, cost),
        source,
    )


def traces_from(table: pa.Table) -> list[Trace]:
    """The traces of a table. The table has no cached tokens or seconds, so these are 0."""
    return [Trace.from_row(row) for row in table.to_pylist()]


def costs_table(problem_id: str, cost: Cost) -> pa.Table:
    """A problem's row in a costs table."""
    return COSTS.from_rows([_costs(problem_id, cost)])


def _costs(problem_id: str, cost: Cost) -> Row:
    return {"problem_id": problem_id, **{name: getattr(cost, name) for name in _COST}}


def _tree_costs(tree: Tree) -> Row:
    requests = [
        {"node": node, **{name: getattr(cost, name) for name in REQUEST_COST}}
        for node, cost in sorted(tree.asked.items())
    ]
    return {**_costs(tree.problem_id, tree.cost), "requests": requests}


def cost_from(entry: Entry) -> Cost:
    """The cost of the entry's problem in a stage."""
    row = entry.tables["costs"].to_pylist()[0]
    return Cost(**{name: row[name] for name in _COST})


def digest(problem: Problem) -> str:
    """SHA-256 of a problem, which its tree names as its source."""
    return hashlib.sha256(json.dumps(PROBLEMS.cells(problem), sort_keys=True).encode()).hexdigest()


_COST = tuple(name for name in COSTS.names if name != "problem_id")
