"""The Arrow schema of every table of a run.

Everything but the costs tables follows from the configuration and the seed, so that two runs can be compared table by
table; what depends on the machine's load (seconds, cached tokens) is in the costs tables alone.
"""

import pyarrow as pa

from astro.recipes.rl import RL as RL_ROWS
from astro.verify import Outcome


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


PROBLEMS = pa.schema(
    [
        _required("id", pa.string()),
        _required("prompt", pa.string()),
        _required("answer", pa.string()),
        _required("task", pa.string()),
        _required("source", pa.string()),
        _required("metadata", pa.string()),  # JSON text: its keys differ from row to row
    ]
)

REJECTED = pa.schema(
    [
        _required("source", pa.string()),  # the file, folder or data set
        _required("line", pa.int64()),  # line of a text file, or row of a table, from 1
        _required("reason", pa.string()),
        _required("detail", pa.string()),
        _required("excerpt", pa.string()),  # the beginning of the row
    ]
)

_ROLLOUT = pa.struct(
    [
        _required("text", pa.string()),
        _required("tokens", pa.int32()),
        _required("outcome", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("canonical", pa.string()),
    ]
)

_TREE = pa.struct(
    [
        _required("seed", pa.int64()),
        _required("prompt_ids", pa.list_(pa.int32())),
        pa.field("stop", pa.string()),
        _required("calls", pa.int64()),
        _required("prompt_tokens", pa.int64()),
        _required("generated_tokens", pa.int64()),
    ]
)

NODES = pa.schema(
    [
        _required("problem_id", pa.string()),
        _required("node", pa.int32()),
        _required("parent", pa.int32()),  # -1 at the root
        _required("depth", pa.int32()),
        _required("text", pa.string()),
        _required("token_ids", pa.list_(pa.int32())),
        _required("logprob", pa.float64()),  # nats
        _required("samples", pa.int32()),
        _required("prior", pa.float64()),
        _required("visits", pa.int64()),
        _required("value", pa.float64()),
        _required("reward", pa.float64()),
        _required("sampled", pa.int32()),
        _required("graded", pa.int32()),
        _required("correct", pa.int32()),
        _required("rollouts", pa.list_(_ROLLOUT)),
        _required("terminal", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("canonical", pa.string()),
        pa.field("verdict", pa.string()),  # of a node that ends a solution
        _required("simulation", pa.int32()),
        _required("exhausted", pa.bool_()),
        pa.field("failure", pa.string()),
        pa.field("tree", _TREE),  # facts about the whole tree, on the root's row
    ]
)

TREES = pa.schema(
    [
        _required("problem_id", pa.string()),
        _required("nodes", pa.int32()),
        _required("simulations", pa.int32()),
        pa.field("stop", pa.string()),  # why it stopped growing
        _required("solved", pa.bool_()),  # a rollout or a node is a correct solution
        _required("root_value", pa.float64()),
        _required("root_reward", pa.float64()),  # share of the root's graded rollouts that are correct
        _required("terminals", pa.int32()),
        # Verdicts over all rollouts and ends of solutions in the tree:
        *(_required(outcome.value, pa.int64()) for outcome in Outcome),
        pa.field("failure", pa.string()),  # why the root could not be evaluated
    ]
)

COSTS = pa.schema(
    [
        _required("problem_id", pa.string()),
        _required("calls", pa.int64()),
        _required("prompt_tokens", pa.int64()),
        _required("cached_tokens", pa.int64()),
        _required("generated_tokens", pa.int64()),
        _required("seconds", pa.float64()),  # from the first request to the end, waiting included
    ]
)

_VISIT = pa.struct([_required("node", pa.int32()), _required("move", pa.string()), _required("thought", pa.string())])

TRACES = pa.schema(
    [
        _required("id", pa.string()),
        _required("problem_id", pa.string()),
        _required("tree_id", pa.string()),
        _required("kind", pa.string()),
        _required("visits", pa.list_(_VISIT)),
        _required("text", pa.string()),
        _required("verdict", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("canonical", pa.string()),
        _required("reason", pa.string()),  # the rule that decided the verdict
        _required("backtracks", pa.int32()),
        _required("steps", pa.int32()),
        _required("checked", pa.int32()),
        _required("first_try", pa.int32()),
        _required("retries", pa.int32()),
        _required("fallbacks", pa.int32()),
        _required("prompt_tokens", pa.int32()),  # of the solve prompt
        _required("completion_tokens", pa.int32()),  # of text
        _required("rewrite_calls", pa.int32()),  # the cost of rewriting
        _required("rewrite_prompt_tokens", pa.int64()),
        _required("rewrite_generated_tokens", pa.int64()),
        _required("prompts", pa.string()),  # prompt set and hash of its files
        _required("origin", pa.string()),  # JSON text: model, configuration, seed, code version
    ]
)

REJECTS = pa.schema(
    [
        _required("id", pa.string()),
        _required("problem_id", pa.string()),
        _required("kind", pa.string()),
        _required("reason", pa.string()),
        _required("detail", pa.string()),
        _required("text", pa.string()),
    ]
)

COUNTS = pa.schema(
    [
        _required("problem_id", pa.string()),
        _required("name", pa.string()),  # astro.traces.TraceOutcome says which there are
        _required("count", pa.int64()),
    ]
)

TREE_TABLES = {"trees": TREES, "nodes": NODES, "costs": COSTS}
# One row a problem: what the data set rl will hold of it. Its prompt is that of the problem's traces, too.
RL = pa.schema([_required("problem_id", pa.string()), *RL_ROWS.schema])

TRACE_TABLES = {"traces": TRACES, "rejects": REJECTS, "counts": COUNTS, "rl": RL, "costs": COSTS}
