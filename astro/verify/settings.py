"""The settings of a verifier: the section `verify` of a run's configuration."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from astro.verify.extraction import AnswerFormat


class VerifyConfig(BaseModel):
    """How responses are verified.

    answer_format: where the final answer stands in a response.
    statements: whether a plain "The answer is X" near the end counts when nothing is marked up.
    echo: whether an answer that only restates an expression of the problem is refused.
    tolerance: largest relative error of a decimal answer; 0 means exact. A problem's metadata can override it with
        "tolerance".
    deadline: seconds one verification may take in a worker before the worker is killed.
    workers: worker processes for what the calling process does not decide, started when needed; null means one for
        each core.
    memory_mb: address space of one worker, in MiB.
    cache_size: verdicts kept in memory.
    unconfined_programs: whether programs are run where the sandbox lacks a required protection
        (astro.verify.jail.REQUIRED). A program can then do on this machine whatever the user can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False)

    SPEED: ClassVar = frozenset({"workers", "memory_mb", "cache_size", "unconfined_programs"})
    """The settings that change no verdict."""

    answer_format: AnswerFormat = AnswerFormat.ANY
    statements: bool = True
    echo: bool = True
    tolerance: float = Field(default=0.0, ge=0.0, lt=1.0)
    deadline: float = Field(default=2.0, gt=0.0, le=600.0)
    workers: int | None = Field(default=None, ge=1, le=1024)
    memory_mb: int = Field(default=1024, ge=128)
    cache_size: int = Field(default=200_000, ge=1)
    unconfined_programs: bool = False
