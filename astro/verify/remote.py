"""What a pool worker runs for the Verifier: one problem or many, with JSON in and JSON out.

A packed subject is the dotted path of its form's module, then the fields of an Exercise, so that a worker needs to know
nothing but what it can import.
"""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from astro.verify.extraction import Extraction
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Exercise, Subject
from astro.verify.verdict import Outcome, Verdict


def settle_remotely(subject: list[Any], extraction: list[Any], config: str) -> list[Any]:
    """Call settle of the subject's form; config is a VerifyConfig as JSON."""
    form, problem, found = _unpack(subject, extraction)
    return _pack(form.settle(problem, found, _settings(config)))


def settle_all_remotely(pairs: list[list[list[Any]]], config: str) -> list[list[Any]]:
    """Call settle for each subject, one after the other."""
    return [settle_remotely(subject, extraction, config) for subject, extraction in pairs]


def doubt_remotely(subject: list[Any], extraction: list[Any], config: str) -> bool | None:
    """Call second_opinion of the subject's form."""
    form, problem, found = _unpack(subject, extraction)
    opinion: bool | None = form.second_opinion(problem, found, _settings(config))
    return opinion


@lru_cache(maxsize=8)
def _settings(config: str) -> VerifyConfig:
    return VerifyConfig.model_validate_json(config)


def verify_remotely(pairs: list[list[list[Any]]], config: str) -> list[list[Any] | None]:
    """Call verify for each subject; None where settle has to decide."""
    settings = _settings(config)
    packed = []
    for subject, extraction in pairs:
        form, problem, found = _unpack(subject, extraction)
        verdict = form.verify(problem, found, settings)
        packed.append(None if verdict is None else _pack(verdict))
    return packed


def pack_subject(problem: Subject, form: str) -> list[Any]:
    """A problem and the path of its form's module, as the functions here take them."""
    return [form, problem.id, problem.prompt, problem.answer, problem.task, dict(problem.metadata)]


def pack_extraction(extraction: Extraction) -> list[Any]:
    """An extraction as the functions here take it."""
    return [extraction.answer, extraction.reason, list(extraction.parts)]


def _unpack(subject: list[Any], extraction: list[Any]) -> tuple[ModuleType, Exercise, Extraction]:
    form, *fields = subject
    answer, reason, parts = extraction
    return import_module(form), Exercise(*fields), Extraction(answer, reason, None, tuple(parts))


def _pack(verdict: Verdict) -> list[Any]:
    return [verdict.outcome.value, verdict.answer, verdict.reason, verdict.canonical]


def unpack_verdict(fields: list[Any]) -> Verdict:
    """The verdict that settle_remotely packed."""
    outcome, answer, reason, canonical = fields
    return Verdict(Outcome(outcome), answer, reason, canonical)


def warm_up(forms: Sequence[str]) -> None:
    """Load the libraries of every form once, before workers are forked."""
    for path in forms:
        with contextlib.suppress(ImportError):  # reported when a problem asks for that form
            warm = getattr(import_module(path), "warm", None)
            if warm is not None:
                warm()
