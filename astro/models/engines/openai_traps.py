"""What a server may do otherwise than a search asks of it."""

from enum import StrEnum


class Trap(StrEnum):
    """A deviation that the start refuses unless the setting accept names it."""

    SEEDS = "seeds"  # the same seed gives another completion: a run cannot be repeated
    LOGPROBS = "logprobs"  # of the model's own distribution, not of the one sampled from
    SAMPLING = "sampling"  # a generation config overrides the sampling fields
    CACHED_TOKENS = "cached_tokens"  # not reported: costs count every token of a prompt as computed
