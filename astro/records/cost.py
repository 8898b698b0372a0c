"""The cost of language model calls: one record for every stage, and its columns."""

from dataclasses import dataclass

from astro.records.columns import Column, ListOf, Struct, Table


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests, tokens and time of a tree, a trace, a problem or a stage. Add costs with +.

    calls: answered requests. prompt_tokens: tokens of their prompts, counted once per request.
    cached_tokens: prompt tokens found in the prefix cache. generated_tokens: tokens sampled, over all completions.
    seconds: wall time from the first request to the end, waiting included; concurrent work is summed.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.generated_tokens + other.generated_tokens,
            self.seconds + other.seconds,
        )

    @property
    def prefilled_tokens(self) -> int:
        """Prompt tokens that the engine had to compute."""
        return self.prompt_tokens - self.cached_tokens

    @property
    def hit_rate(self) -> float:
        """Share of the prompt tokens found in the prefix cache, in [0, 1]."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0


SEEDED_COST = (
    Column("calls", "int64", "requests to the engine"),
    Column("prompt_tokens", "int64", "length of their prompts, counted once per request", "tokens"),
    Column("generated_tokens", "int64", "sampled, over all completions", "tokens"),
)
"""The columns of a cost that the configuration and the seed determine: two runs can compare them."""

_calls, _prompt, _generated = SEEDED_COST
_cached = Column("cached_tokens", "int64", "prompt tokens found in the prefix cache", "tokens")
COSTS = Table(
    "costs",
    "One row per problem: the cost of the stage. Only this table depends on the machine's load.",
    (
        Column("problem_id", "string", "the problem"),
        _calls,
        _prompt,
        _cached,
        _generated,
        Column("seconds", "float64", "from the first request to the end, waiting included", "seconds"),
    ),
)

_REQUESTS = (_calls, _prompt, _cached, _generated)
REQUEST_COST = tuple(column.name for column in _REQUESTS)
TREE_COSTS = Table(
    "costs",
    "One row per problem: the cost of the stage. Only this table depends on the machine's load. The column `requests` "
    "is in `trees/` alone.",
    (
        *COSTS.columns,
        Column(
            "requests",
            ListOf(Struct((Column("node", "int32", "the node"), *_REQUESTS))),
            "the requests that continued a node, for each node with any",
        ),
    ),
)
"""The costs of the search, also by node; REQUEST_COST are the parts of a cost that single requests have."""
