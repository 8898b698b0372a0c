"""Settings for making traces from trees."""

from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from astro.config import Section

Phrases = str | tuple[str, ...]  # one phrase, or several that take turns


class Leave(StrEnum):
    """Where a trace abandons a wrong attempt."""

    TERMINAL = "terminal"  # at its wrong answer (the paper)
    FALL = "fall"  # at the step that lost the most value


class Returns(StrEnum):
    """How the wrong attempts of a trace, and with them the states it goes back to, are chosen."""

    PLANNED = "planned"  # by the right end: each way back goes to where the next path leaves (the paper)
    SEARCH = "search"  # the last wrong ends that the search came to before the right one, in its order
    VALUES = "values"  # back to the state of highest value; what follows is drawn, right or wrong


class FinalReflection(StrEnum):
    """Whether a positive reflection may stand at the end of an attempt."""

    NONE = "none"
    BEFORE = "before"  # before the last step of an attempt, right or wrong, if the step before it has a high value
    AFTER = "after"  # after the conclusion (the paper); it follows right answers only


class FalseStatements(StrEnum):
    """What happens to a search trace with a statement that is false when executed again, such as 26 / 11 = 2."""

    KEEP = "keep"  # it stays as it is
    DROP = "drop"  # the trace is rejected
    NAME = "name"  # the doubt about the attempt says so: "26 / 11 is not 2."


class Control(StrEnum):
    """The prose of the control arm."""

    NONE = "none"
    ORIGINAL = "original"  # the steps as the model wrote them: costs nothing
    REWRITTEN = "rewritten"  # rewritten like the other traces: differs from them only in the search


class Rewriting(StrEnum):
    """Which texts of a trace the rewriter writes, most first."""

    ALL = "all"  # every step, and the ways back
    BRIDGES = "bridges"  # the ways back, and the first step after each; the other steps keep the solver's words
    NONE = "none"  # nothing: the steps in the solver's words, and fixed sentences for the ways back


class TracesConfig(Section):
    """How trees become traces. "ours" marks values that the paper does not give.

    searches: most search traces per problem, besides one direct trace.
    wrong_terminals: for each search trace, the number of wrong attempts is drawn from these; 0 makes another direct
        trace.
    leave: where a trace abandons a wrong attempt.
    returns: how wrong attempts and the states to go back to are chosen. Only planned traces know their end, and leave
        out attempts whose end is not worth less than the state that they go back to. With values, the number of wrong
        attempts is not drawn; there are at most the largest of wrong_terminals.
    restart: after every wrong attempt, go back to the beginning instead of the lowest common ancestor.
    high_value: a positive reflection may follow a step whose estimated value is at least this, in [0, 1]. The estimate
        rests on at least 3 rollouts of the step (astro.search.estimates), never on what the attempt came to.
    high_value_reflections: most of these reflections per attempt, right or wrong; 0 for none.
    final_reflection: whether one may stand at the end of an attempt.
    false_statements: what happens to false statements in abandoned attempts. A trace that is false in its last attempt
        is right by luck, if the task can tell; otherwise it is dropped, unless this is keep.
    votes: the judge's votes on each correct terminal; 0 keeps all terminals without votes.
    agreement: share of votes that must be yes, in (0, 1].
    mend_claims: if a wrong attempt claims success, remove the claim; False does not use the attempt.
    rewrite: which texts the rewriter writes: all, bridges or none.
    rewrite_bar: least share of texts that must pass their checks at the first try, in [0, 1]. If fewer pass in the
        first trial_problems problems, the following ones are rewritten with the next mode (all, bridges, none), which
        has its own trial. null never changes the mode.
    trial_problems: problems of a trial, the first of the run. The judge also votes on wrong ends in the first of them.
    prompts: a prompt set of ASTRO (chat/v1, chat-small/v1, tiny/v1), or the path of a folder.
    rewrite_temperature, rewrite_max_tokens: sampling of one thought.
    evaluation_temperature, evaluation_max_tokens: sampling of one vote.
    retries: further tries after a rewrite fails its checks; after the last one, the trace keeps the original step.
    max_fallbacks: reject a trace that keeps more original steps than this; null for no limit. The control is exempt.
    doubt, positive, negative: the fixed phrases of a reflection; empty phrases are omitted. Of a list, each reflection
        of a trace takes the next one, from a seeded start.
    phrases_in_text: whether the trace contains these phrases; False shows them only to the rewriter.
    separator: the text between two thoughts of a trace.
    control: the prose of the direct control set.
    max_tokens: longest completion, in the solver's tokens.
    max_similarity: two traces of a problem whose sets of word 5-grams overlap more (Jaccard) are duplicates.
    test_share: share of the problems whose rows go to the test split, in [0, 1).
    """

    searches: int = Field(default=3, ge=0)  # paper: one direct and up to three search solutions
    wrong_terminals: tuple[int, ...] = (1, 2)  # paper: k in {0, 1, 2}
    leave: Leave = Leave.TERMINAL  # paper
    returns: Returns = Returns.PLANNED  # paper
    restart: bool = False
    high_value: float = Field(default=0.8, ge=0, le=1)  # ours
    high_value_reflections: int = Field(default=1, ge=0)  # ours
    final_reflection: FinalReflection = FinalReflection.BEFORE  # ours; the paper's is after
    votes: int = Field(default=8, ge=0)  # paper
    agreement: float = Field(default=1.0, gt=0, le=1)  # paper
    mend_claims: bool = True  # ours
    false_statements: FalseStatements = FalseStatements.NAME  # ours
    rewrite: Rewriting = Rewriting.ALL
    rewrite_bar: float | None = Field(default=0.5, ge=0, le=1)  # ours
    trial_problems: int = Field(default=20, ge=1, le=100)  # ours
    prompts: str = "chat/v1"
    rewrite_temperature: float = Field(default=0.7, ge=0)  # ours
    rewrite_max_tokens: int = Field(default=512, ge=1)  # ours
    evaluation_temperature: float = Field(default=1.0, ge=0)  # ours
    evaluation_max_tokens: int = Field(default=16, ge=1)  # ours; a model that thinks first needs room for it
    retries: int = Field(default=2, ge=0)  # ours
    max_fallbacks: int | None = Field(default=None, ge=0)  # ours
    doubt: Phrases = "But wait, are we solving the problem correctly so far? Hmm..."  # paper
    positive: Phrases = "Our solution seems to be correct so far."  # paper
    negative: Phrases = "I'm not sure if we're solving the problem correctly so far."  # paper
    phrases_in_text: bool = True
    separator: str = "\n\n"  # ours
    control: Control = Control.REWRITTEN
    max_tokens: int = Field(default=8192, ge=1)  # paper: length of its fine-tuning examples
    max_similarity: float = Field(default=0.95, gt=0, le=1)  # ours
    test_share: float = Field(default=0.05, ge=0, lt=1)  # ours

    @field_validator("rewrite", mode="before")
    @classmethod
    def _switch_is_a_mode(cls, value: object) -> object:
        """True and false, as YAML reads yes and no, are the modes all and none."""
        return {True: Rewriting.ALL, False: Rewriting.NONE}[value] if isinstance(value, bool) else value

    @field_validator("wrong_terminals")
    @classmethod
    def _numbers_can_be_drawn(cls, numbers: tuple[int, ...]) -> tuple[int, ...]:
        if not numbers or min(numbers) < 0:
            raise ValueError("wrong_terminals must have at least one number, each at least 0")
        return numbers

    @model_validator(mode="after")
    def _thoughts_are_separated(self) -> Self:
        if not self.separator or not self.separator.isspace():
            raise ValueError(f"separator must consist of spaces or line breaks; got {self.separator!r}")
        return self
