"""The columns that several recipes have."""

from astro.records.columns import Column, ListOf, Struct

TURNS = ListOf(
    Struct((Column("role", "string", "user, assistant or system"), Column("content", "string", "the text of the turn")))
)
IDENTITY = (
    Column("problem_id", "string", "the problem"),
    Column("tree_id", "string", "problem and seed of the tree"),
)
PROMPT = Column("prompt", TURNS, "the conversation before the solution")
COMPLETION = Column("completion", TURNS, "the solution, one turn of the assistant")
ANSWER = Column("answer", "string", "the gold answer")
PROVENANCE = Column("provenance", "string", "JSON text: problem, tree, model, configuration, seed, code version")
